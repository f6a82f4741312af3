"""`data likenesses`: a pack of photographs of people beside how the world would draw them.

How a person is drawn is in restyling/likenesses.py, how packs are written in data/pack.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from cyclopts import Parameter

from trombine.commands.options import WHOLE, Overwrite, Progress, limits, verb
from trombine.core.errors import InputError
from trombine.core.grammar import instead
from trombine.core.progress import Result
from trombine.data.columns import PAIR, shapes, unknown
from trombine.data.pack import Made, write_pack
from trombine.data.painting import painter_hash
from trombine.data.source import Source, prepare, source
from trombine.generation.looking import redrawer
from trombine.models import loaded
from trombine.restyling.likenesses import Person, person_in
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
    """Pair photographs of people with drawings of them by the face world.

    For example:
      trombine data likenesses pack:aligned --style anime --size 64 -o likenesses

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
    prepare(photos, size, progress=progress)
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
    result = write_pack(
        output,
        lambda places: _rows(people, styles, places),
        about=about,
        count=len(people) * len(styles),
        shapes=columns,
        shard=len(styles),  # all drawings of a person
        overwrite=overwrite,
        progress=progress,
        unit="drawing",
        kind=f" of {size} px",
    )
    return replace(result, skipped={})  # who cannot be drawn is no bad input


def _styles_in(text: str) -> list[str]:
    """The styles; there must be such, each once."""
    drawn, styles = [name for name in STYLES if name != _PHOTO], text.split("+")
    for name in styles:
        if name not in drawn or styles.count(name) > 1:
            problem = f"--style names {', '.join(drawn)}, each once, not {name!r}"
            raise InputError(problem, instead(name, drawn))
    return styles


def _rows(photos: Source, styles: list[str], places: Sequence[int]) -> list[Made]:
    """All drawings of the person at these places."""
    index = places[0] // len(styles)
    pixels = photos.take(np.array([index]))["pictures"][0]
    person = person_in(pixels, index)
    split = unknown("splits", ()) if photos.splits is None else photos.splits[index, ...]
    titles = [f"{photos.name(index)} {style}" for style in styles]
    if person is None:
        why = "shows no face, or does not show whether it wears glasses"
        return [(title, why) for title in titles]
    rows = [_row(person, style, n) | {"splits": split} for n, style in enumerate(styles, 1)]
    return list(zip(titles, rows, strict=True))


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
