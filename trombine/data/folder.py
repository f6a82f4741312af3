"""A folder of pictures as columns, read when they are asked for.

What is in the folder a layout says (layouts.py), by its files or by its name; how a picture becomes
a row is in reading.py. The middle square of each picture is kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Int64

from trombine.core.errors import InputError, shown
from trombine.data.columns import Columns, Row, stack
from trombine.data.layouts import list_folder
from trombine.data.listing import Record
from trombine.data.reading import blank_row, read_row

__all__ = ["Folder"]

_CACHE_LIMIT: Final = 2**28  # bytes of rows: a folder with fewer is decoded once
_LEAVE_OUT: Final = "remove it, or make a pack of the folder: trombine data prepare leaves it out"


class Folder:
    """The pictures of a folder."""

    def __init__(self, path: Path, size: int, layout: str = "") -> None:
        """Look what is in the folder; raises InputError if that is no pictures."""
        self.path, self.size = path, size
        self.listing = list_folder(path, layout)
        self.blank = blank_row(self.listing, size)
        most = sum(cell.nbytes for cell in self.blank.values()) * len(self)
        self._cache: dict[int, Row] | None = {} if most <= _CACHE_LIMIT else None

    @property
    def classes(self) -> tuple[str, ...]:
        """What the labels mean."""
        return self.listing.classes

    @property
    def vector_names(self) -> tuple[str, ...]:
        """What the numbers of a vector are."""
        return self.listing.vector_names

    def __len__(self) -> int:
        return len(self.listing.records)

    def name(self, index: int) -> str:
        """The picture's file, as its folder names it."""
        return shown(self.listing.records[index].name)

    def splits(self) -> Int64[np.ndarray, "n"] | None:
        """What each picture is for, where its layout says it."""
        splits_of = np.array([record.split for record in self.listing.records], np.int64)
        return splits_of if (splits_of >= 0).any() else None

    def rows(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """The columns of these pictures, read now; those of a small folder are read once."""
        return stack((self._row(index) for index in indices.tolist()), self.blank)

    def _row(self, index: int) -> Row:
        if self._cache is None:
            return self._read(self.listing.records[index])
        if index not in self._cache:
            self._cache[index] = self._read(self.listing.records[index])
        return self._cache[index]

    def _read(self, record: Record) -> Row:
        try:
            return read_row(self.path, self.listing, record, self.size)
        except InputError as error:
            if error.path not in {self.path / view.picture for view in record.sides}:
                raise  # of what is said of the picture
            raise InputError(error.problem, _LEAVE_OUT, path=error.path) from error
