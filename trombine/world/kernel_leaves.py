"""Dead leaves, compiled: outlines, patterns, and the loop that lays shapes, nearest first.

Edges are drawn by their distance: a shape covers the share of a pixel that its outline leaves
inside, and what is finer than a pixel fades to its mean, so nothing is drawn larger and shrunk.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from trombine.world.compiled import kernel

LATTICE = 128  # the noise repeats after so many cells; a power of 2
MASK = LATTICE - 1
OCTAVES = 6
FULL = 0.004  # a pixel with less than this share open is closed by the next shape
GAP = 0.7  # of cells: the mean share of the gaps between them, by the duty; measured

# A record's `kind`, and what its p0, p1 and p2 are.
BLOB = 0  # an ellipse whose radius waves: amplitudes of 2, 3 and 5 waves
BOX = 1  # radius of the corners
LEAF = 2  # pointed at both ends; bend (1 / length)
STROKE = 3  # a line with round ends; bend, taper

# Its `pattern`: a mix of two colours, of cells with a tone of each.
PLAIN = 0
CLOUDS = 1  # noise cut at a level, softly or sharply
STRIPES = 2
CHECKS = 3
GRID = 4
CELLS = 5  # pebbles, scales, cracks: Voronoi cells

Edge = tuple[float, float, float, float]  # distance, negative inside; where it grows; thickness


class Planes(NamedTuple):
    """The picture while it is drawn, size x size each, and the noise's lattice."""

    light: np.ndarray  # x 3, float32, linear
    free: np.ndarray  # the share of each pixel that is still open
    shade: np.ndarray  # how much light reaches what is drawn next
    lattice: np.ndarray  # LATTICE x LATTICE x 3 float32: a gradient, and a tone in [0, 1)


@kernel
def clip(x: float) -> float:
    """x, but from 0 to 1."""
    return min(max(x, 0.0), 1.0)


# ---------------------------------------------------------------------------------------------
# Outlines, at a point of the shape's own axes: u along, v across


@kernel
def box(u: float, v: float, a: float, b: float, r: float) -> Edge:
    """A rectangle with corners of radius r."""
    p, q = abs(u) - (a - r), abs(v) - (b - r)
    su, sv = math.copysign(1.0, u), math.copysign(1.0, v)
    if p > 0 and q > 0:
        away = math.sqrt(p * p + q * q)
        return away - r, su * p / away, sv * q / away, min(a, b)
    if p > q:
        return p - r, su, 0.0, a
    return q - r, 0.0, sv, b


@kernel
def line(u: float, v: float, s: np.record) -> Edge:
    """About a parabola: a leaf, or a stroke that is thinner towards u = a."""
    slope, at = 2 * s.p0 * u, u / s.a
    long = math.sqrt(1 + slope * slope)
    t, past = (v - s.p0 * (u * u - s.a * s.a / 2)) / long, abs(u) - s.a
    wide, fall = s.b * (1 - s.p1 * clip(0.5 + 0.5 * at) ** 2), 0.0
    if s.kind == LEAF:
        wide, fall = s.b * (1 - at * at), -2 * s.b * at / s.a
    if past > 0 and s.kind == STROKE:
        away = math.sqrt(t * t + past * past)
        gu, gv = (math.copysign(past, u) - t * slope / long) / away, t / long / away
        return away - wide, gu, gv, wide
    side, steep = math.copysign(1.0, t), math.sqrt(1 + fall * fall)
    gu, gv = -side * slope / long - fall, side / long
    return (abs(t) - wide) / steep, gu / steep, gv / steep, max(wide, 0.0) / steep


@kernel
def blob(u: float, v: float, s: np.record) -> Edge:
    """To first order: f / |grad f| of f = |(u / a, v / b)| - radius(angle)."""
    p, q = u / s.a, v / s.b
    k = math.sqrt(p * p + q * q)
    if k < 1e-6:
        return -s.b, 0.0, 0.0, s.b
    c1, s1 = p / k, q / k
    c2, s2 = c1 * c1 - s1 * s1, 2 * c1 * s1
    c3, s3 = c2 * c1 - s2 * s1, s2 * c1 + c2 * s1
    c5, s5 = c3 * c2 - s3 * s2, s3 * c2 + c3 * s2
    radius = 1 + s.p0 * s2 + s.p1 * c3 + s.p2 * s5
    # Inside, the waves' slope fades: at the centre it would have no bound.
    turn = (2 * s.p0 * c2 - 3 * s.p1 * s3 + 5 * s.p2 * c5) * min(1 / k, k / 0.5)
    gu, gv = (c1 + s1 * turn) / s.a, (s1 - c1 * turn) / s.b
    steep = math.sqrt(gu * gu + gv * gv)
    return (k - radius) / steep, gu / steep, gv / steep, min(s.a, s.b)


@kernel
def outline(s: np.record, u: float, v: float) -> Edge:
    """Distance, its direction and half the thickness of shape s at (u, v) of its own axes."""
    if s.kind == BOX:
        return box(u, v, s.a, s.b, s.p0)
    if s.kind == BLOB:
        return blob(u, v, s)
    return line(u, v, s)


@kernel
def reach(s: np.record, margin: float) -> tuple[float, float]:
    """How far shape s and a margin round it extend along and across from its centre."""
    if s.kind == BLOB:
        waves = 1 + abs(s.p0) + abs(s.p1) + abs(s.p2)
        return s.a * waves + margin, s.b * waves + margin
    if s.kind == BOX:
        return s.a + margin, s.b + margin
    along = s.a + s.b + margin
    steep = math.sqrt(1 + 4 * s.p0 * s.p0 * along * along)  # margins are square to the line
    bow = abs(s.p0) * max(along * along - s.a * s.a / 2, s.a * s.a / 2)
    return along, bow + (s.b + margin) * steep


@kernel
def beyond(x: float, wide: float, narrow: float) -> float:
    """Share of a unit square on the far side of a line x from its middle, on the near side if < 0.

    wide and narrow: the absolute components of the line's normal, the larger first.
    """
    far, flat, away = 0.5 * (wide + narrow), 0.5 * (wide - narrow), abs(x)
    if away >= far:
        part = 0.5
    elif away <= flat:
        part = away / wide
    else:
        part = 0.5 - (far - away) * (far - away) / (2 * wide * narrow)
    return 0.5 - math.copysign(part, x)


@kernel
def soften(x: float) -> float:
    """The same for a disc of diameter 1, nearly: what an edge out of focus looks like."""
    t = clip(0.5 - x)
    return t * t * (3 - 2 * t)


@kernel
def share(s: np.record, edge: Edge, ramp: float, soft: bool) -> float:
    """What share of a pixel, or of a disc out of focus, as wide as `ramp`, a shape covers.

    Its two sides are taken for parallel lines: the one at the edge, and one the thickness away.
    """
    d, gu, gv, thick = edge
    near, back = d / ramp, (max(d, -thick) + 2 * thick) / ramp
    if near > 0.71:
        return 0.0
    if soft:
        return soften(near) - soften(back)
    nx, ny = abs(gu * s.cos - gv * s.sin), abs(gu * s.sin + gv * s.cos)
    wide, narrow = max(nx, ny, 0.5), min(nx, ny)
    return beyond(near, wide, narrow) - beyond(back, wide, narrow)


# ---------------------------------------------------------------------------------------------
# Surfaces. `foot` is what one pixel spans: what is finer fades to its mean.


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
def cells(
    lattice: np.ndarray, p: float, q: float, s: np.record, foot: float
) -> tuple[float, float]:
    """Voronoi cells with gaps, each domed and with a tone of its own."""
    i, j = math.floor(p), math.floor(q)
    first, second, tone = 9.0, 9.0, 0.0
    for dj in range(-1, 2):
        for di in range(-1, 2):
            spot = lattice[(int(j) + dj) & MASK, (int(i) + di) & MASK]
            x = i + di + 0.05 + 0.9 * clip(spot[0] / 8 + 0.5) - p
            y = j + dj + 0.05 + 0.9 * clip(spot[1] / 8 + 0.5) - q
            away = x * x + y * y
            if away < first:
                first, second, tone = away, first, spot[2] - 0.5
            elif away < second:
                second = away
    first, second, near = math.sqrt(first), math.sqrt(second), clip(2 - 2 * foot)
    gap = clip(0.5 + (0.3 * s.duty - (second - first)) / (2 * foot))
    tone = s.tone * (1.6 * tone + 0.5 - first)
    return near * gap + (1 - near) * GAP * s.duty, near * tone


@kernel
def pattern(
    lattice: np.ndarray, u: float, v: float, s: np.record, foot: float
) -> tuple[float, float]:
    """The share of the second colour at (u, v) of the shape's axes, and the tone there."""
    p, q = s.rate * u / s.stretch + s.tex_x, s.rate * v + s.tex_y
    foot *= s.rate
    if s.warp > 0:
        x, y = 0.3 * p, 0.3 * q
        n, m = noise(lattice, x, y), noise(lattice, x + 31.7, y + 11.3)
        p, q, foot = p + s.warp * n / s.stretch, q + s.warp * m, foot * (1 + 0.3 * s.warp)
    if s.pattern == CLOUDS:
        return clouds(lattice, p, q, s, foot), 0.0
    if s.pattern == CELLS:
        return cells(lattice, p, q, s, foot)
    fine = max(1.25 * foot, s.fuzz)
    rows = bands(q, s.duty, fine)
    if s.pattern == STRIPES:
        return rows, 0.0
    columns = bands(p, s.duty, max(1.25 * foot / s.stretch, s.fuzz))
    if s.pattern == CHECKS:
        return rows + columns - 2 * rows * columns, 0.0
    return 1 - (1 - rows) * (1 - columns), 0.0


@kernel
def lit(s: np.record, lamp: np.ndarray, edge: Edge, foot: float) -> tuple[float, float]:
    """Brightness and highlight of a rim that is rounded over the bevel."""
    d, gu, gv, thick = edge
    thick += 1e-9
    lean = clip(1 + d / min(s.bevel, thick))
    lean *= lean * min(0.98, 0.6 + 0.4 * s.bevel / thick)  # a thin rim leans less
    nx, ny = lean * (gu * s.cos - gv * s.sin), lean * (gu * s.sin + gv * s.cos)
    nz = math.sqrt(max(1 - lean * lean, 0.0))
    facing = max((nx * lamp[0] + ny * lamp[1] + nz * lamp[2]) / lamp[2], 0.0)
    half = max((nx * lamp[0] + ny * lamp[1] + nz * (1 + lamp[2])) / math.sqrt(2 + 2 * lamp[2]), 0.0)
    seen = min(s.bevel, thick) / foot  # a rim thinner than a pixel shows no sides
    bright = facing - 1 + (1 - clip(0.7 * seen - 0.2)) * (0.85 - facing)  # .85: its mean, about
    return 1 + s.relief * bright, s.gloss * clip(0.4 * seen - 0.3) * half**32


# ---------------------------------------------------------------------------------------------
# The loop


@kernel
def put(
    s: np.record, planes: Planes, lamp: np.ndarray, j: int, i: int, at: tuple[float, float],
    edge: Edge, covered: float, foot: float,
) -> int:  # fmt: skip
    """Lay what shape s shows at a point of its axes on what is free of a pixel; 1: it is full."""
    u, v = at
    t, tone, shine, lattice = 0.0, 0.0, 0.0, planes.lattice
    if s.pattern != PLAIN:
        t, tone = pattern(lattice, u, v, s, foot)
        if s.cut != 0:
            t, covered = 0.0, covered * (1 - t)
    if s.mottle > 0:
        x, y = u * s.mottle_rate / s.mottle_stretch - s.tex_y, v * s.mottle_rate + s.tex_x
        tone += s.mottle * octaves(lattice, x, y, foot * s.mottle_rate, s.mottle_gain)
    p, q = min(max(u / s.a, -1.0), 1.0), min(max(v / s.b, -1.0), 1.0)
    bright = math.exp(min(tone, 1.2)) * max(1 + s.slope_u * p + s.slope_v * q, 0.1)
    if s.relief > 0:
        round_off, shine = lit(s, lamp, edge, foot)
        bright *= round_off
    weight, full = planes.free[j, i] * covered, 0
    if planes.free[j, i] - weight < FULL:
        weight, full = planes.free[j, i], 1
    planes.free[j, i] -= weight
    weight, t = weight * planes.shade[j, i], clip(t)
    planes.light[j, i, 0] += weight * (bright * (s.r0 + t * (s.r1 - s.r0)) + shine)
    planes.light[j, i, 1] += weight * (bright * (s.g0 + t * (s.g1 - s.g0)) + shine)
    planes.light[j, i, 2] += weight * (bright * (s.b0 + t * (s.b1 - s.b0)) + shine)
    return full


@kernel
def columns(
    s: np.record, x: float, dy: float, far: float, wide: float, size: int
) -> tuple[int, int]:
    """Of the row dy below the centre at x, the columns within far along and wide across."""
    low, high = -4.0, 4.0
    if abs(s.cos) > 1e-4:
        one, other = (-far - dy * s.sin) / s.cos, (far - dy * s.sin) / s.cos
        low, high = max(low, min(one, other)), min(high, max(one, other))
    if abs(s.sin) > 1e-4:
        one, other = (dy * s.cos - wide) / s.sin, (dy * s.cos + wide) / s.sin
        low, high = max(low, min(one, other)), min(high, max(one, other))
    first, last = math.ceil((x + low) * size - 0.5), math.floor((x + high) * size - 0.5)
    return max(int(first), 0), min(int(last), size - 1) + 1


@kernel
def lay(s: np.record, planes: Planes, lamp: np.ndarray, cast: bool) -> int:
    """Put shape s under what lies there already, or cast its shadow on what is yet to come;
    return how many pixels became full."""
    size, full = planes.free.shape[0], 0
    px, blur = 1.0 / size, s.spread if cast else s.soft
    ramp, soft = math.sqrt(px * px + blur * blur), blur > 1.7 * px
    along, across = reach(s, 0.71 * ramp)
    faint = min(1.0, 2 * s.a / ramp)
    x, y = (s.x + s.drop_x, s.y + s.drop_y) if cast else (s.x, s.y)
    tall = abs(s.sin) * along + abs(s.cos) * across
    first, last = math.ceil((y - tall) * size - 0.5), math.floor((y + tall) * size - 0.5)
    for j in range(max(int(first), 0), min(int(last), size - 1) + 1):
        dy = (j + 0.5) * px - y
        left, right = columns(s, x, dy, along, across, size)
        for i in range(left, right):
            if planes.free[j, i] <= 0:
                continue
            dx = (i + 0.5) * px - x
            u, v = dx * s.cos + dy * s.sin, dy * s.cos - dx * s.sin
            edge = outline(s, u, v)
            covered = share(s, edge, ramp, soft)
            if covered <= 0:
                continue
            if cast:
                planes.shade[j, i] *= 1 - s.shadow * covered
            else:
                full += put(s, planes, lamp, j, i, (u, v), edge, faint * covered, ramp)
    return full


@kernel
def paint(shapes: np.ndarray, planes: Planes, lamp: np.ndarray) -> None:
    """Draw shapes, nearest first, until every pixel is full."""
    left = planes.free.size
    for n in range(len(shapes)):
        left -= lay(shapes[n], planes, lamp, False)
        if left <= 0:
            break
        if shapes[n].shadow > 0:
            lay(shapes[n], planes, lamp, True)
