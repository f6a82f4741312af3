"""Which pixels a mask means: white, black or transparent ones.

A colour, parts of a face and scratches are in inpainting/masks.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, UInt8

from trombine.core.errors import InputError, shortened
from trombine.io.convert import picture_from
from trombine.io.doors import Opened, Side
from trombine.io.image import Picture, load_picture

AUTO, WHITE, BLACK, TRANSPARENT = "auto", "white", "black", "transparent"  # what of a mask
_PREFIX: Final = re.compile(rf"(?:{WHITE}|{BLACK}|{TRANSPARENT}):(?=.)")
_UNCLEAR: Final = (64, 192)  # of 255: neither black nor white
_MOST_UNCLEAR: Final = 0.25  # of a mask's pixels
_BORDER: Final = 0.75  # of a picture's border that is kept, mostly
_GREY: Final = np.array([77, 150, 29], np.uint32)  # of 256: BT.601's weights


@dataclass(frozen=True, kw_only=True)
class Mask:
    """A picture of where a hole is, and what of it is the hole."""

    picture: Picture
    polarity: str = AUTO


@dataclass(frozen=True, kw_only=True)
class Hole:
    """Which pixels are to be painted, and what is to be said of it."""

    mask: Bool[np.ndarray, "h w"]
    notices: tuple[str, ...] = ()
    reveals: bool = False  # what is painted becomes opaque
    own_hair: Bool[np.ndarray, "h w"] | None = None  # which pixels show it, if hair was chosen


def mask_side(option: str, value: Any, *, is_needed: bool = False) -> Side:
    """The masks that an option names: a file or folder, or a picture in memory. Before a file's
    name `white:`, `black:` or `transparent:` may say what of it is the hole."""
    found = _PREFIX.match(value) if isinstance(value, str) else None
    prefix = found[0] if found else ""
    return Side(
        option=option,
        value=value.removeprefix(prefix) if prefix else value,
        read=lambda path: Mask(picture=load_picture(path), polarity=prefix[:-1] or AUTO),
        take=_mask_of,
        prefix=prefix,
        is_needed=is_needed,
    )


def _mask_of(value: Any) -> Mask:
    """A mask that a program holds; of booleans, true is the hole."""
    if str(getattr(value, "dtype", "")).endswith("bool"):
        plane = value if isinstance(value, np.ndarray) else value.cpu().numpy()
        levels = plane.squeeze().astype(np.uint8) * np.uint8(255)
        return Mask(picture=picture_from(levels), polarity=WHITE)
    if not isinstance(value, np.ndarray) and getattr(value, "ndim", 0) == 2:
        value = value[None]  # a tensor
    return Mask(picture=picture_from(value))


def hole_in(opened: Opened, size: tuple[int, int], becomes: str) -> Hole:
    """The hole that a Mask says of a picture of this height and width; what it `becomes` is said
    where the mask had to be guessed at."""
    mask, polarity = opened.value.picture, opened.value.polarity
    with opened.naming():
        if (mask.height, mask.width) != size:
            problem = f"is {mask.width} x {mask.height}, and the picture is {size[1]} x {size[0]}"
            raise InputError(problem, "give a mask of the picture's size")
        alpha = mask.alpha()
        varied = alpha is not None and float(alpha.min()) < float(alpha.max())
        if polarity == TRANSPARENT and alpha is None:
            raise InputError("has no transparency", f"write {WHITE}: or {BLACK}: before its name")
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
        return Hole(mask=hole)
    name, other = shortened(opened.name), WHITE if guess == BLACK else BLACK
    cure = f"{other}:{name} says otherwise" if opened.path else "one of booleans needs no guess"
    text = f"what is {guess} in {name} is {becomes} ({reason}); {cure}"
    return Hole(mask=hole, notices=(text,))


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
