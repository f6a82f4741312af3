"""Faces put before other grounds, cut in two, with occluders in front: the loops of staging.py.

Compiled by numba.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.data.kernel_resample import reflected, taps
from trombine.world.compiled import inner, kernel

# Columns of an occluder: its middle and half axes in pixels, its turn, how angular it is, its
# colour, and whether it shows the ground instead.
X, Y, ACROSS, DOWN, COS, SIN, POWER, RED, GREEN, BLUE, SHOWS = range(11)
OCCLUDER = 11
# Columns of a cut: beyond the line a x + b y = c, in pixels of the new picture, the face is moved
# by so much, or, where there is no move, ground.
CUT_A, CUT_B, CUT_C, MOVE_X, MOVE_Y = range(5)


@inner
def _cover(parts, n: int, x: float, y: float) -> float:
    """How much of the place is no background, between the middles of four pixels."""
    height, width = parts.shape[1], parts.shape[2]
    left, top = math.floor(x - 0.5), math.floor(y - 0.5)
    right_share, down_share = x - 0.5 - left, y - 0.5 - top
    cover = 0.0
    for i in range(2):
        for j in range(2):
            row = min(max(top + i, 0), height - 1)
            column = min(max(left + j, 0), width - 1)
            if parts[n, row, column] != 0:
                across = right_share if j else 1.0 - right_share
                down = down_share if i else 1.0 - down_share
                cover += across * down
    return cover


@inner
def _ground(grounds, n: int, maps, x: float, y: float, c: int) -> float:
    """The ground at a place of the new picture, between the middles of four pixels."""
    gx = maps[n, 0, 0] * x + maps[n, 0, 1] * y + maps[n, 0, 2] - 0.5
    gy = maps[n, 1, 0] * x + maps[n, 1, 1] * y + maps[n, 1, 2] - 0.5
    left, top = math.floor(gx), math.floor(gy)
    u, v = gx - left, gy - top
    height, width = grounds.shape[1], grounds.shape[2]
    r0, r1 = reflected(int(top), height), reflected(int(top) + 1, height)
    c0, c1 = reflected(int(left), width), reflected(int(left) + 1, width)
    high = (1.0 - u) * grounds[n, r0, c0, c] + u * grounds[n, r0, c1, c]
    low = (1.0 - u) * grounds[n, r1, c0, c] + u * grounds[n, r1, c1, c]
    return (1.0 - v) * high + v * low


@inner
def inside(occluder, x: float, y: float) -> float:
    """How much of a pixel an occluder covers, 0 to 1."""
    u = (occluder[COS] * (x - occluder[X]) + occluder[SIN] * (y - occluder[Y])) / occluder[ACROSS]
    v = (occluder[COS] * (y - occluder[Y]) - occluder[SIN] * (x - occluder[X])) / occluder[DOWN]
    radius = (abs(u) ** occluder[POWER] + abs(v) ** occluder[POWER]) ** (1.0 / occluder[POWER])
    edge = (1.0 - radius) * min(occluder[ACROSS], occluder[DOWN])
    return min(max(edge + 0.5, 0.0), 1.0)


@kernel
def stage(
    pixels, parts, grounds, maps, widths, ground_maps, alone, cuts, tints, occluders, out, labels
):
    """Faces n h w 3 and their parts n h w to windows, n k l 3 and n k l.

    maps n 2 3 and widths n: as in kernel_resample.resample; ground_maps: the same for the grounds,
    n g g 3. alone n: 0 a face with what is behind it, 1 cut out along its outline, 2 no
    face. occluders n t OCCLUDER, of which those with ACROSS 0 are none.
    """
    height, width = pixels.shape[1], pixels.shape[2]
    most = 5 + int(4.0 * widths.max())
    rows, columns = np.empty(most, np.int64), np.empty(most, np.int64)
    down, across = np.empty(most), np.empty(most)
    colour = np.empty(3)
    for n in range(len(pixels)):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                px, py = j + 0.5, i + 0.5
                sx, sy = px, py
                cover, label = 1.0, 0
                if cuts[n, CUT_A] * px + cuts[n, CUT_B] * py > cuts[n, CUT_C]:
                    sx += cuts[n, MOVE_X]
                    sy += cuts[n, MOVE_Y]
                    if cuts[n, MOVE_X] == 0.0 and cuts[n, MOVE_Y] == 0.0:
                        cover = 0.0
                x = maps[n, 0, 0] * sx + maps[n, 0, 1] * sy + maps[n, 0, 2]
                y = maps[n, 1, 0] * sx + maps[n, 1, 1] * sy + maps[n, 1, 2]
                if alone[n] == 2 or not (0.0 <= x < width and 0.0 <= y < height):
                    cover = 0.0
                elif cover > 0.0 and alone[n] == 1:
                    cover = _cover(parts, n, x, y)
                for c in range(3):
                    colour[c] = 0.0
                if cover > 0.0:
                    label = parts[n, int(y), int(x)]
                    wide = taps(x, widths[n], width, columns, across)
                    high = taps(y, widths[n], height, rows, down)
                    for k in range(high):
                        for m in range(wide):
                            weight = down[k] * across[m]
                            for c in range(3):
                                colour[c] += weight * pixels[n, rows[k], columns[m], c]
                if cover < 1.0:
                    for c in range(3):
                        behind = _ground(grounds, n, ground_maps, px, py, c)
                        colour[c] = cover * colour[c] + (1.0 - cover) * behind
                if cover < 0.5:
                    label = 0
                for t in range(occluders.shape[1]):
                    occluder = occluders[n, t]
                    if occluder[ACROSS] == 0.0:
                        continue
                    front = inside(occluder, px, py)
                    if front == 0.0:
                        continue
                    for c in range(3):
                        paint = occluder[RED + c]
                        if occluder[SHOWS] != 0.0:  # another place of the ground
                            paint = _ground(grounds, n, ground_maps, px + 61.0, py + 47.0, c)
                        colour[c] = (1.0 - front) * colour[c] + front * paint
                    if front >= 0.5:
                        label = 0
                labels[n, i, j] = label
                red, green, blue = colour[0], colour[1], colour[2]
                for c in range(3):
                    value = tints[n, c, 0] * red + tints[n, c, 1] * green + tints[n, c, 2] * blue
                    value = min(max(value + tints[n, c, 3], 0.0), 255.0)
                    out[n, i, j, c] = np.uint8(math.floor(value + 0.5))


@kernel
def covered(points, occluders, out):
    """For each of the points n k 2, whether one of the occluders n t OCCLUDER lies over it."""
    for n in range(len(points)):
        for k in range(points.shape[1]):
            out[n, k] = False
            for t in range(occluders.shape[1]):
                occluder = occluders[n, t]
                if (
                    occluder[ACROSS] > 0.0
                    and inside(occluder, points[n, k, 0], points[n, k, 1]) >= 0.5
                ):
                    out[n, k] = True
