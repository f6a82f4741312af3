"""A flat portrait by Skia, a widely used 2D library: what painting a face is compared with.

As many plain shapes as a head needs, smooth at their edges, filled or stroked, each in one colour:
no light, no strands of hair, no parts and no landmarks.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import skia
from jaxtyping import UInt8

Place = tuple[float, float, float, float]  # left, top, width, height, as shares of the side

# In the order of painting. The eyes, brows and ears are painted twice, mirrored.
OVALS: Final[tuple[tuple[Place, int], ...]] = (
    ((0.18, 0.06, 0.64, 0.76), 0xFF4A2E1F),  # hair
    ((0.40, 0.66, 0.20, 0.30), 0xFFC98F70),  # neck
    ((0.10, 0.86, 0.80, 0.40), 0xFF35556B),  # cloth
    ((0.25, 0.18, 0.50, 0.62), 0xFFE3AE8C),  # face
    ((0.25, 0.10, 0.50, 0.20), 0xFF4A2E1F),  # fringe
    ((0.43, 0.68, 0.14, 0.05), 0xFFB0525A),  # mouth
)
PAIRS: Final[tuple[tuple[Place, int], ...]] = (
    ((0.21, 0.42, 0.07, 0.14), 0xFFE3AE8C),  # ear
    ((0.32, 0.42, 0.12, 0.06), 0xFFFFFFFF),  # eye
    ((0.355, 0.42, 0.05, 0.06), 0xFF3E6C9A),  # iris
    ((0.37, 0.435, 0.02, 0.03), 0xFF101010),  # pupil
)
STROKES: Final = (
    (0.31, 0.38, 0.38, 0.35, 0.45, 0.38),  # a brow
    (0.55, 0.38, 0.62, 0.35, 0.69, 0.38),  # the other
    (0.50, 0.46, 0.45, 0.62, 0.52, 0.62),  # nose
)


def flat_portrait(pixels: UInt8[np.ndarray, "size size 4"]) -> None:
    """Paint the portrait into a picture's memory, all of it."""
    size = len(pixels)
    canvas = skia.Surface(pixels).getCanvas()
    canvas.clear(0xFF9DB7C9)
    canvas.scale(size, size)
    for (left, top, width, height), colour in OVALS:
        canvas.drawOval(skia.Rect.MakeXYWH(left, top, width, height), _filled(colour))
    for (left, top, width, height), colour in PAIRS:
        for x in (left, 1 - left - width):
            canvas.drawOval(skia.Rect.MakeXYWH(x, top, width, height), _filled(colour))
    for x, y, *curve in STROKES:
        path = skia.Path()
        path.moveTo(x, y)
        path.quadTo(*curve)
        canvas.drawPath(path, _stroked())


def grey(pixels: UInt8[np.ndarray, "size size 4"]) -> None:
    """Fill a picture's memory with one grey: what any painter does at least."""
    pixels.fill(128)


@cache
def _filled(colour: int) -> skia.Paint:
    return skia.Paint(AntiAlias=True, Color=colour)


@cache
def _stroked() -> skia.Paint:
    style = skia.Paint.kStroke_Style
    return skia.Paint(AntiAlias=True, Color=0xFF4A2E1F, Style=style, StrokeWidth=0.012)
