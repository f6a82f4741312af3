"""What leaves' shapes are covered with, compiled: noise, stripes, checks, weave, cells, letters.

`foot` is what one pixel spans in cells of the pattern: what is finer fades to its mean.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world import leaves_terms as terms
from trombine.world.compiled import kernel
from trombine.world.kernel_leaves_outlines import clip
from trombine.world.leaves_terms import Tables

MASK = terms.LATTICE - 1
OCTAVES = 6
# Measured means, which patterns finer than a pixel fade to: the share of ink in a line of text, by
# half the width of a pen; that of the gaps between cells, by the duty; that of dots, by
# its square.
INK, GAP, DOT = 2.65, 0.7, 0.52


@kernel
def noise(lattice: np.ndarray, x: float, y: float) -> float:
    """Perlin's gradient noise, mean 0, standard deviation about 1."""
    left, top = math.floor(x), math.floor(y)
    tx, ty = x - left, y - top
    i, j = int(left) & MASK, int(top) & MASK
    k, m = (i + 1) & MASK, (j + 1) & MASK
    sx = tx * tx * tx * (tx * (tx * 6 - 15) + 10)
    sy = ty * ty * ty * (ty * (ty * 6 - 15) + 10)
    n00 = lattice[j, i, 0] * tx + lattice[j, i, 1] * ty
    n10 = lattice[j, k, 0] * (tx - 1) + lattice[j, k, 1] * ty
    n01 = lattice[m, i, 0] * tx + lattice[m, i, 1] * (ty - 1)
    n11 = lattice[m, k, 0] * (tx - 1) + lattice[m, k, 1] * (ty - 1)
    upper = n00 + sx * (n10 - n00)
    return upper + sy * (n01 + sx * (n11 - n01) - upper)


@kernel
def steep_noise(lattice: np.ndarray, x: float, y: float) -> tuple[float, float, float]:
    """The same noise, and how it rises along x and along y."""
    left, top = math.floor(x), math.floor(y)
    tx, ty = x - left, y - top
    i, j = int(left) & MASK, int(top) & MASK
    k, m = (i + 1) & MASK, (j + 1) & MASK
    a, b, c, d = lattice[j, i], lattice[j, k], lattice[m, i], lattice[m, k]
    sx = tx * tx * tx * (tx * (tx * 6 - 15) + 10)
    sy = ty * ty * ty * (ty * (ty * 6 - 15) + 10)
    rx, ry = 30 * tx * tx * (tx - 1) * (tx - 1), 30 * ty * ty * (ty - 1) * (ty - 1)
    n00, n10 = a[0] * tx + a[1] * ty, b[0] * (tx - 1) + b[1] * ty
    n01, n11 = c[0] * tx + c[1] * (ty - 1), d[0] * (tx - 1) + d[1] * (ty - 1)
    upper, lower = n00 + sx * (n10 - n00), n01 + sx * (n11 - n01)
    gx, hx = a[0] + sx * (b[0] - a[0]) + rx * (n10 - n00), c[0] + sx * (d[0] - c[0])
    hx += rx * (n11 - n01)
    gy, hy = a[1] + sx * (b[1] - a[1]), c[1] + sx * (d[1] - c[1])
    rise_y = gy + sy * (hy - gy) + ry * (lower - upper)
    return upper + sy * (lower - upper), gx + sy * (hx - gx), rise_y


@kernel
def octaves(lattice: np.ndarray, x: float, y: float, foot: float, gain: float) -> float:
    """Noise at doubling rates, each octave `gain` times the last; foot: a pixel, in cells."""
    total, strength = 0.0, 1.0
    for _ in range(OCTAVES):
        seen = clip(2 - foot / 0.35)
        if seen <= 0:
            break
        total += strength * seen * noise(lattice, x, y)
        strength *= gain
        foot *= 2
        x, y = 1.6 * x - 1.2 * y + 17.3, 1.2 * x + 1.6 * y + 41.9  # turned by 37 degrees
    return total


@kernel
def filled(x: float, duty: float) -> float:
    """How much of [0, x] lies in the first colour, which has the middle `duty` of each period."""
    whole = math.floor(x)
    return whole * duty + min(max(x - whole - 0.5 * (1 - duty), 0.0), duty)


@kernel
def bands(x: float, duty: float, foot: float) -> float:
    """The share of the second colour in [x - foot / 2, x + foot / 2]; its mean where foot > 1."""
    t = 1 - (filled(x + 0.5 * foot, duty) - filled(x - 0.5 * foot, duty)) / foot
    return t + clip(2 * foot - 1.4) * (1 - duty - t)


@kernel
def clouds(lattice: np.ndarray, p: float, q: float, s: np.record, foot: float) -> float:
    """Where noise of several octaves is above a level."""
    level, seen = 3 * (s.duty - 0.5), clip(2 - foot / 0.35)
    n = octaves(lattice, p, q, foot, 0.6) + level
    t = clip(0.5 + n / max(3 * foot, 3 * s.fuzz))
    return t + (1 - seen) * (clip(0.5 + 0.32 * level) - t)


@kernel
def veins(lattice: np.ndarray, p: float, q: float, s: np.record, foot: float) -> float:
    """Where noise of several octaves is near 0; a vein thinner than a pixel is fainter."""
    wide, seen = 0.1 + s.fuzz, clip(2 - foot / 0.35)
    n = octaves(lattice, p, q, foot, 0.5)
    t = clip(1.2 - abs(n) / (wide + foot)) * wide / (wide + foot)
    return t + (1 - seen) * (0.45 * wide - t)


@kernel
def dots(lattice: np.ndarray, p: float, q: float, s: np.record, foot: float) -> tuple[float, float]:
    """A disc in each cell, off its middle by as much as its radius leaves room."""
    i, j = math.floor(p), math.floor(q)
    li, lj = int(i) & MASK, int(j) & MASK
    r = s.duty * (0.3 + 0.2 * lattice[lj, li, 2])
    room = s.tone * (0.5 - r)
    x = p - i - 0.5 - room * clip(lattice[lj, li, 0] / 8 + 0.5) * 2 + room
    y = q - j - 0.5 - room * clip(lattice[lj, li, 1] / 8 + 0.5) * 2 + room
    t = clip(0.5 + (r - math.sqrt(x * x + y * y)) / foot)
    far = clip(2 * foot - 1)
    return t + far * (DOT * s.duty * s.duty - t), 0.0


@kernel
def cells(
    lattice: np.ndarray, p: float, q: float, s: np.record, foot: float
) -> tuple[float, float]:
    """Voronoi cells with gaps, each domed and with a tone of its own."""
    i, j = math.floor(p), math.floor(q)
    first, second, tone = 9.0, 9.0, 0.0
    for dj in range(-1, 2):
        for di in range(-1, 2):
            li, lj = (int(i) + di) & MASK, (int(j) + dj) & MASK
            x = i + di + 0.5 + 0.45 * clip(lattice[lj, li, 0] / 8 + 0.5) * 2 - 0.45 - p
            y = j + dj + 0.5 + 0.45 * clip(lattice[lj, li, 1] / 8 + 0.5) * 2 - 0.45 - q
            away = x * x + y * y
            if away < first:
                first, second, tone = away, first, lattice[lj, li, 2] - 0.5
            elif away < second:
                second = away
    first, second = math.sqrt(first), math.sqrt(second)
    near = clip(2 - 2 * foot)
    gap = clip(0.5 + (0.3 * s.duty - (second - first)) / (2 * foot))
    tone = s.tone * (1.6 * tone + 0.5 - first)
    return near * gap + (1 - near) * GAP * s.duty, near * tone


@kernel
def bricks(
    lattice: np.ndarray, p: float, q: float, s: np.record, foot: float
) -> tuple[float, float]:
    """Cells in rows, every other row shifted by chirp, each with a tone, joints between."""
    j = math.floor(q)
    p += s.chirp * (int(j) & 1)
    i = math.floor(p)
    joint, filled = 0.5 * (1 - s.duty), s.duty * (1 - (1 - s.duty) / s.stretch)
    edge = max(abs(p - i - 0.5) * s.stretch, abs(q - j - 0.5) + (s.stretch - 1) * 0.5)
    t = clip(0.5 + (edge - 0.5 * s.stretch + joint) / foot)
    near = clip(2 - 2 * foot)
    tone = s.tone * (lattice[int(j) & MASK, int(i) & MASK, 2] - 0.5)
    return near * t + (1 - near) * (1 - filled), near * tone * 2


@kernel
def weave(
    lattice: np.ndarray, p: float, q: float, s: np.record, foot: float
) -> tuple[float, float]:
    """Threads over and under one another; every `duty`-th thread may have the second colour."""
    i, j = math.floor(p), math.floor(q)
    over = ((int(i) + int(j)) & 1) == 0
    across, thread = (p - i, int(i)) if over else (q - j, int(j) + 64)
    along = q - j if over else p - i
    t = 1.0 if lattice[thread & MASK, 7, 2] > s.duty else 0.0
    lean = 1 - 4 * (across - 0.5) * (across - 0.5) - 2 * (along - 0.5) * (along - 0.5)
    near = clip(2 - 2.5 * foot)
    return near * t + (1 - near) * (1 - s.duty), near * s.tone * (lean - 0.5)


@kernel
def text(tables: Tables, p: float, q: float, s: np.record, foot: float) -> float:
    """Lines of letters: 1 on ink. A sign is looked up by its cell; see leaves_letters.py."""
    i, j = math.floor(p), math.floor(q)
    li, lj = int(i) & MASK, int(j) & MASK
    pick, half = tables.lattice[lj, li, 2], 0.02 + 0.09 * (1 - s.duty)
    if pick < 0.15 or tables.lattice[lj, 11, 2] < 0.1:
        return clip(2 * foot - 1) * INK * half
    signs = tables.letters[int(pick * 997.0) % len(tables.letters)]
    x, y = (p - i - 0.5) * s.stretch, q - j - 0.5
    best, k = 9.0, 0
    while signs > 0:
        if signs & 1:
            best = min(best, pen(tables.strokes[k], x, y))
        signs >>= 1
        k += 1
    ink = clip(0.5 + (half - best) / foot) - clip(0.5 - (half + best) / foot)
    far = clip(2 * foot - 1)
    return ink + far * (INK * half - ink)


@kernel
def pen(row: np.ndarray, x: float, y: float) -> float:
    """Distance to one stroke of leaves_letters.STROKES."""
    x0, y0, x1, y1, r = row[1], row[2], row[3], row[4], row[5]
    dx, dy = x - x0, y - y0
    if row[0] == 0:
        ex, ey = x1 - x0, y1 - y0
        h = clip((dx * ex + dy * ey) / (ex * ex + ey * ey))
        dx, dy = dx - h * ex, dy - h * ey
        return math.sqrt(dx * dx + dy * dy)
    if row[0] == 1 or dx * x1 + dy * y1 >= 0:
        return abs(math.sqrt(dx * dx + dy * dy) - r)
    dx, dy = abs(dx) - r * abs(y1), abs(dy) - r * abs(x1)
    return math.sqrt(dx * dx + dy * dy)


@kernel
def locate(
    tables: Tables, u: float, v: float, s: np.record, foot: float
) -> tuple[float, float, float, float]:
    """Where (u, v) of the shape's axes lies in its pattern, in cells, and what a pixel spans there.

    Turned, tilted and warped; the third and fourth numbers are the pixel's spans along and across.
    """
    p, q = u * s.tex_cos + v * s.tex_sin, v * s.tex_cos - u * s.tex_sin
    along, across = foot, foot
    if s.tilt != 0:
        z = 1 / max(1 + s.tilt * q / s.a, 0.2)
        lean = p * z * s.tilt / s.a
        p, q = p * z, q * z
        along, across = foot * z * math.sqrt(1 + lean * lean), foot * z * z
    p, q, along, across = p * s.rate, q * s.rate, along * s.rate, across * s.rate
    if s.warp > 0:
        x, y, far = 0.3 * p / s.stretch + s.tex_y, 0.3 * q + s.tex_x, 0.3 * s.warp
        n, nx, ny = steep_noise(tables.lattice, x, y)
        m, mx, my = steep_noise(tables.lattice, x + 31.7, y + 11.3)
        p, q = p + s.warp * n, q + s.warp * m
        nx, mx = nx * far / s.stretch, mx * far / s.stretch
        along, across = (
            math.hypot((1 + nx) * along, far * ny * across),
            math.hypot(mx * along, (1 + far * my) * across),
        )
    return p, q, along, across


@kernel
def lines(p: float, q: float, along: float, across: float, s: np.record) -> float:
    """Stripes, ripples or chevrons, whose rate may rise along."""
    wide, foot = s.rate * s.a, along
    if s.pattern == terms.RIPPLES:
        p, foot = math.hypot(p / s.stretch, q), max(along / s.stretch, across)
    elif s.pattern == terms.CHEVRONS:
        p, foot = p - abs(q), math.hypot(along, across)
    rise = 1 + s.chirp * p / wide
    p += 0.5 * s.chirp * p * p / wide + s.tex_x
    return bands(p, s.duty, max(1.25 * foot * abs(rise), s.fuzz))


@kernel
def pattern(tables: Tables, u: float, v: float, s: np.record, foot: float) -> tuple[float, float]:
    """The share of the second colour at (u, v) of the shape's axes, and the tone there."""
    kind, lattice = s.pattern, tables.lattice
    p, q, along, across = locate(tables, u, v, s, foot)
    if kind == terms.STRIPES or kind == terms.RIPPLES or kind == terms.CHEVRONS:
        return lines(p, q, along, across, s), 0.0
    p, q, along = p / s.stretch + s.tex_x, q + s.tex_y, along / s.stretch
    foot = max(along, across)
    if kind == terms.CLOUDS:
        return clouds(lattice, p, q, s, foot), 0.0
    if kind == terms.VEINS:
        return veins(lattice, p, q, s, foot), 0.0
    if kind == terms.WEAVE:
        return weave(lattice, p, q, s, foot)
    if kind == terms.CELLS:
        return cells(lattice, p, q, s, foot)
    along, across = max(1.25 * along, s.fuzz), max(1.25 * across, s.fuzz)
    if kind == terms.CHECKS:
        t, w = bands(p, 0.5, along), bands(q, 0.5, across)
        return t + w - 2 * t * w, 0.0
    if kind == terms.PLAID:
        return 0.5 * (bands(p, s.duty, along) + bands(q, s.duty, across)), 0.0
    if kind == terms.GRID:
        return 1 - (1 - bands(p, s.duty, along)) * (1 - bands(q, s.duty, across)), 0.0
    foot = max(along, across)
    if kind == terms.DOTS:
        return dots(lattice, p, q, s, foot)
    if kind == terms.BRICKS:
        return bricks(lattice, p, q, s, foot)
    return text(tables, p, q, s, foot), 0.0
