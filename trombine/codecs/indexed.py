"""Colours made into at most 256, which is what GIF holds: exactly where there are no more.

New colours in a palette that a picture already has are in palettes.py.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image as Pillow

MOST: Final = 256

Colours = UInt8[np.ndarray, "h w 3"]
Clear = Bool[np.ndarray, "h w"]  # where nothing is seen


def indexed(
    colours: Colours, clear: Clear | None = None
) -> tuple[UInt8[np.ndarray, "h w"], UInt8[np.ndarray, "n 4"]]:
    """Indices and a palette (red, green, blue, alpha), its last entry the transparent one if any.

    Colours beyond 256 become Pillow's median cut of them, dithered.
    """
    clear = clear if clear is not None and clear.any() else None
    room = MOST - (clear is not None)
    numbers = _numbers(colours)
    unique = _different(numbers if clear is None else numbers[~clear])
    if len(unique) <= room:
        lookup = np.zeros(1 << 24, np.uint8)
        lookup[unique] = np.arange(len(unique))
        indices = lookup[numbers]
        table = np.stack([unique >> 16, unique >> 8 & 255, unique & 255], axis=1).astype(np.uint8)
    else:
        indices, table = _summary(colours, room)
    palette = np.concatenate([table, np.full((len(table), 1), 255, np.uint8)], axis=1)
    if clear is not None:
        indices[clear] = len(palette)
        palette = np.concatenate([palette, np.zeros((1, 4), np.uint8)])
    return indices, palette


def too_many(colours: Colours, clear: Clear | None = None) -> bool:
    """Whether `indexed` would have to change a colour that is seen."""
    numbers = _numbers(colours)
    visible = numbers if clear is None else numbers[~clear]
    return len(_different(visible)) > MOST - (clear is not None and bool(clear.any()))


def _numbers(colours: Colours) -> np.ndarray:
    """Each colour as one number."""
    numbers = colours[..., 0].astype(np.uint32)
    for channel in (1, 2):
        numbers <<= 8
        numbers |= colours[..., channel]
    return numbers


def _different(numbers: np.ndarray) -> np.ndarray:
    """The numbers that occur. A mark for each there is: sorting millions would take seconds."""
    marks = np.zeros(1 << 24, bool)
    marks[numbers] = True
    return np.flatnonzero(marks)


def _summary(colours: Colours, count: int) -> tuple[np.ndarray, np.ndarray]:
    picture = Pillow.fromarray(np.ascontiguousarray(colours))
    palette = picture.quantize(count, Pillow.Quantize.MEDIANCUT)
    table = np.array(palette.getpalette() or [], np.uint8).reshape(-1, 3)[:count]
    dithered = picture.quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG)
    return np.array(dithered), table
