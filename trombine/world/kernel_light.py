"""How light falls: normals, the key light, the sky's fill, highlights. Compiled by numba.

What it falls on is in kernel_skin.py, kernel_features.py and kernel_hair.py. Every function that
returns three numbers returns linear RGB; `colours` is the table of colours.py, its rows named here.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_geometry import ellipsoid, relief
from trombine.world.kernel_layers import (
    D_FACE,
    U,
    V,
)
from trombine.world.kernel_noise import clamp, hash2

(
    C_SKIN,
    C_BLUSH,
    C_LIP,
    C_IRIS,
    C_HAIR,
    C_BROW,
    C_CLOTH,
    C_HAT,
    C_FRAME,
    C_GROUND,
    C_GROUND2,
    C_KEY,
    C_FILL,
    C_RIM,
    C_LID,
    C_METAL,
) = range(16)


@inner
def face_normal(r, bumps: np.ndarray, q: np.ndarray, x: float, y: float):
    """Unit normal of the skin at a point whose distances are in q; z is toward the viewer."""
    u, v = q[U], q[V]
    _, base_u, base_v = ellipsoid(r, u, v)
    _, slope_u, slope_v = relief(bumps, bumps.shape[1], u, v)
    nx, ny = -(0.75 * base_u + slope_u), -(0.6 * base_v + slope_v)
    turned_x = nx * r.cos_yaw + r.sin_yaw
    forward = r.cos_yaw - nx * r.sin_yaw
    turned_y = ny * r.cos_pitch + forward * r.sin_pitch
    turned_z = forward * r.cos_pitch - ny * r.sin_pitch
    # Toward its outline a face turns away from the viewer, whatever its relief.
    edge = clamp(1.0 + q[D_FACE] * 3.2, 0.0, 1.0)
    edge = 1.5 * edge * edge
    away = 1.0 / (math.sqrt(x * x + 0.6 * (y - 0.2) * (y - 0.2)) + 1e-6)
    turned_x += x * away * edge
    turned_y += 0.7 * (y - 0.2) * away * edge
    turned_z = max(turned_z, 0.05)
    scale = 1.0 / math.sqrt(turned_x * turned_x + turned_y * turned_y + turned_z * turned_z)
    return turned_x * scale, turned_y * scale, turned_z * scale


@inner
def lit(r, colours, red, green, blue, nx, ny, nz, shade, wrap):
    """A matt colour in the key light, the sky's fill and the light from behind.

    Light wraps round skin, red most; `shade` is what of the key light arrives, 0 to 1.
    """
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
