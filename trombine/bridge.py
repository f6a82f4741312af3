"""For what still tells of its work by events: the same as progress, messages and a Result."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

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

Value = TypeVar("Value")


def result_of(events: Iterable[Event], progress: Progress | None) -> Result:
    """Run a job that yields events to its end. Where its only input is bad, raise that."""
    listener = Listener(progress)
    listener.follow(_all(events))
    return listener.result()


def _all(events: Iterable[Event]) -> Generator[Event, None, None]:
    yield from events


class Listener:
    """Hears the events of jobs, as progress and messages, and keeps what a Result says of them."""

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress or silent
        self.done, self.total, self.unit = 0.0, 1.0, ""
        self.described, self.summary, self.made, self.kept = "", "", 0, 0
        self.written: list[Path] = []
        self.notices: list[str] = []
        self.skipped: dict[Path, str] = {}
        self.found: dict[Path, Any] = {}

    def follow(self, job: Generator[Event, None, Value]) -> Value:
        """Run a job to its end; what it returns."""
        try:
            while True:
                self.hear(next(job))
        except StopIteration as end:
            return end.value
        finally:
            job.close()

    def step(self, done: float, total: float, unit: str) -> None:
        """So many steps are over."""
        self.done, self.total, self.unit = done, total, unit
        self.progress(done, total, unit)

    def notice(self, path: Path | None, text: str) -> None:
        """Tell the user something."""
        line = f"{shown(path)}: {text}" if path else text
        self.notices.append(line)
        log.warning(line)

    def skip(self, path: Path, why: str) -> None:
        """Go on without an input."""
        self.skipped[path] = why

    def write(self, path: Path, facts: str = "") -> None:
        """A file was written."""
        self.written.append(path)
        log.log(logging.INFO if facts else logging.DEBUG, f"{shown(path)}: {facts}".rstrip(": "))

    def hear(self, event: Event) -> None:
        """Pass an event on."""
        if isinstance(event, Started):
            self.step(0, event.total, event.unit)
        elif isinstance(event, Step) and event.unit == PERCENT:
            self.progress(int(self.done) + event.done / event.total, self.total, self.unit)
        elif isinstance(event, Step):
            self.step(event.done, event.total, event.unit)
        elif isinstance(event, Picture) and event.path:
            self.write(event.path, event.facts)
        elif isinstance(event, Notice):
            self.notice(event.file, event.text)
        elif isinstance(event, Detail):
            log.debug(f"{shown(event.file)}: {event.text}" if event.file else event.text)
        elif isinstance(event, Skipped):
            self.skip(event.file, event.why)
        elif isinstance(event, Description):
            self.found[event.file] = event.value
            self.described += event.text + "\n"
        elif isinstance(event, Done):  # of a job within this one, or its own
            self.summary, self.made, self.kept = event.summary, event.written, event.kept

    def result(
        self, summary: str = "", *, made: int = 0, found: Mapping[Path, Any] | None = None
    ) -> Result:
        """What became of all. Of `made` results none, and one input that is bad: raise that."""
        if len(self.skipped) == 1 and not made + self.made + self.kept:
            ((path, why),) = self.skipped.items()
            problem, _, remedy = why.partition("; ")
            raise InputError(problem, remedy, path=path)
        for path, why in self.skipped.items():
            log.error(f"skipped {shown(path)}: {why}")
        return Result(
            summary=summary or self.described + self.summary,
            written=tuple(self.written),
            kept=self.kept,
            skipped=self.skipped,
            notices=tuple(self.notices),
            found=self.found | dict(found or {}),
        )
