"""What every verb that writes files refuses, one file or many: to write over what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trombine.files import identity, shown


class BatchError(Exception):
    """Asked for wrongly: one line that says why, and what to do. Nothing was done."""


def refuse_to_write_over(written: Iterable[Path], read: Iterable[Path]) -> None:
    """What is read stays as it is: a BatchError names the first file that would be written over."""
    inputs = set(map(identity, read))
    for path in written:
        if identity(path) in inputs:
            what = "is an input, and would be written over"
            raise BatchError(f"{shown(path)}: {what}; choose another -o")
