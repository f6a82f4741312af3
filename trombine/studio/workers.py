"""The worker processes of a studio, and a thread for each that sends it jobs.

If a process dies, its job fails and the process is replaced. So is a process that does not stop a
cancelled job, or that ran out of memory, which is rarely given back.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Final

from trombine.__main__ import in_a_line, is_for_people, quieten
from trombine.core.calls import options_of
from trombine.core.computing import follow_parent
from trombine.core.errors import InputError
from trombine.core.memory import ENDED, available, ran_out
from trombine.core.progress import Progress, log
from trombine.studio.api import arguments_of, function_of, takes_files
from trombine.studio.jobs import INPUTS, OUTPUTS, PROGRESS, RUNNING, Job, Jobs

PATIENCE: Final = 3.0  # seconds in which a process must stop a cancelled job
LEAST_BYTES: Final = 2 << 30  # memory of a process: libraries and nets take half of it
_TURN: Final = 0.1  # seconds between checks of a job, and between reports of its progress
_NICE: Final = 5  # pages come before jobs
_DEADLY: Final = (
    "the process that worked on it ended: it ran out of memory, or somebody ended it; try again, or"
    " take a smaller picture"
)
_FAULT: Final = "something broke in trombine itself; the studio's terminal says more"


@contextmanager
def working(jobs: Jobs, count: int) -> Iterator[None]:
    """Run `count` worker processes while the block runs."""
    most_bytes = max(int(0.9 * (available() or 0)) // max(1, count), LEAST_BYTES)
    workers = [_Worker(jobs, most_bytes) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        jobs.close()
        for worker in workers:
            worker.end()
            worker.join()


class _Worker(threading.Thread):
    """A process, and the thread that sends it jobs and receives their progress."""

    process: SpawnProcess | None = None

    def __init__(self, jobs: Jobs, most_bytes: int) -> None:
        super().__init__(daemon=True)
        self.jobs, self.most_bytes = jobs, most_bytes

    def run(self) -> None:
        # Inherited by the processes that this thread starts.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._begin()
        while job := self.jobs.take():
            if self.process is not None and not self.process.is_alive():  # it died without a job
                self._begin()
            if not self._do(job):
                self.end()
                self._begin()
        self.end()

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.most_bytes), daemon=True)
        self.process.start()
        theirs.close()

    def _do(self, job: Job) -> bool:
        """Run a job; return whether the process can be used again."""
        cancelled: float | None = None  # when the process was asked to stop
        try:
            self.pipe.send((job.place, job.verb, job.fields, job.model))
            while True:
                if self.pipe.poll(_TURN):
                    kind, value = self.pipe.recv()
                    if kind != PROGRESS:
                        self.jobs.end(job, **value)
                        return ENDED not in str(value)  # also not of a picture that it skipped
                    self.jobs.progress(job, value)
                elif job.state != RUNNING and cancelled is None:
                    cancelled = time.monotonic()
                    self.pipe.send(None)
                elif cancelled is not None and time.monotonic() - cancelled > PATIENCE:
                    break
        except (EOFError, OSError):  # the process died
            pass
        self.jobs.end(job, problem=_DEADLY)
        return False


def _serve(pipe: Connection, most_bytes: int) -> None:
    """The main loop of a worker process; it ends without a word once the server has."""
    follow_parent()
    with suppress(EOFError, ConnectionError):
        _work(pipe, most_bytes)


def _work(pipe: Connection, most_bytes: int) -> None:
    os.nice(_NICE)
    quieten()
    if sys.platform == "linux":  # beyond this, allocations fail
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    log.addHandler(logging.NullHandler())  # messages are in the job's result
    if not pipe.poll():  # no job waits: load what takes longest
        import_module("trombine.commands.inpaint")
        import_module("trombine.commands.upscale")
    while True:
        told = 0.0
        if (job := pipe.recv()) is None:  # cancels a job that has already ended
            continue

        def progress(done: float, total: float, what: str) -> None:
            nonlocal told
            if pipe.poll():
                raise _UnwantedError
            if done >= total or time.monotonic() - told > _TURN:
                told = time.monotonic()
                with suppress(ConnectionError):  # the next look at the pipe ends this
                    pipe.send((PROGRESS, {"done": done, "total": total, "unit": what}))

        pipe.send(("end", do(*job, progress=progress)))


class _UnwantedError(BaseException):
    """The job was cancelled. No Exception, which a library might catch."""


def do(
    place: Path, verb: str, fields: Mapping[str, Any], model: Path | None, progress: Progress
) -> dict[str, Any]:
    """Run a job in its folder; return its result or problem, as arguments of `Jobs.end`."""
    (place / OUTPUTS).mkdir()
    before = Path.cwd()
    os.chdir(place / INPUTS)  # so that messages name files without this folder
    try:
        return {"result": _run(verb, fields, model, Path("..", OUTPUTS), progress)}
    except _UnwantedError:
        return {}
    except Exception as error:
        if isinstance(error, InputError) and error.path:
            error.path = Path(error.path.name)  # without the server's folder
        if ran_out(error):
            return {"problem": f"{ENDED}; take a smaller picture"}
        if is_for_people(error):
            return {"problem": in_a_line(error)}
        traceback.print_exc()
        return {"problem": _FAULT}
    finally:
        os.chdir(before)


def _run(
    verb: str, fields: Mapping[str, Any], model: Path | None, folder: Path, progress: Progress
) -> dict[str, Any]:
    function, arguments = function_of(verb), arguments_of(verb, fields)
    if model is not None:
        arguments["model"] = model
    has_pictures = "pictures" in arguments and takes_files(verb, "pictures")
    pictures = [arguments.pop("pictures")] if has_pictures else []
    if "progress" in options_of(function):
        arguments["progress"] = progress
    result = function(*pictures, output=folder, **arguments)
    # Names without the folder of the job; of a single picture, none is needed.
    is_one = bool(pictures) and len(pictures[0]) == 1
    about = f"{pictures[0][0]}: " if is_one else "pictures/"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "summary": result.summary.removeprefix(f"{folder}: "),
        "notices": [{"text": text.removeprefix(about)} for text in result.notices],
        "skipped": [{"file": path.name, "why": why} for path, why in result.skipped.items()],
        "found": [{"file": path.name, "value": value} for path, value in result.found.items()],
        "files": [
            {"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
            for path in files
        ],
    }
