"""The compiled loops of a fractal: an orbit's points, and their count in each pixel.

fractals.py makes a picture of them.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import exact


@exact
def walk(
    a: float, b: float, c: float, d: float, x: float, y: float, skip: int, points: np.ndarray
) -> None:
    """Fill points (n x 2) with those of the orbit that follow the first `skip` of (x, y).

    x' = sin(b y) + c sin(b x), y' = sin(a x) + d sin(a y).
    """
    for i in range(-skip, len(points)):
        x, y = math.sin(b * y) + c * math.sin(b * x), math.sin(a * x) + d * math.sin(a * y)
        if i >= 0:
            points[i, 0] = x
            points[i, 1] = y


@exact
def extent(points: np.ndarray) -> tuple[float, float, float, float]:
    """Lowest x, highest x, lowest y, highest y of the points."""
    left, right, bottom, top = math.inf, -math.inf, math.inf, -math.inf
    for i in range(len(points)):
        left, right = min(left, points[i, 0]), max(right, points[i, 0])
        bottom, top = min(bottom, points[i, 1]), max(top, points[i, 1])
    return left, right, bottom, top


@exact
def tally(
    points: np.ndarray, left: float, top: float, across: float, down: float, counts: np.ndarray
) -> None:
    """Add each point to counts (rows x columns), pixels across and down from (left, top)."""
    rows, columns = counts.shape
    for i in range(len(points)):
        column, row = int((points[i, 0] - left) * across), int((top - points[i, 1]) * down)
        counts[min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)] += 1
