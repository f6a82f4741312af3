"""What is behind a head, where it is hidden and smooth: a wall, a sky, a screen.

A net that paints faces makes a glow of it. What is seen of it goes on instead: the surface that
most of it lies on, and on that a skin that hangs on what is seen round the hole.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import splu

from trombine.core.tiles import cut
from trombine.faces import Face, parts_map
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.faces import read_in
from trombine.inpainting.hair import Colours, Mask, continued, grain, sized, split
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


def continue_background(damaged: Damaged, face: Face, area: Area, reader: Model, seed: int) -> None:
    """Paint the background in the area of a face, as painted so far, from what is seen of it; of a
    background with texture nothing."""
    face, side = read_in(damaged, face, reader), face.frame.side
    view = area.box.grown(math.ceil(_SEEN * side), *damaged.size)
    colours = damaged.known(view)[..., :3]
    inside = np.zeros((view.height, view.width), bool)
    cut(inside, area.box.within(view))[...] = area.inside
    head = cut(parts_map([face], *damaged.size), view) > 0
    away = np.asarray(distance_transform_edt(~head)) / side
    down = np.array([-np.sin(face.frame.angle), np.cos(face.frame.angle)])
    rows, columns = np.mgrid[view.top : view.bottom, view.left : view.right] + 0.5
    is_above = columns * down[0] + rows * down[1] < face.points[_CHIN] @ down
    known = ~cut(damaged.hole, view) & (away > _CLEAR) & is_above  # shoulders are not read
    wanted = inside & (away > 0)
    if not wanted.any() or np.count_nonzero(known) < _ENOUGH * np.count_nonzero(wanted):
        return
    if np.quantile(np.abs(split(colours.mean(2), known, side)[1][known]), _MOST) > _SMOOTH:
        return
    even, known = surface(colours, known)
    goes_on = even + spanned(colours - even, known, wanted) + grain(colours, known, seed)
    share = np.clip(away / _FADE, 0, 1)[..., None]
    made = (colours + share * (goes_on - colours)).clip(0, 1).astype(np.float32)
    y, x = np.nonzero(wanted)
    damaged.paint(y + view.top, x + view.left, made[wanted])


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
