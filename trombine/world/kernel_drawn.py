"""Anime and cartoon, compiled: eyes, face, hair, what is worn, and the whole drawing."""

from __future__ import annotations

import math

import numpy as np

from trombine.world import kernel_layers as to
from trombine.world.compiled import inner, threaded
from trombine.world.kernel_geometry import face_distance, lids, locks
from trombine.world.kernel_ink import cover, lay, stroke, taper
from trombine.world.kernel_layers import COUNT, look, top
from trombine.world.kernel_noise import clamp, hash2, mix, noise1, ramp

# Rows of the table of colours, in the order of ROWS in stylise.py.
(
    I_SKIN, I_SKIN_SHADE, I_SKIN_INK, I_BLUSH, I_LIP, I_LIP_SHADE, I_MOUTH, I_TONGUE, I_TEETH,
    I_WHITE, I_WHITE_SHADE, I_IRIS, I_IRIS_DARK, I_IRIS_GLOW, I_LASH, I_LID, I_HAIR,
    I_HAIR_SHADE, I_HAIR_LIGHT, I_HAIR_INK, I_BROW, I_CLOTH, I_CLOTH_SHADE, I_CLOTH_INK, I_HAT,
    I_HAT_SHADE, I_HAT_INK, I_FRAME, I_METAL, I_METAL_INK, I_GROUND, I_GROUND2, I_INK,
) = range(33)  # fmt: skip

# ---------------------------------------------------------------------------------------------
# Eyes and brows of anime and cartoon. Compiled by numba.
#
# Everything lies where kernel_layers.py says: an eye between its lids, a brow in its stroke.


@inner
def _steepness(r, s: float) -> tuple[float, float]:
    """What turns a vertical distance from the upper and the lower lid to one across the lid."""
    at = clamp(s, -0.93, 0.93)
    upper, lower = lids(r, at)
    upper2, lower2 = lids(r, at + 0.04)
    run = 0.04 * r.eye_w
    a, b = (upper2 - upper) / run, (lower2 - lower) / run
    return 1.0 / math.sqrt(1.0 + a * a), 1.0 / math.sqrt(1.0 + b * b)


@inner
def _disc(dx: float, dy: float, x: float, y: float, a: float, b: float) -> float:
    """Distance to an ellipse with half axes a and b round (x, y), nearly."""
    ex, ey = (dx - x) / a, (dy - y) / b
    return (math.sqrt(ex * ex + ey * ey) - 1.0) * min(a, b)


@inner
def _anime_iris(r, inks, c: np.ndarray, dx: float, dy: float, lid: float, pixel, inside) -> None:
    """Dark above, glowing below, two highlights on the light's side. Radius 1 is r.iris_r."""
    radius = r.iris_r
    dy /= r.iris_tall
    away = math.sqrt(dx * dx + dy * dy)
    inside *= cover(away - radius, pixel)
    if inside <= 0.0:
        return
    x, y, p = dx / radius, dy / radius, pixel / radius
    lay(c, inks[I_IRIS], inside)
    lay(c, inks[I_IRIS_DARK], inside * 0.8 * ramp(0.35, -0.85, y))
    lay(c, inks[I_IRIS_GLOW], inside * 0.85 * ramp(0.05, 0.95, y) * ramp(1.02, 0.6, abs(x)))
    angle = math.atan2(y, x)
    ray = abs((angle * 3.5) % 1.0 - 0.5) * 2.0
    lay(c, inks[I_IRIS_DARK], inside * 0.3 * ramp(0.55, 0.95, ray) * ramp(0.3, 0.6, away / radius))
    pupil = _disc(x, y, 0.0, 0.02, r.pupil_r / radius, r.pupil_r / radius * 1.05)
    lay(c, inks[I_IRIS_DARK], inside * cover(pupil, 1.3 * p))
    lay(c, inks[I_LASH], inside * 0.75 * cover(pupil + 0.1, 1.3 * p))
    lay(c, inks[I_IRIS_DARK], inside * 0.95 * cover(0.86 - away / radius, 1.6 * p))
    lay(c, inks[I_LASH], inside * 0.55 * cover(lid - 0.055, pixel))
    toward = -1.0 if r.light_x < 0.0 else 1.0
    lay(c, inks[I_WHITE], inside * cover(_disc(x, y, 0.36 * toward, -0.42, 0.33, 0.3), p))
    lay(c, inks[I_WHITE], inside * 0.9 * cover(_disc(x, y, -0.4 * toward, 0.45, 0.17, 0.15), p))


@inner
def anime_eye(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """White, iris, lashes, lid and crease of one eye."""
    s, y = q[to.EYE_S], q[to.EYE_Y]
    upper, lower = q[to.EYE_UPPER], q[to.EYE_LOWER]
    if q[to.D_EYE] > 0.3 or abs(s) > 1.5 or y < upper - 0.2 or y > lower + 0.08:
        return
    flat_up, flat_low = _steepness(r, s)
    above, below = (upper - y) * flat_up, (y - lower) * flat_low
    makeup = 0.6 * r.makeup * ramp(0.15, 0.0, above) * ramp(1.35, 0.9, abs(s)) * (y < upper)
    lay(c, inks[I_LID], inside * makeup)
    eye = inside * cover(q[to.D_EYE], pixel)
    if eye > 0.0:
        lay(c, inks[I_WHITE], eye)
        lay(c, inks[I_WHITE_SHADE], eye * cover(y - upper - 0.085 + 0.03 * s, pixel))
        dx, dy = s * r.eye_w * q[to.SIDE] - r.gaze_u, y - r.gaze_v
        _anime_iris(r, inks, c, dx, dy, y - upper, pixel, eye)
    # Upper lashes: a bold stroke, thickest beyond the middle, with a flick at the outer corner.
    flick = max(0.0, s - 1.0)
    line = above - (0.3 * flick * r.eye_w * (0.4 + r.lashes)) if s > 1.0 else above
    thick = r.lash * (0.3 + 0.7 * ramp(-1.0, 0.35, s)) * ramp(-1.1, -0.85, s)
    thick *= ramp(1.12 + 0.13 * r.lashes, 0.98, s)
    lay(c, inks[I_LASH], inside * stroke(line - 0.3 * thick, 0.62 * thick, pixel) * (thick > 0.001))
    # Two points of lashes beyond the outer corner.
    for k in range(2):
        along = (s - 0.78 + 0.2 * k) / (0.3 * r.lashes)
        rise = line - 0.55 * r.lash - (0.1 + 0.05 * k) * along * along
        wide = 0.012 * r.lashes * taper(along, 0.05, 0.95) * (r.lashes > 0.7)
        lay(c, inks[I_LASH], inside * stroke(rise, wide, pixel))
    # Lower lid: from the outer corner inward; crease: a thin line over the lashes.
    low = 0.007 * taper((s + 0.45) / 1.5, 0.5, 0.1)
    lay(c, inks[I_LASH], inside * 0.75 * stroke(below, low, pixel))
    crease = 0.006 * taper((s + 0.75) / 1.75, 0.4, 0.3)
    lay(c, inks[I_SKIN_INK], inside * 0.8 * stroke(above - r.lash - 0.035, crease, pixel))


@inner
def cartoon_eye(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """A ball with a dot; where the lids cover it, it has the skin's shade."""
    s, y = q[to.EYE_S], q[to.EYE_Y]
    if q[to.D_EYE] > 1.0 or abs(s) > 1.6 or abs(y) > 1.5 * r.eye_w:
        return
    ex = s * r.eye_w
    ball = math.sqrt(ex * ex + y * y) - r.eye_w
    lay(c, inks[I_LID if r.makeup > 0.3 else I_SKIN_SHADE], inside * cover(ball, pixel))
    flat_up, flat_low = _steepness(r, s)
    eye = inside * cover(q[to.D_EYE], pixel)
    if eye > 0.0:
        lay(c, inks[I_WHITE], eye)
        lay(c, inks[I_WHITE_SHADE], eye * cover(y - q[to.EYE_UPPER] - 0.07, pixel))
        dx, dy = ex * q[to.SIDE] - r.gaze_u, y - r.gaze_v
        away = math.sqrt(dx * dx + dy * dy)
        lay(c, inks[I_IRIS_DARK], eye * cover(away - r.iris_r - 0.008, pixel))
        lay(c, inks[I_IRIS], eye * cover(away - r.iris_r + 0.012, pixel))
        lay(c, inks[I_INK], eye * cover(away - r.pupil_r, pixel))
        toward = -1.0 if r.light_x < 0.0 else 1.0
        glint = _disc(dx, dy, 0.05 * toward, -0.05, 0.035, 0.035)
        lay(c, inks[I_WHITE], eye * cover(glint, pixel))
    lid = min(abs(q[to.EYE_UPPER] - y) * flat_up, abs(y - q[to.EYE_LOWER]) * flat_low)
    if ball < 0.0:
        lay(c, inks[I_INK], inside * stroke(lid, 0.8 * r.ink, pixel))
    lay(c, inks[I_INK], inside * stroke(ball, 0.9 * r.ink, pixel))
    # Three lashes that stand off the ball.
    if r.lashes > 0.8 and y < 0.0 and ball > 0.0:
        angle = math.atan2(ex, -y)  # 0 above, positive outward
        for k in range(3):
            at = 0.25 + 0.38 * k
            width = (r.lash * 0.55) * clamp(1.0 - ball / 0.13, 0.0, 1.0)
            across = (angle - at) * (ball + r.eye_w)
            lay(c, inks[I_INK], inside * stroke(across, width, pixel) * (ball < 0.13))


@inner
def drawn_brow(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """A brow: one stroke, with a notch or two where its hairs part."""
    if q[to.D_BROW] > pixel:
        return
    lay(c, inks[I_BROW], inside * cover(q[to.D_BROW], pixel))
    if r.cartoon < 0.5:
        a = q[to.BROW_A]
        nick = abs((a * 7.0 + 0.5 * q[to.BROW_Y]) % 1.0 - 0.5)
        pale = cover((nick - 0.06) * 0.08, pixel) * ramp(0.0, 0.9, abs(q[to.BROW_Y]))
        lay(
            c,
            inks[I_SKIN_SHADE],
            inside * 0.4 * pale * cover(q[to.D_BROW], pixel) * mix(1.0, 0.0, a),
        )


# ---------------------------------------------------------------------------------------------
# Skin, nose, mouth, beard and ears of anime and cartoon. Compiled by numba.


@inner
def _shaded(r, q: np.ndarray, pixel: float) -> float:
    """Where the face lies in shadow: under hair or hat, and on the side away from the light."""
    u, v = q[to.U], q[to.V]
    over = min(q[to.D_HAIR], q[to.D_HAT])
    cast = r.cast * (0.35 + 0.65 * ramp(0.5, -0.15, v)) + 0.04 * u * r.light_x
    hair = cover(over - cast, pixel)
    away = -u if r.light_x > 0.0 else u
    if away < 0.0:
        return hair
    # The far cheek: a crescent along the outline, widest at the jaw.
    wide = 0.05 + 0.24 * min(1.0, 1.5 * abs(r.light_x)) * ramp(-0.4, 0.9, v)
    return max(hair, cover(-wide * ramp(0.05, 0.6, away) - q[to.D_FACE], pixel))


@inner
def _blush(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """Round soft cheeks; in anime with three slanting strokes when they glow."""
    du, dv = (abs(q[to.U]) - 0.56) / 0.3, (q[to.V] - r.eye_v - 0.36) / 0.17
    round_ = ramp(1.0, 0.1, math.sqrt(du * du + dv * dv))
    lay(c, inks[I_BLUSH], inside * round_ * (0.2 + 0.5 * r.ruddy) * (1.0 - 0.3 * r.cartoon))
    if r.ruddy > 0.45 and r.cartoon < 0.5:
        slant = abs(q[to.U]) - 0.55 + 0.35 * (q[to.V] - r.eye_v - 0.34)
        for k in range(3):
            along = (q[to.V] - r.eye_v - 0.29) / 0.11
            width = 0.006 * taper(along, 0.4, 0.4)
            mark = stroke(slant + 0.07 * (k - 1), width, pixel)
            lay(c, inks[I_BLUSH], inside * mark)


@inner
def _freckles(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, seed: int, inside) -> None:
    u, v = q[to.U] * 13.0, (q[to.V] - r.eye_v) * 13.0
    if r.freckles < 0.1 or v < 2.0 or v > 7.0 or abs(u) > 9.5:
        return
    i, j = math.floor(u), math.floor(v)
    if hash2(i, j, seed + 5) > 0.65 * r.freckles:
        return
    du = u - i - 0.15 - 0.7 * hash2(i, j, seed + 6)
    dv = v - j - 0.15 - 0.7 * hash2(i, j, seed + 7)
    d = (math.sqrt(du * du + dv * dv) - 0.1 - 0.08 * hash2(i, j, seed + 8)) / 13.0
    lay(c, inks[I_SKIN_SHADE], inside * cover(d, pixel))


@inner
def _lines(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """Few strokes: folds beside the mouth, brows drawn together, a lined forehead with age."""
    side, v = abs(q[to.U]), q[to.V]
    half = 0.6 * r.ink
    age = ramp(0.3, 0.75, r.old)
    if age > 0.0:
        t = (v - r.nose_base + 0.04) / (r.mouth_v - r.nose_base + 0.08)
        fold = r.nose_wing + 0.09 + (r.mouth_w * 1.25 - r.nose_wing - 0.06) * t
        fold += 0.14 * t * (1.0 - t)
        mark = stroke((side - fold) * 0.8, half * taper(t, 0.3, 0.6), pixel)
        lay(c, inks[I_SKIN_INK], inside * 0.75 * age * mark)
    if age > 0.0 and q[to.D_EYE] < 0.5:
        bag = r.eye_v + r.lid_lower + 0.09 - 0.1 * q[to.EYE_S] * q[to.EYE_S]
        mark = stroke(v - bag, 0.7 * half * taper(0.5 + 0.6 * q[to.EYE_S], 0.5, 0.4), pixel)
        lay(c, inks[I_SKIN_INK], inside * 0.6 * age * mark)
    lined = max(r.raise_, age)
    if lined > 0.2 and -1.0 < v < -0.5:
        for k in range(2):
            at = -0.66 - 0.14 * k + 0.03 * math.cos(3.0 * side)
            pressure = taper(0.5 + q[to.U] / (0.9 - 0.3 * k), 0.35, 0.35)
            mark = stroke(v - at, 0.7 * half * pressure, pixel)
            lay(c, inks[I_SKIN_INK], inside * 0.6 * lined * mark)
    if r.furrow > 0.25 and side < 0.2:
        t = (v - r.brow_v + 0.12) / 0.24
        mark = stroke(side - 0.06 - 0.03 * t, half * taper(t, 0.4, 0.4), pixel)
        lay(c, inks[I_SKIN_INK], inside * r.furrow * mark)


@inner
def _anime_nose(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """A wedge of shadow on the side away from the light, a dot of light, a short line below."""
    u, v = q[to.U], q[to.V]
    if q[to.D_NOSE] > 0.03:
        return
    toward = -1.0 if r.light_x < 0.0 else 1.0
    wedge = max(q[to.D_NOSE], u * toward + 0.012)
    lay(c, inks[I_SKIN_SHADE], inside * cover(wedge, pixel))
    line = (v - r.nose_base + 0.02) + 0.6 * u * u / r.nose_wing
    t = 0.5 + 0.5 * u / (0.8 * r.nose_wing)
    lay(c, inks[I_SKIN_INK], inside * stroke(line, 0.008 * taper(t, 0.4, 0.4), pixel))
    du, dv = (u - 0.016 * toward) / 0.016, (v - r.nose_base + 0.09) / 0.03
    lay(c, inks[I_WHITE], inside * 0.75 * cover((math.sqrt(du * du + dv * dv) - 1) * 0.016, pixel))


@inner
def _cartoon_nose(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """A round nose: outline below and at its wings, a light on its tip."""
    u, v = q[to.U], q[to.V]
    if q[to.D_NOSE] > 0.06:
        return
    t = (v - r.nose_top) / (r.nose_base - r.nose_top)
    toward = -1.0 if r.light_x < 0.0 else 1.0
    low = cover(max(q[to.D_NOSE], 0.8 - t + 0.25 * u * toward / r.nose_wing), pixel)
    lay(c, inks[I_SKIN_SHADE], inside * low)
    one_side = ramp(0.3, 0.55, t) if u * toward < 0.0 else ramp(0.55, 0.75, t)
    lay(c, inks[I_SKIN_INK], inside * stroke(q[to.D_NOSE], 0.85 * r.ink * one_side, pixel))
    du, dv = u - 0.3 * r.nose_wing * toward, v - r.nose_base + 0.2
    lay(c, inks[I_WHITE], inside * 0.5 * cover(math.sqrt(du * du + dv * dv * 1.6) - 0.035, pixel))


@inner
def _mouth(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """Lips, the open mouth, and the line between the lips."""
    m, v = q[to.MOUTH_M], q[to.V]
    if min(q[to.D_UPPER], min(q[to.D_LOWER], q[to.D_MOUTH])) > 0.15:
        return
    lay(c, inks[I_LIP_SHADE], inside * cover(q[to.D_UPPER], pixel))
    lay(c, inks[I_LIP], inside * cover(q[to.D_LOWER], pixel))
    open_ = inside * cover(q[to.D_MOUTH], pixel)
    gap = q[to.MOUTH_LOWER] - q[to.MOUTH_UPPER]
    if open_ > 0.0 and gap > 0.0:
        lay(c, inks[I_MOUTH], open_)
        dm, dv = m / 0.6, (v - q[to.MOUTH_LOWER] - 0.02) / (0.45 * r.mouth_gap + 0.01)
        tongue = (math.sqrt(dm * dm + dv * dv) - 1.0) * 0.4 * r.mouth_gap
        lay(c, inks[I_TONGUE], open_ * cover(tongue, pixel))
        reach = (0.12 + 0.3 * r.teeth) * r.mouth_gap * (1.0 - 0.5 * m * m)
        teeth = open_ * cover(v - q[to.MOUTH_UPPER] - reach, pixel)
        lay(c, inks[I_TEETH], teeth)
        if r.cartoon > 0.5:
            place = abs((abs(m) * r.mouth_w / 0.13 + 0.5) % 1.0 - 0.5) * 0.13
            lay(c, inks[I_MOUTH], 0.45 * teeth * stroke(place, 0.006, pixel))
    ink = I_INK if r.cartoon > 0.5 else I_SKIN_INK
    press = r.ink * (1.0 if r.cartoon > 0.5 else 0.95) * taper(0.5 + 0.48 * m, 0.25, 0.25)
    lay(c, inks[ink], inside * stroke(v - q[to.MOUTH_UPPER], press, pixel))
    if r.mouth_gap > 0.02:
        lay(c, inks[ink], inside * stroke(v - q[to.MOUTH_LOWER], 0.8 * press, pixel))
    # Under the lower lip, and in a cartoon the corners.
    low = 0.5 * r.ink * taper(0.5 + 1.1 * m, 0.4, 0.4)
    lay(c, inks[I_SKIN_INK], inside * 0.6 * stroke(v - q[to.MOUTH_BOTTOM] - 0.045, low, pixel))
    if r.cartoon > 0.5:
        along = (v - q[to.MOUTH_UPPER] + 0.055) / 0.11
        tick = (abs(m) - 1.03) * r.mouth_w + 0.05 * (2.0 * along - 1.0) ** 2
        lay(c, inks[ink], inside * stroke(tick, 0.75 * r.ink * taper(along, 0.45, 0.45), pixel))


@inner
def _beard(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """A beard as a flat shape with a darker lower part and a thin edge."""
    d = q[to.D_BEARD]
    if d > 0.04:
        return
    lay(c, inks[I_HAIR], inside * cover(d, pixel))
    away = -q[to.U] if r.light_x > 0.0 else q[to.U]
    low = max(d, -0.13 - 0.12 * ramp(-0.4, 0.7, away) - q[to.D_FACE])
    lay(c, inks[I_HAIR_SHADE], inside * cover(low, pixel))
    lay(c, inks[I_HAIR_INK], inside * stroke(d, 0.6 * r.ink, pixel))


@inner
def drawn_face(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, seed: int) -> None:
    """The face over what is in c: skin and its outline, features, beard."""
    d = q[to.D_FACE]
    inside = cover(d, pixel)
    bold = r.ink * (0.75 + 0.5 * ramp(0.6, 1.3, q[to.V]))
    if inside > 0.0:
        lay(c, inks[I_SKIN], inside)
        _blush(r, inks, q, c, pixel, inside)
        lay(c, inks[I_SKIN_SHADE], inside * _shaded(r, q, pixel))
        _freckles(r, inks, q, c, pixel, seed, inside)
        _lines(r, inks, q, c, pixel, inside)
        if r.cartoon > 0.5:
            _mouth(r, inks, q, c, pixel, inside)
            cartoon_eye(r, inks, q, c, pixel, inside)
            _cartoon_nose(r, inks, q, c, pixel, inside)
        else:
            _anime_nose(r, inks, q, c, pixel, inside)
            _mouth(r, inks, q, c, pixel, inside)
            anime_eye(r, inks, q, c, pixel, inside)
        drawn_brow(r, inks, q, c, pixel, inside)
    lay(c, inks[I_SKIN_INK], stroke(d, bold, pixel))
    _beard(r, inks, q, c, pixel, cover(d - 0.05, pixel))


@inner
def drawn_ear(r, inks, q: np.ndarray, c: np.ndarray, pixel: float) -> None:
    """An ear: outline, shaded hollow, one inner line."""
    d, a, b = q[to.D_EAR], q[to.EAR_X], q[to.EAR_Y]
    lay(c, inks[I_SKIN], cover(d, pixel))
    hollow = (math.sqrt((a - 0.1) ** 2 * 2.2 + (b + 0.1) ** 2 * 2.0) - 0.75) * r.ear_w
    lay(c, inks[I_SKIN_SHADE], cover(max(hollow, d), pixel))
    pressure = taper(0.5 + 0.5 * (b + 0.25) / 0.7, 0.3, 0.3)
    inner = cover(d, pixel) * stroke(d + 0.38 * r.ear_w, 0.7 * r.ink * pressure, pixel)
    lay(c, inks[I_SKIN_INK], inner * (a > -0.2))
    lay(c, inks[I_SKIN_INK], stroke(d, r.ink, pixel))


# ---------------------------------------------------------------------------------------------
# Hair of anime and cartoon: flat shapes, lines where locks part, a halo. Compiled by numba.


@inner
def _root(r, y: float) -> float:
    """How far apart two curves of the flow lie at this height, for a unit of the flow."""
    return math.sqrt(max(0.0, y - r.crown) * r.flow_spread + 0.05)


@inner
def _parting_lines(r, q: np.ndarray, y: float, pixel: float, seed: int) -> float:
    """Ink where locks part: each notch of the hairline runs on into the hair and thins out;
    some partings show from the crown, too."""
    t = q[to.FLOW] * r.lock_rate
    t += 0.5 * noise1(0.7 * t, seed)
    i = math.floor(t + 0.5)
    across = (t - i) * _root(r, y) / r.lock_rate
    long = 0.25 + 0.45 * hash2(i, 5, seed)
    pressure = 1.0 - max(q[to.D_OPENING], 0.0) / long  # begins at the hairline
    if hash2(i, 6, seed) < 0.5:
        down = (y - r.crown - 0.1) / (0.35 + 0.5 * hash2(i, 7, seed))
        pressure = max(pressure, taper(down, 0.25, 0.75))
    return stroke(across, r.ink * clamp(pressure, 0.0, 0.95), pixel)


@inner
def _hanging_lines(r, q: np.ndarray, y: float, pixel: float, seed: int) -> float:
    """Ink of long hair: broken strokes along the flow, beside and below the face."""
    t = q[to.FLOW] * 9.0
    i = math.floor(t + 0.5)
    off = 0.5 * (hash2(i, 8, seed) - 0.5)
    across = (t - i - off) * _root(r, y) / 9.0
    at = y * 0.9 + 3.0 * hash2(i, 9, seed)
    piece = math.floor(at)
    long = 0.3 + 0.6 * hash2(i, piece, seed + 1)
    pressure = taper((at - piece) / long, 0.5, 0.5) * ramp(-0.5, 0.0, y)
    return stroke(across, 0.8 * r.ink * pressure, pixel)


@inner
def _curl_lines(r, x: float, y: float, rate: float, pixel: float, seed: int) -> tuple[float, float]:
    """Curls as arcs in a jittered grid: ink of the arcs, and light on their upper left."""
    gx, gy = x * rate, y * rate
    i, j = math.floor(gx), math.floor(gy)
    ink, light = 0.0, 0.0
    p = pixel * rate
    for di in range(-1, 2):
        for dj in range(-1, 2):
            m, n = i + di, j + dj
            dx = gx - (m + 0.25 + 0.5 * hash2(m, n, seed))
            dy = gy - (n + 0.25 + 0.5 * hash2(m, n, seed + 1))
            radius = 0.34 + 0.2 * hash2(m, n, seed + 2)
            away = math.sqrt(dx * dx + dy * dy)
            if abs(away - radius) > 0.25:
                continue
            turn = (math.atan2(dy, dx) / 6.2831853 + hash2(m, n, seed + 3)) % 1.0
            pressure = taper(turn / 0.6, 0.4, 0.4)
            ink = max(ink, stroke(away - radius, r.ink * rate * 0.8 * pressure, p))
            light = max(light, stroke(away - radius + 0.14, 0.06 * taper(turn / 0.4, 0.4, 0.4), p))
    return ink, light


@inner
def _halo(r, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """The band of light round a head of smooth hair, jagged by the locks, open at places."""
    flow = q[to.FLOW]
    level = -1.22 + 0.26 * x * x
    up, _ = locks(flow * 4.0 + 3.0, 0.5, seed + 11)
    down, _ = locks(flow * 3.0 + 9.0, 0.5, seed + 12)
    wide = ramp(0.95, 0.3, abs(x - 0.12 * r.light_x)) * (0.4 + 1.1 * noise1(flow * 1.7, seed + 13))
    top = level - (0.03 + 0.06 * up) * wide
    bottom = level + (0.17 * down * down + 0.025) * wide
    band = max(top - y, y - bottom)
    below = stroke(y - bottom - 0.045 - 0.03 * up, 0.009 * clamp(2.0 * wide - 1.0, 0.0, 1.0), pixel)
    return max(cover(band * 0.8, pixel), below) * (wide > 0.0)


@inner
def _gloss(r, x: float, y: float, pixel: float) -> float:
    """A cartoon's light on hair: one short arc on the light's side, and a dot after it."""
    toward = -1.0 if r.light_x < 0.0 else 1.0
    at = math.atan2(x * toward, -(y + 0.2))  # 0 at the crown, positive toward the light
    away = math.sqrt(x * x + (y + 0.2) * (y + 0.2)) - 1.2
    arc = stroke(away, 0.035 * taper((at - 0.3) / 0.4, 0.3, 0.3), pixel)
    return max(arc, stroke(away, 0.035 * taper((at - 0.78) / 0.1, 0.5, 0.5), pixel))


@inner
def _flat_shadow(r, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """The second tone: the far side of the head, and the hem of the locks."""
    flow = q[to.FLOW]
    away = -x if r.light_x > 0.0 else x
    tooth, _ = locks(flow * 2.6 + 5.0, 0.5, seed + 21)
    edge = 0.62 - 0.35 * min(1.0, abs(r.light_x)) + 0.32 * tooth - 0.2 * (y + 0.6)
    side = cover((edge - away) * 0.7, pixel)
    tooth2, _ = locks(flow * 3.7 + 8.0, 0.5, seed + 22)
    depth = 0.02 + 0.3 * tooth2 * ramp(0.3, -0.2, y)
    hem = cover((q[to.D_OPENING] - depth) * 0.6, pixel)
    return max(side, hem)


@inner
def drawn_hair(r, inks, q: np.ndarray, c, x: float, y: float, pixel: float, seed: int) -> None:
    """Hair in front of everything but a hat, over what is in c."""
    d = q[to.D_HAIR]
    inside = cover(d, pixel)
    if r.shaven > 0.5:
        away = -x if r.light_x > 0.0 else x
        lay(c, inks[I_HAIR], inside)
        lay(c, inks[I_HAIR_SHADE], inside * cover(0.62 - away - 0.12 * (y + 0.6) ** 2, pixel))
        lay(c, inks[I_HAIR_INK], stroke(d, r.ink * (q[to.D_FACE] > -0.03), pixel))
        return
    if inside > 0.0:
        lay(c, inks[I_HAIR], inside)
        if r.curl > 0.6:
            rate = 3.2 if r.cartoon > 0.5 else 4.0
            ink, light = _curl_lines(r, x, y, rate, pixel, seed + 31)
            lay(c, inks[I_HAIR_SHADE], inside * _flat_shadow(r, q, x, y, pixel, seed))
            if r.cartoon < 0.5:
                lay(c, inks[I_HAIR_LIGHT], inside * light * ramp(0.2, -0.9, y))
            lay(c, inks[I_HAIR_INK], inside * ink)
        else:
            lay(c, inks[I_HAIR_SHADE], inside * _flat_shadow(r, q, x, y, pixel, seed))
            light = _halo(r, q, x, y, pixel, seed) if r.cartoon < 0.5 else _gloss(r, x, y, pixel)
            lay(c, inks[I_HAIR_LIGHT], inside * light)
            lay(c, inks[I_HAIR_INK], inside * _parting_lines(r, q, y, pixel, seed + 73))
            if r.long > 0.0 and y > -0.5:
                lay(c, inks[I_HAIR_INK], inside * _hanging_lines(r, q, y, pixel, seed + 75))
    # The outline presses and lifts, as a pen's does.
    press = 0.8 + 0.5 * noise1(4.0 * q[to.FLOW] + 2.5 * y, seed + 33)
    lay(c, inks[I_HAIR_INK], stroke(d, press * r.ink, pixel))


@inner
def drawn_hair_behind(r, inks, q: np.ndarray, c, y: float, pixel: float, seed: int) -> None:
    """Hair behind the neck, and a bun."""
    back = q[to.D_BACK_HAIR]
    lay(c, inks[I_HAIR_SHADE], cover(back, pixel))
    lay(c, inks[I_HAIR_INK], stroke(back, r.ink, pixel))
    bun = q[to.D_BUN]
    if bun > r.ink + pixel:
        return
    lay(c, inks[I_HAIR], cover(bun, pixel))
    lay(c, inks[I_HAIR_SHADE], cover(max(bun, r.crown - 0.02 - y), pixel))
    arc = abs((bun * 6.0) % 1.0 - 0.5) / 6.0
    pressure = ramp(0.3, 0.9, noise1(q[to.FLOW] * 3.0 + 7.0, seed + 41))
    lay(c, inks[I_HAIR_INK], cover(bun, pixel) * stroke(arc, 0.7 * r.ink * pressure, pixel))
    lay(c, inks[I_HAIR_INK], stroke(bun, r.ink, pixel))


# ---------------------------------------------------------------------------------------------
# Clothes, hat, glasses, jewels, neck and background of drawings. Compiled by numba.


@inner
def drawn_neck(r, tables, inks, q: np.ndarray, c, x: float, y: float, pixel: float) -> None:
    """Neck and chest, the chin's shadow with a hard edge, the collar bones."""
    d = q[to.D_NECK]
    inside = cover(d, pixel)
    lay(c, inks[I_SKIN], inside)
    cast = face_distance(r, tables, x + 0.25 * r.light_x, y - 0.26)
    lay(c, inks[I_SKIN_SHADE], inside * cover(cast, pixel))
    side = abs(x - r.body_x)
    bone = y - r.shoulder + 0.13 - 0.16 * side
    t = (side - 0.1) / 0.3
    lay(c, inks[I_SKIN_INK], inside * 0.6 * stroke(bone, 0.6 * r.ink * taper(t, 0.3, 0.5), pixel))
    lay(c, inks[I_SKIN_INK], stroke(d, r.ink, pixel))


@inner
def _collar(r, inks, c: np.ndarray, across: float, deep: float, inside: float, pixel) -> None:
    """Two flaps round the neck, `deep` below the neckline, and a row of buttons."""
    side = abs(across)
    flap = deep - 0.34 * max(0.0, 1.0 - side / 0.85)
    notch = 0.35 * deep - side
    lay(c, inks[I_CLOTH], inside * cover(max(flap, notch), pixel))
    lay(
        c,
        inks[I_CLOTH_SHADE],
        inside * cover(max(max(-flap, flap - 0.05), notch), pixel) * (side < 0.85),
    )
    edge = max(abs(flap), notch) if notch > flap else max(flap, notch)
    lay(c, inks[I_CLOTH_INK], inside * stroke(edge, r.ink, pixel) * (side < 0.85))
    lay(c, inks[I_CLOTH_INK], inside * stroke(side, 0.7 * r.ink, pixel) * (flap > 0.0))
    button = math.sqrt((side - 0.06) ** 2 + (deep % 0.22 - 0.11) ** 2) - 0.022
    lay(c, inks[I_CLOTH_INK], inside * cover(button, pixel) * (deep > 0.33) * (across > 0.0))


@inner
def drawn_cloth(r, inks, q: np.ndarray, c, x: float, y: float, pixel: float, seed: int) -> None:
    """Clothes: a flat colour, folds of shadow, a hem or a collar."""
    d = q[to.D_CLOTH]
    inside = cover(d, pixel)
    lay(c, inks[I_CLOTH], inside)
    across = x - r.body_x
    toward = -1.0 if r.light_x < 0.0 else 1.0
    # Folds fan out from the shoulders.
    fan = across / (0.6 + 0.5 * max(0.0, y - r.shoulder))
    fold = abs((fan * 2.0 + 0.6 * noise1(fan * 3.0, seed + 51)) % 1.0 - 0.5)
    shade = max(0.3 - fold + 0.35 * d, -across * toward - 0.9)
    lay(c, inks[I_CLOTH_SHADE], inside * cover((shade + 0.2) * 0.3, pixel) * (abs(across) > 0.3))
    lay(c, inks[I_CLOTH_SHADE], inside * cover(0.62 + across * toward, pixel))
    if r.collar > 0.5:
        _collar(r, inks, c, across, -d, inside, pixel)
    else:
        lay(c, inks[I_CLOTH_INK], inside * 0.8 * stroke(d + 0.07, 0.6 * r.ink, pixel))
    lay(c, inks[I_CLOTH_INK], stroke(d, r.ink, pixel))


@inner
def drawn_metal(r, inks, d: float, c: np.ndarray, pixel: float) -> None:
    """A necklace or an earring."""
    lay(c, inks[I_METAL], cover(d, pixel))
    lay(c, inks[I_METAL_INK], stroke(d, 0.5 * r.ink, pixel))


@inner
def drawn_hat(r, inks, q: np.ndarray, c, x: float, y: float, pixel: float) -> None:
    """A knitted hat: ribs, a turned-up brim."""
    d = q[to.D_HAT]
    u, v = q[to.U], q[to.V]
    inside = cover(d, pixel)
    lay(c, inks[I_HAT], inside)
    over = v - r.hat_v + 0.34 - 0.1 * u * u  # below the brim's upper edge where positive
    toward = -1.0 if r.light_x < 0.0 else 1.0
    far = cover(0.45 + x * toward - 0.15 * y, pixel)
    lay(c, inks[I_HAT_SHADE], inside * max(far, cover(max(over, -over - 0.09), pixel)))
    column = math.asin(clamp(x / 1.45, -0.98, 0.98)) * (7.0 if over > 0.0 else 3.5)
    rib = abs(column - math.floor(column) - 0.5) / (7.0 if over > 0.0 else 3.5)
    press = 0.7 * r.ink * (taper(over / 0.3, 0.3, 0.3) if over > 0.0 else ramp(0.0, -0.4, over))
    lay(c, inks[I_HAT_INK], inside * 0.8 * stroke(rib, press, pixel))
    lay(c, inks[I_HAT_INK], inside * stroke(over, r.ink, pixel))
    lay(c, inks[I_HAT_INK], stroke(d, 1.1 * r.ink, pixel))


@inner
def drawn_glasses(r, inks, q: np.ndarray, c: np.ndarray, pixel: float) -> None:
    """Lenses with two slanting lights, and the frame."""
    lens = q[to.D_LENS]
    if lens < pixel:
        inside = cover(lens, pixel)
        lay(c, inks[I_INK], inside * 0.88 * r.glass_tint)
        slant = q[to.GLASS_U] + 0.9 * q[to.GLASS_V]
        band = (slant + 0.16) % (2.0 * r.glass_u)
        shine = cover(abs(band - 0.16) - 0.06, pixel) + cover(abs(band - 0.29) - 0.025, pixel)
        lay(c, inks[I_WHITE], inside * min(1.0, shine) * (0.22 + 0.2 * r.glass_tint))
    frame = q[to.D_FRAME]
    if frame < r.ink + pixel:
        lay(c, inks[I_FRAME], cover(frame, pixel))
        if r.cartoon > 0.5:
            lay(c, inks[I_INK], stroke(frame, 0.6 * r.ink, pixel))


@inner
def drawn_ground(r, inks, c: np.ndarray, across: float, down: float, step: float, seed: int):
    """A gradient with a simple pattern; across and down are in picture sizes, step is a sample."""
    for k in range(3):
        c[k] = inks[I_GROUND, k]
    lay(c, inks[I_GROUND2], clamp(down * 1.1 - 0.05, 0.0, 1.0))
    kind = r.ground_kind
    strength = 0.25 + 0.3 * r.ground_busy
    dx, dy = across - 0.5, down - 0.5
    if kind < 0.18:
        return
    if kind < 0.36:  # slanting stripes
        t = (across + 0.6 * down) * (5.0 + 5.0 * r.ground_busy)
        mark = cover((abs(t - math.floor(t) - 0.5) - 0.25) * 0.1, step)
    elif kind < 0.54:  # dots on a slanted grid, smaller toward the bottom
        rate = 10.0 + 6.0 * r.ground_busy
        gx, gy = (across + down) * rate * 0.7071, (down - across) * rate * 0.7071
        ex, ey = gx - math.floor(gx) - 0.5, gy - math.floor(gy) - 0.5
        mark = cover((math.sqrt(ex * ex + ey * ey) - 0.34 + 0.2 * down) / rate, step)
    elif kind < 0.72:  # rays from behind the head
        turn = math.atan2(dy, dx) * (6.0 + int(4.0 * r.ground_busy)) / 3.14159265
        away = math.sqrt(dx * dx + dy * dy)
        mark = cover((abs(turn - math.floor(turn) - 0.5) - 0.25) * 0.4 * away, step)
    else:  # large soft discs
        mark = 0.0
        for k in range(5 + int(5 * r.ground_busy)):
            ex = across - 1.1 * noise1(k * 7.3 + 0.5, seed) + 0.05
            ey = down - 1.1 * noise1(k * 5.1 + 0.5, seed + 1) + 0.05
            radius = 0.04 + 0.1 * noise1(k * 3.7 + 0.5, seed + 2)
            mark = max(
                mark, cover(math.sqrt(ex * ex + ey * ey) - radius, step) * (0.4 + 0.1 * (k % 5))
            )
    lay(c, inks[I_WHITE], mark * strength)


# ---------------------------------------------------------------------------------------------
# The painter of anime and cartoon: flat colours and ink, from the back to the front.
#
# Compiled by numba. What is where comes from kernel_layers.py. Layers that others hide completely
# are not drawn. Pixels are sampled once at their centre; those that differ from a neighbour, where
# edges run, are sampled again in four places.


ROUGH = 0.13  # a difference between neighbours (sRGB, 0 to 1) that calls for more samples


@inner
def _body(r, tables, inks, q, c, x: float, y: float, pixel: float, seed: int) -> None:
    """What lies behind the face."""
    near = 1.3 * r.ink + pixel
    if min(q[to.D_BACK_HAIR], q[to.D_BUN]) < near:
        drawn_hair_behind(r, inks, q, c, y, pixel, seed)
    if q[to.D_NECK] < near:
        drawn_neck(r, tables, inks, q, c, x, y, pixel)
    if q[to.D_NECKLACE] < near and q[to.D_CLOTH] > -near:
        drawn_metal(r, inks, q[to.D_NECKLACE], c, pixel)
    if q[to.D_CLOTH] < near:
        drawn_cloth(r, inks, q, c, x, y, pixel, seed)
    if q[to.D_EAR] < near:
        drawn_ear(r, inks, q, c, pixel)


@inner
def sample(r, tables, bumps, inks, seed, ground_seed, across, down, step, q, c) -> None:
    """The colour at a place of the picture, into c (sRGB, 0 to 1); its distances into q."""
    pixel = step / r.scale
    look(r, tables, bumps, seed, across, down, q)
    x, y = q[to.X], q[to.Y]
    near = 1.3 * r.ink + pixel
    if q[to.D_HAT] > -near:
        if q[to.D_HAIR] > -near:
            if q[to.D_FACE] > -near:
                drawn_ground(r, inks, c, across, down, step, ground_seed)
                _body(r, tables, inks, q, c, x, y, pixel, seed)
            if q[to.D_FACE] < near + 0.1:
                drawn_face(r, inks, q, c, pixel, seed)
            if min(q[to.D_LENS], q[to.D_FRAME]) < near:
                drawn_glasses(r, inks, q, c, pixel)
        if q[to.D_HAIR] < near:
            drawn_hair(r, inks, q, c, x, y, pixel, seed)
        if q[to.D_EARRING] < near:
            drawn_metal(r, inks, q[to.D_EARRING], c, pixel)
    if q[to.D_HAT] < near:
        drawn_hat(r, inks, q, c, x, y, pixel)


@inner
def _differs(first: np.ndarray, i: int, j: int) -> bool:
    """Whether a pixel differs from one of its four neighbours."""
    size = first.shape[0]
    for k in range(3):
        own = first[i, j, k]
        if i > 0 and abs(first[i - 1, j, k] - own) > ROUGH:
            return True
        if j > 0 and abs(first[i, j - 1, k] - own) > ROUGH:
            return True
        if i + 1 < size and abs(first[i + 1, j, k] - own) > ROUGH:
            return True
        if j + 1 < size and abs(first[i, j + 1, k] - own) > ROUGH:
            return True
    return False


@threaded
def paint_drawn(record, tables, bumps, inks, seed, ground_seed, out, layers) -> None:
    """Fill out (size x size x 3, uint8) and layers (size x size, uint8; what is on top)."""
    r = record[0]
    size = out.shape[0]
    q, c, total = np.zeros(COUNT), np.zeros(3), np.zeros(3)
    first = np.empty((size, size, 3))
    for many in range(1, 3):  # one sample each, then four where there is more to see
        step, share = 1.0 / (size * many), 1.0 / (many * many)
        for i in range(size):
            for j in range(size):
                if many == 2 and not _differs(first, i, j):
                    continue
                total[:] = 0.0
                for n in range(many * many):
                    across = (j * many + n % many + 0.5) * step
                    down = (i * many + n // many + 0.5) * step
                    sample(r, tables, bumps, inks, seed, ground_seed, across, down, step, q, c)
                    for k in range(3):
                        total[k] += share * c[k]
                if many == 1:
                    layers[i, j] = top(r, q)
                    first[i, j, :] = total
                for k in range(3):
                    out[i, j, k] = int(clamp(255.0 * total[k] + 0.5, 0.0, 255.0))
