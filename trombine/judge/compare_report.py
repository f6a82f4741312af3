"""What compare.py measured: ranked, with intervals of what differs; as values, text and JSON.

All methods are measured on the same pictures, so what is drawn is pictures: each draw of the
bootstrap weighs a picture the same for every method, and differences are paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from jaxtyping import Float64

from trombine.judge import witness
from trombine.judge.bootstrap import Weights, drawn, estimate, sign_flip
from trombine.judge.compare import CEILING, FLOORS, Outcome
from trombine.judge.protocol_files import Case, ProtocolFile, fingerprint
from trombine.measures import Figure
from trombine.refusal import InputError, shown

Report = dict[str, Any]
Column = Float64[np.ndarray, "n"]


def report_of(
    file: ProtocolFile,
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    named: Sequence[str],
) -> Report:
    """All figures, as JSON holds them; methods that are not `named` are limits, out of the rank."""
    groups = sorted({case.group for case in cases})
    numbers = np.array([groups.index(case.group) for case in cases])
    weights = drawn(numbers.astype(np.int64), purpose="compare bootstrap")
    first = file.measures[0]
    sign = 1 if file.asked[first].measure.more_is_better else -1
    columns = {o.method.name: _columns(file, o) for o in outcomes}
    means = {name: float(np.nanmean(columns[name][first])) for name in columns}
    order = sorted(outcomes, key=lambda o: (-sign * means[o.method.name], o.method.name))
    ranked = [o.method.name for o in order if o.method.name in named]
    best = ranked[0]
    methods = [
        {
            "method": o.method.name,
            "kind": o.method.kind,
            "hash": o.method.hash,
            "rank": ranked.index(o.method.name) + 1 if o.method.name in ranked else None,
            "limit": {FLOORS[file.task]: "floor", CEILING: "ceiling"}.get(o.method.name, ""),
            "notes": list(o.method.notes),
            "measures": {
                text: _figures(columns[o.method.name][text], columns[best][text], weights)
                for text in file.measures
            },
            "groups": {
                group: _mean(columns[o.method.name][first], weights, numbers == number)
                for number, group in enumerate(groups)
                if group
            },
            "cost": asdict(o.cost),
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
        "best": best,
        "methods": methods,
        "pictures": [
            {
                "picture": case.name,
                "source": case.source,
                "group": case.group,
                "values": {o.method.name: _plain(o.rows[number]) for o in order},
            }
            for number, case in enumerate(cases)
        ],
    }


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
    """Refuse a report whose first measure no picture has."""
    if any(entry["measures"][report["first"]]["value"] is None for entry in report["methods"]):
        raise InputError(f"no picture has the measure {report['first']}, which ranks")


# As text

_LONGEST: Final = 34  # letters of a method's name


def text_of(report: Report) -> str:
    """A line a method, the best first."""
    first, protocol = report["first"], report["protocol"]
    others = list(protocol["conditions"]["measures"])[1:]
    heads = ("", "method", first, "against the best", "p", *others, "s/picture", "MB")
    rows = [heads, *(_row(entry, first, others) for entry in report["methods"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join((*lines, *_foot(report)))


def _row(entry: Report, first: str, others: Sequence[str]) -> tuple[str, ...]:
    figures = entry["measures"]
    difference = figures[first]["difference"]
    is_best = entry["rank"] == 1
    return (
        str(entry["rank"] or ""),
        short(entry["method"]) + (f" ({entry['limit']})" if entry["limit"] else ""),
        spelled(figures[first]),
        "" if is_best else spelled(difference, signed=True),
        "" if is_best else chance(difference["p"]),
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
