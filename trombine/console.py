"""What a running verb looks like on a terminal: a bar while it works, lines for what was written.

Bar and lines go to the error stream, and a bar only if that is a terminal. The summary, and what
was found where no file is written of it, go to the output stream. Here, and in __main__ for errors,
what a file puts into a text (escapes, other writing directions) is written out, so that it cannot
reach the terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from trombine.batch.result import BAD_USAGE, exit_code
from trombine.events import (
    PERCENT,
    Description,
    Detail,
    Done,
    Event,
    Notice,
    Picture,
    Progress,
    Skipped,
    Started,
)
from trombine.refusal import printable, shown

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import Task


def follow(events: Iterable[Event], *, quiet: bool = False, verbose: bool = False) -> int:
    """Let a verb run to its end and show what it says; return its exit code.

    `quiet` leaves errors, and what was to be printed in place of files; `verbose` adds details.
    """
    summary, code, start = "", 0, time.perf_counter()
    bar = _bar() if sys.stderr.isatty() and not quiet else None
    with _drawn(bar):
        for event in events:
            if bar:
                _draw(bar, event)
            if line := _line(event, quiet=quiet, verbose=verbose):
                _say(bar, line)
            if isinstance(event, Description):
                _print(bar, event.text)
            if isinstance(event, Done):
                summary, code = event.summary, exit_code(event)
                if quiet and event.written + event.kept + event.skipped:
                    summary = ""  # of files; any other is what was to be printed
    if verbose:
        _say(None, f"trombine: {time.perf_counter() - start:.2f} s in all")
    if summary and code != BAD_USAGE:  # else the line that says why is all there is to say
        with suppress(BrokenPipeError):  # the code counts, whoever reads
            print(printable(summary))
    return code


def _bar() -> Bar:
    """What, a bar, how many of how many, how long still; it is gone when the verb is done."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Count(ProgressColumn):
        """The steps that are over, of a single step the percentage."""

        def render(self, task: Task) -> Text:
            done, total = task.completed, task.total or 0
            text = f"{done:4.0%}" if total == 1 else f"{int(done):,}/{total:,.0f}"
            return Text(text, style="progress.download")

    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    counts = (Count(), TimeRemainingColumn())
    # Rich would send to the error stream what is printed, also where the output is a file.
    console = Console(stderr=True)
    return Bar(*columns, *counts, console=console, transient=True, redirect_stdout=False)


@contextmanager
def _drawn(bar: Bar | None) -> Iterator[None]:
    """Inside, a bar is drawn, if there is one; the work goes on where its terminal has gone."""
    if bar is None:
        yield
        return
    with suppress(OSError):
        bar.start()
    try:
        yield
    finally:
        with suppress(OSError):
            bar.stop()


def _draw(bar: Bar, event: Event) -> None:
    """Begin a bar, or move the one that was begun last; percents are a part of its next step."""
    if isinstance(event, Started):
        unit = event.unit.removesuffix("s") if event.total == 1 else event.unit
        bar.add_task(shown(unit), total=event.total)
    elif isinstance(event, Progress) and bar.task_ids:
        last = bar.tasks[-1]
        if event.unit == PERCENT:
            bar.update(last.id, completed=int(last.completed) + event.done / event.total)
            return
        unit = shown(event.unit)
        unit = last.description if unit.removesuffix("s") == last.description else unit
        bar.update(last.id, completed=event.done, total=event.total, description=unit)


def _line(event: Event, *, quiet: bool, verbose: bool) -> str:
    """What an event is worth saying even where no bar is drawn: one line, whatever is in it."""
    if isinstance(event, Skipped):
        return shown(f"trombine: skipped {event.file}: {event.why}")
    if quiet:
        return ""
    if isinstance(event, Picture) and event.path and (event.facts or verbose):
        return shown(f"trombine: {event.path}" + (f": {event.facts}" if event.facts else ""))
    if isinstance(event, Notice) or (isinstance(event, Detail) and verbose):
        about = f"{event.file}: " if event.file else ""
        return shown(f"trombine: {about}{event.text}")
    return ""


def _print(bar: Bar | None, text: str) -> None:
    """Text for the output; above the bar where both are on a terminal."""
    if bar and sys.stdout.isatty():
        bar.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)
    else:
        print(printable(text))


def _say(bar: Bar | None, line: str) -> None:
    """One line above the bar, not wrapped: another program may read it, or has had enough."""
    with suppress(OSError):  # the work goes on, whoever hears of it
        if bar:
            bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, file=sys.stderr)
