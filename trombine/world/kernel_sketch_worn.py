"""Hat, clothes, neck and paper round a face, in pencil. Compiled by numba.

Every function returns a darkness from 0 (paper) to 1 (graphite).
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_geometry import face_distance
from trombine.world.kernel_ink import taper
from trombine.world.kernel_layers import D_CLOTH, D_FACE, D_NECK, U, V
from trombine.world.kernel_noise import clamp, noise1, noise2, ramp
from trombine.world.kernel_pencil import (
    G_CLOTH,
    G_HAT,
    G_SKIN,
    HALF,
    contour,
    hatching,
    line,
    over,
)


@inner
def pencil_hat(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    over_brim = q[V] - r.hat_v + 0.32 - 0.1 * q[U] * q[U]
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
    d = q[D_CLOTH]
    across = x - r.body_x
    fan = across / (0.6 + 0.5 * max(0.0, y - r.shoulder))
    fold = noise1(fan * 4.0, seed + 1)
    far = 0.25 * ramp(0.3, 1.2, -across * (1.0 if r.light_x > 0.0 else -1.0))
    tone = (
        0.6 * greys[G_CLOTH] + 0.3 * ramp(0.55, 0.9, fold) + far + 0.3 * ramp(0.3, 0.0, q[D_FACE])
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
    tone = greys[G_SKIN] + 0.5 * ramp(0.1, -0.12, cast) + 0.3 * ramp(0.16, 0.0, q[D_FACE])
    tone += 0.25 * ramp(-0.12, 0.0, q[D_NECK])
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
