"""How many threads compute: inside one piece of work, or on pieces of work side by side."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


@contextmanager
def computing(threads: int | None) -> Iterator[None]:
    """Inside, torch, if it is loaded, computes with so many threads, where they are given.

    torch keeps their number for each thread of Python, and one more for those that have yet to
    compute: they take it when they first do, or ask. So ask first, lest ours be overwritten then;
    and of calls at the same time none puts back a number that was another's for the moment.
    """
    torch = _torch()
    if threads is None or torch is None or max(1, threads) == torch.get_num_threads():
        yield
        return
    usual = torch.get_num_threads()
    torch.set_num_threads(max(1, threads))
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def in_turn(
    work: Callable[[Given], Made], given: Iterable[Given], threads: int
) -> Generator[Made, None, None]:
    """What `work` makes of each, in their order, `threads` worked on at a time, each on one.

    Who closes this generator ends what was not begun.
    """
    ahead: deque[Future[Made]] = deque()
    with (
        computing(1),
        ThreadPoolExecutor(threads, initializer=_alone) as pool,
    ):
        try:
            for one in given:
                ahead.append(pool.submit(work, one))
                if len(ahead) > 2 * threads:  # so that no thread waits while one is told of
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _torch() -> Any:
    """torch, where it is loaded: what paints does without."""
    return sys.modules.get("torch")


def _alone() -> None:
    """Let torch compute on this thread alone."""
    if torch := _torch():
        torch.set_num_threads(1)
