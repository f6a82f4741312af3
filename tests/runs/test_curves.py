"""Which curves stand together, and what is left of them when they are thinned."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from trombine.pages import Plot
from trombine.runs import curves
from trombine.runs.curves import by_decades, thinned
from trombine.runs.log import BestResult, Curve


def curve(*values: float) -> Curve:
    return Curve(pictures=list(range(10, 10 * len(values) + 1, 10)), values=list(values))


def shown(plots: list[Plot]) -> dict[str, list[str]]:
    return {plot.title: [series.name for series in plot.series] for plot in plots}


def test_thinned_to_means_and_extremes() -> None:
    """Against a loop: every value is in exactly one bin."""
    values = np.random.default_rng(0).standard_normal(1003)
    series = thinned("a", Curve(pictures=list(range(1003)), values=values.tolist()), 20)
    assert series.low is not None and series.high is not None and len(series.x) == 20
    edges = [number * 1003 // 20 for number in range(21)]
    for place, (begin, end) in enumerate(pairwise(edges)):
        held = values[begin:end]
        assert series.x[place] == pytest.approx(np.mean(range(begin, end)))
        assert series.y[place] == pytest.approx(held.mean())
        assert (series.low[place], series.high[place]) == (held.min(), held.max())


def test_a_short_curve_stays_as_it_is() -> None:
    series = thinned("a", curve(3.0, 1.0, 2.0))
    assert (series.x, series.y, series.low) == ([10, 20, 30], [3.0, 1.0, 2.0], None)


def test_one_value_is_a_point() -> None:
    assert (
        thinned("a", curve(3.0)).mark == "points" and thinned("a", curve(3.0, 2.0)).mark == "line"
    )


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [
        ((1.0, 31.0), True),
        ((1.0, 29.0), False),
        ((-1.0, 100.0), False),
        ((0.0, 100.0), False),
        ((5.0,), False),
    ],
)
def test_which_axis(values: tuple[float, ...], logarithmic: bool) -> None:
    assert by_decades([curve(*values)]) is logarithmic


def test_a_plot_for_each_phase_and_the_total_first() -> None:
    held = {
        "b/fake": curve(1, 2),
        "b/gradient": curve(1, 1),
        "b/real": curve(1, 1),
        "b/total": curve(2, 3),
        "a/critic": curve(1, 2),
        "a/gradient": curve(5, 5),
        "a/total": curve(1, 2),
        "curve/D(real) mean": curve(1, 1),
        "rate": curve(1, 1),
        "weight/r1": curve(1, 1),
    }
    assert shown(list(curves.loss_plots(held))) == {"a": ["critic"], "b": ["total", "fake", "real"]}
    assert shown(list(curves.gradient_plots(held))) == {"Gradient norms": ["b", "a"]}
    paces = {"Learning rate": ["rate"], "Weights of terms": ["r1"]}
    assert shown(list(curves.pace_plots(held))) == paces


def test_what_is_watched_stands_by_its_kind() -> None:
    names = ("D(fake) mean", "D(fake) std", "D(real) mean", "D(real) std", "diversity", "mean")
    held = {f"curve/{name}": curve(1, 2) for name in (*names, "tint mean")}
    assert shown(list(curves.watched_plots(held))) == {
        "D: mean": ["D(fake)", "D(real)"],
        "tint mean": ["tint"],
        "D: std": ["D(fake)", "D(real)"],
        "diversity": ["diversity"],
        "mean": ["mean"],
    }


def test_many_terms_take_several_plots() -> None:
    held = {f"net/t{number}": curve(1, 2) for number in range(8)}
    plots = shown(list(curves.loss_plots(held)))
    assert [len(names) for names in plots.values()] == [6, 2]
    assert list(plots) == ["net", "net, more"]


def test_the_best_is_marked_where_it_was_measured() -> None:
    best = BestResult(pictures=20, measure="PSNR", value=9.0, protocol="p")
    first, second = curves.measure_plots({"PSNR": curve(1, 9, 4), "SSIM": curve(1)}, best)
    assert [(s.mark, list(s.x), list(s.y)) for s in first.series[1:]] == [("points", [20], [9])]
    assert len(second.series) == 1


def test_nothing_gives_no_plot() -> None:
    for group in (curves.loss_plots, curves.gradient_plots, curves.pace_plots):
        assert list(group({})) == []
    assert list(curves.watched_plots({})) == []
