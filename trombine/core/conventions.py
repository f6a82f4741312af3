"""What a picture, a hole, the parts and the landmarks of a face are: stated once, checked here.

Every door of the package (a file read, a tensor handed to a verb, a batch from a source) calls
one of the `check_*` functions below. How files are read and written is in io/.

Picture    float32 tensor, C x H x W or N x C x H x W, sRGB, values in [0, 1]
Pixels     the same as samples: uint8 or uint16 array, H x W x C
Hole       1 where the picture is to be painted, 0 where it is kept
Parts      uint8 map, H x W, of the 19 classes of CelebAMask-HQ; left is the person's left
Landmarks  68 points in the order of iBUG, float x, y in pixels; the centre of the first pixel
           is (0.5, 0.5), so a picture's right edge is x = W
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from jaxtyping import Float, UInt8, UInt16

from trombine.core.errors import InputError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Part:
    """One class of the parts map."""

    name: str
    group: str  # one of GROUPS
    colour: tuple[int, int, int]  # how pages draw it, sRGB
    partner: str  # what it becomes in a mirrored picture


def _part(name: str, group: str, colour: str, partner: str | None = None) -> Part:
    rgb = (int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16))
    return Part(name=name, group=group, colour=rgb, partner=partner or name)


# The 8 groups that a net is steered by: the 19 parts merged.
GROUPS: Final = ("background", "skin", "nose", "eyes", "brows", "ears", "mouth", "hair")
ORGANS: Final = ("eyes", "brows", "nose", "mouth")  # small ones, by which one knows a face

# In CelebAMask-HQ's order: the index is the label.
PARTS: Final = (
    _part("background", "background", "1d2433"),
    _part("skin", "skin", "e8b48f"),
    _part("nose", "nose", "d98f5c"),
    _part("glasses", "eyes", "5b6ee1"),
    _part("left_eye", "eyes", "3fb7d4", "right_eye"),
    _part("right_eye", "eyes", "2f8fc4", "left_eye"),
    _part("left_brow", "brows", "8a5a2b", "right_brow"),
    _part("right_brow", "brows", "6d431b", "left_brow"),
    _part("left_ear", "ears", "f0c06a", "right_ear"),
    _part("right_ear", "ears", "d8a144", "left_ear"),
    _part("mouth", "mouth", "8c1c3a"),
    _part("upper_lip", "mouth", "d9476a"),
    _part("lower_lip", "mouth", "f07c93"),
    _part("hair", "hair", "5a4a8a"),
    _part("hat", "background", "3f7d4f"),
    _part("earring", "ears", "f7ef6d"),
    _part("necklace", "background", "c9d94f"),
    _part("neck", "background", "c98b6b"),
    _part("cloth", "background", "4f6a7d"),
)

PART_INDEX: Final = {part.name: i for i, part in enumerate(PARTS)}
PART_COLOURS: Final = np.array([part.colour for part in PARTS], np.uint8)  # 19 x 3
GROUP_OF_PART: Final = np.array([GROUPS.index(part.group) for part in PARTS], np.uint8)  # 19
MIRRORED_PART: Final = np.array([PART_INDEX[part.partner] for part in PARTS], np.uint8)  # 19

# iBUG's 68 points. A group runs as seen in the picture, so `right_brow`, the person's right, is
# the one on the left of the picture and comes first.
LANDMARK_GROUPS: Final = {
    "jaw": range(17),
    "right_brow": range(17, 22),
    "left_brow": range(22, 27),
    "nose": range(27, 36),
    "right_eye": range(36, 42),
    "left_eye": range(42, 48),
    "outer_lips": range(48, 60),
    "inner_lips": range(60, 68),
}
LANDMARK_COUNT: Final = 68

# MIRRORED_LANDMARK[i] is the point that point i of a mirrored picture was.
MIRRORED_LANDMARK: Final = np.array(
    [
        *range(16, -1, -1),  # jaw
        *range(26, 16, -1),  # brows
        *(27, 28, 29, 30, 35, 34, 33, 32, 31),  # nose
        *(45, 44, 43, 42, 47, 46),  # the person's right eye, from the left one
        *(39, 38, 37, 36, 41, 40),
        *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),  # outer lips
        *(64, 63, 62, 61, 60, 67, 66, 65),  # inner lips
    ]
)


def check_picture(picture: torch.Tensor) -> torch.Tensor:
    """Return `picture` if it is float32, C x H x W or N x C x H x W, and within [0, 1]."""
    import torch

    if picture.dtype != torch.float32:
        raise InputError(f"a picture is float32, not {picture.dtype}")
    if picture.ndim not in (3, 4) or picture.shape[-3] not in (1, 3):
        raise InputError(f"a picture is (N x) C x H x W, C 1 or 3, not {tuple(picture.shape)}")
    low, high = picture.aminmax() if picture.numel() else (torch.zeros(()), torch.zeros(()))
    if not (low >= 0 and high <= 1):  # written so that NaN fails
        raise InputError(f"a picture is within [0, 1], not [{low:.3g}, {high:.3g}]")
    return picture


def check_hole(hole: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
    """Return `hole` if it is 1 x H x W (or N x 1 x H x W) of 0 and 1, as large as `picture`."""
    if hole.ndim != picture.ndim or hole.shape[-3] != 1 or hole.shape[-2:] != picture.shape[-2:]:
        raise InputError(
            f"a hole has the picture's size and one channel; the picture is"
            f" {tuple(picture.shape)}, the hole {tuple(hole.shape)}"
        )
    if not ((hole == 0) | (hole == 1)).all():
        raise InputError("a hole holds 1 (to be painted) and 0 (kept) and nothing between")
    return hole


def check_parts(parts: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Return `parts` if it is a uint8 map, H x W, of labels below 19."""
    if parts.dtype != np.uint8 or parts.ndim != 2:
        raise InputError(f"parts are uint8, H x W, not {parts.dtype}, {parts.shape}")
    if parts.size and parts.max() >= len(PARTS):
        raise InputError(f"parts are labels from 0 to {len(PARTS) - 1}, not {parts.max()}")
    return parts


def check_points(points: Float[np.ndarray, "68 2"]) -> Float[np.ndarray, "68 2"]:
    """Return `points` if they are 68 finite x, y pairs."""
    if points.shape != (LANDMARK_COUNT, 2):
        raise InputError(f"landmarks are {LANDMARK_COUNT} x 2, not {points.shape}")
    if not np.isfinite(points).all():
        raise InputError("landmarks are finite numbers")
    return points


def to_picture(pixels: UInt8[np.ndarray, "h w c"] | UInt16[np.ndarray, "h w c"]) -> torch.Tensor:
    """Samples, H x W x C, as a picture, C x H x W in [0, 1]."""
    import torch

    top = np.iinfo(pixels.dtype).max
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return torch.from_numpy(planes.astype(np.float32) / np.float32(top))


def to_pixels(picture: torch.Tensor, bits: int = 8) -> np.ndarray:
    """A picture, C x H x W in [0, 1], as samples, H x W x C, of 8 or 16 bits, rounded."""
    top = 2**bits - 1
    dtype = {8: np.uint8, 16: np.uint16}[bits]
    planes = check_picture(picture).detach().cpu().double().mul(top).round().numpy()
    return np.ascontiguousarray(planes.transpose(1, 2, 0)).astype(dtype)
