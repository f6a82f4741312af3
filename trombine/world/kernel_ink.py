"""Marks on paper: coverage, strokes, and colours laid over one another.

Compiled by numba. A drawing is built from the back to the front on one colour c (3 numbers,
sRGB); each mark lays some of a colour of the table of stylise.py over it.
"""

from __future__ import annotations

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_noise import clamp


@inner
def cover(distance: float, pixel: float) -> float:
    """How much of a pixel lies inside an edge at this signed distance."""
    return clamp(0.5 - distance / pixel, 0.0, 1.0)


@inner
def stroke(distance: float, half: float, pixel: float) -> float:
    """How much of a pixel a line of this half width covers, its middle at this distance.

    A line thinner than the pixel pales, it does not break.
    """
    return clamp(0.5 + (half - abs(distance)) / pixel, 0.0, min(1.0, 2.0 * half / pixel))


@inner
def taper(t: float, rise: float, fall: float) -> float:
    """Pressure of a pen along a stroke, t from 0 to 1: 0 at both ends, 1 between."""
    if t <= 0.0 or t >= 1.0:
        return 0.0
    return min(1.0, min(t / rise, (1.0 - t) / fall))


@inner
def lay(c: np.ndarray, colour: np.ndarray, amount: float) -> None:
    """Lay a colour over c."""
    if amount <= 0.0:
        return
    for k in range(3):
        c[k] += (colour[k] - c[k]) * amount
