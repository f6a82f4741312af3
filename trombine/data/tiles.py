"""Pictures cut into squares at their own size: what enlargers learn from.

A photograph that is shrunk to the size of a training picture gives one; cut into squares, as many
as fit in. A square is a record of the listing, with its number; which pixels it has is clear once
the picture is decoded and upright.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from trombine.core.errors import InputError
from trombine.core.tiles import Box
from trombine.data.listing import Listing, Record
from trombine.io.image import Picture, load_picture, size_of

TILES: Final = "tiles"  # the crop of this name, and the kind of source
MOST: Final = 20_000  # squares that a source takes of a folder, where its spec does not say


def tiled(folder: Path, listing: Listing, size: int, most: int | None = None) -> Listing:
    """The listing of the squares of its pictures; of more than `most`, some of every region."""
    squares = [square for record in listing.records for square in _cut(folder, record, size)]
    if not squares:
        problem = f"holds no picture of {size} x {size} pixels or more to cut squares out of"
        raise InputError(problem, "give a smaller --size", path=folder)
    if most is not None and len(squares) > most:
        squares = [squares[index * len(squares) // most] for index in range(most)]
    return replace(listing, records=squares)


def _cut(folder: Path, record: Record, size: int) -> Iterator[Record]:
    """The squares of a picture; of one that cannot be read a first, which is refused then."""
    height = width = size
    with suppress(InputError):
        height, width = size_of(folder / record.name)
    for number in range((height // size) * (width // size)):
        yield replace(record, sides=tuple(replace(view, tile=number) for view in record.sides))


def tile_box(image: Picture, number: int, size: int) -> Box:
    """The square of this number: in rows from the left above, all together in the middle."""
    rows, columns = image.height // size, image.width // size
    if number >= rows * columns:
        problem = f"has {image.width} x {image.height} pixels, too few for a square of {size}"
        raise InputError(problem, "give a smaller --size, or take it away")
    top = (image.height - rows * size) // 2 + number // columns * size
    left = (image.width - columns * size) // 2 + number % columns * size
    return Box(top=top, left=left, bottom=top + size, right=left + size)


def read_whole(path: Path) -> Picture:
    """A picture, decoded once for all of its squares where they are read one after the other."""
    try:
        status = path.stat()
    except OSError:
        return load_picture(path)
    return _decoded(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _decoded(path: Path, changed: int, length: int) -> Picture:
    return load_picture(path)
