"""Small plots as SVG: lines, points and bars, with axes and intervals.

Colours are the page's variables, with a fallback each, and text takes the page's colour; so one
drawing serves a light and a dark page. Series differ by shape or dashes too, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from trombine.pages.axes import Axis, linear_axis, log_axis
from trombine.pages.markup import Html, element, join
from trombine.pages.strokes import (
    COLOURS,
    DASHES,
    LETTER,
    Mark,
    coloured,
    group,
    legend_sample,
    legend_width,
    line,
    path,
    points,
    rectangle,
    shape,
    standalone_style,
    text,
)

Numbers = Sequence[float | int]


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers that belong together, with the ends of their intervals if they have any."""

    name: str
    x: Numbers  # for a plot by categories: 0, 1, 2...
    y: Numbers
    low: Numbers | None = None
    high: Numbers | None = None
    mark: Mark = "line"

    def __post_init__(self) -> None:
        lengths = {len(part) for part in (self.x, self.y, self.low, self.high) if part is not None}
        if len(lengths) != 1 or (self.low is None) != (self.high is None):
            raise ValueError(f"series {self.name!r}: x, y, low and high are equally long")


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A drawing of several series on common axes; sizes in pixels."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    categories: tuple[str, ...] = ()  # names along x, in place of numbers
    x_log: bool = False
    y_log: bool = False
    x_holds: Numbers = ()  # what the x axis reaches besides the series', so that plots compare
    width: int = 420
    height: int = 290

    def __post_init__(self) -> None:
        if not 1 <= len(self.series) <= len(COLOURS):
            raise ValueError(f"a plot holds 1 to {len(COLOURS)} series, not {len(self.series)}")

    @cached_property
    def y_axis(self) -> Axis:
        """From the bottom of the plot up."""
        span = (self.height - 44.0, self._top)
        values = [v for s in self.series for v in (*s.y, *(s.low or ()), *(s.high or ()))]
        if self.y_log:
            return log_axis(values, span=span)
        return linear_axis(values, span=span, zero=any(s.mark == "bars" for s in self.series))

    @cached_property
    def x_axis(self) -> Axis:
        """From left to right; categories lie at 0, 1, 2... with half a step before and after."""
        values = [*self.x_holds, *(value for series in self.series for value in series.x)]
        if self.categories:
            last = len(self.categories) - 1
            ticks = tuple(float(number) for number in range(last + 1))
            axis = Axis(low=-0.5, high=last + 0.5, ticks=ticks, span=(0.0, 1.0))
        elif self.x_log:
            axis = log_axis(values, span=(0.0, 1.0))
        else:
            axis = linear_axis(values, span=(0.0, 1.0))
        return replace(axis, span=self._x_span("" if self.categories else axis.label(axis.high)))

    def _x_span(self, last_label: str) -> tuple[float, float]:
        """Room for the labels of y on the left, and for half the last label of x on the right."""
        widest = max(len(self.y_axis.label(tick)) for tick in self.y_axis.ticks)
        return 12 + LETTER * widest, self.width - max(14.0, LETTER * len(last_label) / 2 + 2)

    def svg(self, *, standalone: bool = False) -> Html:
        """The drawing, to stand in a page, or as a file of its own."""
        attributes: dict[str, str | int] = {
            "class": "plot",
            "viewBox": f"0 0 {self.width} {self.height}",
            "role": "img",
            "aria-label": self._spoken(),
        }
        style = Html("")
        if standalone:
            attributes["xmlns"] = "http://www.w3.org/2000/svg"
            attributes["width"], attributes["height"] = self.width, self.height
            style = element("style", {}, standalone_style())
        marks = [self._marks(number) for number in range(len(self.series))]
        parts = join(style, self._heading(), self._x_ticks(), self._y_ticks(), *marks)
        return element("svg", attributes, parts)

    # What surrounds the data -----------------------------------------------------------------

    @property
    def _top(self) -> float:
        return 50.0 + 18 * len(self._legend_rows())

    def _legend_rows(self) -> list[list[int]]:
        """The numbers of the series, in rows that fit the width. One series needs no legend."""
        if len(self.series) < 2:
            return []
        rows, used = [[]], 0.0
        for number, series in enumerate(self.series):
            needed = legend_width(series.name)
            if rows[-1] and used + needed > self.width:
                rows.append([])
                used = 0.0
            rows[-1].append(number)
            used += needed
        return rows

    def _heading(self) -> Html:
        entries = []
        for row, numbers in enumerate(self._legend_rows()):
            left, base = 0.0, 36.0 + 18 * row
            for number in numbers:
                name = self.series[number].name
                sample = legend_sample(number, self.series[number].mark, left, base)
                entries.append(join(sample, text(left + 25, base, name)))
                left += legend_width(name)
        title = text(0, 15, self.title, size=14, weight=600)
        return join(title, *entries, text(0, self._top - 12, self.y_label, soft=True))

    def _y_ticks(self) -> Html:
        axis, (left, right) = self.y_axis, self.x_axis.span
        parts = []
        for tick in axis.ticks:
            y = axis.at(tick)
            parts.append(line(left, y, right, y, opacity=0.14))
            parts.append(text(left - 7, y + 4, axis.label(tick), anchor="end", soft=True))
        return group("y-axis", *parts)

    def _x_ticks(self) -> Html:
        axis, (left, right), bottom = self.x_axis, self.x_axis.span, self.y_axis.span[0]
        parts = [line(left, bottom, right, bottom, opacity=0.6)]
        for number, tick in enumerate(axis.ticks):
            name = self.categories[number] if self.categories else axis.label(tick)
            if not self.categories:
                parts.append(line(axis.at(tick), bottom, axis.at(tick), bottom + 4, opacity=0.6))
            parts.append(text(axis.at(tick), bottom + 18, name, anchor="middle", soft=True))
        middle = (left + right) / 2
        parts.append(text(middle, self.height - 6, self.x_label, anchor="middle", soft=True))
        return group("x-axis", *parts)

    def _spoken(self) -> str:
        names = ", ".join(series.name for series in self.series)
        return f"{self.title}. {self.y_label} against {self.x_label}: {names}."

    # The data --------------------------------------------------------------------------------

    def _marks(self, number: int) -> Html:
        series = self.series[number]
        spots = [
            (self._x(number, x), self.y_axis.at(y)) for x, y in zip(series.x, series.y, strict=True)
        ]
        if series.mark == "line":
            drawn = [self._band(number), path(spots, DASHES[number])]
        elif series.mark == "points":
            drawn = [*self._whiskers(number), *(shape(number, x, y) for x, y in spots)]
        else:
            drawn = [*(self._bar(x, y) for x, y in spots), *self._whiskers(number)]
        return coloured(number, *drawn)

    def _x(self, number: int, x: float | int) -> float:
        """The pixel of x; series by categories stand beside one another."""
        if not self.categories:
            return self.x_axis.at(x)
        return self.x_axis.at(x) + (number - (len(self.series) - 1) / 2) * self._place

    @property
    def _place(self) -> float:
        """How wide a series' place within a category is."""
        left, right = self.x_axis.span
        category = (right - left) / max(len(self.categories), 1)
        return min(0.7 * category / len(self.series), 42.0)

    def _bar(self, x: float, y: float) -> Html:
        zero = self.y_axis.at(self.y_axis.low if self.y_log else 0.0)
        wide = 0.84 * self._place if self.categories else 8.0
        return rectangle(x - wide / 2, min(y, zero), wide, abs(zero - y))

    def _whiskers(self, number: int) -> list[Html]:
        series, parts = self.series[number], []
        for x, low, high in zip(series.x, series.low or (), series.high or (), strict=False):
            middle, bottom, top = self._x(number, x), self.y_axis.at(low), self.y_axis.at(high)
            parts.append(line(middle, bottom, middle, top, width=1.5, name="interval"))
            parts += [line(middle - 3.5, y, middle + 3.5, y, width=1.5) for y in (bottom, top)]
        return parts

    def _band(self, number: int) -> Html:
        series = self.series[number]
        if series.low is None or series.high is None:
            return Html("")
        places = [self._x(number, x) for x in series.x]
        upper = [(x, self.y_axis.at(y)) for x, y in zip(places, series.high, strict=True)]
        lower = [(x, self.y_axis.at(y)) for x, y in zip(places, series.low, strict=True)]
        outline = points([*upper, *reversed(lower)])
        paint = {"fill": "currentColor", "fill-opacity": "0.16"}
        return element("polygon", {"class": "interval", "points": outline, **paint})
