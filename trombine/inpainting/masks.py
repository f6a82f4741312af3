"""Which pixels are to be painted: by a mask, a colour, transparency or parts of a face."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Bool

from trombine.canvas import Box, cut
from trombine.conventions import GROUPS, PART_INDEX, PARTS
from trombine.images import Image
from trombine.inpainting.windows import bounds
from trombine.refusal import InputError, shown

AUTO_GROW: Final = 2  # pixels by which a painted colour's hole grows: a brush has soft edges
_STRIP: Final = 1 << 20  # pixels that are grown at once
_NEAR: Final = 40  # of 255, to a painted colour in each channel: JPEG changes it
_COLOUR: Final = re.compile(r"#?([0-9a-fA-F]{6})")
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
    step = max(pixels, _STRIP // near.width)
    for top in range(near.top, near.bottom, step):
        strip = replace(near, top=top, bottom=min(top + step, near.bottom))
        seen = replace(
            near, top=max(top - pixels, near.top), bottom=min(strip.bottom + pixels, near.bottom)
        )
        kept = ~cut(hole, seen)
        if not kept.all():
            close = np.asarray(distance_transform_edt(kept)) <= pixels
            cut(result, strip)[...] = close[top - seen.top :][: strip.height]
    return result
