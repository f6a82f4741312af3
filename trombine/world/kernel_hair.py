"""How hair looks. Compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_layers import (
    FLOW,
)
from trombine.world.kernel_noise import clamp, mix, noise2, ramp, strands


@inner
def hair(
    r, colours, row: int, q: np.ndarray, x: float, y: float, depth: float, pixel: float, seed: int
):
    """Hair: strands along the flow, and the two highlights that cylinders have.

    `depth` darkens hair that lies below other hair, 0 (outside) to 1.
    """
    flow = q[FLOW]
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
