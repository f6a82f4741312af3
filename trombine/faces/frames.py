"""Windows on a picture: where they lie, what is seen in them, and back.

A reader looks at windows of 128 pixels. A Frame says which square of the picture a window shows,
turned by how much; outside the picture its last row and column go on.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Complex128, Float, Float32, Float64, UInt8
from torch import Tensor
from torch.nn import functional

from trombine.core.conventions import LANDMARK_GROUPS

WINDOW: Final = 128  # pixels, of a window's sides
# How a face stands in its window: the longer side of the box of its landmarks is half of the
# window's, and the box's middle lies lower than the window's, by this part of that side.
SHARE: Final = 0.5
LOWER: Final = 0.22


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A square of a picture. Its middle and its side are in pixels of the picture."""

    x: float
    y: float
    side: float
    angle: float = 0.0  # radians, clockwise

    def to_picture(self, places: Float[Tensor, "k 2"]) -> Float[Tensor, "k 2"]:
        """Places of the window, in its pixels, as places of the picture."""
        from_middle = (places.double() / WINDOW - 0.5) * self.side
        return from_middle @ self._turned().T + torch.tensor([self.x, self.y]).double()

    def to_window(self, places: Float[Tensor, "k 2"]) -> Float[Tensor, "k 2"]:
        """Places of the picture as places of the window, in its pixels."""
        from_middle = places.double() - torch.tensor([self.x, self.y]).double()
        return (from_middle @ self._turned() / self.side + 0.5) * WINDOW

    def scaled(self, times: float) -> Frame:
        """The same square of the picture at so many times its size."""
        return replace(self, x=self.x * times, y=self.y * times, side=self.side * times)

    def lower(self, pixels: float) -> Frame:
        """The same square, so many pixels of the picture further down along the face."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return replace(self, x=self.x - sin * pixels, y=self.y + cos * pixels)

    def _turned(self) -> Float[Tensor, "2 2"]:
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)


def round_face(x: float, y: float, size: float, angle: float = 0.0) -> Frame:
    """The frame of a face whose landmarks' box has this middle and this longer side."""
    return Frame(x=x, y=y, side=size / SHARE, angle=angle).lower(-LOWER * size)


# Where the middles of the eyes are in an aligned face, as parts of the side of its square: as far
# apart and as high as in painted faces.
EYES_APART: Final = 0.23
EYES_DOWN: Final = 0.48


def aligned(right: Float64[np.ndarray, "2"], left: Float64[np.ndarray, "2"]) -> Frame:
    """The frame that has the middles of a face's eyes in their places, level."""
    across = left - right
    angle = math.atan2(across[1], across[0])
    side = max(math.hypot(*across), 1e-3) / EYES_APART
    x, y = ((right + left) / 2).tolist()
    return Frame(x=x, y=y, side=side, angle=angle).lower((0.5 - EYES_DOWN) * side)


_PARTS: Final = ("jaw", "right_brow", "left_brow", "nose", "right_eye", "left_eye", "outer_lips")


def _middles(
    *, jaw: float, brows: complex, nose: float, eyes: complex, lips: float
) -> Complex128[np.ndarray, "7"]:
    """Where faces have the middles of these parts, from the middle of a picture's upper edge, in
    its sides; of two, those of the left one, which the right one mirrors."""
    right = [-one.conjugate() for one in (brows, eyes)]
    return np.array([jaw * 1j, right[0], brows, nose * 1j, right[1], eyes, lips * 1j])


# The means of 3,000 faces painted in each style.
_PHOTO: Final = _middles(
    jaw=0.711, brows=0.12 + 0.402j, nose=0.626, eyes=0.115 + 0.482j, lips=0.756
)
_PAINTED: Final[Mapping[str, Complex128[np.ndarray, "7"]]] = {
    "photo": _PHOTO,
    "anime": _middles(jaw=0.683, brows=0.113 + 0.394j, nose=0.613, eyes=0.11 + 0.506j, lips=0.731),
    "cartoon": _middles(jaw=0.7, brows=0.098 + 0.372j, nose=0.61, eyes=0.084 + 0.495j, lips=0.739),
    "sketch": _PHOTO,
}


def as_painted(points: Float64[np.ndarray, "68 2"], style: str) -> Frame:
    """The frame in which the parts of a face with these landmarks are nearest, in squares, to where
    painted faces of its style have theirs."""
    parts = (points[list(LANDMARK_GROUPS[name])].mean(0) for name in _PARTS)
    here, there = np.array([complex(*place) for place in parts]), _PAINTED[style]
    to, about = there - there.mean(), here - here.mean()
    turn = np.vdot(to, about) / np.vdot(to, to).real  # a side of the picture, and how it lies
    middle = here.mean() + turn * (0.5j - there.mean())
    side = max(abs(turn), 1e-3)
    x, y = float(middle.real), float(middle.imag)
    return Frame(x=x, y=y, side=float(side), angle=cmath.phase(turn))


Samples = Float[Tensor, "c h w"] | UInt8[Tensor, "c h w"]
"""A picture within [0, 1], or the 8-bit samples of one, of which floats are made where need be."""


def samples_of(pixels: UInt8[np.ndarray, "h w c"]) -> UInt8[Tensor, "c h w"]:
    """Those of pixels, not copied."""
    return torch.from_numpy(np.require(pixels, requirements="W")).permute(2, 0, 1)


def as_floats(samples: Samples) -> Float[Tensor, "c h w"]:
    """The same within [0, 1]."""
    if samples.is_floating_point():
        return samples
    return samples.to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def crop_windows(
    picture: Samples, frames: Sequence[Frame], size: int = WINDOW
) -> Float[Tensor, "n c s s"]:
    """What the windows show, in pictures of this size, averaged where they are smaller than what
    they show."""
    if not frames:
        return as_floats(picture[:, :0, :0]).new_zeros(0, picture.shape[0], size, size)
    return torch.stack([_window(picture, frame, size) for frame in frames])


_FINE: Final = 1.25  # pixels to one of the window, beyond which 2 x 2 samples make it


def _window(picture: Samples, frame: Frame, size: int) -> Float[Tensor, "c s s"]:
    region, left, top = _region(picture, frame)
    shrink = max(1, int(frame.side / size))  # whole pixels are averaged first
    if shrink > 1:
        region = functional.avg_pool2d(region[None], shrink, ceil_mode=True)[0]
    times = 2 if frame.side / (size * shrink) > _FINE else 1
    grid = _grid(frame, times * size, region, left=left, top=top, shrink=shrink)
    fine = functional.grid_sample(
        region[None], grid, mode="bilinear", padding_mode="border", align_corners=False
    )[0]
    if times == 2:  # written out it takes a fourth of what pooling takes
        across = fine[..., ::2] + fine[..., 1::2]
        fine = (across[:, ::2] + across[:, 1::2]) / 4
    return fine.clamp(0, 1)  # white times its shares is 1 + 1e-7


def _grid(
    frame: Frame, count: int, region: Float[Tensor, "c k l"], *, left: int, top: int, shrink: int
) -> Float[Tensor, "1 n n 2"]:
    """Where in a region of the picture, from -1 to 1, `count` x `count` places of a window lie.

    The region begins at `left` and `top`, and is `shrink` times smaller than in the picture. What
    a column and what a row add are worked out once, for all places.
    """
    height, width = region.shape[-2:]
    cos, sin = math.cos(frame.angle), math.sin(frame.angle)
    steps = ((torch.arange(count, dtype=torch.float64) + 0.5) / count - 0.5) * frame.side
    grid = region.new_empty(2, count, count)
    for axis, (across, down, middle, length) in enumerate(
        ((cos, -sin, frame.x - left, width), (sin, cos, frame.y - top, height))
    ):
        unit = 2 / (shrink * length)
        columns = (steps * across * unit).to(grid)
        rows = ((steps * down + middle) * unit - 1).to(grid)
        torch.add(columns[None], rows[:, None], out=grid[axis])
    return grid.permute(1, 2, 0)[None]


def _region(picture: Samples, frame: Frame) -> tuple[Float[Tensor, "c k l"], int, int]:
    """The part of the picture that a window can show, at least a pixel of it, and where it is."""
    reach = frame.side * (abs(math.cos(frame.angle)) + abs(math.sin(frame.angle))) / 2 + 2
    height, width = picture.shape[-2:]
    left = min(max(math.floor(frame.x - reach), 0), width - 1)
    top = min(max(math.floor(frame.y - reach), 0), height - 1)
    right = min(max(math.ceil(frame.x + reach), left + 1), width)
    bottom = min(max(math.ceil(frame.y + reach), top + 1), height)
    return as_floats(picture[:, top:bottom, left:right]), left, top


def sample_window(
    maps: Float32[Tensor, "p s s"], own: Float64[Tensor, "n 2"]
) -> Float32[Tensor, "p n"]:
    """What maps of a window, of any size, have at places of the window, in its pixels."""
    x, grid = maps[None], (2 * own / WINDOW - 1).float()[None, None]
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)[0, :, 0]


def resized(pictures: Float[Tensor, "n 3 h w"], side: int) -> Float[Tensor, "n 3 s s"]:
    """In this size, antialiased where they shrink; bicubic, so a little beyond [0, 1]."""
    if pictures.shape[-2:] == (side, side):
        return pictures
    size = (side, side)
    return functional.interpolate(
        pictures, size=size, mode="bicubic", antialias=True, align_corners=False
    )


def in_window(pictures: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 128 128"]:
    """Pictures of one face each in the size in which readers read, within [0, 1]."""
    return resized(pictures, WINDOW).clamp(0, 1)
