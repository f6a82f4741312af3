"""Which pixels are to be painted: by a mask, a colour, transparency or parts of a face."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Bool, UInt8

from trombine.canvas import Box, cut
from trombine.conventions import GROUPS, PART_INDEX, PARTS
from trombine.images import Image, read
from trombine.inpainting.windows import bounds
from trombine.refusal import InputError, about, shown

AUTO, WHITE, BLACK, TRANSPARENT = "auto", "white", "black", "transparent"
POLARITIES: Final = (AUTO, WHITE, BLACK, TRANSPARENT)  # what of a mask is the hole
AUTO_GROW: Final = 2  # pixels by which a painted colour's hole grows: a brush has soft edges
_NEAR: Final = 40  # of 255, to a painted colour in each channel: JPEG changes it
_HALF: Final = 128
_UNCLEAR: Final = (64, 192)  # of 255: neither black nor white
_MOST_UNCLEAR: Final = 0.25  # of a mask's pixels
_BORDER: Final = 0.75  # of a picture's border that is kept, mostly
_COLOUR: Final = re.compile(r"#?([0-9a-fA-F]{6})")
_GREY: Final = np.array([77, 150, 29], np.uint32)  # of 256: BT.601's weights
HIDEABLE: Final = {
    **{part.name: (index,) for part, index in zip(PARTS, range(len(PARTS)), strict=True) if index},
    **{
        group: tuple(i for i, part in enumerate(PARTS) if part.group == group)
        for group in GROUPS[1:]
    },
    "eyes": (PART_INDEX["left_eye"], PART_INDEX["right_eye"]),
    "lips": (PART_INDEX["upper_lip"], PART_INDEX["lower_lip"]),
    "mouth": tuple(PART_INDEX[name] for name in ("mouth", "upper_lip", "lower_lip")),
}


@final
@dataclass(frozen=True, kw_only=True)
class Guess:
    """What of a mask is the hole, and why."""

    polarity: str
    reason: str


def hole_of_mask(
    path: Path, size: tuple[int, int], polarity: str
) -> tuple[Bool[np.ndarray, "h w"], Guess]:
    """The hole that a mask's file says, of a picture of this height and width."""
    mask = read(path)
    with about(path):
        check_size(mask, size)
        return hole_of_image(mask, polarity)


def check_size(mask: Image, size: tuple[int, int]) -> None:
    """Refuse a mask of another size than the picture's, height and width."""
    if (mask.height, mask.width) != size:
        problem = f"is {mask.width} x {mask.height}, and the picture is {size[1]} x {size[0]}"
        raise InputError(problem, "give a mask of the picture's size")


def hole_of_image(mask: Image, polarity: str) -> tuple[Bool[np.ndarray, "h w"], Guess]:
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


def _levels(mask: Image) -> UInt8[np.ndarray, "h w"]:
    if mask.space in ("1", "L") and mask.bits == 8:
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


def hole_of_transparency(image: Image) -> Bool[np.ndarray, "h w"]:
    """What is not opaque."""
    alpha = image.alpha()
    if alpha is None or not bool((alpha < 1).any()):
        problem = "has no transparent pixels, and no mask is given"
        raise InputError(problem, "give --mask, --mask-colour, --mask-part or --scratches")
    return alpha < 1


def colour_of(text: str) -> tuple[int, int, int]:
    """A colour as pages write it: #ff00ff."""
    match = _COLOUR.fullmatch(text)
    if match is None:
        raise InputError(f"--mask-colour is a colour like #ff00ff, not {shown(text)}")
    red, green, blue = bytes.fromhex(match[1])
    return red, green, blue


def hole_of_colour(image: Image, colour: tuple[int, int, int]) -> Bool[np.ndarray, "h w"]:
    """The pixels of nearly this colour; refused where there are none."""
    pixels = image.rgb_pixels()
    hole = np.ones(pixels.shape[:2], bool)
    for channel, level in enumerate(colour):
        plane = pixels[..., channel]
        hole &= (plane >= max(level - _NEAR, 0)) & (plane <= min(level + _NEAR, 255))
    if not hole.any():
        text = "#{:02x}{:02x}{:02x}".format(*colour)
        raise InputError(f"has no pixel of the colour {text}", "look it up in the picture")
    return hole


def labels_of(names: str) -> dict[str, tuple[int, ...]]:
    """The labels of parts by name, as in "eyes,mouth"."""
    result: dict[str, tuple[int, ...]] = {}
    for name in (word.strip() for word in names.split(",")):
        if name not in HIDEABLE:
            known = ", ".join(HIDEABLE)
            raise InputError(f"--mask-part: there is no part {shown(name)}; there are {known}")
        result[name] = HIDEABLE[name]
    return result


def grown(hole: Bool[np.ndarray, "h w"], pixels: int) -> Bool[np.ndarray, "h w"]:
    """The hole, and what is at most so many pixels away from it."""
    from scipy.ndimage import distance_transform_edt

    box = bounds(hole)
    if not pixels or box is None:
        return hole
    near = Box(
        top=max(box.top - pixels, 0),
        left=max(box.left - pixels, 0),
        bottom=min(box.bottom + pixels, hole.shape[0]),
        right=min(box.right + pixels, hole.shape[1]),
    )
    result = hole.copy()
    distances = np.asarray(distance_transform_edt(~cut(hole, near)))
    cut(result, near)[...] = distances <= pixels
    return result
