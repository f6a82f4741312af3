"""What became of a verb: for a program, and as the exit code of a command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trombine.events import Description, Done, Event, Notice, Picture, Progress, Skipped
from trombine.refusal import InputError

OK, SOME_SKIPPED, BAD_USAGE = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a verb, for a program."""

    summary: str
    written: tuple[Path, ...]  # in the order in which they were made
    skipped: tuple[Skipped, ...]
    notices: tuple[Notice, ...]
    kept: int  # outputs that were there already
    found: tuple[Description, ...] = ()  # what inputs show, where no file was written of it


def exit_code(done: Done) -> int:
    """0 where all went well, 1 where inputs were skipped, 2 where the only one was."""
    if not done.skipped:
        return OK
    return BAD_USAGE if done.skipped == 1 and not done.written + done.kept else SOME_SKIPPED


def drain(events: Iterable[Event]) -> Result:
    """Run a verb to its end. Where its only input is bad, say so as an error, not as a result."""
    heard = [event for event in events if not isinstance(event, Progress)]  # of which are many
    done = next(event for event in heard if isinstance(event, Done))
    skipped = tuple(event for event in heard if isinstance(event, Skipped))
    if exit_code(done) == BAD_USAGE:
        problem, _, remedy = skipped[0].why.partition("; ")
        raise InputError(problem, remedy, path=skipped[0].file)
    paths = (event.path for event in heard if isinstance(event, Picture))
    return Result(
        summary=done.summary,
        written=tuple(path for path in paths if path is not None),
        skipped=skipped,
        notices=tuple(event for event in heard if isinstance(event, Notice)),
        kept=done.kept,
        found=tuple(event for event in heard if isinstance(event, Description)),
    )
