"""Ticks are nice, hold the data, and are written so that they can be read back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trombine.pages.axes import linear_axis, log_axis, nice_step

SPAN = (240.0, 20.0)  # from the bottom up, as the y axis of a plot

numbers = st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 6)), min_size=1, max_size=8)
positive = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8)


def read(label: str) -> float:
    return float(label.replace(",", "").replace("−", "-"))


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 1], (0, 0.2, 0.4, 0.6, 0.8, 1)),
        ([3, 97], (0, 20, 40, 60, 80, 100)),
        ([26.47, 37.1], (25, 30, 35, 40)),
        ([0.1, 0.3], (0.1, 0.15, 0.2, 0.25, 0.3)),
        ([-7, 12], (-10, -5, 0, 5, 10, 15)),
    ],
)
def test_ticks_by_hand(values: list[float], ticks: tuple[float, ...]) -> None:
    assert linear_axis(values, span=SPAN).ticks == pytest.approx(ticks)


@pytest.mark.parametrize("value", [5.0, 0.0, -3e-5])
def test_one_value_has_an_axis_about_it(value: float) -> None:
    axis = linear_axis([value, value], span=SPAN)
    assert axis.low < value < axis.high


@given(values=numbers)
def test_a_linear_axis_holds_its_values(values: list[float]) -> None:
    axis = linear_axis(values, span=SPAN)
    hair = (axis.high - axis.low) * 1e-8  # less than a line is wide
    assert axis.low <= min(values) + hair and max(values) <= axis.high + hair
    assert axis.at(axis.low) == SPAN[0] and axis.at(axis.high) == SPAN[1]
    steps = [b - a for a, b in zip(axis.ticks, axis.ticks[1:], strict=False)]
    assert 2 <= len(axis.ticks) <= 8
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-6)
    assert f"{steps[0]:.3e}"[0] in "125" or f"{steps[0]:.3e}".startswith("1.000e")


def test_a_zero_among_small_numbers_has_no_row_of_zeros() -> None:
    axis = linear_axis([0.0, 2e-4], span=SPAN)
    assert [axis.label(tick) for tick in axis.ticks[:2]] == ["0", "5e−5"]
    assert linear_axis([0, 1], span=SPAN).label(0.0) == "0.0"


@given(values=numbers)
def test_labels_are_different_and_read_back(values: list[float]) -> None:
    axis = linear_axis(values, span=SPAN)
    labels = [axis.label(tick) for tick in axis.ticks]
    assert len(set(labels)) == len(labels)
    step = axis.ticks[1] - axis.ticks[0]
    for tick, label in zip(axis.ticks, labels, strict=True):
        assert read(label) == pytest.approx(tick, abs=step / 100)


@given(values=positive)
def test_a_log_axis_holds_its_values(values: list[float]) -> None:
    axis = log_axis(values, span=SPAN)
    assert axis.low <= min(values) * (1 + 1e-9) and max(values) <= axis.high * (1 + 1e-9)
    middle = math.sqrt(axis.low * axis.high)
    assert axis.at(middle) == pytest.approx(sum(SPAN) / 2)
    assert 2 <= len(axis.ticks) <= 20
    assert all(read(axis.label(tick)) == pytest.approx(tick) for tick in axis.ticks)


def test_zero_is_held_when_asked() -> None:
    assert linear_axis([40.0, 50.0], span=SPAN).low == 40
    assert linear_axis([40.0, 50.0], span=SPAN, zero=True).low == 0


def test_what_is_not_finite_is_left_out() -> None:
    axis = linear_axis([1.0, float("nan"), float("inf"), 2.0], span=SPAN)
    assert (axis.low, axis.high) == (1, 2)
    assert linear_axis([], span=SPAN).ticks  # nothing to show still has an axis


@pytest.mark.parametrize(
    ("least", "step"), [(1, 1), (1.01, 2), (3, 5), (7, 10), (0.03, 0.05), (0.1, 0.1), (2000, 2000)]
)
def test_nice_steps(least: float, step: float) -> None:
    assert nice_step(float(least)) == pytest.approx(step)


def test_values_that_differ_in_their_last_bit_are_one() -> None:
    """Such as the means of a rate that never changes."""
    axis = linear_axis([0.0002, 0.00020000000000000004], span=(0, 100))
    assert len(axis.ticks) > 2 and axis.low < 0.0002 < axis.high
    assert len({axis.label(tick) for tick in axis.ticks}) == len(axis.ticks)
