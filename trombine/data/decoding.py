"""What a process does for `data prepare`: it decodes pictures and puts them into their places.

What a picture is for (columns.SPLITS) its layout says. Where it does not, the hash of the file's
bytes decides, so that a picture has the same use under any name and in any folder, and a copy of
it can never be judged on after it was learned from.

A process imports this module before its first picture, so nothing of the worlds is imported here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trombine.data.columns import SPLITS, Row, unknown
from trombine.data.listing import Listing, Record
from trombine.data.pack_writer import Column
from trombine.data.reading import CROPS, LargestFace, read_row
from trombine.devices import CPU
from trombine.io.files import opened
from trombine.refusal import InputError

NumberedRecord = tuple[int, Record]  # a record, and its place among all


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How pictures are made into a pack."""

    size: int  # pixels, width and height
    crop: str = "centre"  # a name in reading.CROPS
    device: str = CPU  # that faces are found on
    choose: int = 5  # percent
    test: int = 5  # percent
    most: int | None = None  # of the squares that pictures are cut into; None: all


@dataclass(frozen=True, kw_only=True)
class DecodedPicture:
    """One picture, without the cells that were put into their columns; or why it is not read."""

    name: str
    row: Row | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadChunk:
    """The function workers run: the rows of a few records, the large cells put into their files."""

    folder: Path
    listing: Listing  # without its records
    options: PrepareOptions
    columns: Mapping[str, Column]  # of large cells

    def __call__(self, records: Sequence[NumberedRecord]) -> list[DecodedPicture]:
        return [self._read(place, record) for place, record in records]

    def _read(self, place: int, record: Record) -> DecodedPicture:
        try:
            crop = CROPS[self.options.crop]
            if isinstance(crop, LargestFace):
                crop = LargestFace(self.options.device)
            row = dict(read_row(self.folder, self.listing, record, self.options.size, crop))
            split = record.split if record.split >= 0 else self._split(record)
        except InputError as error:
            return DecodedPicture(name=record.name, why=error.why)
        for name, column in self.columns.items():
            cell = row.pop(name, None)
            column.write(place, unknown(name, column.shape) if cell is None else cell)
        return DecodedPicture(name=record.name, row={**row, "splits": np.array(split, np.int64)})

    def _split(self, record: Record) -> int:
        """What a picture is for, by its bytes."""
        with opened(self.folder / record.name) as file:
            share = split_share(hashlib.sha256(file.read()).digest())
        if share < self.options.test:
            return SPLITS.index("test")
        choose = self.options.test + self.options.choose
        return SPLITS.index("choose" if share < choose else "train")


def split_share(digest: bytes) -> float:
    """Where a picture stands among all, 0 to 100, by the SHA-256 of its file."""
    return int.from_bytes(digest[:8], "big") / 2**64 * 100
