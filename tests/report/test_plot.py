"""Plots: ticks are nice and hold the data, and marks are where the ticks say."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trombine.report import Plot, Series
from trombine.report.plot import COLOURS, Axis, linear_ticks, log_ticks

numbers = st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 6)), min_size=1, max_size=8)
positive = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 1], (0, 0.2, 0.4, 0.6, 0.8, 1)),
        ([26.47, 37.1], (25, 30, 35, 40)),
        ([0.1, 0.3], (0.1, 0.15, 0.2, 0.25, 0.3)),
        ([-7, 12], (-10, -5, 0, 5, 10, 15)),
    ],
)
def test_ticks_by_hand(values: list[float], ticks: tuple[float, ...]) -> None:
    assert linear_ticks(values) == pytest.approx(ticks)


@given(values=numbers)
def test_ticks_hold_the_values_and_are_written_so_that_they_can_be_read(
    values: list[float],
) -> None:
    ticks = linear_ticks(values)
    hair = (ticks[-1] - ticks[0]) * 1e-8
    assert ticks[0] <= min(values) + hair and max(values) <= ticks[-1] + hair
    assert 2 <= len(ticks) <= 8
    axis = Axis(ticks=ticks, span=(240, 20))
    read = [float(axis.label(t).replace(",", "").replace("−", "-")) for t in ticks]
    assert read == pytest.approx(ticks, abs=(ticks[1] - ticks[0]) / 10)


@given(values=positive)
def test_a_logarithmic_axis_holds_its_values(values: list[float]) -> None:
    ticks = log_ticks(values)
    assert len(ticks) >= 2 and ticks[0] <= min(values) and max(values) <= ticks[-1]


def parsed(*series: Series, **words: Any) -> ET.Element:
    return ET.fromstring(
        Plot(title="T", x_label="steps", y_label="dB", series=series, **words).svg()
    )


def transform(tree: ET.Element, anchor: str, at: str, shift: float) -> Callable[[float], float]:
    """The straight line through where the tick labels are, read from the drawing itself."""
    ticks = [
        one
        for one in tree.iter("text")
        if one.get("text-anchor") == anchor and re.fullmatch(r"−?[\d,.]+", one.text or "")
    ]
    values = [float((one.text or "").replace(",", "").replace("−", "-")) for one in ticks]
    slope, offset = np.polyfit(values, [float(one.get(at, "")) - shift for one in ticks], 1)
    return lambda value: slope * value + offset


def axes(tree: ET.Element) -> tuple[Callable[[float], float], Callable[[float], float]]:
    return transform(tree, "middle", "x", 0), transform(tree, "end", "y", 4)


def spots(points: str | None) -> np.ndarray:
    return np.array([pair.split(",") for pair in (points or "").split()], float)


def test_a_line_and_its_band_are_where_the_ticks_say() -> None:
    line = Series(name="l", x=[0, 10, 20], y=[30.0, 35, 33], low=[29, 34, 32], high=[31, 36, 34])
    tree = parsed(line)
    x, y = axes(tree)
    expected = [(x(a), y(b)) for a, b in zip(line.x, line.y, strict=True)]
    drawn = next(tree.iter("polyline")).get("points")
    assert spots(drawn) == pytest.approx(np.array(expected), abs=0.05)
    outline = [
        (x(a), y(b)) for a, b in zip((0, 10, 20, 20, 10, 0), (31, 36, 34, 32, 34, 29), strict=True)
    ]
    band = next(tree.iter("polygon")).get("points")
    assert spots(band) == pytest.approx(np.array(outline), abs=0.05)


def test_points_and_their_intervals_are_where_the_ticks_say() -> None:
    tree = parsed(Series(name="p", x=[1, 2], y=[5, 7], low=[4, 6.5], high=[6, 9], mark="points"))
    x, y = axes(tree)
    places = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in tree.iter("circle")]
    assert np.array(places) == pytest.approx(np.array([(x(1), y(5)), (x(2), y(7))]), abs=0.05)
    upright = [one for one in tree.iter("line") if one.get("stroke-width") == "1.5"][::3]
    ends = [[float(one.get(key, "")) for key in ("x1", "y1", "y2")] for one in upright]
    assert np.array(ends) == pytest.approx(
        np.array([[x(1), y(4), y(6)], [x(2), y(6.5), y(9)]]), abs=0.05
    )


def test_bars_stand_on_zero_and_do_not_overlap() -> None:
    tree = parsed(
        Series(name="up", x=[0, 1], y=[30.0, 20.0], mark="bars"),
        Series(name="down", x=[0, 1], y=[-10.0, 15.0], mark="bars"),
        categories=("faces", "leaves"),
    )
    y = transform(tree, "end", "y", 4)
    bars = [{k: float(bar.get(k, "")) for k in ("x", "y", "width", "height")}
            for bar in tree.iter("rect")]  # fmt: skip
    for bar, value in zip(bars, (30, 20, -10, 15), strict=True):
        ends = sorted((y(0), y(value)))
        assert (bar["y"], bar["y"] + bar["height"]) == pytest.approx(ends, abs=0.05)
    places = sorted((bar["x"], bar["x"] + bar["width"]) for bar in bars)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    names = [one.text for one in tree.iter("text") if one.get("text-anchor") == "middle"]
    assert names == ["faces", "leaves", "steps"]


def test_every_series_is_named_and_has_a_colour_of_its_own() -> None:
    series = [Series(name=f"<{n}>", x=[0, 1], y=[n, n + 1]) for n in range(6)]
    plot = Plot(title="T", x_label="x", y_label="y", series=series)
    tree = ET.fromstring(plot.svg())
    texts = [one.text for one in tree.iter("text")]
    assert all(f"<{n}>" in texts for n in range(6))
    found = {g.get("color") for g in tree.iter("g")}
    assert found == {f"var(--series-{n},{colour})" for n, colour in enumerate(COLOURS, 1)}
    widths = [float(one.get("x", 0)) for one in tree.iter("text")]
    assert max(widths) < plot.width
