"""A head turned further than the painters draw: profiles, from the painted head's own surface.

Compiled by numba. The painter knows the head at a turn that it draws well. Its surface (u, v,
depth) is known too, so for a further turn a ray goes from each sample of the picture to that
surface, and what the painter would put there is put here. Labels are looked up in the same way, and
landmarks are points of the same surface, so truth and paint cannot part. Behind the face lies the
skull, which no painted head shows: an ellipsoid under hair, skin or the hat. Neck, clothes and
ground do not turn with the head; they are painted where they are.

`near` is the record of the head as it is painted, `far` the same turned further.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world import kernel_layers as to
from trombine.world.compiled import inner, kernel
from trombine.world.kernel_geometry import (
    BIG_BUMPS,
    HAIR_LEFT,
    HAIR_RIGHT,
    ellipsoid,
    hair_flow,
    project,
    radius,
    relief,
    unpose,
)
from trombine.world.kernel_layers import COUNT, FAR, distances, head_frame, top
from trombine.world.kernel_noise import clamp, mix
from trombine.world.kernel_photo import C_HAIR, C_SKIN, expose, hair, hat, lit, sample, tinted
from trombine.world.kernel_truth import feature_points, head_points, to_picture

NEAREST, FARTHEST, STEP = 1.75, -0.75, 0.08  # of the ray, in half widths of the face
RIM = 1.28  # of u, up to which a head is painted
# Where the skull's middle lies behind the eyes, and its half length.
SKULL_BACK, SKULL_DEEP = 0.36, 1.08
SKULL_LOW = 0.8  # its lower end, at the nape
SOFT = 0.03  # of a painted edge: what lies behind it shines through there
OWN = 0.1  # how far apart on the surface what is seen may be from a landmark that is seen


@inner
def _gap(far, bumps, x: float, y: float, s: float):
    """A ray's height over the surface at s along it, and the point (u, v) that it is over."""
    u = x * far.cos_yaw - s * far.sin_yaw
    z = x * far.sin_yaw + s * far.cos_yaw
    v = (y - s * far.sin_pitch) / far.cos_pitch
    depth = ellipsoid(far, u, v)[0] + relief(bumps, min(BIG_BUMPS, bumps.shape[1]), u, v)[0]
    return z - depth, u, v


@inner
def trace(far, bumps, x: float, y: float):
    """Whether a ray meets the painted surface from outside, and where: (u, v)."""
    x, y = x + far.back_x, y + far.back_y
    outside, s = False, NEAREST
    while s > FARTHEST:
        gap, u, _ = _gap(far, bumps, x, y, s)
        if abs(u) > RIM:
            outside = False
        elif gap > 0.0:
            outside = True
        elif outside:
            low, high = s, s + STEP
            for _ in range(7):
                middle = 0.5 * (low + high)
                if _gap(far, bumps, x, y, middle)[0] > 0.0:
                    high = middle
                else:
                    low = middle
            _, u, v = _gap(far, bumps, x, y, low)
            return abs(v) < 2.3, u, v
        else:
            return False, 0.0, 0.0
        s -= STEP
    return False, 0.0, 0.0


@inner
def _of_head(layer: int) -> bool:
    return layer not in (to.L_BACKGROUND, to.L_BACK_HAIR, to.L_NECK, to.L_CLOTH, to.L_NECKLACE)


@inner
def skull_distance(far, tables, x: float, y: float) -> float:
    """Signed distance to the skull with its hair, as it is seen from here; negative inside."""
    high = far.hair_middle - 0.5 * (
        radius(tables[HAIR_LEFT], -0.98) + radius(tables[HAIR_RIGHT], -0.98)
    )
    side = 0.5 * (radius(tables[HAIR_LEFT], 0.0) + radius(tables[HAIR_RIGHT], 0.0))
    tall, middle = 0.5 * (SKULL_LOW - high), 0.5 * (SKULL_LOW + high)
    deep = SKULL_DEEP + 0.6 * (side - 1.2)
    half = math.sqrt((side * far.cos_yaw) ** 2 + (deep * far.sin_yaw) ** 2)
    a = (x + far.back_x + SKULL_BACK * far.sin_yaw) / half
    b = (y - middle) / tall
    n = math.sqrt(a * a + b * b) + 1e-9
    return (n - 1.0) * n / math.sqrt((a / half) ** 2 + (b / tall) ** 2 + 1e-9)


@inner
def see(near, far, tables, bumps, seed: int, x: float, y: float, q: np.ndarray):
    """Fill q for a point in the frame of the turned head; the layer seen there, and where the
    painter draws it: 0 on the head's surface, 1 on the skull, 2 on what does not turn."""
    met, u, v = trace(far, bumps, x, y)
    if met:
        there_x, there_y = project(near, bumps, u, v)
        distances(near, tables, bumps, seed, there_x, there_y, q)
        layer = top(near, q)
        solid = min(min(q[to.D_FACE], q[to.D_EAR]), min(q[to.D_HAIR], q[to.D_HAT]))
        if _of_head(layer) and solid < -SOFT:
            return layer, 0
    distances(far, tables, bumps, seed, x, y, q)
    long = q[to.D_BACK_HAIR]
    for i in range(to.D_EAR, to.D_OPENING + 1):
        q[i] = FAR
    q[to.D_BUN] = FAR
    layer = top(far, q)
    if layer in (to.L_BACKGROUND, to.L_BACK_HAIR):
        skull = skull_distance(far, tables, x, y)
        q[to.D_BACK_HAIR] = min(long, skull)
        if skull < 0.0:
            q[to.FLOW] = hair_flow(far, x + far.back_x + SKULL_BACK * far.sin_yaw, y)
            if far.hat > 0.5 and y < far.hat_v:
                q[to.U], q[to.V] = 0.0, y
                q[to.D_HAT] = -0.1
                return to.L_HAT, 1
            bare = far.bald != 0.0 and y < far.bald + 0.35
            return (to.L_SKIN if bare else to.L_BACK_HAIR), 1
    return layer, 2


@inner
def skull_colour(far, tables, colours, q, x: float, y: float, layer: int, pixel: float, seed: int):
    """Hair, skin or a hat on the skull, lit as a ball."""
    centre = x + far.back_x + SKULL_BACK * far.sin_yaw
    if layer == to.L_HAT:
        return hat(far, colours, q, centre, y, pixel, seed)
    nx = clamp(centre / 1.5, -0.92, 0.92)
    ny = clamp((y + 0.5) / 1.7, -0.9, 0.6)
    nz = math.sqrt(max(0.1, 1.0 - nx * nx - ny * ny))
    a, b, d = lit(far, colours, tinted(colours, C_SKIN, 1.0), nx, ny, nz, 0.85, 0.4)
    if layer == to.L_SKIN:
        return a, b, d
    e, f, g = hair(far, colours, C_HAIR, q, centre, y, 0.12, pixel, seed + 7)
    bare = 0.4 if far.shaven > 0.5 else 0.0
    return mix(e, a, bare), mix(f, b, bare), mix(g, d, bare)


@kernel
def paint_turned(
    records, tables, bumps, shades, colours, discs, curve, seed, ground_seed, sub, out, layers
):  # fmt: skip
    """Fill out (size x size x 3, uint8), and layers (size x size, uint8) with what is on top at
    the centre of each pixel. `records`: of the head as it is painted, and turned further."""
    near, far = records[0], records[1]
    size = out.shape[0]
    step = 1.0 / size
    pixel = step / far.scale
    q = np.zeros(COUNT)
    for i in range(size):
        for j in range(size):
            x, y = head_frame(far, (j + 0.5) * step, (i + 0.5) * step)
            layer, where = see(near, far, tables, bumps, seed, x, y, q)
            layers[i, j] = layer
            red, green, blue = 0.0, 0.0, 0.0
            for k in range(sub * sub):
                down = (i + (k // sub + 0.5) / sub) * step
                across = (j + (k % sub + 0.5) / sub) * step
                x, y = head_frame(far, across, down)
                layer, where = see(near, far, tables, bumps, seed, x, y, q)
                if where == 1:
                    a, b, c = skull_colour(far, tables, colours, q, x, y, layer, pixel / sub, seed)
                else:
                    a, b, c = sample(
                        near if where == 0 else far, tables, bumps, shades, colours, discs,
                        seed, ground_seed, across, down, pixel / sub, q,
                    )  # fmt: skip
                red, green, blue = red + a, green + b, blue + c
            share = 1.0 / (sub * sub)
            red, green, blue = red * share, green * share, blue * share
            expose(far, curve, seed, i, j, red, green, blue, out)


@kernel
def turned_landmarks(records, tables, bumps, seed: int, points, visible) -> None:
    """Fill points (68 x 2, in picture sizes), and make those of visible (68), which are of the
    head as it is painted, False that the turn hides."""
    near, far = records[0], records[1]
    own = np.empty((68, 2))
    head_points(near, tables, bumps, own)
    for i in range(17):  # the same places of the surface, turned
        u, v = unpose(near, bumps, own[i, 0], own[i, 1])
        points[i, 0], points[i, 1] = project(far, bumps, u, v)
    feature_points(far, bumps, points)
    for i in range(68):
        met, u, v = trace(far, bumps, points[i, 0], points[i, 1])
        if met:
            x, y = project(near, bumps, u, v)
            met = (x - own[i, 0]) ** 2 + (y - own[i, 1]) ** 2 < OWN * OWN
        visible[i] = visible[i] and met
    to_picture(far, points)
