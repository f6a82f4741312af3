"""Photographs, compiled: light, skin, hair, and the whole picture."""

from __future__ import annotations

import math

import numpy as np

from trombine.world import kernel_layers as to
from trombine.world.compiled import inner, threaded
from trombine.world.kernel_geometry import ellipsoid, face_distance, relief
from trombine.world.kernel_ink import cover
from trombine.world.kernel_layers import COUNT, look, nearest_edge, top
from trombine.world.kernel_noise import (
    clamp,
    clouds,
    fade,
    hash2,
    mix,
    noise2,
    ramp,
    soft2,
    strands,
)

(
    C_SKIN, C_BLUSH, C_LIP, C_IRIS, C_HAIR, C_BROW, C_CLOTH, C_HAT, C_FRAME, C_GROUND,
    C_GROUND2, C_KEY, C_FILL, C_RIM, C_LID, C_METAL,
) = range(16)  # fmt: skip


@inner
def face_normal(r, bumps: np.ndarray, q: np.ndarray, x: float, y: float):
    """Unit normal of the skin at a point whose distances are in q; z is toward the viewer."""
    u, v = q[to.U], q[to.V]
    _, base_u, base_v = ellipsoid(r, u, v)
    _, slope_u, slope_v = relief(bumps, bumps.shape[1], u, v)
    nx, ny = -(0.75 * base_u + slope_u), -(0.6 * base_v + slope_v)
    turned_x = nx * r.cos_yaw + r.sin_yaw
    forward = r.cos_yaw - nx * r.sin_yaw
    turned_y = ny * r.cos_pitch + forward * r.sin_pitch
    turned_z = forward * r.cos_pitch - ny * r.sin_pitch
    # Toward its outline a face turns away from the viewer, whatever its relief.
    edge = clamp(1.0 + q[to.D_FACE] * 3.2, 0.0, 1.0)
    edge = 1.5 * edge * edge
    away = 1.0 / (math.sqrt(x * x + 0.6 * (y - 0.2) * (y - 0.2)) + 1e-6)
    turned_x += x * away * edge
    turned_y += 0.7 * (y - 0.2) * away * edge
    turned_z = max(turned_z, 0.05)
    scale = 1.0 / math.sqrt(turned_x * turned_x + turned_y * turned_y + turned_z * turned_z)
    return turned_x * scale, turned_y * scale, turned_z * scale


@inner
def tinted(colours, row: int, tone: float) -> tuple[float, float, float]:
    """A row of the table of colours, lighter or darker."""
    return colours[row, 0] * tone, colours[row, 1] * tone, colours[row, 2] * tone


@inner
def behind(seen, share: float, colour):
    """Light, and how much of what is further back still shows: with one more layer at the back.

    `seen` is red, green, blue and that rest; the layer covers `share` of what it stands behind.
    """
    c = share * seen[3]
    return (
        seen[0] + c * colour[0], seen[1] + c * colour[1], seen[2] + c * colour[2], seen[3] - c,
    )  # fmt: skip


@inner
def lit(r, colours, colour, nx, ny, nz, shade, wrap):
    """A matt colour in the key light, the sky's fill and the light from behind.

    Light wraps round skin, red most; `shade` is what of the key light arrives, 0 to 1.
    """
    red, green, blue = colour
    facing = nx * r.light_x + ny * r.light_y + nz * r.light_z
    key = r.key * shade
    fill = r.ambient * (0.62 - 0.26 * ny + 0.12 * nz) * (0.45 + 0.55 * shade)
    back = r.rim_light * 0.5 * (1.0 - nz) * (1.0 - nz) * clamp(-1.6 * nx * r.light_x + 0.3, 0, 1)
    k_red = clamp((facing + wrap) / (1.0 + wrap), 0.0, 1.0) * key
    k_green = clamp((facing + 0.55 * wrap) / (1.0 + 0.55 * wrap), 0.0, 1.0) * key
    k_blue = clamp((facing + 0.4 * wrap) / (1.0 + 0.4 * wrap), 0.0, 1.0) * key
    return (
        red * (k_red * colours[C_KEY, 0] + fill * colours[C_FILL, 0] + back * colours[C_RIM, 0]),
        green
        * (k_green * colours[C_KEY, 1] + fill * colours[C_FILL, 1] + back * colours[C_RIM, 1]),
        blue * (k_blue * colours[C_KEY, 2] + fill * colours[C_FILL, 2] + back * colours[C_RIM, 2]),
    )


@inner
def gleam(r, nx: float, ny: float, nz: float) -> tuple[float, float]:
    """Two lobes of a highlight, broad and tight, in [0, 1]."""
    hx, hy, hz = r.light_x, r.light_y, r.light_z + 1.0
    h = clamp((nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz), 0.0, 1.0)
    h4 = h * h * h * h
    h8 = h4 * h4
    h32 = h8 * h8 * h8 * h8
    return h8, h32 * h8


@inner
def hash_dither(i: int, j: int, seed: int) -> float:
    """A grain in [-1, 1], two uniform numbers added: close enough to a bell."""
    return hash2(i, j, seed) + hash2(j, i, seed + 7) - 1.0


# ---------------------------------------------------------------------------------------------
# How skin looks: of the face with its folds and freckles, of an ear. Compiled by numba.


@inner
def _lines(r, q: np.ndarray, pixel: float, seed: int) -> float:
    """Darkening by folds and wrinkles at (u, v), 0 to about .5."""
    u, v = q[to.U], q[to.V]
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
    s = q[to.EYE_S]
    if 0.95 < s < 1.9 and r.old + r.glad > 0.3:
        spread = (q[to.EYE_Y] - 0.01) / (0.35 * (s - 0.6))
        line = math.cos(spread * 8.0)
        line = line * line * line
        amount = (0.2 * r.old + 0.07 * r.glad) * ramp(0.95, 1.1, s) * ramp(1.9, 1.4, s)
        dark += max(0.0, line) * amount * ramp(1.0, 0.6, abs(spread)) * fade(10.0, pixel)
    return dark


@inner
def _around_eye(r, q: np.ndarray, pixel: float) -> tuple[float, float]:
    """Darkening round an eye: by crease and lashes, and by the shadow of lid and brow."""
    s, y = q[to.EYE_S], q[to.EYE_Y]
    if abs(s) > 1.8 or abs(y) > 0.5:
        return 0.0, 0.0
    upper, lower = q[to.EYE_UPPER], q[to.EYE_LOWER]
    reach = ramp(1.55, 0.85, abs(s))
    # Beyond the outer corner lashes and folds go on, outward and down: what is dark there is no
    # eye.
    past = max(0.0, s - 1.0)
    upper += 0.3 * r.eye_w * past
    end = 1.1 + 0.4 * r.lashes
    crease = upper - mix(0.05, 0.02, r.hood) * ramp(1.5, 0.9, s) - 0.012 * (1.0 - s * s)
    width = 0.014 + pixel * 0.5
    line = clamp(1.0 - abs(y - crease) / width, 0.0, 1.0) * (0.5 - 0.25 * r.hood)
    line *= ramp(1.2, 0.8, -s) * ramp(1.7, 1.0, s)
    # Lashes: thick toward the outer corner.
    out = ramp(end, 0.98, s) * ramp(-1.04, -0.94, s)
    lash = (0.020 + 0.036 * r.lashes * ramp(-0.9, 0.9, s)) * out
    above = clamp(1.0 - abs(upper - y) / (lash + 0.6 * pixel), 0.0, 1.0) * out
    # Single hairs, where they can be seen, that lean outward; a shade where they cannot.
    hair = 0.5 + 0.5 * math.cos((s + 2.2 * (y - upper)) * 46.0) * fade(14.0, pixel)
    fan = ramp(0.085, 0.0, abs(upper - y)) * ramp(-0.3, 0.9, s) * ramp(end, 1.0, s)
    low = ramp(0.05, 0.0, abs(y - lower)) * ramp(-0.2, 0.8, s) * ramp(end, 0.95, s)
    above = max(above, min(1.0, r.lashes * hair * max(1.5 * fan, 0.9 * low)))
    under = ramp(1.0, 0.85, abs(s)) * (0.16 + 0.3 * r.makeup)
    below = clamp(1.0 - abs(y - lower) / (0.007 + pixel), 0.0, 1.0) * under
    dark = max(line, max(above * 0.92, below))
    shadow = ramp(0.0, 0.16, upper - y) * ramp(0.34, 0.16, upper - y) * 0.12 * reach
    corner = ramp(0.7, 1.0, s) * ramp(end + 0.15, 1.0, s) * ramp(0.09, 0.0, abs(y - upper))
    shadow += 0.5 * corner * min(r.lashes, 1.0)
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
    u, v = q[to.U], q[to.V]
    nx, ny, nz = face_normal(r, bumps, q, x, y)
    side = abs(u)
    # Blood under the skin, freckles, shaven beard.
    cheek = clamp(1.0 - ((side - 0.58) ** 2 * 7.0 + (v - 0.5) ** 2 * 8.0), 0.0, 1.0)
    tip = clamp(1.0 - (u * u * 22.0 + (v - r.nose_base + 0.14) ** 2 * 22.0), 0.0, 1.0)
    lid = clamp(1.0 - abs(q[to.EYE_Y]) * 5.0, 0.0, 1.0) * ramp(1.4, 0.9, abs(q[to.EYE_S]))
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
    if r.makeup > 0.0 and q[to.EYE_Y] < 0.0:
        amount = (
            r.makeup
            * 0.55
            * ramp(0.2, 0.02, q[to.EYE_UPPER] - q[to.EYE_Y])
            * ramp(1.3, 0.8, abs(q[to.EYE_S]))
        )
        red = mix(red, colours[C_LID, 0], amount)
        green = mix(green, colours[C_LID, 1], amount)
        blue = mix(blue, colours[C_LID, 2], amount)
    # Light that does not arrive: hollows, the hair's shadow, folds.
    shade = 1.0 - relief(shades, shades.shape[1], u, v)[0]
    shade *= 1.0 - 0.5 * clamp(1.0 - q[to.D_HAIR] * 6.0, 0.0, 1.0) ** 2
    crease, around = _around_eye(r, q, pixel)
    lines = _lines(r, q, pixel, seed)
    shade = clamp(shade - around, 0.05, 1.0)
    painted = red * paint, green * paint, blue * paint
    red, green, blue = lit(r, colours, painted, nx, ny, nz, shade, 0.45)
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
    a, b = q[to.EAR_X], q[to.EAR_Y]
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
    nx *= q[to.EAR_SIDE]
    nz = math.sqrt(max(0.1, 1.0 - nx * nx - 0.04))
    return lit(r, colours, (red, green, blue), nx, 0.2 * b, nz, shade, 0.5)


# ---------------------------------------------------------------------------------------------
# How hair looks. Compiled by numba.


@inner
def hair(
    r, colours, row: int, q: np.ndarray, x: float, y: float, depth: float, pixel: float, seed: int
):
    """Hair: strands along the flow, and the two highlights that cylinders have.

    `depth` darkens hair that lies below other hair, 0 (outside) to 1.
    """
    flow = q[to.FLOW]
    root = math.sqrt(max(0.0, y - r.crown) * r.flow_spread + 0.05)
    tx, ty = 0.5 * flow * r.flow_spread / root, 1.0
    nx = clamp(x / 1.25, -0.95, 0.95)
    ny = clamp((y + 0.45) / 1.55, -0.9, 0.5)
    nz = math.sqrt(max(0.08, 1.0 - nx * nx - ny * ny))
    lean = 0.0
    if r.curl > 0.3:  # curls: lumps lit from their slope
        rate = mix(5.0, 9.0, r.coiled)
        size = r.curl * 0.5
        a = noise2(x * rate + 9.0, y * rate, seed + 81)
        b = noise2(x * rate + 9.25, y * rate, seed + 81) - a
        c = noise2(x * rate + 9.0, y * rate + 0.25, seed + 81) - a
        e = noise2(x * rate * 2.7, y * rate * 2.7, seed + 83) - 0.5
        nx += b * 4.0 * size + e * 0.8 * size
        ny += c * 4.0 * size + e * 0.5 * size
        lean = (a - 0.5) * 1.6 * size
        tx += (a - 0.5) * 3.0 * size
    width = pixel / max(0.25, root)
    strand = strands(flow + lean * 0.3, y, width, seed + 91)
    tz = -(nx * tx + ny * ty) / nz
    shift = 0.25 * strand
    tx, ty, tz = tx + nx * shift, ty + ny * shift, tz + nz * shift
    scale = 1.0 / math.sqrt(tx * tx + ty * ty + tz * tz)
    tx, ty, tz = tx * scale, ty * scale, tz * scale
    along = tx * r.light_x + ty * r.light_y + tz * r.light_z
    across = math.sqrt(max(0.0, 1.0 - along * along))
    view = math.sqrt(max(0.0, 1.0 - tz * tz))
    glint = clamp(across * view - along * tz, 0.0, 1.0)
    g8 = glint**8
    tight = g8 * g8 * g8
    facing = clamp(0.5 + 0.5 * (nx * r.light_x + ny * r.light_y + nz * r.light_z) / 1.2, 0.0, 1.0)
    tone = (1.0 + 0.55 * strand) * (1.0 - 0.25 * r.coiled * (0.5 - lean))
    light = (r.key * across * facing * facing + r.ambient * (0.75 - 0.35 * ny)) * max(0.12, tone)
    light *= 1.0 - 0.72 * depth
    rim = r.rim_light * 0.35 * (1.0 - nz) ** 3
    spec = r.key * facing * (1.0 - depth) * (1.0 + strand) * (1.0 - 0.8 * ramp(0.2, 0.7, r.curl))
    gloss = 0.05 * spec * tight
    tint = 0.5 * spec * g8
    red = colours[row, 0] * (light + tint + rim) + gloss + 0.02 * rim
    green = colours[row, 1] * (light + tint + rim) + gloss + 0.02 * rim
    blue = colours[row, 2] * (light + tint + rim) + gloss + 0.02 * rim
    return red, green, blue


# ---------------------------------------------------------------------------------------------
# The photo painter: layers put over one another, front to back, then a camera.
#
# Compiled by numba. What is where comes from kernel_layers.py, how it looks from
# the skin above and its neighbours.


CURVE = 4096  # entries of the camera's tone curve, indexed by the root of linear light


@inner
def neck(r, tables, colours, q, x: float, y: float, pixel: float, seed: int):
    """Neck and chest, in the shadow of the chin."""
    across = (x - r.body_x) / (r.neck + 0.25)
    nx = clamp(across, -0.9, 0.9)
    nz = math.sqrt(1.0 - nx * nx)
    cast = face_distance(r, tables, x + 0.2 * r.light_x, y - 0.34 - 0.12 * r.light_y)
    shade = 0.18 + 0.82 * ramp(-0.12, 0.16, cast)
    shade *= 0.55 + 0.45 * ramp(0.0, 0.3, q[to.D_FACE])
    cord = clamp(1.0 - abs(abs(across) - 0.42 + 0.25 * (y - 1.8)) / 0.2, 0.0, 1.0)
    paint = 0.9 + 0.06 * cord + 0.04 * clouds(x, y, 6.0, pixel, seed)
    red, green, blue = tinted(colours, C_SKIN, paint)
    return lit(r, colours, (red, green * 0.96, blue * 0.95), nx, 0.1, nz, shade, 0.4)


@inner
def cloth(r, colours, q, x: float, y: float, pixel: float, seed: int):
    """Clothes: soft folds, the weave, a hem or a collar at the neck."""
    fold = clouds(x * 0.7, y * 0.5, 2.2, pixel, seed + 101)
    fold2 = clouds(x * 0.7 + 0.1, y * 0.5, 2.2, pixel, seed + 101)
    nx = clamp(0.42 * (x - r.body_x) + (fold - fold2) * 1.6, -0.9, 0.9)
    ny = clamp(-0.35 + 0.3 * fold, -0.9, 0.9)
    nz = math.sqrt(max(0.1, 1.0 - nx * nx - ny * ny))
    weave = 1.0 + 0.12 * (noise2(x * 90.0, y * 30.0, seed + 103) - 0.5) * fade(45.0, pixel)
    inside = -q[to.D_CLOTH]
    hem = ramp(0.05, 0.07, inside) * ramp(0.1, 0.08, inside)
    collar = r.collar * ramp(0.3, 0.28, inside + 0.1 * abs(x - r.body_x))
    shade = (1.0 - 0.35 * hem) * (0.6 + 0.4 * ramp(0.0, 0.12, inside)) * (1.0 + 0.15 * collar)
    shade *= 0.55 + 0.45 * ramp(-0.05, 0.35, q[to.D_FACE])
    colour = tinted(colours, C_CLOTH, weave * (1.0 + 0.25 * collar))
    return lit(r, colours, colour, nx, ny, nz, clamp(shade, 0.0, 1.0), 0.15)


@inner
def hat(r, colours, q, x: float, y: float, pixel: float, seed: int):
    """A knitted hat with a turned-up brim."""
    u, v = q[to.U], q[to.V]
    brim = v > r.hat_v - 0.3 + 0.1 * u * u
    nx = clamp(x / 1.3, -0.95, 0.95)
    ny = clamp((y + 0.5) / 1.5, -0.9, 0.2)
    nz = math.sqrt(max(0.1, 1.0 - nx * nx - ny * ny))
    column = math.asin(nx) * 24.0
    rib = math.cos(column * 6.2831853 * (0.5 if brim else 1.0))
    stitch = math.cos((y * 34.0 + abs(column - math.floor(column) - 0.5) * 2.0) * 6.2831853)
    knit = 1.0 + (0.16 * rib + 0.1 * stitch) * fade(18.0, pixel)
    edge = r.hat_v + 0.1 * u * u - v
    shade = 0.7 + 0.3 * ramp(0.0, 0.06, edge)
    if not brim:
        shade *= 0.65 + 0.35 * ramp(0.3, 0.42, edge)
    return lit(r, colours, tinted(colours, C_HAT, knit), nx, ny, nz, shade, 0.2)


@inner
def ground(r, colours, discs, across: float, down: float, pixel: float, seed: int):
    """What is behind the person, out of focus; across and down in picture sizes."""
    aside = across - 0.5 - 0.3 * r.light_x
    glow = 1.0 / (1.0 + 2.4 * (aside * aside + (down - 0.45) * (down - 0.45)))
    t = clamp(down * 0.7 + 0.3 * across * (1.0 if r.light_x > 0 else -1.0), 0.0, 1.0)
    light = 0.5 + 0.75 * glow
    kind = r.ground_kind
    blotch = 1.4 * (soft2(across * 3.1 + 5.0, down * 2.6, seed) - 0.5)
    blotch += 0.5 * (noise2(across * 6.0 - down, down * 6.0 + across, seed + 1) - 0.5)
    if kind < 0.3:
        t += 0.25 * blotch
    elif kind < 0.5:  # a wall: soft panels or a window's light
        slant = across + 0.35 * down
        bars = ramp(0.42, 0.5, abs((slant * (1.5 + 2.0 * r.ground_busy)) % 1.0 - 0.5) * 1.0 + 0.12)
        light *= 1.0 - 0.35 * bars * r.ground_busy
        t += 0.12 * blotch
    elif kind > 0.75:  # leaves far behind
        leaf = soft2(across * 8.0, down * 8.0, seed + 2) * soft2(
            across * 17.0, down * 17.0, seed + 3
        )
        light *= 0.45 + 2.2 * leaf + 0.6 * blotch
        t += 0.5 * blotch
    else:
        light *= 0.6 + 0.4 * blotch
    t = clamp(t, 0.0, 1.0)
    red = mix(colours[C_GROUND, 0], colours[C_GROUND2, 0], t) * light
    green = mix(colours[C_GROUND, 1], colours[C_GROUND2, 1], t) * light
    blue = mix(colours[C_GROUND, 2], colours[C_GROUND2, 2], t) * light
    if kind > 0.75:
        green *= 1.25
        blue *= 0.75
    for i in range(discs.shape[1]):
        dx, dy = across - discs[0, i], down - discs[1, i]
        square = dx * dx + dy * dy
        reach = discs[2, i] * 1.08
        if square < reach * reach:
            away = math.sqrt(square) / discs[2, i]
            c = ramp(1.08, 0.94, away) * (0.3 + 0.25 * away * away)
            red += c * discs[3, i]
            green += c * discs[4, i]
            blue += c * discs[5, i]
    return red, green, blue


@inner
def _brow_cover(q, pixel: float, seed: int) -> float:
    """Hairs of a brow: how much of the skin they hide."""
    a, across = q[to.BROW_A], q[to.BROW_Y]
    body = cover(q[to.D_BROW], 0.022 + pixel)
    lean = a * 16.0 + across * (1.2 - 1.6 * a)
    hairs = noise2(lean * 1.6, across * 0.9, seed + 111) + noise2(
        lean * 3.2, across * 1.4, seed + 113
    )
    hairs = mix(1.0, hairs, fade(9.0, pixel) * 0.75)
    body *= 0.35 + 0.65 * ramp(-0.05, 0.22, a)
    return clamp(body * (0.35 + 0.75 * hairs), 0.0, 0.96)


@inner
def _beard_cover(r, q, pixel: float, seed: int) -> float:
    """Hairs of a beard: dense inside, sparse at its edge."""
    u, v = q[to.U], q[to.V]
    inside = ramp(0.04, -0.05, q[to.D_BEARD])
    hairs = strands(u * 5.0 + 0.6 * (v - 1.2) * u, v * 2.2, pixel * 5.0, seed + 121)
    many = max(r.beard, r.moustache)
    return clamp(inside * (0.6 + 0.6 * many) + 0.4 * hairs * inside * (1.4 - inside), 0.0, 0.97)


@inner
def sample(r, tables, bumps, shades, colours, discs, seed, ground_seed, across, down, pixel, q):
    """Linear RGB at a point whose distances are in q: layers from the front to the back, until
    nothing shows through."""
    x, y = q[to.X], q[to.Y]
    seen = (0.0, 0.0, 0.0, 1.0)
    if q[to.D_HAT] < pixel:
        seen = behind(seen, cover(q[to.D_HAT], pixel), hat(r, colours, q, x, y, pixel, seed))
    if q[to.D_EARRING] < pixel and seen[3] > 0.004:
        bright = 0.5 + 2.2 * ramp(0.0, -0.03, q[to.D_EARRING]) * (0.6 + 0.4 * r.light_x)
        seen = behind(seen, cover(q[to.D_EARRING], pixel), tinted(colours, C_METAL, bright))
    if q[to.D_HAIR] < 0.05 and seen[3] > 0.004:
        loose = 0.03 * ramp(0.09, 0.04, q[to.D_OPENING])  # soft at the hairline, not outside
        share = cover(q[to.D_HAIR] + 0.5 * loose, pixel + loose)
        if r.shaven > 0.5:
            share *= 0.5 if q[to.D_FACE] < 0.0 else 0.85
        if share > 0.0:
            depth = 0.55 * ramp(0.1, -0.01, q[to.D_OPENING])
            strand = hair(r, colours, C_HAIR, q, x, y, depth * 0.6, pixel, seed)
            seen = behind(seen, share, strand)
    if q[to.D_FRAME] < pixel and seen[3] > 0.004:
        bevel = 0.35 + 0.9 * ramp(0.0, -r.glass_thick, q[to.D_FRAME])
        red, green, blue = tinted(colours, C_FRAME, (r.key * 0.5 + r.ambient) * bevel)
        spark = 0.25 * ramp(-0.3 * r.glass_thick, -r.glass_thick, q[to.D_FRAME])
        spark *= 0.3 * (q[to.GLASS_V] < 0)
        seen = behind(seen, cover(q[to.D_FRAME], pixel), (red + spark, green + spark, blue + spark))
    if q[to.D_LENS] < 0.0 and seen[3] > 0.004:
        slant = (q[to.GLASS_U] + q[to.GLASS_V]) % 0.5
        shine = 0.35 * ramp(0.1, 0.16, slant) * ramp(0.3, 0.2, slant)
        dark = 0.02 + 0.35 * (1.0 - r.glass_tint) + shine * 0.2 + 0.05 * (0.3 - q[to.GLASS_V])
        seen = behind(seen, 0.05 + 0.93 * r.glass_tint, (dark, dark * 1.02, dark * 1.08))
    if q[to.D_BEARD] < 0.08 and seen[3] > 0.004:
        nx, ny, nz = face_normal(r, bumps, q, x, y)
        tone = 0.75 + 0.75 * strands(q[to.U] * 6.0, q[to.V] * 3.0, pixel * 6.0, seed + 131)
        beard = lit(r, colours, tinted(colours, C_BROW, max(tone, 0.1)), nx, ny, nz, 0.85, 0.3)
        seen = behind(seen, _beard_cover(r, q, pixel, seed), beard)
    # At the edge of a full head of hair there is no skin to be seen past it.
    under = q[to.D_HAIR] < pixel and q[to.D_OPENING] > 0.1 and r.shaven < 0.5
    if q[to.D_FACE] < pixel and seen[3] > 0.004 and not under:
        left = cover(q[to.D_FACE], pixel) * seen[3]
        face = (0.0, 0.0, 0.0, left)
        if q[to.D_BROW] < 0.03:
            brow = lit(r, colours, tinted(colours, C_BROW, 1.0), 0.0, -0.2, 0.97, 0.9, 0.3)
            face = behind(face, _brow_cover(q, pixel, seed), brow)
        if q[to.D_EYE] < pixel:
            face = behind(face, cover(q[to.D_EYE], pixel), eye(r, colours, q, pixel, seed))
        if q[to.D_MOUTH] < pixel:
            face = behind(face, cover(q[to.D_MOUTH], pixel), mouth(r, colours, q, pixel))
        nearest = min(q[to.D_UPPER], q[to.D_LOWER])
        if nearest < pixel:
            lips = lip(r, bumps, colours, q, x, y, pixel, seed)
            face = behind(face, cover(nearest, pixel), lips)
        if face[3] > 0.004:
            face = behind(face, 1.0, skin(r, bumps, shades, colours, q, x, y, pixel, seed))
        seen = (seen[0] + face[0], seen[1] + face[1], seen[2] + face[2], seen[3] - left)
    if q[to.D_EAR] < pixel and seen[3] > 0.004:
        seen = behind(seen, cover(q[to.D_EAR], pixel), ear(r, colours, q, pixel))
    if q[to.D_NECKLACE] < pixel and seen[3] > 0.004:
        bead = 0.55 + 1.5 * ramp(0.6, 1.0, math.cos(x * 150.0)) * fade(24.0, pixel)
        seen = behind(seen, cover(q[to.D_NECKLACE], pixel), tinted(colours, C_METAL, bead))
    if q[to.D_CLOTH] < pixel and seen[3] > 0.004:
        seen = behind(seen, cover(q[to.D_CLOTH], pixel), cloth(r, colours, q, x, y, pixel, seed))
    if q[to.D_NECK] < pixel and seen[3] > 0.004:
        throat = neck(r, tables, colours, q, x, y, pixel, seed)
        seen = behind(seen, cover(q[to.D_NECK], pixel), throat)
    nape = min(q[to.D_BACK_HAIR], q[to.D_BUN])
    if nape < 0.03 and seen[3] > 0.004:
        depth = 0.35 if q[to.D_BUN] < q[to.D_BACK_HAIR] else 0.85 * ramp(0.25, 0.0, abs(x) - 0.9)
        strand = hair(r, colours, C_HAIR, q, x, y, depth, pixel, seed + 7)
        seen = behind(seen, cover(nape + 0.01, pixel + 0.02), strand)
    if seen[3] > 0.004:
        seen = behind(seen, 1.0, ground(r, colours, discs, across, down, pixel, ground_seed))
    return seen[:3]


@inner
def expose(r, curve, seed: int, i: int, j: int, red: float, green: float, blue: float, out):
    """Put what a camera makes of this light into a pixel of out: vignette, tone curve, grain."""
    step = 1.0 / out.shape[0]
    across, down = (j + 0.5) * step, (i + 0.5) * step
    corner = ((across - 0.5) ** 2 + (down - 0.5) ** 2) * 0.9 * r.vignette
    gain = r.exposure * (1.0 - corner)
    noise = 1.6 + 5.0 * r.grain
    grain = noise * hash_dither(i, j, seed + 151)
    for channel in range(3):
        light = (red, green, blue)[channel] * gain
        at = min(int(math.sqrt(max(light, 0.0) * 0.25) * (CURVE - 1)), CURVE - 1)
        tint = 0.35 * noise * hash_dither(i, j, seed + 153 + channel)
        out[i, j, channel] = int(clamp(curve[at] + grain + tint + 0.5, 0.0, 255.0))


@threaded
def paint_photo(
    record, tables, bumps, shades, colours, discs, curve, seed, ground_seed, sub, out, layers
):  # fmt: skip
    """Fill out (size x size x 3, uint8), and layers (size x size, uint8) with what is on top at
    the centre of each pixel. A pixel that an edge may cross is the mean of sub x sub samples."""
    r = record[0]
    size = out.shape[0]
    step = 1.0 / size
    pixel = step / r.scale
    q = np.zeros(COUNT)
    for i in range(size):
        for j in range(size):
            across, down = (j + 0.5) * step, (i + 0.5) * step
            look(r, tables, bumps, seed, across, down, q)
            layers[i, j] = top(r, q)
            if sub == 1 or nearest_edge(q) > 0.9 * pixel:
                red, green, blue = sample(
                    r, tables, bumps, shades, colours, discs, seed, ground_seed,
                    across, down, pixel, q,
                )  # fmt: skip
            else:
                red, green, blue = 0.0, 0.0, 0.0
                for k in range(sub * sub):
                    part_down = (i + (k // sub + 0.5) / sub) * step
                    part_across = (j + (k % sub + 0.5) / sub) * step
                    look(r, tables, bumps, seed, part_across, part_down, q)
                    a, b, c = sample(
                        r, tables, bumps, shades, colours, discs, seed, ground_seed,
                        part_across, part_down, pixel / sub, q,
                    )  # fmt: skip
                    red, green, blue = red + a, green + b, blue + c
                share = 1.0 / (sub * sub)
                red, green, blue = red * share, green * share, blue * share
            expose(r, curve, seed, i, j, red, green, blue, out)


# ---------------------------------------------------------------------------------------------
# How an eye, the lips and the inside of a mouth look. Compiled by numba.


@inner
def eye(r, colours, q: np.ndarray, pixel: float, seed: int):
    """Eyeball: white, iris, pupil, the light in it, the lid's shadow on it."""
    side = q[to.SIDE]
    s, y = q[to.EYE_S], q[to.EYE_Y]
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
    lid = clamp((y - q[to.EYE_UPPER]) / 0.075, 0.0, 1.0)
    light *= 0.34 + 0.66 * lid
    light *= 1.0 - 0.5 * ramp(0.55, 1.0, s) * min(r.lashes, 1.0)  # of the lashes, as above
    light *= 0.7 + 0.3 * clamp((q[to.EYE_LOWER] - y) / 0.03, 0.0, 1.0)
    rim = clamp(1.0 - (q[to.EYE_LOWER] - y) / (0.012 + 0.4 * pixel), 0.0, 1.0) * 0.75
    red = mix(red, 0.9 * colours[C_BLUSH, 0] + 0.06, rim)
    green = mix(green, 0.9 * colours[C_BLUSH, 1] + 0.05, rim)
    blue = mix(blue, 0.9 * colours[C_BLUSH, 2] + 0.05, rim)
    edge = clamp(1.0 - (y - q[to.EYE_UPPER]) / (0.010 + 0.01 * r.lashes + 0.5 * pixel), 0.0, 1.0)
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
    u, v = q[to.U], q[to.V]
    nx, ny, nz = face_normal(r, bumps, q, x, y)
    upper = v < q[to.MOUTH_UPPER]
    high = q[to.MOUTH_TOP] if upper else q[to.MOUTH_LOWER]
    low = q[to.MOUTH_UPPER] if upper else q[to.MOUTH_BOTTOM]
    t = clamp((v - high) / (low - high + 1e-6), 0.0, 1.0)
    bulge = (0.75 * (t - 0.6)) if upper else (1.1 * (t - 0.45))
    ny += bulge
    scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx * scale, ny * scale, nz * scale
    crease = noise2(u * 46.0, v * 7.0, seed + 61) * fade(24.0, pixel)
    paint = 1.0 - 0.16 * crease
    # The rim of the lips runs out into the skin.
    rim = ramp(0.0, 0.3, t) if upper else ramp(1.0, 0.75, t)
    rim *= ramp(1.0, 0.8, abs(q[to.MOUTH_M]))
    line = ramp(0.72, 1.0, t) if upper else ramp(0.26, 0.0, t)
    shade = (1.0 - 0.66 * line) * (0.82 if upper else 1.0)
    red = mix(colours[C_SKIN, 0], colours[C_LIP, 0], 0.45 + 0.55 * rim) * paint
    green = mix(colours[C_SKIN, 1], colours[C_LIP, 1], 0.35 + 0.65 * rim) * paint
    blue = mix(colours[C_SKIN, 2], colours[C_LIP, 2], 0.35 + 0.65 * rim) * paint
    red, green, blue = lit(r, colours, (red, green, blue), nx, ny, nz, shade, 0.3)
    broad, tight = gleam(r, nx, ny, nz)
    shine = (0.03 * broad + 0.16 * tight * r.gloss) * (1.2 - crease) * r.key * shade
    return red + shine, green + shine, blue + shine


@inner
def mouth(r, colours, q: np.ndarray, pixel: float):
    """Inside the mouth: teeth above, tongue below, dark between."""
    v, m = q[to.V], q[to.MOUTH_M]
    gap = q[to.MOUTH_LOWER] - q[to.MOUTH_UPPER] + 1e-6
    t = (v - q[to.MOUTH_UPPER]) / gap
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
