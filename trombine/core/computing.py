"""How many threads and processes compute: inside one piece of work, or on several side by side."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Final, TypeVar

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


# What libraries read for how many threads they compute with.
_THREADS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_FEW: Final = 4  # pieces of work for each process, below which none is worth the second it takes


class WorkerError(RuntimeError):
    """A worker process ended without a result."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_processes(
    work: Callable[[Given], Made],
    given: Sequence[Given],
    processes: int | None,
    *,
    at_once: int = 1,
) -> Generator[Made, None, None]:
    """What `work` makes of each, in their order, in so many processes; of one, in this one.

    None: one a core, where there is enough to do. A process is given `at_once` of them at a time;
    `work` and what is given must pickle. Who closes this generator ends what was not begun.
    """
    count = min(cores(), len(given) // (_FEW * at_once)) if processes is None else processes
    if count < 2:
        yield from map(work, given)
        return
    check_guard()
    context = multiprocessing.get_context("spawn")  # a fork would copy locks and threads
    pool = ProcessPoolExecutor(
        count, mp_context=context, initializer=_begin_worker, initargs=(work,)
    )
    try:
        with _begun_as_workers():
            results = pool.map(_work, given, chunksize=at_once)
        yield from results
    except BrokenProcessPool as error:
        raise WorkerError(
            f"a worker process was killed, or ran out of memory, or {_UNGUARDED}"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_UNGUARDED: Final = (
    "more than one worker was asked for in a script without `if __name__ == '__main__':`; put the"
    " call below such a line, or ask for one worker"
)


def check_guard() -> None:
    """Refuse what a worker does that runs its parent's script again, for want of a guard in it."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # has no public name
        raise WorkerError(_UNGUARDED)


@contextmanager
def _begun_as_workers() -> Iterator[None]:
    """Processes that are started inside compute with one thread each, and never see Ctrl-C, which
    a terminal sends to all of them."""
    usual = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    blocks = hasattr(signal, "pthread_sigmask")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if blocks else set()
    try:
        yield
    finally:
        if blocks:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in usual.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_of_worker: list[Callable[[Any], Any]] = []  # what a worker process does, sent to it once


def _begin_worker(work: Callable[[Any], Any]) -> None:
    _of_worker.append(work)
    follow_parent()


def follow_parent() -> None:
    """Let this process end when its parent has ended, however that ended, and not by Ctrl-C, which
    is the parent's to obey."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _work(one: Any) -> Any:
    return _of_worker[0](one)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
