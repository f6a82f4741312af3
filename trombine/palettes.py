"""New colours in a palette's picture: entries that are free take them, the nearest stands in.

A palette is uint8, n x 4: red, green, blue, alpha. Used by samples.py alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Integer, UInt8

LARGEST: Final = 256
# Alpha counts so much more than colour that a pixel never changes how opaque it is.
_ALPHA_WEIGHT: Final = 1000.0


def extended(
    palette: UInt8[np.ndarray, "n 4"],
    used: Integer[np.ndarray, "u"],
    targets: UInt8[np.ndarray, "t 4"],
) -> UInt8[np.ndarray, "m 4"]:
    """The palette with new opaque entries for `targets`, in place of entries that are not `used`.

    Only opaque entries are given up, so each target still finds one of its own alpha.
    """
    needed = np.unique(targets[targets[:, 3] == 255], axis=0)
    missing = needed[~_rows_in(needed, palette[used])]
    longest = np.concatenate([palette, np.full((LARGEST - len(palette), 4), 255, np.uint8)])
    free = np.setdiff1d(np.flatnonzero(longest[:, 3] == 255), used)
    if len(missing) > len(free):
        missing = _summary(targets[targets[:, 3] == 255], len(free))
    longest[free[: len(missing)]] = missing
    return longest[: max(len(palette), *(free[: len(missing)] + 1), 0)]


def nearest(
    palette: UInt8[np.ndarray, "n 4"], targets: UInt8[np.ndarray, "t 4"]
) -> UInt8[np.ndarray, "t"]:
    """The index of the entry closest to each target, among those of its alpha."""
    from scipy.spatial import KDTree

    weights = np.array([1, 1, 1, _ALPHA_WEIGHT])
    unique, inverse = np.unique(targets, axis=0, return_inverse=True)
    index = np.asarray(KDTree(palette * weights).query(unique * weights)[1], np.uint8)
    return index[inverse.reshape(-1)]


def _rows_in(rows: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Which rows of four bytes occur in the table."""
    return np.isin(_packed(rows), _packed(table))


def _packed(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows).view(np.uint32).reshape(-1)


def _summary(targets: np.ndarray, count: int) -> np.ndarray:
    """`count` or fewer colours that stand for the targets: Pillow's median cut of them."""
    from PIL import Image

    if count == 0:
        return targets[:0]
    strip = Image.fromarray(np.ascontiguousarray(targets[None, :, :3]))
    colours = strip.quantize(count, Image.Quantize.MEDIANCUT).getpalette("RGB") or []
    table = np.array(colours, np.uint8).reshape(-1, 3)[:count]
    return np.concatenate([table, np.full((len(table), 1), 255, np.uint8)], axis=1)
