"""A picture while it is repaired: what is known of it, and what is painted already.

Nothing here gives a colour that lies under the hole. Colours are taken of the part of a picture
that is looked at, never of all of it: a large picture in floats would fill the memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64
from torch.nn import functional

from trombine.core.tiles import Box, bounds, cut
from trombine.inpainting.windows import Window
from trombine.io.image import Picture

GREY: Final = 0.5  # of what is not known, as models/tasks.emptied has it
_KNOWN: Final = 0.5  # of a window's pixel, from which share on it counts as known
_FINE: Final = 1.25  # pixels to one of a window, beyond which 2 x 2 samples make it
_STRIP: Final = 1 << 19  # pixels that are averaged at once
_AT_ONCE: Final = 1 << 18  # pixels that are sampled at once

Colours = Float32[np.ndarray, "n 3"]


@dataclass(kw_only=True, eq=False)
class Damaged:
    """A picture with a hole, and the colours that are painted into it so far."""

    image: Picture
    hole: Bool[np.ndarray, "h w"]
    missing: Bool[np.ndarray, "h w"]  # of the hole, what is not painted yet
    box: Box  # round the hole
    colours: Float32[np.ndarray, "k l 3"]  # painted, of the box
    spare: Bool[np.ndarray, "h w"] | None  # invisible pixels, whose colours may be any

    @classmethod
    def of(cls, image: Picture, hole: Bool[np.ndarray, "h w"]) -> Damaged:
        """A picture whose hole holds at least one pixel; of its own space, but for inks."""
        box = bounds(hole)
        if box is None:
            raise ValueError("there is no hole to repair")
        alpha = image.alpha()
        return cls(
            image=image.plain,
            hole=hole,
            missing=hole.copy(),
            box=box,
            colours=np.full((box.height, box.width, 3), GREY, np.float32),
            spare=None if alpha is None else alpha == 0,
        )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.height, self.image.width

    @property
    def painted(self) -> Colours:
        """The colours of the hole's pixels, row by row."""
        return self.colours[cut(self.hole, self.box)]

    def paint(self, rows: np.ndarray, columns: np.ndarray, colours: Colours) -> None:
        """Give these pixels, which are missing, their colours."""
        self.colours[rows - self.box.top, columns - self.box.left] = colours
        self.missing[rows, columns] = False

    def put(
        self, box: Box, inside: Bool[np.ndarray, "k l"], made: Float32[np.ndarray, "k l 3"]
    ) -> None:
        """Give pixels of a box, which are missing, what is made of it, within [0, 1]."""
        rows, columns = np.nonzero(inside)
        self.paint(rows + box.top, columns + box.left, made[inside].clip(0, 1))

    def known(self, box: Box) -> Float32[np.ndarray, "k l 4"]:
        """A part of the picture: colours times whether they are known, and whether they are."""
        part = replace(self.image, samples=np.ascontiguousarray(_cut(self.image.samples, box)))
        result = np.empty((box.height, box.width, 4), np.float32)
        result[..., :3], result[..., 3] = part.rgb(), 1
        if both := box.shared(self.box):
            hole, painted = cut(self.hole, both), _cut(self.colours, both.within(self.box))
            _cut(result, both.within(box))[hole, :3] = painted[hole]
        unknown = cut(self.missing, box)
        if self.spare is not None:
            unknown = unknown | (cut(self.spare, box) & ~cut(self.hole, box))
        result[unknown] = 0
        return result

    def shrunk(self, box: Box, times: int) -> Float32[np.ndarray, "k l 4"]:
        """`known`, averaged over squares of `times` pixels; beyond the box nothing is known."""
        if times == 1:
            return self.known(box)
        rows = max(1, _STRIP // (box.width * times)) * times
        strips = []
        for top in range(box.top, box.bottom, rows):
            bottom = min(top + rows, box.bottom)
            strip = self.known(replace(box, top=top, bottom=bottom))
            strips.append(_averaged(strip, times))
        return np.concatenate(strips)

    def seen(
        self, window: Window
    ) -> tuple[Float32[torch.Tensor, "3 h w"], Bool[torch.Tensor, "h w"]]:
        """What a window shows, grey where nothing is known, and where that is.

        Outside the picture its last row and column go on, as faces/frames.py has it.
        """
        box = window.reach(*self.size)
        times = max(1, int(1 / window.scale))
        region = torch.from_numpy(self.shrunk(box, times)).permute(2, 0, 1)[None]
        fine = 2 if 1 / (window.scale * times) > _FINE else 1
        places = window.to_picture(window.centres(fine)) - [box.left, box.top]
        grid = _grid(places / times, *region.shape[-2:])
        shape = window.height * fine, window.width * fine
        planes = functional.grid_sample(
            region, grid.view(1, *shape, 2), padding_mode="border", align_corners=False
        )
        planes = functional.avg_pool2d(planes, fine)[0]
        share = planes[3]
        known = share >= _KNOWN
        colours = (planes[:3] / share.clamp(min=_KNOWN)).clamp(0, 1)
        return torch.where(known, colours, torch.full_like(colours, GREY)), ~known


def sampled(
    picture: Float32[torch.Tensor, "3 h w"], window: Window, places: Float64[np.ndarray, "n 2"]
) -> Colours:
    """What a window's picture has at places of the whole picture: between its pixels, bicubic."""
    result = np.empty((len(places), 3), np.float32)
    for start in range(0, len(places), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        grid = _grid(window.to_window(places[part]), *picture.shape[-2:])
        values = functional.grid_sample(
            picture[None], grid[None], mode="bicubic", padding_mode="border", align_corners=False
        )
        result[part] = values[0, :, 0].T.numpy()
    return result.clip(0, 1)


def middles(rows: np.ndarray, columns: np.ndarray) -> Float64[np.ndarray, "n 2"]:
    """The middles of pixels, as x and y."""
    return np.stack([columns + 0.5, rows + 0.5], 1).astype(np.float64)


def _grid(
    places: Float64[np.ndarray, "n 2"], height: int, width: int
) -> Float32[torch.Tensor, "1 n 2"]:
    return torch.from_numpy(2 * places / [width, height] - 1).float()[None]


def _averaged(planes: Float32[np.ndarray, "h w 4"], times: int) -> Float32[np.ndarray, "k l 4"]:
    height, width = planes.shape[:2]
    padded = np.pad(planes, ((0, -height % times), (0, -width % times), (0, 0)))
    rows, columns = padded.shape[0] // times, padded.shape[1] // times
    # Pixels beyond the edge are not there: what is known of a square is a share of the others.
    along = [
        np.minimum(times, side - times * np.arange(count))
        for side, count in ((height, rows), (width, columns))
    ]
    counts = (along[0][:, None] * along[1])[..., None]
    # Down, then across: both at once take numpy three times as long.
    down = padded.reshape(rows, times, -1).sum(1)
    across = down.reshape(rows, columns, times, 4).sum(2)
    return (across / counts).astype(np.float32)


def _cut(array: np.ndarray, box: Box) -> np.ndarray:
    return array[box.top : box.bottom, box.left : box.right]
