"""For what still tells of its work by events: the same as progress, messages and a Result."""

from __future__ import annotations

from collections.abc import Iterable

from trombine.batch.result import BAD_USAGE, exit_code
from trombine.events import (
    PERCENT,
    Description,
    Detail,
    Done,
    Event,
    Notice,
    Picture,
    Skipped,
    Started,
)
from trombine.events import Progress as Step
from trombine.progress import Progress, Result, log, silent
from trombine.refusal import InputError, shown


def result_of(events: Iterable[Event], progress: Progress | None) -> Result:
    """Run a job that yields events to its end. Where its only input is bad, raise that."""
    step = progress or silent
    done, total, unit, summary, kept = 0.0, 1.0, "", "", 0
    written, notices, skipped, found = [], [], {}, {}
    for event in events:
        if isinstance(event, Started):
            done, total, unit = 0, event.total, event.unit
            step(done, total, unit)
        elif isinstance(event, Step) and event.unit == PERCENT:
            step(int(done) + event.done / event.total, total, unit)
        elif isinstance(event, Step):
            done, total, unit = event.done, event.total, event.unit
            step(done, total, unit)
        elif isinstance(event, Picture) and event.path:
            written.append(event.path)
            log.log(20 if event.facts else 10, f"{shown(event.path)}: {event.facts}".rstrip(": "))
        elif isinstance(event, Notice):
            text = f"{shown(event.file)}: {event.text}" if event.file else event.text
            notices.append(text)
            log.warning(text)
        elif isinstance(event, Detail):
            log.debug(f"{shown(event.file)}: {event.text}" if event.file else event.text)
        elif isinstance(event, Skipped):
            skipped[event.file] = event.why
        elif isinstance(event, Description):
            found[event.file] = event.value
            summary += event.text + "\n"
        elif isinstance(event, Done):
            if exit_code(event) == BAD_USAGE:
                path, why = next(iter(skipped.items()))
                problem, _, remedy = why.partition("; ")
                raise InputError(problem, remedy, path=path)
            summary, kept = summary + event.summary, event.kept
    for path, why in skipped.items():
        log.error(f"skipped {shown(path)}: {why}")
    return Result(
        summary=summary,
        written=tuple(written),
        kept=kept,
        skipped=skipped,
        notices=tuple(notices),
        found=found,
    )
