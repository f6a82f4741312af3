"""Noise without a state: every value is a function of a position and a seed.

Compiled by numba. The painters (kernel_photo.py and its neighbours) call these per pixel.
"""

from __future__ import annotations

import math

from trombine.world.compiled import inner


@inner
def clamp(x: float, low: float, high: float) -> float:
    """x, held between low and high."""
    return min(max(x, low), high)


@inner
def ramp(low: float, high: float, x: float) -> float:
    """0 below low, 1 above high, smooth between (3t² - 2t³); low may be the larger one."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@inner
def mix(a: float, b: float, t: float) -> float:
    """a at t = 0, b at t = 1."""
    return a + (b - a) * t


@inner
def hash2(x: int, y: int, seed: int) -> float:
    """A number in [0, 1) for a lattice point."""
    h = (x * 374761393 + y * 668265263 + seed * 2147483647) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 2246822519) & 0xFFFFFFFF
    return (h ^ (h >> 15)) * (1.0 / 4294967296.0)


@inner
def noise1(x: float, seed: int) -> float:
    """Smooth noise of one coordinate, in [0, 1], one bump a unit."""
    i = math.floor(x)
    f = x - i
    f = f * f * (3.0 - 2.0 * f)
    n = int(i)
    a = hash2(n, 0, seed)
    return a + (hash2(n + 1, 0, seed) - a) * f


@inner
def noise2(x: float, y: float, seed: int) -> float:
    """Smooth noise of two coordinates, in [0, 1], one bump a unit."""
    i, j = math.floor(x), math.floor(y)
    f, g = x - i, y - j
    f = f * f * (3.0 - 2.0 * f)
    g = g * g * (3.0 - 2.0 * g)
    m, n = int(i), int(j)
    a, b = hash2(m, n, seed), hash2(m + 1, n, seed)
    c, d = hash2(m, n + 1, seed), hash2(m + 1, n + 1, seed)
    top = a + (b - a) * f
    return top + (c + (d - c) * f - top) * g


@inner
def soft2(x: float, y: float, seed: int) -> float:
    """noise2 on two lattices, one turned: for blots so large that one lattice would be seen."""
    return 0.5 * (noise2(x, y, seed) + noise2(0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y, seed + 29))


@inner
def fade(frequency: float, pixel: float) -> float:
    """How much of an octave survives a pixel of this width: 1, falling to 0 at Nyquist."""
    return clamp(2.0 - 4.0 * frequency * pixel, 0.0, 1.0)


@inner
def strands(x: float, y: float, pixel: float, seed: int) -> float:
    """Hair across the flow (x) in five octaves, slowly changing along it (y); about [-1, 1]."""
    total, weight, frequency = 0.0, 0.5, 5.0
    for octave in range(5):
        visible = fade(frequency, pixel)
        if visible > 0.0:
            n = noise2(x * frequency, y * (0.7 + 0.35 * octave), seed + octave)
            total += weight * visible * (2.0 * n - 1.0)
        frequency *= 2.3
        weight *= 0.86
    return total


@inner
def clouds(x: float, y: float, frequency: float, pixel: float, seed: int) -> float:
    """Four octaves of noise, each half as strong, faded at the pixel; about [-1, 1]."""
    total, weight = 0.0, 0.55
    for octave in range(4):
        visible = fade(frequency, pixel)
        if visible > 0.0:
            n = noise2(x * frequency, y * frequency, seed + 17 * octave)
            total += weight * visible * (2.0 * n - 1.0)
        frequency *= 2.1
        weight *= 0.5
    return total
