"""Running out of memory: Python, NumPy and torch report it differently; here it is one error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trombine.core.errors import InputError

ENDED = "takes more memory than there is"
RELIEF = "end other programs, or take a smaller picture"

# Texts in RuntimeErrors of torch, and of Python when it cannot start a thread.
_SIGNS = (
    "can't allocate memory",
    "not enough memory",
    "CUDA out of memory",
    "CUDA error: out of memory",
    "MPS backend out of memory",
    "bad_alloc",
    "can't start new thread",
)


def ran_out(error: BaseException) -> bool:
    """Whether an error means that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


def available() -> int | None:
    """Available memory in bytes, by the system and the container; None if unknown."""
    amounts = [amount for amount in (_of_system(), _of_container()) if amount is not None]
    return min(amounts, default=None)


def _of_system() -> int | None:
    """Linux's MemAvailable; elsewhere half of the memory."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return None


def _of_container(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The rest of a container's limit, if it has one (cgroup 2)."""
    with suppress(OSError, ValueError):
        return int((root / "memory.max").read_text()) - int((root / "memory.current").read_text())
    return None


@contextmanager
def enough(path: Path, relief: str = RELIEF) -> Iterator[None]:
    """Turn running out of memory over a file into an InputError."""
    try:
        yield
    except Exception as error:
        if not ran_out(error):
            raise
        raise InputError(ENDED, relief, path=path) from error
