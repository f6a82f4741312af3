"""What is known of pictures, as arrays by name: row i of every column belongs to picture i.

Packs keep columns in files, folders and painters make rows of them, sources hand them on as
batches, which hold tensors. What a store does not know of any picture is None in a batch; where it
knows it of some pictures only, as a mix does, the other rows hold what no net takes for a value:
parts 255, points and vectors NaN, visible False, labels and seeds -1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int64, UInt8
from torch import Tensor

from trombine.core.conventions import LANDMARK_COUNT
from trombine.core.devices import CPU, sent

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


def split_share(digest: bytes) -> float:
    """Where a picture stands among all, 0 to 100, by the SHA-256 of its file."""
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


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
    none = {name: np.empty((0, *cell.shape), cell.dtype) for name, cell in blank.items()}
    return {name: np.stack([row[name] for row in filled]) for name in blank} if filled else none


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Pictures as samples, and what is known of them.

    Samples stay 8-bit until `pictures()` makes of them what nets take: moving them costs a
    quarter so.
    """

    indices: Int64[np.ndarray, "n"]  # which items of the source these are
    pixels: UInt8[Tensor, "n h w 3"]
    parts: UInt8[Tensor, "n h w"] | None = None
    points: Float32[Tensor, "n 68 2"] | None = None
    visible: Bool[Tensor, "n 68"] | None = None
    vectors: Float64[Tensor, "n k"] | None = None
    labels: Int64[Tensor, "n"] | None = None
    seeds: Int64[Tensor, "n"] | None = None
    pair: Batch | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def only(self, rows: slice | Int64[np.ndarray, "k"]) -> Batch:
        """Some of the pictures, with all that is known of them."""
        cells: dict[str, Any] = {}
        for column in fields(self):
            cell = getattr(self, column.name)
            if cell is not None:
                cells[column.name] = cell.only(rows) if isinstance(cell, Batch) else cell[rows]
        return Batch(**cells)

    def has_points(self) -> Bool[Tensor, "n"]:
        """Of which pictures all landmarks are known."""
        if self.points is None:
            return torch.zeros(len(self), dtype=torch.bool)
        return self.points.isfinite().all(2).all(1)

    def pictures(self, device: torch.device | str = CPU) -> Float32[Tensor, "n 3 h w"]:
        """The samples as pictures on a device, in [0, 1]."""
        return to_pictures(sent(self.pixels, device))


def to_pictures(pixels: UInt8[Tensor, "n h w 3"]) -> Float32[Tensor, "n 3 h w"]:
    """8-bit samples as pictures in [0, 1]: conventions.to_picture of each, to the last bit.

    In memory the colours of a pixel stay side by side (torch's channels_last): nothing is moved,
    and convolutions on CPUs are faster so.
    """
    return pixels.permute(0, 3, 1, 2).float().div_(255)


def batch_of(indices: Int64[np.ndarray, "n"], columns: Columns) -> Batch:
    """The batch that these columns hold."""
    names = ("parts", "points", "visible", "vectors", "labels", "seeds")
    cells = {name: torch.from_numpy(columns[name]) for name in names if name in columns}
    shared = {name: columns[name] for name in SHARED if name in columns}
    second = {base(name): column for name, column in columns.items() if name.startswith(PAIR)}
    return Batch(
        indices=indices,
        pixels=torch.from_numpy(columns["pictures"]),
        pair=batch_of(indices, second | shared) if second else None,
        **cells,
    )
