"""`data likenesses`: a pack of photographs of people beside how the world would draw them.

How a person is drawn is in restyling/likenesses.py, how packs are written in data/pack_writer.py.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from trombine.events import Done, Event, Progress, Started
from trombine.refusal import InputError, shown
from trombine.requests import Integer, Request

if TYPE_CHECKING:
    from trombine.data.pack_writer import PackWriter
    from trombine.data.source import Source
    from trombine.restyling.likenesses import Person

_UNIT: Final = "drawings"
_PHOTO: Final = "photo"
_COLUMNS: Final = ("pictures", "parts", "points", "visible", "labels")  # of both sides of a pair


@dataclass(frozen=True, kw_only=True)
class LikenessesRequest(Request):
    """Draw the people of photographs as the reader sees them and the world would paint them.

    Each photograph is a pair with its drawing in each style, to learn restyling from. Stopped, it
    goes on where it was.
    """

    photos: str
    """Photographs of one face each, framed as data prepare --crop face does: pack:NAME."""
    output: Path
    """The pack to write."""
    style: str = "anime+cartoon+sketch"
    """The styles that they are drawn in, with + between them."""
    size: Annotated[int, Integer(16, 1024)] = 128
    """Width and height in pixels, which the photographs have."""
    overwrite: bool = False
    """Replace a pack that is there already."""

    def __post_init__(self) -> None:
        """Refuse styles that there are not."""
        super().__post_init__()
        from trombine.grammar import instead
        from trombine.world import STYLES

        drawn = [name for name in STYLES if name != _PHOTO]
        names = self.style.split("+")
        for name in names:
            if name not in drawn or names.count(name) > 1:
                raise InputError(
                    f"--style names {', '.join(drawn)}, each once, not {name!r}",
                    instead(name, drawn),
                )


def run(request: LikenessesRequest) -> Iterator[Event]:
    """Draw those that the pack lacks."""
    from trombine.data.columns import PAIR, shapes
    from trombine.data.made import painter_hash
    from trombine.data.pack_writer import PackWriter
    from trombine.data.source import prepare, source
    from trombine.inventing.redrawing import redrawer
    from trombine.weights import loaded

    yield from prepare(request.photos, request.size)
    photos = source(request.photos, request.size)
    if photos.paired:
        raise InputError(f"{photos.spec} is of pairs already", "name photographs alone")
    styles = request.style.split("+")
    cells = shapes(request.size)
    columns = {f"{side}{name}": cells[name] for side in ("", PAIR) for name in _COLUMNS}
    columns["splits"] = cells["splits"]
    about = {
        "kind": "likenesses",
        "photos": photos.spec,
        "size": request.size,
        "classes": [_PHOTO, *styles],
        "reader": loaded("reader", task="read").hash,
        "restyle": redrawer().hash,
        "painter": painter_hash(),
    }
    count = len(photos) * len(styles)
    writer = PackWriter(request.output, about=about, count=count, shapes=columns)
    yield Started(count, _UNIT)
    rows = _add_rows(writer, photos, styles)
    complete = yield from writer.write(rows, overwrite=request.overwrite)
    there = writer.count if complete else writer.existing
    summary = f"{shown(request.output)}: a pack of likenesses of {request.size} px"
    if complete:
        yield Done(f"{summary} (was there)", 0, 0, there)
        return
    left_out = f"; {len(writer.skipped):,} are left out, skipped.jsonl says why"
    without = left_out if writer.skipped else ""
    yield Done(f"{summary}: {writer.rows:,} drawings{without}", writer.rows - there, 0, there)


def _add_rows(
    writer: PackWriter, photos: Source, styles: list[str]
) -> Generator[Event, None, None]:
    """Draw and add what a pack lacks, all styles of a person one after the other."""
    import numpy as np

    from trombine.data.columns import unknown
    from trombine.restyling.likenesses import person_in

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
            yield Progress(writer.done, writer.count, _UNIT)


def _row(person: Person, style: str, label: int) -> dict[str, Any]:
    """A photograph, of which no part is known, and the person in this style."""
    import numpy as np

    from trombine.data.columns import PAIR, unknown

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
