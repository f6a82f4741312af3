"""Means over pictures, and shares of them, with their 95 % intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float

from trombine.core.errors import InputError
from trombine.eval.stats import student
from trombine.metrics.similarity import PerPicture


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of a table and its 95 % interval."""

    mean: float
    low: float
    high: float
    count: int  # of pictures


def figure(values: Float[np.ndarray, "n"] | PerPicture) -> Figure:
    """The mean of a measure of each picture, with Student's 95 % interval of the mean."""
    samples = np.asarray(values, np.float64)
    if len(samples) < 2:
        raise InputError("an interval needs at least two pictures")
    if not np.isfinite(samples).all():
        raise InputError("a measure is not finite on every picture")
    mean, low, high = student(samples)
    return Figure(mean=mean, low=low, high=high, count=len(samples))


def share(of_one: float, count: int) -> Figure:
    """A share of so many pictures, with its 95 % interval (Wilson, 1927)."""
    z = 1.959964
    middle = of_one + z * z / (2 * count)
    reach = z * sqrt(of_one * (1 - of_one) / count + z * z / (4 * count * count))
    low, high = (middle - reach) / (1 + z * z / count), (middle + reach) / (1 + z * z / count)
    return Figure(mean=of_one, low=low, high=high, count=count)
