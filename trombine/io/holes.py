"""Which pixels a mask means: white, black or transparent ones.

What else says where a hole is (a colour, parts of a face) is in inpainting/masks.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Bool, UInt8

from trombine.core.errors import InputError, about, shortened
from trombine.io.image import Picture, load_picture

AUTO, WHITE, BLACK, TRANSPARENT = "auto", "white", "black", "transparent"  # what of a mask
_HALF: Final = 128
_UNCLEAR: Final = (64, 192)  # of 255: neither black nor white
_MOST_UNCLEAR: Final = 0.25  # of a mask's pixels
_BORDER: Final = 0.75  # of a picture's border that is kept, mostly
_GREY: Final = np.array([77, 150, 29], np.uint32)  # of 256: BT.601's weights


@final
@dataclass(frozen=True, kw_only=True)
class Hole:
    """Which pixels are to be painted, and what is to be said of it."""

    mask: Bool[np.ndarray, "h w"]
    polarity: str = AUTO
    notices: tuple[str, ...] = ()
    reveals: bool = False  # what is painted becomes opaque


def masked(size: tuple[int, int], mask: Path | Picture, polarity: str, becomes: str) -> Hole:
    """The hole that a mask says of a picture of this height and width; what it `becomes` is said
    where the mask had to be guessed at."""
    if isinstance(mask, Path):
        hole, guess = _hole_of_file(mask, size, polarity)
        name = shortened(mask.name)
    else:
        check_size(mask, size)
        hole, guess = hole_of_image(mask, polarity)
        name = "the mask"
    if polarity != AUTO:
        return Hole(mask=hole, polarity=polarity)
    other = WHITE if guess.polarity == BLACK else BLACK
    text = f"what is {guess.polarity} in {name} is {becomes} ({guess.reason})"
    return Hole(
        mask=hole,
        polarity=guess.polarity,
        notices=(f"{text}; --mask-is {other} says otherwise",),
    )


@final
@dataclass(frozen=True, kw_only=True)
class Guess:
    """What of a mask is the hole, and why."""

    polarity: str
    reason: str


def _hole_of_file(
    path: Path, size: tuple[int, int], polarity: str
) -> tuple[Bool[np.ndarray, "h w"], Guess]:
    """The hole that a mask's file says."""
    mask = load_picture(path)
    with about(path):
        check_size(mask, size)
        return hole_of_image(mask, polarity)


def check_size(mask: Picture, size: tuple[int, int]) -> None:
    """Refuse a mask of another size than the picture's, height and width."""
    if (mask.height, mask.width) != size:
        problem = f"is {mask.width} x {mask.height}, and the picture is {size[1]} x {size[0]}"
        raise InputError(problem, "give a mask of the picture's size")


def hole_of_image(mask: Picture, polarity: str) -> tuple[Bool[np.ndarray, "h w"], Guess]:
    """The hole that a mask says."""
    alpha = mask.alpha()
    varied = alpha is not None and float(alpha.min()) < float(alpha.max())
    if polarity == TRANSPARENT or (polarity == AUTO and varied):
        if alpha is None:
            raise InputError("has no transparency", "say --mask-is white or black")
        return alpha < 0.5, Guess(polarity=TRANSPARENT, reason="it is transparent in places")
    levels = _levels(mask)
    _check_clear(levels)
    white = levels >= _HALF
    guess = _guess(white) if polarity == AUTO else Guess(polarity=polarity, reason="")
    return (white if guess.polarity == WHITE else ~white), guess


def _levels(mask: Picture) -> UInt8[np.ndarray, "h w"]:
    if mask.mode == "L" and mask.bits == 8:
        return mask.samples[..., 0]
    pixels = mask.rgb_pixels().astype(np.uint32)
    return (pixels @ _GREY >> 8).astype(np.uint8)


def _check_clear(levels: UInt8[np.ndarray, "h w"]) -> None:
    """Refuse a photograph: a mask has two levels, and few pixels between."""
    low, high = _UNCLEAR
    share = float(((levels >= low) & (levels < high)).mean())
    if share > _MOST_UNCLEAR:
        problem = f"is no mask: {share:.0%} of it is neither black nor white"
        raise InputError(problem, "give a picture of black and white")


def _guess(white: Bool[np.ndarray, "h w"]) -> Guess:
    """White, unless the picture's border, or else more of it, is white."""
    if bool(white.all()) or not white.any():
        return Guess(polarity=WHITE, reason="it has one level")
    border = np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]]).mean()
    if max(border, 1 - border) >= _BORDER:
        kept = "white" if border > 0.5 else "black"
        return Guess(
            polarity=BLACK if border > 0.5 else WHITE, reason=f"most of its border is {kept}"
        )
    more = white.mean() > 0.5
    return Guess(
        polarity=BLACK if more else WHITE, reason=f"less of it is {'black' if more else 'white'}"
    )
