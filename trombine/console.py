"""What a running verb looks like on a terminal: a bar while it works, a line for what went wrong.

Bar and lines go to the error stream, and a bar only if that is a terminal. The summary, and what
was found where no file is written of it, go to the output stream. Here, and in __main__ for errors,
what a file puts into a text (escapes, other writing directions) is written out, so that it cannot
reach the terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from trombine.batch.result import BAD_USAGE, exit_code
from trombine.events import Description, Done, Event, Notice, Progress, Skipped, Started
from trombine.refusal import printable, shown

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


def follow(events: Iterable[Event]) -> int:
    """Let a verb run to its end and show what it says; return its exit code."""
    summary, code = "", 0
    bar = _bar() if sys.stderr.isatty() else None
    with bar or nullcontext():
        for event in events:
            if bar:
                _draw(bar, event)
            if line := _line(event):
                _say(bar, line)
            if isinstance(event, Description):
                print(printable(event.text))
            if isinstance(event, Done):
                summary, code = event.summary, exit_code(event)
    if summary and code != BAD_USAGE:  # else the line that says why is all there is to say
        print(printable(summary))
    return code


def _bar() -> Bar:
    """What, a bar, how many of how many, how long still; it is gone when the verb is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    counts = (MofNCompleteColumn(), TimeRemainingColumn())
    return Bar(*columns, *counts, console=Console(stderr=True), transient=True)


def _draw(bar: Bar, event: Event) -> None:
    """Begin a bar, or move the one that was begun last."""
    if isinstance(event, Started):
        bar.add_task(shown(event.unit), total=event.total)
    elif isinstance(event, Progress) and bar.task_ids:
        last = bar.task_ids[-1]
        bar.update(last, completed=event.done, total=event.total, description=shown(event.unit))


def _line(event: Event) -> str:
    """What an event is worth saying even where no bar is drawn: one line, whatever is in it."""
    if isinstance(event, Skipped):
        return shown(f"trombine: skipped {event.file}: {event.why}")
    if isinstance(event, Notice):
        about = f"{event.file}: " if event.file else ""
        return shown(f"trombine: {about}{event.text}")
    return ""


def _say(bar: Bar | None, line: str) -> None:
    """One line above the bar, not wrapped: another program may read it, or has had enough."""
    with suppress(OSError):  # the work goes on, whoever hears of it
        if bar:
            bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, file=sys.stderr)
