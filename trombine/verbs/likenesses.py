"""`data likenesses`: a pack of photographs of people beside how the world would draw them.

How a person is drawn is in restyling/likenesses.py, how packs are written in data/pack_writer.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from cyclopts import Parameter

from trombine.bridge import result_of
from trombine.data.columns import PAIR, shapes, unknown
from trombine.data.made import painter_hash
from trombine.data.pack_writer import PackWriter
from trombine.data.source import Source, prepare, source
from trombine.grammar import instead
from trombine.inventing.redrawing import redrawer
from trombine.progress import Progress as Callback
from trombine.progress import Result, silent
from trombine.refusal import InputError, shown
from trombine.restyling.likenesses import Person, person_in
from trombine.verbs.options import WHOLE, Overwrite, Progress, limits, verb
from trombine.weights import loaded
from trombine.world import STYLES

_PHOTO: Final = "photo"
_COLUMNS: Final = ("pictures", "parts", "points", "visible", "labels")  # of both sides of a pair


@verb
def data_likenesses(
    photos: str,
    /,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    style: str = "anime+cartoon+sketch",
    size: Annotated[int, limits(16, 1024), WHOLE] = 128,
    overwrite: Overwrite = False,
    progress: Progress = None,
) -> Result:
    """Pair photographs of people with how the world would draw them.

    For example:
      trombine data likenesses pack:people --size 64 -o likenesses

    Parameters
    ----------
    photos
        A set of single faces, as pack:NAME.
    output
        The pack to write; it goes on if begun.
    style
        The styles of the drawings. [anime+cartoon+sketch]
    size
        Width and height, which the photographs have. [128]
    """
    styles = _styles_in(style)
    result_of(prepare(photos, size), progress)
    people = source(photos, size)
    if people.paired:
        raise InputError(f"{people.spec} is of pairs already", "name photographs alone")
    cells = shapes(size)
    columns = {f"{side}{name}": cells[name] for side in ("", PAIR) for name in _COLUMNS}
    columns["splits"] = cells["splits"]
    about = {
        "kind": "likenesses",
        "photos": people.spec,
        "size": size,
        "classes": [_PHOTO, *styles],
        "reader": loaded("reader", task="read").hash,
        "restyle": redrawer().hash,
        "painter": painter_hash(),
    }
    writer = PackWriter(output, about=about, count=len(people) * len(styles), shapes=columns)
    with writer.opened(overwrite=overwrite) as complete:
        if not complete:
            _add_rows(writer, people, styles, progress or silent)
    summary = f"{shown(output)}: a pack of likenesses of {size} px"
    if complete:
        return Result(summary=f"{summary} (was there)", kept=writer.count)
    left_out = f"; {len(writer.skipped):,} are left out, skipped.jsonl says why"
    summary += f": {writer.rows:,} drawings{left_out if writer.skipped else ''}"
    return Result(summary=summary, written=(output,), kept=writer.existing)


def _styles_in(text: str) -> list[str]:
    """The styles; there must be such, each once."""
    drawn, styles = [name for name in STYLES if name != _PHOTO], text.split("+")
    for name in styles:
        if name not in drawn or styles.count(name) > 1:
            problem = f"--style names {', '.join(drawn)}, each once, not {name!r}"
            raise InputError(problem, instead(name, drawn))
    return styles


def _add_rows(writer: PackWriter, photos: Source, styles: list[str], progress: Callback) -> None:
    """Draw and add what a pack lacks, all styles of a person one after the other."""
    splits = unknown("splits", (len(photos),)) if photos.splits is None else photos.splits
    for index in range(writer.done // len(styles), len(photos)):
        name = photos.name(index)
        pixels = photos.take(np.array([index]))["pictures"][0]
        person = person_in(pixels, index)
        for number, style in enumerate(styles):
            if index * len(styles) + number < writer.done:
                continue
            title = f"{name} {style}"
            if person is None:
                writer.skip(title, "shows no face, or does not show whether it wears glasses")
            else:
                writer.add(_row(person, style, number + 1) | {"splits": splits[index, ...]}, title)
            progress(writer.done, writer.count, "drawings")


def _row(person: Person, style: str, label: int) -> dict[str, Any]:
    """A photograph, of which no part is known, and the person in this style."""
    drawn = person.drawn(style)
    blank = unknown("parts", drawn.parts.shape)
    sides = {
        "": (person.pixels, blank, person.points, 0),
        PAIR: (drawn.pixels, drawn.parts, drawn.points, label),
    }
    row = {}
    for side, (pixels, parts, points, number) in sides.items():
        cells = (pixels, parts, points, np.ones(len(points), bool), np.array(number, np.int64))
        row |= {f"{side}{name}": cell for name, cell in zip(_COLUMNS, cells, strict=True)}
    return row
