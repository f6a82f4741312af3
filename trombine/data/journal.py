"""How what is written can be stopped at any moment, and gone on with by the same command.

Packs, folders of pictures and sets of the hub are written by one process at a time (in_turn). The
writer of a pack notes in a journal what is done, a line each, once it is on the disk and never
before; who goes on trusts what is noted, and makes the rest again. index.json comes last, and ends
the journal.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from filelock import FileLock, Timeout

from trombine.data.places import writing
from trombine.io.files import cache_folder, clear_parts
from trombine.progress import log
from trombine.refusal import shown

NOTE_SECONDS: Final = 5.0  # at most this much work is lost when the process is killed


@contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Inside, no other process writes; what cannot be written is one line that names `path`."""
    with writing(path):
        place = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()
        lock = cache_folder() / "locks" / f"{place[:16]}.lock"
        held = FileLock(lock)
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            held.acquire(timeout=0)
        except Timeout:
            log.warning(f"{shown(path)}: is being written by another process; waiting for it")
            held.acquire()
        except OSError:  # a cache that cannot be written: nobody waits
            pass
        try:
            yield
        finally:
            held.release()


class Journal:
    """What is done, a line each, in a file; only whoever holds the lock may have it."""

    def __init__(self, path: Path) -> None:
        """Read what was noted, and clear up after a killed process: a line that it tore is none."""
        clear_parts(path.parent)
        data = path.read_bytes() if path.exists() else b""
        self._path, self._end = path, data.rfind(b"\n") + 1
        self.lines = data[: self._end].decode(errors="replace").splitlines()
        self._waiting: list[str] = []
        self._files: Collection[IO[bytes]] = ()
        self._noted = time.monotonic()

    def note(self, line: str, files: Collection[IO[bytes]] = ()) -> None:
        """Note what is done: at once; or if it is in `files`, every few seconds, with others."""
        self._waiting.append(line)
        self._files = files
        if not files or time.monotonic() - self._noted > NOTE_SECONDS:
            self.force()

    def force(self) -> None:
        """Note what waits, after forcing the files that it is in to the disk."""
        for file in self._files:
            os.fsync(file.fileno())
        if not self._waiting:
            return
        data = "".join(f"{line}\n" for line in self._waiting).encode()
        with self._path.open("ab") as journal:
            journal.truncate(self._end)  # what a kill, or a full disk, tore
            journal.write(data)
        self._end += len(data)
        self._waiting.clear()
        self._noted = time.monotonic()

    def remove(self) -> None:
        """End it: all is there and says so itself, or nothing is kept."""
        self._waiting, self._files, self._end = [], (), 0
        self._path.unlink(missing_ok=True)
