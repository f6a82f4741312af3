"""Dead leaves, compiled: outlines, patterns, and the whole picture."""

from __future__ import annotations

import math

import numpy as np

from trombine.world import leaves_terms as terms
from trombine.world.compiled import kernel
from trombine.world.leaves_terms import Planes, Tables

# ---------------------------------------------------------------------------------------------
# Outlines of leaves' shapes, compiled: how far a point is from the edge, and which way.
#
# Each outline returns, for a point of the shape's own axes: the distance (negative inside), the
# direction in which it grows, along and across, and half the thickness of the shape there.


Edge = tuple[float, float, float, float]  # what an outline returns


@kernel
def clip(x: float) -> float:
    """x, but from 0 to 1."""
    return min(max(x, 0.0), 1.0)


@kernel
def ellipse(u: float, v: float, a: float, b: float) -> Edge:
    """To first order: f / |grad f| of f = |(u / a, v / b)| - 1."""
    p, q = u / a, v / b
    k0 = math.sqrt(p * p + q * q)
    if k0 < 1e-6:
        return -b, 0.0, 0.0, b
    p, q = p / a, q / b
    k1 = math.sqrt(p * p + q * q)
    return k0 * (k0 - 1) / k1, p / k1, q / k1, min(a, b)


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
def polygon(u: float, v: float, corners: np.ndarray, row: int, n: int, r: float) -> Edge:
    """The nearest point of the nearest edge; inside by counting the edges crossed."""
    best, bu, bv, side = 1e30, 0.0, 0.0, 1.0
    pu, pv = corners[row, n - 1, 0], corners[row, n - 1, 1]
    for i in range(n):
        cu, cv = corners[row, i, 0], corners[row, i, 1]
        eu, ev, wu, wv = pu - cu, pv - cv, u - cu, v - cv
        h = clip((wu * eu + wv * ev) / (eu * eu + ev * ev))
        du, dv = wu - eu * h, wv - ev * h
        near = du * du + dv * dv
        if near < best:
            best, bu, bv = near, du, dv
        if (cv > v) != (pv > v) and wu < eu * wv / ev:
            side = -side
        pu, pv = cu, cv
    away = math.sqrt(best) + 1e-9
    return side * away - r, side * bu / away, side * bv / away, 1.0


@kernel
def leaf(u: float, v: float, a: float, b: float, bend: float, skew: float) -> Edge:
    """Half as wide as b (1 - s²)(1 + skew s), s = u / a, about a parabola."""
    s = u / a
    lens, lean = 1 - s * s, 1 + skew * s
    across = v - bend * (u * u - a * a / 2)
    side = math.copysign(1.0, across)
    gu = -b * (skew * lens - 2 * s * lean) / a - side * 2 * bend * u
    long = math.sqrt(1 + gu * gu)
    wide = b * lens * lean
    return (abs(across) - wide) / long, gu / long, side / long, max(wide, 0.0) / long


@kernel
def stroke(u: float, v: float, a: float, b: float, bend: float, curl: float, taper: float) -> Edge:
    """A line about a cubic, round at the ends, thinner towards u = a."""
    across = v - bend * (u * u - a * a / 2) - curl * u * (u * u - a * a)
    slope = 2 * bend * u + curl * (3 * u * u - a * a)
    long = math.sqrt(1 + slope * slope)
    t, past = across / long, abs(u) - a
    along = clip(0.5 + 0.5 * u / a)
    wide = b * (1 - taper * along * along)
    if past <= 0:
        side = math.copysign(1.0, t)
        return abs(t) - wide, -side * slope / long, side / long, wide
    away = math.sqrt(t * t + past * past)
    gu, gv = (math.copysign(past, u) - t * slope / long) / away, t / long / away
    return away - wide, gu, gv, wide


@kernel
def blob(u: float, v: float, a: float, b: float, p0: float, p1: float, p2: float) -> Edge:
    """To first order: f / |grad f| of f = |(u / a, v / b)| - radius(angle)."""
    p, q = u / a, v / b
    k = math.sqrt(p * p + q * q)
    if k < 1e-6:
        return -b, 0.0, 0.0, b
    c1, s1 = p / k, q / k
    c2, s2 = c1 * c1 - s1 * s1, 2 * c1 * s1
    c3, s3 = c2 * c1 - s2 * s1, s2 * c1 + c2 * s1
    c5, s5 = c3 * c2 - s3 * s2, s3 * c2 + c3 * s2
    radius = 1 + p0 * s2 + p1 * c3 + p2 * s5
    # Inside, the waves' slope fades: at the centre it would have no bound.
    turn = (2 * p0 * c2 - 3 * p1 * s3 + 5 * p2 * c5) * min(1 / k, k / 0.5)
    gu, gv = (c1 + s1 * turn) / a, (s1 - c1 * turn) / b
    steep = math.sqrt(gu * gu + gv * gv)
    return (k - radius) / steep, gu / steep, gv / steep, min(a, b)


@kernel
def outline(s: np.record, corners: np.ndarray, u: float, v: float) -> Edge:
    """Distance, its direction and half the thickness of shape s at (u, v) of its own axes."""
    kind = s.kind
    if kind == terms.ELLIPSE:
        return ellipse(u, v, s.a, s.b)
    if kind == terms.BOX:
        return box(u, v, s.a, s.b, s.p0)
    if kind == terms.POLYGON:
        d, gu, gv, _ = polygon(u, v, corners, s.row, s.corners, s.p0)
        return d, gu, gv, s.b
    if kind == terms.LEAF:
        return leaf(u, v, s.a, s.b, s.p0, s.p1)
    if kind == terms.STROKE:
        return stroke(u, v, s.a, s.b, s.p0, s.p1, s.p2)
    if kind == terms.RING:
        d, gu, gv, _ = ellipse(u, v, s.a, s.b)
        half = 0.5 * s.p0 * s.b
        side = math.copysign(1.0, d + half)
        return abs(d + half) - half, side * gu, side * gv, half
    return blob(u, v, s.a, s.b, s.p0, s.p1, s.p2)


@kernel
def reach(s: np.record) -> tuple[float, float]:
    """How far shape s extends along and across from its centre, bends aside."""
    if s.kind == terms.POLYGON:
        return s.a, s.a
    if s.kind == terms.LEAF:
        return s.a, s.b * (1 + 0.5 * abs(s.p1))
    if s.kind == terms.STROKE:
        return s.a + s.b, s.b
    if s.kind == terms.BLOB:
        waves = 1 + abs(s.p0) + abs(s.p1) + abs(s.p2)
        return s.a * waves, s.b * waves
    return s.a, s.b


@kernel
def boxes(s: np.record, margin: float, out: np.ndarray) -> int:
    """Boxes along shape s's axes that hold it and a margin; return how many.

    Each row of out becomes a box: u from, to, v from, to. They do not overlap. A bent line gets
    several, each as narrow as its bend allows.
    """
    along, across = reach(s)
    along, across = along + margin, across + margin
    bend = s.p0 if s.kind == terms.STROKE or s.kind == terms.LEAF else 0.0
    curl = s.p1 if s.kind == terms.STROKE else 0.0
    bow = abs(bend) * along * along + abs(curl) * along * along * along
    count = min(1 + int(bow / across), len(out))
    step = 2 * along / count
    slack = (abs(bend) + 3 * abs(curl) * along) * step * step / 4  # of a chord, at most
    for k in range(count):
        u0, u1 = k * step - along, (k + 1) * step - along
        v0 = bend * (u0 * u0 - s.a * s.a / 2) + curl * u0 * (u0 * u0 - s.a * s.a)
        v1 = bend * (u1 * u1 - s.a * s.a / 2) + curl * u1 * (u1 * u1 - s.a * s.a)
        steep = math.sqrt(1 + ((v1 - v0) / step) ** 2) + slack / step  # margins are square to it
        out[k, 0], out[k, 1] = u0, u1
        out[k, 2] = min(v0, v1) - across * steep - slack
        out[k, 3] = max(v0, v1) + across * steep + slack
    return count


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
def share(s: np.record, edge: Edge, ramp: float, blurred: bool) -> float:
    """What share of a pixel, or of a disc out of focus, as wide as `ramp`, a shape covers.

    Its two sides are taken for parallel lines: the one at the edge, and one the thickness away.
    """
    d, gu, gv, thick = edge
    near, back = d / ramp, (max(d, -thick) + 2 * thick) / ramp
    if near > 0.71:
        return 0.0
    if blurred:
        return soften(near) - soften(back)
    nx, ny = abs(gu * s.cos - gv * s.sin), abs(gu * s.sin + gv * s.cos)
    wide, narrow = max(nx, ny, 0.5), min(nx, ny)
    return beyond(near, wide, narrow) - beyond(back, wide, narrow)


# ---------------------------------------------------------------------------------------------
# What leaves' shapes are covered with, compiled: noise, stripes, checks, weave, cells, letters.
#
# `foot` is what one pixel spans in cells of the pattern: what is finer fades to its mean.


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
    """Lines of letters: 1 on ink. A sign is looked up by its cell; see leaves_materials.py."""
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


# ---------------------------------------------------------------------------------------------
# The compiled loops that draw a leaves scene: nearest shape first, each pixel until it is full.
#
# Edges are drawn by their exact distance: a shape covers the share of a pixel that its outline
# leaves inside, and what is finer than a pixel fades to its mean, so nothing is drawn at a larger
# size and shrunk. leaves.py calls `paint` and `develop`; all else here serves them.


BOXES = 16  # at most, that hold one shape
FULL = 0.004  # a pixel with less than this share open is closed by the next shape


@kernel
def lit(s: np.record, lamp: np.ndarray, edge: Edge, foot: float) -> tuple[float, float]:
    """Brightness and highlight, at distance d from the edge, of a rim rounded over the bevel."""
    d, gu, gv, thick = edge
    thick += 1e-9
    lean = clip(1 + d / min(s.bevel, thick))
    lean *= lean * min(0.98, 0.6 + 0.4 * s.bevel / thick)  # a thin rim leans less
    nx, ny = lean * (gu * s.cos - gv * s.sin), lean * (gu * s.sin + gv * s.cos)
    nz = math.sqrt(max(1 - lean * lean, 0.0))
    facing = max((nx * lamp[0] + ny * lamp[1] + nz * lamp[2]) / lamp[2], 0.0)
    high, flat = sheen(nx, ny, nz, lamp), sheen(0.0, 0.0, 1.0, lamp)
    seen = min(s.bevel, thick) / foot  # a rim thinner than a pixel shows no sides
    bright = facing - 1 + (1 - clip(0.7 * seen - 0.2)) * (0.85 - facing)  # .85: its mean, about
    return 1 + s.relief * bright, s.gloss * (flat + clip(0.4 * seen - 0.3) * (high - flat))


@kernel
def sheen(nx: float, ny: float, nz: float, lamp: np.ndarray) -> float:
    """Blinn's highlight, to the 32nd power, of a normal; the viewer is straight above."""
    tall = math.sqrt(2 * (1 + lamp[2]))
    half = max((nx * lamp[0] + ny * lamp[1] + nz * (1 + lamp[2])) / tall, 0.0)
    half *= half
    half *= half
    half *= half
    half *= half
    return half * half


@kernel
def mottle(s: np.record, lattice: np.ndarray, u: float, v: float, foot: float) -> float:
    """The fine noise of shape s at (u, v) of its axes, in logarithms of brightness."""
    p, q = u * s.tex_cos + v * s.tex_sin, v * s.tex_cos - u * s.tex_sin
    x, y = p * s.mottle_rate / s.mottle_stretch - s.tex_y, q * s.mottle_rate + s.tex_x
    return s.mottle * octaves(lattice, x, y, foot * s.mottle_rate, s.mottle_gain)


@kernel
def surface(
    s: np.record, tables: Tables, u: float, v: float, edge: Edge, foot: float
) -> tuple[float, float, float, float]:
    """Red, green and blue that leave shape s at (u, v), and the share that is no hole there."""
    t, tone, solid, shine = 0.0, 0.0, 1.0, 0.0
    if s.pattern != terms.PLAIN:
        t, tone = pattern(tables, u, v, s, foot)
    if s.cut != 0:
        t, solid = 0.0, 1 - t
    if s.mottle > 0:
        tone += mottle(s, tables.lattice, u, v, foot)
    p, q = min(max(u / s.a, -1.0), 1.0), min(max(v / s.b, -1.0), 1.0)
    slope = 1 + s.slope_u * p + s.slope_v * q - s.hollow * (p * p + q * q)
    light = math.exp(min(tone, 1.2)) * max(slope, 0.1)
    if s.relief > 0:
        bright, shine = lit(s, tables.lamp, edge, foot)
        light *= bright
    t = clip(t) * s.contrast
    r, g, b = s.r0 + t * (s.r1 - s.r0), s.g0 + t * (s.g1 - s.g0), s.b0 + t * (s.b1 - s.b0)
    return r * light + shine, g * light + shine, b * light + shine, solid


@kernel
def within(centre: float, low: float, high: float, size: int) -> tuple[int, int]:
    """The first row or column with its middle in centre + [low, high], and past the last."""
    first = math.ceil((centre + low) * size - 0.5)
    last = math.floor((centre + high) * size - 0.5)
    return max(int(first), 0), min(int(last), size - 1) + 1


@kernel
def across_rows(s: np.record, y: float, box: np.ndarray, size: int) -> tuple[int, int]:
    """The rows of pixels that a box along shape s's axes crosses, its centre at y."""
    low = min(s.sin * box[0], s.sin * box[1]) + min(s.cos * box[2], s.cos * box[3])
    high = max(s.sin * box[0], s.sin * box[1]) + max(s.cos * box[2], s.cos * box[3])
    return within(y, low, high, size)


@kernel
def along_row(s: np.record, x: float, dy: float, box: np.ndarray, size: int) -> tuple[int, int]:
    """Of the row dy below the centre, the columns within a box along shape s's axes."""
    low, high = -4.0, 4.0
    if abs(s.cos) > 1e-4:
        one, other = (box[0] - dy * s.sin) / s.cos, (box[1] - dy * s.sin) / s.cos
        low, high = max(low, min(one, other)), min(high, max(one, other))
    if abs(s.sin) > 1e-4:
        one, other = (dy * s.cos - box[2]) / s.sin, (dy * s.cos - box[3]) / s.sin
        low, high = max(low, min(one, other)), min(high, max(one, other))
    return within(x, low, high, size)


@kernel
def add(planes: Planes, j: int, i: int, covered: float, r: float, g: float, b: float) -> int:
    """Lay a colour on what is free of a pixel; return 1 if that fills it."""
    weight, full = planes.free[j, i] * covered, 0
    if planes.free[j, i] - weight < FULL:
        weight, full = planes.free[j, i], 1
    planes.free[j, i] -= weight
    weight *= planes.shade[j, i]
    planes.red[j, i] += weight * r
    planes.green[j, i] += weight * g
    planes.blue[j, i] += weight * b
    return full


@kernel
def lay(s: np.record, tables: Tables, planes: Planes, room: np.ndarray) -> int:
    """Put shape s under what lies there already; return how many pixels became full."""
    free, lattice, size, full = planes.free, tables.lattice, planes.free.shape[0], 0
    px = 1.0 / size
    ramp = math.sqrt(px * px + s.soft * s.soft)
    blurred = s.soft > 1.7 * px
    steep = ramp * (1 + min(2 * s.rough * s.rough_rate, 0.8))  # noise steepens the distance
    margin, faint = 0.71 * steep + 2 * s.rough, min(1.0, 2 * reach(s)[0] / ramp)
    for k in range(boxes(s, margin, room)):
        first, last = across_rows(s, s.y, room[k], size)
        for j in range(first, last):
            dy = (j + 0.5) * px - s.y
            left, right = along_row(s, s.x, dy, room[k], size)
            for i in range(left, right):
                if free[j, i] <= 0:
                    continue
                dx = (i + 0.5) * px - s.x
                u, v = dx * s.cos + dy * s.sin, dy * s.cos - dx * s.sin
                if u < room[k, 0] or u >= room[k, 1]:  # rounding: the next box's
                    continue
                d, gu, gv, thick = outline(s, tables.corners, u, v)
                if s.rough > 0 and abs(d) < margin:
                    d += s.rough * ragged(s, lattice, u, v, ramp)
                edge = (d, gu, gv, thick)
                covered = faint * share(s, edge, steep, blurred)
                if covered > 0:
                    r, g, b, solid = surface(s, tables, u, v, edge, ramp)
                    full += add(planes, j, i, covered * solid, r, g, b)
    return full


@kernel
def ragged(s: np.record, lattice: np.ndarray, u: float, v: float, foot: float) -> float:
    """How far noise moves the outline of shape s at (u, v) of its axes, -2 to 2."""
    x, y = u * s.rough_rate + s.tex_x, v * s.rough_rate
    return min(max(octaves(lattice, x, y, foot * s.rough_rate, 0.7), -2.0), 2.0)


@kernel
def cast(s: np.record, corners: np.ndarray, planes: Planes, room: np.ndarray) -> None:
    """Darken what will be seen below shape s, where its soft shadow falls."""
    free, shade, size = planes.free, planes.shade, planes.free.shape[0]
    px = 1.0 / size
    ramp = math.sqrt(px * px + s.spread * s.spread)
    x, y = s.x + s.drop_x, s.y + s.drop_y
    for k in range(boxes(s, 0.5 * ramp, room)):
        first, last = across_rows(s, y, room[k], size)
        for j in range(first, last):
            dy = (j + 0.5) * px - y
            left, right = along_row(s, x, dy, room[k], size)
            for i in range(left, right):
                dx = (i + 0.5) * px - x
                u, v = dx * s.cos + dy * s.sin, dy * s.cos - dx * s.sin
                if free[j, i] > 0 and u >= room[k, 0] and u < room[k, 1]:
                    shade[j, i] *= 1 - s.shadow * share(s, outline(s, corners, u, v), ramp, True)


@kernel
def flood(tables: Tables, shade: np.ndarray) -> None:
    """The light before any shape stands in it: brighter and darker patches, soft or sharp."""
    size, glow = shade.shape[0], tables.glow
    for j in range(size):
        y = glow[1] * (j + 0.5) / size
        for i in range(size):
            x = glow[1] * (i + 0.5) / size + glow[3]
            n = glow[2] * (noise(tables.lattice, x, y) + 0.4 * noise(tables.lattice, 2 * y, 2 * x))
            shade[j, i] = math.exp(glow[0] * n / (1 + abs(n)))


@kernel
def paint(shapes: np.ndarray, tables: Tables, planes: Planes) -> int:
    """Draw shapes, nearest first, until every pixel is full; return how many are not.

    The colours of planes start at 0, `free` at 1; all are changed in place.
    """
    left, room = planes.free.size, np.empty((BOXES, 4))
    flood(tables, planes.shade)
    for n in range(len(shapes)):
        left -= lay(shapes[n], tables, planes, room)
        if left <= 0:
            break
        if shapes[n].shadow > 0:
            cast(shapes[n], tables.corners, planes, room)
    return left


# --- from light to samples ---


@kernel
def smear(plane: np.ndarray, spare: np.ndarray, side: float) -> None:
    """Blur a plane in place, along rows, then down columns: weights side, 1, side; edges held."""
    size, middle = plane.shape[0], 1 / (1 + 2 * side)
    side *= middle
    for j in range(size):
        for i in range(size):
            left, right = plane[j, max(i - 1, 0)], plane[j, min(i + 1, size - 1)]
            spare[j, i] = middle * plane[j, i] + side * (left + right)
    for j in range(size):
        up, down = max(j - 1, 0), min(j + 1, size - 1)
        for i in range(size):
            plane[j, i] = middle * spare[j, i] + side * (spare[up, i] + spare[down, i])


@kernel
def fall_off(planes: Planes, vignette: float) -> None:
    """Darken towards the corners, by the share `vignette` in them."""
    size = planes.red.shape[0]
    for j in range(size):
        y = 2 * (j + 0.5) / size - 1
        for i in range(size):
            x = 2 * (i + 0.5) / size - 1
            kept = 1 - 0.5 * vignette * (x * x + y * y)
            planes.red[j, i] *= kept
            planes.green[j, i] *= kept
            planes.blue[j, i] *= kept


@kernel
def tone(plane: np.ndarray, curve: np.ndarray, top: float) -> None:
    """Look a plane's light up in the tone curve, whose steps are even in the square root."""
    last = len(curve) - 1
    for j in range(plane.shape[0]):
        for i in range(plane.shape[1]):
            x = math.sqrt(clip(plane[j, i] / top)) * last
            k = min(int(x), last - 1)
            plane[j, i] = curve[k] + (x - k) * (curve[k + 1] - curve[k])


@kernel
def quantise(planes: Planes, grain: float, seed: np.uint64, out: np.ndarray) -> None:
    """Add grain (standard deviation, of 255) and round; a third of it is colour."""
    size = planes.red.shape[0]
    state = seed
    for j in range(size):
        for i in range(size):
            # Knuth's generator; the sum of four 16-bit parts is close enough to a Gaussian.
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            mixed = state ^ (state >> np.uint64(29))
            low, high = float(mixed & np.uint64(65535)), float((mixed >> np.uint64(16)) & 65535)
            more, most = float((mixed >> np.uint64(32)) & 65535), float(mixed >> np.uint64(48))
            common = grain * (low + high + more + most - 131070.0) / 37837.0
            warm, cool = grain * (low - high) / 90000.0, grain * (more - most) / 90000.0
            out[j, i, 0] = int(255 * clip((planes.red[j, i] * 255 + common + warm) / 255) + 0.5)
            out[j, i, 1] = int(255 * clip((planes.green[j, i] * 255 + common) / 255) + 0.5)
            out[j, i, 2] = int(255 * clip((planes.blue[j, i] * 255 + common + cool) / 255) + 0.5)


@kernel
def develop(
    planes: Planes, curve: np.ndarray, top: float, camera: np.ndarray, seed: int, out: np.ndarray
) -> None:
    """Light to samples: vignette, optics, tone curve up to `top`, sharpening, grain.

    camera: vignette, weight of a neighbour in the optics, weight of a neighbour in sharpening
    (negative), grain. Changes planes; writes out, size x size x 3 uint8.
    """
    fall_off(planes, camera[0])
    for plane in (planes.red, planes.green, planes.blue):
        smear(plane, planes.shade, camera[1])
        tone(plane, curve, top)
        smear(plane, planes.shade, camera[2])
    quantise(planes, camera[3], np.uint64(seed), out)
