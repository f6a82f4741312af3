"""The painter of anime and cartoon: flat colours and ink, from the back to the front.

Compiled by numba. What is where comes from kernel_layers.py. Layers that others hide completely
are not drawn. Pixels are sampled once at their centre; those that differ from a neighbour, where
edges run, are sampled again in four places.
"""

from __future__ import annotations

import numpy as np

from trombine.world.compiled import inner, threaded
from trombine.world.kernel_drawn_face import drawn_ear, drawn_face
from trombine.world.kernel_drawn_hair import drawn_hair, drawn_hair_behind
from trombine.world.kernel_drawn_worn import (
    drawn_cloth,
    drawn_glasses,
    drawn_ground,
    drawn_hat,
    drawn_metal,
    drawn_neck,
)
from trombine.world.kernel_layers import (
    COUNT,
    D_BACK_HAIR,
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
    distances,
    top,
)
from trombine.world.kernel_noise import clamp

ROUGH = 0.13  # a difference between neighbours (sRGB, 0 to 1) that calls for more samples


@inner
def _body(r, tables, inks, q, c, x: float, y: float, pixel: float, seed: int) -> None:
    """What lies behind the face."""
    near = 1.3 * r.ink + pixel
    if min(q[D_BACK_HAIR], q[D_BUN]) < near:
        drawn_hair_behind(r, inks, q, c, y, pixel, seed)
    if q[D_NECK] < near:
        drawn_neck(r, tables, inks, q, c, x, y, pixel)
    if q[D_NECKLACE] < near and q[D_CLOTH] > -near:
        drawn_metal(r, inks, q[D_NECKLACE], c, pixel)
    if q[D_CLOTH] < near:
        drawn_cloth(r, inks, q, c, x, y, pixel, seed)
    if q[D_EAR] < near:
        drawn_ear(r, inks, q, c, pixel)


@inner
def sample(r, tables, bumps, inks, seed, ground_seed, across, down, step, q, c) -> None:
    """The colour at a place of the picture, into c (sRGB, 0 to 1); its distances into q."""
    dx, dy = (across - r.centre_x) / r.scale, (down - r.centre_y) / r.scale
    x = dx * r.cos_roll + dy * r.sin_roll
    y = dy * r.cos_roll - dx * r.sin_roll
    pixel = step / r.scale
    distances(r, tables, bumps, seed, x, y, q)
    near = 1.3 * r.ink + pixel
    if q[D_HAT] > -near:
        if q[D_HAIR] > -near:
            if q[D_FACE] > -near:
                drawn_ground(r, inks, c, across, down, step, ground_seed)
                _body(r, tables, inks, q, c, x, y, pixel, seed)
            if q[D_FACE] < near + 0.1:
                drawn_face(r, inks, q, c, pixel, seed)
            if min(q[D_LENS], q[D_FRAME]) < near:
                drawn_glasses(r, inks, q, c, pixel)
        if q[D_HAIR] < near:
            drawn_hair(r, inks, q, c, x, y, pixel, seed)
        if q[D_EARRING] < near:
            drawn_metal(r, inks, q[D_EARRING], c, pixel)
    if q[D_HAT] < near:
        drawn_hat(r, inks, q, c, x, y, pixel)


@inner
def _differs(first: np.ndarray, i: int, j: int) -> bool:
    """Whether a pixel differs from one of its four neighbours."""
    size = first.shape[0]
    for k in range(3):
        own = first[i, j, k]
        if i > 0 and abs(first[i - 1, j, k] - own) > ROUGH:
            return True
        if j > 0 and abs(first[i, j - 1, k] - own) > ROUGH:
            return True
        if i + 1 < size and abs(first[i + 1, j, k] - own) > ROUGH:
            return True
        if j + 1 < size and abs(first[i, j + 1, k] - own) > ROUGH:
            return True
    return False


@threaded
def paint_drawn(record, tables, bumps, inks, seed, ground_seed, out, layers) -> None:
    """Fill out (size x size x 3, uint8) and layers (size x size, uint8; what is on top)."""
    r = record[0]
    size = out.shape[0]
    q, c, total = np.zeros(COUNT), np.zeros(3), np.zeros(3)
    first = np.empty((size, size, 3))
    for many in range(1, 3):  # one sample each, then four where there is more to see
        step, share = 1.0 / (size * many), 1.0 / (many * many)
        for i in range(size):
            for j in range(size):
                if many == 2 and not _differs(first, i, j):
                    continue
                total[:] = 0.0
                for n in range(many * many):
                    across = (j * many + n % many + 0.5) * step
                    down = (i * many + n // many + 0.5) * step
                    sample(r, tables, bumps, inks, seed, ground_seed, across, down, step, q, c)
                    for k in range(3):
                        total[k] += share * c[k]
                if many == 1:
                    layers[i, j] = top(r, q)
                    first[i, j, :] = total
                for k in range(3):
                    out[i, j, k] = int(clamp(255.0 * total[k] + 0.5, 0.0, 255.0))
