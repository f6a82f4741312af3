"""The pictures that a model learned from, and which of them an invented face is most like.

Those were painted, so their seeds say what they are. Of the people of all these seeds some are
nearest to what the model was told of the face; these are painted again, and compared with it as
`judge originality` does (eval/search.py).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float64

from trombine.core.computing import computing, cores, in_turn
from trombine.core.errors import InputError
from trombine.core.progress import Progress, silent
from trombine.data.made import painter_hash
from trombine.data.spec import parse
from trombine.eval.methods.invent import framed
from trombine.eval.search import search
from trombine.generation.by_net import Inventing
from trombine.generation.painting import Pixels
from trombine.io.files import cache_folder, write_bytes
from trombine.io.sheets import Sheet
from trombine.world import VECTOR_NAMES, face, to_vector

LOOKED_AT: Final = 16  # painted faces, for each that is invented
_COLUMNS: Final = 6  # of the sheet
_STEP: Final = 200  # people that are drawn between two words on how far it is
_REMEDY: Final = "leave --nearest out, or name its pictures to trombine judge originality"


@dataclass(frozen=True, kw_only=True, eq=False)
class Likeness:
    """An invented face and the picture that it is most like, of those that were learned from."""

    made: Pixels
    learned: Pixels
    seed: int  # that the picture was painted from
    score: float  # 1 is the same picture


def learned_from(inventing: Inventing) -> tuple[str, int]:
    """The style of the painted faces that a model learned from, and how many they are."""
    spec = inventing.model.card.data
    terms = list(parse(spec)) if spec else []
    if len(terms) != 1 or len(terms[0].styles) != 1 or terms[0].of_photos or terms[0].first:
        what = (
            f"learned from {spec}, which is not painted again"
            if spec
            else "does not say what it learned from"
        )
        raise InputError(f"this model {what}", _REMEDY)
    if not inventing.told:
        raise InputError("this model is told nothing of the faces that it learned from", _REMEDY)
    return terms[0].styles[0], len(terms[0].seeds)


def people(count: int, progress: Progress = silent) -> Float64[np.ndarray, "n f"]:
    """The fields of the first seeds' people, a row each; drawn once, then kept in the cache."""
    path = cache_folder() / "people" / f"{painter_hash()}-{count}.npy"
    with suppress(OSError, ValueError, EOFError):
        rows = np.load(path)
        if rows.shape == (count, len(VECTOR_NAMES)):
            return rows
    rows = np.empty((count, len(VECTOR_NAMES)))
    for seed in range(count):
        rows[seed] = to_vector(face(seed))
        if (seed + 1) % _STEP == 0 or seed + 1 == count:
            progress(seed + 1, count, "faces learned from")
    content = io.BytesIO()
    np.save(content, rows)
    with suppress(OSError):  # then they are drawn anew the next time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content.getvalue())
    return rows


def nearest_people(
    told: Float64[np.ndarray, "f"], rows: Float64[np.ndarray, "n f"], count: int
) -> list[int]:
    """The seeds of the people who are nearest to what is told, each field in its deviations; a
    field that is not told, NaN, does not count."""
    spread = rows.std(0)
    off = (rows - told) / np.where(spread > 0, spread, 1)
    return np.argsort(np.nansum(off**2, axis=1), kind="stable")[:count].tolist()


def nearest(
    inventing: Inventing, seeds: Sequence[int], progress: Progress = silent
) -> list[Likeness]:
    """Of the faces of these seeds, each at the model's own size, the picture that is most like."""
    style, count = learned_from(inventing)
    side = int(inventing.model.net.sizes["size"])
    inventing = replace(inventing, size=side)
    rows = people(count, progress)[:, [VECTOR_NAMES.index(name) for name in inventing.told]]

    def of(seed: int) -> Likeness:
        near = nearest_people(inventing.place(seed).fields, rows, LOOKED_AT)
        painted = np.stack([framed(one, style, inventing.learned_side, side) for one in near])
        made = inventing.pixels(seed)
        found = search(made[None], painted, threads=1)
        best = int(found.copy_of[0])
        score = float(found.scores[0])
        return Likeness(made=made, learned=painted[best], seed=near[best], score=score)

    all_of = []
    with computing(1):
        for one in in_turn(of, seeds, cores()):
            all_of.append(one)
            progress(len(all_of), len(seeds), "faces compared")
    return all_of


def sheet(
    inventing: Inventing, seeds: Sequence[int], text: str, progress: Progress = silent
) -> Pixels:
    """A sheet that shows each face above the picture that it is most like."""
    found = nearest(inventing, seeds, progress)
    _, count = learned_from(inventing)
    rows: list[list[Pixels | None]] = []
    lines = []
    for start in range(0, len(found), _COLUMNS):
        band = found[start : start + _COLUMNS]
        rows.append([one.made for one in band])
        rows.append([one.learned for one in band])
        named = zip(seeds[start : start + _COLUMNS], band, strict=False)
        lines.append(", ".join(f"{seed}: {one.score:.2f}" for seed, one in named))
    note = f"how like, by seed; 1 is the same picture, of {count:,} learned from\n"
    titles = ["invented", "learned from"] * (len(rows) // 2)
    title = f"Seeds {text}, and what each is most like"
    return Sheet(rows=rows, row_titles=titles, title=title, note=note + "\n".join(lines)).pixels()
