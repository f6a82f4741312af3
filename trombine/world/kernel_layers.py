"""Which part of a face is where: signed distances to every layer, and the one on top.

Compiled by numba. `distances` fills an array indexed by the D_ names; a distance is negative
inside. `top` says which layer is seen at a point; PART_OF_LAYER in shape.py makes a label of it.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_geometry import (
    HAIR_LEFT,
    HAIR_RIGHT,
    along_slope,
    brow,
    face_distance,
    hair_flow,
    hairline,
    hang,
    lids,
    lips,
    locks,
    nose_half,
    radius,
    unpose,
)
from trombine.world.kernel_noise import clamp, noise1, noise2, ramp

# Distances, from the back to the front ...
D_BACK_HAIR, D_BUN, D_NECK, D_CLOTH, D_NECKLACE = 0, 1, 2, 3, 4
D_EAR, D_FACE, D_NOSE, D_EYE, D_BROW = 5, 6, 7, 8, 9
D_MOUTH, D_UPPER, D_LOWER, D_BEARD, D_FRAME = 10, 11, 12, 13, 14
D_LENS, D_HAIR, D_HAT, D_EARRING = 15, 16, 17, 18
D_OPENING = 19  # to the hairline alone: how far hair is from a point of the face
# ... and coordinates that the painters need again.
U, V, SIDE = 20, 21, 22
EYE_S, EYE_Y, EYE_UPPER, EYE_LOWER = 23, 24, 25, 26
MOUTH_M, MOUTH_TOP, MOUTH_UPPER, MOUTH_LOWER, MOUTH_BOTTOM = 27, 28, 29, 30, 31
BROW_A, BROW_Y, FLOW, EAR_X, EAR_Y, EAR_SIDE, GLASS_U, GLASS_V = 32, 33, 34, 35, 36, 37, 38, 39
X, Y = 40, 41  # the point itself, in the frame of the head
COUNT = 42
FAR = 9.0  # "nowhere near"

# Layers as `top` names them.
(
    L_BACKGROUND, L_BACK_HAIR, L_NECK, L_CLOTH, L_NECKLACE, L_EAR_RIGHT, L_EAR_LEFT, L_SKIN,
    L_NOSE, L_EYE_RIGHT, L_EYE_LEFT, L_BROW_RIGHT, L_BROW_LEFT, L_MOUTH, L_UPPER_LIP,
    L_LOWER_LIP, L_BEARD, L_GLASSES, L_HAIR, L_HAT, L_EARRING,
) = range(21)  # fmt: skip


@inner
def _body(r, x: float, y: float, q: np.ndarray) -> None:
    """Neck, clothes and necklace, which do not turn with the head."""
    across = abs(x - r.body_x - r.sin_yaw * 0.2 * clamp(1.9 - y, 0.0, 1.0))
    flare = max(0.0, y - r.shoulder + 0.45)
    half = r.neck + r.neck_flare * flare * flare
    q[D_NECK] = max(across - half, 0.5 - y)
    inside = clamp(across / r.neck_open, 0.0, 1.0)
    rim = r.shoulder + r.neck_dip * (1.0 - inside**r.neck_shape)
    outside = max(0.0, across - r.neck_open)
    rim += 0.34 * outside + 0.1 * outside * outside
    q[D_CLOTH] = (rim - y) * 0.92
    chest = r.shoulder + 0.06 + 0.3 * (across - r.neck_open) - y  # slopes as shoulders do
    q[D_NECK] = min(q[D_NECK], max(across - r.neck_open - 0.08, chest))
    if r.necklace > 0.5:
        hang = r.shoulder - 0.12 + 0.2 * (1.0 - inside * inside)
        q[D_NECKLACE] = max(abs(y - hang) - 0.016, across - half)


@inner
def _ear(r, x: float, y: float, q: np.ndarray) -> None:
    side = -1.0 if x < -0.7 * r.sin_yaw else 1.0
    tilt = 0.14 * (y - r.ear_v)
    ex = (x - side * r.ear_u * r.cos_yaw + 0.74 * r.sin_yaw) * side - tilt * -1.0
    ey = y - r.ear_v - r.sin_pitch * 0.1
    a, b = ex / r.ear_w, ey / r.ear_h
    b *= 1.0 + 0.12 * b  # the lobe is narrower than the top
    a *= 1.0 + 0.25 * max(0.0, b)
    q[EAR_X], q[EAR_Y], q[EAR_SIDE] = a, b, side
    n = math.sqrt(a * a + b * b) + 1e-6
    steep = math.sqrt(a * a / (r.ear_w * r.ear_w) + b * b / (r.ear_h * r.ear_h)) + 1e-6
    q[D_EAR] = (n - 1.0) * n / steep
    if r.earring > 0.0:
        dx = x - side * (r.ear_u * r.cos_yaw - 0.02) + 0.74 * r.sin_yaw
        dy = y - r.ear_v - r.ear_h * 1.02 - r.earring
        ring = math.sqrt(dx * dx + dy * dy * r.earring_tall) - r.earring
        q[D_EARRING] = max(ring, -0.02 - q[D_FACE])  # the far one hangs behind the face


@inner
def _eye_and_brow(r, u: float, v: float, q: np.ndarray) -> None:
    side = -1.0 if u < 0.0 else 1.0
    q[SIDE] = side
    s = (u * side - r.eye_u) / r.eye_w
    y = v - r.eye_v
    q[EYE_S], q[EYE_Y] = s, y
    if abs(s) < 1.9:
        upper, lower = lids(r, clamp(s, -1.0, 1.0))
        q[EYE_UPPER], q[EYE_LOWER] = upper, lower
        q[D_EYE] = max(max(upper - y, y - lower) * 0.85, (abs(s) - 1.0) * r.eye_w)
    a = (u * side - r.brow_in) / (r.brow_out - r.brow_in)
    if -0.2 < a < 1.2:
        line, half = brow(r, clamp(a, 0.0, 1.0))
        q[BROW_A], q[BROW_Y] = a, (v - line) / (half + 1e-6)
        end = max(-a, a - 1.0) * (r.brow_out - r.brow_in)
        q[D_BROW] = max((abs(v - line) - half) * 0.95, end)


@inner
def _mouth_and_beard(r, u: float, v: float, seed: int, q: np.ndarray) -> None:
    m = (u - r.mouth_u) / r.mouth_w
    q[MOUTH_M] = m
    top, upper, lower, bottom = lips(r, clamp(m, -1.0, 1.0))
    q[MOUTH_TOP], q[MOUTH_UPPER], q[MOUTH_LOWER], q[MOUTH_BOTTOM] = top, upper, lower, bottom
    end = (abs(m) - 1.0) * r.mouth_w
    q[D_UPPER] = max(max(top - v, v - upper) * 0.92, end)
    q[D_LOWER] = max(max(lower - v, v - bottom) * 0.92, end)
    q[D_MOUTH] = max(max(upper - v, v - lower) * 0.92, end)
    if r.beard > 0.0:
        edge = (noise2(u * 14.0, v * 14.0, seed + 31) - 0.5) * 0.05 * r.fuzz
        side = abs(u)
        cheek = r.beard_v - r.beard_rise * side * side * side  # upper line of the beard
        beard = max(cheek - v, side - r.beard_side)
        around_mouth = min(bottom + 0.07 - v, r.mouth_w * 1.12 - side)
        q[D_BEARD] = max(beard, around_mouth) + edge
    if r.moustache > 0.0:
        edge = (noise1(u * 30.0, seed + 33) - 0.5) * 0.03 * r.fuzz
        line = clamp(m * 0.92, -1.0, 1.0)
        thick = r.whiskers * (1.0 - 0.75 * line * line)
        low = top - 0.008
        hair = max(max(low - thick - v, v - low), (abs(m) - 1.1) * r.mouth_w) + edge
        q[D_BEARD] = min(q[D_BEARD], hair)


@inner
def _glasses(r, x: float, y: float, q: np.ndarray) -> None:
    """A flat pair of lenses before the face; q[D_LENS] is inside a lens, q[D_FRAME] on the rim."""
    gu = (x + r.back_x - r.glass_z * r.sin_yaw) / r.cos_yaw
    forward = r.glass_z * r.cos_yaw - gu * r.sin_yaw
    gv = (y + r.back_y - forward * r.sin_pitch) / r.cos_pitch - r.glass_v
    q[GLASS_U], q[GLASS_V] = gu, gv
    side = abs(gu)
    if side > 1.7 or abs(gv) > 0.75:
        return
    a, b = abs(side - r.glass_u) / r.glass_w, abs(gv + 0.04 * (side - r.glass_u)) / r.glass_h
    norm = (a**r.glass_power + b**r.glass_power) ** (1.0 / r.glass_power)
    lens = (norm - 1.0) * r.glass_h
    q[D_LENS] = lens
    frame = abs(lens) - r.glass_thick
    inner, outer = r.glass_u - r.glass_w, r.glass_u + r.glass_w
    bridge = max(abs(gv + 0.04 + 0.08 * (1.0 - side * side / (inner * inner))) - r.glass_thick,
                 side - inner)  # fmt: skip
    arm = max(abs(gv + r.glass_h * 0.35) - r.glass_thick * 0.9, outer - side)
    arm = max(arm, q[D_FACE] - 0.02)
    q[D_FRAME] = min(frame, min(bridge, arm))


@inner
def _hair_reach(r, tables, x: float, y: float, seed: int, q: np.ndarray) -> tuple[float, float]:
    """Distance to the outer edge of cap and curtain, and the roughness of hair's edges there.

    Fills what needs no surface: the flow, the bun, the hair behind.
    """
    flow = hair_flow(r, x + 0.6 * r.sin_yaw, y)
    q[FLOW] = flow
    across = x + r.sin_yaw * (0.62 - 0.14 * min(y, 0.0))
    down = y - r.hair_middle
    angle = down / (abs(across) + abs(down) + 1e-9)
    row = HAIR_LEFT if across < 0.0 else HAIR_RIGHT
    reach = math.sqrt(across * across + down * down) - radius(tables[row], angle)
    if reach > 0.6 and r.long == 0.0:
        return FAR, 0.0
    rough = 0.0
    if reach > -0.35 or r.bald > 0.0:  # deep inside there is no edge to roughen
        rough = (noise2(across * r.lump_rate, y * r.lump_rate, seed + 41) - 0.5) * r.lump
        rough += (noise1(flow * 9.0, seed + 43) - 0.5) * r.edge
    if r.scallop > 0.0:
        rough -= r.scallop * abs(math.sin(17.0 * angle + 2.0 * noise1(angle * 6.0, seed + 45)))
    outer = reach * 0.95 + rough
    if r.tuft > 0.0:
        side = 40.0 if across < 0.0 else 0.0
        height, slope = locks((1.0 + angle) * r.tuft_rate + side, 0.7, seed + 46)
        tall = r.tuft * ramp(0.1, -0.4, y) * ramp(0.0, 0.15, 1.0 + angle)
        slope *= 2.0 * tall * height * r.tuft_rate * 0.45
        outer = -along_slope(tall * height * height - outer, slope)
    if r.bun > 0.5:
        by = y - r.crown + 0.08
        q[D_BUN] = math.sqrt(across * across + by * by * 1.25) - r.bun_r + rough * 0.5
    if r.long > 0.0:
        width = abs(x + 0.62 * r.sin_yaw)
        wave = r.wave * math.sin(y * 5.0 + 2.0 * across) + rough * 0.6
        beside = width - r.hair_side - r.flare * (y + 0.2) - wave
        tip = y - r.long - (noise1(flow * 7.0, seed + 47) - 0.5) * 0.16
        if r.lock > 0.0:
            tip = -hang(r, -tip, width, 2.0 * r.lock_rate, r.lock, seed + 48)
        q[D_BACK_HAIR] = max(max(beside + 0.02, -0.6 - y), tip + 0.05)
        curtain = max(max(beside, -0.15 - y), tip)
        close = max(0.0, 0.16 - abs(outer - curtain))  # where the two meet, no corner
        outer = min(outer, curtain) - close * close * 1.5
    return outer, rough


@inner
def _hair(r, outer: float, rough: float, seed: int, q: np.ndarray) -> None:
    """Hair over the face, and the hat: what lies within the outer edge and outside the opening
    that the hairline and the sides leave for the face."""
    u, v = q[U], q[V]
    if r.hat > 0.5:
        q[D_HAT] = max(outer - 0.06, (v - r.hat_v - 0.1 * u * u) * 0.9)
    sides = abs(u) - r.side_u + r.side_in * (v + 0.3)
    line = hairline(r, u, q[FLOW], seed) - v
    end = r.side_end - r.side_back * ramp(0.9, 1.02, abs(u)) - v
    if r.lock > 0.0:
        line = hang(r, line, q[FLOW], r.lock_rate, r.lock, seed + 73)
        end = hang(r, end, u, 1.7 * r.lock_rate, 0.08 + 0.7 * r.lock, seed + 74)
    opening = max(line, sides)
    q[D_OPENING] = opening
    beyond, below = max(outer, -opening), rough * 0.3 - end
    hair = max(beyond, below)
    if r.lock > 0.0 and hair > 0.0:  # an outline must not run on beyond the point of a lock
        hair += max(0.0, min(beyond, below))
    if r.bald > 0.0:  # a bare crown: what is above the wreath is skin
        hair = max(hair, r.bald - v - 0.45 * abs(u) + rough)
    q[D_HAIR] = hair


@inner
def distances(r, tables, bumps, seed: int, x: float, y: float, q: np.ndarray) -> None:
    """Fill q with the signed distance of (x, y), in half widths of the face, to each layer."""
    q[X], q[Y] = x, y
    for i in range(D_OPENING + 1):
        q[i] = FAR
    if y > 0.4:
        _body(r, x, y, q)
    if y > r.head_bottom or abs(x) > r.head_side or y < r.head_top:
        return
    q[D_FACE] = face_distance(r, tables, x, y)
    outer, rough = _hair_reach(r, tables, x, y, seed, q)
    if outer < 0.2 or q[D_FACE] < 0.3:
        q[U], q[V] = unpose(r, bumps, x, y)
        _hair(r, outer, rough, seed, q)
    if abs(y - r.ear_v) < 0.75 and abs(x + 0.7 * r.sin_yaw) > 0.75:
        _ear(r, x, y, q)
    u, v = q[U], q[V]
    if q[D_FACE] < 0.1:
        q[D_NOSE] = (abs(u) - nose_half(r, v)) * 0.95
        if v < 0.55:
            _eye_and_brow(r, u, v, q)
        if v > 0.2:
            _mouth_and_beard(r, u, v, seed, q)
        for i in (D_NOSE, D_EYE, D_BROW, D_MOUTH, D_UPPER, D_LOWER):
            q[i] = max(q[i], q[D_FACE])
        q[D_BEARD] = max(q[D_BEARD], q[D_FACE] - r.beard_over)
    if r.glasses > 0.5:
        _glasses(r, x, y, q)


@inner
def head_frame(r, across: float, down: float) -> tuple[float, float]:
    """A point of the picture, in picture sizes, in the frame of the head."""
    dx, dy = (across - r.centre_x) / r.scale, (down - r.centre_y) / r.scale
    return dx * r.cos_roll + dy * r.sin_roll, dy * r.cos_roll - dx * r.sin_roll


@inner
def look(r, tables, bumps, seed: int, across: float, down: float, q: np.ndarray) -> None:
    """Fill q for a point of the picture, in picture sizes."""
    x, y = head_frame(r, across, down)
    distances(r, tables, bumps, seed, x, y, q)


@inner
def nearest_edge(q: np.ndarray) -> float:
    """How far the nearest edge of any layer is; an eye is all edges."""
    near = q[D_EYE]
    for i in range(D_OPENING):
        near = min(near, abs(q[i]))
    return near


@inner
def top(r, q: np.ndarray) -> int:
    """The layer seen where q was filled; clear lenses are seen through."""
    right = q[SIDE] < 0.0
    if q[D_HAT] < 0.0:
        return L_HAT
    if q[D_EARRING] < 0.0:
        return L_EARRING
    if q[D_HAIR] < 0.0:
        return L_HAIR
    if q[D_FRAME] < 0.0 or (q[D_LENS] < 0.0 and r.glass_tint > 0.5):
        return L_GLASSES
    if q[D_BEARD] < 0.0:
        return L_BEARD
    if q[D_FACE] < 0.0:
        if q[D_BROW] < 0.0:
            return L_BROW_RIGHT if right else L_BROW_LEFT
        if q[D_EYE] < 0.0:
            return L_EYE_RIGHT if right else L_EYE_LEFT
        if q[D_MOUTH] < 0.0:
            return L_MOUTH
        if q[D_UPPER] < 0.0:
            return L_UPPER_LIP
        if q[D_LOWER] < 0.0:
            return L_LOWER_LIP
        return L_NOSE if q[D_NOSE] < 0.0 else L_SKIN
    if q[D_EAR] < 0.0:
        return L_EAR_RIGHT if q[EAR_SIDE] < 0.0 else L_EAR_LEFT
    if q[D_NECKLACE] < 0.0:
        return L_NECKLACE
    if q[D_CLOTH] < 0.0:
        return L_CLOTH
    if q[D_NECK] < 0.0:
        return L_NECK
    if q[D_BACK_HAIR] < 0.0 or q[D_BUN] < 0.0:
        return L_BACK_HAIR
    return L_BACKGROUND
