"""Parts of a picture: boxes of pixels, tiles with a halo, and back into the whole.

Height and width are the last two axes (C x H x W, N x C x H x W, or H x W). Nothing here resizes;
data/resize.py does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32

Plane = Any  # a torch tensor, or what is only cut, a numpy array


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: rows `top` to `bottom` - 1, columns `left` to `right` - 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def scaled(self, factor: int) -> Box:
        """The same rectangle of the picture enlarged by a whole factor."""
        return Box(self.top * factor, self.left * factor, self.bottom * factor, self.right * factor)

    def grown(self, pixels: int, height: int, width: int) -> Box:
        """The rectangle and what is round it, in a picture of this size."""
        top, left = max(self.top - pixels, 0), max(self.left - pixels, 0)
        return Box(top, left, min(self.bottom + pixels, height), min(self.right + pixels, width))

    def within(self, other: Box) -> Box:
        """The same rectangle as it lies in another."""
        down, across = other.top, other.left
        return Box(self.top - down, self.left - across, self.bottom - down, self.right - across)

    def shared(self, other: Box) -> Box | None:
        """What two rectangles share; None where that is nothing."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom, right = min(self.bottom, other.bottom), min(self.right, other.right)
        return Box(top, left, bottom, right) if top < bottom and left < right else None


def bounds(mask: Bool[np.ndarray, "h w"]) -> Box | None:
    """The smallest rectangle round what is true; None where nothing is."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)).tolist() for axis in (1, 0))
    if not rows:
        return None
    return Box(top=rows[0], left=columns[0], bottom=rows[-1] + 1, right=columns[-1] + 1)


def middle(height: int, width: int, side: int | None = None) -> Box:
    """The middle of a picture of this size: its largest square, or what is no longer than `side` on
    either side."""
    side = min(height, width) if side is None else side
    high, wide = min(side, height), min(side, width)
    top, left = (height - high) // 2, (width - wide) // 2
    return Box(top=top, left=left, bottom=top + high, right=left + wide)


def cut(plane: Plane, box: Box) -> Plane:
    """The part of the plane in the box: a view, not a copy."""
    return plane[..., box.top : box.bottom, box.left : box.right]


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A rectangle to work on, and how much each of its rows and columns counts in the whole."""

    box: Box  # in the picture
    rows: Float32[np.ndarray, "r"]  # of the result: as many as the box has, times the factor
    columns: Float32[np.ndarray, "c"]


def tiles(
    height: int,
    width: int,
    *,
    size: int,
    halo: int,
    blend: int = 0,
    factor: int = 1,
    multiple: int = 1,
) -> Iterator[Tile]:
    """Tiles of `size` pixels (or the picture's, if less) that cover a picture.

    Each begins at a `multiple` of pixels; `size` less both halos has to be one too. The last along
    an axis ends with the picture, and may be shorter or longer by half of that.

    The outer `halo` pixels of a tile are context and count for nothing, but at the picture's own
    edges. Over `blend` pixels on each side of a seam the two neighbours fade into each other. The
    counts of all tiles at a pixel add up to 1.
    """
    if not 0 <= blend <= halo or 2 * halo >= size:
        raise ValueError(f"no tiles have size {size}, halo {halo} and blend {blend}")
    across = _spans(width, size, halo, blend, factor, multiple)
    for top, rows in _spans(height, size, halo, blend, factor, multiple):
        for left, columns in across:
            box = Box(top, left, top + len(rows) // factor, left + len(columns) // factor)
            yield Tile(box=box, rows=rows, columns=columns)


def _spans(
    length: int, size: int, halo: int, blend: int, factor: int, multiple: int
) -> list[tuple[int, np.ndarray]]:
    """Tiles along one axis: where each starts, and how much each of its pixels counts."""
    size = min(size, length)
    count = 1 + -(-(length - size) // (size - 2 * halo)) if length > size else 1
    between = (length - size) / max(count - 1, 1)
    starts = [multiple * round(i * between / multiple) for i in range(count)]
    ends = [start + size for start in starts[:-1]] + [length]
    # The seam between two tiles is in the middle of what they share.
    seams = [(end + start) // 2 for end, start in zip(ends, starts[1:], strict=False)]
    at = (np.arange(length * factor) + 0.5) / factor
    limits = pairwise([-np.inf, *seams, np.inf])
    counts = np.stack([_ramp(at - a, blend) * _ramp(b - at, blend) for a, b in limits])
    counts /= counts.sum(axis=0)
    return [
        (start, counts[i, start * factor : end * factor].astype(np.float32))
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _ramp(distance: np.ndarray, blend: int) -> np.ndarray:
    """0 before the seam, 1 behind it, and a straight line over `blend` pixels on each side."""
    return np.clip(0.5 + distance / (2 * blend), 0, 1) if blend else (distance > 0).astype(float)


def through_tiles(
    picture: Plane,
    work: Callable[[Plane], Plane],
    *,
    size: int,
    halo: int,
    blend: int = 0,
    factor: int = 1,
    multiple: int = 1,
) -> Plane:
    """What `work` makes of a picture (float tensor), tile by tile; it enlarges by `factor`.

    The same as `work(picture)` where `work` looks no farther than `halo` - `blend` pixels.
    """
    height, width = picture.shape[-2:]
    output = None
    options = {"size": size, "halo": halo, "blend": blend, "factor": factor, "multiple": multiple}
    for tile in tiles(height, width, **options):
        done = work(cut(picture, tile.box))
        box = tile.box.scaled(factor)
        if tuple(done.shape[-2:]) != (box.height, box.width):
            raise ValueError(f"a tile came back as {tuple(done.shape)}, not enlarged by {factor}")
        if output is None:
            output = done.new_zeros(*done.shape[:-2], height * factor, width * factor)
        cut(output, box)[...] += done * done.new_tensor(tile.rows[:, None] * tile.columns)
    return output
