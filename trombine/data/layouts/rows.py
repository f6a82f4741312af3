"""The records of a large set: kept as arrays, made one by one when they are asked for.

200,000 records as objects would take half a gigabyte; as arrays they take what their numbers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final, overload

import numpy as np
from jaxtyping import Float, Int64

from trombine.data.listing import Record, View

Masks = tuple[tuple[int, str], ...]  # as a View has them


@final
@dataclass(frozen=True, kw_only=True)
class Rows(Sequence[Record]):
    """Single pictures, row i of each array for picture i; what is None is known of none."""

    pictures: list[str]
    vectors: Float[np.ndarray, "n k"] | None = None  # a row of NaN: not known of this picture
    labels: Int64[np.ndarray, "n"] | None = None
    splits: Int64[np.ndarray, "n"] | None = None
    points: Float[np.ndarray, "n 68 2"] | None = None  # NaN as above
    five: Float[np.ndarray, "n 5 2"] | None = None  # NaN as above
    parts: Sequence[str] | None = None  # files of label maps; "" where there is none
    masks: Sequence[Masks] | None = None
    swapped: bool = False  # View.swapped, of all

    def __len__(self) -> int:
        return len(self.pictures)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [self._record(i) for i in range(*index.indices(len(self)))]
        return self._record(range(len(self))[index])

    def _record(self, i: int) -> Record:
        view = View(
            picture=self.pictures[i],
            parts=self.parts[i] if self.parts is not None else "",
            masks=self.masks[i] if self.masks is not None else (),
            points=_row_or_none(self.points, i),
            five=_row_or_none(self.five, i),
            swapped=self.swapped,
        )
        return Record(
            sides=(view,),
            vector=_row_or_none(self.vectors, i),
            label=int(self.labels[i]) if self.labels is not None else -1,
            split=int(self.splits[i]) if self.splits is not None else -1,
        )


def _row_or_none(values: np.ndarray | None, i: int) -> np.ndarray | None:
    """The numbers of a row, if any is known."""
    if values is None or np.isnan(values[i]).all():
        return None
    return values[i]


def labelled(names: Sequence[str]) -> tuple[tuple[str, ...], Int64[np.ndarray, "n"]]:
    """The classes that these names are, sorted, and the label of each; "" is in none."""
    classes = tuple(sorted(set(names) - {""}))
    place = {name: label for label, name in enumerate(classes)} | {"": -1}
    return classes, np.array([place[name] for name in names], np.int64)
