"""The painter of sketches: graphite on paper, from the front to the back.

Compiled by numba. What is where comes from kernel_layers.py, the marks from kernel_pencil.py.
`keep` is what is left of the paper's white, `seen` what the layers in front leave to be seen.
"""

from __future__ import annotations

import numpy as np

from trombine.world.compiled import inner, threaded
from trombine.world.kernel_ink import cover
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
    FLOW,
    distances,
    top,
)
from trombine.world.kernel_noise import clamp, noise1, noise2
from trombine.world.kernel_pencil import G_FRAME, HALF, contour, hatching, line, tooth
from trombine.world.kernel_sketch_face import pencil_beard, pencil_ear, pencil_face
from trombine.world.kernel_sketch_hair import pencil_bun, pencil_hair
from trombine.world.kernel_sketch_worn import (
    pencil_cloth,
    pencil_ground,
    pencil_hat,
    pencil_neck,
)


@inner
def _far(pixel: float) -> float:
    """How far from an edge its outline may still be seen."""
    return 0.06 + 2.0 * pixel


@inner
def _heavy(r, x: float) -> float:
    """Half width of an outline: a pencil presses more on the side away from the light."""
    return HALF * (1.0 + 0.35 * clamp(-x * r.light_x * 1.5, -0.6, 1.0))


@inner
def _hat_and_hair(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int):
    """What is left of the paper and to be seen, under a hat, an earring and hair."""
    keep, seen, far, heavy = 1.0, 1.0, _far(pixel), _heavy(r, x)
    if q[D_HAT] < far:
        c = cover(q[D_HAT], pixel)
        keep *= 1.0 - contour(q[D_HAT], x, y, heavy, pixel, seed)
        keep *= 1.0 - c * pencil_hat(r, greys, q, x, y, pixel, seed + 10)
        seen = 1.0 - c
    if q[D_EARRING] < far:
        keep *= 1.0 - seen * 0.8 * line(q[D_EARRING], 0.8 * HALF, pixel)
        seen *= 1.0 - cover(q[D_EARRING], pixel)
    if q[D_HAIR] < far and seen > 0.0:
        # Hair ends in strokes, not in a line: they reach a little over the edge, or stop short.
        ragged = q[D_HAIR] + 0.03 * (noise1(q[FLOW] * 21.0, seed + 21) - 0.5)
        c = cover(ragged, pixel + 0.02)
        if c > 0.0:
            dark = pencil_hair(r, greys, q, x, y, 0.0, pixel, seed + 20)
            keep *= 1.0 - seen * c * dark * (0.5 if r.shaven > 0.5 else 1.0)
        firm = 0.2 if q[D_FACE] < 0.0 else 0.6
        keep *= 1.0 - seen * firm * contour(q[D_HAIR], x, y, 0.8 * heavy, pixel, seed + 30)
        seen *= 1.0 - c * (r.shaven < 0.5)
    return keep, seen


@inner
def _glasses(r, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int):
    """What glasses leave of the paper and to be seen."""
    keep, seen = 1.0, 1.0
    if q[D_FRAME] < _far(pixel):
        c = cover(q[D_FRAME], pixel)
        shine = 0.35 + 0.65 * noise2(x * 5.0, y * 5.0, seed)
        keep *= 1.0 - c * max(greys[G_FRAME] * shine, 0.35)
        keep *= 1.0 - 0.8 * line(q[D_FRAME], 0.006, pixel)
        seen *= 1.0 - 0.9 * c
    if q[D_LENS] < 0.0:
        keep *= 1.0 - seen * hatching(x, y, 0.06 + 0.8 * r.glass_tint, pixel, seed + 5)
        seen *= 1.0 - 0.8 * r.glass_tint
    return keep, seen


@inner
def _body(r, tables, greys, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """What ears, clothes, neck, the hair behind them and the ground leave of the paper."""
    keep, seen, far, heavy = 1.0, 1.0, _far(pixel), _heavy(r, x)
    if q[D_EAR] < far:
        c = cover(q[D_EAR], pixel)
        keep *= 1.0 - contour(q[D_EAR], x, y, heavy, pixel, seed)
        keep *= 1.0 - c * pencil_ear(r, greys, q, x, y, pixel, seed + 10)
        seen *= 1.0 - c
    if q[D_NECKLACE] < far:
        keep *= 1.0 - seen * 0.7 * line(q[D_NECKLACE], 0.8 * HALF, pixel)
    if q[D_CLOTH] < far:
        c = cover(q[D_CLOTH], pixel)
        keep *= 1.0 - seen * contour(q[D_CLOTH], x, y, heavy, pixel, seed + 20)
        keep *= 1.0 - seen * c * pencil_cloth(r, greys, q, x, y, pixel, seed + 30)
        seen *= 1.0 - c
    if q[D_NECK] < far and seen > 0.0:
        c = cover(q[D_NECK], pixel)
        keep *= 1.0 - seen * contour(q[D_NECK], x, y, heavy, pixel, seed + 40)
        keep *= 1.0 - seen * c * pencil_neck(r, tables, greys, q, x, y, pixel, seed + 50)
        seen *= 1.0 - c
    if q[D_BUN] < far:
        c = cover(q[D_BUN], pixel)
        keep *= 1.0 - seen * contour(q[D_BUN], x, y, heavy, pixel, seed + 58)
        keep *= 1.0 - seen * c * pencil_bun(r, greys, q, x, y, pixel, seed + 55)
        seen *= 1.0 - c
    if q[D_BACK_HAIR] < far and seen > 0.0:
        c = cover(q[D_BACK_HAIR], pixel + 0.01)
        keep *= 1.0 - seen * 0.6 * contour(q[D_BACK_HAIR], x, y, heavy, pixel, seed + 70)
        keep *= 1.0 - seen * c * pencil_hair(r, greys, q, x, y, 0.6, pixel, seed + 60)
        seen *= 1.0 - c
    if seen > 0.0:
        keep *= 1.0 - seen * pencil_ground(r, x, y, pixel, seed + 80)
    return keep


@inner
def sample(r, tables, bumps, shades, greys, seed, x, y, pixel, q) -> float:
    """How much graphite lies at a point; its distances go into q."""
    distances(r, tables, bumps, seed, x, y, q)
    keep, seen = _hat_and_hair(r, greys, q, x, y, pixel, seed + 100)
    if r.glasses > 0.5 and seen > 0.0:
        k, s = _glasses(r, greys, q, x, y, pixel, seed + 140)
        keep, seen = keep * (1.0 - seen * (1.0 - k)), seen * s
    if q[D_BEARD] < _far(pixel):
        keep *= 1.0 - seen * pencil_beard(r, greys, q, pixel, seed + 150)
        seen *= 1.0 - 0.8 * cover(q[D_BEARD], pixel + 0.03)
    if q[D_FACE] < _far(pixel) and seen > 0.0:
        c = cover(q[D_FACE], pixel)
        bare = 1.0 - cover(q[D_HAIR], pixel)  # shaven hair is seen through, but ends the outline
        keep *= 1.0 - seen * bare * contour(q[D_FACE], x, y, _heavy(r, x), pixel, seed + 160)
        if c > 0.0:
            dark = pencil_face(r, bumps, shades, greys, q, x, y, pixel, seed + 170)
            keep *= 1.0 - seen * c * dark
        seen *= 1.0 - c
    if seen > 0.0:
        keep *= 1.0 - seen * (1.0 - _body(r, tables, greys, q, x, y, pixel, seed + 300))
    return 1.0 - keep


@inner
def _place(r, across: float, down: float) -> tuple[float, float]:
    """A place of the picture in the frame of the head."""
    dx, dy = (across - r.centre_x) / r.scale, (down - r.centre_y) / r.scale
    return dx * r.cos_roll + dy * r.sin_roll, dy * r.cos_roll - dx * r.sin_roll


@threaded
def paint_sketch(record, tables, bumps, shades, greys, seed, many, out, layers) -> None:
    """Fill out (size x size x 3, uint8), each pixel the mean of many x many samples, and layers
    (size x size, uint8) with what is on top at the centre of each."""
    r = record[0]
    size = out.shape[0]
    step = 1.0 / (size * many)
    pixel = step / r.scale
    q = np.zeros(COUNT)
    for i in range(size):
        for j in range(size):
            dark = 0.0
            for n in range(many * many):
                x, y = _place(
                    r, (j * many + n % many + 0.5) * step, (i * many + n // many + 0.5) * step
                )
                dark += sample(r, tables, bumps, shades, greys, seed, x, y, pixel, q)
            across, down = (j + 0.5) / size, (i + 0.5) / size
            if many > 1:
                x, y = _place(r, across, down)
                distances(r, tables, bumps, seed, x, y, q)
            layers[i, j] = top(r, q)
            dark /= many * many
            grain = tooth(across, down, 1.0 / size, seed + 400)
            # Graphite catches on the tooth: most where the pencil neither presses nor lifts.
            dark = clamp(dark + 0.75 * grain * dark * (1.0 - dark), 0.0, 1.0)
            for k in range(3):
                paper = 250.0 + 2.5 * grain - 2.0 * k
                light = paper + (52.0 + 2.0 * k - paper) * 0.97 * dark
                out[i, j, k] = int(clamp(light + 0.5, 0.0, 255.0))
