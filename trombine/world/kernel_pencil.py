"""Marks of a pencil: lines that press and let go, hatching by tone, the paper's tooth.

Compiled by numba. A mark is a darkness from 0 (paper) to 1 (graphite).
"""

from __future__ import annotations

import math

from trombine.world.compiled import inner
from trombine.world.kernel_noise import clamp, fade, hash2, noise1, noise2, ramp

HALF = 0.0105  # half width of a firm outline
G_SKIN, G_LIP, G_IRIS, G_HAIR, G_BROW, G_CLOTH, G_HAT, G_FRAME = range(8)


@inner
def over(a: float, b: float) -> float:
    """One mark over another."""
    return 1.0 - (1.0 - a) * (1.0 - b)


@inner
def tooth(across: float, down: float, step: float, seed: int) -> float:
    """The paper's grain in about [-1, 1]; across and down in picture sizes, step is a sample."""
    total = 0.0
    for octave in range(2):
        rate = 230.0 * 2.0**octave
        seen = fade(rate, step)
        if seen > 0.0:
            total += seen * (2.0 * noise2(across * rate, down * rate, seed + octave) - 1.0)
    return 0.8 * total


@inner
def line(d: float, half: float, pixel: float) -> float:
    """A soft line at the distance d; one thinner than the pixel pales."""
    wide = max(half, 0.55 * pixel)
    t = max(0.0, 1.0 - (d / (1.9 * wide)) ** 2)
    return t * t * min(1.0, half / wide)


@inner
def contour(d: float, x: float, y: float, half: float, pixel: float, seed: int) -> float:
    """An outline as it is drawn: once firmly, pressing more and less, and once more, searching."""
    if abs(d) > 0.05 + 2.0 * pixel:
        return 0.0
    sway = noise2(x * 2.6, y * 2.6, seed) - 0.5
    press = noise2(x * 1.9 + 7.0, y * 1.9, seed + 1)
    dark = (0.5 + 0.5 * press) * line(d + 0.012 * sway, half * (0.55 + 0.9 * press), pixel)
    stray = noise2(x * 1.4 + 3.0, y * 1.4, seed + 2)
    again = 0.45 * ramp(0.35, 0.75, noise2(x * 1.7, y * 1.7 + 5.0, seed + 3))
    return max(dark, again * line(d + 0.04 * (stray - 0.5), 0.6 * half, pixel))


@inner
def strokes(
    s: float, t: float, rate: float, long: float, tone: float, pixel: float, seed: int
) -> float:
    """Strokes along t, up to `rate` of them in a unit of s, where and as dark as `tone` asks.

    Each stroke is a piece of its own: it begins, presses, ends, and sways a little. The pencil's
    point is as wide on a small paper as on a large one: there is never more than one stroke in
    3 pixels.
    """
    if tone <= 0.02:
        return 0.0
    rate = min(rate, 0.33 / pixel)
    at = s * rate + 0.6 * (noise1(t * 2.1, seed + 1) - 0.5)
    i = math.floor(at)
    along = t / long + 5.0 * hash2(i, 1, seed)
    j = math.floor(along)
    f = along - j
    off = at - i - 0.5 + 0.5 * (hash2(i, j, seed + 2) - 0.5)
    off += 0.9 * (hash2(i, j, seed + 4) - 0.5) * (f - 0.5)
    press = tone * 1.5 - 0.75 * hash2(i, j, seed + 3)
    press = clamp(press, 0.0, 1.0) * min(1.0, 5.0 * min(f, 1.0 - f))
    wide = 0.17 + 0.17 * press
    mark = max(0.0, 1.0 - (off / (1.6 * wide)) ** 2)
    return 0.95 * press * mark


@inner
def finer(rate: float, pixel: float) -> float:
    """How much of a layer of finer strokes a paper of this size has room for."""
    return clamp(0.43 / (rate * pixel) - 0.5, 0.0, 1.0)


@inner
def hatching(x: float, y: float, tone: float, pixel: float, seed: int) -> float:
    """Shade of this tone: strokes one way, a second way over them, and a third in the dark."""
    if tone <= 0.02:
        return 0.0
    keep = 1.0 - strokes(
        0.766 * x + 0.643 * y, 0.766 * y - 0.643 * x, 38.0, 0.6, min(tone, 0.75), pixel, seed
    )
    if tone > 0.3:
        more = 0.9 * (tone - 0.3)
        keep *= 1.0 - strokes(
            0.94 * x + 0.342 * y, 0.94 * y - 0.342 * x, 42.0, 0.42, more, pixel, seed + 10
        )
    if tone > 0.55:
        more = 1.1 * (tone - 0.55)
        keep *= 1.0 - strokes(
            0.5 * x - 0.866 * y, 0.5 * y + 0.866 * x, 40.0, 0.36, more, pixel, seed + 20
        )
    return 1.0 - keep * (1.0 - 0.18 * tone)
