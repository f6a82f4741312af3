"""Intervals and p-values of what was measured."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy import stats
from scipy.special import stdtrit

DRAWS: Final = 2000
FLIPS: Final = 9999
Values = Float64[np.ndarray, "n"]


class Estimate(NamedTuple):
    """A number with its 95 % interval; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


NONE: Final = Estimate(None, None, None)


def spelled(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    sign: str = "",
    digits: int = 4,
) -> str:
    """A figure with its interval if it has one, of this many digits; of two if one is 1 or more."""
    if value is None:
        return "–"
    style = f"{sign}.{2 if max(abs(x or 0) for x in (value, low, high)) >= 1 else digits}f"
    interval = "" if low is None or low == high else f" ({low:{style}} to {high:{style}})"
    return f"{value:{style}}{interval}"


def bootstrap(statistic: Callable[..., Any], *columns: np.ndarray) -> Estimate:
    """A statistic of columns whose rows belong together, taken along their last axis, and its
    percentiles over resampled rows; draws where it is not finite do not count."""
    value = float(statistic(*columns))
    if not np.isfinite(value):
        return NONE
    rows = np.arange(len(columns[0]))
    if len(rows) < 2:
        return Estimate(value, value, value)
    with warnings.catch_warnings(action="ignore", category=stats.DegenerateDataWarning):
        result = stats.bootstrap(
            (rows,),
            lambda chosen, axis: statistic(*(column[chosen] for column in columns)),
            n_resamples=DRAWS,
            vectorized=True,
            method="percentile",
            rng=np.random.default_rng(0),
        )
    low, high = np.nanpercentile(result.bootstrap_distribution, (2.5, 97.5))
    return Estimate(value, float(low), float(high))


def mean(values: Sequence[float] | Values) -> Estimate:
    """The mean and Student's 95 % interval; the mean alone of one picture, or where a value is
    not finite; undefined without any."""
    column, count = np.asarray(values, np.float64), len(values)
    if not count:
        return NONE
    middle, reach = float(column.mean()), 0.0
    if count > 1 and np.isfinite(column).all():
        reach = float(stdtrit(count - 1, 0.975)) * (float(column.std(ddof=1)) / math.sqrt(count))
    return Estimate(middle, middle - reach, middle + reach)


def sign_flip(differences: Values) -> float:
    """How likely a mean as far from 0 is where each difference could have had the other sign."""
    result = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        n_resamples=FLIPS,
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)
