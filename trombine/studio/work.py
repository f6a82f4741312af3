"""One job done by its verb, in the job's folder, and told to the store as it goes."""

from __future__ import annotations

import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from trombine.batch.result import BAD_USAGE, exit_code
from trombine.commands import VERBS
from trombine.events import Description, Done, Notice, Picture, Progress, Skipped, Started
from trombine.memory import ENDED, ran_out
from trombine.studio.fields import line_of, request_of
from trombine.studio.jobs import MOST_DEATHS, Job, Store

INPUTS: Final = "in"
MODEL: Final = (
    "model.txt"  # in a job's folder: where the model is that it names, if it is no shipped one
)
CHANGED: Final = "changed_outside"  # in a result: how many samples outside the hole changed
_OFTEN: Final = 0.1  # seconds between two tellings of progress
_FAULT: Final = "something broke in trombine itself; the studio's terminal says more"


def outputs(job: Job) -> str:
    """The folder, in the job's, that an attempt writes to: a former one is not in its way."""
    return f"out-{job.attempt}"


def do(store: Store, job: Job, in_a_line: Callable[[Exception], str | None]) -> None:
    """Do a job to its end; `in_a_line` gives the text of an error that is for people."""
    place = store.place(job.id)
    for former in place.glob("out-*"):
        shutil.rmtree(former, ignore_errors=True)
    (place / outputs(job)).mkdir()
    try:
        with _inside(place / INPUTS):
            result = _run(store, job, Path("..", outputs(job)))
    except Exception as error:
        text = f"{ENDED}; take a smaller picture" if ran_out(error) else in_a_line(error)
        if text is None:
            traceback.print_exc()
        result = text or _FAULT
    if isinstance(result, str):
        if store.is_full():  # it may be that: again once there is room, but not without end
            is_last = job.deaths + 1 >= MOST_DEATHS
            store.release(job.worker, problem=result if is_last else None)
        else:
            store.finish(job, problem=result)
    elif result is not None:
        store.finish(job, result=result)
    else:  # not wanted any more
        store.finish(job)


def _run(store: Store, job: Job, folder: Path) -> dict[str, Any] | str | None:
    """What became of it; a text: why nothing did; None: nobody waits for it any more."""
    module = import_module(f"trombine.verbs.{VERBS[line_of(job.verb)].module}")
    note = store.place(job.id) / MODEL
    model = Path(note.read_text()) if note.exists() else None
    request = request_of(job.verb, job.fields, folder, model)
    said: dict[str, list[Any]] = {"notices": [], "skipped": [], "found": []}
    told = 0.0
    with closing(module.run(request)) as events:
        for event in events:
            if not store.is_held(job):
                return None
            if isinstance(event, Progress) and event.done < event.total:
                if time.monotonic() - told < _OFTEN:
                    continue
                told = time.monotonic()
            _keep(event, said)
            if (saying := _said(event)) is not None:
                store.say(job, *saying)
            if isinstance(event, Done):
                if said["skipped"] and (exit_code(event) == BAD_USAGE or store.is_full()):
                    return f"{said['skipped'][0]['file']}: {said['skipped'][0]['why']}"
                summary = event.summary.removeprefix(f"{folder}: ")  # which is nobody's to know
                result = {"summary": summary, **said, "files": _files(folder)}
                return {**result, **_counted(job, request, folder)}
    return "ended without a result"


def _said(event: object) -> tuple[str, dict[str, Any]] | None:
    """An event as a kind and its fields; files by their names alone."""
    if isinstance(event, Started):
        return "started", {"total": event.total, "unit": event.unit}
    if isinstance(event, Progress):
        return "progress", {"done": event.done, "total": event.total, "unit": event.unit}
    if isinstance(event, Picture):
        return "picture", {"name": event.name, "facts": event.facts}
    if isinstance(event, Notice):
        return "notice", _notice(event)
    if isinstance(event, Skipped):
        return "skipped", _skipped(event)
    return None


def _keep(event: object, said: dict[str, list[Any]]) -> None:
    if isinstance(event, Notice):
        said["notices"].append(_notice(event))
    elif isinstance(event, Skipped):
        said["skipped"].append(_skipped(event))
    elif isinstance(event, Description):
        said["found"].append({"file": event.file.name, "value": dict(event.value)})


def _notice(event: Notice) -> dict[str, Any]:
    return {"file": event.file.name if event.file else None, "text": event.text}


def _skipped(event: Skipped) -> dict[str, Any]:
    return {"file": event.file.name, "why": event.why}


def _files(folder: Path) -> list[dict[str, Any]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
        for path in files
    ]


def _counted(job: Job, request: Any, folder: Path) -> dict[str, int]:
    """Of a repair of one picture, how many samples outside its hole changed."""
    if job.verb != "inpaint" or len(request.pictures) != 1:
        return {}
    from trombine.studio.counting import changed_outside

    (source,) = request.pictures
    result = next(
        path for path in folder.iterdir() if path.stem == f"{source.stem}{request.suffix}"
    )
    return {CHANGED: changed_outside(request, source, result)}


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Inside, names of files are those of this folder, as they are told to people."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
