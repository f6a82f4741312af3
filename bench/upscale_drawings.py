"""How often a picture is taken for a drawing, or a drawing for a photograph. For bench/upscale.py.

Painted faces of each style at several sizes, and the photographs that scikit-image brings along,
in colour and grey, small and squeezed as people have them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
import upscale_pictures
from jaxtyping import UInt8
from PIL import Image

from trombine.core.conventions import to_pixels
from trombine.metrics.drawing import is_drawing
from trombine.world import STYLES, face, paint

Pixels = UInt8[np.ndarray, "h w 3"]

SIZES: Final = (64, 96, 128, 256, 512)
PRINT: Final = ("page", "text")  # photographs of print: which net they get is a matter of taste
LEAST: Final = 48  # pixels: a photograph is not made smaller than that


def wrong_of(first_seed: int, count: int) -> dict[str, float | list[str]]:
    """The share in each style of painted faces taken for what they are not, over all SIZES, and
    the names of photographs taken for drawings in any of their variants."""
    shares = {style: _wrong_faces(style, first_seed, count) for style in STYLES}
    names = [name for name, pixels in photographs() if any(map(is_drawing, variants(pixels)))]
    return {**shares, "photographs": names}


def _wrong_faces(style: str, first_seed: int, count: int) -> float:
    """Each size takes faces of its own."""
    wrong = 0
    for number in range(count * len(SIZES)):
        person = face(first_seed + number % count)
        size = SIZES[number // count]
        wrong += is_drawing(paint(person, size, style).pixels) != (style != "photo")
    return wrong / (count * len(SIZES))


def photographs() -> Iterator[tuple[str, Pixels]]:
    """By name, those that come with scikit-image; grey ones with three equal channels."""
    for name, picture in upscale_pictures.photographs().truths.items():
        if name not in PRINT:
            yield name, to_pixels(picture.expand(3, -1, -1))


def variants(pixels: Pixels) -> Iterator[Pixels]:
    """As it is, 2 and 4 times smaller; each also as JPEG of quality 90 and 75; all in grey too."""
    for factor in (1, 2, 4):
        height, width = (side // factor for side in pixels.shape[:2])
        if factor > 1 and min(height, width) < LEAST:
            return
        small = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
        for one in (small, as_jpeg(small, 90), as_jpeg(small, 75)):
            yield np.asarray(one)
            yield np.asarray(one.convert("L").convert("RGB"))


def as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")
