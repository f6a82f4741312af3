"""Figures of two sets of features: each against an independent one, and what zero looks like."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import linalg, stats

from trombine.judge import fidelity
from trombine.judge.fidelity import (
    NEAR,
    NEAREST,
    apart,
    classify,
    diversities,
    figures,
    frechet,
    kid,
    mean_of_pairs,
    near,
)
from trombine.refusal import InputError


def gaussian(count: int, *, width: int = 6, seed: int = 0, shift: float = 0, scale: float = 1):
    return np.random.default_rng(seed).normal(shift, scale, (count, width))


def lies(a: np.ndarray, b: np.ndarray) -> fidelity.Near:
    return near(apart(a, b), apart(a, a), apart(b, b))


# Fréchet


def test_frechet_as_the_root_of_a_matrix_has_it() -> None:
    """scipy's root of the product of the covariances gives the same."""
    a = gaussian(300, seed=1) @ gaussian(6, seed=2)
    b = gaussian(200, seed=3) + 0.4
    one, other = np.cov(a.T), np.cov(b.T)
    root = linalg.sqrtm(one @ other)
    shift = a.mean(0) - b.mean(0)
    assert np.abs(np.imag(root)).max() < 1e-6
    expected = shift @ shift + np.trace(one + other - 2 * np.real(root))
    assert frechet(a, b) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_gaussians_that_are_known() -> None:
    """Where means and deviations are exact, the closed form is met to the last digits."""
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 4)).reshape(4, -1).T  # uncorrelated
    unit = corners * math.sqrt((len(corners) - 1) / len(corners))
    deviations, shift = np.array([1.0, 2.0, 0.5, 3.0]), np.array([0.0, 1.0, -2.0, 0.5])
    expected = float(shift @ shift + np.square(deviations - 1).sum())
    assert frechet(unit * deviations + shift, unit) == pytest.approx(expected, abs=1e-12)


def test_frechet_of_fewer_pictures_than_features() -> None:
    """Covariances without an inverse, of which a root of a matrix fails, do no harm."""
    a, b = gaussian(20, width=50, seed=1), gaussian(30, width=50, seed=2, shift=0.3)
    one, other = np.cov(a.T), np.cov(b.T)
    values = np.linalg.eigvals(one @ other)
    shift = a.mean(0) - b.mean(0)
    expected = shift @ shift + np.trace(one + other) - 2 * np.sqrt(np.abs(values)).sum()
    assert frechet(a, b) == pytest.approx(expected, rel=1e-4)


# KID


def brute_kid(a: np.ndarray, b: np.ndarray) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1) ** 3)

    inside = [
        np.mean([k(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j])
        for s in (a, b)
    ]
    return float(sum(inside) - 2 * np.mean([k(x, y) for x in a for y in b]))


def test_kid_by_a_double_loop() -> None:
    """Value and standard error are those of loops over pairs, and of leaving one picture out."""
    a, b = gaussian(40, seed=1, shift=0.5), gaussian(30, seed=2)
    value, error = kid(a, b)
    assert value == pytest.approx(brute_kid(a, b), abs=1e-12)
    left_out = [
        [kid(np.delete(a, i, 0), b)[0] for i in range(len(a))],
        [kid(a, np.delete(b, i, 0))[0] for i in range(len(b))],
    ]
    squares = [np.var(values) * (len(values) - 1) for values in left_out]
    assert error == pytest.approx(math.sqrt(sum(squares)), rel=0.05)


def test_kid_is_not_biased() -> None:
    """Of two samples of one Gaussian it is zero on the average, and its errors are true."""
    values, errors = zip(
        *(kid(gaussian(50, seed=k), gaussian(60, seed=1000 + k)) for k in range(200)), strict=True
    )
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(200)
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.5)
    values = [kid(gaussian(50, seed=k, shift=1), gaussian(60, seed=1000 + k))[0] for k in range(99)]
    errors = [kid(gaussian(50, seed=k, shift=1), gaussian(60, seed=1000 + k))[1] for k in range(99)]
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.2)


# Neighbours


def test_neighbours_by_brute_force() -> None:
    """Precision, recall, density and coverage as their papers write them, in loops."""
    a, b = gaussian(40, width=3, seed=1, shift=0.4), gaussian(50, width=3, seed=2)

    def gap(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.linalg.norm(x - y))

    def reach(s: np.ndarray, count: int) -> list[float]:
        return [sorted(gap(x, y) for j, y in enumerate(s) if j != i)[count - 1] for i, x in
                enumerate(s)]  # fmt: skip

    close_a, close_b, wide_b = reach(a, NEAREST), reach(b, NEAREST), reach(b, NEAR)
    lie = lies(a, b)
    inside = [[gap(x, y) <= r for y, r in zip(b, wide_b, strict=True)] for x in a]
    expected = {
        "precision": [any(gap(x, y) <= r for y, r in zip(b, close_b, strict=True)) for x in a],
        "recall": [any(gap(x, y) <= r for x, r in zip(a, close_a, strict=True)) for y in b],
        "density": [sum(row) / NEAR for row in inside],
        "coverage": [any(column) for column in zip(*inside, strict=True)],
    }
    for name, values in expected.items():
        assert getattr(lie, name) == pytest.approx(np.mean(values)), name


def test_neighbours_of_equal_distributions() -> None:
    """Density is 1 and coverage what Naeem et al. derive, whatever the distribution."""
    pairs = [lies(gaussian(60, seed=k), gaussian(60, seed=500 + k)) for k in range(100)]
    expected = 1 - math.prod((60 - i) / (120 - i) for i in range(1, NEAR + 1))
    for name, value in (("density", 1.0), ("coverage", expected)):
        values = [getattr(lie, name) for lie in pairs]
        assert abs(np.mean(values) - value) < 3 * np.std(values) / 10, name
    assert expected == pytest.approx(1 - 2.0**-NEAR, abs=0.01)


def test_what_collapse_does_to_neighbours() -> None:
    """One face in small variations is real and covers little; noise is not real and covers less."""
    real = gaussian(100)
    lie = lies(0.1 * gaussian(100, seed=1), real)
    assert lie.precision > 0.9
    assert lie.recall < 0.1
    assert lie.coverage < 0.5
    lie = lies(gaussian(100, seed=1, shift=4), real)
    assert lie.precision == lie.density == lie.coverage == 0


# A classifier


def test_p_values_are_uniform_where_nothing_differs() -> None:
    """Over 100 draws of two samples of one Gaussian, by Kolmogorov and Smirnov; so is every small
    share of them."""
    for width, count in ((4, 50), (40, 61)):
        p = [
            classify(
                gaussian(count, width=width, seed=k),
                gaussian(count, width=width, seed=1000 + k),
                seed=k,
                shuffles=99,
            ).p
            for k in range(100)
        ]
        assert stats.kstest(p, "uniform").pvalue > 0.02
        assert np.mean(np.array(p) < 0.1) < 0.2


def test_p_values_are_uniform_where_features_are_alike() -> None:
    """Ties do not make them small or large: features that hold nothing, and features of a few
    values."""
    flat = np.zeros((50, 3))
    p = [classify(flat, flat.copy(), seed=k, shuffles=19).p for k in range(100)]
    assert stats.kstest(p, "uniform").pvalue > 0.02
    rng = np.random.default_rng(3)
    p = [classify(*rng.integers(0, 2, (2, 50, 2)).astype(float), seed=k, shuffles=19).p
         for k in range(100)]  # fmt: skip
    assert stats.kstest(p, "uniform").pvalue > 0.02


def test_a_classifier_tells_what_differs() -> None:
    """By mean or by spread alone; its accuracy is near the best that there can be."""
    ours = classify(gaussian(400, seed=1, shift=0.5), gaussian(400, seed=2))
    best = stats.norm.cdf(0.25 * math.sqrt(6))
    accuracy = ours.accuracy
    assert ours.p < 0.002
    assert accuracy.low is not None and accuracy.high is not None
    assert accuracy.low < best < accuracy.high + 0.02
    assert classify(gaussian(200, seed=1, scale=0.5), gaussian(200, seed=2)).p < 0.002


# Diversity


def test_diversity_by_a_double_loop() -> None:
    """The mean over pairs of two different pictures; its interval is not drawn down by pictures
    that a resample has twice."""
    a = gaussian(80)
    pairs = [np.linalg.norm(a[i] - a[j]) for i in range(80) for j in range(80) if i != j]
    spread = mean_of_pairs(apart(a, a))
    assert spread.value == pytest.approx(np.mean(pairs))
    assert spread.low is not None and spread.high is not None and spread.value is not None
    assert spread.low < spread.value < spread.high
    middle = (spread.low + spread.high) / 2
    assert abs(middle - spread.value) < 0.2 * (spread.high - spread.low)
    double = np.concatenate([a, 0.5 * a])
    both = diversities(apart(0.5 * a, 0.5 * a), apart(double, double))
    assert both.value.value == pytest.approx(spread.value / 2)


# All of them


def test_every_interval_holds_its_figure() -> None:
    """Of 25 pairs of Gaussian samples most intervals hold what samples of their size have on the
    average (19 in 20 should; those of neighbours are wider than that)."""
    rng = np.random.default_rng(5)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(0.3, 0.8, (count, 4)), rng.normal(size=(count, 4))

    names = ("Fréchet", "precision", "recall", "density", "coverage")
    expected = np.mean([[frechet(a, b), *vars(lies(a, b)).values()] for a, b in
                        (draw(40) for _ in range(200))], 0)  # fmt: skip
    truths: dict[str, float] = dict(zip(names, expected.tolist(), strict=True))
    truths["KID"] = float(np.mean([kid(*draw(400))[0] for _ in range(50)]))
    truths["diversity"] = 0.8 * math.sqrt(2) * (3 / 4) * math.sqrt(2 * math.pi)
    hits = dict.fromkeys(truths, 0)
    for _ in range(25):
        results = figures(*draw(80), draws=40)
        for name, truth in truths.items():
            value = results[name].value
            assert value.low is not None and value.high is not None
            hits[name] += value.low <= truth <= value.high
    assert min(hits.values()) >= 21, hits


def test_real_against_real_says_what_zero_looks_like() -> None:
    """Two samples of one world: every figure is about what it is of two halves of the real set."""
    results = figures(gaussian(150, seed=1), gaussian(150, seed=2), draws=60)
    for name, result in results.items():
        value, real = result.value, result.real
        assert value.value is not None and real.value is not None
        assert real.low is not None and real.high is not None
        if name in ("Fréchet", "KID", "precision", "recall", "density", "coverage"):
            assert real.low <= value.value <= real.high, name
            assert result.sizes == result.real_sizes or name == "KID"
    assert results["Fréchet"].real_sizes == (75, 75)


def test_a_set_is_at_no_distance_of_itself() -> None:
    a = gaussian(80)
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    pairs = fidelity.kernel(a, a)
    others = (pairs.sum() - np.trace(pairs)) / (80 * 79)
    expected = 2 * (others - pairs.mean())  # below zero: each picture has its copy in the other set
    assert kid(a, a)[0] == pytest.approx(expected)
    assert -0.3 < expected < 0
    lie = lies(a, a)
    assert lie.precision == lie.recall == lie.coverage == 1


def test_figures_grow_with_noise() -> None:
    """The more noise in features, the further away they are, and the easier to tell."""
    real, clean = gaussian(100, seed=1), gaussian(100, seed=2)
    noise = gaussian(100, seed=3)
    rows = [figures(clean + level * noise, real, draws=20) for level in (0, 1, 2, 4)]
    for name in ("Fréchet", "KID", "accuracy"):
        values = [row[name].value.value or 0.0 for row in rows]
        assert values == sorted(values), name
    for name in ("precision", "density", "coverage"):
        values = [row[name].value.value or 0.0 for row in rows]
        assert values == sorted(values, reverse=True), name


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(InputError, match="there are 49 pictures, and 50 are needed"):
        figures(gaussian(49), gaussian(80))
