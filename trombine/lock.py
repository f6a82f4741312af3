"""One process at a time: a lock file, which the system lets go of when its holder ends.

`locked` waits for whoever holds it; `alone` does not, and says who. Where there is no flock
(Windows, some network disks), nobody waits for anybody.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

try:
    import fcntl
except ImportError:
    fcntl = None

_PATIENCE: Final = 0.5  # seconds: whoever only asks `is_locked` holds it for an instant
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}


class LockedError(Exception):
    """Another process holds the lock."""

    def __init__(self, holder: int | None) -> None:
        super().__init__(holder)
        self.holder = holder  # its process id; None where it has not said


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, waiting for whoever holds it; it is gone afterwards.

    A file of that name that holds anything, poetry.lock perhaps, is locked and stays.
    """
    if fcntl is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    _wait(file)
    while not _is_at(path, file):  # the one before removed what we waited for
        file.close()
        file = path.open("a")
        _wait(file)
    with file:
        try:
            yield
        finally:
            if not os.fstat(file.fileno()).st_size:  # else it is a file of somebody's
                path.unlink(missing_ok=True)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, or raise LockedError at once; the file stays.

    While it is held, the file says by which process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _take(file)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def is_locked(path: Path) -> bool:
    """Whether another process, or another place of this one, holds the lock now."""
    if fcntl is None or not path.exists():
        return False
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # gone since, not ours to open, or on a disk without locks
        return False
    return False


def holder(path: Path) -> int | None:
    """The process that holds the lock of `alone` now; None where none does, or has said so."""
    if not is_locked(path):
        return None
    with path.open("r") as file:
        return _holder(file)


def _take(file: TextIO) -> None:
    """Lock this file, or raise LockedError once it is clear that its holder stays."""
    if fcntl is None:
        return None
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise LockedError(_holder(file)) from error
            time.sleep(_PATIENCE / 20)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return None
            raise


def _wait(file: TextIO) -> None:
    """Lock this file, after whoever holds it; nothing where the disk has no locks."""
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def _holder(file: TextIO) -> int | None:
    file.seek(0)
    text = file.read(20).strip()
    return int(text) if text.isdigit() else None


def _is_at(path: Path, file: TextIO) -> bool:
    """Whether this open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
