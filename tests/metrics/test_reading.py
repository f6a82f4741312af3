"""Measures of a reading, by hand and against scikit-learn's formulas written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.conventions import GROUPS
from trombine.metrics.reading import auc, overlaps, point_errors

GENERATOR = torch.Generator().manual_seed(3)


def test_overlaps_errors_and_auc_by_hand() -> None:
    true = torch.tensor([[[0, 1], [13, 255]]], dtype=torch.uint8)
    mine = torch.tensor([[[0, 13], [13, 4]]])
    both, either = overlaps(mine, true)
    at = {name: number for number, name in enumerate(GROUPS)}
    assert both[at["background"]] == either[at["background"]] == 1
    assert (both[at["skin"]], either[at["skin"]]) == (0, 1)
    assert (both[at["hair"]], either[at["hair"]]) == (1, 2)
    points = torch.rand(2, 68, 2, generator=GENERATOR)
    pupils = points[:, 36:42].mean(1) - points[:, 42:48].mean(1)
    off = point_errors(points + torch.tensor([3.0, 4.0]), points)
    torch.testing.assert_close(off, (5 / pupils.norm(dim=1))[:, None].expand(2, 68))
    ranks = auc(torch.tensor([0.9, 0.5, 0.1]), torch.tensor([0.5, 0.0]))
    assert ranks == pytest.approx((2 + 1.5 + 1) / 6)


def test_auc_is_the_area_under_the_curve() -> None:
    """By the trapezoids of the curve itself."""
    positive = torch.randn(40, generator=GENERATOR) + 1
    negative = torch.randn(60, generator=GENERATOR)
    edges = torch.cat([positive, negative]).sort(descending=True).values
    hits = [0.0, *[float((positive >= edge).float().mean()) for edge in edges]]
    false = [0.0, *[float((negative >= edge).float().mean()) for edge in edges]]
    assert auc(positive, negative) == pytest.approx(np.trapezoid(hits, false), abs=1e-6)
