"""Eyes and brows of anime and cartoon. Compiled by numba.

Everything lies where kernel_layers.py says: an eye between its lids, a brow in its stroke.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_geometry import lids
from trombine.world.kernel_ink import (
    I_BROW,
    I_INK,
    I_IRIS,
    I_IRIS_DARK,
    I_IRIS_GLOW,
    I_LASH,
    I_LID,
    I_SKIN_INK,
    I_SKIN_SHADE,
    I_WHITE,
    I_WHITE_SHADE,
    cover,
    lay,
    stroke,
    taper,
)
from trombine.world.kernel_layers import (
    BROW_A,
    BROW_Y,
    D_BROW,
    D_EYE,
    EYE_LOWER,
    EYE_S,
    EYE_UPPER,
    EYE_Y,
    SIDE,
)
from trombine.world.kernel_noise import clamp, mix, ramp


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
    s, y = q[EYE_S], q[EYE_Y]
    upper, lower = q[EYE_UPPER], q[EYE_LOWER]
    if q[D_EYE] > 0.3 or abs(s) > 1.5 or y < upper - 0.2 or y > lower + 0.08:
        return
    flat_up, flat_low = _steepness(r, s)
    above, below = (upper - y) * flat_up, (y - lower) * flat_low
    makeup = 0.6 * r.makeup * ramp(0.15, 0.0, above) * ramp(1.35, 0.9, abs(s)) * (y < upper)
    lay(c, inks[I_LID], inside * makeup)
    eye = inside * cover(q[D_EYE], pixel)
    if eye > 0.0:
        lay(c, inks[I_WHITE], eye)
        lay(c, inks[I_WHITE_SHADE], eye * cover(y - upper - 0.085 + 0.03 * s, pixel))
        dx, dy = s * r.eye_w * q[SIDE] - r.gaze_u, y - r.gaze_v
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
    s, y = q[EYE_S], q[EYE_Y]
    if q[D_EYE] > 1.0 or abs(s) > 1.6 or abs(y) > 1.5 * r.eye_w:
        return
    ex = s * r.eye_w
    ball = math.sqrt(ex * ex + y * y) - r.eye_w
    lay(c, inks[I_LID if r.makeup > 0.3 else I_SKIN_SHADE], inside * cover(ball, pixel))
    flat_up, flat_low = _steepness(r, s)
    eye = inside * cover(q[D_EYE], pixel)
    if eye > 0.0:
        lay(c, inks[I_WHITE], eye)
        lay(c, inks[I_WHITE_SHADE], eye * cover(y - q[EYE_UPPER] - 0.07, pixel))
        dx, dy = ex * q[SIDE] - r.gaze_u, y - r.gaze_v
        away = math.sqrt(dx * dx + dy * dy)
        lay(c, inks[I_IRIS_DARK], eye * cover(away - r.iris_r - 0.008, pixel))
        lay(c, inks[I_IRIS], eye * cover(away - r.iris_r + 0.012, pixel))
        lay(c, inks[I_INK], eye * cover(away - r.pupil_r, pixel))
        toward = -1.0 if r.light_x < 0.0 else 1.0
        glint = _disc(dx, dy, 0.05 * toward, -0.05, 0.035, 0.035)
        lay(c, inks[I_WHITE], eye * cover(glint, pixel))
    lid = min(abs(q[EYE_UPPER] - y) * flat_up, abs(y - q[EYE_LOWER]) * flat_low)
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
    if q[D_BROW] > pixel:
        return
    lay(c, inks[I_BROW], inside * cover(q[D_BROW], pixel))
    if r.cartoon < 0.5:
        a = q[BROW_A]
        nick = abs((a * 7.0 + 0.5 * q[BROW_Y]) % 1.0 - 0.5)
        pale = cover((nick - 0.06) * 0.08, pixel) * ramp(0.0, 0.9, abs(q[BROW_Y]))
        lay(c, inks[I_SKIN_SHADE], inside * 0.4 * pale * cover(q[D_BROW], pixel) * mix(1.0, 0.0, a))
