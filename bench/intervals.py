"""Means over pictures, and shares of them, with their 95 % intervals."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from jaxtyping import Float
from scipy.stats import binomtest

from trombine.core.errors import InputError
from trombine.eval.stats import mean
from trombine.metrics.similarity import PerPicture


class Figure(NamedTuple):
    """One number of a table, and its 95 % interval."""

    mean: float
    low: float
    high: float


def figure(values: Float[np.ndarray, "n"] | PerPicture) -> Figure:
    """The mean of a measure of each picture, with Student's interval."""
    samples = np.asarray(values, np.float64)
    if len(samples) < 2:
        raise InputError("an interval needs at least two pictures")
    if not np.isfinite(samples).all():
        raise InputError("a measure is not finite on every picture")
    return Figure(*cast(Figure, mean(samples)))


def share(hits: int, count: int) -> Figure:
    """How many of so many pictures, as a share, with Wilson's interval."""
    ends = binomtest(hits, count).proportion_ci(method="wilson")
    return Figure(hits / count, float(ends.low), float(ends.high))
