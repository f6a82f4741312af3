"""Small plots as SVG: lines, points and bars, with axes and intervals.

Colours are the page's variables, with a fallback each, and text takes the page's colour; so one
drawing serves a light and a dark page. Series differ by shape or dashes too, not by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from markupsafe import Markup, escape

COLOURS: Final = ("#1f5fa6", "#b5500f", "#16775a", "#7f3f98", "#86690a", "#ab2a52")
DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "12 4", "1 4")
INK: Final = 'font-size="12" fill="currentColor"'
SOFT: Final = 'font-size="12" fill="var(--soft,currentColor)"'
MIDDLE: Final = f'{SOFT} text-anchor="middle"'
LETTER: Final = 6.72  # pixels that a letter of 12 is taken to be wide
Numbers = Sequence[float | int]


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers that belong together, with the ends of their intervals if they have any."""

    name: str
    x: Numbers  # of a plot by categories: 0, 1, 2...
    y: Numbers
    low: Numbers | None = None
    high: Numbers | None = None
    mark: Literal["line", "points", "bars"] = "line"


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Ticks along an axis, and the pixels of its ends."""

    ticks: tuple[float, ...]
    span: tuple[float, float]
    log: bool = False
    ends: tuple[float, float] | None = None  # where they are not the outer ticks

    def at(self, value: float) -> float:
        """The pixel of a number."""
        scaled = math.log10 if self.log else float
        low, high = map(scaled, self.ends or (self.ticks[0], self.ticks[-1]))
        return self.span[0] + (scaled(value) - low) / (high - low) * (self.span[1] - self.span[0])

    def label(self, tick: float) -> str:
        """A tick's number, with as many decimals as its neighbours need."""
        step = abs(tick if self.log else self.ticks[1] - self.ticks[0])
        power = math.floor(math.log10(step) + 1e-9)
        if tick and (abs(tick) >= 1e7 or step < 1e-4):
            digits = max(0, math.floor(math.log10(abs(tick))) - power)
            mantissa, exponent = f"{tick:.{digits}e}".split("e")
            return f"{mantissa}e{int(exponent)}".replace("-", "−")
        return f"{tick:,.{max(0, -power) if tick or step >= 1e-4 else 0}f}".replace("-", "−")


def linear_ticks(
    values: Iterable[float], *, zero: bool = False, count: int = 5
) -> tuple[float, ...]:
    """About `count` steps of 1, 2 or 5 times a power of ten that hold all values (and zero)."""
    held = [v for v in map(float, values) if math.isfinite(v)] or [0.0, 1.0]
    held += [0.0] * zero
    low, high = min(held), max(held)
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # means of one number differ in a last bit
        reach = abs(low) / 10 or 1.0
        low, high = low - reach, high + reach
    least = (high - low) / count
    power = 10.0 ** math.floor(math.log10(least))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= least * (1 - 1e-9))
    # Counted in whole steps, with a little slack: .3 / .1 is 2.9999999999999996.
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(float(f"{number * step:.12g}") for number in range(first, last + 1))


def log_ticks(values: Iterable[float]) -> tuple[float, ...]:
    """Ticks at 1, 2, 5 of each decade, or at its start if decades are many."""
    held = [v for v in map(float, values) if math.isfinite(v) and v > 0] or [1.0, 10.0]
    decades = range(math.floor(math.log10(min(held))), math.ceil(math.log10(max(held))) + 1)
    steps = (1,) if len(decades) > 3 else (1, 2, 5)
    marks = [float(f"{step}e{decade}") for decade in decades for step in steps]
    first = max((mark for mark in marks if mark <= min(held)), default=marks[0])
    last = min((m for m in marks if m >= max(held) and m > first), default=marks[-1])
    return tuple(mark for mark in marks if first <= mark <= last)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A drawing of several series on common axes; sizes in pixels."""

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]  # six at most
    categories: Sequence[str] = ()  # names along x, in place of numbers
    y_log: bool = False
    x_holds: Numbers = ()  # what the x axis reaches besides the series', so that plots compare
    width: int = 420
    height: int = 290

    @cached_property
    def y_axis(self) -> Axis:
        """From the bottom of the plot up."""
        values = [v for s in self.series for v in (*s.y, *(s.low or ()), *(s.high or ()))]
        has_bars = any(s.mark == "bars" for s in self.series)
        ticks = log_ticks(values) if self.y_log else linear_ticks(values, zero=has_bars)
        return Axis(ticks=ticks, span=(self.height - 44.0, self._top), log=self.y_log)

    @cached_property
    def x_axis(self) -> Axis:
        """From left to right; categories lie at 0, 1, 2... with half a step before and after."""
        left = 12 + LETTER * max(len(self.y_axis.label(tick)) for tick in self.y_axis.ticks)
        if self.categories:
            ticks = tuple(map(float, range(len(self.categories))))
            ends = (-0.5, ticks[-1] + 0.5)
            return Axis(ticks=ticks, span=(left, self.width - 14.0), ends=ends)
        ticks = linear_ticks([*self.x_holds, *(x for s in self.series for x in s.x)])
        last = Axis(ticks=ticks, span=(0, 1)).label(ticks[-1])
        return Axis(ticks=ticks, span=(left, self.width - max(14.0, LETTER * len(last) / 2 + 2)))

    def svg(self) -> Markup:
        """The drawing, to stand in a page."""
        spoken = escape(f"{self.title}. {self.y_label} against {self.x_label}")
        size = f'viewBox="0 0 {self.width} {self.height}"'
        kind = "plot wide" if self.width > 420 else "plot"
        marks = (_colour(n, *self._marks(n)) for n in range(len(self.series)))
        parts = "\n".join(["", *self._heading(), *self._ticks(), *marks])
        return Markup(f'<svg class="{kind}" role="img" aria-label="{spoken}" {size}>{parts}</svg>')

    @property
    def _top(self) -> float:
        return 50.0 + 18 * len({row for row, *_ in self._legend})

    @cached_property
    def _legend(self) -> list[tuple[int, float, int]]:
        """Row, left end and number of each entry; one series needs none."""
        entries, row, left = [], 0, 0.0
        for number, series in enumerate(self.series if len(self.series) > 1 else ()):
            needed = 43 + LETTER * len(series.name)
            if left and left + needed > self.width:
                row, left = row + 1, 0.0
            entries.append((row, left, number))
            left += needed
        return entries

    def _heading(self) -> Iterator[str]:
        yield _text(0, 15, self.title, 'fill="currentColor" font-size="14" font-weight="600"')
        for row, left, number in self._legend:
            base, mark = 36.0 + 18 * row, self.series[number].mark
            line = _path([(left, base - 4), (left + 20, base - 4)], number)
            yield _colour(number, line if mark == "line" else _point(number, left + 10, base - 4))
            yield _text(left + 25, base, self.series[number].name, INK)
        yield _text(0, self._top - 12, self.y_label, SOFT)

    def _ticks(self) -> Iterator[str]:
        (left, right), bottom = self.x_axis.span, self.y_axis.span[0]
        for tick in self.y_axis.ticks:
            y = self.y_axis.at(tick)
            yield _line(left, y, right, y, opacity=0.14)
            yield _text(left - 7, y + 4, self.y_axis.label(tick), f'{SOFT} text-anchor="end"')
        yield _line(left, bottom, right, bottom, opacity=0.6)
        for number, tick in enumerate(self.x_axis.ticks):
            x = self.x_axis.at(tick)
            if not self.categories:
                yield _line(x, bottom, x, bottom + 4, opacity=0.6)
            name = self.categories[number] if self.categories else self.x_axis.label(tick)
            yield _text(x, bottom + 18, name, MIDDLE)
        yield _text((left + right) / 2, self.height - 6, self.x_label, MIDDLE)

    def _marks(self, number: int) -> Iterator[str]:
        series, at = self.series[number], self.y_axis.at
        beside = [n for n, s in enumerate(self.series) if s.mark != "line" and self.categories]
        shift = beside.index(number) - (len(beside) - 1) / 2 if number in beside else 0
        xs = [self.x_axis.at(x) + shift * self._place for x in series.x]
        spots = [(x, at(y)) for x, y in zip(xs, series.y, strict=True)]
        lows, highs = ([at(v) for v in ends or ()] for ends in (series.low, series.high))
        if series.mark == "bars":
            zero, wide = at(0.0), 0.84 * self._place
            for x, y in spots:
                box = f'x="{x - wide / 2:.2f}" y="{min(y, zero):.2f}" width="{wide:.2f}"'
                yield f'<rect {box} height="{abs(zero - y):.2f}" fill="currentColor" opacity=".8"/>'
        if series.mark == "line":
            if lows:
                outline = _points(zip([*xs, *xs[::-1]], [*highs, *lows[::-1]], strict=True))
                yield f'<polygon points="{outline}" fill="currentColor" fill-opacity="0.16"/>'
            yield _path(spots, number)
        elif lows:
            for x, low, high in zip(xs, lows, highs, strict=True):
                yield _line(x, low, x, high, width=1.5)
                yield from (_line(x - 3.5, y, x + 3.5, y, width=1.5) for y in (low, high))
        if series.mark == "points":
            yield from (_point(number, x, y) for x, y in spots)

    @property
    def _place(self) -> float:
        """How wide a series' place within a category is."""
        left, right = self.x_axis.span
        return min(0.7 * (right - left) / max(len(self.categories), 1) / len(self.series), 42.0)


def _colour(number: int, *content: str) -> str:
    colour = f"var(--series-{number + 1},{COLOURS[number]})"
    return f'<g color="{colour}">{"".join(content)}</g>'


def _points(spots: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in spots)


def _path(spots: Iterable[tuple[float, float]], number: int) -> str:
    dashes = f' stroke-dasharray="{DASHES[number]}"' if DASHES[number] else ""
    paint = f'fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"{dashes}'
    return f'<polyline points="{_points(spots)}" {paint}/>'


def _line(x1: float, y1: float, x2: float, y2: float, width: float = 1, opacity: float = 1) -> str:
    ends = f'x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"'
    return f'<line {ends} stroke="currentColor" stroke-width="{width}" stroke-opacity="{opacity}"/>'


def _point(number: int, x: float, y: float) -> str:
    """A dot, or of every second series a ring."""
    fill = "var(--paper,#fff)" if number % 2 else "currentColor"
    place = f'cx="{x:.2f}" cy="{y:.2f}" r="4"'
    return f'<circle {place} fill="{fill}" stroke="currentColor" stroke-width="1.5"/>'


def _text(x: float, y: float, words: str, how: str) -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" {how}>{escape(words)}</text>'
