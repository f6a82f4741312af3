"""Where a number lies on an axis, which numbers are written along it, and how."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

STEPS: Final = (1, 2, 5, 10)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Numbers from `low` to `high`, on the pixels from `span[0]` to `span[1]`."""

    low: float
    high: float
    span: tuple[float, float]
    log: bool = False
    ticks: tuple[float, ...]

    def at(self, value: float | int) -> float:
        """The pixel of a number."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        start, end = self.span
        return start + (self._scaled(value) - low) / (high - low) * (end - start)

    def label(self, tick: float) -> str:
        """A tick's number, with as many decimals as its neighbours need."""
        step = tick if self.log else self.ticks[1] - self.ticks[0]
        if not tick and abs(step) < 1e-4:
            return "0"
        if tick and (abs(tick) >= 1e7 or abs(step) < 1e-4):
            digits = max(0, math.floor(math.log10(abs(tick))) - _power(step))
            mantissa, exponent = f"{tick:.{digits}e}".split("e")
            return f"{mantissa}e{int(exponent)}".replace("-", "−")
        return f"{tick:,.{max(0, -_power(step))}f}".replace("-", "−")

    def _scaled(self, value: float | int) -> float:
        return math.log10(value) if self.log else value


def linear_axis(
    values: Iterable[float | int], *, span: tuple[float, float], zero: bool = False, count: int = 5
) -> Axis:
    """An axis whose ends are ticks, of about `count` steps, that holds all values (and zero)."""
    held = [float(value) for value in values if math.isfinite(value)] or [0.0, 1.0]
    if zero:
        held.append(0.0)
    low, high = min(held), max(held)
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # means of one number differ in a last bit
        reach = abs(low) / 10 or 1.0
        low, high = low - reach, high + reach
    step = nice_step((high - low) / count)
    # Counted in whole steps, with a little slack: .3 / .1 is 2.9999999999999996.
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{number * step:.12g}") for number in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], span=span, ticks=ticks)


def log_axis(values: Iterable[float | int], *, span: tuple[float, float]) -> Axis:
    """A logarithmic axis; ticks at 1, 2, 5 of each decade, or at its start if decades are many."""
    held = [float(value) for value in values if math.isfinite(value) and value > 0] or [1.0, 10.0]
    low, high = min(held), max(held)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1,) if len(decades) > 3 else STEPS[:3]
    marks = [float(f"{step}e{decade}") for decade in decades for step in steps]
    first = max((mark for mark in marks if mark <= low), default=marks[0])
    last = min((mark for mark in marks if mark >= high and mark > first), default=marks[-1])
    ticks = tuple(mark for mark in marks if first <= mark <= last)
    return Axis(low=first, high=last, span=span, log=True, ticks=ticks)


def nice_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in STEPS if step * power >= least * (1 - 1e-9))


def _power(step: float) -> int:
    """The power of ten of a step's first digit."""
    return math.floor(math.log10(abs(step)) + 1e-9)
