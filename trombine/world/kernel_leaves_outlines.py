"""Outlines of leaves' shapes, compiled: how far a point is from the edge, and which way.

Each outline returns, for a point of the shape's own axes: the distance (negative inside), the
direction in which it grows, along and across, and half the thickness of the shape there.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world import leaves_terms as terms
from trombine.world.compiled import kernel

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
