"""Masks over named parts of a face, a little larger than the part."""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import UInt8

from trombine.conventions import PARTS
from trombine.data.masks.names import LABELS, USUAL
from trombine.data.masks.spec import Hole, MaskTerm
from trombine.draws import Chance

Labels = UInt8[np.ndarray, "h w"]

MARGIN: Final = 0.06  # the widest, in shorter sides of the picture
_SEEDS: Final = 1_000_000  # faces of a place in a run: those that are for training


def draw_parts(
    term: MaskTerm, chance: Chance, height: int, width: int, parts: Labels | None = None
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
    names = term.names or (usual,)
    hole = _hole_of(parts, names)
    if not hole.any():
        names = ("face",)
        hole = _hole_of(parts, names)
    grown = _grown(hole, margin)
    return _filled(grown) if "face" in names else grown


def _hole_of(parts: Labels, names: tuple[str, ...]) -> Hole:
    return np.isin(parts, [label for name in names for label in LABELS[name]])


def _filled(hole: Hole) -> Hole:
    """The hole with what it encloses: glasses or a moustache left in a face would tell of it."""
    from scipy.ndimage import binary_fill_holes

    return np.asarray(binary_fill_holes(hole), np.bool_)


def _grown(hole: Hole, margin: float) -> Hole:
    """The hole and all pixels whose centre is within the margin of the centre of one of its."""
    from scipy.ndimage import distance_transform_edt

    if not hole.any() or margin < 1:
        return hole
    return np.asarray(distance_transform_edt(~hole)) <= margin


def _world_parts(chance: Chance, height: int, width: int) -> Labels:
    """The parts of a face of the world: the middle of the square one."""
    from trombine.world import face, paint

    seed = chance.seed
    if chance.places.any() or chance.rollbacks or chance.about:
        seed = chance.bits("mask: face").item() % _SEEDS
    size = max(height, width)
    top, left = (size - height) // 2, (size - width) // 2
    return paint(face(seed), size).parts[top : top + height, left : left + width]
