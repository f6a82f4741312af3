"""Detected pixels against those that are there: precision and recall within a tolerance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import torch
from jaxtyping import Bool
from torch.nn.functional import max_pool2d

TOLERANCE: Final = 2  # pixels

Masks = Bool[torch.Tensor, "n h w"]


class Matches(NamedTuple):
    """Pixels of some pictures, counted."""

    right: int  # detected, and near one that is there
    reached: int  # there, and near one that is detected
    detected: int
    there: int

    @property
    def precision(self) -> float:
        """The share of detected pixels that are near one that is there; 1 where none is."""
        return self.right / self.detected if self.detected else 1.0

    @property
    def recall(self) -> float:
        """The share of pixels that are there and near a detected one; 1 where none is there."""
        return self.reached / self.there if self.there else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def matches(detected: Masks, there: Masks, tolerance: int = TOLERANCE) -> Matches:
    """The counts of these pictures: near is within a square of `tolerance` pixels on each side."""
    right = detected & near(there, tolerance)
    reached = there & near(detected, tolerance)
    return Matches(*(int(mask.sum()) for mask in (right, reached, detected, there)))


def pooled(counts: Iterable[Matches]) -> Matches:
    """The counts of all pictures together."""
    return Matches(*map(sum, zip(*counts, strict=True)))


def near(masks: Masks, distance: int) -> Masks:
    """The pixels in a square of this distance round those of each mask."""
    return max_pool2d(masks[:, None].float(), 2 * distance + 1, 1, distance)[:, 0] > 0
