"""What is behind a head, where it is hidden and smooth: a wall, a sky, a screen.

A net that paints faces makes a glow of it. What is seen of it goes on instead: the surface that
most of it lies on, and on that a skin that hangs on what is seen round the hole.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32
from scipy.ndimage import binary_opening, distance_transform_edt, gaussian_filter
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import splu
from torch.nn.functional import interpolate

from trombine.core.rng import FIRST, Rng
from trombine.core.tiles import cut
from trombine.faces import Face, parts_map
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.faces import read_in
from trombine.inpainting.windows import Area
from trombine.models import Model

# Lengths in sides of a face's frame.
_SEEN: Final = 0.5  # to each side of the hole, that is looked at
_FADE: Final = 0.02  # from the head, over which it begins
_CLEAR: Final = 0.06  # from the head, from which on it is seen by itself
_CHIN: Final = 8  # the landmark
_SMOOTH: Final = 0.015  # of 1: most of what is seen differs less from what is round it
_MOST: Final = 0.8
_ENOUGH: Final = 0.5  # times as many pixels of it are seen as are hidden
_ROUNDS: Final = 6  # in which what lies off the surface is left out: shoulders, locks
_OFF: Final = (4.0, 0.02)  # times the median distance from it, and of 1
_EXACT: Final = 0.15  # of what varies, that a surface may leave
_COARSE: Final = 128  # pixels a side, in which the skin is spanned
_PULL: Final = 1e-6  # towards the mean, of what hangs on nothing
_LARGEST: Final = 512  # pixels a side, in which it is looked at
_HIDDEN: Final = 0.02  # of a pixel there
_STRAND: Final = 0.015  # the deviation of what parts strands of hair from locks

Colours = Float32[np.ndarray, "h w 3"]
Plane = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]


def continue_background(damaged: Damaged, face: Face, area: Area, reader: Model, seed: int) -> None:
    """Paint the background in the area of a face, as painted so far, from what is seen of it; of a
    background with texture nothing."""
    face, side = read_in(damaged, face, reader), face.frame.side
    view = area.box.grown(math.ceil(_SEEN * side), *damaged.size)
    whole, corner = (view.height, view.width), np.array([view.left, view.top], np.float32)
    shrink = min(1.0, _LARGEST / max(whole))
    size = (max(1, round(whole[0] * shrink)), max(1, round(whole[1] * shrink)))
    before = damaged.known(view)[..., :3]
    planes = [before, cut(damaged.hole, view)[..., None].astype(np.float32)]
    small = sized(np.concatenate(planes, 2), size)
    colours, hidden = small[..., :3].clip(0, 1), small[..., 3] > _HIDDEN
    frame = replace(face.frame, x=face.frame.x - view.left, y=face.frame.y - view.top)
    face = replace(face, frame=frame.scaled(shrink), points=(face.points - corner) * shrink)
    side = face.frame.side

    away = np.asarray(distance_transform_edt(parts_map([face], *size) == 0)) / side
    down = np.array([-np.sin(face.frame.angle), np.cos(face.frame.angle)])
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    is_above = columns * down[0] + rows * down[1] < face.points[_CHIN] @ down
    known = ~hidden & (away > _CLEAR) & is_above  # shoulders are not read
    wanted = hidden & (away > 0)
    if not wanted.any() or np.count_nonzero(known) < _ENOUGH * np.count_nonzero(wanted):
        return
    if np.quantile(np.abs(split(colours.mean(2), known, side)[1][known]), _MOST) > _SMOOTH:
        return
    even, known = surface(colours, known)
    smooth = even + spanned(colours - even, known, wanted)
    goes_on = smooth + grain(colours, known, seed)
    off = np.abs(colours - smooth).mean(2)
    is_like = off < max(_OFF[0] * float(np.median(off[known])), _OFF[1])
    others = ~hidden & ~is_like & (away > 0)  # clothes, furniture
    share = wanted * np.clip(away / _FADE, 0, 1) * nearer(~hidden & is_like, others)
    share = share[..., None]
    # What is added, so that what was painted as fine as the picture stays so.
    made = before + sized((share * (goes_on - colours)).astype(np.float32), whole)
    damaged.put(view, area.within(view), made)


def nearer(these: Mask, others: Mask) -> Plane:
    """1 where the nearest of these is nearer than the nearest of the others, 0 where it is not, and
    a soft edge between; specks do not count."""
    far = np.float64(max(these.shape) * 2)  # where there are none
    seen = [np.asarray(binary_opening(one), np.bool_) for one in (these, others)]
    here, there = (np.asarray(distance_transform_edt(~one)) if one.any() else far for one in seen)
    return np.broadcast_to(np.clip(0.5 + (there - here) / 2, 0, 1), these.shape).astype(np.float32)


def surface(colours: Colours, known: Mask) -> tuple[Colours, Mask]:
    """The surface, of second order down and first order across, that most known colours lie on,
    and which these are; 0 where it says little of them."""
    y, x = np.mgrid[: known.shape[0], : known.shape[1]] / max(known.shape)
    terms, even = np.stack([np.ones_like(x), x, y, y * y], -1), np.zeros_like(colours)
    for _ in range(_ROUNDS):
        shares = np.linalg.lstsq(terms[known], colours[known], rcond=None)[0]
        even = (terms @ shares).astype(np.float32)
        off = np.abs((colours - even).mean(2))
        known = known & (off < max(_OFF[0] * float(np.median(off[known])), _OFF[1]))
    left, varies = (float(one.mean(2)[known].std()) for one in (colours - even, colours))
    return even * np.float32(left < _EXACT * varies), known


def spanned(colours: Colours, known: Mask, wanted: Mask) -> Colours:
    """Colours of what is wanted, as a skin that hangs on the known ones round it and is free
    elsewhere: the solution of Laplace's equation, in a smaller picture."""
    times = max(1, -(-max(wanted.shape) // _COARSE))
    rest = [(0, -side % times) for side in wanted.shape]
    height, width = (-(-side // times) for side in wanted.shape)

    def cells(planes: np.ndarray) -> np.ndarray:
        padded = np.pad(planes, [*rest, (0, 0)])
        return padded.reshape(height, times, width, times, -1).mean((1, 3))

    share = cells(known[..., None].astype(np.float32))
    fixed = share[..., 0] > 0.5
    skin = fixed | (cells(wanted[..., None].astype(np.float32))[..., 0] > 0)
    number, count = np.cumsum(skin).reshape(skin.shape) - 1, np.count_nonzero(skin)
    pairs = [
        np.stack([a[both], b[both]])
        for a, b, both in (
            (number[:, :-1], number[:, 1:], skin[:, :-1] & skin[:, 1:]),
            (number[:-1], number[1:], skin[:-1] & skin[1:]),
        )
    ]
    first, second = np.concatenate(pairs, 1)
    once = coo_array((np.ones(len(first)), (first, second)), (count, count))
    links, held = once + once.T, fixed[skin]
    matrix = diags_array(np.where(held, 1.0, links.sum(1) + _PULL))
    matrix = matrix - diags_array(np.where(held, 0.0, 1.0)) @ links
    values = (cells(colours * known[..., None]) / np.maximum(share, 1e-6))[skin]
    values = np.where(held[:, None], values, _PULL * values[held].mean(0))
    made = np.zeros((height, width, 3), np.float32)
    made[skin] = splu(matrix.tocsc()).solve(values.astype(np.float64))
    larger = sized(continued(made, skin), (height * times, width * times))
    return larger[: wanted.shape[0], : wanted.shape[1]]


# ---------------------------------------------------------------------------------------------
# Colours, for all that is drawn in a head's place


def continued(colours: Colours, known: Mask) -> Colours:
    """Colours everywhere, which near known ones are these, and farther off their mean."""
    size = colours.shape[:2]
    shrink = min(1.0, _COARSE / max(size))
    small = (max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink)))
    share = known[..., None].astype(np.float32)
    planes = sized(np.concatenate([colours * share, share], 2), small).clip(0)
    result, left, sigma = np.zeros((*small, 3), np.float32), np.ones(small, np.float32), 1.0
    while sigma < 2 * max(small):
        wide = np.stack([gaussian_filter(p, sigma) for p in np.moveaxis(planes, 2, 0)], 2)
        sure = (20 * wide[..., 3]).clip(0, 1) * left
        result += sure[..., None] * wide[..., :3] / np.maximum(wide[..., 3:], 1e-6)
        left, sigma = left - sure, 1.6 * sigma
    return sized(result / np.maximum(1 - left, 1e-6)[..., None], size)


def split(light: Plane, where: Mask, side: float) -> tuple[Plane, Plane]:
    """What of the light of some pixels is coarse, and what is as fine as strands of hair."""
    share = gaussian_filter(where.astype(np.float32), _STRAND * side)
    coarse = gaussian_filter(light * where, _STRAND * side) / np.maximum(share, 1e-3)
    return coarse, light - coarse


def grain(colours: Colours, known: Mask, seed: int) -> Float32[np.ndarray, "h w 1"]:
    """Noise as strong as that of what is even in the picture."""
    chance = Rng(seed=seed, places=FIRST).generator("hair grain")
    fine = colours.mean(2) - gaussian_filter(colours.mean(2), 1.5)
    strength = 1.48 * float(np.median(np.abs(fine[known]))) if known.any() else 0.0
    noise = gaussian_filter(chance.standard_normal(known.shape), 0.7)
    return (noise * (strength / noise.std())).astype(np.float32)[..., None]


def sized(planes: Float32[np.ndarray, "h w c"], size: tuple[int, int]) -> np.ndarray:
    """Planes at another size."""
    if planes.shape[:2] == size:
        return planes
    given = torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1)))[None]
    made = interpolate(given, size, mode="bicubic", antialias=True, align_corners=False)
    return made[0].permute(1, 2, 0).numpy()
