"""The writer of a pack: row after row, in a folder beside, until all is there; then one rename.

While it is written, the pack at NAME is the folder NAME.part. Rows are appended to plain files
(a full disk is then an error, not a crash of the mapping), and every few seconds they are forced
to the disk and their number is noted in begun.json. Whoever writes the same pack again goes on from
there: rows after the noted number are cut off. One process writes at a time; others wait, and find
the pack made. What the rows are of is packing.py's and preparing.py's affair.

The processes that decode pictures may put large rows into their files themselves, each at its own
place (Slot): to send them to the writer would take longer than to decode them. The writer is told
of them in order all the same, and what it was not told of does not count.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

import numpy as np

from trombine import provenance
from trombine.data.columns import TYPES, Row, base
from trombine.data.pack import (
    FORMAT,
    INDEX,
    NAMES,
    SKIPPED,
    content_hash,
    hash_file,
    head_of,
    is_headed,
    part_of,
)
from trombine.data.places import (
    BEGUN,
    check_note,
    check_part,
    is_of_a_pack,
    keep_pack,
    place_of_pack,
    put_in_place,
    settle,
    writing,
)
from trombine.events import Event, Notice
from trombine.files import atomic
from trombine.lock import is_locked, locked
from trombine.texts import from_json

NOTE_SECONDS: Final = 5.0  # at most this much work is lost when the process is killed


def write_at(
    path: Path,
    about: Mapping[str, Any],
    fill: Callable[[Path], Generator[Event, None, None]],
    *,
    overwrite: bool,
) -> Generator[Event, None, bool]:
    """Let `fill` write the pack at `path` unless it is there, one process at a time.

    Returns whether it was there; what is in the way is an InputError.
    """
    with writing(path):
        target = place_of_pack(path)
        lock = target.with_name(target.name + ".lock")
        if is_locked(lock):
            yield Notice(file=path, text="is being made by another process; waiting for it")
        with locked(lock):
            settle(target)
            if keep_pack(target, about, overwrite):
                _remove_begun(target)
                return True
            yield from fill(target)
    return False


def _remove_begun(path: Path) -> None:
    """Remove what a stopped --overwrite left beside a pack that is wanted as it is."""
    part = part_of(path)
    if (part / BEGUN).is_file() and is_of_a_pack(part):
        shutil.rmtree(part)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where the rows of one column go, for whoever writes them beside the writer."""

    path: Path
    start: int  # bytes before the first row
    row: int  # bytes of a row

    def write(self, place: int, value: np.ndarray) -> None:
        """Put a row at the place that its picture has among all, the bad ones counted."""
        with self.path.open("r+b", buffering=0) as file:
            data = np.ascontiguousarray(value).tobytes()
            _write_all(file.fileno(), data, self.start + place * self.row)


class PackWriter:
    """Writes one pack; use it in a `with`, add or skip each picture from `seen` on, then finish.

    Leaving the `with` before finish() keeps what is there, for the next writer of the same pack.
    """

    def __init__(
        self, path: Path, *, count: int, about: Mapping[str, Any], slotted: Row | None = None
    ) -> None:
        """Begin a pack of `count` rows at `path`, or go on with it if its `about` is the same.

        Of the columns in `slotted`, a row of each, the rows are written to `slots` by others.
        """
        self.path, self.count = path, count
        self.part = part_of(path)
        self.begun: dict[str, Any] = {
            "about": dict(about),
            "count": count,
            "columns": {},
            "rows": 0,
            "names": 0,  # bytes
            "skipped": [],
        }
        self._slotted = slotted or {}
        self._files: dict[str, BinaryIO] = {}
        self._hashes: dict[str, Any] = {}  # SHA-256 of what is in each column's file so far
        self._noted = time.monotonic()
        self._resume()
        self.slots = {name: self._slot(name) for name in self._slotted}

    @property
    def rows(self) -> int:
        """How many rows are there."""
        return self.begun["rows"]

    @property
    def skipped(self) -> list[list[Any]]:
        """The pictures that were left out: place among all, name, reason."""
        return self.begun["skipped"]

    @property
    def seen(self) -> int:
        """How many pictures were added or left out."""
        return self.rows + len(self.skipped)

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._files:
            with suppress(OSError):  # a full disk: the note before stands
                self._note()
            with suppress(OSError):
                self._close()

    def add(self, row: Row, name: str | None = None) -> None:
        """Append one row: the same columns, types and shapes each time, all with a name or none."""
        if not self.rows:
            self._create(row)
            if name is not None:
                self._files[NAMES] = (self.part / NAMES).open("w+b")
        for column, said in self.begun["columns"].items():
            file = self._files[f"{column}.npy"]
            if slot := self.slots.get(column):
                cell = os.pread(file.fileno(), slot.row, slot.start + self.seen * slot.row)
            else:
                value = row[column]
                if value.dtype != said["dtype"] or [*value.shape] != said["shape"][1:]:
                    raise ValueError(f"row {self.rows} of {column} differs from the first")
                cell = np.ascontiguousarray(value).tobytes()
                file.write(cell)
            if column in self._hashes:
                self._hashes[column].update(cell)
        if name is not None:
            self.begun["names"] += self._files[NAMES].write(_line(name))
        self.begun["rows"] += 1
        self._note_in_time()

    def skip(self, name: str, why: str) -> None:
        """Leave a picture out, and say why."""
        self.skipped.append([self.seen, name, why])
        self._note_in_time()

    def discard(self) -> None:
        """Leave nothing behind, for no pack can be made of this."""
        self._close()
        shutil.rmtree(self.part)

    def finish(self) -> None:
        """Make the pack complete: hash it, write its index, give it its name."""
        if self.seen != self.count:
            raise ValueError(f"{self.seen} rows of {self.count} are there")
        if self.skipped and self._slotted:
            self._close_gaps()
        self._write_heads()
        self._note()
        self._close()
        columns = {
            name: {**column, "sha256": self._hash(name)}
            for name, column in self.begun["columns"].items()
        }
        index = {"format": FORMAT, "about": self.begun["about"], "columns": columns}
        if self.begun["names"]:
            index["names"] = {"sha256": hash_file(self.part / NAMES)}
        if self.skipped:
            lines = b"".join(_line({"file": name, "why": why}) for _, name, why in self.skipped)
            (self.part / SKIPPED).write_bytes(lines)
        index |= {"versions": provenance.versions(("numba",)), "hash": content_hash(index)}
        _write_json(self.part / INDEX, index)
        (self.part / BEGUN).unlink()
        put_in_place(self.part, self.path)

    def _resume(self) -> None:
        """Go on with the folder beside, if it is of this pack and whole; else begin anew."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            found = from_json((self.part / BEGUN).read_text())
            check_note(found, self.count)
            nothing = {name: self.begun[name] for name in ("columns", "rows", "names", "skipped")}
            if {**found, **nothing} == self.begun and self._reopen(found):
                self.begun = found
                return
        self._close()  # what was opened before one was found missing
        check_part(self.path)
        if self.part.exists():
            shutil.rmtree(self.part)
        self.part.mkdir(parents=True)
        self._note()  # by which it is known as ours
        self._create(self._slotted)

    def _reopen(self, found: dict[str, Any]) -> bool:
        """Open each file after what was noted of it, and cut off what follows."""
        if not found["rows"]:
            return False
        written = _end_of_rows(found)
        for name, column in found["columns"].items():
            file = self._files[f"{name}.npy"] = (self.part / f"{name}.npy").open("r+b")
            there = written if name in self._slotted else found["rows"]
            end = len(head_of(column)) + there * _row_bytes(column)
            if not is_headed(file, column) or not _cut(file, end):
                self._close()
                return False
        if found["names"]:
            names = self._files[NAMES] = (self.part / NAMES).open("r+b")
            if not _cut(names, found["names"]):
                self._close()
                return False
        return True

    def _create(self, row: Row) -> None:
        """Begin a file for each column that has none."""
        for name in row.keys() - self.begun["columns"].keys():
            if TYPES.get(base(name)) != str(row[name].dtype):
                raise ValueError(f"a pack has no column {name} of {row[name].dtype}")
            column = {"dtype": str(row[name].dtype), "shape": [self.count, *row[name].shape]}
            self.begun["columns"][name] = column
            file = self._files[f"{name}.npy"] = (self.part / f"{name}.npy").open("w+b")
            _write_head(file, column)
            file.flush()
            self._hashes[name] = hashlib.sha256(head_of(column))

    def _hash(self, name: str) -> str:
        """The SHA-256 of a column's file: known by now if all of it was written in one go."""
        if name in self._hashes and not self.skipped:
            return self._hashes[name].hexdigest()
        return hash_file(self.part / f"{name}.npy")

    def _slot(self, name: str) -> Slot:
        column = self.begun["columns"][name]
        return Slot(
            path=self.part / f"{name}.npy", start=len(head_of(column)), row=_row_bytes(column)
        )

    def _close_gaps(self) -> None:
        """Move rows up over those of pictures that were skipped."""
        # Where that breaks off, no row is where it should be: until it is done none is noted.
        rows, self.begun["rows"] = self.rows, 0
        self._note()
        gone = {place for place, _, _ in self.skipped}
        kept = [place for place in range(self.count) if place not in gone]
        for name, slot in self.slots.items():
            file = self._files[f"{name}.npy"].fileno()
            for place, now in enumerate(kept):
                if place != now:
                    row = os.pread(file, slot.row, slot.start + now * slot.row)
                    _write_all(file, row, slot.start + place * slot.row)
            os.ftruncate(file, slot.start + len(kept) * slot.row)
        self.begun["rows"] = rows

    def _write_heads(self) -> None:
        """Say in each file how many rows there are, now that it is known."""
        for name, column in self.begun["columns"].items():
            file = self._files[f"{name}.npy"]
            length = _write_head(file, column)
            column["shape"][0] = self.rows
            if _write_head(file, column) != length:  # NumPy leaves room for any number
                raise ValueError(f"the head of {name} has another length for {self.rows} rows")

    def _note_in_time(self) -> None:
        if time.monotonic() - self._noted > NOTE_SECONDS:
            self._note()

    def _note(self) -> None:
        """Force the rows to the disk, then note how many they are: never the other way round."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        _write_json(self.part / BEGUN, self.begun)
        self._noted = time.monotonic()

    def _close(self) -> None:
        """Close all files, even if closing one fails: a full disk may say so only now."""
        with ExitStack() as stack:
            for file in self._files.values():
                stack.callback(file.close)
            self._files = {}


def _end_of_rows(found: Mapping[str, Any]) -> int:
    """The place after the last row in a slot: of pictures skipped since nothing was written."""
    end = found["rows"] + len(found["skipped"])
    gone = {place for place, _, _ in found["skipped"]}
    while end - 1 in gone:
        end -= 1
    return end


def _write_all(file: int, data: bytes, at: int) -> None:
    """Write all of it: where a disk fills up, a part is written first, and that is no error."""
    done = 0
    while done < len(data):
        done += os.pwrite(file, data[done:], at + done)


def _cut(file: BinaryIO, end: int) -> bool:
    """Cut the file off at `end` and stand there; whether it was that long."""
    if file.seek(0, os.SEEK_END) < end:
        return False
    file.truncate(end)
    file.seek(end)
    return True


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode() + b"\n"


def _write_head(file: BinaryIO, column: Mapping[str, Any]) -> int:
    """Write the head of a .npy file of this column; its length in bytes."""
    file.seek(0)
    return file.write(head_of(column))


def _row_bytes(column: Mapping[str, Any]) -> int:
    return np.dtype(column["dtype"]).itemsize * int(np.prod(column["shape"][1:]))


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
