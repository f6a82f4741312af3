"""The page of a comparison: the rank, the pictures on which methods disagree most, what it costs.
Of sets of invented pictures, some of each.

The numbers are those of compare_report.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from trombine.conventions import to_pixels
from trombine.io.files import write_bytes
from trombine.judge.compare import Outcome
from trombine.judge.compare_report import REAL, Report, chance, costs, digits_of, short, spelled
from trombine.judge.fidelity import FIGURES
from trombine.judge.protocol_files import Case, asked_for
from trombine.pages import Html, Page, Plot, Series, estimate, grid, picture, plots, table
from trombine.refusal import shown

_SHOWN: Final = 8  # pictures
_FROM_SET: Final = 24  # pictures of a method that invents
_MOST_METHODS: Final = 6  # beside one another in a row of pictures, and in a plot
_LETTERS: Final = 14  # of a method's name under a picture or a plot


def write_page(
    path: Path, report: Report, cases: Sequence[Case], outcomes: Sequence[Outcome]
) -> None:
    """Write one file with all of it."""
    protocol, first = report["protocol"], report["first"]
    about = protocol["about"].rstrip(". ") or f"Task {protocol['task']}"
    judge = f" The witness is {protocol['witness']}." if protocol["witness"] else ""
    page = Page(
        title=f"Methods under {protocol['name']}",
        lead=f"{about}. {protocol['count']} pictures, protocol {protocol['hash']}.",
        foot=f"{protocol['describe']} Pixels {protocol['pixels']}.{judge}",
    )
    direction = "more" if asked_for(first).measure.more_is_better else "less"
    of_sets = "real" in report
    how = _SETS if of_sets else _PAIRED
    rank = f"By {first}; {direction} is better. {how}"
    page.section("Rank", rank, _rank(report), plots(*_plots(report)))
    measures = _SET_MEASURES if of_sets else _MEASURES
    page.section("All measures", measures, _measures(report), _about(report))
    if of_sets:
        page.section("The pictures", _SOME, *_pictures(report, cases, outcomes))
    else:
        named = _disagreements(report, cases, outcomes)
        page.section("Where they disagree most", _DISAGREE, *named)
    page.section("Time and memory", _COST, _costs(report))
    page.section("What was run", _HASHES, _hashes(report))
    write_bytes(path, page.html().encode())


_PAIRED: Final = (
    "Intervals are of 2,000 draws of the pictures, 95 %. What differs is paired: each method has"
    " the same pictures. p is how likely so large a mean difference would be if the two methods"
    " were alike, by sign flips; it is not corrected for several methods."
)
_SETS: Final = (
    "Figures are of whole sets, by what the witness reads; intervals, 95 %, say how far a figure"
    " would move with other pictures of the kind. Nothing is paired, so no difference is tested."
)
_SET_MEASURES: Final = (
    "The last row is the same figure of halves of the real pictures, which is what zero looks like."
    " The ceiling is real pictures of other seeds."
)
_SOME: Final = "The first of each method, by their names; then the real ones."
_MEASURES: Final = (
    "Means over the pictures. Below the floor a method does harm; the ceiling is the truth itself"
    " as a JPEG of quality 95. Measures of what the witness reads are of the pictures whose truth"
    " shows it a face."
)
_DISAGREE: Final = (
    "The pictures on which the named methods are furthest apart, by the measure that ranks."
)
_COST: Final = (
    "Of the whole command, its start and its files included, as users run it; the method alone"
    " where it is one of trombine's, which works on one thread here. Memory is the most that its"
    " largest process held. These change from run to run and from machine to machine."
)
_HASHES: Final = (
    "A method's hash is of its weights and of the code that runs them; a command's of its text and"
    " of trombine's version, so a tool that changes must be run anew (--fresh)."
)


def _name(entry: Report) -> str:
    limit = f" ({entry['limit']})" if entry["limit"] else ""
    return f"{short(entry['method'], 60)}{limit}"


def _rank(report: Report) -> Html:
    rows = []
    if "real" in report:
        return _rank_of_sets(report)
    for entry in report["methods"]:
        figure = entry["measures"][report["first"]]
        is_best = entry["rank"] == 1
        difference = "" if is_best else spelled(figure["difference"], signed=True)
        p = "" if is_best else chance(figure["difference"]["p"])
        rows.append([_placed(entry), _cell(figure), difference, p])
    heads = ["method", report["first"], f"against {short(report['best'], 30)}", "p"]
    return table(heads, rows, caption=f"{report['protocol']['count']} pictures")


def _rank_of_sets(report: Report) -> Html:
    first = report["first"]
    rows = [[_placed(entry), _cell(entry["measures"][first])] for entry in report["methods"]]
    rows.append([REAL, _cell(report["real"][first])])
    return table(["method", first], rows, caption=f"{report['protocol']['count']} pictures")


def _placed(entry: Report) -> str:
    place = f"{entry['rank']}. " if entry["rank"] else ""
    return f"{place}{_name(entry)}"


def _cell(figure: Report) -> str:
    if figure["value"] is None:
        return "–"
    digits = digits_of(figure["value"], figure)
    return estimate(figure["value"], figure["low"], figure["high"], digits=digits)


def _plots(report: Report) -> list[Plot]:
    """The best methods and the floor, over all pictures and by the kind of hole; the ceiling would
    make them small."""
    first, entries = report["first"], _some(report)
    drawn = [_overall(first, entries)]
    groups = list(entries[0]["groups"])
    return [*drawn, _by_group(first, entries, groups)] if len(groups) > 1 else drawn


def _overall(first: str, entries: Sequence[Report]) -> Plot:
    figures = [entry["measures"][first] for entry in entries]
    return Plot(
        title="The rank",
        x_label="",
        y_label=first,
        series=(_series(first, figures),),
        categories=tuple(short(entry["method"], _LETTERS) for entry in entries),
        width=560,
    )


def _series(name: str, figures: Sequence[Report]) -> Series:
    """Means and their intervals, beside one another."""
    return Series(
        name=name,
        x=range(len(figures)),
        y=[figure["value"] for figure in figures],
        low=[figure["low"] for figure in figures],
        high=[figure["high"] for figure in figures],
        mark="points",
    )


def _by_group(first: str, entries: Sequence[Report], groups: Sequence[str]) -> Plot:
    series = [
        _series(short(entry["method"], _LETTERS), [entry["groups"][group] for group in groups])
        for entry in entries
        if all(entry["groups"][group]["value"] is not None for group in groups)
    ]
    return Plot(
        title="By the hole",
        x_label="share of the picture that is hole, %",
        y_label=first,
        series=tuple(series),
        categories=tuple(group.rpartition(":")[2] for group in groups),
        width=560,
    )


def _some(report: Report) -> list[Report]:
    """As many methods as fit beside one another: the best of those named, and the floor."""
    ranked = [entry for entry in report["methods"] if entry["rank"]][: _MOST_METHODS - 1]
    keep = {entry["method"] for entry in ranked}
    return [e for e in report["methods"] if e["method"] in keep or e["limit"] == "floor"]


def _measures(report: Report) -> Html:
    names = report["protocol"]["conditions"]["measures"]
    rows = [
        [_name(entry), *(_cell(entry["measures"][name]) for name in names)]
        for entry in report["methods"]
    ]
    if "real" in report:
        rows.append([REAL, *(_cell(report["real"][name]) for name in names)])
    kind = "Figures" if "real" in report else "Means"
    return table(["method", *names], rows, caption=f"{kind} and their 95 % intervals")


def _about(report: Report) -> Html:
    rows = []
    for name in report["protocol"]["conditions"]["measures"]:
        measure = asked_for(name).measure
        better = "more" if measure.more_is_better else "less"
        better = FIGURES[name].best if "real" in report else better
        rows.append([f"{name}, {measure.unit}" if measure.unit else name, measure.about, better])
    heads = ["measure", "what it is", "at best" if "real" in report else "better"]
    return table(heads, rows, caption="What is measured", words=True)


def _pictures(report: Report, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> list[Html]:
    """Some pictures of each method, the best first, and some real ones."""
    results = {outcome.method.name: outcome.results for outcome in outcomes}
    sets = [(_placed(entry), results[entry["method"]]) for entry in report["methods"]]
    sets.append(("real", [to_pixels(case.truth) for case in cases[:_FROM_SET]]))
    return [
        grid(
            [picture(pixels, f"{name}, {n}") for n, pixels in enumerate(pictures[:_FROM_SET], 1)],
            columns=12,
            on_phone=6,
            title=name,
            tight=True,
        )
        for name, pictures in sets
    ]


def _disagreements(
    report: Report, cases: Sequence[Case], outcomes: Sequence[Outcome]
) -> list[Html]:
    """A row of pictures for each: what was given, what the methods made, the truth."""
    first = report["first"]
    shown_entries = [entry for entry in report["methods"] if entry["rank"]][:_MOST_METHODS]
    named = [entry["method"] for entry in shown_entries]
    results = {outcome.method.name: outcome.results for outcome in outcomes}
    rows = []
    for number in most_apart(report, named)[:_SHOWN]:
        case, values = cases[number], report["pictures"][number]["values"]
        figures = [picture(to_pixels(case.given), f"given: {case.source}", caption="given")]
        for name in named:
            caption = f"{short(name, _LETTERS)}: {_value(values[name][first])}"
            figures.append(picture(results[name][number], caption, caption=caption))
        figures.append(picture(to_pixels(case.truth), f"truth: {case.source}", caption="truth"))
        group = f", {case.group}" if case.group else ""
        rows.append(grid(figures, columns=len(figures), title=shown(f"{case.source}{group}")))
    return rows


def most_apart(report: Report, names: Sequence[str]) -> list[int]:
    """The numbers of the pictures, those first on which methods are furthest apart."""
    first = report["first"]
    gaps: list[float] = []
    for entry in report["pictures"]:
        values = [v for name in names if (v := entry["values"][name][first]) is not None]
        gaps.append(max(values) - min(values) if values else -1.0)
    return np.argsort(-np.array(gaps), kind="stable").tolist()


def _value(value: Any) -> str:
    return "–" if value is None else f"{value:.{2 if abs(value) >= 1 else 4}f}"


def _costs(report: Report) -> Html:
    rows = []
    for entry in report["methods"]:
        seconds, memory = costs(entry["cost"])
        inside = entry["cost"]["inside"]
        alone = "" if inside is None else f"{inside:.4f}"
        rows.append([_name(entry), seconds, alone, memory])
    heads = ["method", "seconds a picture", "the method alone", "memory, MB"]
    return table(heads, rows, caption="What it takes")


def _hashes(report: Report) -> Html:
    rows = [
        [shown(entry["method"]), entry["kind"], entry["hash"], "; ".join(entry["notes"])]
        for entry in report["methods"]
    ]
    heads = ["method", "kind", "hash", "what should be known"]
    return table(heads, rows, caption="Methods", words=True)
