"""Pencil sketches, compiled: strokes, face, hair, what is worn, and the whole sketch."""

from __future__ import annotations

import math

import numpy as np

from trombine.world import kernel_layers as to
from trombine.world.compiled import inner, threaded
from trombine.world.kernel_geometry import face_distance, relief
from trombine.world.kernel_ink import cover, taper
from trombine.world.kernel_layers import COUNT, distances, head_frame, look, top
from trombine.world.kernel_noise import clamp, fade, hash2, mix, noise1, noise2, ramp
from trombine.world.kernel_photo import face_normal

# ---------------------------------------------------------------------------------------------
# Marks of a pencil: lines that press and let go, hatching by tone, the paper's tooth.
#
# Compiled by numba. A mark is a darkness from 0 (paper) to 1 (graphite).


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


# ---------------------------------------------------------------------------------------------
# A face in pencil: tone of skin, eyes, brows, nose, mouth, beard, ears. Compiled by numba.
#
# Every function returns a darkness from 0 (paper) to 1 (graphite).


@inner
def skin_tone(r, bumps, shades, greys, q: np.ndarray, x: float, y: float) -> float:
    """How dark the skin is here: its own grey, and what the light leaves."""
    nx, ny, nz = face_normal(r, bumps, q, x, y)
    facing = nx * r.light_x + ny * r.light_y + nz * r.light_z
    lit = clamp((facing + 0.35) / 1.35, 0.0, 1.0)
    hollow = relief(shades, shades.shape[1], q[to.U], q[to.V])[0]
    hair = 0.3 * ramp(0.16, 0.0, min(q[to.D_HAIR], q[to.D_HAT]))
    shade = ramp(0.7, 0.08, lit) * 0.62 + 0.42 * clamp(hollow, 0.0, 1.0) + hair
    return clamp(greys[G_SKIN] * (0.5 + 0.9 * ramp(0.97, 0.5, lit)) + shade - 0.05, 0.0, 0.8)


@inner
def _eye(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """Iris, pupil, lids and lashes; the white is paper but for the lid's shadow."""
    s, ey = q[to.EYE_S], q[to.EYE_Y]
    upper, lower = q[to.EYE_UPPER], q[to.EYE_LOWER]
    if q[to.D_EYE] > 0.3 or abs(s) > 1.45:
        return 0.0
    dark = 0.0
    inside = cover(q[to.D_EYE], pixel)
    if inside > 0.0:
        dx, dy = s * r.eye_w * q[to.SIDE] - r.gaze_u, ey - r.gaze_v
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
    d = q[to.D_BROW]
    if d > 0.02:
        return 0.0
    a, b = q[to.BROW_A], q[to.BROW_Y]
    lean = a * 0.62 + b * (0.05 - 0.04 * a)
    tone = greys[G_BROW] * ramp(0.012, -0.03, d)
    hairs = strokes(lean, b * 0.4, 46.0, 0.8, tone, pixel, seed)
    return over(hairs, (0.85 - 0.5 * finer(46.0, pixel)) * tone)


@inner
def _nose(r, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """Nostrils, wings, the line below the tip; the bridge on the side away from the light."""
    u, v = q[to.U], q[to.V]
    if q[to.D_NOSE] > 0.08:
        return 0.0
    side = abs(u)
    t = (v - r.nose_top) / (r.nose_base - r.nose_top)
    hole = math.sqrt(
        ((side - 0.42 * r.nose_wing) / 0.07) ** 2 + ((v - r.nose_base + 0.035) / 0.032) ** 2
    )
    dark = 0.85 * ramp(1.25, 0.55, hole)
    wing = contour(q[to.D_NOSE], x, y, 0.011, pixel, seed + 1)
    wing *= ramp(0.66, 0.8, t) * ramp(0.2, 0.5, side / r.nose_wing) * (t < 0.99)
    toward = -1.0 if r.light_x < 0.0 else 1.0
    bridge = 0.25 * line(q[to.D_NOSE] + 0.02, 0.009, pixel) * taper(t / 0.6, 0.4, 0.5)
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
    m, u, v = q[to.MOUTH_M], q[to.U], q[to.V]
    if min(q[to.D_UPPER], min(q[to.D_LOWER], q[to.D_MOUTH])) > 0.12:
        return 0.0
    light = greys[G_LIP]
    dark = 0.0
    up, low = cover(q[to.D_UPPER], pixel), cover(q[to.D_LOWER], pixel)
    if up > 0.0:
        t = clamp((v - q[to.MOUTH_TOP]) / (q[to.MOUTH_UPPER] - q[to.MOUTH_TOP] + 1e-6), 0.0, 1.0)
        tone = clamp(0.22 + 0.75 * light + 0.2 * t, 0.0, 0.95)
        dark = up * _creased(u, v, tone, pixel, seed)
    if low > 0.0:
        t = clamp(
            (v - q[to.MOUTH_LOWER]) / (q[to.MOUTH_BOTTOM] - q[to.MOUTH_LOWER] + 1e-6), 0.0, 1.0
        )
        gloss = ramp(0.1, 0.4, t) * ramp(0.8, 0.45, t) * ramp(0.75, 0.1, abs(m))
        tone = clamp(0.7 * light * (1.0 - 0.85 * gloss) + 0.16 * (1.0 - gloss), 0.0, 0.9)
        dark = over(dark, low * _creased(u, v, tone, pixel, seed))
    open_ = cover(q[to.D_MOUTH], pixel)
    if open_ > 0.0 and r.mouth_gap > 0.01:
        reach = (0.1 + 0.4 * r.teeth) * r.mouth_gap * (1.0 - 0.45 * m * m)
        teeth = cover(v - q[to.MOUTH_UPPER] - reach, pixel) * ramp(1.0, 0.85, abs(m))
        deep = over(0.55, hatching(x, y, 0.9, pixel, seed + 3)) * (1.0 - 0.93 * teeth)
        gap = abs((abs(m) * r.mouth_w / 0.066 + 0.5) % 1.0 - 0.5) * 0.066
        deep = over(deep, 0.3 * teeth * line(gap, 0.004, pixel))
        dark = over(dark, open_ * deep)
    press = taper(0.5 + 0.47 * m, 0.2, 0.2)
    middle = line(v - q[to.MOUTH_UPPER], 0.012 * (0.5 + press), pixel) * (press > 0.0)
    dark = over(dark, 0.9 * middle * (0.4 + 0.6 * press))
    if r.mouth_gap > 0.02:
        dark = over(dark, 0.7 * line(v - q[to.MOUTH_LOWER], 0.009, pixel) * press)
    top = line(v - q[to.MOUTH_TOP], 0.008, pixel) * taper(0.5 + 0.47 * m, 0.15, 0.15)
    bottom = line(v - q[to.MOUTH_BOTTOM], 0.01, pixel) * taper(0.5 + 0.8 * m, 0.4, 0.4)
    return over(dark, max((0.2 + 0.3 * light) * top, 0.5 * bottom))


@inner
def _lines(r, q: np.ndarray, pixel: float) -> float:
    """Folds beside the mouth, lines of the forehead and of drawn brows."""
    side, v = abs(q[to.U]), q[to.V]
    dark = 0.0
    age = 0.25 + 0.75 * r.old + 0.4 * r.glad
    t = (v - r.nose_base + 0.1) / (r.mouth_v - r.nose_base + 0.16)
    fold = r.nose_wing + 0.03 + (r.mouth_w * 1.22 - r.nose_wing - 0.02) * t + 0.12 * t * (1.0 - t)
    dark = 0.5 * age * line(side - fold, 0.012, pixel) * taper(t, 0.25, 0.55)
    lined = max(0.8 * r.raise_, r.old * r.old)
    if lined > 0.1 and -1.0 < v < -0.5:
        for k in range(3):
            at = -0.6 - 0.11 * k + 0.03 * math.cos(3.0 * side + k)
            mark = line(v - at, 0.009, pixel) * taper(0.5 + q[to.U] / (1.1 - 0.2 * k), 0.35, 0.35)
            dark = over(dark, 0.5 * lined * mark)
    if r.furrow > 0.1 and side < 0.2:
        t = (v - r.brow_v + 0.12) / 0.24
        dark = over(dark, 0.6 * r.furrow * line(side - 0.07, 0.01, pixel) * taper(t, 0.4, 0.4))
    return dark


@inner
def _freckles(r, q: np.ndarray, pixel: float, seed: int) -> float:
    u, v = q[to.U] * 15.0, q[to.V] * 15.0
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
    if r.stubble > 0.0 and q[to.V] > 0.55:
        tone += 0.22 * r.stubble * ramp(0.72, 1.05, q[to.V] + 0.42 * (abs(q[to.U]) - 0.35))
    on = max(
        cover(q[to.D_EYE], pixel),
        cover(min(q[to.D_UPPER], min(q[to.D_LOWER], q[to.D_MOUTH])), pixel),
    )
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
    d = q[to.D_BEARD]
    if d > 0.06:
        return 0.0
    u, v = q[to.U], q[to.V]
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
    a, b = q[to.EAR_X], q[to.EAR_Y]
    hollow = ramp(0.75, 0.2, math.sqrt((a - 0.05) ** 2 * 1.6 + (b + 0.05) ** 2 * 1.4))
    dark = hatching(x, y, clamp(0.12 + 0.5 * hollow + 0.8 * greys[G_SKIN], 0.0, 0.9), pixel, seed)
    inner_rim = contour(q[to.D_EAR] + 0.36 * r.ear_w, x, y, 0.009, pixel, seed + 3)
    return over(dark, 0.8 * inner_rim * ramp(-0.5, 0.1, a) * ramp(0.75, 0.3, b))


# ---------------------------------------------------------------------------------------------
# Hair in pencil: strokes along its flow, curls, a bun. Compiled by numba.
#
# Every function returns a darkness from 0 (paper) to 1 (graphite).


@inner
def _curls(x: float, y: float, rate: float, tone: float, pixel: float, seed: int) -> float:
    """Curls: arcs in a jittered grid, as many and as dark as the tone asks."""
    gx = x * rate + 0.9 * noise2(1.3 * x, 1.3 * y, seed + 5)
    gy = y * rate + 0.9 * noise2(1.3 * x + 9.0, 1.3 * y, seed + 6)
    i, j = math.floor(gx), math.floor(gy)
    keep = 1.0
    p = pixel * rate
    for di in range(-1, 2):
        for dj in range(-1, 2):
            m, n = i + di, j + dj
            dx = gx - (m + 0.2 + 0.6 * hash2(m, n, seed))
            dy = gy - (n + 0.2 + 0.6 * hash2(m, n, seed + 1))
            radius = 0.3 + 0.35 * hash2(m, n, seed + 2)
            away = math.sqrt(dx * dx + dy * dy)
            if abs(away - 0.85 * radius) > 0.3:
                continue
            turn = (math.atan2(dy, dx) / 6.2831853 + hash2(m, n, seed + 3)) % 1.0
            press = clamp(1.7 * tone + 0.1 - 0.5 * hash2(m, n, seed + 4), 0.0, 1.0)
            press *= taper(turn / 0.6, 0.4, 0.4)
            keep *= 1.0 - 0.9 * press * line(
                away - (1.15 - 0.4 * turn) * radius, 0.04 + 0.04 * tone, p
            )
            keep *= 1.0 - 0.6 * press * line(away - (0.85 - 0.4 * turn) * radius, 0.035, p)
    return 1.0 - keep


@inner
def pencil_hair(r, greys, q: np.ndarray, x: float, y: float, under: float, pixel: float, seed: int):
    """Hair by strokes along its flow: the light leaves a band of paper, roots and tips are dark."""
    flow = q[to.FLOW]
    root = math.sqrt(max(0.0, y - r.crown) * r.flow_spread + 0.05)
    level = y + 1.12 - 0.3 * x * x - 0.2 * (noise1(flow * 4.0, seed) - 0.5)
    level -= 0.22 * (noise1(flow * 15.0, seed + 1) - 0.5)
    band = ramp(0.34, 0.04, abs(level)) * ramp(1.05, 0.5, abs(x - 0.25 * r.light_x))
    long_light = ramp(0.25, 0.7, noise1(flow * 5.0 + 0.3 * y, seed + 2)) * ramp(-0.3, 0.4, y)
    away = -x * r.light_x
    edge = ramp(-0.14, 0.0, q[to.D_HAIR]) * 0.25
    near = 0.35 * ramp(0.25, 0.0, q[to.D_OPENING]) * (1.0 - ramp(0.0, 0.25, q[to.D_FACE]))
    tone = greys[G_HAIR] * (0.72 + 0.4 * ramp(-0.2, 0.9, away)) + edge + near + 0.45 * under
    tone = clamp(tone - (0.5 * band + 0.3 * long_light) * (1.0 - under), 0.06, 0.97)
    if r.coiled > 0.25:
        coil = mix(5.0, 7.5, r.coiled)
        dark = _curls(x, y, coil, tone, pixel, seed + 4)
        dark = over(dark, 0.8 * _curls(x + 0.3, y, coil * 1.6, 0.8 * tone, pixel, seed + 9))
        return over(dark, 0.22 * tone)
    # Waves: the strands swing to and fro, each lock in its own time.
    swing = (0.02 + 0.07 * ramp(0.25, 0.7, r.curl)) * root
    swing *= math.sin(mix(4.0, 9.0, r.curl) * y + 7.0 * noise1(flow * 2.5, seed + 3))
    fine = pixel / root
    s = flow + swing * ramp(-1.7, -0.9, y) * ramp(0.1, 0.35, r.curl)
    dark = 0.85 * strokes(s, y, 9.0, 1.0, tone, fine, seed + 7)
    dark = over(dark, finer(19.0, fine) * strokes(s, y, 19.0, 0.8, 0.9 * tone, fine, seed + 4))
    # A few heavy ones where locks part.
    dark = over(dark, strokes(s + 0.02 * y, y, 5.0, 1.3, 0.9 * (tone - 0.35), 0.5 * fine, seed + 8))
    side = s + 0.05 * y
    dark = over(dark, finer(34.0, fine) * strokes(side, y, 34.0, 0.6, 0.7 * tone, fine, seed + 5))
    return over(dark, 0.2 * tone * tone)


@inner
def pencil_bun(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """A bun: strokes that run round it."""
    turn = math.atan2(y - r.crown, x) * 0.3
    tone = greys[G_HAIR] * (0.7 + 1.5 * ramp(-0.12, 0.0, q[to.D_BUN])) + 0.3 * ramp(
        -0.15, 0.1, y - r.crown
    )
    return strokes(q[to.D_BUN] + 0.25 * turn, turn, 24.0, 0.3, clamp(tone, 0.1, 0.95), pixel, seed)


# ---------------------------------------------------------------------------------------------
# Hat, clothes, neck and paper round a face, in pencil. Compiled by numba.
#
# Every function returns a darkness from 0 (paper) to 1 (graphite).


@inner
def pencil_hat(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    over_brim = q[to.V] - r.hat_v + 0.32 - 0.1 * q[to.U] * q[to.U]
    brim = over_brim > 0.0
    rate = 7.0 if brim else 3.5
    column = math.asin(clamp(x / 1.45, -0.98, 0.98)) * rate
    rib = (abs(column - math.floor(column) - 0.5)) / rate
    round_ = 0.35 * ramp(0.2, 1.1, -x * (1.0 if r.light_x > 0.0 else -1.0)) + 0.25 * ramp(
        0.8, 1.2, abs(x)
    )
    tone = (
        0.55 * greys[G_HAT]
        + round_
        + 0.3 * ramp(0.06, 0.0, rib)
        + 0.25 * (not brim) * ramp(-0.2, 0.0, over_brim)
    )
    dark = hatching(x, y, clamp(tone, 0.0, 0.9), pixel, seed)
    press = taper(over_brim / 0.3, 0.3, 0.3) if brim else ramp(0.0, -0.3, over_brim)
    dark = over(dark, 0.5 * press * line(rib, 0.008, pixel))
    return over(dark, contour(over_brim, x, y, HALF, pixel, seed + 2))


@inner
def pencil_cloth(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """Clothes: a few folds and light hatching."""
    d = q[to.D_CLOTH]
    across = x - r.body_x
    fan = across / (0.6 + 0.5 * max(0.0, y - r.shoulder))
    fold = noise1(fan * 4.0, seed + 1)
    far = 0.25 * ramp(0.3, 1.2, -across * (1.0 if r.light_x > 0.0 else -1.0))
    tone = (
        0.6 * greys[G_CLOTH]
        + 0.3 * ramp(0.55, 0.9, fold)
        + far
        + 0.3 * ramp(0.3, 0.0, q[to.D_FACE])
    )
    dark = hatching(x, y, clamp(tone, 0.0, 0.85), pixel, seed)
    if r.collar > 0.5:
        inner_line = contour(-d - 0.2 - 0.1 * math.cos(3.0 * across), x, y, HALF, pixel, seed + 2)
        return over(dark, inner_line * (abs(across) > 0.05))
    return over(dark, 0.7 * contour(d + 0.07, x, y, 0.7 * HALF, pixel, seed + 2))


@inner
def pencil_neck(
    r, tables, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int
) -> float:
    cast = face_distance(r, tables, x + 0.25 * r.light_x, y - 0.3)
    side = abs(x - r.body_x)
    tone = greys[G_SKIN] + 0.5 * ramp(0.1, -0.12, cast) + 0.3 * ramp(0.16, 0.0, q[to.D_FACE])
    tone += 0.25 * ramp(-0.12, 0.0, q[to.D_NECK])
    dark = hatching(x, y, clamp(tone, 0.0, 0.85), pixel, seed)
    t = (side - 0.1) / 0.35
    bone = 0.4 * line(y - r.shoulder + 0.13 - 0.16 * side, 0.01, pixel) * taper(t, 0.3, 0.5)
    return over(dark, bone)


@inner
def pencil_ground(r, x: float, y: float, pixel: float, seed: int) -> float:
    """Paper, with some hatching beside the head where the light comes from."""
    toward = 1.0 if r.light_x > 0.0 else -1.0
    away = math.sqrt(x * x + 0.5 * y * y)
    patch = ramp(0.2, 0.7, x * toward) * ramp(-1.6, -0.6, y) * ramp(1.6, 0.6, y)
    patch *= ramp(1.75, 1.2, away) * (0.5 + 0.5 * noise2(x * 2.0, y * 2.0, seed + 1))
    return hatching(x, y, 0.6 * patch * (0.35 + 0.65 * r.ground_busy), pixel, seed + 2)


# ---------------------------------------------------------------------------------------------
# The painter of sketches: graphite on paper, from the front to the back.
#
# Compiled by numba. What is where comes from kernel_layers.py, the marks from the pencil above.
# `keep` is what is left of the paper's white, `seen` what the layers in front leave to be seen.


@inner
def _far(pixel: float) -> float:
    """How far from an edge its outline may still be seen."""
    return 0.06 + 2.0 * pixel


@inner
def _heavy(r, x: float) -> float:
    """Half width of an outline: a pencil presses more on the side away from the light."""
    return HALF * (1.0 + 0.35 * clamp(-x * r.light_x * 1.5, -0.6, 1.0))


@inner
def _hat_and_hair(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int):
    """What is left of the paper and to be seen, under a hat, an earring and hair."""
    keep, seen, far, heavy = 1.0, 1.0, _far(pixel), _heavy(r, x)
    if q[to.D_HAT] < far:
        c = cover(q[to.D_HAT], pixel)
        keep *= 1.0 - contour(q[to.D_HAT], x, y, heavy, pixel, seed)
        keep *= 1.0 - c * pencil_hat(r, greys, q, x, y, pixel, seed + 10)
        seen = 1.0 - c
    if q[to.D_EARRING] < far:
        keep *= 1.0 - seen * 0.8 * line(q[to.D_EARRING], 0.8 * HALF, pixel)
        seen *= 1.0 - cover(q[to.D_EARRING], pixel)
    if q[to.D_HAIR] < far and seen > 0.0:
        # Hair ends in strokes, not in a line: they reach a little over the edge, or stop short.
        ragged = q[to.D_HAIR] + 0.03 * (noise1(q[to.FLOW] * 21.0, seed + 21) - 0.5)
        c = cover(ragged, pixel + 0.02)
        if c > 0.0:
            dark = pencil_hair(r, greys, q, x, y, 0.0, pixel, seed + 20)
            keep *= 1.0 - seen * c * dark * (0.5 if r.shaven > 0.5 else 1.0)
        firm = 0.2 if q[to.D_FACE] < 0.0 else 0.6
        keep *= 1.0 - seen * firm * contour(q[to.D_HAIR], x, y, 0.8 * heavy, pixel, seed + 30)
        seen *= 1.0 - c * (r.shaven < 0.5)
    return keep, seen


@inner
def _glasses(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int):
    """What glasses leave of the paper and to be seen."""
    keep, seen = 1.0, 1.0
    if q[to.D_FRAME] < _far(pixel):
        c = cover(q[to.D_FRAME], pixel)
        shine = 0.35 + 0.65 * noise2(x * 5.0, y * 5.0, seed)
        keep *= 1.0 - c * max(greys[G_FRAME] * shine, 0.35)
        keep *= 1.0 - 0.8 * line(q[to.D_FRAME], 0.006, pixel)
        seen *= 1.0 - 0.9 * c
    if q[to.D_LENS] < 0.0:
        keep *= 1.0 - seen * hatching(x, y, 0.06 + 0.8 * r.glass_tint, pixel, seed + 5)
        seen *= 1.0 - 0.8 * r.glass_tint
    return keep, seen


@inner
def _body(r, tables, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """What ears, clothes, neck, the hair behind them and the ground leave of the paper."""
    keep, seen, far, heavy = 1.0, 1.0, _far(pixel), _heavy(r, x)
    if q[to.D_EAR] < far:
        c = cover(q[to.D_EAR], pixel)
        keep *= 1.0 - contour(q[to.D_EAR], x, y, heavy, pixel, seed)
        keep *= 1.0 - c * pencil_ear(r, greys, q, x, y, pixel, seed + 10)
        seen *= 1.0 - c
    if q[to.D_NECKLACE] < far:
        keep *= 1.0 - seen * 0.7 * line(q[to.D_NECKLACE], 0.8 * HALF, pixel)
    if q[to.D_CLOTH] < far:
        c = cover(q[to.D_CLOTH], pixel)
        keep *= 1.0 - seen * contour(q[to.D_CLOTH], x, y, heavy, pixel, seed + 20)
        keep *= 1.0 - seen * c * pencil_cloth(r, greys, q, x, y, pixel, seed + 30)
        seen *= 1.0 - c
    if q[to.D_NECK] < far and seen > 0.0:
        c = cover(q[to.D_NECK], pixel)
        keep *= 1.0 - seen * contour(q[to.D_NECK], x, y, heavy, pixel, seed + 40)
        keep *= 1.0 - seen * c * pencil_neck(r, tables, greys, q, x, y, pixel, seed + 50)
        seen *= 1.0 - c
    if q[to.D_BUN] < far:
        c = cover(q[to.D_BUN], pixel)
        keep *= 1.0 - seen * contour(q[to.D_BUN], x, y, heavy, pixel, seed + 58)
        keep *= 1.0 - seen * c * pencil_bun(r, greys, q, x, y, pixel, seed + 55)
        seen *= 1.0 - c
    if q[to.D_BACK_HAIR] < far and seen > 0.0:
        c = cover(q[to.D_BACK_HAIR], pixel + 0.01)
        keep *= 1.0 - seen * 0.6 * contour(q[to.D_BACK_HAIR], x, y, heavy, pixel, seed + 70)
        keep *= 1.0 - seen * c * pencil_hair(r, greys, q, x, y, 0.6, pixel, seed + 60)
        seen *= 1.0 - c
    if seen > 0.0:
        keep *= 1.0 - seen * pencil_ground(r, x, y, pixel, seed + 80)
    return keep


@inner
def sample(r, tables, bumps, shades, greys, seed, x, y, pixel, q) -> float:
    """How much graphite lies at a point; its distances go into q."""
    distances(r, tables, bumps, seed, x, y, q)
    keep, seen = _hat_and_hair(r, greys, q, x, y, pixel, seed + 100)
    if r.glasses > 0.5 and seen > 0.0:
        k, s = _glasses(r, greys, q, x, y, pixel, seed + 140)
        keep, seen = keep * (1.0 - seen * (1.0 - k)), seen * s
    if q[to.D_BEARD] < _far(pixel):
        keep *= 1.0 - seen * pencil_beard(r, greys, q, pixel, seed + 150)
        seen *= 1.0 - 0.8 * cover(q[to.D_BEARD], pixel + 0.03)
    if q[to.D_FACE] < _far(pixel) and seen > 0.0:
        c = cover(q[to.D_FACE], pixel)
        bare = 1.0 - cover(q[to.D_HAIR], pixel)  # shaven hair is seen through, but ends the outline
        keep *= 1.0 - seen * bare * contour(q[to.D_FACE], x, y, _heavy(r, x), pixel, seed + 160)
        if c > 0.0:
            dark = pencil_face(r, bumps, shades, greys, q, x, y, pixel, seed + 170)
            keep *= 1.0 - seen * c * dark
        seen *= 1.0 - c
    if seen > 0.0:
        keep *= 1.0 - seen * (1.0 - _body(r, tables, greys, q, x, y, pixel, seed + 300))
    return 1.0 - keep


@threaded
def paint_sketch(record, tables, bumps, shades, greys, seed, many, out, layers) -> None:
    """Fill out (size x size x 3, uint8), each pixel the mean of many x many samples, and layers
    (size x size, uint8) with what is on top at the centre of each."""
    r = record[0]
    size = out.shape[0]
    step = 1.0 / (size * many)
    pixel = step / r.scale
    q = np.zeros(COUNT)
    for i in range(size):
        for j in range(size):
            dark = 0.0
            for n in range(many * many):
                right, below = j * many + n % many + 0.5, i * many + n // many + 0.5
                x, y = head_frame(r, right * step, below * step)
                dark += sample(r, tables, bumps, shades, greys, seed, x, y, pixel, q)
            across, down = (j + 0.5) / size, (i + 0.5) / size
            if many > 1:
                look(r, tables, bumps, seed, across, down, q)
            layers[i, j] = top(r, q)
            dark /= many * many
            grain = tooth(across, down, 1.0 / size, seed + 400)
            # Graphite catches on the tooth: most where the pencil neither presses nor lifts.
            dark = clamp(dark + 0.75 * grain * dark * (1.0 - dark), 0.0, 1.0)
            for k in range(3):
                paper = 250.0 + 2.5 * grain - 2.0 * k
                light = paper + (52.0 + 2.0 * k - paper) * 0.97 * dark
                out[i, j, k] = int(clamp(light + 0.5, 0.0, 255.0))
