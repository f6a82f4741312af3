"""Methods beside one another: `judge compare`. How they are run and measured is in eval/."""

from __future__ import annotations

import json as jsons
from collections.abc import Sequence
from pathlib import Path

from trombine.commands.options import Json, OverPage, Page, Progress, Words, verb
from trombine.core.errors import InputError
from trombine.core.progress import Account, Result, silent
from trombine.core.texts import aligned
from trombine.eval.compare import (
    Method,
    figures_of,
    limits,
    method_of,
    numbers_of,
    outcome,
    references,
    report_of,
    text_of,
)
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
    protocols are, it is the net that comes with trombine for each task.

    Parameters
    ----------
    protocol
        A shipped one, a .toml file, or how several begin.
    methods
        What to compare, each in quotes where it has spaces.
    pictures
        The folder with the pictures of protocols that name some.
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
    chosen = [_methods(texts, file) for file in files]
    step, account, found = progress or silent, Account(), {}
    total, done = sum(len(every) for every, _ in chosen), 0
    for file, (every, asked) in zip(files, chosen, strict=True):
        given, outcomes = tuple(cases(file, pictures)), []
        for method in every:
            for note in method.notes:
                account.notice(f"{method.name}: {note}")
            step(done, total, f"methods, {method.name}")
            outcomes.append(outcome(method, file, given))
            done += 1
        numbers = numbers_of(file, given, outcomes, asked)
        # Of protocols that others know: seeds that are for that, or pictures that are shipped.
        if file.is_painted or file.name in shipped():
            for method in every:
                if method.kind != "reference":
                    figures = figures_of(numbers, method.name)
                    log_evaluation(file.protocol, method.weights or None, figures)
        if output is not None:
            account.write(*report_of(numbers, given, outcomes).write(output, numbers))
        found[Path(file.name)] = numbers
    step(total, total, "methods")
    several = [*found.values()]
    told = several if len(several) > 1 else several[0]
    text = "\n\n".join(map(text_of, several))
    text = jsons.dumps(told, indent=1, allow_nan=False) if json else text
    return account.result(text, found=found)


def _named(protocol: str, methods: Sequence[str]) -> tuple[list[str], list[str]]:
    """The protocols that are named, and the methods."""
    names, texts = [*(named(protocol) or (protocol,))], list[str]()
    for text in methods:
        more = () if Path(text).is_dir() else named(text)
        (names if more else texts).extend(more or (text,))
    if len(names) > len(set(names)):
        raise InputError("a protocol is named twice")
    return names, texts


def _methods(texts: Sequence[str], file: ProtocolFile) -> tuple[list[Method], list[str]]:
    """The methods that are named, or the usual one, each once, then the floor and the ceiling; and
    the names."""
    usual = TASKS[file.task].usual.format(*file.styles)
    named = [method_of(text, file) for text in texts or (usual,)]
    once = {method.name: method for method in (*named, *(method_of(t, file) for t in limits(file)))}
    return list(once.values()), list(dict.fromkeys(method.name for method in named))


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
