"""The windows of a picture that nets look at: where they lie, and which of them mend a hole.

Where a face is, the window is its frame (faces/frames.py); elsewhere it lies straight, and is
shrunk until the hole is as thin as the nets can mend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float64, Int32
from scipy.ndimage import distance_transform_edt, find_objects, label

from trombine.core.tiles import Box, bounds, cut
from trombine.faces.frames import WINDOW, Frame

USUAL: Final = 128  # pixels of a window's sides, for a net that learned from such pictures
# In parts of a window's usual side:
THICKEST: Final = 24 / 128  # the largest thickness of a hole in it
CONTEXT: Final = 32 / 128  # to each side of the hole
LARGEST: Final = 2  # the longest side
_MOST: Final = 1 << 21  # pixels of a hole whose thickness is measured exactly
_STRIP: Final = 1 << 19  # pixels of an area that are listed at once


@dataclass(frozen=True, kw_only=True)
class Window:
    """A rectangle of a picture, turned and scaled. Its middle is in pixels of the picture."""

    x: float
    y: float
    height: int  # in pixels of the window
    width: int
    scale: float = 1.0  # pixels of the window for each of the picture
    angle: float = 0.0  # radians, clockwise

    @classmethod
    def of_frame(cls, frame: Frame, side: int = WINDOW) -> Window:
        """The window that shows a frame: as a reader looks at it, or in so many pixels."""
        scale = side / frame.side
        return cls(x=frame.x, y=frame.y, height=side, width=side, scale=scale, angle=frame.angle)

    @classmethod
    def of_box(cls, box: Box, scale: float) -> Window:
        """The window that shows a box of the picture; a part of a pixel more where it must."""
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        height, width = (math.ceil(side * scale - 1e-9) for side in (box.height, box.width))
        return cls(x=x, y=y, height=height, width=width, scale=scale)

    def to_picture(self, places: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 2"]:
        """Places (x, y) of the window as places of the picture."""
        from_middle = (places - [self.width / 2, self.height / 2]) / self.scale
        return from_middle @ self._turned().T + [self.x, self.y]

    def to_window(self, places: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 2"]:
        """Places (x, y) of the picture as places of the window."""
        from_middle = places - [self.x, self.y]
        return from_middle @ self._turned() * self.scale + [self.width / 2, self.height / 2]

    def enlarged(self, times: int) -> Window:
        """The same rectangle of the picture with so many times as many pixels."""
        return replace(
            self, scale=self.scale * times, height=self.height * times, width=self.width * times
        )

    def part(self, top: int, left: int, height: int, width: int) -> Window:
        """A rectangle of its pixels, as a window."""
        middle = np.array([[left + width / 2, top + height / 2]])
        x, y = self.to_picture(middle)[0].tolist()
        return replace(self, x=x, y=y, height=height, width=width)

    def centres(self, fine: int = 1) -> Float64[np.ndarray, "n 2"]:
        """The middles of its pixels, row by row; of their parts, `fine` x `fine`."""
        rows, columns = (
            (np.arange(length * fine) + 0.5) / fine for length in (self.height, self.width)
        )
        x, y = np.meshgrid(columns, rows)
        return np.stack([x.ravel(), y.ravel()], 1)

    def reach(self, height: int, width: int) -> Box:
        """The pixels of a picture of this size that it can show, at least one of them."""
        corners = [[0, 0], [self.width, 0], [0, self.height], [self.width, self.height]]
        outline = self.to_picture(np.array(corners, np.float64))
        (left, top), (right, bottom) = outline.min(0) - 2, outline.max(0) + 2
        left, top = min(max(int(left), 0), width - 1), min(max(int(top), 0), height - 1)
        right, bottom = min(math.ceil(right), width), min(math.ceil(bottom), height)
        return Box(top=top, left=left, bottom=max(bottom, top + 1), right=max(right, left + 1))

    def _turned(self) -> Float64[np.ndarray, "2 2"]:
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cos, -sin], [sin, cos]])


@dataclass(frozen=True, kw_only=True, eq=False)
class Area:
    """Some pixels of a picture, and the smallest box round them.

    A list of their rows and columns takes a hundred times the memory.
    """

    box: Box
    inside: Bool[np.ndarray, "k l"]  # which pixels of the box

    @classmethod
    def of(cls, inside: Bool[np.ndarray, "k l"], box: Box) -> Area | None:
        """These pixels of a box; None where there are none."""
        inner = bounds(inside)
        if inner is None:
            return None
        origin = Box(top=-box.top, left=-box.left, bottom=0, right=0)
        return cls(box=inner.within(origin), inside=cut(inside, inner))

    def within(self, box: Box) -> Bool[np.ndarray, "m n"]:
        """Those that lie in a box, as pixels of that."""
        result = np.zeros((box.height, box.width), bool)
        if both := self.box.shared(box):
            cut(result, both.within(box))[...] = cut(self.inside, both.within(self.box))
        return result

    @property
    def count(self) -> int:
        """How many pixels."""
        return int(np.count_nonzero(self.inside))

    def strips(self) -> Iterator[tuple[Box, np.ndarray, np.ndarray]]:
        """The pixels' rows and columns in the picture, some rows of the box at once."""
        step = max(1, _STRIP // self.box.width)
        for start in range(0, self.box.height, step):
            part = self.inside[start : start + step]
            rows, columns = np.nonzero(part)
            top = self.box.top + start
            strip = replace(self.box, top=top, bottom=top + len(part))
            yield strip, rows + top, columns + self.box.left

    def where(self, test: Callable[[np.ndarray, np.ndarray], Bool[np.ndarray, "n"]]) -> Area | None:
        """Those whose rows and columns pass a test; None where none does."""
        inside = np.zeros_like(self.inside)
        for _, rows, columns in self.strips():
            passed = test(rows, columns)
            inside[rows[passed] - self.box.top, columns[passed] - self.box.left] = True
        return Area.of(inside, self.box)

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows and columns of the first and the last pixel of each row."""
        rows = np.flatnonzero(self.inside.any(1))
        first = self.inside[rows].argmax(1)
        last = self.box.width - 1 - self.inside[rows, ::-1].argmax(1)
        return np.tile(rows, 2) + self.box.top, np.concatenate([first, last]) + self.box.left


# ---------------------------------------------------------------------------------------------
# Holes without a face


@dataclass(frozen=True, kw_only=True, eq=False)
class Patch:
    """A window, and the missing pixels that are painted in it."""

    window: Window
    area: Area


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A hole in one piece: the box round it, and the scale at which it is thin enough."""

    box: Box
    scale: float


def patches(missing: Bool[np.ndarray, "h w"], usual: int = USUAL) -> Iterator[Patch]:
    """Windows in which all that is missing can be painted, one after the other, by a net that
    learned from pictures of the `usual` side.

    Thin holes come first: they are context for the others. A window paints holes of its own scale.
    """
    box = bounds(missing)
    if box is None:
        return
    labels, every = pieces(missing, box, usual)
    scales = np.array([0.0, *(piece.scale for piece in every)], np.float32)
    order = sorted(every, key=lambda piece: (-piece.scale, piece.box.top, piece.box.left))
    todo = missing.copy()
    for piece in order:
        for place in _cores(piece, missing.shape, usual):
            core = place.shared(box) or piece.box
            inside = cut(labels, core.within(box))
            mine = (scales[inside] == np.float32(piece.scale)) & cut(todo, core)
            if area := Area.of(mine, core):
                cut(todo, core)[mine] = False
                window = _round(place, piece.scale, missing.shape, usual)
                yield Patch(window=window, area=area)


def pieces(
    missing: Bool[np.ndarray, "h w"], box: Box, usual: int
) -> tuple[Int32[np.ndarray, "k l"], list[Piece]]:
    """The holes of a picture that hang together, what is thin of a thick one apart: of each pixel
    of their box which it is of, from 1 on, and all of them."""
    thickest, thins = THICKEST * usual, []
    labels: Any = label(cut(missing, box), structure=np.ones((3, 3), bool))
    result = []
    for number, (rows, columns) in enumerate(find_objects(labels[0]), 1):
        top, left = box.top, box.left
        inner = Box(top + rows.start, left + columns.start, top + rows.stop, left + columns.stop)
        scale = 1.0
        if min(inner.height, inner.width) > thickest:
            own = labels[0][rows, columns]
            alone = _with_rim(own == number, inner, missing.shape)
            scale = min(1.0, thickest / thickness(alone))
            if scale < 1:
                thin = (own == number) & ~_thick(alone, inner, thickest)
                own[thin] = len(thins) + 1 + labels[1]
                thins += [Piece(box=inner, scale=1.0)] * bool(thin.any())
        result.append(Piece(box=inner, scale=scale))
    return labels[0], result + thins


def _thick(alone: Bool[np.ndarray, "k2 l2"], box: Box, thickest: float) -> Bool[np.ndarray, "k l"]:
    """Of a hole with its rim what is near places that are thicker than this."""
    step = math.ceil(math.sqrt(alone.size / _MOST))
    small = alone[::step, ::step]
    core = np.asarray(distance_transform_edt(small)) * step > thickest / 2
    # A square's corner is 1.41 times as far from its core as its sides.
    near = np.asarray(distance_transform_edt(~core)) * step <= 1.5 * thickest / 2
    large = near.repeat(step, 0).repeat(step, 1)
    top, left = int(box.top > 0), int(box.left > 0)
    return large[top:, left:][: box.height, : box.width]


def _with_rim(
    hole: Bool[np.ndarray, "k l"], box: Box, shape: tuple[int, ...]
) -> Bool[np.ndarray, "k2 l2"]:
    """A hole with a pixel round it that is kept, but beyond the picture's edges."""
    height, width = shape
    rows = int(box.top > 0), int(box.bottom < height)
    columns = int(box.left > 0), int(box.right < width)
    return np.pad(hole, (rows, columns))


def thickness(hole: Bool[np.ndarray, "h w"]) -> float:
    """Twice the largest distance of a pixel of the hole from what is kept, in pixels."""
    if hole.all():  # nothing is kept: as small as one window
        return max(hole.shape) * THICKEST
    step = math.ceil(math.sqrt(hole.size / _MOST))
    distances = np.asarray(distance_transform_edt(hole[::step, ::step]))
    return 2.0 * step * float(distances.max())


def _cores(piece: Piece, shape: tuple[int, ...], usual: int) -> list[Box]:
    """The box of a hole with room for others beside it; in parts where it is longer than a
    window."""
    most, box = (LARGEST - 2 * CONTEXT) * usual / piece.scale, piece.box
    if max(box.height, box.width) <= most:
        return [_sized(box, int(most), shape)]

    def along(start: int, stop: int) -> list[tuple[int, int]]:
        count = max(1, math.ceil((stop - start) / most))
        edges = [start + (stop - start) * number // count for number in range(count + 1)]
        return list(pairwise(edges))

    return [
        Box(top=top, left=left, bottom=bottom, right=right)
        for top, bottom in along(box.top, box.bottom)
        for left, right in along(box.left, box.right)
    ]


def _round(core: Box, scale: float, shape: tuple[int, ...], usual: int) -> Window:
    """The window round a core, with context, in the picture where that is possible."""
    longer = max(core.height, core.width)
    side = max(longer + int(2 * CONTEXT * usual / scale), int(usual / scale))
    return Window.of_box(_sized(core, side, shape), scale)


def _sized(box: Box, side: int, shape: tuple[int, ...]) -> Box:
    """A square of this side round a box, or the box where that is larger, moved into the picture
    and cut where the picture is smaller."""

    def along(start: int, stop: int, length: int) -> tuple[int, int]:
        size = min(max(side, stop - start), length)
        first = min(max((start + stop - size) // 2, 0), length - size)
        return first, first + size

    top, bottom = along(box.top, box.bottom, shape[0])
    left, right = along(box.left, box.right, shape[1])
    return Box(top=top, left=left, bottom=bottom, right=right)
