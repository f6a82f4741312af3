"""The same function over many items, in several processes, with the results in order.

Nothing here knows of pictures. The results do not depend on the number of workers: each is a
function of its item, and they come back in the order of the items. Workers never touch files;
whoever drains the results does, so that a worker can be stopped at any moment.

No NumPy here: a worker imports this module first, and then limits its threads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection
from typing import Final, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

# Each worker computes with one thread: there are as many workers as wanted cores.
_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


# To start a worker takes a second of a core: for less work none is worth it.
_ALONE: Final = 1.5  # seconds


class WorkerError(RuntimeError):
    """A worker process ended without a result."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_start(workers: int | None) -> None:
    """Refuse to start workers in a process that is itself being started as one.

    Such a process runs its parent's script again. Where the script has no guard it would come to
    the same call, and wait for a lock that its parent holds.
    """
    # Set by multiprocessing while it imports the script; it has no public name.
    is_starting = getattr(multiprocessing.current_process(), "_inheriting", False)
    if is_starting and (workers or cores()) > 1:
        raise WorkerError(
            "more than one worker was asked for in a script without `if __name__ == '__main__':`;"
            " put the call below such a line, or ask for one worker"
        )


def in_order(
    function: Callable[[In], Out], items: Iterable[In], workers: int | None, *, ahead: int = 2
) -> Generator[Out, None, None]:
    """Yield function(item) for each item, in order; one worker means this process.

    None is one for each core, once this process has worked alone for so long that they pay. There
    are no more workers than cores, except that two may share one. Each is given up to `ahead` items
    beyond what was asked for: enough to keep it busy, and few where results are large.

    `function` and the items must pickle. When the generator is closed the workers end the items
    at hand and stop; when this process dies, in whatever way, they stop at once.
    """
    rest = iter(items)
    if workers is None:
        workers, start = cores(), time.monotonic()
        while time.monotonic() - start < _ALONE:
            if not (first := list(islice(rest, 1))):
                return
            yield from map(function, first)
    if workers > 1:
        yield from _in_processes(function, rest, min(workers, max(2, cores())), ahead)
    else:
        yield from map(function, rest)


def _in_processes(
    function: Callable[[In], Out], items: Iterable[In], workers: int, ahead: int
) -> Generator[Out, None, None]:
    context = multiprocessing.get_context("spawn")  # a fork would copy locks and threads
    held, lifeline = context.Pipe(duplex=False)
    with undisturbed():
        pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_begin_worker, initargs=(held,)
        )
    pending: deque[Future[Out]] = deque()
    try:
        for item in items:
            with undisturbed():  # a worker may be started here
                pending.append(pool.submit(function, item))
            if len(pending) > ahead * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        pool.shutdown()
    except BrokenProcessPool as error:
        raise WorkerError(
            "a worker process ended by itself (killed, out of memory, or started from a script"
            " without `if __name__ == '__main__':`); run again, or with one worker"
        ) from error
    finally:
        # Who works ends the item at hand. To cut the lifeline first would be faster, but a worker
        # that ends while it sends a result leaves half a message, and the pool waits for the rest.
        pool.shutdown(cancel_futures=True)
        lifeline.close()
        held.close()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, signals wait; and the processes that are started there never see Ctrl-C.

    One that is half started would print a traceback for want of its other half. A terminal sends
    Ctrl-C to all processes; children inherit that it is blocked, and their parent ends them.
    """
    if threading.current_thread() is not threading.main_thread():
        with _blocked():
            yield
        return
    waiting: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ours = [number for number, handler in handlers.items() if handler is not None]
    try:
        for number in ours:
            signal.signal(number, lambda number, _: waiting.append(number))
        with _blocked():
            yield
    finally:
        for number in ours:
            signal.signal(number, handlers[number])
        for number in waiting:
            signal.raise_signal(number)


@contextmanager
def _blocked() -> Iterator[None]:
    """Inside, this thread and what it starts do not get Ctrl-C."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _begin_worker(lifeline: Connection) -> None:
    """Run in each worker before its first item."""
    for name in _ONE_THREAD:
        os.environ[name] = "1"
    # Ctrl-C is for the parent, and the pipe tells us; until here it was blocked.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()


def _end_with_parent(lifeline: Connection) -> None:
    """End this process when the other end of the pipe is closed: the parent is dead."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
