"""The photo painter: layers put over one another, front to back, then a camera.

Compiled by numba. What is where comes from kernel_layers.py, how it looks from
kernel_skin.py and its neighbours.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner, threaded
from trombine.world.kernel_features import eye, lip, mouth
from trombine.world.kernel_geometry import face_distance
from trombine.world.kernel_hair import hair
from trombine.world.kernel_layers import (
    BROW_A,
    BROW_Y,
    COUNT,
    D_BACK_HAIR,
    D_BEARD,
    D_BROW,
    D_BUN,
    D_CLOTH,
    D_EAR,
    D_EARRING,
    D_EYE,
    D_FACE,
    D_FRAME,
    D_HAIR,
    D_HAT,
    D_LENS,
    D_LOWER,
    D_MOUTH,
    D_NECK,
    D_NECKLACE,
    D_OPENING,
    D_UPPER,
    GLASS_U,
    GLASS_V,
    U,
    V,
    X,
    Y,
    look,
    nearest_edge,
    top,
)
from trombine.world.kernel_light import (
    C_BROW,
    C_CLOTH,
    C_FRAME,
    C_GROUND,
    C_GROUND2,
    C_HAIR,
    C_HAT,
    C_METAL,
    C_SKIN,
    face_normal,
    hash_dither,
    lit,
)
from trombine.world.kernel_noise import clamp, clouds, fade, mix, noise2, ramp, soft2, strands
from trombine.world.kernel_skin import ear, skin

CURVE = 4096  # entries of the camera's tone curve, indexed by the root of linear light


@inner
def cover(distance: float, pixel: float) -> float:
    """How much of a pixel lies inside an edge at this signed distance."""
    return clamp(0.5 - distance / pixel, 0.0, 1.0)


@inner
def neck(r, tables, colours, q, x: float, y: float, pixel: float, seed: int):
    """Neck and chest, in the shadow of the chin."""
    across = (x - r.body_x) / (r.neck + 0.25)
    nx = clamp(across, -0.9, 0.9)
    nz = math.sqrt(1.0 - nx * nx)
    cast = face_distance(r, tables, x + 0.2 * r.light_x, y - 0.34 - 0.12 * r.light_y)
    shade = 0.18 + 0.82 * ramp(-0.12, 0.16, cast)
    shade *= 0.55 + 0.45 * ramp(0.0, 0.3, q[D_FACE])
    cord = clamp(1.0 - abs(abs(across) - 0.42 + 0.25 * (y - 1.8)) / 0.2, 0.0, 1.0)
    paint = 0.9 + 0.06 * cord + 0.04 * clouds(x, y, 6.0, pixel, seed)
    return lit(
        r, colours, colours[C_SKIN, 0] * paint, colours[C_SKIN, 1] * paint * 0.96,
        colours[C_SKIN, 2] * paint * 0.95, nx, 0.1, nz, shade, 0.4,
    )  # fmt: skip


@inner
def cloth(r, colours, q, x: float, y: float, pixel: float, seed: int):
    """Clothes: soft folds, the weave, a hem or a collar at the neck."""
    fold = clouds(x * 0.7, y * 0.5, 2.2, pixel, seed + 101)
    fold2 = clouds(x * 0.7 + 0.1, y * 0.5, 2.2, pixel, seed + 101)
    nx = clamp(0.42 * (x - r.body_x) + (fold - fold2) * 1.6, -0.9, 0.9)
    ny = clamp(-0.35 + 0.3 * fold, -0.9, 0.9)
    nz = math.sqrt(max(0.1, 1.0 - nx * nx - ny * ny))
    weave = 1.0 + 0.12 * (noise2(x * 90.0, y * 30.0, seed + 103) - 0.5) * fade(45.0, pixel)
    inside = -q[D_CLOTH]
    hem = ramp(0.05, 0.07, inside) * ramp(0.1, 0.08, inside)
    collar = r.collar * ramp(0.3, 0.28, inside + 0.1 * abs(x - r.body_x))
    shade = (1.0 - 0.35 * hem) * (0.6 + 0.4 * ramp(0.0, 0.12, inside)) * (1.0 + 0.15 * collar)
    shade *= 0.55 + 0.45 * ramp(-0.05, 0.35, q[D_FACE])
    paint = weave * (1.0 + 0.25 * collar)
    return lit(
        r, colours, colours[C_CLOTH, 0] * paint, colours[C_CLOTH, 1] * paint,
        colours[C_CLOTH, 2] * paint, nx, ny, nz, clamp(shade, 0.0, 1.0), 0.15,
    )  # fmt: skip


@inner
def hat(r, colours, q, x: float, y: float, pixel: float, seed: int):
    """A knitted hat with a turned-up brim."""
    u, v = q[U], q[V]
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
    return lit(
        r, colours, colours[C_HAT, 0] * knit, colours[C_HAT, 1] * knit, colours[C_HAT, 2] * knit,
        nx, ny, nz, shade, 0.2,
    )  # fmt: skip


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
    a, across = q[BROW_A], q[BROW_Y]
    body = cover(q[D_BROW], 0.022 + pixel)
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
    u, v = q[U], q[V]
    inside = ramp(0.04, -0.05, q[D_BEARD])
    hairs = strands(u * 5.0 + 0.6 * (v - 1.2) * u, v * 2.2, pixel * 5.0, seed + 121)
    many = max(r.beard, r.moustache)
    return clamp(inside * (0.6 + 0.6 * many) + 0.4 * hairs * inside * (1.4 - inside), 0.0, 0.97)


@inner
def sample(r, tables, bumps, shades, colours, discs, seed, ground_seed, across, down, pixel, q):
    """Linear RGB at a point whose distances are in q: layers from the front to the back, until
    nothing shows through."""
    x, y = q[X], q[Y]
    red, green, blue, left = 0.0, 0.0, 0.0, 1.0
    if q[D_HAT] < pixel:
        c = cover(q[D_HAT], pixel) * left
        a, b, d = hat(r, colours, q, x, y, pixel, seed)
        red, green, blue, left = red + c * a, green + c * b, blue + c * d, left - c
    if q[D_EARRING] < pixel and left > 0.004:
        c = cover(q[D_EARRING], pixel) * left
        bright = 0.5 + 2.2 * ramp(0.0, -0.03, q[D_EARRING]) * (0.6 + 0.4 * r.light_x)
        red, green, blue = (
            red + c * colours[C_METAL, 0] * bright,
            green + c * colours[C_METAL, 1] * bright,
            blue + c * colours[C_METAL, 2] * bright,
        )
        left -= c
    if q[D_HAIR] < 0.05 and left > 0.004:
        loose = 0.03 * ramp(0.09, 0.04, q[D_OPENING])  # soft at the hairline, not outside
        c = cover(q[D_HAIR] + 0.5 * loose, pixel + loose)
        if r.shaven > 0.5:
            c *= 0.5 if q[D_FACE] < 0.0 else 0.85
        if c > 0.0:
            depth = 0.55 * ramp(0.1, -0.01, q[D_OPENING])
            a, b, d = hair(r, colours, C_HAIR, q, x, y, depth * 0.6, pixel, seed)
            c *= left
            red, green, blue, left = red + c * a, green + c * b, blue + c * d, left - c
    if q[D_FRAME] < pixel and left > 0.004:
        c = cover(q[D_FRAME], pixel) * left
        bevel = 0.35 + 0.9 * ramp(0.0, -r.glass_thick, q[D_FRAME])
        lights = (r.key * 0.5 + r.ambient) * bevel
        spark = 0.25 * ramp(-0.3 * r.glass_thick, -r.glass_thick, q[D_FRAME]) * (q[GLASS_V] < 0)
        red += c * (colours[C_FRAME, 0] * lights + spark * 0.3)
        green += c * (colours[C_FRAME, 1] * lights + spark * 0.3)
        blue += c * (colours[C_FRAME, 2] * lights + spark * 0.3)
        left -= c
    if q[D_LENS] < 0.0 and left > 0.004:
        c = (0.05 + 0.93 * r.glass_tint) * left
        shine = (
            0.35
            * ramp(0.1, 0.16, (q[GLASS_U] + q[GLASS_V]) % 0.5)
            * ramp(0.3, 0.2, (q[GLASS_U] + q[GLASS_V]) % 0.5)
        )
        dark = 0.02 + 0.35 * (1.0 - r.glass_tint) + shine * 0.2 + 0.05 * (0.3 - q[GLASS_V])
        red, green, blue = red + c * dark, green + c * dark * 1.02, blue + c * dark * 1.08
        left -= c
    if q[D_BEARD] < 0.08 and left > 0.004:
        c = _beard_cover(r, q, pixel, seed) * left
        nx, ny, nz = face_normal(r, bumps, q, x, y)
        u, v = q[U], q[V]
        tone = 0.75 + 0.75 * strands(u * 6.0, v * 3.0, pixel * 6.0, seed + 131)
        tone = max(tone, 0.1)
        a, b, d = lit(
            r,
            colours,
            colours[C_BROW, 0] * tone,
            colours[C_BROW, 1] * tone,
            colours[C_BROW, 2] * tone,
            nx,
            ny,
            nz,
            0.85,
            0.3,
        )
        red, green, blue, left = red + c * a, green + c * b, blue + c * d, left - c
    # At the edge of a full head of hair there is no skin to be seen past it.
    under = q[D_HAIR] < pixel and q[D_OPENING] > 0.1 and r.shaven < 0.5
    if q[D_FACE] < pixel and left > 0.004 and not under:
        face = cover(q[D_FACE], pixel) * left
        inner = face
        a, b, d = 0.0, 0.0, 0.0
        if q[D_BROW] < 0.03:
            c = _brow_cover(q, pixel, seed) * inner
            e, f, g = lit(
                r,
                colours,
                colours[C_BROW, 0],
                colours[C_BROW, 1],
                colours[C_BROW, 2],
                0.0,
                -0.2,
                0.97,
                0.9,
                0.3,
            )
            a, b, d, inner = a + c * e, b + c * f, d + c * g, inner - c
        if q[D_EYE] < pixel:
            c = cover(q[D_EYE], pixel) * inner
            e, f, g = eye(r, colours, q, pixel, seed)
            a, b, d, inner = a + c * e, b + c * f, d + c * g, inner - c
        if q[D_MOUTH] < pixel:
            c = cover(q[D_MOUTH], pixel) * inner
            e, f, g = mouth(r, colours, q, pixel)
            a, b, d, inner = a + c * e, b + c * f, d + c * g, inner - c
        nearest = min(q[D_UPPER], q[D_LOWER])
        if nearest < pixel:
            c = cover(nearest, pixel) * inner
            e, f, g = lip(r, bumps, colours, q, x, y, pixel, seed)
            a, b, d, inner = a + c * e, b + c * f, d + c * g, inner - c
        if inner > 0.004:
            e, f, g = skin(r, bumps, shades, colours, q, x, y, pixel, seed)
            a, b, d = a + inner * e, b + inner * f, d + inner * g
        red, green, blue, left = red + a, green + b, blue + d, left - face
    if q[D_EAR] < pixel and left > 0.004:
        c = cover(q[D_EAR], pixel) * left
        a, b, d = ear(r, colours, q, pixel)
        red, green, blue, left = red + c * a, green + c * b, blue + c * d, left - c
    if q[D_NECKLACE] < pixel and left > 0.004:
        c = cover(q[D_NECKLACE], pixel) * left
        bead = 0.55 + 1.5 * ramp(0.6, 1.0, math.cos(x * 150.0)) * fade(24.0, pixel)
        red += c * colours[C_METAL, 0] * bead
        green += c * colours[C_METAL, 1] * bead
        blue += c * colours[C_METAL, 2] * bead
        left -= c
    if q[D_CLOTH] < pixel and left > 0.004:
        c = cover(q[D_CLOTH], pixel) * left
        a, b, d = cloth(r, colours, q, x, y, pixel, seed)
        red, green, blue, left = red + c * a, green + c * b, blue + c * d, left - c
    if q[D_NECK] < pixel and left > 0.004:
        c = cover(q[D_NECK], pixel) * left
        a, b, d = neck(r, tables, colours, q, x, y, pixel, seed)
        red, green, blue, left = red + c * a, green + c * b, blue + c * d, left - c
    behind = min(q[D_BACK_HAIR], q[D_BUN])
    if behind < 0.03 and left > 0.004:
        c = cover(behind + 0.01, pixel + 0.02) * left
        depth = 0.35 if q[D_BUN] < q[D_BACK_HAIR] else 0.85 * ramp(0.25, 0.0, abs(x) - 0.9)
        a, b, d = hair(r, colours, C_HAIR, q, x, y, depth, pixel, seed + 7)
        red, green, blue, left = red + c * a, green + c * b, blue + c * d, left - c
    if left > 0.004:
        a, b, d = ground(r, colours, discs, across, down, pixel, ground_seed)
        red, green, blue = red + left * a, green + left * b, blue + left * d
    return red, green, blue


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
