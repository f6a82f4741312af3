"""Progress, messages and the Result of a command's function.

Steps go to a callable, `progress(done, total, what)`: the command passes a bar, the studio a
stream, tests a list. An exception from it ends the work. Messages go to the logger "trombine": INFO
names each written file, WARNING is what a user should know, DEBUG gives details (-v).
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
"""Called after each step with what is done, the total, and the unit: (3, 10, "pictures")."""
Tick = Callable[[int, int], None]
"""The same within one picture."""


def unheard(done: int, of: int) -> None:
    """A Tick that nobody asked for."""


def part_of(tick: Tick, number: int, of: int) -> Tick:
    """The Tick of one of `of` parts of what a Tick reports."""
    return lambda done, total: tick(number * total + done, of * total)


def silent(done: float, total: float, what: str) -> None:
    """Progress that nobody asked for."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a command's function did."""

    summary: str = ""  # one line or a table; the command prints it
    written: tuple[Path, ...] = ()  # in order
    kept: int = 0  # outputs that existed already
    skipped: Mapping[Path, str] = field(default_factory=dict)  # bad inputs: why
    notices: tuple[str, ...] = ()  # warnings
    found: Mapping[Path, Any] = field(default_factory=dict)  # what pictures show, as JSON
    outputs: Mapping[str, Any] = field(default_factory=dict)  # of a picture in memory, by name

    def __str__(self) -> str:
        return self.summary


@dataclass(kw_only=True)
class Account:
    """Collects a Result's inputs and outputs, and logs them."""

    total: int = 0  # number of inputs, if known
    notices: list[str] = field(default_factory=list)
    skipped: dict[Path, str] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)

    def notice(self, text: str, path: Path | None = None) -> None:
        """Warn the user."""
        line = f"{shown(path)}: {text}" if path else text
        self.notices.append(line)
        log.warning(line)

    def skip(self, path: Path, error: InputError) -> None:
        """Continue without a bad input; if it is the only one, raise its error."""
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
        """The Result."""
        return Result(
            summary=summary,
            written=tuple(self.written),
            kept=kept,
            skipped=self.skipped,
            notices=tuple(self.notices),
            found=dict(found or {}),
        )
