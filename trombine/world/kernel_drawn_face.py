"""Skin, nose, mouth, beard and ears of anime and cartoon. Compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_drawn_eyes import anime_eye, cartoon_eye, drawn_brow
from trombine.world.kernel_ink import (
    I_BLUSH,
    I_HAIR,
    I_HAIR_INK,
    I_HAIR_SHADE,
    I_INK,
    I_LIP,
    I_LIP_SHADE,
    I_MOUTH,
    I_SKIN,
    I_SKIN_INK,
    I_SKIN_SHADE,
    I_TEETH,
    I_TONGUE,
    I_WHITE,
    cover,
    lay,
    stroke,
    taper,
)
from trombine.world.kernel_layers import (
    D_BEARD,
    D_EAR,
    D_EYE,
    D_FACE,
    D_HAIR,
    D_HAT,
    D_LOWER,
    D_MOUTH,
    D_NOSE,
    D_UPPER,
    EAR_X,
    EAR_Y,
    EYE_S,
    MOUTH_BOTTOM,
    MOUTH_LOWER,
    MOUTH_M,
    MOUTH_UPPER,
    U,
    V,
)
from trombine.world.kernel_noise import hash2, ramp


@inner
def _shaded(r, q: np.ndarray, pixel: float) -> float:
    """Where the face lies in shadow: under hair or hat, and on the side away from the light."""
    u, v = q[U], q[V]
    over = min(q[D_HAIR], q[D_HAT])
    cast = r.cast * (0.35 + 0.65 * ramp(0.5, -0.15, v)) + 0.04 * u * r.light_x
    hair = cover(over - cast, pixel)
    away = -u if r.light_x > 0.0 else u
    if away < 0.0:
        return hair
    # The far cheek: a crescent along the outline, widest at the jaw.
    wide = 0.05 + 0.24 * min(1.0, 1.5 * abs(r.light_x)) * ramp(-0.4, 0.9, v)
    return max(hair, cover(-wide * ramp(0.05, 0.6, away) - q[D_FACE], pixel))


@inner
def _blush(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """Round soft cheeks; in anime with three slanting strokes when they glow."""
    du, dv = (abs(q[U]) - 0.56) / 0.3, (q[V] - r.eye_v - 0.36) / 0.17
    round_ = ramp(1.0, 0.1, math.sqrt(du * du + dv * dv))
    lay(c, inks[I_BLUSH], inside * round_ * (0.2 + 0.5 * r.ruddy) * (1.0 - 0.3 * r.cartoon))
    if r.ruddy > 0.45 and r.cartoon < 0.5:
        slant = abs(q[U]) - 0.55 + 0.35 * (q[V] - r.eye_v - 0.34)
        for k in range(3):
            along = (q[V] - r.eye_v - 0.29) / 0.11
            width = 0.006 * taper(along, 0.4, 0.4)
            mark = stroke(slant + 0.07 * (k - 1), width, pixel)
            lay(c, inks[I_BLUSH], inside * mark)


@inner
def _freckles(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, seed: int, inside) -> None:
    u, v = q[U] * 13.0, (q[V] - r.eye_v) * 13.0
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
    side, v = abs(q[U]), q[V]
    half = 0.6 * r.ink
    age = ramp(0.3, 0.75, r.old)
    if age > 0.0:
        t = (v - r.nose_base + 0.04) / (r.mouth_v - r.nose_base + 0.08)
        fold = r.nose_wing + 0.09 + (r.mouth_w * 1.25 - r.nose_wing - 0.06) * t
        fold += 0.14 * t * (1.0 - t)
        mark = stroke((side - fold) * 0.8, half * taper(t, 0.3, 0.6), pixel)
        lay(c, inks[I_SKIN_INK], inside * 0.75 * age * mark)
    if age > 0.0 and q[D_EYE] < 0.5:
        bag = r.eye_v + r.lid_lower + 0.09 - 0.1 * q[EYE_S] * q[EYE_S]
        mark = stroke(v - bag, 0.7 * half * taper(0.5 + 0.6 * q[EYE_S], 0.5, 0.4), pixel)
        lay(c, inks[I_SKIN_INK], inside * 0.6 * age * mark)
    lined = max(r.raise_, age)
    if lined > 0.2 and -1.0 < v < -0.5:
        for k in range(2):
            at = -0.66 - 0.14 * k + 0.03 * math.cos(3.0 * side)
            pressure = taper(0.5 + q[U] / (0.9 - 0.3 * k), 0.35, 0.35)
            mark = stroke(v - at, 0.7 * half * pressure, pixel)
            lay(c, inks[I_SKIN_INK], inside * 0.6 * lined * mark)
    if r.furrow > 0.25 and side < 0.2:
        t = (v - r.brow_v + 0.12) / 0.24
        mark = stroke(side - 0.06 - 0.03 * t, half * taper(t, 0.4, 0.4), pixel)
        lay(c, inks[I_SKIN_INK], inside * r.furrow * mark)


@inner
def _anime_nose(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """A wedge of shadow on the side away from the light, a dot of light, a short line below."""
    u, v = q[U], q[V]
    if q[D_NOSE] > 0.03:
        return
    toward = -1.0 if r.light_x < 0.0 else 1.0
    wedge = max(q[D_NOSE], u * toward + 0.012)
    lay(c, inks[I_SKIN_SHADE], inside * cover(wedge, pixel))
    line = (v - r.nose_base + 0.02) + 0.6 * u * u / r.nose_wing
    t = 0.5 + 0.5 * u / (0.8 * r.nose_wing)
    lay(c, inks[I_SKIN_INK], inside * stroke(line, 0.008 * taper(t, 0.4, 0.4), pixel))
    du, dv = (u - 0.016 * toward) / 0.016, (v - r.nose_base + 0.09) / 0.03
    lay(c, inks[I_WHITE], inside * 0.75 * cover((math.sqrt(du * du + dv * dv) - 1) * 0.016, pixel))


@inner
def _cartoon_nose(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """A round nose: outline below and at its wings, a light on its tip."""
    u, v = q[U], q[V]
    if q[D_NOSE] > 0.06:
        return
    t = (v - r.nose_top) / (r.nose_base - r.nose_top)
    toward = -1.0 if r.light_x < 0.0 else 1.0
    low = cover(max(q[D_NOSE], 0.8 - t + 0.25 * u * toward / r.nose_wing), pixel)
    lay(c, inks[I_SKIN_SHADE], inside * low)
    one_side = ramp(0.3, 0.55, t) if u * toward < 0.0 else ramp(0.55, 0.75, t)
    lay(c, inks[I_SKIN_INK], inside * stroke(q[D_NOSE], 0.85 * r.ink * one_side, pixel))
    du, dv = u - 0.3 * r.nose_wing * toward, v - r.nose_base + 0.2
    lay(c, inks[I_WHITE], inside * 0.5 * cover(math.sqrt(du * du + dv * dv * 1.6) - 0.035, pixel))


@inner
def _mouth(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """Lips, the open mouth, and the line between the lips."""
    m, v = q[MOUTH_M], q[V]
    if min(q[D_UPPER], min(q[D_LOWER], q[D_MOUTH])) > 0.15:
        return
    lay(c, inks[I_LIP_SHADE], inside * cover(q[D_UPPER], pixel))
    lay(c, inks[I_LIP], inside * cover(q[D_LOWER], pixel))
    open_ = inside * cover(q[D_MOUTH], pixel)
    gap = q[MOUTH_LOWER] - q[MOUTH_UPPER]
    if open_ > 0.0 and gap > 0.0:
        lay(c, inks[I_MOUTH], open_)
        dm, dv = m / 0.6, (v - q[MOUTH_LOWER] - 0.02) / (0.45 * r.mouth_gap + 0.01)
        tongue = (math.sqrt(dm * dm + dv * dv) - 1.0) * 0.4 * r.mouth_gap
        lay(c, inks[I_TONGUE], open_ * cover(tongue, pixel))
        reach = (0.12 + 0.3 * r.teeth) * r.mouth_gap * (1.0 - 0.5 * m * m)
        teeth = open_ * cover(v - q[MOUTH_UPPER] - reach, pixel)
        lay(c, inks[I_TEETH], teeth)
        if r.cartoon > 0.5:
            place = abs((abs(m) * r.mouth_w / 0.13 + 0.5) % 1.0 - 0.5) * 0.13
            lay(c, inks[I_MOUTH], 0.45 * teeth * stroke(place, 0.006, pixel))
    ink = I_INK if r.cartoon > 0.5 else I_SKIN_INK
    press = r.ink * (1.0 if r.cartoon > 0.5 else 0.95) * taper(0.5 + 0.48 * m, 0.25, 0.25)
    lay(c, inks[ink], inside * stroke(v - q[MOUTH_UPPER], press, pixel))
    if r.mouth_gap > 0.02:
        lay(c, inks[ink], inside * stroke(v - q[MOUTH_LOWER], 0.8 * press, pixel))
    # Under the lower lip, and in a cartoon the corners.
    low = 0.5 * r.ink * taper(0.5 + 1.1 * m, 0.4, 0.4)
    lay(c, inks[I_SKIN_INK], inside * 0.6 * stroke(v - q[MOUTH_BOTTOM] - 0.045, low, pixel))
    if r.cartoon > 0.5:
        along = (v - q[MOUTH_UPPER] + 0.055) / 0.11
        tick = (abs(m) - 1.03) * r.mouth_w + 0.05 * (2.0 * along - 1.0) ** 2
        lay(c, inks[ink], inside * stroke(tick, 0.75 * r.ink * taper(along, 0.45, 0.45), pixel))


@inner
def _beard(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, inside: float) -> None:
    """A beard as a flat shape with a darker lower part and a thin edge."""
    d = q[D_BEARD]
    if d > 0.04:
        return
    lay(c, inks[I_HAIR], inside * cover(d, pixel))
    away = -q[U] if r.light_x > 0.0 else q[U]
    low = max(d, -0.13 - 0.12 * ramp(-0.4, 0.7, away) - q[D_FACE])
    lay(c, inks[I_HAIR_SHADE], inside * cover(low, pixel))
    lay(c, inks[I_HAIR_INK], inside * stroke(d, 0.6 * r.ink, pixel))


@inner
def drawn_face(r, inks, q: np.ndarray, c: np.ndarray, pixel: float, seed: int) -> None:
    """The face over what is in c: skin and its outline, features, beard."""
    d = q[D_FACE]
    inside = cover(d, pixel)
    bold = r.ink * (0.75 + 0.5 * ramp(0.6, 1.3, q[V]))
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
    d, a, b = q[D_EAR], q[EAR_X], q[EAR_Y]
    lay(c, inks[I_SKIN], cover(d, pixel))
    hollow = (math.sqrt((a - 0.1) ** 2 * 2.2 + (b + 0.1) ** 2 * 2.0) - 0.75) * r.ear_w
    lay(c, inks[I_SKIN_SHADE], cover(max(hollow, d), pixel))
    pressure = taper(0.5 + 0.5 * (b + 0.25) / 0.7, 0.3, 0.3)
    inner = cover(d, pixel) * stroke(d + 0.38 * r.ear_w, 0.7 * r.ink * pressure, pixel)
    lay(c, inks[I_SKIN_INK], inner * (a > -0.2))
    lay(c, inks[I_SKIN_INK], stroke(d, r.ink, pixel))
