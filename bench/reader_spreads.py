"""How far what is read of a face may be off: fits the table of trombine/faces/spreads.json.

    python bench/reader_spreads.py [--model NAME] [--write] [--first-seed N] [--count N]

Fitted to painted faces of FIT, as they are and spoiled, where --write says so; then measured on
others: of each style, in how many faces of 100 the intervals hold.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from reader_pictures import SIDE, Faces, faces, spoiled
from scipy.optimize import linprog

from trombine.core.conventions import to_picture
from trombine.faces import Face, fields_of, read_faces
from trombine.faces import fields as table
from trombine.models import Model, load
from trombine.world import STYLES, VECTOR_NAMES, face, paint, to_vector
from trombine.world.leaves import leaves

FIT: Final = range(1_210_000, 1_211_920)  # seeds to choose by, in equal parts of each style
OTHERS: Final = 1_212_000
WORN: Final = ("glasses", "hat")  # which are there or not, and have no spread
WHOLE: Final = 6  # of a round of faces, that are as they are painted
SPOILED: Final = 15  # and that reader_pictures.py spoils, each in another way
SMALL: Final = (32, 40, 48, 64)  # pixels, in turn
CUT: Final = (0.1, 0.2, 0.3)  # of the picture that is cut off, in turn
ROUND: Final = WHOLE + SPOILED + 3  # one grey, one small, one cut
_NEAR: Final = 0.5  # of the distance between the pupils: landmarks are of this face
_SMALLEST: Final = 2e-3  # of 2: errors below that are as small as any
Readings = tuple[np.ndarray, np.ndarray, np.ndarray]  # n K values, n K truths, n C clues


def readings(model: Model, style: str, seeds: range) -> Readings:
    """What is read of painted faces, what is true, and the clues."""
    traits, moment = fields_of(model)
    names = (*traits.names, *moment.names)
    places = [VECTOR_NAMES.index(name) for name in names]
    rows: list[tuple[object, ...]] = []
    for seed, picture, points in pictures(style, seeds):
        if (seen := seen_face(model, picture, points)) is not None:
            said = {**seen.traits, **seen.moment}
            clues = table.clues_of(seen.styles, seen.errors / seen.frame.side)
            rows.append(([said[name] for name in names], to_vector(face(seed))[places], clues))
    values, truths, clues = (np.array(column) for column in zip(*rows, strict=True))
    return values, truths, clues


def seen_face(model: Model, picture: torch.Tensor, points: np.ndarray) -> Face | None:
    """The face whose landmarks are there."""
    across = np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0))
    for one in read_faces(picture, model):
        if np.linalg.norm(one.points - points, axis=1).mean() < _NEAR * across:
            return one
    return None


def pictures(style: str, seeds: range) -> Iterator[tuple[int, torch.Tensor, np.ndarray]]:
    """Seed, picture and landmarks of each face: in rounds, as they are and spoiled."""
    for start in range(0, len(seeds), ROUND):
        these = seeds[start : start + ROUND]
        if len(these) < ROUND:
            raise ValueError(f"faces of a style come in rounds of {ROUND}")
        painted, turn = faces(these, style), start // ROUND
        for place, picture in enumerate(_round(painted)):
            yield these[place], picture, painted.points[place].numpy()
        yield these[-2], *_small(style, these[-2], SMALL[turn % len(SMALL)])
        yield these[-1], *_cut(painted, CUT[turn % len(CUT)], turn % 4)


def _round(painted: Faces) -> Iterator[torch.Tensor]:
    """All but the last two, which have other landmarks."""
    yield from painted.pictures[:WHOLE]
    block = painted.pictures[WHOLE : WHOLE + SPOILED]
    for place, (_, _, several) in enumerate(spoiled(block, first=painted.seeds[WHOLE])):
        yield several[place]
    yield painted.pictures[-3].mean(0, keepdim=True).expand(3, -1, -1).contiguous()


def _small(style: str, seed: int, side: int) -> tuple[torch.Tensor, np.ndarray]:
    """A small face on leaves."""
    made, scene = paint(face(seed), side, style), leaves(seed, 2 * side)
    here = slice(side // 2, side // 2 + side)
    scene[here, here] = made.pixels
    return to_picture(scene), made.points + side // 2


def _cut(painted: Faces, share: float, side: int) -> tuple[torch.Tensor, np.ndarray]:
    """A face of which a part lies outside: to the left, the right, above or below."""
    off = round(share * SIDE)
    picture, points = painted.pictures[-1], painted.points[-1].numpy().copy()
    kept = (np.s_[:, :, off:], np.s_[:, :, :-off], np.s_[:, off:], np.s_[:, :-off])[side]
    points -= ((off, 0), (0, 0), (0, off), (0, 0))[side]
    return picture[kept].contiguous(), points


def fitted(made: Sequence[Readings], names: Sequence[str]) -> Mapping[str, list[float]]:
    """The weights of each field's formula, by quantile regression."""
    values, truths, clues = (np.concatenate(parts) for parts in zip(*made, strict=True))
    found = {}
    for place, name in enumerate(names):
        if name not in WORN:
            read, true = (_scaled(name, one[:, place]) for one in (values, truths))
            off = np.abs(read - true).clip(min=_SMALLEST)
            found[name] = _quantile(table.terms(clues, read), np.log(off))
    return found


def _scaled(name: str, values: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    return np.array([table.scaled(name, value) for value in values])


def _quantile(rows: np.ndarray, values: Float[np.ndarray, "n"]) -> list[float]:
    """The weights by which SHARE of the values lie below the sum (Koenker and Bassett, 1978)."""
    wanted = (1 - table.SHARE) * rows.sum(0)
    result = linprog(-values, A_eq=rows.T, b_eq=wanted, bounds=(0, 1), method="highs")
    return [round(-float(weight), 4) for weight in result.eqlin.marginals]


def write(model: Model, weights: Mapping[str, list[float]]) -> None:
    """Into the package's table, in place of what it had of this reader; a line for each field."""
    entries = json.loads(table.TABLE.read_text()) | {model.hash: weights}
    text = json.dumps(entries, indent=1)
    text = re.sub(r"\[[^]]*\]", lambda found: "[" + " ".join(found[0][1:-1].split()) + "]", text)
    table.TABLE.write_text(text + "\n")
    table.measured.cache_clear()


def held(made: Readings, names: Sequence[str], weights: Mapping[str, Sequence[float]]) -> float:
    """In how many faces of 100 the intervals hold, in the mean of the fields."""
    values, truths, clues = made
    within = []
    for name in weights:
        read, true = (_scaled(name, one[:, names.index(name)]) for one in (values, truths))
        every = np.tile(weights[name], (len(read), 1))
        within.append(np.abs(read - true) <= table.spreads_by(every, table.terms(clues, read)))
    return 100 * float(np.mean(within))


def main() -> None:
    """Fit, write if that is wished, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="reader")
    parser.add_argument("--write", action="store_true", help="write the table of the package")
    parser.add_argument("--first-seed", type=int, default=OTHERS)
    parser.add_argument("--count", type=int, default=10 * ROUND, help="faces of each style")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load(options.model, task="read")
    traits, moment = fields_of(model)
    names = [*traits.names, *moment.names]
    if options.write:
        each = len(FIT) // len(STYLES)
        parts = {style: FIT[k * each : (k + 1) * each] for k, style in enumerate(STYLES)}
        write(model, fitted([readings(model, *one) for one in parts.items()], names))
    for place, style in enumerate(STYLES):
        first = options.first_seed + place * options.count
        made = readings(model, style, range(first, first + options.count))
        share = held(made, names, table.measured(model.hash))
        print(f"{style}: {share:.0f} of 100 intervals hold")


if __name__ == "__main__":
    main()
