"""Intervals hold as often as they say, at the few pictures that people have."""

from __future__ import annotations

import numpy as np
import pytest
from intervals import figure
from scipy import stats

from trombine.eval.stats import mean


@pytest.mark.parametrize("count", [2, 5, 12])
def test_a_means_interval_is_students(count: int) -> None:
    values = np.random.default_rng(count).normal(30, 2, count)
    wanted = stats.ttest_1samp(values, 0).confidence_interval()
    assert mean(values) == pytest.approx((values.mean(), wanted.low, wanted.high))
    found = figure(values)
    assert (found.mean, found.low, found.high) == pytest.approx(mean(values))


def test_it_covers_the_truth_of_five_pictures() -> None:
    """A percentile bootstrap covers it in .84 of such draws."""
    draws = np.random.default_rng(0).normal(30, 2, (2000, 5))
    inside = [(low or 0) <= 30 <= (high or 0) for _, low, high in map(mean, draws)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)
