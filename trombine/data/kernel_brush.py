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
def reached(px: float, py: float, start: np.ndarray, end: np.ndarray) -> float:
    """The share of the way from spot `start` to spot `end` (x, y, radius) at which the disc reaches
    the point, 0 to 1; 2 if it does not."""
    qx, qy = px - start[0], py - start[1]
    ux, uy, grows = end[0] - start[0], end[1] - start[1], end[2] - start[2]
    # |q - s u|^2 = (r + s grows)^2, as a s^2 - 2 b s + c = 0
    c = qx * qx + qy * qy - start[2] * start[2]
    if c <= 0:
        return 0.0
    a = ux * ux + uy * uy - grows * grows
    b = qx * ux + qy * uy + start[2] * grows
    inner = b * b - a * c
    if inner < 0:
        return 2.0
    down = b + math.sqrt(inner)
    if down <= 0 or c > down:
        return 2.0
    return c / down


@exact
def sweep(start: np.ndarray, end: np.ndarray, begin: float, span: float, times: np.ndarray) -> int:
    """Lower the times of the pixels that the disc reaches on its way; how many are new."""
    height, width = times.shape
    left = max(int(min(start[0] - start[2], end[0] - end[2])), 0)
    right = min(int(max(start[0] + start[2], end[0] + end[2])) + 1, width)
    top = max(int(min(start[1] - start[2], end[1] - end[2])), 0)
    bottom = min(int(max(start[1] + start[2], end[1] + end[2])) + 1, height)
    new = 0
    for j in range(top, bottom):
        for i in range(left, right):
            if times[j, i] <= begin:
                continue
            share = reached(i + 0.5, j + 0.5, start, end)
            if share <= 1 and begin + share * span < times[j, i]:
                new += times[j, i] == NEVER
                times[j, i] = begin + share * span
    return new


@exact
def brush(
    spots: np.ndarray, lifts: np.ndarray, begin: float, target: int, times: np.ndarray
) -> tuple[float, int]:
    """Move a brush over spots (n x 3: x, y, radius in pixels), lowering `times` (h x w).

    Where `lifts` is set the brush is put down anew: it grows there from nothing. It stops after
    the line in which `target` pixels have been reached. Returns the time it stopped and the number
    of pixels that it was the first to reach.
    """
    new = 0
    for k in range(len(spots)):
        start = spots[k].copy()
        if lifts[k]:
            start[2] = 0.0
            span = spots[k, 2]
        else:
            start = spots[k - 1]
            dx, dy = spots[k, 0] - start[0], spots[k, 1] - start[1]
            span = math.sqrt(dx * dx + dy * dy) + abs(spots[k, 2] - start[2])
        new += sweep(start, spots[k], begin, span, times)
        begin += span
        if new >= target:
            break
    return begin, new
