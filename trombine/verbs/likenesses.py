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

_UNIT: Final = "drawings"
_PHOTO: Final = "photo"


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
    columns = {name: cells[name] for name in ("pictures", "points", "visible", "labels", "splits")}
    columns |= {f"{PAIR}{name}": cells[name] for name in ("pictures", "parts", "points", "visible")}
    columns |= {f"{PAIR}labels": cells["labels"], "parts": cells["parts"]}
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
    from trombine.restyling.likenesses import people

    first = writer.done // len(styles)
    indices = range(first, len(photos))
    for index, person in zip(indices, people(photos, indices), strict=True):
        name = photos.name(index)
        for number, style in enumerate(styles):
            if index * len(styles) + number < writer.done:
                continue
            title = f"{name} {style}"
            if person is None:
                writer.skip(title, "shows no face, or does not show whether it wears glasses")
            else:
                writer.add(_row(person, style, number + 1, photos, index), title)
            yield Progress(writer.done, writer.count, _UNIT)


def _row(person: Any, style: str, label: int, photos: Source, index: int) -> dict[str, Any]:
    import numpy as np

    from trombine.data.columns import PAIR, unknown

    drawn, side = person.drawn(style), len(person.pixels)
    split = unknown("splits", ()) if photos.splits is None else photos.splits[index]
    return {
        "pictures": person.pixels,
        "parts": unknown("parts", (side, side)),
        "points": person.points,
        "visible": np.ones(len(person.points), bool),
        "labels": np.array(0, np.int64),
        "splits": np.array(split, np.int64),
        f"{PAIR}pictures": drawn.pixels,
        f"{PAIR}parts": drawn.parts,
        f"{PAIR}points": drawn.points,
        f"{PAIR}visible": np.ones(len(drawn.points), bool),
        f"{PAIR}labels": np.array(label, np.int64),
    }
