"""Whether an error says that memory has ended; Python, NumPy and torch each say it otherwise."""

from __future__ import annotations

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
