"""What a verb says while it works, and what it returns.

Steps go to a callable, `progress(done, total, what)`: the command passes a bar, the studio a
stream, tests a list. What it raises ends the work. Messages go to the logger "trombine": INFO names
each file that was written, WARNING says what a user should know, DEBUG gives details (-v).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trombine.core.errors import InputError, shown

log = logging.getLogger("trombine")

Progress = Callable[[float, float, str], None]
"""Told after each step how much of how much is done, and what a step is: (3, 10, "pictures")."""
Tick = Callable[[int, int], None]
"""The same within one picture: how much of how much of it is done."""


def silent(done: float, total: float, what: str) -> None:
    """The progress of who does not ask for it."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a verb did."""

    summary: str = ""  # for people, one line or a table; the command prints it
    written: tuple[Path, ...] = ()  # in the order in which they were written
    kept: int = 0  # outputs that were there already
    skipped: Mapping[Path, str] = field(default_factory=dict)  # bad inputs: why
    notices: tuple[str, ...] = ()  # what was logged as a warning
    found: Mapping[Path, Any] = field(default_factory=dict)  # what pictures show, as JSON holds it

    def __str__(self) -> str:
        return self.summary


@dataclass(kw_only=True)
class Account:
    """Keeps what a Result says of a job's inputs and outputs, and logs it."""

    total: int = 0  # how many inputs there are, where that is known
    notices: list[str] = field(default_factory=list)
    skipped: dict[Path, str] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)

    def notice(self, text: str, path: Path | None = None) -> None:
        """Tell the user something."""
        line = f"{shown(path)}: {text}" if path else text
        self.notices.append(line)
        log.warning(line)

    def skip(self, path: Path, error: InputError) -> None:
        """Go on without a bad input; the only one is an error."""
        if self.total == 1:
            raise error if error.path else type(error)(error.problem, error.remedy, path=path)
        self.skipped[path] = error.why if error.path in (None, path) else str(error)
        log.error(f"skipped {shown(path)}: {self.skipped[path]}")

    def write(self, *paths: Path) -> None:
        """Files were written."""
        self.written += paths
        for path in paths:
            log.info(f"{shown(path)}: written")

    def result(
        self, summary: str, *, found: Mapping[Path, Any] | None = None, kept: int = 0
    ) -> Result:
        """What became of all."""
        return Result(
            summary=summary,
            written=tuple(self.written),
            kept=kept,
            skipped=self.skipped,
            notices=tuple(self.notices),
            found=dict(found or {}),
        )
