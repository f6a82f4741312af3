"""The plots of a run: which curves stand together, thinned to what an eye can see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from trombine.pages import Plot, Series
from trombine.pages.strokes import COLOURS
from trombine.runs.log import GRADIENT, TOTAL, BestResult, Curve, Curves, by_phase
from trombine.runs.tables import unit_and_direction

POINTS: Final = 200  # of a curve; a plot is about 400 pixels wide
DECADES: Final = 30.0  # values whose ends are this many times apart are drawn by decades
_X_LABEL: Final = "pictures seen"
# What several curves of one kind end in: D(real) mean, D(fake) mean.
_KINDS: Final = (" mean", " std", " coefficient of variation")

Groups = dict[str, Curves]  # a plot's title, and its curves by their names in it


def loss_plots(curves: Curves) -> Iterator[Plot]:
    """One plot for each phase: its terms, the total first."""
    for phase, names in by_phase(curves).items():
        terms = {name.removeprefix(f"{phase}/"): curves[name] for name in names}
        yield from plots_of(phase, _without_twin(terms), "loss")


def gradient_plots(curves: Curves) -> Iterator[Plot]:
    """The gradients' norms, all phases in one plot."""
    norms = {}
    for name, curve in curves.items():
        phase, _, term = name.rpartition("/")
        if term == GRADIENT and phase:
            norms[phase] = curve
    yield from plots_of("Gradient norms", norms, "norm")


def pace_plots(curves: Curves) -> Iterator[Plot]:
    """How fast it learns: rates, and the weights of terms that rise."""
    rates = {name: curve for name, curve in curves.items() if name.partition("/")[0] == "rate"}
    yield from plots_of("Learning rate", _shortened(rates), "rate", decades=False)
    yield from plots_of("Weights of terms", _below(curves, "weight"), "weight", decades=False)


def watched_plots(curves: Curves) -> Iterator[Plot]:
    """What the objective shows of itself."""
    for title, group in _watched(curves).items():
        yield from plots_of(title, group, "")


def measure_plots(measures: Curves, best: BestResult | None) -> Iterator[Plot]:
    """A plot for each measure, with the best marked."""
    for name, curve in measures.items():
        series = [thinned(name, curve)]
        if best and best.pictures in curve.pictures:
            at = curve.pictures.index(best.pictures)
            value = curve.values[at]
            series.append(Series(name="kept as best", x=[best.pictures], y=[value], mark="points"))
        how = unit_and_direction(name)
        yield Plot(title=name, x_label=_X_LABEL, y_label=how, series=tuple(series))


def to_the_end(drawn: Iterable[Plot], pictures: int) -> Iterator[Plot]:
    """The plots with one x axis for all: from the beginning of a run to so many pictures."""
    yield from (replace(plot, x_holds=(0, pictures)) for plot in drawn)


def plots_of(title: str, curves: Curves, y_label: str, *, decades: bool = True) -> Iterator[Plot]:
    """The curves in as few plots as can hold them, with `decades` by decades where that is better;
    none for none."""
    names = list(curves)
    for first in range(0, len(names), len(COLOURS)):
        part = names[first : first + len(COLOURS)]
        yield Plot(
            title=title if not first else f"{title}, more",
            x_label=_X_LABEL,
            y_label=part[0] if len(part) == 1 and part[0] != title else y_label,
            series=tuple(thinned(name, curves[name]) for name in part),
            y_log=decades and by_decades([curves[name] for name in part]),
        )


def by_decades(curves: list[Curve]) -> bool:
    """Whether a logarithmic axis shows these better."""
    values = [value for curve in curves for value in (min(curve.values), max(curve.values))]
    return min(values) > 0 and max(values) > DECADES * min(values)


def thinned(name: str, curve: Curve, points: int = POINTS) -> Series:
    """A series of at most so many points: means, with the least and the largest as a band."""
    x, y = np.array(curve.pictures, np.float64), np.array(curve.values, np.float64)
    if len(x) <= points:  # a line of one point could not be seen
        mark = "line" if len(x) > 1 else "points"
        return Series(name=name, x=x.tolist(), y=y.tolist(), mark=mark)
    starts = np.arange(points) * len(x) // points
    counts = np.diff(starts, append=len(x))
    return Series(
        name=name,
        x=(np.add.reduceat(x, starts) / counts).tolist(),
        y=(np.add.reduceat(y, starts) / counts).tolist(),
        low=np.minimum.reduceat(y, starts).tolist(),
        high=np.maximum.reduceat(y, starts).tolist(),
    )


def _without_twin(terms: Curves) -> Curves:
    """Without a total that is the only term's value."""
    alone = len(terms) == 2 and TOTAL in terms
    same = alone and len({tuple(curve.values) for curve in terms.values()}) == 1
    return {name: curve for name, curve in terms.items() if not (same and name == TOTAL)}


def _watched(curves: Curves) -> Groups:
    """Curves by what they are: those of one kind, D(real) mean and D(fake) mean, together."""
    watched, groups = _below(curves, "curve"), dict[str, Curves]()
    for kind in (*_KINDS, ""):
        for name in [name for name in watched if name.endswith(kind)]:
            title = f"{name.partition('(')[0]}: {kind.strip()}" if kind and "(" in name else name
            groups.setdefault(title, {})[name.removesuffix(kind)] = watched.pop(name)
    return groups


def _below(curves: Mapping[str, Curve], first: str) -> Curves:
    matches = {n: c for n, c in curves.items() if n.partition("/")[0] == first and "/" in n}
    return _shortened(matches)


def _shortened(curves: Mapping[str, Curve]) -> Curves:
    """Names without what stands before their first slash."""
    return {name.partition("/")[2] or name: curve for name, curve in curves.items()}
