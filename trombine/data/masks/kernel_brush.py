"""The compiled loop of masks: when a moving brush first reaches each pixel.

A brush is a disc. It grows at a spot, then moves along straight lines while its radius changes
evenly, so what it covers are discs and round cones, without a jagged edge. The time at which it
reaches a pixel is kept, not only whether: whoever wants a certain share of the picture takes the
pixels that were reached first.

`exact`, without fast arithmetic: the same masks on any machine. Nothing of another file is called,
so that numba itself sees when the code has changed.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import exact

NEVER = 1e30  # a time later than any


@exact
def reached(px: float, py: float, one: np.ndarray, two: np.ndarray) -> float:
    """The share of the way from spot `one` to spot `two` (x, y, radius) at which the disc reaches
    the point, 0 to 1; 2 if it does not."""
    qx, qy = px - one[0], py - one[1]
    ux, uy, grows = two[0] - one[0], two[1] - one[1], two[2] - one[2]
    # |q - s u|^2 = (r + s grows)^2, as a s^2 - 2 b s + c = 0
    c = qx * qx + qy * qy - one[2] * one[2]
    if c <= 0:
        return 0.0
    a = ux * ux + uy * uy - grows * grows
    b = qx * ux + qy * uy + one[2] * grows
    inner = b * b - a * c
    if inner < 0:
        return 2.0
    down = b + math.sqrt(inner)
    if down <= 0 or c > down:
        return 2.0
    return c / down


@exact
def sweep(one: np.ndarray, two: np.ndarray, begin: float, span: float, times: np.ndarray) -> int:
    """Lower the times of the pixels that the disc reaches on its way; how many are new."""
    height, width = times.shape
    left = max(int(min(one[0] - one[2], two[0] - two[2])), 0)
    right = min(int(max(one[0] + one[2], two[0] + two[2])) + 1, width)
    top = max(int(min(one[1] - one[2], two[1] - two[2])), 0)
    bottom = min(int(max(one[1] + one[2], two[1] + two[2])) + 1, height)
    new = 0
    for j in range(top, bottom):
        for i in range(left, right):
            if times[j, i] <= begin:
                continue
            share = reached(i + 0.5, j + 0.5, one, two)
            if share <= 1 and begin + share * span < times[j, i]:
                new += times[j, i] == NEVER
                times[j, i] = begin + share * span
    return new


@exact
def brush(
    spots: np.ndarray, lifts: np.ndarray, begin: float, wanted: int, times: np.ndarray
) -> tuple[float, int]:
    """Move a brush over spots (n x 3: x, y, radius in pixels), lowering `times` (h x w).

    Where `lifts` is set the brush is put down anew: it grows there from nothing. It stops after
    the line in which `wanted` pixels have been reached. Returns the time it stopped and the number
    of pixels that it was the first to reach.
    """
    new = 0
    for k in range(len(spots)):
        one = spots[k].copy()
        if lifts[k]:
            one[2] = 0.0
            span = spots[k, 2]
        else:
            one = spots[k - 1]
            dx, dy = spots[k, 0] - one[0], spots[k, 1] - one[1]
            span = math.sqrt(dx * dx + dy * dy) + abs(spots[k, 2] - one[2])
        new += sweep(one, spots[k], begin, span, times)
        begin += span
        if new >= wanted:
            break
    return begin, new
