"""Which pixels a mask means: white, black or transparent ones.

What else says where a hole is (a colour, parts of a face) is in inpainting/masks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, UInt8

from trombine.core.errors import InputError, about, shortened
from trombine.io.image import Picture, load_picture

AUTO, WHITE, BLACK, TRANSPARENT = "auto", "white", "black", "transparent"  # what of a mask
_UNCLEAR: Final = (64, 192)  # of 255: neither black nor white
_MOST_UNCLEAR: Final = 0.25  # of a mask's pixels
_BORDER: Final = 0.75  # of a picture's border that is kept, mostly
_GREY: Final = np.array([77, 150, 29], np.uint32)  # of 256: BT.601's weights


@dataclass(frozen=True, kw_only=True)
class Hole:
    """Which pixels are to be painted, and what is to be said of it."""

    mask: Bool[np.ndarray, "h w"]
    polarity: str = AUTO
    notices: tuple[str, ...] = ()
    reveals: bool = False  # what is painted becomes opaque
    own_hair: Bool[np.ndarray, "h w"] | None = None  # which pixels show it, if hair was chosen


def masked(size: tuple[int, int], mask: Path | Picture, polarity: str, becomes: str) -> Hole:
    """The hole that a mask says of a picture of this height and width; what it `becomes` is said
    where the mask had to be guessed at."""
    if isinstance(mask, Path):
        with about(mask):
            return _hole_of(load_picture(mask), shortened(mask.name), size, polarity, becomes)
    return _hole_of(mask, "the mask", size, polarity, becomes)


def _hole_of(mask: Picture, name: str, size: tuple[int, int], polarity: str, becomes: str) -> Hole:
    if (mask.height, mask.width) != size:
        problem = f"is {mask.width} x {mask.height}, and the picture is {size[1]} x {size[0]}"
        raise InputError(problem, "give a mask of the picture's size")
    alpha = mask.alpha()
    varied = alpha is not None and float(alpha.min()) < float(alpha.max())
    if polarity == TRANSPARENT and alpha is None:
        raise InputError("has no transparency", "say --mask-is white or black")
    if alpha is not None and (polarity == TRANSPARENT or (polarity == AUTO and varied)):
        hole, guess, reason = alpha < 0.5, TRANSPARENT, "it is transparent in places"
    else:
        levels = _levels(mask)
        low, high = _UNCLEAR
        share = float(((levels >= low) & (levels < high)).mean())
        if share > _MOST_UNCLEAR:
            problem = f"is no mask: {share:.0%} of it is neither black nor white"
            raise InputError(problem, "give a picture of black and white")
        white = levels >= 128
        guess, reason = _guess(white) if polarity == AUTO else (polarity, "")
        hole = white if guess == WHITE else ~white
    if polarity != AUTO:
        return Hole(mask=hole, polarity=polarity)
    other = WHITE if guess == BLACK else BLACK
    text = f"what is {guess} in {name} is {becomes} ({reason}); --mask-is {other} says otherwise"
    return Hole(mask=hole, polarity=guess, notices=(text,))


def _levels(mask: Picture) -> UInt8[np.ndarray, "h w"]:
    if mask.mode == "L" and mask.bits == 8:
        return mask.samples[..., 0]
    return (mask.rgb_pixels().astype(np.uint32) @ _GREY >> 8).astype(np.uint8)


def _guess(white: Bool[np.ndarray, "h w"]) -> tuple[str, str]:
    """What of a mask is the hole, and why: white, unless the border, or else more of it, is."""
    if bool(white.all()) or not white.any():
        return WHITE, "it has one level"
    border = np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]]).mean()
    if max(border, 1 - border) >= _BORDER:
        if border > 0.5:
            return BLACK, "most of its border is white"
        return WHITE, "most of its border is black"
    return (BLACK, "less of it is black") if white.mean() > 0.5 else (WHITE, "less of it is white")
