"""Writing packs: row after row, in a folder beside, until all is there; then one rename.

While it is written, the pack at NAME is the folder NAME.part. Rows are appended to plain files
(a full disk is then an error, not a crash of the mapping), and every few seconds they are forced
to the disk and their number is noted in begun.json. Whoever writes the same pack again goes on from
there: rows after the noted number are cut off. One process writes at a time; others wait, and find
the pack made.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

import numpy as np

from trombine import provenance
from trombine.data.columns import PAIR, TYPES, Row, base
from trombine.data.made import Maker, Sample, make_all, painter_hash
from trombine.data.pack import (
    FORMAT,
    INDEX,
    Pack,
    PackError,
    content_hash,
    hash_file,
    is_pack,
    part_of,
)
from trombine.data.places import BEGUN, check_part, is_of_a_pack, place_of_pack, writing
from trombine.data.workers import check_start
from trombine.events import Done, Event, Notice, Progress, Started
from trombine.files import atomic, shown
from trombine.lock import is_locked, locked

NOTE_SECONDS: Final = 5.0  # at most this much work is lost when the process is killed


class PackWriter:
    """Writes one pack; use it in a `with`, add rows from `writer.rows` on, then finish.

    Leaving the `with` before finish() keeps what is there, for the next writer of the same pack.
    """

    def __init__(self, path: Path, *, count: int, about: Mapping[str, Any]) -> None:
        """Begin a pack of `count` rows at `path`, or go on with it if its `about` is the same."""
        self.path, self.count = path, count
        self.part = part_of(path)
        self.begun: dict[str, Any] = {
            "about": dict(about),
            "count": count,
            "columns": {},
            "rows": 0,
        }
        self._files: dict[str, BinaryIO] = {}
        self._noted = time.monotonic()
        self._resume()

    @property
    def rows(self) -> int:
        """How many rows are there."""
        return self.begun["rows"]

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

    def add(self, row: Row) -> None:
        """Append one row: the same columns, types and shapes each time."""
        if not self._files:
            self._create(row)
        for name, column in self.begun["columns"].items():
            value = row[name]
            if str(value.dtype) != column["dtype"] or list(value.shape) != column["shape"][1:]:
                raise ValueError(f"row {self.rows} of {name} differs from the first")
            self._files[name].write(np.ascontiguousarray(value).tobytes())
        self.begun["rows"] += 1
        if time.monotonic() - self._noted > NOTE_SECONDS:
            self._note()

    def finish(self) -> None:
        """Make the pack complete: hash it, write its index, give it its name."""
        if self.rows != self.count:
            raise ValueError(f"{self.rows} rows of {self.count} are there")
        self._note()
        self._close()
        columns = {
            name: {**column, "sha256": hash_file(self.part / f"{name}.npy")}
            for name, column in self.begun["columns"].items()
        }
        index = {"format": FORMAT, "about": self.begun["about"], "columns": columns}
        index |= {"versions": provenance.versions(("numba",)), "hash": content_hash(index)}
        _write_json(self.part / INDEX, index)
        (self.part / BEGUN).unlink()
        _put_in_place(self.part, self.path)

    def _resume(self) -> None:
        """Go on with the folder beside, if it is of this pack and whole; else begin anew."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            found = json.loads((self.part / BEGUN).read_text())
            if {**found, "columns": {}, "rows": 0} == self.begun and self._reopen(found):
                self.begun = found
                return
        check_part(self.path)
        if self.part.exists():
            shutil.rmtree(self.part)
        self.part.mkdir(parents=True)
        self._note()  # by which it is known as ours

    def _reopen(self, found: dict[str, Any]) -> bool:
        """Open each column after the noted rows, and cut off what follows them."""
        for name, column in found["columns"].items():
            file = (self.part / f"{name}.npy").open("r+b")
            self._files[name] = file
            start = _write_head(file, column)
            row = np.dtype(column["dtype"]).itemsize * int(np.prod(column["shape"][1:]))
            end = start + found["rows"] * row
            if file.seek(0, os.SEEK_END) < end:
                self._close()
                return False
            file.truncate(end)
            file.seek(end)
        return True

    def _create(self, row: Row) -> None:
        for name, value in row.items():
            if TYPES.get(base(name)) != str(value.dtype):
                raise ValueError(f"a pack has no column {name} of {value.dtype}")
            column = {"dtype": str(value.dtype), "shape": [self.count, *value.shape]}
            self.begun["columns"][name] = column
            self._files[name] = (self.part / f"{name}.npy").open("w+b")
            _write_head(self._files[name], column)

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


def _write_head(file: BinaryIO, column: Mapping[str, Any]) -> int:
    """Write the head of a .npy file of this column; its length in bytes."""
    file.seek(0)
    descr = np.lib.format.dtype_to_descr(np.dtype(column["dtype"]))
    head = {"descr": descr, "fortran_order": False, "shape": tuple(column["shape"])}
    np.lib.format.write_array_header_1_0(file, head)
    return file.tell()


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def _put_in_place(part: Path, path: Path) -> None:
    """Rename the complete folder; an older pack of the name goes once the new one stands."""
    if not path.exists():
        part.rename(path)
        return
    old = path.with_name(f".trombine-{secrets.token_hex(6)}.old")  # a name that nobody has
    path.rename(old)
    part.rename(path)
    shutil.rmtree(old)


def about(maker: Maker, first_seed: int, count: int) -> dict[str, Any]:
    """What determines the rows of a maker's pack."""
    return {
        "kind": maker.kind,
        "styles": list(maker.styles),
        "size": maker.size,
        "first_seed": first_seed,
        "count": count,
        "painter": painter_hash(),
        "vector_names": list(maker.vector_names),
    }


def write_pack(
    path: Path,
    maker: Maker,
    *,
    first_seed: int,
    count: int,
    workers: int,
    overwrite: bool = False,
) -> Generator[Event, None, None]:
    """Make the pack of `count` seeds at `path`, or what is missing of it; keep a whole one."""
    check_start(workers)
    wanted = about(maker, first_seed, count)
    what = f"{shown(path)}: a pack of {maker.several(count)} of {maker.size} px"
    yield Started(total=count, what=maker.plural)
    with writing(path):
        target = place_of_pack(path)
        lock = target.with_name(target.name + ".lock")
        if is_locked(lock):
            yield Notice(file=path, text="is being made by another process; waiting for it")
        with locked(lock):
            if _keep(target, wanted, overwrite):
                yield Done(summary=f"{what} (was there)", written=0, skipped=0, kept=count)
                return
            with PackWriter(target, count=count, about=wanted) as writer:
                kept = writer.rows
                yield from _add_rows(writer, maker, first_seed, workers)
                writer.finish()
    yield Done(summary=what, written=count - kept, skipped=0, kept=kept)


def _add_rows(
    writer: PackWriter, maker: Maker, first_seed: int, workers: int
) -> Generator[Event, None, None]:
    """Paint and add the rows that a pack lacks."""
    seeds = range(first_seed + writer.rows, first_seed + writer.count)
    with closing(make_all(maker, seeds, workers)) as samples:
        for sample in samples:
            writer.add(row(sample))
            yield Progress(done=writer.rows, total=writer.count, what=maker.plural)


def _keep(path: Path, wanted: Mapping[str, Any], overwrite: bool) -> bool:
    """Whether the pack at `path` is what is wanted; raises PackError if it is in the way."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return False
    if not is_pack(path):
        raise PackError(path, "is not a pack", "choose another name")
    if overwrite:
        if not is_of_a_pack(path):
            what = "holds other files beside the pack, which would be lost"
            raise PackError(path, what, "move them away, or choose another name")
        return False
    if Pack(path).about != wanted:
        raise PackError(path, "is another pack", "choose another name, or --overwrite")
    return True


def row(sample: Sample) -> dict[str, np.ndarray]:
    """A sample as the row of a pack."""
    cells: dict[str, np.ndarray | None] = {}
    for prefix, side in zip(("", PAIR), sample.sides, strict=False):
        cells[f"{prefix}pictures"] = side.pixels
        cells[f"{prefix}parts"] = side.parts
        cells[f"{prefix}points"] = side.points
        cells[f"{prefix}visible"] = side.visible
    cells |= {"vectors": sample.vector, "seeds": np.array(sample.seed, np.int64)}
    return {name: cell for name, cell in cells.items() if cell is not None}
