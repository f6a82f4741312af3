"""Methods compared under a protocol: run on the same pictures, measured, ranked.

A method is a function of methods.py: a baseline, or a net by name or file. All run in this process,
on one thread and one picture after the other: pictures do not depend on how many cores there are.

All methods are measured on the same pictures, so differences are paired. The protocol's files are
in protocol_files.py. Sets of generated pictures are compared by fidelity.py.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float64, UInt8
from PIL import Image

from trombine.core.computing import computing
from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, about, shown
from trombine.data.source import parse
from trombine.eval import witness
from trombine.eval.methods import TASKS
from trombine.eval.protocol_files import Case, ProtocolFile, asked_for, fingerprint, measure_of
from trombine.eval.restoration import judged
from trombine.eval.stats import Estimate, mean, sign_flip, spelled
from trombine.io.files import digest
from trombine.models import loaded, read_card
from trombine.models.card import Card
from trombine.report import Plot, Report, Series, as_json
from trombine.superres.pipelines import resolve

Pixels = UInt8[np.ndarray, "_ _ 3"]
Column = Float64[np.ndarray, "n"]
Row = dict[str, float | None]  # of one picture by measure; None where it has none
Run = Callable[[ProtocolFile, Sequence[Case]], list[Pixels]]
Numbers = dict[str, Any]

MOST_DECIBELS: Final = 100.0  # what equal pictures count for, whose PSNR is infinite
CEILING: Final = "truth as JPEG 95"


@dataclass(frozen=True, kw_only=True)
class Method:
    """What is compared."""

    name: str  # as it was given
    kind: str  # baseline, net, function or reference
    run: Run  # its picture of each case
    weights: str = ""  # the hash of the net's file


def method_of(text: str, file: ProtocolFile) -> Method:
    """The method that this text names under a protocol; an InputError where it cannot be."""
    task, name = TASKS[file.task], text.strip()
    # A baseline may be named by the beginning of a word that it alone has.
    known = (*task.baselines, CEILING)
    found = [one for one in known if f" {name.lower()}" in f" {one.lower()}"]
    if name and len(found) == 1 and not Path(name).exists():
        name = found[0]
    if name == CEILING:
        return Method(name=name, kind="reference", run=_as_jpeg)
    if name in task.baselines:
        return of_function(name, task.baselines[name], kind="baseline")
    try:
        function = task.net(name)
        if file.task == "upscale":  # a family of nets
            paths = [path for _, path in sorted(resolve(name).by_factor.items())]
        else:
            paths = [loaded(name, task=None if file.task == "restyle" else file.task).path]
    except InputError as error:
        if error.path is None or Path(name).exists():
            raise
        problem = f"is no method to {file.task}; there are {', '.join(known)}, and models"
        raise InputError(problem, "name a model, or its file", path=name) from error
    with about(name):
        for path in paths:
            _check_unseen(read_card(path), file)
    weights = "+".join(digest(path)[:12] for path in paths)
    return of_function(name, function, kind="net", weights=weights)


def limits(file: ProtocolFile) -> dict[str, str]:
    """The methods that are always there: a floor and a ceiling."""
    return {TASKS[file.task].floor: "floor", CEILING: "ceiling"}


def of_function(name: str, function: Callable[..., Any], **fields: Any) -> Method:
    """A function, as those of methods.py, as a method: it is given of each case a picture, and what
    the task adds."""

    def run(file: ProtocolFile, every: Sequence[Case]) -> list[Pixels]:
        options: dict[str, Any] = {}
        if file.task == "upscale":
            options["factor"] = file.factor
        if file.task == "restyle":
            options["source"], options["style"] = file.styles
        results = []
        with computing(1), torch.inference_mode():
            for case in every:
                if case.hole is not None:
                    options["hole"] = torch.from_numpy(case.hole)[None, None].float()
                given = to_picture(to_pixels(case.given))[None]  # as a file holds it
                results.append(to_pixels(function(given, **options)[0]))
        return results

    return Method(**{"name": name, "kind": "function", "run": run, **fields})


def _as_jpeg(file: ProtocolFile, every: Sequence[Case]) -> list[Pixels]:
    """The truth after a JPEG of quality 95 with all its colours; of a repair in the hole alone."""
    results = []
    for case in every:
        buffer, image = io.BytesIO(), Image.fromarray(to_pixels(case.truth))
        image.save(buffer, "JPEG", quality=95, subsampling=0)
        pixels = np.array(Image.open(buffer))
        if case.hole is not None:
            pixels = np.where(case.hole[..., None], pixels, to_pixels(case.truth))
        results.append(pixels)
    return results


# Nets


def _check_unseen(card: Card, file: ProtocolFile) -> None:
    """Refuse a model that has learnt from the protocol's pictures, as far as its card says so."""
    kinds = {term.kind for term in parse(file.pictures)} if file.spans else set()
    names = [str(card.settings.get(name, "")) for name in ("data", "other", "real")]
    # The data of a card may be a sentence of several specs.
    for spec in filter(None, (*card.data.split(" and "), *names)):
        try:
            terms = parse(spec)
        except InputError:  # a sentence
            continue
        for term in terms:
            ours, theirs = file.seeds, term.seeds
            both = range(max(theirs.start, ours.start), min(theirs.stop, ours.stop))
            if term.kind in kinds and both:
                problem = f"has learnt from seeds {both[0]} to {both[-1]} of {file.name}"
                raise InputError(f"{problem}, by its card", "compare it under another protocol")


# ---------------------------------------------------------------------------------------------
# Measuring


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of a method under a protocol."""

    method: Method
    results: list[Pixels]
    seconds: float | None  # a picture; None of a reference
    rows: Sequence[Row]  # of the cases, in their order


def outcome(method: Method, file: ProtocolFile, every: Sequence[Case]) -> Outcome:
    """Run a method, and measure its pictures on one thread: the same on any machine."""
    start = time.perf_counter()
    with about(method.name):
        results = method.run(file, every)
        seconds = (time.perf_counter() - start) / len(every)
        for case, pixels in zip(every, results, strict=True):
            height, width = case.truth.shape[-2:]
            if pixels.shape[:2] != (height, width):
                size = f"{pixels.shape[1]} x {pixels.shape[0]}"
                raise InputError(f"made {case.name} {size}, where {width} x {height} is wanted")
        with computing(1):
            pairs = zip(every, results, strict=True)
            return Outcome(
                method=method,
                results=results,
                seconds=None if method.kind == "reference" else seconds,
                rows=[row_of(file, case, to_picture(pixels)) for case, pixels in pairs],
            )


def row_of(file: ProtocolFile, case: Case, result: torch.Tensor) -> Row:
    """The measures of a result against its truth."""
    border = file.factor if file.damage else 0
    seen = case.seen if file.needs_witness else None
    values = judged(result, case.truth, case.hole, border=border, names=file.names, seen=seen)
    row: Row = {}
    for text in file.measures:
        name, region = asked_for(text)
        value = values[region].get(name)
        row[text] = min(value, MOST_DECIBELS) if value and "PSNR" in name else value
    return row


# ---------------------------------------------------------------------------------------------
# Numbers


def numbers_of(
    file: ProtocolFile, cases: Sequence[Case], outcomes: Sequence[Outcome], named: Sequence[str]
) -> Numbers:
    """All figures, as JSON holds them; methods that are not `named` are limits, out of the rank."""
    columns = {  # NaN where a picture has none
        o.method.name: {
            text: np.array([row[text] for row in o.rows], np.float64) for text in file.measures
        }
        for o in outcomes
    }
    first, groups = file.measures[0], np.array([case.group for case in cases])
    firsts = {name: float(np.nanmean(values[first])) for name, values in columns.items()}
    if any(math.isnan(value) for value in firsts.values()):
        raise InputError(f"no picture has the measure {first}, which ranks")
    sign = -1 if measure_of(first).more_is_better else 1
    order = sorted(outcomes, key=lambda o: (sign * firsts[o.method.name], o.method.name))
    ranked = [o.method.name for o in order if o.method.name in named]

    def entry(method: Method, seconds: float | None) -> Numbers:
        values, best = columns[method.name], columns[ranked[0]]
        return {
            "method": method.name,
            "kind": method.kind,
            "hash": method.weights,
            "rank": ranked.index(method.name) + 1 if method.name in ranked else None,
            "limit": limits(file).get(method.name, ""),
            "measures": {text: _figures(values[text], best[text]) for text in file.measures},
            "groups": {g: _mean(values[first][groups == g]) for g in sorted({*groups} - {""})},
            "seconds": seconds,
        }

    return as_json(
        {
            "protocol": {
                "name": file.name,
                "hash": file.protocol.hash,
                "task": file.task,
                "about": file.about,
                "describe": file.protocol.describe(),
                "conditions": file.protocol.canonical(),
                "count": len(cases),
                "pixels": fingerprint(cases),
                "witness": witness.witness().hash if file.needs_witness else None,
            },
            "first": first,
            "best": ranked[0],
            "methods": [entry(o.method, o.seconds) for o in order],
            "pictures": [
                {"picture": case.name, "source": case.source, "group": case.group}
                | {"values": {o.method.name: o.rows[n] for o in order}}
                for n, case in enumerate(cases)
            ],
        }
    )


def _mean(values: Column) -> Estimate:
    """The mean of the pictures that have a value, with its interval."""
    return mean(values[np.isfinite(values)])


def _figures(values: Column, best: Column) -> Numbers:
    """A method's mean, and how it differs from the best method's."""
    differences = values - best
    there = differences[np.isfinite(differences)]
    difference = _mean(there)._asdict() | {"p": sign_flip(there) if there.any() else 1.0}
    return _mean(values)._asdict() | {"count": len(there), "difference": difference}


# ---------------------------------------------------------------------------------------------
# The report

_LONGEST: Final = 34  # letters of a method's name
_SHOWN: Final = 8  # pictures on which methods disagree
_MOST: Final = 6  # methods beside one another


def report_of(
    numbers: Numbers, cases: Sequence[Case], outcomes: Sequence[Outcome], *, pictures: bool
) -> Report:
    """The rank, and with `pictures` those on which methods disagree most."""
    protocol, first, entries = numbers["protocol"], numbers["first"], numbers["methods"]
    judge = f"; witness {protocol['witness']}" * bool(protocol["witness"])
    report = Report(
        title=f"Methods compared: {protocol['name']}",
        lead=". ".join(filter(None, (protocol["about"].rstrip("."), f"Best: {numbers['best']}."))),
        foot=f"{protocol['describe']}\n\nPixels {protocol['pixels']}{judge}.",
    )
    report.section("Rank", f"By {first}, the best first. Intervals are 95 % over the pictures.")
    figures = [entry["measures"][first] for entry in entries]
    y, low, high = ([figure[end] for figure in figures] for end in ("value", "low", "high"))
    series = Series(name=first, x=range(len(y)), y=y, low=low, high=high, mark="points")
    names, width = [short(entry["method"])[:16] for entry in entries], max(420, 125 * len(y))
    report.curves(
        Plot(title=first, x_label="", y_label="", series=[series], categories=names, width=width)
    )
    measures = {name: measure_of(name) for name in protocol["conditions"]["measures"]}
    heads = ["method", "rank", first, "against the best", "p", *[*measures][1:], "s/picture"]
    rows = [_row(entry, *measures) for entry in entries]
    report.table(heads, rows, caption="Methods", csv=True, printed=True)
    rows = [[n, m.about, "more" if m.more_is_better else "less"] for n, m in measures.items()]
    report.table(["measure", "what it is", "better"], rows, caption="Measured", words=True)
    rows = [[short(m["method"]), m["kind"], m["hash"]] for m in entries]
    heads, has_nets = ["method", "kind", "hash of its weights"], any(m["hash"] for m in entries)
    report.table(heads, rows, caption="What they are", words=True, printed=has_nets)
    if not pictures:
        return report
    report.section("Where they disagree", "Pictures on which the methods are furthest apart.")
    results = {outcome.method.name: outcome.results for outcome in outcomes}
    ranked = [entry["method"] for entry in entries if entry["rank"]][:_MOST]
    for number in most_apart(numbers, ranked)[:_SHOWN]:
        case, values = cases[number], numbers["pictures"][number]["values"]
        cells = [
            (to_pixels(case.given), "given"),
            *((results[n][number], f"{short(n)}: {spelled(values[n][first])}") for n in ranked),
            (to_pixels(case.truth), "truth"),
        ]
        title = shown(case.source + f", {case.group}" * bool(case.group))
        report.pictures(cells, columns=len(cells), title=title)
    return report


def _row(entry: Numbers, first: str, *others: str) -> list[str]:
    """A method's cells: the measure that ranks, how far it is from the best, the others."""
    figures, limit, seconds = entry["measures"], entry["limit"], entry["seconds"]
    value, low, high, p = figures[first]["difference"].values()
    against = [spelled(value, low, high, sign="+"), f"{p:.{3 if p >= 0.001 else 4}f}"]
    return [
        short(entry["method"]) + f" ({limit})" * bool(limit),
        str(entry["rank"] or ""),
        spelled(*(figures[first][end] for end in Estimate._fields)),
        *(["", ""] if entry["rank"] == 1 else against),
        *(spelled(figures[name]["value"]) for name in others),
        "" if seconds is None else f"{seconds:.3f}",
    ]


def short(name: str) -> str:
    """A method's name, a long command cut."""
    return shown(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…")


def most_apart(numbers: Numbers, names: Sequence[str]) -> list[int]:
    """The numbers of the pictures, those first on which methods are furthest apart."""
    gaps: list[float] = []
    for entry in numbers["pictures"]:
        each = (entry["values"][name][numbers["first"]] for name in names)
        values = [value for value in each if value is not None]
        gaps.append(max(values) - min(values) if values else -1.0)
    return np.argsort(-np.array(gaps), kind="stable").tolist()
