"""Text tables that come with sets of pictures: a name and numbers a line, read fast.

    202599                                       image_id,lefteye_x,lefteye_y,...
    lefteye_x lefteye_y righteye_x ...           000001.jpg,69,109,...
    000001.jpg  69  109 ...

CelebA's own form is on the left: how many rows, what the numbers are, then the rows; the first
two lines may be missing. On the right is the form in which Kaggle ships the same. Numbers go
into one array; a line that is no row is an error that names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Float32, Int64

from trombine.io.files import opened
from trombine.refusal import InputError, shown

_BLOCK: Final = 8192  # rows turned to numbers at once
_AGAIN: Final = "copy it again from where it came, or take it away"
_MOST_DIGITS: Final = 12  # of how many rows there are
_LARGEST: Final = 2.0**31  # a number of a table, beyond which it is none
_MOST_SHOWN: Final = 40  # letters of what is wrong


@final
@dataclass(frozen=True, kw_only=True)
class Table:
    """Numbers by the name of a picture, in the order of the file."""

    path: Path
    names: list[str]
    columns: tuple[str, ...]  # what the numbers are; empty where the file does not say
    values: Float32[np.ndarray, "n k"]

    def rows_of(self, names: Sequence[str]) -> Int64[np.ndarray, "m"]:
        """Which row each of these names has; -1 where it has none."""
        place = {name: row for row, name in enumerate(self.names)}
        return np.array([place.get(name, -1) for name in names], np.int64)

    def of(self, names: Sequence[str]) -> Float32[np.ndarray, "m k"]:
        """The numbers of these names; NaN where there are none."""
        rows = self.rows_of(names)
        values = self.values[rows]
        values[rows < 0] = np.nan
        return values

    def wrong(self, row: int, problem: str) -> InputError:
        """What to raise where a row cannot be meant."""
        return InputError(
            f"is wrong about {_bounded(self.names[row])}: {problem}", _AGAIN, path=self.path
        )


def read_table(path: Path, *, width: int | None = None) -> Table:
    """The table in a file: of this many numbers a row, or as many as its first row has.

    Raises InputError, which names the line, for a row that is none.
    """
    lines = read_lines(path)
    comma = path.suffix.lower() == ".csv"
    count, columns, start = _head(path, lines, comma)
    rows = [(number, line) for number, line in enumerate(lines[start:], start + 1) if line.strip()]
    if count is not None and count != len(rows):
        problem = f"has {len(rows)} rows, and says that they are {count}"
        raise InputError(problem, _AGAIN, path=path)
    k = width or len(columns) or (len(_cells(rows[0][1], comma)) - 1 if rows else 0)
    if not rows or k < 1 or (columns and len(columns) != k):
        raise InputError(
            f"is not a table of a name and {k or 'some'} numbers a row", _AGAIN, path=path
        )
    blocks = [_block(path, rows[i : i + _BLOCK], k, comma) for i in range(0, len(rows), _BLOCK)]
    names = [name for block, _ in blocks for name in block]
    values = np.concatenate([numbers for _, numbers in blocks])
    return Table(path=path, names=names, columns=columns, values=values)


def read_lines(path: Path) -> list[str]:
    """The lines of a text file; raises InputError where it is no text."""
    with opened(path) as file:
        data = file.read()
    try:
        return [line.removesuffix("\r") for line in data.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"is not UTF-8 in line {number}", _AGAIN, path=path) from error


def is_count(text: str) -> bool:
    """Whether a text is a whole number, and not more digits than any set has pictures."""
    return text.isdecimal() and len(text) <= _MOST_DIGITS


def bad_line(path: Path, number: int, line: str) -> InputError:
    """What to raise for a line that cannot be read."""
    return InputError(f"cannot be read in line {number}: {_bounded(line)}", _AGAIN, path=path)


def _bounded(text: str) -> str:
    start = shown(text[:_MOST_SHOWN])
    return start if len(text) <= _MOST_SHOWN else f"{start}..."


def _head(path: Path, lines: list[str], comma: bool) -> tuple[int | None, tuple[str, ...], int]:
    """How many rows are promised, what the numbers are called, and where the rows begin."""
    if comma:
        return None, tuple(_cells(lines[0], comma)[1:]), 1
    first = lines[0].strip()
    if not first.isdecimal() or len(lines) < 2:
        return None, (), 0
    if not is_count(first):
        raise bad_line(path, 1, first)
    return int(lines[0]), tuple(lines[1].split()), 2


def _cells(line: str, comma: bool) -> list[str]:
    return [cell.strip() for cell in line.split(",")] if comma else line.split()


def _block(
    path: Path, rows: Sequence[tuple[int, str]], k: int, comma: bool
) -> tuple[list[str], Float32[np.ndarray, "b k"]]:
    """Names and numbers of some rows."""
    sign = "," if comma else None
    cut = [line.strip().split(sign, 1) for _, line in rows]
    try:
        texts = [numbers for _, numbers in cut]
        values = np.loadtxt(texts, np.float32, comments=None, delimiter=sign, ndmin=2)
    except ValueError:
        raise _wrong_row(path, rows, k, comma) from None
    if values.shape != (len(rows), k) or (np.abs(values) > _LARGEST).any():
        raise _wrong_row(path, rows, k, comma)
    return [name for name, _ in cut], values


def _wrong_row(path: Path, rows: Sequence[tuple[int, str]], k: int, comma: bool) -> InputError:
    """The first of these rows that is not a name and k numbers."""
    wrong = ((number, line) for number, line in rows if not _is_row(_cells(line, comma), k))
    return bad_line(path, *next(wrong, rows[0]))


def _is_row(cells: list[str], k: int) -> bool:
    try:
        numbers = [float(cell) for cell in cells[1:]]
    except ValueError:
        return False
    return len(numbers) == k and not any(abs(number) > _LARGEST for number in numbers)
