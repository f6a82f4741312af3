"""Painted faces read as trombine read reads them, as they are and spoiled: what a spread is fitted
to and measured on.

Readings are kept in runs/reader_spreads, by the model's hash: reading a few thousand takes minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import torch
from reader_pictures import SIDE, Faces, faces, spoiled
from table import ROOT

from trombine.conventions import to_picture
from trombine.reader import Face, fields_of, read_faces
from trombine.reader.spreads import clues_of
from trombine.weights import Model
from trombine.world import STYLES, VECTOR_NAMES, face, paint, to_vector
from trombine.world.leaves import leaves

AS_PAINTED: Final = "as painted"
WHOLE: Final = 6  # of a round of faces, that are as they are painted
SPOILED: Final = 15  # and that bench/reader_pictures.py spoils, each in another way
SMALL: Final = (32, 40, 48, 64)  # pixels, in turn
CUT: Final = (0.1, 0.2, 0.3)  # of the picture that is cut off, in turn
ROUND: Final = WHOLE + SPOILED + 3  # one grey, one small, one cut
KINDS: Final = (AS_PAINTED, "blur", "noise", "JPEG", "size", "hole", "grey", "small", "cut")
_NEAR: Final = 0.5  # of the distance between the pupils: landmarks are of this face


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """What was read of painted faces, and what is true: of n faces, K numbers of each."""

    styles: np.ndarray  # n: place in STYLES
    kinds: np.ndarray  # n: place in KINDS
    values: np.ndarray  # n K, in the units of the fields
    truths: np.ndarray  # n K
    clues: np.ndarray  # n C


def readings(model: Model, seeds: range, *, fresh: bool = False) -> Readings:
    """As many faces of each style; those that are not seen are left out."""
    kept = ROOT / "runs" / "reader_spreads" / f"{model.hash}-{seeds.start}-{len(seeds)}.npz"
    if kept.exists() and not fresh:
        with np.load(kept) as arrays:
            return Readings(**{one.name: arrays[one.name] for one in fields(Readings)})
    each = len(seeds) // len(STYLES)
    rows = [
        row
        for place, style in enumerate(STYLES)
        for row in _rows(model, style, seeds[place * each : (place + 1) * each])
    ]
    columns = zip(*rows, strict=True)
    names = (one.name for one in fields(Readings))
    made = Readings(**{name: np.array(c) for name, c in zip(names, columns, strict=True)})
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(kept, **{name: getattr(made, name) for name in vars(made)})
    return made


def _rows(model: Model, style: str, seeds: range) -> Iterator[tuple[object, ...]]:
    traits, moment = fields_of(model)
    names = (*traits.names, *moment.names)
    places = [VECTOR_NAMES.index(name) for name in names]
    for seed, kind, picture, points in pictures(style, seeds):
        seen = seen_face(model, picture, points)
        if seen is None:
            continue
        values = {**seen.traits, **seen.moment}
        yield (
            STYLES.index(style),
            KINDS.index(kind),
            [values[name] for name in names],
            to_vector(face(seed))[places],
            clues_of(seen.styles, seen.errors / seen.frame.side),
        )


def seen_face(model: Model, picture: torch.Tensor, points: np.ndarray) -> Face | None:
    """The face whose landmarks are there."""
    across = np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))
    for one in read_faces(picture, model):
        if np.linalg.norm(one.points - points, axis=1).mean() < _NEAR * across:
            return one
    return None


def pictures(style: str, seeds: range) -> Iterator[tuple[int, str, torch.Tensor, np.ndarray]]:
    """Seed, kind, picture and landmarks of each face: in rounds, as they are and spoiled."""
    for start in range(0, len(seeds), ROUND):
        these = seeds[start : start + ROUND]
        if len(these) < ROUND:
            raise ValueError(f"faces of a style come in rounds of {ROUND}")
        painted = faces(these, style)
        turn = start // ROUND
        for place, (kind, picture) in enumerate(_round(painted)):
            yield these[place], kind, picture, painted.points[place].numpy()
        yield these[-2], *_small(style, these[-2], SMALL[turn % len(SMALL)])
        yield these[-1], *_cut(painted, CUT[turn % len(CUT)], turn % 4)


def _round(painted: Faces) -> Iterator[tuple[str, torch.Tensor]]:
    """All but the last two, which have other landmarks."""
    for picture in painted.pictures[:WHOLE]:
        yield AS_PAINTED, picture
    block = painted.pictures[WHOLE : WHOLE + SPOILED]
    for place, (kind, _, several) in enumerate(spoiled(block, first=painted.seeds[WHOLE])):
        yield kind, several[place]
    yield "grey", painted.pictures[-3].mean(0, keepdim=True).expand(3, -1, -1).contiguous()


def _small(style: str, seed: int, side: int) -> tuple[str, torch.Tensor, np.ndarray]:
    """A small face on leaves."""
    made, scene = paint(face(seed), side, style), leaves(seed, 2 * side)
    here = slice(side // 2, side // 2 + side)
    scene[here, here] = made.pixels
    return "small", to_picture(scene), made.points + side // 2


def _cut(painted: Faces, share: float, side: int) -> tuple[str, torch.Tensor, np.ndarray]:
    """A face of which a part lies outside: to the left, the right, above or below."""
    off = round(share * SIDE)
    picture, points = painted.pictures[-1], painted.points[-1].numpy().copy()
    kept = (np.s_[:, :, off:], np.s_[:, :, :-off], np.s_[:, off:], np.s_[:, :-off])[side]
    points -= ((off, 0), (0, 0), (0, off), (0, 0))[side]
    return "cut", picture[kept].contiguous(), points
