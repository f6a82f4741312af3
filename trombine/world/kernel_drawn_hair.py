"""Hair of anime and cartoon: flat shapes, lines where locks part, a halo. Compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_geometry import locks
from trombine.world.kernel_ink import (
    I_HAIR,
    I_HAIR_INK,
    I_HAIR_LIGHT,
    I_HAIR_SHADE,
    cover,
    lay,
    stroke,
    taper,
)
from trombine.world.kernel_layers import (
    D_BACK_HAIR,
    D_BUN,
    D_FACE,
    D_HAIR,
    D_OPENING,
    FLOW,
)
from trombine.world.kernel_noise import clamp, hash2, noise1, ramp


@inner
def _root(r, y: float) -> float:
    """How far apart two curves of the flow lie at this height, for a unit of the flow."""
    return math.sqrt(max(0.0, y - r.crown) * r.flow_spread + 0.05)


@inner
def _parting_lines(r, q: np.ndarray, y: float, pixel: float, seed: int) -> float:
    """Ink where locks part: each notch of the hairline runs on into the hair and thins out;
    some partings show from the crown, too."""
    t = q[FLOW] * r.lock_rate
    t += 0.5 * noise1(0.7 * t, seed)
    i = math.floor(t + 0.5)
    across = (t - i) * _root(r, y) / r.lock_rate
    long = 0.25 + 0.45 * hash2(i, 5, seed)
    pressure = 1.0 - max(q[D_OPENING], 0.0) / long  # begins at the hairline
    if hash2(i, 6, seed) < 0.5:
        down = (y - r.crown - 0.1) / (0.35 + 0.5 * hash2(i, 7, seed))
        pressure = max(pressure, taper(down, 0.25, 0.75))
    return stroke(across, r.ink * clamp(pressure, 0.0, 0.95), pixel)


@inner
def _hanging_lines(r, q: np.ndarray, y: float, pixel: float, seed: int) -> float:
    """Ink of long hair: broken strokes along the flow, beside and below the face."""
    t = q[FLOW] * 9.0
    i = math.floor(t + 0.5)
    off = 0.5 * (hash2(i, 8, seed) - 0.5)
    across = (t - i - off) * _root(r, y) / 9.0
    at = y * 0.9 + 3.0 * hash2(i, 9, seed)
    piece = math.floor(at)
    long = 0.3 + 0.6 * hash2(i, piece, seed + 1)
    pressure = taper((at - piece) / long, 0.5, 0.5) * ramp(-0.5, 0.0, y)
    return stroke(across, 0.8 * r.ink * pressure, pixel)


@inner
def _curl_lines(r, x: float, y: float, rate: float, pixel: float, seed: int) -> tuple[float, float]:
    """Curls as arcs in a jittered grid: ink of the arcs, and light on their upper left."""
    gx, gy = x * rate, y * rate
    i, j = math.floor(gx), math.floor(gy)
    ink, light = 0.0, 0.0
    p = pixel * rate
    for di in range(-1, 2):
        for dj in range(-1, 2):
            m, n = i + di, j + dj
            dx = gx - (m + 0.25 + 0.5 * hash2(m, n, seed))
            dy = gy - (n + 0.25 + 0.5 * hash2(m, n, seed + 1))
            radius = 0.34 + 0.2 * hash2(m, n, seed + 2)
            away = math.sqrt(dx * dx + dy * dy)
            if abs(away - radius) > 0.25:
                continue
            turn = (math.atan2(dy, dx) / 6.2831853 + hash2(m, n, seed + 3)) % 1.0
            pressure = taper(turn / 0.6, 0.4, 0.4)
            ink = max(ink, stroke(away - radius, r.ink * rate * 0.8 * pressure, p))
            light = max(light, stroke(away - radius + 0.14, 0.06 * taper(turn / 0.4, 0.4, 0.4), p))
    return ink, light


@inner
def _halo(r, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """The band of light round a head of smooth hair, jagged by the locks, open at places."""
    flow = q[FLOW]
    level = -1.22 + 0.26 * x * x
    up, _ = locks(flow * 4.0 + 3.0, 0.5, seed + 11)
    down, _ = locks(flow * 3.0 + 9.0, 0.5, seed + 12)
    wide = ramp(0.95, 0.3, abs(x - 0.12 * r.light_x)) * (0.4 + 1.1 * noise1(flow * 1.7, seed + 13))
    top = level - (0.03 + 0.06 * up) * wide
    bottom = level + (0.17 * down * down + 0.025) * wide
    band = max(top - y, y - bottom)
    below = stroke(y - bottom - 0.045 - 0.03 * up, 0.009 * clamp(2.0 * wide - 1.0, 0.0, 1.0), pixel)
    return max(cover(band * 0.8, pixel), below) * (wide > 0.0)


@inner
def _gloss(r, x: float, y: float, pixel: float) -> float:
    """A cartoon's light on hair: one short arc on the light's side, and a dot after it."""
    toward = -1.0 if r.light_x < 0.0 else 1.0
    at = math.atan2(x * toward, -(y + 0.2))  # 0 at the crown, positive toward the light
    away = math.sqrt(x * x + (y + 0.2) * (y + 0.2)) - 1.2
    arc = stroke(away, 0.035 * taper((at - 0.3) / 0.4, 0.3, 0.3), pixel)
    return max(arc, stroke(away, 0.035 * taper((at - 0.78) / 0.1, 0.5, 0.5), pixel))


@inner
def _flat_shadow(r, q: np.ndarray, x: float, y: float, pixel: float, seed: int) -> float:
    """The second tone: the far side of the head, and the hem of the locks."""
    flow = q[FLOW]
    away = -x if r.light_x > 0.0 else x
    tooth, _ = locks(flow * 2.6 + 5.0, 0.5, seed + 21)
    edge = 0.62 - 0.35 * min(1.0, abs(r.light_x)) + 0.32 * tooth - 0.2 * (y + 0.6)
    side = cover((edge - away) * 0.7, pixel)
    tooth2, _ = locks(flow * 3.7 + 8.0, 0.5, seed + 22)
    depth = 0.02 + 0.3 * tooth2 * ramp(0.3, -0.2, y)
    hem = cover((q[D_OPENING] - depth) * 0.6, pixel)
    return max(side, hem)


@inner
def drawn_hair(r, inks, q: np.ndarray, c, x: float, y: float, pixel: float, seed: int) -> None:
    """Hair in front of everything but a hat, over what is in c."""
    d = q[D_HAIR]
    inside = cover(d, pixel)
    if r.shaven > 0.5:
        away = -x if r.light_x > 0.0 else x
        lay(c, inks[I_HAIR], inside)
        lay(c, inks[I_HAIR_SHADE], inside * cover(0.62 - away - 0.12 * (y + 0.6) ** 2, pixel))
        lay(c, inks[I_HAIR_INK], stroke(d, r.ink * (q[D_FACE] > -0.03), pixel))
        return
    if inside > 0.0:
        lay(c, inks[I_HAIR], inside)
        if r.curl > 0.6:
            rate = 3.2 if r.cartoon > 0.5 else 4.0
            ink, light = _curl_lines(r, x, y, rate, pixel, seed + 31)
            lay(c, inks[I_HAIR_SHADE], inside * _flat_shadow(r, q, x, y, pixel, seed))
            if r.cartoon < 0.5:
                lay(c, inks[I_HAIR_LIGHT], inside * light * ramp(0.2, -0.9, y))
            lay(c, inks[I_HAIR_INK], inside * ink)
        else:
            lay(c, inks[I_HAIR_SHADE], inside * _flat_shadow(r, q, x, y, pixel, seed))
            light = _halo(r, q, x, y, pixel, seed) if r.cartoon < 0.5 else _gloss(r, x, y, pixel)
            lay(c, inks[I_HAIR_LIGHT], inside * light)
            lay(c, inks[I_HAIR_INK], inside * _parting_lines(r, q, y, pixel, seed + 73))
            if r.long > 0.0 and y > -0.5:
                lay(c, inks[I_HAIR_INK], inside * _hanging_lines(r, q, y, pixel, seed + 75))
    # The outline presses and lifts, as a pen's does.
    press = 0.8 + 0.5 * noise1(4.0 * q[FLOW] + 2.5 * y, seed + 33)
    lay(c, inks[I_HAIR_INK], stroke(d, press * r.ink, pixel))


@inner
def drawn_hair_behind(r, inks, q: np.ndarray, c, y: float, pixel: float, seed: int) -> None:
    """Hair behind the neck, and a bun."""
    back = q[D_BACK_HAIR]
    lay(c, inks[I_HAIR_SHADE], cover(back, pixel))
    lay(c, inks[I_HAIR_INK], stroke(back, r.ink, pixel))
    bun = q[D_BUN]
    if bun > r.ink + pixel:
        return
    lay(c, inks[I_HAIR], cover(bun, pixel))
    lay(c, inks[I_HAIR_SHADE], cover(max(bun, r.crown - 0.02 - y), pixel))
    arc = abs((bun * 6.0) % 1.0 - 0.5) / 6.0
    pressure = ramp(0.3, 0.9, noise1(q[FLOW] * 3.0 + 7.0, seed + 41))
    lay(c, inks[I_HAIR_INK], cover(bun, pixel) * stroke(arc, 0.7 * r.ink * pressure, pixel))
    lay(c, inks[I_HAIR_INK], stroke(bun, r.ink, pixel))
