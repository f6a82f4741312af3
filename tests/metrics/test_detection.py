"""Precision and recall within a tolerance, against distances that are computed pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from trombine.metrics.detection import Matches, matches


@pytest.mark.parametrize("tolerance", [0, 1, 2])
def test_near_is_a_square_round_each_pixel(tolerance: int) -> None:
    draw = np.random.default_rng(tolerance)
    detected, there = (torch.from_numpy(draw.random((1, 17, 23)) < 0.05) for _ in range(2))
    first, second = (np.argwhere(mask[0].numpy()) for mask in (detected, there))
    apart = cdist(first, second, "chebyshev")
    assert matches(detected, there, tolerance) == Matches(
        right=int((apart.min(1) <= tolerance).sum()),
        reached=int((apart.min(0) <= tolerance).sum()),
        detected=len(first),
        there=len(second),
    )


def test_where_nothing_is_nothing_is_wrong() -> None:
    none = torch.zeros(2, 5, 5, dtype=torch.bool)
    some = none.clone()
    some[0, 1, 1] = True
    assert matches(none, none)[:] == (0, 0, 0, 0)
    assert (matches(none, none).precision, matches(none, none).recall) == (1, 1)
    assert (matches(some, none).precision, matches(none, some).recall) == (0, 0)
    assert matches(some, none).f1 == 0
