"""What a long job says while it runs: the bar, the server's stream and the tests read the same.

Every verb's `run(request)` yields these. `Started` comes first, `Done` last, whatever happened to
single files between. A job that cannot go on raises instead. `ticked` makes events of what a
plain function says by calling another.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar


@dataclass(frozen=True)
class Started:
    """The job begins."""

    total: int  # how many steps it has
    unit: str  # what a step is, in the plural: "pictures"


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps are over."""

    done: int
    total: int
    unit: str


@dataclass(frozen=True)
class Picture:
    """One output is there."""

    path: Path | None  # None where it was not written to a file
    name: str
    facts: str = ""  # size, net, seconds: for people; "" of one of thousands


@dataclass(frozen=True)
class Notice:
    """Something the user should know; the job goes on."""

    file: Path | None  # which input or output it is about
    text: str


@dataclass(frozen=True)
class Detail:
    """What only a user who looks closely wants to know (-v): nets, tiles, where weights are."""

    file: Path | None  # which input or output it is about
    text: str


@dataclass(frozen=True)
class Description:
    """What an input shows, where no file is written of it."""

    file: Path
    text: str  # for people, or for another program
    value: Mapping[str, Any]  # the same, as JSON holds it


@dataclass(frozen=True)
class Skipped:
    """One input was bad and nothing was made of it; the others go on."""

    file: Path
    why: str


@dataclass(frozen=True)
class Done:
    """The job is over."""

    summary: str  # for people; one line, but what doctor found takes several
    written: int
    skipped: int
    kept: int  # outputs that were there already


Event = Started | Progress | Picture | Notice | Detail | Description | Skipped | Done
PERCENT = "percent"  # the unit of progress within a step, of which Started says how many there are

Tick = Callable[[int, int], None]
"""Told of each step of a job, how many of how many are over; it raises where the job is to end."""
Value = TypeVar("Value")


class UnwantedError(Exception):
    """A job that nobody waits for any more."""


def ticked(unit: str, job: Callable[[Tick], Value]) -> Generator[Progress, None, Value]:
    """Do a job that tells of its steps by calling a function, as events; return what it made.

    The job runs in a thread. Who closes this generator, or interrupts it by Ctrl-C, ends the job
    at its next step.
    """
    import threading
    from concurrent.futures import ThreadPoolExecutor
    from queue import SimpleQueue

    queue: SimpleQueue[Progress | None] = SimpleQueue()
    stop = threading.Event()

    def tick(done: int, total: int) -> None:
        if stop.is_set():
            raise UnwantedError
        queue.put(Progress(done, total, unit))

    with ThreadPoolExecutor(1) as pool:
        try:  # from before the job begins, as Ctrl-C may come at any moment
            future = pool.submit(job, tick)
            future.add_done_callback(lambda _: queue.put(None))
            while (event := queue.get()) is not None:
                yield event
        finally:
            stop.set()
    return future.result()


def returned(job: Generator[Any, None, Value]) -> Value:
    """What a job returns, for who does not care how far it is."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value
