"""Clothes, hat, glasses, jewels, neck and background of drawings. Compiled by numba."""

from __future__ import annotations

import math

import numpy as np

from trombine.world.compiled import inner
from trombine.world.kernel_geometry import face_distance
from trombine.world.kernel_ink import (
    I_CLOTH,
    I_CLOTH_INK,
    I_CLOTH_SHADE,
    I_FRAME,
    I_GROUND,
    I_GROUND2,
    I_HAT,
    I_HAT_INK,
    I_HAT_SHADE,
    I_INK,
    I_METAL,
    I_METAL_INK,
    I_SKIN,
    I_SKIN_INK,
    I_SKIN_SHADE,
    I_WHITE,
    cover,
    lay,
    stroke,
    taper,
)
from trombine.world.kernel_layers import (
    D_CLOTH,
    D_FRAME,
    D_HAT,
    D_LENS,
    D_NECK,
    GLASS_U,
    GLASS_V,
    U,
    V,
)
from trombine.world.kernel_noise import clamp, noise1, ramp


@inner
def drawn_neck(r, tables, inks, q: np.ndarray, c, x: float, y: float, pixel: float) -> None:
    """Neck and chest, the chin's shadow with a hard edge, the collar bones."""
    d = q[D_NECK]
    inside = cover(d, pixel)
    lay(c, inks[I_SKIN], inside)
    cast = face_distance(r, tables, x + 0.25 * r.light_x, y - 0.26)
    lay(c, inks[I_SKIN_SHADE], inside * cover(cast, pixel))
    side = abs(x - r.body_x)
    bone = y - r.shoulder + 0.13 - 0.16 * side
    t = (side - 0.1) / 0.3
    lay(c, inks[I_SKIN_INK], inside * 0.6 * stroke(bone, 0.6 * r.ink * taper(t, 0.3, 0.5), pixel))
    lay(c, inks[I_SKIN_INK], stroke(d, r.ink, pixel))


@inner
def _collar(r, inks, c: np.ndarray, across: float, deep: float, inside: float, pixel) -> None:
    """Two flaps round the neck, `deep` below the neckline, and a row of buttons."""
    side = abs(across)
    flap = deep - 0.34 * max(0.0, 1.0 - side / 0.85)
    notch = 0.35 * deep - side
    lay(c, inks[I_CLOTH], inside * cover(max(flap, notch), pixel))
    lay(
        c,
        inks[I_CLOTH_SHADE],
        inside * cover(max(max(-flap, flap - 0.05), notch), pixel) * (side < 0.85),
    )
    edge = max(abs(flap), notch) if notch > flap else max(flap, notch)
    lay(c, inks[I_CLOTH_INK], inside * stroke(edge, r.ink, pixel) * (side < 0.85))
    lay(c, inks[I_CLOTH_INK], inside * stroke(side, 0.7 * r.ink, pixel) * (flap > 0.0))
    button = math.sqrt((side - 0.06) ** 2 + (deep % 0.22 - 0.11) ** 2) - 0.022
    lay(c, inks[I_CLOTH_INK], inside * cover(button, pixel) * (deep > 0.33) * (across > 0.0))


@inner
def drawn_cloth(r, inks, q: np.ndarray, c, x: float, y: float, pixel: float, seed: int) -> None:
    """Clothes: a flat colour, folds of shadow, a hem or a collar."""
    d = q[D_CLOTH]
    inside = cover(d, pixel)
    lay(c, inks[I_CLOTH], inside)
    across = x - r.body_x
    toward = -1.0 if r.light_x < 0.0 else 1.0
    # Folds fan out from the shoulders.
    fan = across / (0.6 + 0.5 * max(0.0, y - r.shoulder))
    fold = abs((fan * 2.0 + 0.6 * noise1(fan * 3.0, seed + 51)) % 1.0 - 0.5)
    shade = max(0.3 - fold + 0.35 * d, -across * toward - 0.9)
    lay(c, inks[I_CLOTH_SHADE], inside * cover((shade + 0.2) * 0.3, pixel) * (abs(across) > 0.3))
    lay(c, inks[I_CLOTH_SHADE], inside * cover(0.62 + across * toward, pixel))
    if r.collar > 0.5:
        _collar(r, inks, c, across, -d, inside, pixel)
    else:
        lay(c, inks[I_CLOTH_INK], inside * 0.8 * stroke(d + 0.07, 0.6 * r.ink, pixel))
    lay(c, inks[I_CLOTH_INK], stroke(d, r.ink, pixel))


@inner
def drawn_metal(r, inks, d: float, c: np.ndarray, pixel: float) -> None:
    """A necklace or an earring."""
    lay(c, inks[I_METAL], cover(d, pixel))
    lay(c, inks[I_METAL_INK], stroke(d, 0.5 * r.ink, pixel))


@inner
def drawn_hat(r, inks, q: np.ndarray, c, x: float, y: float, pixel: float) -> None:
    """A knitted hat: ribs, a turned-up brim."""
    d = q[D_HAT]
    u, v = q[U], q[V]
    inside = cover(d, pixel)
    lay(c, inks[I_HAT], inside)
    over = v - r.hat_v + 0.34 - 0.1 * u * u  # below the brim's upper edge where positive
    toward = -1.0 if r.light_x < 0.0 else 1.0
    far = cover(0.45 + x * toward - 0.15 * y, pixel)
    lay(c, inks[I_HAT_SHADE], inside * max(far, cover(max(over, -over - 0.09), pixel)))
    column = math.asin(clamp(x / 1.45, -0.98, 0.98)) * (7.0 if over > 0.0 else 3.5)
    rib = abs(column - math.floor(column) - 0.5) / (7.0 if over > 0.0 else 3.5)
    press = 0.7 * r.ink * (taper(over / 0.3, 0.3, 0.3) if over > 0.0 else ramp(0.0, -0.4, over))
    lay(c, inks[I_HAT_INK], inside * 0.8 * stroke(rib, press, pixel))
    lay(c, inks[I_HAT_INK], inside * stroke(over, r.ink, pixel))
    lay(c, inks[I_HAT_INK], stroke(d, 1.1 * r.ink, pixel))


@inner
def drawn_glasses(r, inks, q: np.ndarray, c: np.ndarray, pixel: float) -> None:
    """Lenses with two slanting lights, and the frame."""
    lens = q[D_LENS]
    if lens < pixel:
        inside = cover(lens, pixel)
        lay(c, inks[I_INK], inside * 0.88 * r.glass_tint)
        slant = q[GLASS_U] + 0.9 * q[GLASS_V]
        band = (slant + 0.16) % (2.0 * r.glass_u)
        shine = cover(abs(band - 0.16) - 0.06, pixel) + cover(abs(band - 0.29) - 0.025, pixel)
        lay(c, inks[I_WHITE], inside * min(1.0, shine) * (0.22 + 0.2 * r.glass_tint))
    frame = q[D_FRAME]
    if frame < r.ink + pixel:
        lay(c, inks[I_FRAME], cover(frame, pixel))
        if r.cartoon > 0.5:
            lay(c, inks[I_INK], stroke(frame, 0.6 * r.ink, pixel))


@inner
def drawn_ground(r, inks, c: np.ndarray, across: float, down: float, step: float, seed: int):
    """A gradient with a simple pattern; across and down are in picture sizes, step is a sample."""
    for k in range(3):
        c[k] = inks[I_GROUND, k]
    lay(c, inks[I_GROUND2], clamp(down * 1.1 - 0.05, 0.0, 1.0))
    kind = r.ground_kind
    strength = 0.25 + 0.3 * r.ground_busy
    dx, dy = across - 0.5, down - 0.5
    if kind < 0.18:
        return
    if kind < 0.36:  # slanting stripes
        t = (across + 0.6 * down) * (5.0 + 5.0 * r.ground_busy)
        mark = cover((abs(t - math.floor(t) - 0.5) - 0.25) * 0.1, step)
    elif kind < 0.54:  # dots on a slanted grid, smaller toward the bottom
        rate = 10.0 + 6.0 * r.ground_busy
        gx, gy = (across + down) * rate * 0.7071, (down - across) * rate * 0.7071
        ex, ey = gx - math.floor(gx) - 0.5, gy - math.floor(gy) - 0.5
        mark = cover((math.sqrt(ex * ex + ey * ey) - 0.34 + 0.2 * down) / rate, step)
    elif kind < 0.72:  # rays from behind the head
        turn = math.atan2(dy, dx) * (6.0 + int(4.0 * r.ground_busy)) / 3.14159265
        away = math.sqrt(dx * dx + dy * dy)
        mark = cover((abs(turn - math.floor(turn) - 0.5) - 0.25) * 0.4 * away, step)
    else:  # large soft discs
        mark = 0.0
        for k in range(5 + int(5 * r.ground_busy)):
            ex = across - 1.1 * noise1(k * 7.3 + 0.5, seed) + 0.05
            ey = down - 1.1 * noise1(k * 5.1 + 0.5, seed + 1) + 0.05
            radius = 0.04 + 0.1 * noise1(k * 3.7 + 0.5, seed + 2)
            mark = max(
                mark, cover(math.sqrt(ex * ex + ey * ey) - radius, step) * (0.4 + 0.1 * (k % 5))
            )
    lay(c, inks[I_WHITE], mark * strength)
