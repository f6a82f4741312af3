"""Memory that ends: Python, NumPy and torch each say it otherwise, and here it is one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trombine.refusal import InputError

ENDED = "takes more memory than there is"
RELIEF = "end other programs, or take a smaller picture"

# What torch's errors, plain RuntimeErrors, and Python's of a thread without room hold.
_SIGNS = (
    "can't allocate memory",
    "not enough memory",
    "CUDA out of memory",
    "CUDA error: out of memory",
    "bad_alloc",
    "can't start new thread",
)


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory has ended."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


@contextmanager
def enough(path: Path, relief: str = RELIEF) -> Iterator[None]:
    """Inside, where memory ends over a file, an InputError says so."""
    try:
        yield
    except Exception as error:
        if not ran_out(error):
            raise
        raise InputError(ENDED, relief, path=path) from error
