"""Plots are parsed, and every mark is where the axes' own ticks say it should be."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from trombine.pages import Plot, Series
from trombine.pages.strokes import COLOURS, DARK

LINE = Series(
    name="a < b",
    x=[0.0, 10.0, 40.0],
    y=[21.5, 30.0, 26.25],
    low=[20.0, 29.0, 25.0],
    high=[23.0, 31.0, 27.5],
)


def plot(*series: Series, **changes) -> Plot:
    return Plot(title="T & t", x_label="steps", y_label="dB", series=series, **changes)


def parsed(drawn: Plot) -> ET.Element:
    return ET.fromstring(drawn.svg())


def named(tree: ET.Element, name: str) -> ET.Element:
    return next(one for one in tree.iter("g") if one.get("class") == name)


def number(text: str | None) -> float:
    return float((text or "").replace(",", "").replace("−", "-"))


def transform(tree: ET.Element, axis: str) -> Callable[[float], float]:
    """The straight line through where the tick labels are, read from the drawing itself."""
    ticks = [one for one in named(tree, axis).iter("text") if number_or_none(one.text) is not None]
    values = np.array([number(one.text) for one in ticks])
    if axis == "x-axis":
        places = np.array([float(one.get("x", "")) for one in ticks])
    else:
        places = np.array([float(one.get("y", "")) - 4 for one in ticks])  # base line to middle
    slope, offset = np.polyfit(values, places, 1)
    assert places == pytest.approx(slope * values + offset, abs=0.02)
    return lambda value: slope * value + offset


def number_or_none(text: str | None) -> float | None:
    try:
        return number(text)
    except ValueError:
        return None


def places(points: str | None) -> list[tuple[float, float]]:
    pairs = [pair.split(",") for pair in (points or "").split()]
    return [(float(x), float(y)) for x, y in pairs]


def test_a_line_and_its_band_are_where_the_ticks_say() -> None:
    tree = parsed(plot(LINE))
    x, y = transform(tree, "x-axis"), transform(tree, "y-axis")
    series = named(tree, "series-1")
    line = next(series.iter("polyline"))
    expected = [(x(a), y(b)) for a, b in zip(LINE.x, LINE.y, strict=True)]
    assert np.array(places(line.get("points"))) == pytest.approx(np.array(expected), abs=0.05)
    assert LINE.low is not None and LINE.high is not None
    band = next(series.iter("polygon"))
    outline = [(x(a), y(b)) for a, b in zip(LINE.x, LINE.high, strict=True)]
    outline += [(x(a), y(b)) for a, b in reversed(list(zip(LINE.x, LINE.low, strict=True)))]
    assert np.array(places(band.get("points"))) == pytest.approx(np.array(outline), abs=0.05)


def test_points_and_their_intervals_are_where_the_ticks_say() -> None:
    drawn = plot(Series(name="p", x=[1, 2], y=[5, 7], low=[4, 6.5], high=[6, 9], mark="points"))
    tree = parsed(drawn)
    x, y = transform(tree, "x-axis"), transform(tree, "y-axis")
    spots = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in tree.iter("circle")]
    assert np.array(spots) == pytest.approx(np.array([(x(1), y(5)), (x(2), y(7))]), abs=0.05)
    whiskers = [one for one in tree.iter("line") if one.get("class") == "interval"]
    ends = [[float(one.get(key, "")) for key in ("x1", "y1", "x2", "y2")] for one in whiskers]
    expected = [[x(1), y(4), x(1), y(6)], [x(2), y(6.5), x(2), y(9)]]
    assert np.array(ends) == pytest.approx(np.array(expected), abs=0.05)


def test_bars_stand_on_zero_and_reach_their_values() -> None:
    drawn = plot(
        Series(name="up", x=[0, 1], y=[30.0, 20.0], mark="bars"),
        Series(name="down", x=[0, 1], y=[-10.0, 15.0], mark="bars"),
        categories=("faces", "leaves"),
    )
    tree = parsed(drawn)
    y = transform(tree, "y-axis")
    for name, values in (("series-1", (30, 20)), ("series-2", (-10, 15))):
        marks = [one for one in tree.iter("g") if one.get("class") == name][1:]  # 0: the legend
        bars = [bar for group in marks for bar in group.iter("rect")]
        for bar, value in zip(bars, values, strict=True):
            top, height = float(bar.get("y", "")), float(bar.get("height", ""))
            ends = sorted((y(0), y(value)))
            assert (top, top + height) == pytest.approx(ends, abs=0.05)


def test_categories_are_named_in_order_and_series_do_not_overlap() -> None:
    drawn = plot(
        *(Series(name=n, x=[0, 1, 2], y=[1.0, 2.0, 3.0], mark="bars") for n in "abc"),
        categories=("one", "two", "three"),
    )
    tree = parsed(drawn)
    names = [one.text for one in named(tree, "x-axis").iter("text")]
    assert names == ["one", "two", "three", "steps"]
    bars = []
    for number_of in (1, 2, 3):
        groups = [g for g in tree.iter("g") if g.get("class") == f"series-{number_of}"][1:]
        bars += [bar for group in groups for bar in group.iter("rect")]
    sides = sorted((float(b.get("x", "")), float(b.get("width", ""))) for b in bars)
    assert len(sides) == 9
    assert all(x + width <= after for (x, width), (after, _) in pairwise(sides))


def test_a_log_axis_places_decades_evenly() -> None:
    xs = [1, 10, 100, 1000, 10000]
    tree = parsed(plot(Series(name="l", x=xs, y=[1, 2, 3, 4, 5]), x_log=True))
    spots = places(next(named(tree, "series-1").iter("polyline")).get("points"))
    gaps = np.diff([x for x, _ in spots])
    assert gaps == pytest.approx(np.full(4, gaps[0]), abs=0.02)


def extent(text: ET.Element) -> tuple[float, float]:
    """Left and right of words, a letter taken as .56 of its height."""
    x, wide = (
        float(text.get("x", "")),
        0.56 * float(text.get("font-size", "")) * len(text.text or ""),
    )
    before = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "")]
    return x - before * wide, x + (1 - before) * wide


@pytest.mark.parametrize("scale", [1.0, 1e-3, 123_456.0])
def test_long_numbers_are_not_cut(scale: float) -> None:
    drawn = plot(Series(name="s", x=[scale, 3 * scale], y=[scale, 9.5 * scale]))
    for one in parsed(drawn).iter("text"):
        left, right = extent(one)
        assert left >= 0 and right <= drawn.width, one.text


def test_everything_is_inside_the_drawing() -> None:
    others = [Series(name=f"a longer name {i}", x=[0, 40], y=[20, 30]) for i in range(5)]
    drawn = plot(LINE, *others)
    tree = parsed(drawn)
    names = [one.text for one in tree.iter("text")]
    assert {"a < b", *(one.name for one in others)} <= set(names)
    for one in tree.iter("text"):
        left, right = extent(one)
        assert left >= 0 and right <= drawn.width
        assert 0 <= float(one.get("y", "")) <= drawn.height
    for line in tree.iter("polyline"):
        assert all(
            0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in places(line.get("points"))
        )


def test_words_are_escaped_and_the_drawing_speaks() -> None:
    drawn = plot(LINE, Series(name="c", x=[0], y=[25], mark="points"))
    tree = parsed(drawn)
    assert tree.get("role") == "img"
    assert tree.get("aria-label") == "T & t. dB against steps: a < b, c."
    assert "T & t" in [one.text for one in tree.iter("text")]


def test_the_same_numbers_give_the_same_drawing() -> None:
    assert plot(LINE).svg() == plot(LINE).svg()


def test_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "plot.svg"
    file.write_text(plot(LINE).svg(standalone=True))
    root = ET.parse(file).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    style = next(root.iter("{http://www.w3.org/2000/svg}style")).text or ""
    assert "prefers-color-scheme:dark" in style
    assert all(colour in style for colour in (*COLOURS, *DARK))


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        Series(name="s", x=[1, 2], y=[1])
    with pytest.raises(ValueError, match="equally long"):
        Series(name="s", x=[1], y=[1], low=[0])
    with pytest.raises(ValueError, match="1 to 6 series"):
        plot()
