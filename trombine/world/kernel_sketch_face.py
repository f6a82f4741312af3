"""A face in pencil: tone of skin, eyes, brows, nose, mouth, beard, ears. Compiled by numba.

Every function returns a darkness from 0 (paper) to 1 (graphite).
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_geometry import relief
from trombine.world.kernel_ink import cover, taper
from trombine.world.kernel_layers import (
    BROW_A,
    BROW_Y,
    D_BEARD,
    D_BROW,
    D_EAR,
    D_EYE,
    D_HAIR,
    D_HAT,
    D_LOWER,
    D_MOUTH,
    D_NOSE,
    D_UPPER,
    EAR_X,
    EAR_Y,
    EYE_LOWER,
    EYE_S,
    EYE_UPPER,
    EYE_Y,
    MOUTH_BOTTOM,
    MOUTH_LOWER,
    MOUTH_M,
    MOUTH_TOP,
    MOUTH_UPPER,
    SIDE,
    U,
    V,
)
from trombine.world.kernel_light import face_normal
from trombine.world.kernel_noise import clamp, hash2, ramp
from trombine.world.kernel_pencil import (
    G_BROW,
    G_HAIR,
    G_IRIS,
    G_LIP,
    G_SKIN,
    contour,
    finer,
    hatching,
    line,
    over,
    strokes,
)


@inner
def skin_tone(r, bumps, shades, greys, q: np.ndarray, x: float, y: float) -> float:
    """How dark the skin is here: its own grey, and what the light leaves."""
    nx, ny, nz = face_normal(r, bumps, q, x, y)
    facing = nx * r.light_x + ny * r.light_y + nz * r.light_z
    lit = clamp((facing + 0.35) / 1.35, 0.0, 1.0)
    hollow = relief(shades, shades.shape[1], q[U], q[V])[0]
    hair = 0.3 * ramp(0.16, 0.0, min(q[D_HAIR], q[D_HAT]))
    shade = ramp(0.7, 0.08, lit) * 0.62 + 0.42 * clamp(hollow, 0.0, 1.0) + hair
    return clamp(greys[G_SKIN] * (0.5 + 0.9 * ramp(0.97, 0.5, lit)) + shade - 0.05, 0.0, 0.8)


@inner
def _eye(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """Iris, pupil, lids and lashes; the white is paper but for the lid's shadow."""
    s, ey = q[EYE_S], q[EYE_Y]
    upper, lower = q[EYE_UPPER], q[EYE_LOWER]
    if q[D_EYE] > 0.3 or abs(s) > 1.45:
        return 0.0
    dark = 0.0
    inside = cover(q[D_EYE], pixel)
    if inside > 0.0:
        dx, dy = s * r.eye_w * q[SIDE] - r.gaze_u, ey - r.gaze_v
        away = math.sqrt(dx * dx + dy * dy)
        shadow = 0.32 * ramp(0.06, 0.0, ey - upper) + 0.2 * ramp(0.6, 1.0, abs(s))
        dark = hatching(x, y, shadow, pixel, seed + 5)
        iris = cover(away - r.iris_r, pixel)
        tone = (0.25 + 0.75 * greys[G_IRIS]) * (0.8 - 0.5 * dy / r.iris_r) + 0.35 * ramp(
            0.06, 0.01, ey - upper
        )
        angle = math.atan2(dy, dx)
        rays = strokes(angle * 0.16, away * 4.0, 26.0, 0.5, clamp(tone, 0.12, 1.0), pixel, seed)
        rim = 0.85 * line(away - r.iris_r + 0.008, 0.013, pixel)
        pupil = 0.96 * cover(away - r.pupil_r, pixel)
        dark = dark + iris * (over(over(over(0.6 * rays, 0.45 * tone), rim), pupil) - dark)
        toward = -1.0 if r.light_x < 0.0 else 1.0
        gx, gy = dx - 0.035 * toward, dy + 0.036
        dark *= 1.0 - cover(math.sqrt(gx * gx + gy * gy) - 0.022, pixel)
        dark *= inside
    # Upper lid: the darkest line of a face; lashes; lower lid; crease.
    press = taper((s + 1.12) / 2.3, 0.35, 0.12)
    lid = 0.95 * line(ey - upper + 0.006, 0.016 * (0.5 + 0.8 * press + 0.5 * r.makeup), pixel)
    dark = over(dark, lid * (press > 0.0) * min(1.0, 0.35 + press))
    flick = s + 0.25 * (upper - ey) / r.eye_w
    if upper - 0.075 < ey < upper and -0.4 < s < 1.15:
        lash = strokes(flick, 0.0, 7.0, 9.0, 0.75, pixel / r.eye_w, seed + 9)
        dark = over(dark, lash * r.lashes * 0.8 * ramp(0.055, 0.0, upper - ey) * ramp(-0.4, 0.8, s))
    low = 0.55 * line(ey - lower - 0.004, 0.008, pixel) * taper((s + 0.9) / 1.9, 0.6, 0.2)
    crease = upper - 0.055 + 0.03 * r.hood - 0.012 * (1.0 - s * s)
    fold = 0.6 * line(ey - crease, 0.009, pixel) * taper((s + 1.0) / 2.15, 0.3, 0.3)
    return over(over(dark, low), fold * (1.0 - 0.6 * r.hood))


@inner
def _brow(r, greys, q: np.ndarray, pixel: float, seed: int) -> float:
    """Hairs that lean outward, more of them in the middle."""
    d = q[D_BROW]
    if d > 0.02:
        return 0.0
    a, b = q[BROW_A], q[BROW_Y]
    lean = a * 0.62 + b * (0.05 - 0.04 * a)
    tone = greys[G_BROW] * ramp(0.012, -0.03, d)
    hairs = strokes(lean, b * 0.4, 46.0, 0.8, tone, pixel, seed)
    return over(hairs, (0.85 - 0.5 * finer(46.0, pixel)) * tone)


@inner
def _nose(r, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """Nostrils, wings, the line below the tip; the bridge on the side away from the light."""
    u, v = q[U], q[V]
    if q[D_NOSE] > 0.08:
        return 0.0
    side = abs(u)
    t = (v - r.nose_top) / (r.nose_base - r.nose_top)
    hole = math.sqrt(
        ((side - 0.42 * r.nose_wing) / 0.07) ** 2 + ((v - r.nose_base + 0.035) / 0.032) ** 2
    )
    dark = 0.85 * ramp(1.25, 0.55, hole)
    wing = contour(q[D_NOSE], x, y, 0.011, pixel, seed + 1)
    wing *= ramp(0.66, 0.8, t) * ramp(0.2, 0.5, side / r.nose_wing) * (t < 0.99)
    toward = -1.0 if r.light_x < 0.0 else 1.0
    bridge = 0.25 * line(q[D_NOSE] + 0.02, 0.009, pixel) * taper(t / 0.6, 0.4, 0.5)
    return over(over(dark, wing), bridge * (u * toward < 0.0))


@inner
def _creased(u: float, v: float, tone: float, pixel: float, seed: int) -> float:
    """The tone of a lip: rubbed in, with fine upright strokes."""
    fine = finer(40.0, pixel)
    marks = strokes(u * (1.0 + 0.3 * (v - 1.0)), v, 40.0, 0.25, 0.8 * tone, pixel, seed)
    return over((0.7 - 0.2 * fine) * tone, 0.6 * fine * marks)


@inner
def _mouth(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """Lips by tone, the line between them, what an open mouth shows."""
    m, u, v = q[MOUTH_M], q[U], q[V]
    if min(q[D_UPPER], min(q[D_LOWER], q[D_MOUTH])) > 0.12:
        return 0.0
    light = greys[G_LIP]
    dark = 0.0
    up, low = cover(q[D_UPPER], pixel), cover(q[D_LOWER], pixel)
    if up > 0.0:
        t = clamp((v - q[MOUTH_TOP]) / (q[MOUTH_UPPER] - q[MOUTH_TOP] + 1e-6), 0.0, 1.0)
        tone = clamp(0.22 + 0.75 * light + 0.2 * t, 0.0, 0.95)
        dark = up * _creased(u, v, tone, pixel, seed)
    if low > 0.0:
        t = clamp((v - q[MOUTH_LOWER]) / (q[MOUTH_BOTTOM] - q[MOUTH_LOWER] + 1e-6), 0.0, 1.0)
        gloss = ramp(0.1, 0.4, t) * ramp(0.8, 0.45, t) * ramp(0.75, 0.1, abs(m))
        tone = clamp(0.7 * light * (1.0 - 0.85 * gloss) + 0.16 * (1.0 - gloss), 0.0, 0.9)
        dark = over(dark, low * _creased(u, v, tone, pixel, seed))
    open_ = cover(q[D_MOUTH], pixel)
    if open_ > 0.0 and r.mouth_gap > 0.01:
        reach = (0.1 + 0.4 * r.teeth) * r.mouth_gap * (1.0 - 0.45 * m * m)
        teeth = cover(v - q[MOUTH_UPPER] - reach, pixel) * ramp(1.0, 0.85, abs(m))
        deep = over(0.55, hatching(x, y, 0.9, pixel, seed + 3)) * (1.0 - 0.93 * teeth)
        gap = abs((abs(m) * r.mouth_w / 0.066 + 0.5) % 1.0 - 0.5) * 0.066
        deep = over(deep, 0.3 * teeth * line(gap, 0.004, pixel))
        dark = over(dark, open_ * deep)
    press = taper(0.5 + 0.47 * m, 0.2, 0.2)
    middle = line(v - q[MOUTH_UPPER], 0.012 * (0.5 + press), pixel) * (press > 0.0)
    dark = over(dark, 0.9 * middle * (0.4 + 0.6 * press))
    if r.mouth_gap > 0.02:
        dark = over(dark, 0.7 * line(v - q[MOUTH_LOWER], 0.009, pixel) * press)
    top = line(v - q[MOUTH_TOP], 0.008, pixel) * taper(0.5 + 0.47 * m, 0.15, 0.15)
    bottom = line(v - q[MOUTH_BOTTOM], 0.01, pixel) * taper(0.5 + 0.8 * m, 0.4, 0.4)
    return over(dark, max((0.2 + 0.3 * light) * top, 0.5 * bottom))


@inner
def _lines(r, q: np.ndarray, pixel: float) -> float:
    """Folds beside the mouth, lines of the forehead and of drawn brows."""
    side, v = abs(q[U]), q[V]
    dark = 0.0
    age = 0.25 + 0.75 * r.old + 0.4 * r.glad
    t = (v - r.nose_base + 0.1) / (r.mouth_v - r.nose_base + 0.16)
    fold = r.nose_wing + 0.03 + (r.mouth_w * 1.22 - r.nose_wing - 0.02) * t + 0.12 * t * (1.0 - t)
    dark = 0.5 * age * line(side - fold, 0.012, pixel) * taper(t, 0.25, 0.55)
    lined = max(0.8 * r.raise_, r.old * r.old)
    if lined > 0.1 and -1.0 < v < -0.5:
        for k in range(3):
            at = -0.6 - 0.11 * k + 0.03 * math.cos(3.0 * side + k)
            mark = line(v - at, 0.009, pixel) * taper(0.5 + q[U] / (1.1 - 0.2 * k), 0.35, 0.35)
            dark = over(dark, 0.5 * lined * mark)
    if r.furrow > 0.1 and side < 0.2:
        t = (v - r.brow_v + 0.12) / 0.24
        dark = over(dark, 0.6 * r.furrow * line(side - 0.07, 0.01, pixel) * taper(t, 0.4, 0.4))
    return dark


@inner
def _freckles(r, q: np.ndarray, pixel: float, seed: int) -> float:
    u, v = q[U] * 15.0, q[V] * 15.0
    if r.freckles < 0.1 or v < 2.0 or v > 10.0:
        return 0.0
    i, j = math.floor(u), math.floor(v)
    if hash2(i, j, seed + 5) > 0.6 * r.freckles:
        return 0.0
    du, dv = u - i - 0.2 - 0.6 * hash2(i, j, seed + 6), v - j - 0.2 - 0.6 * hash2(i, j, seed + 7)
    return 0.3 * cover((math.sqrt(du * du + dv * dv) - 0.12) / 15.0, pixel + 0.008)


@inner
def pencil_face(
    r, bumps, shades, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int
) -> float:
    """All that is drawn inside the outline of the face, but a beard."""
    tone = skin_tone(r, bumps, shades, greys, q, x, y)
    if r.stubble > 0.0 and q[V] > 0.55:
        tone += 0.22 * r.stubble * ramp(0.72, 1.05, q[V] + 0.42 * (abs(q[U]) - 0.35))
    on = max(cover(q[D_EYE], pixel), cover(min(q[D_UPPER], min(q[D_LOWER], q[D_MOUTH])), pixel))
    dark = hatching(x, y, tone, pixel, seed) * (1.0 - on)
    dark = over(dark, _lines(r, q, pixel))
    dark = over(dark, _freckles(r, q, pixel, seed))
    dark = over(dark, _nose(r, q, x, y, pixel, seed + 30))
    dark = over(dark, _mouth(r, greys, q, x, y, pixel, seed + 40))
    dark = over(dark, _eye(r, greys, q, x, y, pixel, seed + 50))
    return over(dark, _brow(r, greys, q, pixel, seed + 60))


@inner
def pencil_beard(r, greys, q: np.ndarray, pixel: float, seed: int) -> float:
    """Short strokes that fall and spread."""
    d = q[D_BEARD]
    if d > 0.06:
        return 0.0
    u, v = q[U], q[V]
    tone = greys[G_HAIR] * (0.5 + 0.5 * max(r.beard, r.moustache)) * ramp(0.05, -0.06, d)
    fan = u * (1.0 - 0.22 * (v - 1.2))
    hairs = strokes(fan + 0.1 * v, v, 24.0, 0.25, tone, pixel, seed)
    return over(
        hairs,
        over(strokes(fan - 0.16 * v, v, 34.0, 0.17, 0.8 * tone, pixel, seed + 7), 0.15 * tone),
    )


@inner
def pencil_ear(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """The inside of an ear: the rim's second line, the hollow."""
    a, b = q[EAR_X], q[EAR_Y]
    hollow = ramp(0.75, 0.2, math.sqrt((a - 0.05) ** 2 * 1.6 + (b + 0.05) ** 2 * 1.4))
    dark = hatching(x, y, clamp(0.12 + 0.5 * hollow + 0.8 * greys[G_SKIN], 0.0, 0.9), pixel, seed)
    inner_rim = contour(q[D_EAR] + 0.36 * r.ear_w, x, y, 0.009, pixel, seed + 3)
    return over(dark, 0.8 * inner_rim * ramp(-0.5, 0.1, a) * ramp(0.75, 0.3, b))
