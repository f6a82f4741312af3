"""A verb on a terminal: a bar while it works, lines for what it logs, its result at the end.

Bar and lines go to the error stream, and a bar only if that is a terminal; results go to the output
stream. What a file puts into a text (escapes, other writing directions) is written out, so that it
cannot reach the terminal.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from trombine.core.errors import printable, shown
from trombine.core.progress import Progress, Result, log, silent

OK, SOME_SKIPPED = 0, 1


def follow(call: Callable[[Progress], Any], *, quiet: bool = False, verbose: bool = False) -> int:
    """Call a verb with a progress of its own, print what it returns; the exit code."""
    start = time.perf_counter()
    with _shown(quiet=quiet, verbose=verbose) as progress:
        result = call(progress)
        log.debug(f"{time.perf_counter() - start:.2f} s in all")
    text = "" if result is None else str(result)
    if text and not (quiet and _is_about_files(result)):
        print(printable(text))
    return SOME_SKIPPED if isinstance(result, Result) and result.skipped else OK


def _is_about_files(result: Any) -> bool:
    """Whether a result only counts files; what was found is what was to be printed."""
    if not isinstance(result, Result) or result.found:
        return False
    return bool(result.written or result.kept or result.skipped)


@contextmanager
def _shown(*, quiet: bool, verbose: bool) -> Iterator[Progress]:
    """Inside, what is logged is printed, and the progress moves a bar."""
    bar = _bar() if sys.stderr.isatty() and not quiet else None
    handler = _Lines(bar)
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO)
    log.propagate = False
    task = bar.add_task("", total=None) if bar else None

    def progress(done: float, total: float, what: str) -> None:
        if bar and task is not None:
            bar.update(task, completed=done, total=total, description=shown(what))

    try:
        with bar or nullcontext():
            yield progress if bar else silent
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = True


def _bar() -> Bar:
    """What, a bar, how much of it, how long still; it is gone when the verb is done."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    counts = (TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
    # Rich would send to the error stream what is printed, also where the output is a file.
    console = Console(stderr=True)
    return Bar(*columns, *counts, console=console, transient=True, redirect_stdout=False)


class _Lines(logging.Handler):
    """A line for each message, above the bar, not wrapped: another program may read it."""

    def __init__(self, bar: Bar | None) -> None:
        super().__init__()
        self.bar = bar

    def emit(self, record: logging.LogRecord) -> None:
        line = f"trombine: {shown(record.getMessage())}"
        with suppress(OSError):  # the work goes on, whoever hears of it
            if self.bar:
                self.bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
            else:
                print(line, file=sys.stderr)
