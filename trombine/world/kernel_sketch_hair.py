"""Hair in pencil: strokes along its flow, curls, a bun. Compiled by numba.

Every function returns a darkness from 0 (paper) to 1 (graphite).
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_ink import taper
from trombine.world.kernel_layers import D_BUN, D_FACE, D_HAIR, D_OPENING, FLOW
from trombine.world.kernel_noise import clamp, hash2, mix, noise1, noise2, ramp
from trombine.world.kernel_pencil import G_HAIR, finer, line, over, strokes


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
    # A few heavy ones where locks part.
    dark = over(dark, strokes(s + 0.02 * y, y, 5.0, 1.3, 0.9 * (tone - 0.35), 0.5 * fine, seed + 8))
    side = s + 0.05 * y
    dark = over(dark, finer(34.0, fine) * strokes(side, y, 34.0, 0.6, 0.7 * tone, fine, seed + 5))
    return over(dark, 0.2 * tone * tone)


@inner
def pencil_bun(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """A bun: strokes that run round it."""
    turn = math.atan2(y - r.crown, x) * 0.3
    tone = greys[G_HAIR] * (0.7 + 1.5 * ramp(-0.12, 0.0, q[D_BUN])) + 0.3 * ramp(
        -0.15, 0.1, y - r.crown
    )
    return strokes(q[D_BUN] + 0.25 * turn, turn, 24.0, 0.3, clamp(tone, 0.1, 0.95), pixel, seed)
