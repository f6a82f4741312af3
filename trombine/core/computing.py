"""Threads and processes: how many compute one piece of work, and several pieces in parallel."""

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
    """Let torch, if it is loaded, compute with this number of threads while the block runs.

    torch keeps the number per thread of Python, and a default that a thread takes when it first
    computes or asks. So ask first, or the default would overwrite ours; and concurrent calls do not
    restore each other's numbers.
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
    """Map `work` over `given` in order, in `threads` threads, each computing with one.

    Closing the generator cancels pieces that have not begun.
    """
    ahead: deque[Future[Made]] = deque()
    with (
        computing(1),
        ThreadPoolExecutor(threads, initializer=_alone) as pool,
    ):
        try:
            for one in given:
                ahead.append(pool.submit(work, one))
                if len(ahead) > 2 * threads:  # so that no thread idles while a result is used
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def ahead(endless: Iterator[Made]) -> Generator[Made, None, None]:
    """The same things without end, each made in a thread while the one before is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, endless)
        while True:
            made = coming.result()
            coming = pool.submit(next, endless)
            yield made


def _torch() -> Any:
    """torch, if it is loaded; painting works without."""
    return sys.modules.get("torch")


def _alone() -> None:
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
_FEW: Final = 4  # pieces per process, below which starting it (a second) is not worth it


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
    """Map `work` over `given` in order, in so many processes; with one, in this process.

    None: one per core, if there is enough to do. A process gets `at_once` pieces at a time; `work`
    and the pieces must pickle. Closing the generator cancels pieces that have not begun.
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
    """Refuse to start workers in a worker that runs its parent's script, which has no guard."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # has no public name
        raise WorkerError(_UNGUARDED)


@contextmanager
def _begun_as_workers() -> Iterator[None]:
    """Let processes started in the block compute with one thread each, and ignore Ctrl-C, which a
    terminal sends to all of them."""
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
    """Ignore Ctrl-C in this process, and end it when its parent has ended, in whatever way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _work(one: Any) -> Any:
    return _of_worker[0](one)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
