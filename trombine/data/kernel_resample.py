"""Pictures and parts through an affine map and a bend, each sample computed once: the loops of
augment.py.

Compiled by numba.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner, kernel


@inner
def reflected(i: int, n: int) -> int:
    """The sample that a picture of n samples, mirrored at its edges, has at place i."""
    if 0 <= i < n:
        return i
    i = i % (2 * n)
    return 2 * n - 1 - i if i >= n else i


@inner
def cubic(t: float) -> float:
    """Keys's cubic with a = -1/2, which MATLAB and Pillow call bicubic."""
    t = abs(t)
    if t < 1.0:
        return (1.5 * t - 2.5) * t * t + 1.0
    if t < 2.0:
        return ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    return 0.0


@inner
def taps(x: float, wide: float, n: int, places, weights) -> int:
    """The samples round x along one axis and their weights, which sum to 1; how many."""
    first = math.ceil(x - 0.5 - 2.0 * wide)
    last = math.floor(x - 0.5 + 2.0 * wide)
    count, total = 0, 0.0
    for i in range(first, last + 1):
        weight = cubic((i + 0.5 - x) / wide)
        if weight != 0.0:
            places[count] = reflected(i, n)
            weights[count] = weight
            total += weight
            count += 1
    for k in range(count):
        weights[k] /= total
    return count


@inner
def bent(bend, x: float, y: float, width: int, height: int) -> tuple[float, float]:
    """Where a place was before the bend, g x g x 2 over all of the picture, linear between."""
    last = len(bend) - 1
    if last < 1:
        return x, y
    across = min(max(x / width, 0.0), 1.0) * last
    down = min(max(y / height, 0.0), 1.0) * last
    j, i = min(int(across), last - 1), min(int(down), last - 1)
    right, low = across - j, down - i
    for axis in range(2):
        upper = (1 - right) * bend[i, j, axis] + right * bend[i, j + 1, axis]
        lower = (1 - right) * bend[i + 1, j, axis] + right * bend[i + 1, j + 1, axis]
        way = (1 - low) * upper + low * lower
        if axis == 0:
            x += way
        else:
            y += way
    return x, y


@kernel
def resample(pixels, maps, bends, widths, tints, out) -> None:
    """pixels n h w 3 to out, n k l 3.

    maps n 2 3: where in the old picture a place of the new one is, x and y in pixels; bends n g g
    2: then by how far a place of the old picture is away; 0 of g: nowhere. widths n: by how much
    the cubic is widened, above 1 where the picture shrinks. tints n 3 4: the new red, green and
    blue of the old ones and 1.
    """
    height, width = pixels.shape[1], pixels.shape[2]
    most = 5 + int(4.0 * widths.max())
    columns, rows = np.empty(most, np.int64), np.empty(most, np.int64)
    across, down = np.empty(most), np.empty(most)
    for n in range(len(pixels)):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                x = maps[n, 0, 0] * (j + 0.5) + maps[n, 0, 1] * (i + 0.5) + maps[n, 0, 2]
                y = maps[n, 1, 0] * (j + 0.5) + maps[n, 1, 1] * (i + 0.5) + maps[n, 1, 2]
                x, y = bent(bends[n], x, y, width, height)
                wide = taps(x, widths[n], width, columns, across)
                high = taps(y, widths[n], height, rows, down)
                red, green, blue = 0.0, 0.0, 0.0
                for k in range(high):
                    for m in range(wide):
                        weight = down[k] * across[m]
                        red += weight * pixels[n, rows[k], columns[m], 0]
                        green += weight * pixels[n, rows[k], columns[m], 1]
                        blue += weight * pixels[n, rows[k], columns[m], 2]
                for c in range(3):
                    value = tints[n, c, 0] * red + tints[n, c, 1] * green + tints[n, c, 2] * blue
                    value = min(max(value + tints[n, c, 3], 0.0), 255.0)
                    out[n, i, j, c] = np.uint8(math.floor(value + 0.5))


@kernel
def nearest(labels, maps, bends, out) -> None:
    """labels n h w to out n k l, each the label of the old pixel that its middle falls into."""
    height, width = labels.shape[1], labels.shape[2]
    for n in range(len(labels)):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                x = maps[n, 0, 0] * (j + 0.5) + maps[n, 0, 1] * (i + 0.5) + maps[n, 0, 2]
                y = maps[n, 1, 0] * (j + 0.5) + maps[n, 1, 1] * (i + 0.5) + maps[n, 1, 2]
                x, y = bent(bends[n], x, y, width, height)
                row = reflected(math.floor(y), height)
                out[n, i, j] = labels[n, row, reflected(math.floor(x), width)]
