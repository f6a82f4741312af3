"""How skin looks: of the face with its folds and freckles, of an ear. Compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_geometry import relief
from trombine.world.kernel_layers import (
    D_HAIR,
    EAR_SIDE,
    EAR_X,
    EAR_Y,
    EYE_LOWER,
    EYE_S,
    EYE_UPPER,
    EYE_Y,
    U,
    V,
)
from trombine.world.kernel_light import (
    C_BLUSH,
    C_LID,
    C_SKIN,
    face_normal,
    gleam,
    lit,
)
from trombine.world.kernel_noise import clamp, clouds, fade, hash2, mix, noise2, ramp


@inner
def _lines(r, q: np.ndarray, pixel: float, seed: int) -> float:
    """Darkening by folds and wrinkles at (u, v), 0 to about .5."""
    u, v = q[U], q[V]
    dark = 0.0
    side = abs(u)
    # From the nose's wing to the corner of the mouth.
    v0, v1 = r.nose_base - 0.14, r.mouth_v + 0.1
    if v0 < v < v1 + 0.1:
        t = (v - v0) / (v1 - v0)
        fold = mix(r.nose_wing + 0.03, r.mouth_w * 1.22, t) + 0.16 * t * (1.0 - t)
        near = clamp(1.0 - abs(side - fold) / 0.06, 0.0, 1.0)
        dark += (
            near
            * near
            * (0.08 + 0.3 * r.old + 0.22 * r.glad)
            * ramp(1.12, 0.75, t)
            * ramp(0, 0.2, t)
        )
    # Round the nose's wings.
    wing_u, wing_v = side - r.nose_wing * 0.62, v - r.nose_base + 0.11
    if wing_u > 0.0 and abs(wing_v) < 0.16:
        ring = math.sqrt(wing_u * wing_u + 0.8 * wing_v * wing_v) - r.nose_wing * 0.42
        dark += 0.26 * clamp(1.0 - abs(ring) / 0.035, 0.0, 1.0) ** 2 * ramp(0.16, 0.08, abs(wing_v))
    # Forehead.
    if -1.0 < v < -0.42 and side < 0.75:
        wave = v + 0.05 * math.cos(u * 2.6) + 0.012 * noise2(u * 4.0, v * 2.0, seed + 3)
        line = math.cos(wave * 52.0)
        line = line * line * line if line > 0.0 else 0.0
        amount = (0.22 * r.old * r.old + 0.08 * r.raise_) * ramp(0.75, 0.4, side)
        dark += line * amount * ramp(-1.0, -0.85, v) * ramp(-0.42, -0.5, v) * fade(8.0, pixel)
    # Between the brows.
    if r.furrow > 0.0 and -0.5 < v < -0.1 and side < 0.2:
        line = clamp(1.0 - abs(side - 0.07) / 0.022, 0.0, 1.0)
        dark += 0.45 * r.furrow * line * ramp(-0.5, -0.38, v) * ramp(-0.1, -0.22, v)
    # Corners of the eyes.
    s = q[EYE_S]
    if 0.95 < s < 1.9 and r.old + r.glad > 0.3:
        spread = (q[EYE_Y] - 0.01) / (0.35 * (s - 0.6))
        line = math.cos(spread * 8.0)
        line = line * line * line
        amount = (0.2 * r.old + 0.07 * r.glad) * ramp(0.95, 1.1, s) * ramp(1.9, 1.4, s)
        dark += max(0.0, line) * amount * ramp(1.0, 0.6, abs(spread)) * fade(10.0, pixel)
    return dark


@inner
def _around_eye(r, q: np.ndarray, pixel: float) -> tuple[float, float]:
    """Darkening round an eye: by crease and lashes, and by the shadow of lid and brow."""
    s, y = q[EYE_S], q[EYE_Y]
    if abs(s) > 1.6 or abs(y) > 0.5:
        return 0.0, 0.0
    upper, lower = q[EYE_UPPER], q[EYE_LOWER]
    reach = ramp(1.55, 0.85, abs(s))
    crease = upper - mix(0.05, 0.02, r.hood) - 0.012 * (1.0 - s * s)
    width = 0.014 + pixel * 0.5
    line = clamp(1.0 - abs(y - crease) / width, 0.0, 1.0) * (0.5 - 0.25 * r.hood)
    line *= ramp(1.2, 0.8, abs(s))
    # Lashes: thick toward the outer corner, where they run a little past it.
    past = ramp(1.16, 0.98, s) * ramp(-1.04, -0.94, s)
    lash = (0.013 + 0.024 * r.lashes * ramp(-0.9, 0.9, s)) * past
    above = clamp(1.0 - abs(upper - y) / (lash + 0.6 * pixel), 0.0, 1.0) * past
    under = ramp(1.0, 0.85, abs(s)) * (0.16 + 0.3 * r.makeup)
    below = clamp(1.0 - abs(y - lower) / (0.007 + pixel), 0.0, 1.0) * under
    dark = max(line, max(above * 0.85, below))
    shadow = ramp(0.0, 0.16, upper - y) * ramp(0.34, 0.16, upper - y) * 0.12 * reach
    bag = ramp(0.05, 0.13, y - lower) * ramp(0.26, 0.15, y - lower) * (0.06 + 0.2 * r.old) * reach
    return dark, shadow + bag


@inner
def _freckles(u: float, v: float, many: float, pixel: float, seed: int) -> float:
    """How much darker a freckle makes the skin here: one in each cell of a net, or none."""
    i, j = math.floor(u * 24.0), math.floor(v * 24.0)
    m, n = int(i), int(j)
    if hash2(m, n, seed) > 0.2 + 0.6 * many:
        return 0.0
    du = u * 24.0 - i - 0.3 - 0.4 * hash2(m, n, seed + 1)
    dv = v * 24.0 - j - 0.3 - 0.4 * hash2(m, n, seed + 2)
    size = 0.1 + 0.2 * hash2(m, n, seed + 3)
    away = math.sqrt(du * du + dv * dv) / size
    return (
        ramp(1.3, 0.4, away) * (0.12 + 0.26 * hash2(m, n, seed + 4)) * many**0.5 * fade(12.0, pixel)
    )


@inner
def skin(r, bumps, shades, colours, q: np.ndarray, x: float, y: float, pixel: float, seed: int):
    """Skin of the face, with everything that is drawn on it but brows, eyes, lips and beard."""
    u, v = q[U], q[V]
    nx, ny, nz = face_normal(r, bumps, q, x, y)
    side = abs(u)
    # Blood under the skin, freckles, shaven beard.
    cheek = clamp(1.0 - ((side - 0.58) ** 2 * 7.0 + (v - 0.5) ** 2 * 8.0), 0.0, 1.0)
    tip = clamp(1.0 - (u * u * 22.0 + (v - r.nose_base + 0.14) ** 2 * 22.0), 0.0, 1.0)
    lid = clamp(1.0 - abs(q[EYE_Y]) * 5.0, 0.0, 1.0) * ramp(1.4, 0.9, abs(q[EYE_S]))
    mottle = clouds(u, v, 5.0, pixel, seed) * 0.5
    flush = (0.3 + 0.7 * r.ruddy) * (0.5 * cheek + 0.42 * tip) + 0.22 * lid + 0.1 * mottle
    flush = clamp(flush, 0.0, 0.9) * (0.35 + 0.65 * r.pale)
    red = mix(colours[C_SKIN, 0], colours[C_BLUSH, 0], flush)
    green = mix(colours[C_SKIN, 1], colours[C_BLUSH, 1], flush)
    blue = mix(colours[C_SKIN, 2], colours[C_BLUSH, 2], flush)
    paint = 1.0 + 0.05 * mottle + 0.05 * clouds(u, v, 38.0, pixel, seed + 5)
    if r.freckles > 0.0 and -0.3 < v < 0.8:
        many = r.freckles * ramp(-0.3, 0.1, v) * ramp(0.8, 0.55, v) * ramp(0.95, 0.3, side)
        spots = _freckles(u, v, many, pixel, seed + 9)
        paint *= 1.0 - spots
        blue *= 1.0 - 0.5 * spots
    if r.stubble > 0.0 and v > 0.55:
        low = ramp(0.72, 1.0, v + 0.42 * (side - 0.35))
        dots = 0.75 + 0.5 * noise2(u * 60.0, v * 60.0, seed + 11) * fade(30.0, pixel)
        low *= r.stubble * 0.34 * dots
        red *= 1.0 - low
        green *= 1.0 - 0.92 * low
        blue *= 1.0 - 0.8 * low
    if r.makeup > 0.0 and q[EYE_Y] < 0.0:
        amount = (
            r.makeup
            * 0.55
            * ramp(0.2, 0.02, q[EYE_UPPER] - q[EYE_Y])
            * ramp(1.3, 0.8, abs(q[EYE_S]))
        )
        red = mix(red, colours[C_LID, 0], amount)
        green = mix(green, colours[C_LID, 1], amount)
        blue = mix(blue, colours[C_LID, 2], amount)
    # Light that does not arrive: hollows, the hair's shadow, folds.
    shade = 1.0 - relief(shades, shades.shape[1], u, v)[0]
    shade *= 1.0 - 0.5 * clamp(1.0 - q[D_HAIR] * 6.0, 0.0, 1.0) ** 2
    crease, around = _around_eye(r, q, pixel)
    lines = _lines(r, q, pixel, seed)
    shade = clamp(shade - around, 0.05, 1.0)
    red, green, blue = lit(
        r, colours, red * paint, green * paint, blue * paint, nx, ny, nz, shade, 0.45
    )
    broad, tight = gleam(r, nx, ny, nz)
    oil = 0.5 + 0.5 * tip + 0.35 * ramp(-0.35, -0.7, v) * ramp(0.8, 0.2, side)
    rough = 1.0 + 0.5 * clouds(u, v, 60.0, pixel, seed + 21)
    shine = (0.035 * broad + 0.075 * tight * oil * rough) * shade * r.key
    dark = (1.0 - lines) * (1.0 - 0.82 * crease)
    return (
        red * (1.0 - 0.75 * lines) * (1.0 - 0.72 * crease) + shine,
        green * dark + shine,
        blue * dark + shine,
    )


@inner
def ear(r, colours, q: np.ndarray, pixel: float):
    """An ear: the rim, the hollow, and blood that shows through."""
    a, b = q[EAR_X], q[EAR_Y]
    away = math.sqrt(a * a + b * b)
    lobe = ramp(0.35, 0.7, b)
    soft = 0.06 + pixel * 3.0
    groove = ramp(0.13 + soft, 0.0, abs(away - 0.74)) * (1.0 - lobe)
    fold = ramp(0.14 + soft, 0.0, abs(away - 0.52 - 0.1 * b)) * (1.0 - lobe) * ramp(-0.75, -0.2, a)
    inner_x, inner_y = a + 0.22, (b - 0.08) * 1.1
    hollow = ramp(0.46, 0.2, math.sqrt(inner_x * inner_x + inner_y * inner_y))
    shade = 0.86 - 0.34 * groove + 0.12 * fold - 0.5 * hollow - 0.3 * ramp(-0.45, -1.0, a)
    shade = clamp(shade, 0.12, 1.0)
    nx = 0.5 * a + 0.3 * (away - 0.5)
    flush = 0.45 + 0.3 * hollow
    red = mix(colours[C_SKIN, 0], colours[C_BLUSH, 0], flush)
    green = mix(colours[C_SKIN, 1], colours[C_BLUSH, 1], flush)
    blue = mix(colours[C_SKIN, 2], colours[C_BLUSH, 2], flush)
    nx *= q[EAR_SIDE]
    nz = math.sqrt(max(0.1, 1.0 - nx * nx - 0.04))
    return lit(r, colours, red, green, blue, nx, 0.2 * b, nz, shade, 0.5)
