"""Masks of plain shapes: squares, halves of the picture, and parts of a face, a little larger than
the part."""

from __future__ import annotations

from math import pi
from typing import Final

import numpy as np
from jaxtyping import UInt8
from scipy.ndimage import binary_fill_holes, distance_transform_edt

from trombine.core.conventions import PARTS
from trombine.core.rng import Rng
from trombine.data.masks.spec import LABELS, SIDES, USUAL, Hole, MaskTerm
from trombine.world import face, paint

MOST_SQUARES: Final = 6
SIDE: Final = (0.08, 0.5)  # of a square, in shorter sides of the picture


def draw_squares(term: MaskTerm, chance: Rng, height: int, width: int) -> Hole:
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


def draw_half(term: MaskTerm, chance: Rng, height: int, width: int) -> Hole:
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


Labels = UInt8[np.ndarray, "h w"]

MARGIN: Final = 0.06  # the widest, in shorter sides of the picture
_SEEDS: Final = 1_000_000  # faces of a place in a run: those that are for training


def draw_parts(
    term: MaskTerm, chance: Rng, height: int, width: int, parts: Labels | None = None
) -> Hole:
    """The parts that the term names, or one of the usual ones, and what is within a drawn margin.

    `parts` are the labels of the picture that is masked; without them, those of a world face of
    this chance. Where the picture has none of these parts, the whole face is taken; empty if there
    is no face either.
    """
    rng = chance.generator("mask: parts")
    margin = rng.random() * MARGIN * min(height, width)
    usual = USUAL[int(rng.integers(len(USUAL)))]
    if parts is None or parts.min() >= len(PARTS):  # of which nothing is known
        parts = _world_parts(chance, height, width)
    for names in (term.names or (usual,), ("face",)):
        hole = _hole_of(parts, names)
        if hole.any():
            break
    if hole.any() and margin >= 1:  # all pixels whose centre is so near to that of one of it
        hole = np.asarray(distance_transform_edt(~hole)) <= margin
    # What a face encloses too: glasses or a moustache left in it would tell of it.
    return np.asarray(binary_fill_holes(hole), np.bool_) if "face" in names else hole


def _hole_of(parts: Labels, names: tuple[str, ...]) -> Hole:
    return np.isin(parts, [label for name in names for label in LABELS[name]])


def _world_parts(chance: Rng, height: int, width: int) -> Labels:
    """The parts of a face of the world: the middle of the square one."""
    seed = chance.seed
    if chance.places.any() or chance.rollbacks or chance.about:
        seed = chance.bits("mask: face").item() % _SEEDS
    size = max(height, width)
    top, left = (size - height) // 2, (size - width) // 2
    return paint(face(seed), size).parts[top : top + height, left : left + width]
