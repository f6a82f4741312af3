"""What compare.py measured: ranked, with intervals of what differs; as values, text and JSON.

All methods are measured on the same pictures, so what is drawn is pictures: each draw of the
bootstrap weighs a picture the same for every method, and differences are paired. Sets of invented
pictures have figures of the whole set (compare_sets.py), so nothing is paired there; beside theirs
stands the same figure of real against real.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from jaxtyping import Float64

from trombine.judge import witness
from trombine.judge.bootstrap import Weights, drawn, estimate, sign_flip
from trombine.judge.compare import CEILINGS, FLOORS, Outcome
from trombine.judge.protocol_files import Case, ProtocolFile, fingerprint
from trombine.measures import Figure
from trombine.refusal import InputError, shown
from trombine.texts import aligned

Report = dict[str, Any]
Column = Float64[np.ndarray, "n"]


def report_of(
    file: ProtocolFile,
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    named: Sequence[str],
) -> Report:
    """All figures, as JSON holds them; methods that are not `named` are limits, out of the rank."""
    means = {o.method.name: _first(file, o) for o in outcomes}
    sign = 1 if file.asked[file.measures[0]].measure.more_is_better else -1
    order = sorted(outcomes, key=lambda o: (-sign * means[o.method.name], o.method.name))
    ranked = [o.method.name for o in order if o.method.name in named]
    numbers = _of_sets(order) if file.of_sets else _of_pictures(file, cases, order, ranked[0])
    limits = {FLOORS[file.task]: "floor", CEILINGS[file.task]: "ceiling"}
    methods = [
        {
            "method": o.method.name,
            "kind": o.method.kind,
            "hash": o.method.hash,
            "rank": ranked.index(o.method.name) + 1 if o.method.name in ranked else None,
            "limit": limits.get(o.method.name, ""),
            "notes": list(o.method.notes),
            **numbers[o.method.name],
            "cost": asdict(o.cost),
        }
        for o in order
    ]
    real = {"real": {text: f["real"] for text, f in order[0].figures.items()}}
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
        "first": file.measures[0],
        "best": ranked[0],
        "methods": methods,
        **(real if file.of_sets else {"pictures": _each(cases, order)}),
    }


def _first(file: ProtocolFile, outcome: Outcome) -> float:
    """The value that ranks; the last of all where it is not defined."""
    if file.of_sets:
        value = outcome.figures[file.measures[0]]["value"]
        return math.inf if value is None else value
    return float(np.nanmean(_columns(file, outcome)[file.measures[0]]))


def _of_sets(outcomes: Sequence[Outcome]) -> dict[str, Report]:
    """The figures of each method; none of how it differs from the best, for nothing is paired."""
    return {
        o.method.name: {
            "measures": {
                text: {
                    **{key: part for key, part in figure.items() if key != "real"},
                    "difference": None,
                }
                for text, figure in o.figures.items()
            },
            "groups": {},
        }
        for o in outcomes
    }


def _of_pictures(
    file: ProtocolFile, cases: Sequence[Case], outcomes: Sequence[Outcome], best: str
) -> dict[str, Report]:
    """The means of each method, how it differs from the best, and the means of groups of cases."""
    groups = sorted({case.group for case in cases})
    numbers = np.array([groups.index(case.group) for case in cases])
    weights = drawn(numbers.astype(np.int64), purpose="compare bootstrap")
    first = file.measures[0]
    columns = {o.method.name: _columns(file, o) for o in outcomes}
    return {
        name: {
            "measures": {
                text: _figures(values[text], columns[best][text], weights) for text in file.measures
            },
            "groups": {
                group: _mean(values[first], weights, numbers == number)
                for number, group in enumerate(groups)
                if group
            },
        }
        for name, values in columns.items()
    }


def _each(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> list[Report]:
    """The values of each picture."""
    return [
        {
            "picture": case.name,
            "source": case.source,
            "group": case.group,
            "values": {o.method.name: _plain(o.rows[number]) for o in outcomes},
        }
        for number, case in enumerate(cases)
    ]


def _columns(file: ProtocolFile, outcome: Outcome) -> dict[str, Column]:
    """The values of each measure, NaN where a picture has none; the same pictures of all methods,
    as that depends on the truth alone."""
    return {
        text: np.array([np.nan if row[text] is None else row[text] for row in outcome.rows])
        for text in file.measures
    }


def _mean(values: Column, weights: Weights, there: np.ndarray) -> Report:
    """The mean of some pictures with its interval."""
    there = there & np.isfinite(values)
    if not there.any():
        return {"value": None, "low": None, "high": None}
    return asdict(estimate(lambda w: _weighed(w[:, there], values[there]), weights))


def _weighed(weights: Weights, values: Column) -> Float64[np.ndarray, "b"]:
    total = weights.sum(1)
    with np.errstate(invalid="ignore"):  # a draw without any of them has no mean
        return np.where(total > 0, weights @ values / total, np.nan)


def _figures(values: Column, best: Column, weights: Weights) -> Report:
    """A method's mean, and how it differs from the best method's."""
    everywhere = np.ones(len(values), np.bool_)
    differences = values - best
    there = np.isfinite(differences)
    return {
        **_mean(values, weights, everywhere),
        "count": int(there.sum()),
        "difference": {
            **_mean(differences, weights, everywhere),
            "p": sign_flip(differences[there]) if there.any() and differences[there].any() else 1.0,
        },
    }


def _plain(row: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 6) for name, value in row.items()}


def figures_of(report: Report, method: str) -> list[Figure]:
    """The figures of a method, for the log of evaluations."""
    entry = next(entry for entry in report["methods"] if entry["method"] == method)
    return [
        Figure(
            protocol=report["protocol"]["hash"],
            method=method,
            measure=measure,
            mean=figure["value"],
            low=figure["low"],
            high=figure["high"],
            count=figure["count"],
        )
        for measure, figure in entry["measures"].items()
        if figure["value"] is not None
    ]


def check_comparable(report: Report) -> None:
    """Refuse a report whose first measure no picture, or a set, does not have."""
    if any(entry["measures"][report["first"]]["value"] is None for entry in report["methods"]):
        raise InputError(f"no picture has the measure {report['first']}, which ranks")


# As text

_LONGEST: Final = 34  # letters of a method's name
REAL: Final = "real against real"  # what a figure of sets is where nothing differs


def text_of(report: Report) -> str:
    """A line a method, the best first."""
    first, protocol = report["first"], report["protocol"]
    others = list(protocol["conditions"]["measures"])[1:]
    against = () if "real" in report else ("against the best", "p")
    heads = ("", "method", first, *against, *others, "s/picture", "MB")
    rows = [heads, *(_row(entry, first, others) for entry in report["methods"])]
    if "real" in report:
        real = report["real"]
        bare = (spelled(real[name], bare=True) for name in others)
        rows.append(("", REAL, spelled(real[first]), *bare, "", ""))
    return "\n".join((*aligned(rows), *_foot(report)))


def _row(entry: Report, first: str, others: Sequence[str]) -> tuple[str, ...]:
    figures = entry["measures"]
    difference = figures[first]["difference"]
    against: tuple[str, ...] = ()
    if difference is not None:
        is_best = entry["rank"] == 1
        against = (
            ("", "") if is_best else (spelled(difference, signed=True), chance(difference["p"]))
        )
    return (
        str(entry["rank"] or ""),
        short(entry["method"]) + (f" ({entry['limit']})" if entry["limit"] else ""),
        spelled(figures[first]),
        *against,
        *(spelled(figures[name], bare=True) for name in others),
        *costs(entry["cost"]),
    )


def costs(cost: Mapping[str, float | None]) -> tuple[str, str]:
    """Seconds a picture and megabytes; nothing of what was not run."""
    seconds, memory = cost["seconds"], cost["memory"]
    return (
        "" if seconds is None else f"{seconds:.3f}",
        "" if memory is None else f"{memory / 1e6:.0f}",
    )


def short(name: str, longest: int = _LONGEST) -> str:
    """A method's name, a long command cut."""
    return shown(name if len(name) <= longest else f"{name[: longest - 1]}…")


def spelled(figure: Mapping[str, Any], *, signed: bool = False, bare: bool = False) -> str:
    """A figure with its interval, or bare."""
    if figure["value"] is None:
        return "–"
    style = f"{'+' if signed else ''}.{digits_of(figure['value'], figure)}f"
    text = format(figure["value"], style)
    if bare or figure["low"] is None or figure["low"] == figure["high"]:
        return text
    return f"{text} ({figure['low']:{style}} to {figure['high']:{style}})"


def digits_of(value: float, figure: Mapping[str, Any]) -> int:
    """How many decimals of a figure: two from 1 on, else four."""
    most = max(abs(v) for v in (value, figure["low"] or 0, figure["high"] or 0))
    return 2 if most >= 1 else 4


def chance(p: float) -> str:
    """A probability; below what 10,000 flips can tell, that it is below."""
    return f"{p:.3f}" if p >= 0.001 else f"{p:.4f}"


def _foot(report: Report) -> list[str]:
    protocol = report["protocol"]
    judge = f", witness {protocol['witness']}" if protocol["witness"] else ""
    lines = [
        f"protocol {protocol['hash']} ({protocol['name']}), {protocol['count']} pictures"
        f" (pixels {protocol['pixels']}){judge}"
    ]
    hashes = ", ".join(f"{short(m['method'])} {m['hash']}" for m in report["methods"])
    return [*lines, f"methods: {hashes}"]
