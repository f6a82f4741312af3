"""Intervals: how far a figure would move with other pictures of the same kind.

A figure is a function of weights, how often each picture counts: ones for the figure itself, and a
row for each draw of the bootstrap, so that one formula gives both.

    weights = drawn(groups)                            draws x pictures
    estimate(lambda w: w @ values / w.sum(1), weights)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from trombine.draws import FIRST, Chance

DRAWS: Final = 2000
LEVEL: Final = 0.05
_TAILS: Final = (100 * LEVEL / 2, 100 * (1 - LEVEL / 2))

Weights = Float64[np.ndarray, "b n"]
Values = Float64[np.ndarray, "b"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95 % interval; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


def drawn(
    groups: Int64[np.ndarray, "n"], draws: int = DRAWS, purpose: str = "bootstrap"
) -> Weights:
    """How often each picture counts in each draw; as many of each group as there are."""
    weights = np.zeros((draws, len(groups)))
    generator = Chance(seed=0, places=FIRST).generator(purpose)
    for group in np.unique(groups):
        inside = groups == group
        count = int(inside.sum())
        weights[:, inside] = generator.multinomial(count, np.full(count, 1 / count), draws)
    return weights


def estimate(figure: Callable[[Weights], Values], weights: Weights) -> Estimate:
    """A figure of all pictures, and its percentiles over the draws."""
    value = figure(np.ones((1, weights.shape[1])))
    return interval(float(value[0]), figure(weights))


def interval(value: float, draws: Values) -> Estimate:
    """A value with the percentiles of draws; those where it is undefined do not count."""
    draws = draws[np.isfinite(draws)]
    if not math.isfinite(value) or not len(draws):
        return Estimate(value=None, low=None, high=None)
    low, high = np.percentile(draws, _TAILS)
    return Estimate(value=value, low=float(low), high=float(high))


def mean(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean and its interval; the mean alone of one picture, or where a value is not finite."""
    column = np.asarray(values, np.float64)
    middle = float(column.mean())
    if len(column) < 2 or not np.isfinite(column).all():
        return middle, middle, middle
    weights = drawn(np.zeros(len(column), np.int64))
    low, high = np.percentile(weights @ column / len(column), _TAILS)
    return middle, float(low), float(high)


FLIPS: Final = 10_000
_EXACT: Final = 12  # pairs, of which all signs are tried


def sign_flip(differences: Float64[np.ndarray, "n"]) -> float:
    """How likely a mean as far from 0 is where each difference could have had the other sign.

    Of a few pairs all signs are tried; of more, FLIPS draws, the one at hand counted among them.
    """
    count = len(differences)
    observed = abs(float(differences.sum())) * (1 - 1e-12)
    if count <= _EXACT:
        every = np.arange(2**count)[:, None] >> np.arange(count) & 1
        return float((np.abs((2.0 * every - 1) @ differences) >= observed).mean())
    generator = Chance(seed=0, places=FIRST).generator("sign flips")
    beyond, step = 0, 100
    for _ in range(FLIPS // step):
        signs = 2.0 * generator.integers(0, 2, (step, count)) - 1
        beyond += int((np.abs(signs @ differences) >= observed).sum())
    return (1 + beyond) / (1 + FLIPS)
