"""What is kept of pictures, as arrays by name: row i of every column belongs to picture i.

Packs keep columns in files, folders and worlds make rows of them, sources hand them on, and
item.py turns them to tensors. A store is what a source reads from: a pack or a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from trombine.core.conventions import LANDMARK_COUNT

Columns = Mapping[str, np.ndarray]  # N rows each
Row = Mapping[str, np.ndarray]  # the same without the first axis

TYPES: Final = {
    "pictures": "uint8",  # H x W x 3
    "parts": "uint8",  # H x W, labels (conventions.PARTS)
    "points": "float32",  # 68 x 2, pixels
    "visible": "bool",  # 68
    "vectors": "float64",  # as many as the store's vector_names
    "seeds": "int64",
    "labels": "int64",  # indices into the store's classes
    "splits": "int64",  # indices into SPLITS
}
# What a picture may be used for: to learn from, to choose the best by, to judge by.
SPLITS: Final = ("train", "choose", "test")
PAIR: Final = "pair_"  # before the names of the second side's columns
SHARED: Final = ("seeds", "vectors")  # columns that are of both sides of a pair

# What a row holds of a column that is not known of its picture: nothing a net takes for a value.
UNKNOWN: Final = {
    "parts": 255,  # torch's cross_entropy can be told to ignore it
    "points": np.nan,
    "visible": False,
    "vectors": np.nan,
    "seeds": -1,
    "labels": -1,
    "splits": -1,
}


@runtime_checkable  # for the tests' check of annotations
class Store(Protocol):
    """Pictures of one size by row, with what is known of them."""

    @property
    def size(self) -> int:
        """Width and height of the pictures, pixels."""
        ...

    @property
    def vector_names(self) -> tuple[str, ...]:
        """What the numbers of a vector are; empty where there are no vectors."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """What the labels mean; empty where there are none."""
        ...

    def __len__(self) -> int: ...

    def rows(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """These rows of all columns, as arrays of their own; the same columns for any rows."""
        ...

    def splits(self) -> Int64[np.ndarray, "n"] | None:
        """What each row's picture is for, into SPLITS or -1; None where unknown."""
        ...

    def name(self, index: int) -> str:
        """What a row's picture is called."""
        ...


def base(column: str) -> str:
    """The name of the column, without what marks the second side of a pair."""
    return column.removeprefix(PAIR)


def shapes(size: int) -> dict[str, tuple[int, ...]]:
    """Of a cell of each column of pictures of this size, but for vectors, which differ."""
    return {
        "pictures": (size, size, 3),
        "parts": (size, size),
        "points": (LANDMARK_COUNT, 2),
        "visible": (LANDMARK_COUNT,),
        "seeds": (),
        "labels": (),
        "splits": (),
    }


def unknown(column: str, shape: Sequence[int]) -> np.ndarray:
    """Cells of this column that mean unknown."""
    return np.full(tuple(shape), UNKNOWN.get(base(column), 0), TYPES[base(column)])


def stack(rows: Iterable[Row], blank: Row) -> Columns:
    """Rows as columns: those of `blank`, which also fills what a row lacks."""
    filled = [{**blank, **row} for row in rows]
    return {name: _stacked([row[name] for row in filled], cell) for name, cell in blank.items()}


def _stacked(cells: list[np.ndarray], like: np.ndarray) -> np.ndarray:
    return np.stack(cells) if cells else np.empty((0, *like.shape), like.dtype)


def known_columns(columns: Columns) -> Columns:
    """The columns that are known of at least one row."""
    lost = {name for name, column in columns.items() if _unknown(name, column)}
    # False is a value too, so the points say whether `visible` is known.
    visible = {name for name in columns if base(name) == "visible"}
    lost = (lost - visible) | {n for n in visible if n.replace("visible", "points") in lost}
    return {name: column for name, column in columns.items() if name not in lost}


def _unknown(name: str, column: np.ndarray) -> bool:
    if base(name) not in UNKNOWN:
        return False
    return np.array_equal(column, unknown(name, column.shape), equal_nan=column.dtype.kind == "f")
