"""The writer of a pack: row after row, in a folder beside, until all is there; then one rename.

While it is written, the pack at NAME is the folder NAME.part, and begun.json in it is its journal
(journal.py): first what the pack is of, then a line for each picture, added or left out. What the
rows are of is packing.py's and preparing.py's affair.

The processes that decode pictures may put large cells into the columns' files themselves, each at
the place that its picture has among all: to send them to the writer would take longer than to
decode them. Once the writer is told of a picture, in order, it moves the cells up over those of
pictures that were left out before.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from trombine.data.columns import TYPES, Row, base
from trombine.data.journal import Journal, in_turn
from trombine.data.pack import (
    FORMAT,
    INDEX,
    NAMES,
    SKIPPED,
    content_hash,
    hash_file,
    head_of,
    part_of,
)
from trombine.data.places import (
    BEGUN,
    check_part,
    is_of_a_pack,
    keep_pack,
    place_of_pack,
    put_in_place,
    settle,
    writing,
)
from trombine.io.files import write_bytes
from trombine.progress import log
from trombine.record import versions
from trombine.refusal import shown
from trombine.texts import from_json


@dataclass(frozen=True, kw_only=True)
class Column:
    """The file of a column, for whoever writes cells into it."""

    path: Path
    dtype: str
    shape: tuple[int, ...]  # of a cell

    def entry(self, rows: int) -> dict[str, Any]:
        """What index.json says of it when it has so many rows."""
        return {"dtype": self.dtype, "shape": [rows, *self.shape]}

    @cached_property
    def size(self) -> int:
        """Bytes of a cell."""
        return np.dtype(self.dtype).itemsize * prod(self.shape)

    @cached_property
    def _start(self) -> int:
        return len(head_of(self.entry(0)))  # NumPy leaves room in it for any number of rows

    def at(self, place: int) -> int:
        """Where a cell begins in the file."""
        return self._start + place * self.size

    def write(self, place: int, cell: np.ndarray) -> None:
        """Put a cell at its place."""
        with self.path.open("r+b", buffering=0) as file:
            _write_at(file, self.bytes_of(cell), self.at(place))

    def bytes_of(self, cell: np.ndarray) -> bytes:
        """A cell as it is in the file; a ValueError for one of another column."""
        if cell.dtype != self.dtype or cell.shape != self.shape:
            raise ValueError(f"{cell.dtype} {cell.shape} is no cell of {self.path.name}")
        return np.ascontiguousarray(cell).tobytes()


class PackWriter:
    """Writes one pack, whose pictures are added or skipped in order, in opened() or a `with`.

    Leaving the `with` before finish() keeps what is there, for the next writer of the same pack.
    """

    def __init__(
        self,
        path: Path,
        *,
        about: Mapping[str, Any],
        count: int,
        shapes: Mapping[str, tuple[int, ...]],
    ) -> None:
        """For a pack of `count` pictures, with cells of these shapes; `about` says of what."""
        self._requested, self._about, self.count = path, dict(about), count
        with writing(path):
            self.path = place_of_pack(path)
        self.part = part_of(self.path)
        self.columns = {
            name: Column(path=self.part / f"{name}.npy", dtype=TYPES[base(name)], shape=shape)
            for name, shape in shapes.items()
        }
        self._names: list[str | None] = []  # a row's
        self.skipped: list[dict[str, str]] = []  # lines of skipped.jsonl
        self.existing = 0  # rows that were there
        self._stack = ExitStack()
        self._files: dict[str, IO[bytes]] = {}
        self._hashes: dict[str, Any] = {}  # SHA-256 of a column that is written in one go

    @property
    def rows(self) -> int:
        """How many rows are there."""
        return len(self._names)

    @property
    def done(self) -> int:
        """How many pictures were added or skipped."""
        return self.rows + len(self.skipped)

    @contextmanager
    def opened(self, *, overwrite: bool) -> Iterator[bool]:
        """Inside, rows are added; whether the pack was there whole. Nobody else writes meanwhile.

        What is in the way is an InputError.
        """
        with in_turn(self._requested):
            settle(self.path)
            if keep_pack(self.path, self._about, overwrite):
                if (self.part / BEGUN).is_file() and is_of_a_pack(self.part):
                    shutil.rmtree(self.part)  # of an --overwrite that was stopped
                yield True
                return
            with self:
                if self.done:
                    progress = f"{self.done:,} of {self.count:,} were there"
                    log.warning(
                        f"{shown(self._requested)}: goes on where it was stopped: {progress}"
                    )
                yield False
                self.finish()

    def __enter__(self) -> PackWriter:
        """Go on with the folder beside, if it is of this pack and whole; else begin anew."""
        check_part(self.path)
        self._journal = Journal(self.part / BEGUN)
        head = {"about": self._about, "columns": {n: c.shape for n, c in self.columns.items()}}
        head |= {"count": self.count}
        if not self._resume(_line(head)):
            self._begin(_line(head))
        self.existing = self.rows
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # a full disk: what was noted before stands
            self._journal.force()
        with suppress(OSError):
            self._stack.close()

    def add(self, row: Row, name: str | None = None) -> None:
        """Add a row; the cells that it lacks are in their columns, at the picture's place."""
        for key, column in self.columns.items():
            file, is_here = self._files[key], key in row
            if is_here:
                cell = column.bytes_of(row[key])
            else:
                cell = _read_at(file, column.size, column.at(self.done))
            if is_here or self.skipped:
                _write_at(file, cell, column.at(self.rows))
            if key in self._hashes:
                self._hashes[key].update(cell)
        self._note(name, "")
        self._names.append(name)

    def skip(self, name: str, why: str) -> None:
        """Leave a picture out, and say why."""
        self._note(name, why)
        self.skipped.append({"file": name, "why": why})
        self._hashes.clear()  # of heads that say more rows

    def _note(self, name: str | None, why: str) -> None:
        self._journal.note(_line([self.done, name, why]), self._files.values())

    def discard(self) -> None:
        """Leave nothing behind, for no pack can be made of this."""
        self._journal.remove()
        self._stack.close()
        shutil.rmtree(self.part)

    def finish(self) -> None:
        """Make the pack complete: hash it, write its index, give it its name."""
        if self.done != self.count:
            raise ValueError(f"{self.done} pictures of {self.count} are there")
        for name, column in self.columns.items():
            _write_at(self._files[name], head_of(column.entry(self.rows)), 0)
            self._files[name].truncate(column.at(self.rows))
        self._journal.force()
        columns = {
            name: {**column.entry(self.rows), "sha256": self._hash(name)}
            for name, column in self.columns.items()
        }
        index = {"format": FORMAT, "about": self._about, "columns": columns}
        if any(self._names):
            index["names"] = {"sha256": self._write_lines(NAMES, self._names)}
        if self.skipped:
            self._write_lines(SKIPPED, self.skipped)
        index |= {"versions": versions(("numba",)), "hash": content_hash(index)}
        text = json.dumps(index, indent=1, sort_keys=True) + "\n"
        write_bytes(self.part / INDEX, text.encode())
        self._journal.remove()
        self._stack.close()
        put_in_place(self.part, self.path)

    def _hash(self, name: str) -> str:
        if name in self._hashes:
            return self._hashes[name].hexdigest()
        return hash_file(self.columns[name].path)

    def _write_lines(self, name: str, values: Sequence[Any]) -> str:
        """Write a file of the pack, a value a line; its SHA-256."""
        data = "".join(f"{_line(value)}\n" for value in values).encode()
        write_bytes(self.part / name, data)
        return hashlib.sha256(data).hexdigest()

    def _resume(self, head: str) -> bool:
        """Go on after what was noted, if it is of this pack and all there."""
        first, *noted = self._journal.lines or [""]
        if first != head or len(noted) > self.count:
            return False
        with suppress(OSError, ValueError, TypeError):
            pictures = [_picture(place, line) for place, line in enumerate(noted)]
            names = [name for name, why in pictures if not why]
            self._open("r+b")
            if all(c.path.stat().st_size >= c.at(len(names)) for c in self.columns.values()):
                self._names = names
                self.skipped = [{"file": str(name), "why": why} for name, why in pictures if why]
                return True
        self._stack.close()
        return False

    def _begin(self, head: str) -> None:
        if self.part.exists():
            shutil.rmtree(self.part)
        self.part.mkdir(parents=True)
        self._journal = Journal(self.part / BEGUN)
        self._journal.note(head)  # by which it is known as ours
        self._open("x+b")
        for name, column in self.columns.items():
            self._hashes[name] = hashlib.sha256(head_of(column.entry(self.count)))

    def _open(self, mode: str) -> None:
        for name, column in self.columns.items():
            file = column.path.open(mode, buffering=0)
            self._files[name] = self._stack.enter_context(file)


def _picture(place: int, line: str) -> tuple[str | None, str]:
    """Name of a picture by its line of the journal, and why it was skipped, if it was."""
    noted, name, why = from_json(line)
    if noted != place or not isinstance(name, str | None) or not isinstance(why, str):
        raise ValueError("is a line of another picture")
    return name, why


def _write_at(file: IO[bytes], data: bytes, place: int) -> None:
    """Write all of it: where a disk fills up, a part is written first, and that is no error."""
    file.seek(place)
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[file.write(remaining) :]


def _read_at(file: IO[bytes], size: int, place: int) -> bytes:
    file.seek(place)
    return file.read(size)


def _line(value: Any) -> str:
    return json.dumps(value)
