"""The samples of a run as pixels: a few of many, small enough for a page or a film."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from trombine.io.files import opened
from trombine.refusal import InputError

Pixels = UInt8[np.ndarray, "h w 3"]

LARGEST: Final = 512  # pixels, the width of a frame on a page
_WIDEST: Final = 16_000  # pixels: a page holds a strip as one WebP, which ends at 16,383
_AREA: Final = 3_000_000  # pixels of a strip: it must be quick to write and to open


# What Pillow may raise of a damaged PNG.
_DAMAGE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_MOST: Final = 2**26  # pixels of a sample


def read_pixels(path: Path) -> Pixels | None:
    """The picture of a file; None where it is none, or larger than any sample."""
    try:
        with opened(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file, formats=("PNG",)) as picture:
                width, height = picture.size
                if not 0 < width * height <= _MOST:
                    return None
                return np.asarray(picture.convert("RGB"))
    except (InputError, *_DAMAGE):
        return None


def read_strip(files: Mapping[int, Path]) -> dict[int, Pixels]:
    """Frames for one strip of a page, by pictures seen: spread over the run, the last among them.

    All are of one size, that of the last.
    """
    numbers = sorted(files)
    last = next((p for n in reversed(numbers) if (p := read_small(files[n])) is not None), None)
    if last is None:
        return {}
    chosen = spread(numbers, room_for(last.shape))
    frames = {number: read_small(files[number]) for number in chosen}
    return {n: p for n, p in frames.items() if p is not None and p.shape == last.shape}


def read_small(path: Path) -> Pixels | None:
    """The picture of a file, no wider than a page needs."""
    pixels = read_pixels(path)
    if pixels is None or pixels.shape[1] <= LARGEST:
        return pixels
    height = max(1, round(pixels.shape[0] * LARGEST / pixels.shape[1]))
    small = Image.fromarray(pixels).resize((LARGEST, height), Image.Resampling.LANCZOS)
    return np.asarray(small)


def room_for(shape: Sequence[int]) -> int:
    """How many frames of this shape a strip holds; at least two."""
    height, width = shape[:2]
    return max(2, min(24, _WIDEST // width, _AREA // (height * width)))


def spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of these, evenly by their place, the first and the last among them."""
    if len(numbers) <= count:
        return list(numbers)
    return [numbers[i * (len(numbers) - 1) // (count - 1)] for i in range(count)]
