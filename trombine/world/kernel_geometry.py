"""The geometry of a face: the one place where a curve of lid, lip, brow or outline is written.

Compiled by numba. Labels, landmarks and every painter call the same functions, so truth and
paint cannot part. Numbers come from shape.py in three arrays:

r        a record of named lengths and amounts, of this face in this style
tables   rows of 257 radii over the half circle: outline of the face, hair at left and right
bumps    5 x n: centre u, v, one over the radii, height; the relief of the surface

Coordinates. The frame of the head (x, y) has its origin between the eyes, x to the picture's
right, y down, in half widths of the face, roll removed. The surface (u, v) is the same frame of
the head seen from the front: a point (u, v) lies at depth z(u, v); yaw and pitch turn it to the
frame. `side` is -1 at the picture's left (the person's right) and 1 at its right.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_noise import clamp, hash2, noise1, ramp

TABLE = 257
FACE, FACE_SLOPE, HAIR_LEFT, HAIR_RIGHT = 0, 1, 2, 3  # rows of tables
BIG_BUMPS = 8  # the first bumps are large enough to move what lies on them when the head turns


@inner
def relief(bumps: np.ndarray, count: int, u: float, v: float) -> tuple[float, float, float]:
    """Height of the first `count` bumps over the ellipsoid at (u, v), and its two slopes."""
    height, slope_u, slope_v = 0.0, 0.0, 0.0
    for i in range(count):
        du = (u - bumps[0, i]) * bumps[2, i]
        dv = (v - bumps[1, i]) * bumps[3, i]
        t = max(0.0, 1.0 - du * du - dv * dv)
        square = t * t * bumps[4, i]
        height += square * t
        slope_u -= 6.0 * square * du * bumps[2, i]
        slope_v -= 6.0 * square * dv * bumps[3, i]
    return height, slope_u, slope_v


@inner
def ellipsoid(r, u: float, v: float) -> tuple[float, float, float]:
    """Depth of the head's ellipsoid at (u, v), and its two slopes; goes on past its rim."""
    a, b = u * r.round_u, v * r.round_v
    q = a * a + b * b
    if q < 0.8:
        root = math.sqrt(1.0 - q)
        return r.depth * root, -r.depth * a * r.round_u / root, -r.depth * b * r.round_v / root
    root = 0.4472136  # sqrt(.2): the tangent there, so that depth never gets a vertical wall
    depth = r.depth * (root - (q - 0.8) / (2.0 * root))
    return depth, -r.depth * a * r.round_u / root, -r.depth * b * r.round_v / root


@inner
def project(r, bumps: np.ndarray, u: float, v: float) -> tuple[float, float]:
    """Where the surface's point (u, v) is seen in the frame of the head."""
    z = ellipsoid(r, u, v)[0] + relief(bumps, min(BIG_BUMPS, bumps.shape[1]), u, v)[0]
    forward = z * r.cos_yaw - u * r.sin_yaw
    return u * r.cos_yaw + z * r.sin_yaw - r.back_x, (
        v * r.cos_pitch + forward * r.sin_pitch - r.back_y
    )


@inner
def unpose(r, bumps: np.ndarray, x: float, y: float) -> tuple[float, float]:
    """The surface's point seen at (x, y): the inverse of project, by Newton's steps.

    Slopes are held to what a surface seen from outside has: where a nose turned away all but
    hides its own side, a step falls short rather than far out.
    """
    # Begin where a flat face at the eyes' depth would be.
    u = (x + r.back_x - 0.85 * r.depth * r.sin_yaw) / r.cos_yaw
    v = y + r.back_y - 0.85 * r.depth * r.sin_pitch
    for _ in range(5):
        z, slope_u, slope_v = ellipsoid(r, u, v)
        height, relief_u, relief_v = relief(bumps, min(BIG_BUMPS, bumps.shape[1]), u, v)
        z += height
        slope_u += relief_u
        slope_v += relief_v
        miss_x = u * r.cos_yaw + z * r.sin_yaw - r.back_x - x
        forward = z * r.cos_yaw - u * r.sin_yaw
        miss_y = v * r.cos_pitch + forward * r.sin_pitch - r.back_y - y
        j11 = max(0.3, r.cos_yaw + slope_u * r.sin_yaw)
        j12 = slope_v * r.sin_yaw
        j21 = (slope_u * r.cos_yaw - r.sin_yaw) * r.sin_pitch
        j22 = max(0.3, r.cos_pitch + slope_v * r.cos_yaw * r.sin_pitch)
        scale = 1.0 / max(0.2, j11 * j22 - j12 * j21)
        u = clamp(u - (miss_x * j22 - miss_y * j12) * scale, -1.3, 1.3)
        v = clamp(v - (miss_y * j11 - miss_x * j21) * scale, -2.3, 2.3)
        if miss_x * miss_x + miss_y * miss_y < 4e-5:  # the step just made squares what was left
            break
    return u, v


@inner
def radius(table: np.ndarray, p: float) -> float:
    """A row of tables at the diamond angle p, -1 (top) to 1 (bottom)."""
    at = (p + 1.0) * (0.5 * (TABLE - 1))
    i = min(int(at), TABLE - 2)
    return table[i] + (table[i + 1] - table[i]) * (at - i)


@inner
def outline_shift(r, y: float) -> tuple[float, float]:
    """How far the outline moves at height y when the head turns: chin forward, crown back."""
    forward = 0.26 * y - 0.42
    return r.sin_yaw * forward, r.sin_pitch * 0.5 * clamp((y + 0.2) * 0.55, -0.3, 1.0)


@inner
def face_distance(r, tables: np.ndarray, x: float, y: float) -> float:
    """Signed distance to the face's outline, negative inside."""
    shift_x, shift_y = outline_shift(r, y)
    across = abs(x - shift_x)
    down = y - shift_y - r.middle
    angle = down / (across + abs(down) + 1e-9)
    distance = math.sqrt(across * across + down * down)
    return (distance - radius(tables[FACE], angle)) * radius(tables[FACE_SLOPE], angle)


@inner
def jaw_point(r, tables: np.ndarray, across: float, down: float) -> tuple[float, float]:
    """The outline's point in the direction (across, down) from the face's middle."""
    angle = down / (abs(across) + abs(down))
    stretch = radius(tables[FACE], angle) / math.sqrt(across * across + down * down)
    x, y = across * stretch, down * stretch + r.middle
    shift_x, shift_y = 0.0, 0.0
    for _ in range(4):  # the shift is a function of the shifted height
        shift_x, shift_y = outline_shift(r, y + shift_y)
    return x + shift_x, y + shift_y


@inner
def lids(r, s: float) -> tuple[float, float]:
    """Upper and lower lid at s, -1 (inner corner) to 1 (outer), relative to the eye's centre."""
    open_ = max(0.0, 1.0 - s * s)
    if r.eye_power != 1.0:
        open_ = open_**r.eye_power
    line = -r.eye_tilt * s
    upper = line - r.lid_upper * open_ * (1.0 - 0.16 * r.lid_skew * s + r.lid_full * s * s)
    lower = line + r.lid_lower * open_ * (1.0 + 0.2 * r.lid_skew * s + r.lid_full * s * s)
    return upper, lower


@inner
def lips(r, m: float) -> tuple[float, float, float, float]:
    """Top of the upper lip, its lower edge, top of the lower lip, its lower edge, at m in
    [-1, 1] across the mouth; all v."""
    open_ = max(0.0, 1.0 - m * m)
    line = r.mouth_v - r.mouth_curve * m * m
    bow = max(0.0, 1.0 - m * m * 8.0)
    upper_inner = line - r.mouth_gap * 0.35 * open_
    lower_inner = line + r.mouth_gap * 0.65 * open_
    full = math.sqrt(open_)
    upper = upper_inner - r.lip_upper * (
        0.6 * open_ + 0.4 * full * (1.0 - abs(m)) - r.cupid * bow * bow
    )
    lower = lower_inner + r.lip_lower * (0.55 * full + 0.45 * open_)
    return upper, upper_inner, lower_inner, lower


@inner
def brow(r, a: float) -> tuple[float, float]:
    """Middle line (v) and half thickness of a brow at a, 0 (inner end) to 1 (outer)."""
    arch = r.brow_arch * a * (1.0 - a) * (1.2 + 2.2 * a)
    line = r.brow_v - arch + r.brow_drop * a * a + r.brow_tilt * (0.5 - a)
    taper = (0.62 + 0.38 * clamp(a * 4.0, 0.0, 1.0)) * (1.0 - 0.85 * a * a * a)
    return line, r.brow_thick * taper


@inner
def nose_half(r, v: float) -> float:
    """Half width of the nose at v; negative above its root and below its base."""
    t = (v - r.nose_top) / (r.nose_base - r.nose_top)
    if t <= 0.0 or t >= 1.0:
        return -0.05
    half = r.nose_bridge + (r.nose_wing - r.nose_bridge) * ramp(0.45, 0.8, t)
    if t > 0.84:
        low = (t - 0.84) / 0.16
        half *= math.sqrt(1.0 - low * low)
    return half * clamp(t * 6.0, 0.0, 1.0)


@inner
def hairline(r, u: float, flow: float, seed: int) -> float:
    """v of the hairline at u: hair above it. `flow` is the strand's coordinate, for its edge."""
    side = abs(u) * r.temple
    square = side * side
    notch = max(0.0, 1.0 - (side - 0.62) * (side - 0.62) * 3.6)
    top = r.hair_top + r.hair_round * square * square - r.recess * notch * notch
    top += r.drape * abs(u - r.part_u)
    down = r.fringe_v + r.fringe_tilt * u + 0.1 * square
    amount = r.fringe * ramp(1.35, 1.05, side)
    if r.sweep != 0.0:
        amount *= ramp(-0.35, 0.35, (u - r.part_u) * r.sweep)
    line = top + (down - top) * amount
    jag = (noise1(flow * r.jag_rate, seed + 71) - 0.5) * r.jag
    jag += (noise1(flow * r.jag_rate * 3.1, seed + 72) - 0.5) * r.jag * 0.4
    return line + jag * (0.3 + 0.7 * amount)


@inner
def hair_flow(r, x: float, y: float) -> float:
    """The coordinate across the strands: its curves leave the parting and end vertical."""
    down = max(0.0, y - r.crown)
    return (x - r.part_x) / math.sqrt(down * r.flow_spread + 0.05)


@inner
def locks(t: float, lean: float, seed: int) -> tuple[float, float]:
    """Pointed locks side by side, one a unit of t: how far each hangs, 0 to 1, and the slope.

    `lean` is where between its ends a lock has its point: .5 in the middle.
    """
    t += 0.5 * noise1(0.7 * t, seed)
    i = math.floor(t)
    f = t - i
    long = 0.45 + 0.55 * hash2(int(i), 3, seed)
    point = lean - 0.2 + 0.4 * hash2(int(i), 4, seed)
    if f < point:
        return long * f / point, long / point
    return long * (1.0 - f) / (1.0 - point), long / (1.0 - point)


@inner
def along_slope(inside: float, slope: float) -> float:
    """A height over an edge that slopes, as a distance to it. Outside the edge no more than a
    part of the way: an outline must not run on beyond a point."""
    steep = math.sqrt(1.0 + slope * slope)
    return inside / (steep if inside > 0.0 else min(steep, 1.6))


@inner
def hang(r, edge: float, flow: float, rate: float, long: float, seed: int) -> float:
    """A distance to an edge of hair, with the locks or curls of a drawing hanging from it."""
    if r.scallop > 0.0:
        return edge + 0.7 * r.scallop * abs(math.sin(4.5 * rate * flow))
    height, slope = locks(flow * rate, 0.5, seed)
    return along_slope(edge + long * height, long * slope * rate)
