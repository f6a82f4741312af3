"""Figures of two sets of features: each against an independent one, and what zero looks like."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import linalg, stats

from trombine.core.errors import InputError
from trombine.eval.fidelity import NEAREST, classify, figures, frechet, kid, prdc


def gaussian(count: int, *, width: int = 6, seed: int = 0, shift: float = 0, scale: float = 1):
    return np.random.default_rng(seed).normal(shift, scale, (count, width))


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
    a, b = gaussian(40, seed=1, shift=0.5), gaussian(30, seed=2)
    assert kid(a, b) == pytest.approx(brute_kid(a, b), abs=1e-12)


# Neighbours


def test_neighbours_by_brute_force() -> None:
    """Precision, recall, density and coverage as the package prdc has them, in loops."""
    a, b = gaussian(40, width=3, seed=1, shift=0.4), gaussian(50, width=3, seed=2)

    def gap(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.linalg.norm(x - y))

    def reach(s: np.ndarray) -> list[float]:
        return [sorted(gap(x, y) for y in s)[NEAREST] for x in s]

    ours, theirs = reach(a), reach(b)
    inside = [[gap(x, y) < r for y, r in zip(b, theirs, strict=True)] for x in a]
    expected = {
        "precision": [any(row) for row in inside],
        "recall": [any(gap(x, y) < r for x, r in zip(a, ours, strict=True)) for y in b],
        "density": [sum(row) / NEAREST for row in inside],
        "coverage": [any(column) for column in zip(*inside, strict=True)],
    }
    found = prdc(a, b)
    for name, values in expected.items():
        assert found[name] == pytest.approx(np.mean(values)), name


# A classifier


def test_p_values_are_small_by_chance_as_often_as_they_say() -> None:
    """Of samples of one Gaussian, of features that hold nothing, and of those of a few values."""
    rng = np.random.default_rng(3)
    flat = np.zeros((50, 3))
    for draw in (
        lambda: (rng.normal(size=(50, 4)), rng.normal(size=(50, 4))),
        lambda: (rng.normal(size=(61, 40)), rng.normal(size=(61, 40))),
        lambda: tuple(rng.integers(0, 2, (2, 50, 2)).astype(float)),
        lambda: (flat, flat.copy()),
    ):
        p = np.array([classify(*draw(), seed=k)[1] for k in range(50)])
        for level in (0.05, 0.1, 0.3):
            assert (p <= level).sum() <= stats.binom.ppf(0.999, 50, level)


def test_a_classifier_tells_what_differs() -> None:
    """By mean or by spread alone; its accuracy is near the best that there can be."""
    accuracy, p = classify(gaussian(400, seed=1, shift=0.5), gaussian(400, seed=2))
    best = stats.norm.cdf(0.25 * math.sqrt(6))
    assert p < 0.002 and abs(accuracy - best) < 0.06
    assert classify(gaussian(200, seed=1, scale=0.5), gaussian(200, seed=2))[1] < 0.002


# All of them


def test_diversity_by_a_double_loop() -> None:
    a, real = gaussian(60), 0.5 * gaussian(80, seed=2)
    pairs = [np.linalg.norm(a[i] - a[j]) for i in range(60) for j in range(60) if i != j]
    found = figures(a, real)["diversity"]
    assert found.value == pytest.approx(np.mean(pairs))
    assert found.real == pytest.approx(found.value / 2, rel=0.2)


def test_real_against_real_says_what_zero_looks_like() -> None:
    """Two samples of one world: as many generated ones are about as far as two halves are."""
    every = figures(gaussian(150, seed=1), gaussian(150, seed=2))
    for name, found in every.items():
        assert abs(found.half - found.real) < 0.25, name
    diversity = every["diversity"]
    assert diversity.value == pytest.approx(diversity.half, rel=0.1)


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(InputError, match="there are 49 pictures, and 50 are needed"):
        figures(gaussian(49), gaussian(80))
