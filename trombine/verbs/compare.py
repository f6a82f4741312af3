"""Methods beside one another: `judge compare`. How they are run and measured is in judge/."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trombine.events import Detail, Done, Event, Notice, Picture, Progress, Started
from trombine.refusal import InputError
from trombine.requests import Request
from trombine.texts import aligned

if TYPE_CHECKING:
    from trombine.judge.compare import Method, Outcome
    from trombine.judge.protocol_files import Case, ProtocolFile


@dataclass(frozen=True, kw_only=True)
class JudgeCompareRequest(Request):
    """Compare methods under frozen protocols; without any, list what there is.

    A method is a baseline, a model by name or file, or a command in quotes that reads the folder
    {input} (where there is one) and writes the folder {output}. Results are kept, so another method
    runs alone.
    """

    protocol: str = ""
    """A protocol that comes with trombine, or a .toml file; `portraits`: all that begin so."""
    methods: tuple[str, ...] = ()
    """What to compare, each in quotes where it has spaces; more protocols may stand among them. If
    several protocols and no method are named, the net that comes with trombine for each task."""
    pictures: Path | None = None
    """The folder with the pictures of protocols that name some."""
    fresh: bool = False
    """Run everything anew, also what is kept from before."""
    list: bool = False
    """List the protocols, with their hashes."""
    json: bool = False
    """The numbers as JSON, those of each picture too."""
    output: Path | None = None
    """A page to write, with the rank and with pictures: those on which methods disagree most."""
    overwrite: bool = False
    """Write over a page that trombine did not write."""


def run(request: JudgeCompareRequest) -> Iterator[Event]:
    """Run what is not kept, measure it, and rank; one protocol after the other."""
    from trombine.judge.compare_report import text_of
    from trombine.judge.protocol_files import load
    from trombine.pages import check_page

    if request.list or not request.protocol:
        yield Started(0, "protocols")
        yield Done(_listed(request), written=0, skipped=0, kept=0)
        return
    names, texts = _protocols(request)
    files = [load(name) for name in names]
    if not texts and len(files) == 1:
        yield Started(0, "methods")
        yield Done(_described(files[0]), written=0, skipped=0, kept=0)
        return
    if request.output is not None:
        if len(files) > 1:
            raise InputError("a page is of one protocol", "name one, or leave -o out")
        if not request.overwrite:
            check_page(request.output)
    methods = [_methods(texts or (_usual(file),), file) for file in files]
    count = sum(len(every) for every, _ in methods)
    yield Started(count, "methods")
    reports, outcomes = [], []
    for file, (every, listed) in zip(files, methods, strict=True):
        steps = range(len(outcomes) + 1, count + 1)
        found, report = yield from _compared(request, file, every, listed, steps)
        reports.append(report)
        outcomes += found
    if request.json:
        told = reports if len(reports) > 1 else reports[0]
        summary = json.dumps(told, indent=1, allow_nan=False)
    else:
        summary = "\n\n".join(map(text_of, reports))
    kept = sum(not outcome.is_new for outcome in outcomes)
    yield Done(summary, written=len(outcomes), skipped=0, kept=kept)


def _protocols(request: JudgeCompareRequest) -> tuple[list[str], list[str]]:
    """The protocols that are named, and the methods."""
    from trombine.judge.protocol_files import named

    names, texts = list(named(request.protocol) or (request.protocol,)), []
    for text in request.methods:
        more = () if Path(text).is_dir() else named(text)
        (names if more else texts).extend(more or (text,))
    if len(names) > len(set(names)):
        raise InputError("a protocol is named twice")
    return names, texts


def _usual(file: ProtocolFile) -> str:
    """What is compared where no method is named."""
    from trombine.judge.compare import USUAL

    return USUAL[file.task].format(*file.styles)


def _compared(
    request: JudgeCompareRequest,
    file: ProtocolFile,
    methods: list[Method],
    names: list[str],
    steps: range,
) -> Generator[Event, None, tuple[list[Outcome], dict[str, Any]]]:
    """The outcomes of methods under a protocol, and the report; a page, where one is asked for."""
    from trombine.judge.compare_report import check_comparable, report_of
    from trombine.judge.protocol_files import cases

    for method in methods:
        for note in method.notes:
            yield Notice(None, f"{method.name}: {note}")
    every = tuple(cases(file, request.pictures))
    outcomes = yield from _outcomes(methods, file, every, steps, fresh=request.fresh)
    report = report_of(file, every, outcomes, names)
    check_comparable(report)
    _log(file, outcomes, report)
    if request.output is not None:
        from trombine.judge.compare_page import write_page

        write_page(request.output, report, every, outcomes)
        yield Picture(request.output, request.output.name)
    return outcomes, report


def _methods(texts: Sequence[str], file: ProtocolFile) -> tuple[list[Method], list[str]]:
    """The methods that are named, each once, then the floor and the ceiling; and the names."""
    from trombine.judge.compare import CEILINGS, FLOORS, method_of

    named = [method_of(text, file) for text in texts]
    limits = [method_of(text, file) for text in (FLOORS[file.task], CEILINGS[file.task])]
    once = {method.name: method for method in (*named, *limits)}
    return list(once.values()), list(dict.fromkeys(method.name for method in named))


def _outcomes(
    methods: Sequence[Method],
    file: ProtocolFile,
    every: Sequence[Case],
    steps: range,
    *,
    fresh: bool,
) -> Generator[Event, None, list[Outcome]]:
    """Each method run, or what is kept of it; `steps`: these and all that follow."""
    from trombine.judge.compare import outcome

    outcomes = []
    for number, method in zip(steps, methods, strict=False):
        outcomes.append(outcome(method, file, every, fresh=fresh))
        how = "run" if outcomes[-1].is_new else "kept from before"
        yield Detail(None, f"{method.name} ({method.hash}): {how}")
        yield Progress(number, steps[-1], "methods")
    return outcomes


def _log(file: ProtocolFile, outcomes: Sequence[Outcome], report: dict[str, Any]) -> None:
    """A line of bench/evaluations.jsonl for each net or baseline that was run now.

    Only of protocols that others know: seeds that are for that, or pictures that are shipped.
    """
    from trombine.judge.compare_report import figures_of
    from trombine.judge.protocol_files import shipped
    from trombine.measures import log_evaluation

    if not file.is_painted and file.name not in shipped():
        return
    for outcome in outcomes:
        if outcome.is_new and outcome.method.kind != "reference":
            figures = figures_of(report, outcome.method.name)
            log_evaluation(file.protocol, outcome.method.weights or None, figures)


def _listed(request: JudgeCompareRequest) -> str:
    from trombine.judge.protocol_files import load, shipped

    if request.methods:
        raise InputError("--list takes no methods")
    files = [load(name) for name in shipped()]
    if request.json:
        entries = [
            {"name": f.name, "hash": f.protocol.hash, **f.protocol.canonical()} for f in files
        ]
        return json.dumps(entries, indent=1)
    rows = [("protocol", "hash", "task", "pictures", "what")]
    rows += [(f.name, f.protocol.hash, f.task, str(f.count), f.about) for f in files]
    return "\n".join(aligned(rows))


def _described(file: ProtocolFile) -> str:
    """What a protocol is, and which baselines there are for it."""
    from trombine.judge.compare import references
    from trombine.methods import TASKS

    names = ", ".join((*TASKS[file.task].baselines, *references(file)))
    return "\n".join(filter(None, (file.about, file.protocol.describe(), f"baselines: {names}")))
