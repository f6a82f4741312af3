"""One job done by its verb, in the job's folder, and told to the store as it goes."""

from __future__ import annotations

import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from trombine.commands.replay import places_in
from trombine.core.errors import InputError
from trombine.core.memory import ENDED, ran_out
from trombine.studio.api import arguments_of, function_of, parameters_of, takes_files
from trombine.studio.jobs import MOST_DEATHS, Job, Store

INPUTS: Final = "in"
MODEL: Final = (
    "model.txt"  # in a job's folder: where the model is that it names, if it is no shipped one
)
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
        if isinstance(error, InputError) and error.path:
            error.path = Path(error.path.name)  # the folder is nobody's to know
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


def _run(store: Store, job: Job, folder: Path) -> dict[str, Any] | None:
    """What became of it; None: nobody waits for it any more."""
    function, note = function_of(job.verb), store.place(job.id) / MODEL
    arguments = arguments_of(job.verb, job.fields)
    if note.exists():
        arguments["model"] = Path(note.read_text())
    has_pictures = takes_files(job.verb, "pictures") if "pictures" in arguments else False
    pictures = [arguments.pop("pictures")] if has_pictures else []
    if job.verb == "replay":  # of a stranger's records, on the server
        for picture in map(Path, pictures[0]):
            if places_in(picture):
                raise InputError("has a record that names a file", "make it anew", path=picture)
    told = 0.0

    def progress(done: float, total: float, what: str) -> None:
        nonlocal told
        if done < total and time.monotonic() - told < _OFTEN:
            return
        told = time.monotonic()
        if not store.is_held(job):
            raise _UnwantedError
        store.say(job, "progress", {"done": done, "total": total, "unit": what})

    try:
        takes = {one.name for one in parameters_of(function)}
        told_to = {"progress": progress} if "progress" in takes else {}
        result = function(*pictures, output=folder, **told_to, **arguments)
    except _UnwantedError:
        return None
    skipped = [{"file": path.name, "why": why} for path, why in result.skipped.items()]
    found = [{"file": path.name, "value": value} for path, value in result.found.items()]
    about = f"{pictures[0][0]}: " if pictures else ""
    notices = [{"text": text.removeprefix(about)} for text in result.notices]
    told_of = {"notices": notices, "skipped": skipped}
    summary = result.summary.removeprefix(f"{folder}: ")  # which is nobody's to know
    return {"summary": summary, **told_of, "found": found, "files": _files(folder)}


class _UnwantedError(BaseException):
    """Nobody waits for the job any more; no error that a library may catch."""


def _files(folder: Path) -> list[dict[str, Any]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
        for path in files
    ]


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Inside, names of files are those of this folder, as they are told to people."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
