"""The painter of sketches: graphite on paper, from the front to the back.

Compiled by numba. What is where comes from kernel_layers.py, the marks from kernel_pencil.py.
`keep` is what is left of the paper's white, `seen` what the layers in front leave to be seen.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner, kernel
from trombine.world.kernel_geometry import face_distance
from trombine.world.kernel_ink import cover, taper
from trombine.world.kernel_layers import (
    COUNT,
    D_BACK_HAIR,
    D_BEARD,
    D_BUN,
    D_CLOTH,
    D_EAR,
    D_EARRING,
    D_FACE,
    D_FRAME,
    D_HAIR,
    D_HAT,
    D_LENS,
    D_NECK,
    D_NECKLACE,
    D_OPENING,
    FLOW,
    U,
    V,
    distances,
    top,
)
from trombine.world.kernel_noise import clamp, hash2, mix, noise1, noise2, ramp
from trombine.world.kernel_pencil import (
    G_CLOTH,
    G_FRAME,
    G_HAIR,
    G_HAT,
    G_SKIN,
    contour,
    finer,
    hatching,
    line,
    strokes,
    tooth,
)
from trombine.world.kernel_sketch_face import over, pencil_beard, pencil_ear, pencil_face

HALF = 0.0105  # half width of a firm outline


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
def _hair(r, greys, q: np.ndarray, x: float, y: float, under: float, pixel: float, seed: int):
    """Hair by strokes along its flow: the light leaves a band of paper, roots and tips are dark."""
    flow = q[FLOW]
    root = math.sqrt(max(0.0, y - r.crown) * r.flow_spread + 0.05)
    level = y + 1.12 - 0.3 * x * x - 0.2 * (noise1(flow * 4.0, seed) - 0.5)
    level -= 0.22 * (noise1(flow * 15.0, seed + 1) - 0.5)
    band = ramp(0.34, 0.04, abs(level)) * ramp(1.05, 0.5, abs(x - 0.25 * r.light_x))
    long_light = ramp(0.25, 0.7, noise1(flow * 5.0 + 0.3 * y, seed + 2)) * ramp(-0.3, 0.4, y)
    away = -x * r.light_x
    edge = ramp(-0.14, 0.0, q[D_HAIR]) * 0.25
    near = 0.35 * ramp(0.25, 0.0, q[D_OPENING]) * (1.0 - ramp(0.0, 0.25, q[D_FACE]))
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
    side = s + 0.05 * y
    dark = over(dark, finer(34.0, fine) * strokes(side, y, 34.0, 0.6, 0.7 * tone, fine, seed + 5))
    return over(dark, 0.2 * tone * tone)


@inner
def _bun(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """A bun: strokes that run round it."""
    turn = math.atan2(y - r.crown, x) * 0.3
    tone = greys[G_HAIR] * (0.7 + 1.5 * ramp(-0.12, 0.0, q[D_BUN])) + 0.3 * ramp(
        -0.15, 0.1, y - r.crown
    )
    return strokes(q[D_BUN] + 0.25 * turn, turn, 24.0, 0.3, clamp(tone, 0.1, 0.95), pixel, seed)


@inner
def _hat(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
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
def _cloth(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
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
def _neck(r, tables, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    cast = face_distance(r, tables, x + 0.25 * r.light_x, y - 0.3)
    side = abs(x - r.body_x)
    tone = greys[G_SKIN] + 0.5 * ramp(0.1, -0.12, cast) + 0.3 * ramp(0.16, 0.0, q[D_FACE])
    tone += 0.25 * ramp(-0.12, 0.0, q[D_NECK])
    dark = hatching(x, y, clamp(tone, 0.0, 0.85), pixel, seed)
    t = (side - 0.1) / 0.35
    bone = 0.4 * line(y - r.shoulder + 0.13 - 0.16 * side, 0.01, pixel) * taper(t, 0.3, 0.5)
    return over(dark, bone)


@inner
def _ground(r, x: float, y: float, pixel: float, seed: int) -> float:
    """Paper, with some hatching beside the head where the light comes from."""
    toward = 1.0 if r.light_x > 0.0 else -1.0
    away = math.sqrt(x * x + 0.5 * y * y)
    patch = ramp(0.2, 0.7, x * toward) * ramp(-1.6, -0.6, y) * ramp(1.6, 0.6, y)
    patch *= ramp(1.75, 1.2, away) * (0.5 + 0.5 * noise2(x * 2.0, y * 2.0, seed + 1))
    return hatching(x, y, 0.6 * patch * (0.35 + 0.65 * r.ground_busy), pixel, seed + 2)


@inner
def sample(r, tables, bumps, shades, greys, seed, x, y, pixel, q) -> float:
    """How much graphite lies at a point; its distances go into q."""
    distances(r, tables, bumps, seed, x, y, q)
    keep, seen = 1.0, 1.0
    far = 0.06 + 2.0 * pixel
    heavy = HALF * (1.0 + 0.35 * clamp(-x * r.light_x * 1.5, -0.6, 1.0))
    if q[D_HAT] < far:
        c = cover(q[D_HAT], pixel)
        keep *= 1.0 - contour(q[D_HAT], x, y, heavy, pixel, seed + 100)
        if c > 0.0:
            keep *= 1.0 - c * _hat(r, greys, q, x, y, pixel, seed + 110)
        seen = 1.0 - c
    if q[D_EARRING] < far and seen > 0.0:
        keep *= 1.0 - seen * 0.8 * line(q[D_EARRING], 0.8 * HALF, pixel)
        seen *= 1.0 - cover(q[D_EARRING], pixel)
    if q[D_HAIR] < far and seen > 0.0:
        # Hair ends in strokes, not in a line: they reach a little over the edge, or stop short.
        ragged = q[D_HAIR] + 0.03 * (noise1(q[FLOW] * 21.0, seed + 121) - 0.5)
        c = cover(ragged, pixel + 0.02)
        if c > 0.0:
            dark = _hair(r, greys, q, x, y, 0.0, pixel, seed + 120)
            keep *= 1.0 - seen * c * dark * (0.5 if r.shaven > 0.5 else 1.0)
        firm = 0.2 if q[D_FACE] < 0.0 else 0.6
        keep *= 1.0 - seen * firm * contour(q[D_HAIR], x, y, 0.8 * heavy, pixel, seed + 130)
        seen *= 1.0 - c * (r.shaven < 0.5)
    if q[D_FRAME] < far and seen > 0.0:
        c = cover(q[D_FRAME], pixel)
        shine = 0.35 + 0.65 * noise2(x * 5.0, y * 5.0, seed + 141)
        keep *= 1.0 - seen * c * max(greys[G_FRAME] * shine, 0.35)
        keep *= 1.0 - seen * 0.8 * line(q[D_FRAME], 0.006, pixel)
        seen *= 1.0 - 0.9 * c
    if q[D_LENS] < 0.0 and seen > 0.0:
        tint = 0.06 + 0.8 * r.glass_tint
        keep *= 1.0 - seen * hatching(x, y, tint, pixel, seed + 145)
        seen *= 1.0 - 0.8 * r.glass_tint
    if q[D_BEARD] < far and seen > 0.0:
        c = pencil_beard(r, greys, q, pixel, seed + 150)
        keep *= 1.0 - seen * c
        seen *= 1.0 - 0.8 * cover(q[D_BEARD], pixel + 0.03)
    if q[D_FACE] < far and seen > 0.0:
        c = cover(q[D_FACE], pixel)
        keep *= 1.0 - seen * contour(q[D_FACE], x, y, heavy, pixel, seed + 160)
        if c > 0.0:
            dark = pencil_face(r, bumps, shades, greys, q, x, y, pixel, seed + 170)
            keep *= 1.0 - seen * c * dark
        seen *= 1.0 - c
    if q[D_EAR] < far and seen > 0.0:
        c = cover(q[D_EAR], pixel)
        keep *= 1.0 - seen * contour(q[D_EAR], x, y, heavy, pixel, seed + 300)
        keep *= 1.0 - seen * c * pencil_ear(r, greys, q, x, y, pixel, seed + 310)
        seen *= 1.0 - c
    if q[D_NECKLACE] < far and seen > 0.0:
        keep *= 1.0 - seen * 0.7 * line(q[D_NECKLACE], 0.8 * HALF, pixel)
    if q[D_CLOTH] < far and seen > 0.0:
        c = cover(q[D_CLOTH], pixel)
        keep *= 1.0 - seen * contour(q[D_CLOTH], x, y, heavy, pixel, seed + 320)
        keep *= 1.0 - seen * c * _cloth(r, greys, q, x, y, pixel, seed + 330)
        seen *= 1.0 - c
    if q[D_NECK] < far and seen > 0.0:
        c = cover(q[D_NECK], pixel)
        keep *= 1.0 - seen * contour(q[D_NECK], x, y, heavy, pixel, seed + 340)
        keep *= 1.0 - seen * c * _neck(r, tables, greys, q, x, y, pixel, seed + 350)
        seen *= 1.0 - c
    if q[D_BUN] < far and seen > 0.0:
        c = cover(q[D_BUN], pixel)
        keep *= 1.0 - seen * c * _bun(r, greys, q, x, y, pixel, seed + 355)
        keep *= 1.0 - seen * contour(q[D_BUN], x, y, heavy, pixel, seed + 358)
        seen *= 1.0 - c
    if q[D_BACK_HAIR] < far and seen > 0.0:
        c = cover(q[D_BACK_HAIR], pixel + 0.01)
        keep *= 1.0 - seen * c * _hair(r, greys, q, x, y, 0.6, pixel, seed + 360)
        keep *= 1.0 - seen * 0.6 * contour(q[D_BACK_HAIR], x, y, heavy, pixel, seed + 370)
        seen *= 1.0 - c
    if seen > 0.0:
        keep *= 1.0 - seen * _ground(r, x, y, pixel, seed + 380)
    return 1.0 - keep


@kernel
def paint_sketch(record, tables, bumps, shades, greys, seed, many, out, layers) -> None:
    """Fill out (size x size x 3, uint8), each pixel the mean of many x many samples, and layers
    (size x size, uint8) with what is on top at the centre of each."""
    r = record[0]
    size = out.shape[0]
    step = 1.0 / (size * many)
    pixel = step / r.scale
    share = 1.0 / (many * many)
    q = np.zeros(COUNT)
    for i in range(size):
        for j in range(size):
            dark = 0.0
            for n in range(many * many + (many > 1)):
                # The last one, at the centre, is for the label alone; a single sample is both.
                centre = n == many * many or many == 1
                across = (j + 0.5) / size if centre else (j * many + n % many + 0.5) * step
                down = (i + 0.5) / size if centre else (i * many + n // many + 0.5) * step
                dx, dy = (across - r.centre_x) / r.scale, (down - r.centre_y) / r.scale
                x = dx * r.cos_roll + dy * r.sin_roll
                y = dy * r.cos_roll - dx * r.sin_roll
                if n == many * many:
                    distances(r, tables, bumps, seed, x, y, q)
                else:
                    dark += share * sample(r, tables, bumps, shades, greys, seed, x, y, pixel, q)
            layers[i, j] = top(r, q)
            grain = tooth((j + 0.5) / size, (i + 0.5) / size, 1.0 / size, seed + 400)
            # Graphite catches on the tooth: most where the pencil neither presses nor lifts.
            dark = clamp(dark + 0.75 * grain * dark * (1.0 - dark), 0.0, 1.0)
            paper = 250.0 + 2.5 * grain
            for k in range(3):
                white = paper - 2.0 * k
                out[i, j, k] = int(
                    clamp(white + (52.0 + 2.0 * k - white) * 0.97 * dark + 0.5, 0.0, 255.0)
                )
