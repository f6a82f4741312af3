"""How an eye, the lips and the inside of a mouth look. Compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_layers import (
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
from trombine.world.kernel_light import (
    C_BLUSH,
    C_IRIS,
    C_KEY,
    C_LIP,
    C_SKIN,
    face_normal,
    gleam,
    lit,
)
from trombine.world.kernel_noise import clamp, fade, mix, noise2, ramp


@inner
def eye(r, colours, q: np.ndarray, pixel: float, seed: int):
    """Eyeball: white, iris, pupil, the light in it, the lid's shadow on it."""
    side = q[SIDE]
    s, y = q[EYE_S], q[EYE_Y]
    ex = s * r.eye_w * side  # from the eye's centre, to the picture's right
    dx, dy = ex - r.gaze_u, y - r.gaze_v
    away = math.sqrt(dx * dx + dy * dy)
    soft = 0.006 + 0.6 * pixel
    # White, pinker at the corners, darker toward the lids: a ball.
    inner = ramp(-0.72, -1.0, s)
    white = 0.74 - 0.16 * s * s
    red, green, blue = white * 1.0, white * (0.95 - 0.4 * inner), white * (0.93 - 0.38 * inner)
    if away < r.iris_r + soft:
        angle = math.atan2(dy, dx)
        fibre = noise2(angle * 7.0 + 40.0, away * 30.0, seed + 51) - 0.5
        fibre += (
            0.6 * (noise2(angle * 19.0 + 90.0, away * 22.0, seed + 53) - 0.5) * fade(60.0, pixel)
        )
        t = away / r.iris_r
        glow = 0.75 + 0.55 * clamp((dy - 0.4 * dx * r.light_x) / r.iris_r, -0.6, 1.0) + 0.45 * fibre
        glow *= 1.0 - 0.62 * ramp(0.78, 1.0, t)
        core = ramp(0.75, 0.45, t) * 0.3
        cover = clamp(0.5 - (away - r.iris_r) / soft, 0.0, 1.0)
        i_red = colours[C_IRIS, 0] * glow * (1.0 + core)
        i_green = colours[C_IRIS, 1] * glow * (1.0 + 0.6 * core)
        i_blue = colours[C_IRIS, 2] * glow
        pupil = clamp(0.5 - (away - r.pupil_r) / soft, 0.0, 1.0)
        keep = 1.0 - 0.97 * pupil
        red = mix(red, i_red * keep, cover)
        green = mix(green, i_green * keep, cover)
        blue = mix(blue, i_blue * keep, cover)
    facing = clamp(0.55 + 0.45 * (r.light_z + r.light_x * ex * 2.2), 0.2, 1.2)
    light = (0.55 * r.key * facing + 0.75 * r.ambient) * (1.0 - 0.25 * s * s)
    lid = clamp((y - q[EYE_UPPER]) / 0.075, 0.0, 1.0)
    light *= 0.34 + 0.66 * lid
    light *= 0.7 + 0.3 * clamp((q[EYE_LOWER] - y) / 0.03, 0.0, 1.0)
    rim = clamp(1.0 - (q[EYE_LOWER] - y) / (0.012 + 0.4 * pixel), 0.0, 1.0) * 0.75
    red = mix(red, 0.9 * colours[C_BLUSH, 0] + 0.06, rim)
    green = mix(green, 0.9 * colours[C_BLUSH, 1] + 0.05, rim)
    blue = mix(blue, 0.9 * colours[C_BLUSH, 2] + 0.05, rim)
    edge = clamp(1.0 - (y - q[EYE_UPPER]) / (0.010 + 0.01 * r.lashes + 0.5 * pixel), 0.0, 1.0)
    light *= 1.0 - 0.9 * edge
    # The window's image: a soft square toward the light, and a faint one below.
    gx = dx - 0.042 * clamp(1.4 * r.light_x, -1.0, 1.0)
    gy = dy + 0.038
    glint = clamp(1.0 - (gx * gx + gy * gy) / (0.0007 + pixel * pixel), 0.0, 1.0)
    gx2, gy2 = dx + 0.035 * r.light_x, dy - 0.05
    glint2 = clamp(1.0 - (gx2 * gx2 + gy2 * gy2) / (0.0006 + pixel * pixel), 0.0, 1.0)
    add = (0.95 * math.sqrt(glint) * lid + 0.1 * glint2) * r.key * 0.8
    return (
        red * light * colours[C_KEY, 0] + add,
        green * light * colours[C_KEY, 1] + add,
        blue * light * colours[C_KEY, 2] + add,
    )


@inner
def lip(r, bumps, colours, q: np.ndarray, x: float, y: float, pixel: float, seed: int):
    """Both lips: fine vertical creases, the gloss of the lower one."""
    u, v = q[U], q[V]
    nx, ny, nz = face_normal(r, bumps, q, x, y)
    upper = v < q[MOUTH_UPPER]
    high = q[MOUTH_TOP] if upper else q[MOUTH_LOWER]
    low = q[MOUTH_UPPER] if upper else q[MOUTH_BOTTOM]
    t = clamp((v - high) / (low - high + 1e-6), 0.0, 1.0)
    bulge = (0.75 * (t - 0.6)) if upper else (1.1 * (t - 0.45))
    ny += bulge
    scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx * scale, ny * scale, nz * scale
    crease = noise2(u * 46.0, v * 7.0, seed + 61) * fade(24.0, pixel)
    paint = 1.0 - 0.16 * crease
    # The rim of the lips runs out into the skin.
    rim = ramp(0.0, 0.3, t) if upper else ramp(1.0, 0.75, t)
    rim *= ramp(1.0, 0.8, abs(q[MOUTH_M]))
    line = ramp(0.78, 1.0, t) if upper else ramp(0.14, 0.0, t)
    shade = (1.0 - 0.55 * line) * (0.82 if upper else 1.0)
    red = mix(colours[C_SKIN, 0], colours[C_LIP, 0], 0.45 + 0.55 * rim) * paint
    green = mix(colours[C_SKIN, 1], colours[C_LIP, 1], 0.35 + 0.65 * rim) * paint
    blue = mix(colours[C_SKIN, 2], colours[C_LIP, 2], 0.35 + 0.65 * rim) * paint
    red, green, blue = lit(r, colours, red, green, blue, nx, ny, nz, shade, 0.3)
    broad, tight = gleam(r, nx, ny, nz)
    shine = (0.03 * broad + 0.16 * tight * r.gloss) * (1.2 - crease) * r.key * shade
    return red + shine, green + shine, blue + shine


@inner
def mouth(r, colours, q: np.ndarray, pixel: float):
    """Inside the mouth: teeth above, tongue below, dark between."""
    v, m = q[V], q[MOUTH_M]
    gap = q[MOUTH_LOWER] - q[MOUTH_UPPER] + 1e-6
    t = (v - q[MOUTH_UPPER]) / gap
    depth = 0.35 + 0.65 * ramp(0.0, 0.25, t)
    red, green, blue = 0.075, 0.018, 0.016
    reach = r.teeth * clamp(0.11 / gap, 0.3, 0.85)
    rim = reach * (1.0 - 0.35 * m * m)
    cover = clamp(0.5 + (rim - t) * gap / (0.012 + pixel), 0.0, 1.0) * ramp(1.02, 0.8, abs(m))
    cover *= ramp(0.02, 0.06, gap)
    if cover > 0.0 and r.teeth > 0.15:
        place = abs(m) * r.mouth_w / 0.062 + 0.5
        gapline = abs(place - math.floor(place) - 0.5) * 2.0
        tooth = (0.6 - 0.22 * m * m) * (1.0 - 0.16 * ramp(0.8, 1.0, gapline) * fade(9.0, pixel))
        red = mix(red, tooth, cover)
        green = mix(green, tooth * 0.93, cover)
        blue = mix(blue, tooth * 0.84, cover)
    else:
        tongue = ramp(0.55, 0.9, t) * ramp(0.8, 0.3, abs(m))
        red, green, blue = red + 0.2 * tongue, green + 0.045 * tongue, blue + 0.045 * tongue
    light = depth * (0.5 * r.key + 0.6 * r.ambient)
    return red * light, green * light, blue * light
