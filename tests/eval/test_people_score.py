"""The figures of a test of people, against closed forms, brute force and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_statsmodels
from statsmodels.stats.proportion import proportion_confint

from trombine.eval.people_score import (
    answers_needed,
    cohen_kappa,
    d_prime,
    exact_interval,
    fleiss_kappa,
    spread_of,
    subjects_needed,
)
from trombine.eval.stats import bootstrap

TRUTH = np.repeat([False, True], 12)


def subject(right: int) -> np.ndarray:
    """Answers of whom so many are right, as evenly on both sides as can be."""
    wrong = np.zeros(24, bool)
    wrong[: 12 - (right + 1) // 2] = True
    wrong[12 : 24 - right // 2] = True
    return TRUTH ^ wrong


@pytest.mark.parametrize("seed", range(3))
def test_statsmodels_agrees_on_random_tables(seed: int) -> None:
    """Cohen's and Fleiss' kappa, and the exact interval, are those of statsmodels."""
    draw = np.random.default_rng(seed)
    count, raters = int(draw.integers(5, 60)), int(draw.integers(2, 9))
    said = draw.random((raters, count)) < draw.uniform(0.2, 0.8)
    said[:, 0] = draw.random() < 0.5  # somebody always agrees somewhere
    said[:, 1] = ~said[0, 0]
    a, b = said[:2]
    crossed = [[int((a == x).astype(int) @ (b == y)) for y in (False, True)] for x in (False, True)]
    kappa = cohens_kappa(np.array(crossed), return_results=False)
    assert cohen_kappa(a, b) == pytest.approx(kappa)
    votes = np.stack([(~said).sum(0), said.sum(0)], 1)
    assert fleiss_kappa(*said) == pytest.approx(fleiss_of_statsmodels(votes))
    for right in (0, int(draw.integers(1, count)), count):
        low, high = proportion_confint(right, count, method="beta")
        interval = exact_interval(right, count)
        assert (interval.low, interval.high) == pytest.approx((low, high))


def test_what_is_undefined_is_none() -> None:
    """Two who always say the same one thing agree, and not beyond chance."""
    always = np.zeros(24, bool)
    assert math.isnan(cohen_kappa(always, always))
    assert bootstrap(cohen_kappa, always, always).value is None


def test_d_prime_is_its_closed_form() -> None:
    """8 of 12 hits and 3 of 12 false alarms, half an answer added to each."""
    said = np.concatenate([np.arange(12) < 3, np.arange(12) < 8])
    expected = stats.norm.ppf(8.5 / 13) - stats.norm.ppf(3.5 / 13)
    assert d_prime(TRUTH, said) == pytest.approx(expected)
    assert d_prime(TRUTH, TRUTH) == pytest.approx(2 * stats.norm.ppf(12.5 / 13))
    assert d_prime(TRUTH, ~TRUTH) == pytest.approx(-2 * stats.norm.ppf(12.5 / 13))


# How many are needed


def power_of(count: int, share: float) -> float:
    """Of the exact one-sided test at 5 %, by adding up."""
    critical = next(k for k in range(count + 2) if stats.binom.sf(k - 1, count, 0.5) <= 0.05)
    return float(stats.binom.sf(critical - 1, count, share))


@pytest.mark.parametrize("share", [0.54, 0.6, 0.75])
def test_answers_needed_by_brute_force(share: float) -> None:
    """From that many answers on the power is .8 or more, and with fewer by one it is not."""
    needed = answers_needed(share)
    assert power_of(needed - 1, share) < 0.8
    assert all(power_of(count, share) >= 0.8 for count in range(needed, needed + 60))


@pytest.mark.parametrize(("pictures", "spread"), [(24, 0.1), (100, 0.05)])
def test_subjects_needed_by_simulation(pictures: int, spread: float) -> None:
    """With subjects who differ, four of five tests by Student's test of their mean reject."""
    subjects = subjects_needed(pictures, spread)
    draw = np.random.default_rng(6)
    true = draw.normal(0.54, spread, (20_000, subjects)).clip(0, 1)
    shares = draw.binomial(pictures, true) / pictures
    error = shares.std(1, ddof=1) / math.sqrt(subjects)
    rejected = np.mean((shares.mean(1) - 0.5) / error > stats.t.ppf(0.95, subjects - 1))
    assert 0.785 < rejected < 0.83


def test_subjects_who_are_alike_need_the_answers_between_them() -> None:
    assert subjects_needed(24, 0.0) == math.ceil(answers_needed(0.54) / 24)
    assert subjects_needed(24, 0.1) > subjects_needed(24, 0.0)


def test_the_spread_is_what_chance_does_not_explain() -> None:
    draw = np.random.default_rng(7)
    for true in (0.0, 0.1):
        shares = draw.binomial(24, draw.normal(0.6, true, 20_000).clip(0, 1)) / 24
        assert spread_of(shares, 24) == pytest.approx(true, abs=0.015)
    assert spread_of(np.array([0.7]), 24) == 0
