"""Masks with straight edges: squares, and halves of the picture."""

from __future__ import annotations

from math import pi
from typing import Final

import numpy as np

from trombine.data.masks.spec import SIDES, Hole, MaskTerm
from trombine.draws import Chance

MOST_SQUARES: Final = 6
SIDE: Final = (0.08, 0.5)  # of a square, in shorter sides of the picture


def draw_squares(term: MaskTerm, chance: Chance, height: int, width: int) -> Hole:
    """One to six squares that lie within the picture, and may lie over one another."""
    rng = chance.generator("mask: squares")
    ys, xs = np.arange(height) + 0.5, np.arange(width) + 0.5
    hole = np.zeros((height, width), np.bool_)
    for _ in range(rng.integers(1, MOST_SQUARES + 1)):
        share = SIDE[0] * (SIDE[1] / SIDE[0]) ** rng.random()
        side = max(share * min(height, width), 1.0)
        top, left = rng.random(2) * (height - side, width - side)
        rows, columns = (ys > top) & (ys <= top + side), (xs > left) & (xs <= left + side)
        hole |= rows[:, None] & columns[None, :]
    return hole


def draw_half(term: MaskTerm, chance: Chance, height: int, width: int) -> Hole:
    """One side of a line through the middle of the picture; the line's own pixels are kept."""
    rng = chance.generator("mask: half")
    sides = term.names or SIDES
    side = sides[int(rng.integers(len(sides)))]
    y, x = np.arange(height) * 2 + 1 - height, np.arange(width) * 2 + 1 - width
    if side == "slanted":
        angle = rng.uniform(0, 2 * pi)
        return y[:, None] * np.sin(angle) + x[None, :] * np.cos(angle) > 0
    along = {"left": -x[None, :], "right": x[None, :], "top": -y[:, None], "bottom": y[:, None]}
    return np.broadcast_to(along[side] > 0, (height, width)).copy()
