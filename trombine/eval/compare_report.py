"""What compare.py measured: ranked, with intervals of what differs; as values, text and page.

All methods are measured on the same pictures, so differences are paired. Sets of invented pictures
have figures of the whole set, so nothing is paired there; the ceiling is as many other real ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from jaxtyping import Float64

from trombine.core.conventions import to_pixels
from trombine.core.errors import InputError, shown
from trombine.core.texts import aligned
from trombine.eval import witness
from trombine.eval.compare import CEILINGS, FLOORS, Outcome
from trombine.eval.fidelity import FIGURES
from trombine.eval.protocol_files import Case, ProtocolFile, asked_for, fingerprint
from trombine.eval.stats import Estimate, mean, sign_flip
from trombine.metrics import Figure
from trombine.report import Plot, Report, Series

Numbers = dict[str, Any]
Column = Float64[np.ndarray, "n"]
NONE: Final = Estimate(value=None, low=None, high=None)


def numbers_of(
    file: ProtocolFile, cases: Sequence[Case], outcomes: Sequence[Outcome], named: Sequence[str]
) -> Numbers:
    """All figures, as JSON holds them; methods that are not `named` are limits, out of the rank."""
    columns = {o.method.name: _columns(file, o) for o in outcomes}
    first = file.measures[0]
    firsts = {name: float(np.nanmean(values[first])) for name, values in columns.items()}
    if any(math.isnan(value) for value in firsts.values()):
        raise InputError(f"no picture has the measure {first}, which ranks")
    sign = 1 if file.asked[first].measure.more_is_better else -1
    order = sorted(outcomes, key=lambda o: (-sign * firsts[o.method.name], o.method.name))
    ranked = [o.method.name for o in order if o.method.name in named]
    best = columns[ranked[0]]
    limits = {FLOORS[file.task]: "floor", CEILINGS[file.task]: "ceiling"}
    groups = [] if file.of_sets else [case.group for case in cases]
    methods = [
        {
            "method": o.method.name,
            "kind": o.method.kind,
            "hash": o.method.hash,
            "rank": ranked.index(o.method.name) + 1 if o.method.name in ranked else None,
            "limit": limits.get(o.method.name, ""),
            "notes": list(o.method.notes),
            "measures": _of_set(o)
            if file.of_sets
            else {
                text: _figures(columns[o.method.name][text], best[text]) for text in file.measures
            },
            "groups": {
                group: _mean(columns[o.method.name][first][np.array(groups) == group])
                for group in sorted(set(groups) - {""})
            },
            "seconds": o.seconds,
        }
        for o in order
    ]
    return {
        "protocol": {
            "name": file.name,
            "hash": file.protocol.hash,
            "task": file.task,
            "about": file.about,
            "describe": file.protocol.describe(),
            "conditions": file.protocol.canonical(),
            "count": len(cases),
            "pixels": fingerprint(tuple(cases)),
            "witness": witness.witness().hash if file.needs_witness else None,
        },
        "first": first,
        "best": ranked[0],
        "methods": methods,
        **({} if file.of_sets else {"pictures": _each(cases, order)}),
    }


def _columns(file: ProtocolFile, outcome: Outcome) -> dict[str, Column]:
    """The values of each measure, NaN where a picture has none; of sets one value."""
    rows = outcome.rows or [{name: figure.value for name, figure in outcome.figures.items()}]
    return {
        text: np.array([np.nan if row[text] is None else row[text] for row in rows])
        for text in file.measures
    }


def _of_set(outcome: Outcome) -> Numbers:
    """The figures of a set; none of how it differs from the best, for nothing is paired."""
    count = len(outcome.results)
    return {
        name: {**asdict(NONE), "value": f.value, "p": f.p, "count": count, "difference": None}
        for name, f in outcome.figures.items()
    }


def _mean(values: Column) -> Numbers:
    """The mean of some pictures with its interval."""
    there = values[np.isfinite(values)]
    if not len(there):
        return asdict(NONE)
    return dict(zip(("value", "low", "high"), mean(there), strict=True))


def _figures(values: Column, best: Column) -> Numbers:
    """A method's mean, and how it differs from the best method's."""
    differences = values - best
    there = differences[np.isfinite(differences)]
    p = sign_flip(there) if there.any() else 1.0
    difference = {**_mean(differences), "p": p}
    return {**_mean(values), "count": len(there), "difference": difference}


def _each(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> list[Numbers]:
    """The values of each picture."""
    return [
        {
            "picture": case.name,
            "source": case.source,
            "group": case.group,
            "values": {
                o.method.name: {
                    name: None if value is None else round(value, 6)
                    for name, value in o.rows[number].items()
                }
                for o in outcomes
            },
        }
        for number, case in enumerate(cases)
    ]


def figures_of(numbers: Numbers, method: str) -> list[Figure]:
    """The figures of a method, for the log of evaluations; those of sets have no interval."""
    entry = next(entry for entry in numbers["methods"] if entry["method"] == method)
    return [
        Figure(
            protocol=numbers["protocol"]["hash"],
            method=method,
            measure=measure,
            mean=figure["value"],
            low=figure["value"] if figure["low"] is None else figure["low"],
            high=figure["value"] if figure["high"] is None else figure["high"],
            count=figure["count"],
        )
        for measure, figure in entry["measures"].items()
        if figure["value"] is not None
    ]


# As text

_LONGEST: Final = 34  # letters of a method's name


def text_of(numbers: Numbers) -> str:
    """A line a method, the best first."""
    protocol = numbers["protocol"]
    judge = f", witness {protocol['witness']}" if protocol["witness"] else ""
    hashes = ", ".join(f"{short(m['method'])} {m['hash']}" for m in numbers["methods"])
    return "\n".join(
        (
            *aligned(_table(numbers)),
            f"protocol {protocol['hash']} ({protocol['name']}), {protocol['count']} pictures"
            f" (pixels {protocol['pixels']}){judge}",
            f"methods: {hashes}",
        )
    )


def _table(numbers: Numbers) -> list[list[str]]:
    """Heads, and a row a method."""
    first, *others = list(numbers["protocol"]["conditions"]["measures"])
    against = ["against the best", "p"] if "pictures" in numbers else []
    rows = [["", "method", first, *against, *others, "s/picture"]]
    for entry in numbers["methods"]:
        figures, limit = entry["measures"], entry["limit"]
        row = [str(entry["rank"] or ""), short(entry["method"]) + f" ({limit})" * bool(limit)]
        row.append(spelled(figures[first]))
        if against:
            difference = figures[first]["difference"]
            p = difference["p"]
            cells = [spelled(difference, sign="+"), f"{p:.{3 if p >= 0.001 else 4}f}"]
            row += ["", ""] if entry["rank"] == 1 else cells
        row += [spelled(figures[name], bare=True) for name in others]
        seconds = entry["seconds"]
        rows.append([*row, "" if seconds is None else f"{seconds:.3f}"])
    return rows


def short(name: str) -> str:
    """A method's name, a long command cut."""
    return shown(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…")


def spelled(figure: Mapping[str, Any], *, sign: str = "", bare: bool = False) -> str:
    """A figure with its interval, or bare: two decimals from 1 on, else four."""
    value, low, high = (figure[end] for end in ("value", "low", "high"))
    if value is None:
        return "–"
    style = f"{sign}.{2 if max(map(abs, (value, low or 0, high or 0))) >= 1 else 4}f"
    if bare or low is None or low == high:
        return f"{value:{style}}"
    return f"{value:{style}} ({low:{style}} to {high:{style}})"


# ---------------------------------------------------------------------------------------------
# The page

_SHOWN: Final = 8  # pictures on which methods disagree
_MOST: Final = 6  # methods beside one another
_OF_SET: Final = 12  # pictures of a set


def report_of(numbers: Numbers, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> Report:
    """The rank, the pictures on which methods disagree most, or of sets some of each."""
    protocol, of_sets = numbers["protocol"], "pictures" not in numbers
    report = Report(
        title=f"Methods compared: {protocol['name']}",
        lead=f"{protocol['about']} Best: {numbers['best']}.".strip(),
        foot=f"{protocol['describe']}\n\nPixels {protocol['pixels']}"
        + (f"; witness {protocol['witness']}." if protocol["witness"] else "."),
    )
    interval = "" if of_sets else " Intervals are 95 % of a bootstrap over the pictures."
    report.section("Rank", f"By {numbers['first']}, the best first.{interval}")
    report.curves(_ranks(numbers))
    heads, *rows = _table(numbers)
    report.table(heads[1:], [row[1:] for row in rows], caption="Methods", csv=True)
    about = []
    for name in protocol["conditions"]["measures"]:
        measure = asked_for(name).measure
        better = "more" if measure.more_is_better else "less"
        about.append([name, measure.about, FIGURES[name].best if of_sets else better])
    report.table(["measure", "what it is", "better"], about, caption="Measured", words=True)
    results = {outcome.method.name: outcome.results for outcome in outcomes}
    if of_sets:
        report.section("Pictures", "Some of each method, the best first, and real ones.")
        sets = {short(entry["method"]): results[entry["method"]] for entry in numbers["methods"]}
        sets["real"] = [to_pixels(case.truth) for case in cases[:_OF_SET]]
        for name, pictures in sets.items():
            cells = [(pixels, f"{name}, {n}") for n, pixels in enumerate(pictures[:_OF_SET], 1)]
            report.pictures(cells, columns=12, on_phone=6, title=name, captions=False)
    else:
        report.section("Where they disagree", "Pictures on which the methods are furthest apart.")
        _disagreements(report, numbers, cases, results)
    rows = [
        [short(m["method"]), m["kind"], m["hash"], "; ".join(m["notes"])]
        for m in numbers["methods"]
    ]
    heads = ["method", "kind", "hash", "what should be known"]
    return report.section("Methods").table(heads, rows, caption="Methods", words=True)


def _ranks(numbers: Numbers) -> Plot:
    first = numbers["first"]
    figures = [entry["measures"][first] for entry in numbers["methods"]]
    x = list(range(len(figures)))
    y = [figure["value"] for figure in figures]
    ends = {end: [figure[end] for figure in figures] for end in ("low", "high")}
    intervals = {} if None in ends["low"] else ends
    series = Series(name=first, x=x, y=y, mark="points", **intervals)
    names = [short(entry["method"])[:16] for entry in numbers["methods"]]
    width = max(420, 125 * len(names))
    return Plot(title=first, x_label="", y_label="", series=[series], categories=names, width=width)


def _disagreements(
    report: Report, numbers: Numbers, cases: Sequence[Case], results: Mapping[str, Sequence[Any]]
) -> None:
    """A row of pictures for each: what was given, what the methods made, the truth."""
    first = numbers["first"]
    named = [entry["method"] for entry in numbers["methods"] if entry["rank"]][:_MOST]
    for number in most_apart(numbers, named)[:_SHOWN]:
        case, values = cases[number], numbers["pictures"][number]["values"]
        cells = [(to_pixels(case.given), "given")]
        for name in named:
            value = {"value": values[name][first], "low": None, "high": None}
            cells.append((results[name][number], f"{short(name)}: {spelled(value)}"))
        cells.append((to_pixels(case.truth), "truth"))
        group = f", {case.group}" if case.group else ""
        title = shown(f"{case.source}{group}")
        report.pictures(cells, columns=len(cells), title=title)


def most_apart(numbers: Numbers, names: Sequence[str]) -> list[int]:
    """The numbers of the pictures, those first on which methods are furthest apart."""
    first = numbers["first"]
    gaps: list[float] = []
    for entry in numbers["pictures"]:
        values = [v for name in names if (v := entry["values"][name][first]) is not None]
        gaps.append(max(values) - min(values) if values else -1.0)
    return np.argsort(-np.array(gaps), kind="stable").tolist()
