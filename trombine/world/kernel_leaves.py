"""The compiled loops that draw a leaves scene: nearest shape first, each pixel until it is full.

Edges are drawn by their exact distance: a shape covers the share of a pixel that its outline
leaves inside, and what is finer than a pixel fades to its mean, so nothing is drawn at a larger
size and shrunk. leaves.py calls `paint` and `develop`; all else here serves them.
"""

from __future__ import annotations

import math

import numpy as np

from trombine.world import leaves_terms as terms
from trombine.world.compiled import kernel
from trombine.world.kernel_leaves_outlines import Edge, boxes, clip, outline, reach, share
from trombine.world.kernel_leaves_patterns import noise, octaves, pattern
from trombine.world.leaves_terms import Planes, Tables

BOXES = 16  # at most, that hold one shape
FULL = 0.004  # a pixel with less than this share open is closed by the next shape


@kernel
def lit(s: np.record, lamp: np.ndarray, edge: Edge, foot: float) -> tuple[float, float]:
    """Brightness and highlight, at distance d from the edge, of a rim rounded over the bevel."""
    d, gu, gv, thick = edge
    thick += 1e-9
    lean = clip(1 + d / min(s.bevel, thick))
    lean *= lean * min(0.98, 0.6 + 0.4 * s.bevel / thick)  # a thin rim leans less
    nx, ny = lean * (gu * s.cos - gv * s.sin), lean * (gu * s.sin + gv * s.cos)
    nz = math.sqrt(max(1 - lean * lean, 0.0))
    facing = max((nx * lamp[0] + ny * lamp[1] + nz * lamp[2]) / lamp[2], 0.0)
    high, flat = sheen(nx, ny, nz, lamp), sheen(0.0, 0.0, 1.0, lamp)
    seen = min(s.bevel, thick) / foot  # a rim thinner than a pixel shows no sides
    bright = facing - 1 + (1 - clip(0.7 * seen - 0.2)) * (0.85 - facing)  # .85: its mean, about
    return 1 + s.relief * bright, s.gloss * (flat + clip(0.4 * seen - 0.3) * (high - flat))


@kernel
def sheen(nx: float, ny: float, nz: float, lamp: np.ndarray) -> float:
    """Blinn's highlight, to the 32nd power, of a normal; the viewer is straight above."""
    tall = math.sqrt(2 * (1 + lamp[2]))
    half = max((nx * lamp[0] + ny * lamp[1] + nz * (1 + lamp[2])) / tall, 0.0)
    half *= half
    half *= half
    half *= half
    half *= half
    return half * half


@kernel
def mottle(s: np.record, lattice: np.ndarray, u: float, v: float, foot: float) -> float:
    """The fine noise of shape s at (u, v) of its axes, in logarithms of brightness."""
    p, q = u * s.tex_cos + v * s.tex_sin, v * s.tex_cos - u * s.tex_sin
    x, y = p * s.mottle_rate / s.mottle_stretch - s.tex_y, q * s.mottle_rate + s.tex_x
    return s.mottle * octaves(lattice, x, y, foot * s.mottle_rate, s.mottle_gain)


@kernel
def surface(
    s: np.record, tables: Tables, u: float, v: float, edge: Edge, foot: float
) -> tuple[float, float, float, float]:
    """Red, green and blue that leave shape s at (u, v), and the share that is no hole there."""
    t, tone, solid, shine = 0.0, 0.0, 1.0, 0.0
    if s.pattern != terms.PLAIN:
        t, tone = pattern(tables, u, v, s, foot)
    if s.cut != 0:
        t, solid = 0.0, 1 - t
    if s.mottle > 0:
        tone += mottle(s, tables.lattice, u, v, foot)
    p, q = min(max(u / s.a, -1.0), 1.0), min(max(v / s.b, -1.0), 1.0)
    slope = 1 + s.slope_u * p + s.slope_v * q - s.hollow * (p * p + q * q)
    light = math.exp(min(tone, 1.2)) * max(slope, 0.1)
    if s.relief > 0:
        bright, shine = lit(s, tables.lamp, edge, foot)
        light *= bright
    t = clip(t) * s.contrast
    r, g, b = s.r0 + t * (s.r1 - s.r0), s.g0 + t * (s.g1 - s.g0), s.b0 + t * (s.b1 - s.b0)
    return r * light + shine, g * light + shine, b * light + shine, solid


@kernel
def within(centre: float, low: float, high: float, size: int) -> tuple[int, int]:
    """The first row or column with its middle in centre + [low, high], and past the last."""
    first = math.ceil((centre + low) * size - 0.5)
    last = math.floor((centre + high) * size - 0.5)
    return max(int(first), 0), min(int(last), size - 1) + 1


@kernel
def across_rows(s: np.record, y: float, box: np.ndarray, size: int) -> tuple[int, int]:
    """The rows of pixels that a box along shape s's axes crosses, its centre at y."""
    low = min(s.sin * box[0], s.sin * box[1]) + min(s.cos * box[2], s.cos * box[3])
    high = max(s.sin * box[0], s.sin * box[1]) + max(s.cos * box[2], s.cos * box[3])
    return within(y, low, high, size)


@kernel
def along_row(s: np.record, x: float, dy: float, box: np.ndarray, size: int) -> tuple[int, int]:
    """Of the row dy below the centre, the columns within a box along shape s's axes."""
    low, high = -4.0, 4.0
    if abs(s.cos) > 1e-4:
        one, other = (box[0] - dy * s.sin) / s.cos, (box[1] - dy * s.sin) / s.cos
        low, high = max(low, min(one, other)), min(high, max(one, other))
    if abs(s.sin) > 1e-4:
        one, other = (dy * s.cos - box[2]) / s.sin, (dy * s.cos - box[3]) / s.sin
        low, high = max(low, min(one, other)), min(high, max(one, other))
    return within(x, low, high, size)


@kernel
def add(planes: Planes, j: int, i: int, covered: float, r: float, g: float, b: float) -> int:
    """Lay a colour on what is free of a pixel; return 1 if that fills it."""
    weight, full = planes.free[j, i] * covered, 0
    if planes.free[j, i] - weight < FULL:
        weight, full = planes.free[j, i], 1
    planes.free[j, i] -= weight
    weight *= planes.shade[j, i]
    planes.red[j, i] += weight * r
    planes.green[j, i] += weight * g
    planes.blue[j, i] += weight * b
    return full


@kernel
def lay(s: np.record, tables: Tables, planes: Planes, room: np.ndarray) -> int:
    """Put shape s under what lies there already; return how many pixels became full."""
    free, lattice, size, full = planes.free, tables.lattice, planes.free.shape[0], 0
    px = 1.0 / size
    ramp = math.sqrt(px * px + s.soft * s.soft)
    blurred = s.soft > 1.7 * px
    steep = ramp * (1 + min(2 * s.rough * s.rough_rate, 0.8))  # noise steepens the distance
    margin, faint = 0.71 * steep + 2 * s.rough, min(1.0, 2 * reach(s)[0] / ramp)
    for k in range(boxes(s, margin, room)):
        first, last = across_rows(s, s.y, room[k], size)
        for j in range(first, last):
            dy = (j + 0.5) * px - s.y
            left, right = along_row(s, s.x, dy, room[k], size)
            for i in range(left, right):
                if free[j, i] <= 0:
                    continue
                dx = (i + 0.5) * px - s.x
                u, v = dx * s.cos + dy * s.sin, dy * s.cos - dx * s.sin
                if u < room[k, 0] or u >= room[k, 1]:  # rounding: the next box's
                    continue
                d, gu, gv, thick = outline(s, tables.corners, u, v)
                if s.rough > 0 and abs(d) < margin:
                    d += s.rough * ragged(s, lattice, u, v, ramp)
                edge = (d, gu, gv, thick)
                covered = faint * share(s, edge, steep, blurred)
                if covered > 0:
                    r, g, b, solid = surface(s, tables, u, v, edge, ramp)
                    full += add(planes, j, i, covered * solid, r, g, b)
    return full


@kernel
def ragged(s: np.record, lattice: np.ndarray, u: float, v: float, foot: float) -> float:
    """How far noise moves the outline of shape s at (u, v) of its axes, -2 to 2."""
    x, y = u * s.rough_rate + s.tex_x, v * s.rough_rate
    return min(max(octaves(lattice, x, y, foot * s.rough_rate, 0.7), -2.0), 2.0)


@kernel
def cast(s: np.record, corners: np.ndarray, planes: Planes, room: np.ndarray) -> None:
    """Darken what will be seen below shape s, where its soft shadow falls."""
    free, shade, size = planes.free, planes.shade, planes.free.shape[0]
    px = 1.0 / size
    ramp = math.sqrt(px * px + s.spread * s.spread)
    x, y = s.x + s.drop_x, s.y + s.drop_y
    for k in range(boxes(s, 0.5 * ramp, room)):
        first, last = across_rows(s, y, room[k], size)
        for j in range(first, last):
            dy = (j + 0.5) * px - y
            left, right = along_row(s, x, dy, room[k], size)
            for i in range(left, right):
                dx = (i + 0.5) * px - x
                u, v = dx * s.cos + dy * s.sin, dy * s.cos - dx * s.sin
                if free[j, i] > 0 and u >= room[k, 0] and u < room[k, 1]:
                    shade[j, i] *= 1 - s.shadow * share(s, outline(s, corners, u, v), ramp, True)


@kernel
def flood(tables: Tables, shade: np.ndarray) -> None:
    """The light before any shape stands in it: brighter and darker patches, soft or sharp."""
    size, glow = shade.shape[0], tables.glow
    for j in range(size):
        y = glow[1] * (j + 0.5) / size
        for i in range(size):
            x = glow[1] * (i + 0.5) / size + glow[3]
            n = glow[2] * (noise(tables.lattice, x, y) + 0.4 * noise(tables.lattice, 2 * y, 2 * x))
            shade[j, i] = math.exp(glow[0] * n / (1 + abs(n)))


@kernel
def paint(shapes: np.ndarray, tables: Tables, planes: Planes) -> int:
    """Draw shapes, nearest first, until every pixel is full; return how many are not.

    The colours of planes start at 0, `free` at 1; all are changed in place.
    """
    left, room = planes.free.size, np.empty((BOXES, 4))
    flood(tables, planes.shade)
    for n in range(len(shapes)):
        left -= lay(shapes[n], tables, planes, room)
        if left <= 0:
            break
        if shapes[n].shadow > 0:
            cast(shapes[n], tables.corners, planes, room)
    return left


# --- from light to samples ---


@kernel
def smear(plane: np.ndarray, spare: np.ndarray, side: float) -> None:
    """Blur a plane in place, along rows, then down columns: weights side, 1, side; edges held."""
    size, middle = plane.shape[0], 1 / (1 + 2 * side)
    side *= middle
    for j in range(size):
        for i in range(size):
            left, right = plane[j, max(i - 1, 0)], plane[j, min(i + 1, size - 1)]
            spare[j, i] = middle * plane[j, i] + side * (left + right)
    for j in range(size):
        up, down = max(j - 1, 0), min(j + 1, size - 1)
        for i in range(size):
            plane[j, i] = middle * spare[j, i] + side * (spare[up, i] + spare[down, i])


@kernel
def fall_off(planes: Planes, vignette: float) -> None:
    """Darken towards the corners, by the share `vignette` in them."""
    size = planes.red.shape[0]
    for j in range(size):
        y = 2 * (j + 0.5) / size - 1
        for i in range(size):
            x = 2 * (i + 0.5) / size - 1
            kept = 1 - 0.5 * vignette * (x * x + y * y)
            planes.red[j, i] *= kept
            planes.green[j, i] *= kept
            planes.blue[j, i] *= kept


@kernel
def tone(plane: np.ndarray, curve: np.ndarray, top: float) -> None:
    """Look a plane's light up in the tone curve, whose steps are even in the square root."""
    last = len(curve) - 1
    for j in range(plane.shape[0]):
        for i in range(plane.shape[1]):
            x = math.sqrt(clip(plane[j, i] / top)) * last
            k = min(int(x), last - 1)
            plane[j, i] = curve[k] + (x - k) * (curve[k + 1] - curve[k])


@kernel
def quantise(planes: Planes, grain: float, seed: np.uint64, out: np.ndarray) -> None:
    """Add grain (standard deviation, of 255) and round; a third of it is colour."""
    size = planes.red.shape[0]
    state = seed
    for j in range(size):
        for i in range(size):
            # Knuth's generator; the sum of four 16-bit parts is close enough to a Gaussian.
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            mixed = state ^ (state >> np.uint64(29))
            low, high = float(mixed & np.uint64(65535)), float((mixed >> np.uint64(16)) & 65535)
            more, most = float((mixed >> np.uint64(32)) & 65535), float(mixed >> np.uint64(48))
            common = grain * (low + high + more + most - 131070.0) / 37837.0
            warm, cool = grain * (low - high) / 90000.0, grain * (more - most) / 90000.0
            out[j, i, 0] = int(255 * clip((planes.red[j, i] * 255 + common + warm) / 255) + 0.5)
            out[j, i, 1] = int(255 * clip((planes.green[j, i] * 255 + common) / 255) + 0.5)
            out[j, i, 2] = int(255 * clip((planes.blue[j, i] * 255 + common + cool) / 255) + 0.5)


@kernel
def develop(
    planes: Planes, curve: np.ndarray, top: float, camera: np.ndarray, seed: int, out: np.ndarray
) -> None:
    """Light to samples: vignette, optics, tone curve up to `top`, sharpening, grain.

    camera: vignette, weight of a neighbour in the optics, weight of a neighbour in sharpening
    (negative), grain. Changes planes; writes out, size x size x 3 uint8.
    """
    fall_off(planes, camera[0])
    for plane in (planes.red, planes.green, planes.blue):
        smear(plane, planes.shade, camera[1])
        tone(plane, curve, top)
        smear(plane, planes.shade, camera[2])
    quantise(planes, camera[3], np.uint64(seed), out)
