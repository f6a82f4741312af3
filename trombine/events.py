"""What a long job says while it runs: the bar, the server's stream and the tests read the same.

Every verb's `run(request)` yields these. `Started` comes first, `Done` last, whatever happened to
single files between. A job that cannot go on raises instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Started:
    """The job begins."""

    total: int  # how many steps it has
    what: str  # what a step is, in the plural: "pictures"


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps are over."""

    done: int
    total: int
    what: str


@dataclass(frozen=True)
class Picture:
    """One output is there."""

    path: Path | None  # None where it was not written to a file
    name: str


@dataclass(frozen=True)
class Notice:
    """Something the user should know; the job goes on."""

    file: Path | None  # which input or output it is about
    text: str


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


Event = Started | Progress | Picture | Notice | Skipped | Done
