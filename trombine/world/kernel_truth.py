"""Landmarks, from the same curves that the painters use, and which of them can be seen.

Compiled by numba. Coordinates are those of kernel_geometry.py.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world import kernel_layers as to
from trombine.world.compiled import inner, kernel
from trombine.world.kernel_geometry import brow, jaw_point, lids, lips, project
from trombine.world.kernel_layers import COUNT, distances, look, top


@inner
def _surface(r, bumps, out, index: int, u: float, v: float) -> None:
    out[index, 0], out[index, 1] = project(r, bumps, u, v)


@inner
def _brow_points(r, bumps, out) -> None:
    for i in range(5):
        a = 0.04 + 0.92 * i / 4.0
        line, _ = brow(r, a)
        u = r.brow_in + a * (r.brow_out - r.brow_in)
        _surface(r, bumps, out, 21 - i, -u, line)
        _surface(r, bumps, out, 22 + i, u, line)


@inner
def _nose_points(r, bumps, out) -> None:
    tip = r.nose_base - 0.17
    for i in range(4):
        t = i / 3.0
        _surface(r, bumps, out, 27 + i, 0.0, r.nose_top + 0.06 + (tip - r.nose_top - 0.06) * t)
    for i in range(5):
        across = (i - 2) / 2.0
        v = r.nose_base - 0.02 - 0.05 * across * across
        _surface(r, bumps, out, 31 + i, across * r.nose_wing * 0.68, v)


@inner
def _eye_points(r, bumps, out) -> None:
    # From the outer corner over the upper lid: iBUG's order at the picture's left. The other
    # eye begins at its inner corner.
    places = (1.0, 0.36, -0.36, -1.0, -0.36, 0.36)
    left_slots = (45, 44, 43, 42, 47, 46)
    for k in range(6):
        s = places[k]
        upper, lower = lids(r, s)
        v = r.eye_v + (lower if k > 3 else upper)
        u = r.eye_u + s * r.eye_w
        _surface(r, bumps, out, 36 + k, -u, v)
        _surface(r, bumps, out, left_slots[k], u, v)


@inner
def _mouth_points(r, bumps, out) -> None:
    for k in range(7):  # upper outer edge, the picture's left to right
        m = 0.96 * (k - 3) / 3.0  # a corner is where the lips can still be seen
        top_, _, _, _ = lips(r, m)
        _surface(r, bumps, out, 48 + k, r.mouth_u + m * r.mouth_w, top_)
    for k in range(5):  # lower outer edge, right to left
        m = 0.96 * (2 - k) / 3.0
        _, _, _, bottom = lips(r, m)
        _surface(r, bumps, out, 55 + k, r.mouth_u + m * r.mouth_w, bottom)
    for k in range(5):  # upper inner edge, left to right
        m = 0.9 * (k - 2) / 2.0
        _, upper, _, _ = lips(r, m)
        _surface(r, bumps, out, 60 + k, r.mouth_u + m * r.mouth_w, upper)
    for k in range(3):  # lower inner edge, right to left
        m = 0.45 * (1 - k)
        _, _, lower, _ = lips(r, m)
        _surface(r, bumps, out, 65 + k, r.mouth_u + m * r.mouth_w, lower)


@inner
def _seen(r, tables, bumps, seed: int, index: int, x: float, y: float, q) -> bool:
    """Whether nothing lies over a landmark: hair, a hat, glasses, the edge of the face."""
    distances(r, tables, bumps, seed, x, y, q)
    layer = top(r, q)
    if layer in (to.L_HAIR, to.L_HAT, to.L_GLASSES):
        return False
    if layer == to.L_BEARD:  # a beard has the face's outline, but hides a lip
        return index < 17
    if index < 17:
        return True
    return q[to.D_FACE] < 0.0


@inner
def _middle(points: np.ndarray, index: int) -> tuple[float, float]:
    """The middle of the eye or the mouth that a landmark belongs to."""
    first, last = (36, 42) if index < 42 else ((42, 48) if index < 48 else (48, 68))
    x, y = 0.0, 0.0
    for i in range(first, last):
        x += points[i, 0]
        y += points[i, 1]
    return x / (last - first), y / (last - first)


@inner
def feature_points(r, bumps, out) -> None:
    """Fill in the landmarks from 17 on, in the head's frame: brows, nose, eyes, mouth."""
    _brow_points(r, bumps, out)
    _nose_points(r, bumps, out)
    _eye_points(r, bumps, out)
    _mouth_points(r, bumps, out)


@inner
def head_points(r, tables, bumps, out) -> None:
    """Fill in all landmarks, in the head's frame."""
    # The jaw from ear to ear: directions from the face's middle, evenly over the diamond angle.
    for i in range(17):
        across = (i - 8) / 8.0
        down = 1.0 - abs(across)
        out[i, 0], out[i, 1] = jaw_point(r, tables, across, down - 0.08 * abs(across))
    feature_points(r, bumps, out)


@inner
def to_picture(r, points) -> None:
    """From the head's frame to sizes of the picture: rolled, scaled, moved."""
    for i in range(68):
        x, y = points[i, 0], points[i, 1]
        points[i, 0] = r.centre_x + r.scale * (x * r.cos_roll - y * r.sin_roll)
        points[i, 1] = r.centre_y + r.scale * (x * r.sin_roll + y * r.cos_roll)


@kernel
def landmarks(record, tables, bumps, seed: int, points: np.ndarray, visible: np.ndarray) -> None:
    """Fill points (68 x 2, in picture sizes) and visible (68)."""
    r = record[0]
    head_points(r, tables, bumps, points)
    q = np.zeros(COUNT)
    for i in range(68):
        x, y = points[i, 0], points[i, 1]
        visible[i] = _seen(r, tables, bumps, seed, i, x, y, q)
        # A corner has no area: what it belongs to must be seen beside it, toward the middle.
        if visible[i] and i >= 36:
            dx, dy = _middle(points, i)
            step = min(1.0, 0.04 / (math.sqrt((dx - x) ** 2 + (dy - y) ** 2) + 1e-9))
            near_x, near_y = x + (dx - x) * step, y + (dy - y) * step
            visible[i] = _seen(r, tables, bumps, seed, i, near_x, near_y, q)
    to_picture(r, points)


@kernel
def label_layers(record, tables, bumps, seed: int, layers: np.ndarray) -> None:
    """Fill layers (size x size, uint8) with what is on top at the centre of each pixel."""
    r = record[0]
    size = layers.shape[0]
    q = np.zeros(COUNT)
    for i in range(size):
        for j in range(size):
            look(r, tables, bumps, seed, (j + 0.5) / size, (i + 0.5) / size, q)
            layers[i, j] = top(r, q)
