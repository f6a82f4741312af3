"""One process at a time: a lock file, which the system lets go of when its holder ends.

Where the system has no flock (Windows), nobody waits for anybody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

try:
    import fcntl
except ImportError:
    fcntl = None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, waiting for whoever holds it; it is gone afterwards."""
    if fcntl is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    fcntl.flock(file, fcntl.LOCK_EX)
    while not _is_at(path, file):  # the one before removed what we waited for
        file.close()
        file = path.open("a")
        fcntl.flock(file, fcntl.LOCK_EX)
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def is_locked(path: Path) -> bool:
    """Whether another process, or another place of this one, holds the lock now."""
    if fcntl is None or not path.exists():
        return False
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _is_at(path: Path, file: TextIO) -> bool:
    """Whether this open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
