"""The one-euro filter: numbers that come in noise, smoothed; what moves fast is hardly late.

Casiez, Roussel and Vogel, 1 euro filter (2012).
"""

from __future__ import annotations

import math
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float64

SLOWEST: Final = 3.0  # hertz: the cutoff of what does not move,
FASTER: Final = 8.0  # and by how much it is higher for each unit a second


@final
class OneEuro:
    """A low pass whose cutoff rises with the speed, for each number by itself."""

    def __init__(
        self, values: Float64[np.ndarray, "*n"], time: float, *, faster: float = FASTER
    ) -> None:
        self._values, self._speeds, self._time = values, np.zeros_like(values), time
        self._faster = faster

    def step(self, values: Float64[np.ndarray, "*n"], time: float) -> Float64[np.ndarray, "*n"]:
        """The values at a later time in seconds, smoothed."""
        since = time - self._time
        speeds = (values - self._values) / since
        self._speeds = self._speeds + _share(SLOWEST, since) * (speeds - self._speeds)
        share = _share(SLOWEST + self._faster * abs(self._speeds), since)
        self._values, self._time = self._values + share * (values - self._values), time
        return self._values


def _share(cutoff: Float64[np.ndarray, "*n"] | float, since: float) -> Any:
    """How much of a new value is taken, of a low pass with this cutoff in hertz."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * since))
