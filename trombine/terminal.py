"""A command on a terminal: a bar while it works, lines for what it logs, its result at the end.

Bar and lines go to the error stream; results go to the output stream. Where the error stream is no
terminal, a line now and then stands for the bar, so that long work is never silent. What a file
puts into a text (escapes, other writing directions) is written out, so that it cannot reach the
terminal.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from threading import Event, Thread
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from trombine.core.errors import printable, shown
from trombine.core.progress import Progress, Result, log, silent
from trombine.core.texts import duration

OK, SOME_SKIPPED = 0, 1
SILENCE = 10.0  # seconds without a line, after which one says how far the work is


def follow(call: Callable[[Progress], Any], *, quiet: bool = False, verbose: bool = False) -> int:
    """Call a verb with a progress of its own, print what it returns; the exit code."""
    start = time.perf_counter()
    with _shown(quiet=quiet, verbose=verbose) as progress:
        result = call(progress)
        log.debug(f"{time.perf_counter() - start:.2f} s in all")
    text = "" if result is None else str(result)
    done = result if isinstance(result, Result) else Result()
    # Such a result only counts files; what was found is what was to be printed.
    is_about_files = not done.found and (done.written or done.kept or done.skipped)
    if text and not (quiet and is_about_files):
        print(printable(text))
    return SOME_SKIPPED if done.skipped else OK


@contextmanager
def _shown(*, quiet: bool, verbose: bool) -> Iterator[Progress]:
    """Inside, what is logged is printed, and the progress moves a bar, or is told in lines."""
    bar = _bar() if sys.stderr.isatty() and not quiet else None
    work, handler, over = _Work(), _Lines(bar), Event()
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO)
    log.propagate = False
    task = bar.add_task("", total=None) if bar else None

    def progress(done: float, total: float, what: str) -> None:
        work.step(done, total, what)
        if bar and task is not None:
            # Before anything is done, the bar moves to and fro: it would stand at 0 %.
            of = total if work.done else None
            bar.update(task, completed=work.done, total=of, description=work.what)

    def tell() -> None:
        while not over.wait(1):
            now = time.monotonic()  # of long work, lines come ever more rarely
            if now - handler.last >= max(SILENCE, (now - work.start) / 3):
                log.info(str(work))

    if not (bar or quiet):
        Thread(target=tell, daemon=True).start()
    try:
        with bar or nullcontext():
            yield silent if quiet else progress
    finally:
        over.set()
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = True


def _bar() -> Bar:
    """What, a bar, how much of it, how long still; it is gone when the command is done."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    # Rich would send to the error stream what is printed, also where the output is a file.
    console = Console(stderr=True)
    return Bar(
        *columns,
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
    )


class _Work:
    """How far a command is: never less far than it was, but where its next phase begins."""

    def __init__(self) -> None:
        self.start = self.begun = time.monotonic()  # the command, its phase
        self.first = self.done = self.total = 0.0
        self.what = ""

    def step(self, done: float, total: float, what: str) -> None:
        """So much is done, as a Progress says it; several threads may say it out of order."""
        if total != self.total or self.done >= self.total:
            self.begun, self.first, self.done, self.total = time.monotonic(), done, done, total
        self.done, self.what = max(self.done, done), shown(what)

    def __str__(self) -> str:
        now = time.monotonic()
        name = f"{self.what}: " if self.what else ""
        if self.done <= self.first:
            return f"{name}at work for {duration(now - self.start)}"
        left = (now - self.begun) * (self.total - self.done) / (self.done - self.first)
        return f"{name}{self.done / self.total:.0%} done, about {duration(left)} left"


class _Lines(logging.Handler):
    """A line for each message, above the bar, not wrapped: another program may read it."""

    def __init__(self, bar: Bar | None) -> None:
        super().__init__()
        self.bar, self.last = bar, time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        line, self.last = f"trombine: {shown(record.getMessage())}", time.monotonic()
        with suppress(OSError):  # the work goes on, whoever hears of it
            if self.bar:
                self.bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
            else:
                print(line, file=sys.stderr)
