"""From a spec to masks: which family is drawn, and that each mask leaves something of both.

A seed's mask is the same at every size, finer where there are more pixels, and the same whether
its family was asked for alone or drawn from a mix. In a run the place, which counts pictures, is
part of the key, and the clock of a curriculum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from trombine.core.errors import InputError
from trombine.core.rng import FIRST, Rng
from trombine.data.masks.brushes import draw_brushed, draw_scratches, draw_text
from trombine.data.masks.files import draw_file, resolve
from trombine.data.masks.shapes import draw_half, draw_parts, draw_squares
from trombine.data.masks.spec import (
    BRUSHED,
    FOLDERS,
    Hole,
    Masks,
    MaskStage,
    MaskTerm,
    parse,
    parse_mix,
    spell,
)

SIZES: Final = range(16, 2049)  # pixels of a side

_SHAPES: Final = {
    **dict.fromkeys(BRUSHED, draw_brushed),
    "squares": draw_squares,
    "half": draw_half,
    "scratches": draw_scratches,
    "text": draw_text,
}


@dataclass(frozen=True, kw_only=True)
class DrawnMask:
    """One mask, and what it is."""

    hole: Hole
    term: str  # what it was drawn from, without weight
    family: str  # the same; of a file, how it was read

    @property
    def share(self) -> float:
        """The part of the picture that is hole, to a millionth."""
        return round(float(self.hole.mean()), 6)

    @property
    def pixels(self) -> UInt8[np.ndarray, "h w"]:
        """As in a file: 255 where the picture is to be painted, else 0."""
        return self.hole.astype(np.uint8) * np.uint8(255)


def mask(
    spec: str,
    seed: int,
    size: int | tuple[int, int],
    parts: UInt8[np.ndarray, "h w"] | None = None,
) -> Hole:
    """The mask of a seed: True where the picture is to be painted.

    `spec` is a mix (spec.py says how it is written), `size` pixels: of both sides, or height and
    width. `parts` are the labels of the picture to be masked, for masks over parts of a face.
    """
    return draw_mask(parse_mix(spec), seed, size, parts).hole


def draw_mask(
    mix: tuple[MaskTerm, ...],
    seed: int,
    size: int | tuple[int, int],
    parts: UInt8[np.ndarray, "h w"] | None = None,
) -> DrawnMask:
    """The mask of a seed, with what it is."""
    return _draw(mix, Rng(seed=seed, places=FIRST), _sides(size), parts)


def draw_masks(
    masks: Masks | str,
    chance: Rng,
    *,
    size: int | tuple[int, int],
    parts: UInt8[np.ndarray, "n h w"] | None = None,
) -> Float32[torch.Tensor, "n 1 h w"]:
    """Masks for the pictures of this chance, 1 where the picture is to be painted.

    A mask over parts is a function of the picture's parts too. What a run is measured on has masks
    of its own, not those of its first pictures, where its chance is within a name.
    """
    parsed = _parsed(masks) if isinstance(masks, str) else masks
    sides = _sides(size)
    holes = np.empty((len(chance.places), 1, *sides), np.float32)
    for number in range(len(holes)):
        alone = chance.at(chance.places[number : number + 1])
        labels = None if parts is None else parts[number]
        holes[number, 0] = _draw(_stage_at(parsed, alone).mix, alone, sides, labels).hole
    return torch.from_numpy(holes)


_parsed = lru_cache(parse)


def _stage_at(masks: Masks, chance: Rng) -> MaskStage:
    """The stage that a mask of this place is from.

    Between a change's first and last place the chance of the new stage grows evenly from 0 to 1.
    What a run is measured on, whose chance is within a name, has masks of the last stage.
    """
    if chance.about:
        return masks.stages[-1]
    now, place = masks.stages[0], chance.places.item()
    for stage in masks.stages[1:]:
        gone, length = place - stage.first, stage.last - stage.first
        if gone >= length and gone >= 0:
            now = stage
        elif gone > 0 and chance.uniform("mask: stage") * length < gone:
            return stage
    return now


def _draw(
    mix: tuple[MaskTerm, ...],
    chance: Rng,
    sides: tuple[int, int],
    parts: UInt8[np.ndarray, "h w"] | None,
) -> DrawnMask:
    term = mix[chance.choice("mask: family", np.array([term.weight for term in mix]))]
    if parts is not None and parts.shape != sides:
        raise InputError(f"parts of {parts.shape} pixels are not those of a mask of {sides}")
    family = text = spell(replace(term, weight=1.0))
    if term.family in FOLDERS:
        family, file = resolve(term, chance)
        hole = draw_file(family, file, chance, *sides)
    elif term.family == "parts":
        hole = draw_parts(term, chance, *sides, parts)
    else:
        hole = _SHAPES[term.family](term, chance, *sides)
    if not hole.any():  # then a pixel in its middle
        hole[hole.shape[0] // 2, hole.shape[1] // 2] = True
    if hole.all():
        hole[0, 0] = False
    return DrawnMask(hole=hole, term=text, family=family)


def _sides(size: int | tuple[int, int]) -> tuple[int, int]:
    sides = (size, size) if isinstance(size, int) else size
    if not all(side in SIZES for side in sides):
        raise InputError(f"a mask has {SIZES[0]} to {SIZES[-1]} pixels a side, not {size}")
    return sides
