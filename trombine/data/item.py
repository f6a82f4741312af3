"""One picture with what is known of it, and a batch of such.

Here columns (columns.py) become items and batches, which hold tensors. What is not known is None in
an item. In a batch it is None if its source knows it of no picture; where a source knows it of some
pictures only, as a mix does, the other rows hold what no net takes for a value: parts 255, points
and vectors NaN, visible False, labels and seeds -1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int64, UInt8
from torch import Tensor

from trombine.data.columns import PAIR, SHARED, Columns, known_columns
from trombine.nets.spaces import to_space


@dataclass(frozen=True, kw_only=True)
class Item:
    """One picture of a source; of a pair the first, with the second in `pair`."""

    name: str  # of the picture in its source: of its file, or the seed
    picture: Float32[Tensor, "3 h w"]
    parts: UInt8[Tensor, "h w"] | None = None
    points: Float32[Tensor, "68 2"] | None = None
    visible: Bool[Tensor, "68"] | None = None
    vector: Float64[Tensor, "k"] | None = None
    label: int | None = None
    seed: int | None = None
    pair: Item | None = None


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
    space: str = "rgb"  # that `pictures` gives them in: one of nets.spaces.SPACES

    def __len__(self) -> int:
        return len(self.pixels)

    def only(self, rows: slice | Int64[np.ndarray, "k"]) -> Batch:
        """Some of the pictures, with all that is known of them."""
        cells: dict[str, Any] = {}
        for column in fields(self):
            cell = getattr(self, column.name)
            if isinstance(cell, Batch):
                cells[column.name] = cell.only(rows)
            else:
                cells[column.name] = cell if cell is None or isinstance(cell, str) else cell[rows]
        return Batch(**cells)

    def pictures(self) -> Float32[Tensor, "n 3 h w"]:
        """The samples as pictures, in [0, 1] unless the batch's space is another."""
        return to_space(to_pictures(self.pixels), self.space)


def to_pictures(pixels: UInt8[Tensor, "n h w 3"]) -> Float32[Tensor, "n 3 h w"]:
    """8-bit samples as pictures in [0, 1]: conventions.to_picture of each, to the last bit.

    In memory the colours of a pixel stay side by side (torch's channels_last): nothing is moved,
    and convolutions on CPUs are faster so.
    """
    return pixels.permute(0, 3, 1, 2).float().div_(255)


def batch_of(indices: Int64[np.ndarray, "n"], columns: Columns, space: str = "rgb") -> Batch:
    """The batch that these columns hold, its pictures to be given in this space."""
    cells = {name: torch.from_numpy(column) for name, column in columns.items()}
    return Batch(
        indices=indices,
        pixels=cells["pictures"],
        parts=cells.get("parts"),
        points=cells.get("points"),
        visible=cells.get("visible"),
        vectors=cells.get("vectors"),
        labels=cells.get("labels"),
        seeds=cells.get("seeds"),
        pair=batch_of(indices, _second(columns), space) if f"{PAIR}pictures" in columns else None,
        space=space,
    )


def item_of(name: str, columns: Columns) -> Item:
    """The item that these columns, of one row, hold."""
    cells = {column: torch.from_numpy(cell)[0] for column, cell in known_columns(columns).items()}
    return Item(
        name=name,
        picture=to_pictures(torch.from_numpy(columns["pictures"]))[0],
        parts=cells.get("parts"),
        points=cells.get("points"),
        visible=cells.get("visible"),
        vector=cells.get("vectors"),
        label=int(cells["labels"]) if "labels" in cells else None,
        seed=int(cells["seeds"]) if "seeds" in cells else None,
        pair=item_of(name, _second(columns)) if f"{PAIR}pictures" in columns else None,
    )


def _second(columns: Columns) -> Columns:
    """The columns of a pair's second side, under the names of the first; its seed is the same."""
    second = {n.removeprefix(PAIR): column for n, column in columns.items() if n.startswith(PAIR)}
    shared = {name: columns[name] for name in SHARED if name in columns}
    return second | shared
