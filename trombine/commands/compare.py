"""Methods beside one another: `judge compare`. How they are run and measured is in eval/."""

from __future__ import annotations

import json as jsons
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trombine.commands.options import Json, OverPage, Page, Progress, Words, verb
from trombine.core.errors import InputError
from trombine.core.progress import Account, Result, log, silent
from trombine.core.texts import aligned
from trombine.eval.compare import (
    CEILINGS,
    FLOORS,
    USUAL,
    Method,
    Outcome,
    method_of,
    outcome,
    references,
)
from trombine.eval.compare_report import figures_of, numbers_of, report_of, text_of
from trombine.eval.methods import TASKS
from trombine.eval.protocol_files import ProtocolFile, cases, load, named, shipped
from trombine.metrics import log_evaluation
from trombine.report import check_page


@verb
def judge_compare(
    protocol: str | Path = "",
    methods: Words = (),
    *,
    pictures: Path | None = None,
    fresh: bool = False,
    list: bool = False,
    json: Json = False,
    output: Page = None,
    overwrite: OverPage = False,
    progress: Progress = None,
) -> Result:
    """Compare methods under frozen protocols; without any, list what there is.

    For example:
      trombine judge compare
      trombine judge compare sharpen-x4

    A method is a baseline, a model by name or file, or a command in quotes that
    reads the folder {input} (where there is one) and writes the folder {output}.
    More protocols may stand among methods; where no method is named, and several
    protocols are, it is the net that comes with trombine for each task. Results
    are kept, so another method runs alone.

    Parameters
    ----------
    protocol
        A shipped one, a .toml file, or how several begin.
    methods
        What to compare, each in quotes where it has spaces.
    pictures
        The folder with the pictures of protocols that name some.
    fresh
        Run everything anew, also what is kept from before.
    list
        List the protocols, with their hashes.
    """
    if list or not protocol:
        return _listed(methods, json=json)
    names, texts = _named(str(protocol), methods)
    files = [load(name) for name in names]
    if not texts and len(files) == 1:
        return Result(summary=_described(files[0]))
    if output is not None:
        if len(files) > 1:
            raise InputError("a page is of one protocol", "name one, or leave -o out")
        if not overwrite:
            check_page(output)
    chosen = [_methods(texts or (_usual(file),), file) for file in files]
    step, account, found = progress or silent, Account(), {}
    total, done, kept = sum(len(every) for every, _ in chosen), 0, 0
    for file, (every, asked) in zip(files, chosen, strict=True):
        given, outcomes = tuple(cases(file, pictures)), []
        for method in every:
            for note in method.notes:
                account.notice(f"{method.name}: {note}")
            step(done, total, f"methods, {method.name}")
            outcomes.append(result := outcome(method, file, given, fresh=fresh))
            kept += not result.is_new
            how = "run" if result.is_new else "kept from before"
            log.debug(f"{method.name} ({method.hash}): {how}")
            done += 1
        numbers = numbers_of(file, given, outcomes, asked)
        _log(file, outcomes, numbers)
        if output is not None:
            account.write(*report_of(numbers, given, outcomes).write(output, numbers))
        found[Path(file.name)] = numbers
    step(total, total, "methods")
    several = [*found.values()]
    told = several if len(several) > 1 else several[0]
    text = "\n\n".join(map(text_of, several))
    text = jsons.dumps(told, indent=1, allow_nan=False) if json else text
    return account.result(text, found=found, kept=kept)


def _named(protocol: str, methods: Sequence[str]) -> tuple[list[str], list[str]]:
    """The protocols that are named, and the methods."""
    names, texts = [*(named(protocol) or (protocol,))], list[str]()
    for text in methods:
        more = () if Path(text).is_dir() else named(text)
        (names if more else texts).extend(more or (text,))
    if len(names) > len(set(names)):
        raise InputError("a protocol is named twice")
    return names, texts


def _usual(file: ProtocolFile) -> str:
    """What is compared where no method is named."""
    return USUAL[file.task].format(*file.styles)


def _methods(texts: Sequence[str], file: ProtocolFile) -> tuple[list[Method], list[str]]:
    """The methods that are named, each once, then the floor and the ceiling; and the names."""
    named = [method_of(text, file) for text in texts]
    limits = [method_of(text, file) for text in (FLOORS[file.task], CEILINGS[file.task])]
    once = {method.name: method for method in (*named, *limits)}
    return list(once.values()), list(dict.fromkeys(method.name for method in named))


def _log(file: ProtocolFile, outcomes: Sequence[Outcome], numbers: dict[str, Any]) -> None:
    """A line of bench/evaluations.jsonl for each net or baseline that was run now.

    Only of protocols that others know: seeds that are for that, or pictures that are shipped.
    """
    if not file.is_painted and file.name not in shipped():
        return
    for one in outcomes:
        if one.is_new and one.method.kind != "reference":
            figures = figures_of(numbers, one.method.name)
            log_evaluation(file.protocol, one.method.weights or None, figures)


def _listed(methods: Sequence[str], *, json: bool) -> Result:
    if methods:
        raise InputError("--list takes no methods")
    files = [load(name) for name in shipped()]
    entries = [{"name": f.name, "hash": f.protocol.hash, **f.protocol.canonical()} for f in files]
    rows = [("protocol", "hash", "task", "pictures", "what")]
    rows += [(f.name, f.protocol.hash, f.task, str(f.count), f.about) for f in files]
    text = jsons.dumps(entries, indent=1) if json else "\n".join(aligned(rows))
    return Result(summary=text, found={Path(entry["name"]): entry for entry in entries})


def _described(file: ProtocolFile) -> str:
    """What a protocol is, and which baselines there are for it."""
    names = ", ".join((*TASKS[file.task].baselines, *references(file)))
    return "\n".join(filter(None, (file.about, file.protocol.describe(), f"baselines: {names}")))
