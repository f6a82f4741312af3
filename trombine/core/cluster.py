"""Work on many machines with Ray (https://docs.ray.io): a task is a few pieces of work.

Ray finds nodes, sends them functions and pieces, keeps worker processes, so that each loads a net
once, and reschedules tasks of nodes that die. The caller gives the function; pieces and results are
small, and files are on storage that every node sees.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from trombine import __version__
from trombine.core.computing import in_processes
from trombine.core.errors import InputError, said, shown

Given = TypeVar("Given")
Made = TypeVar("Made")

EXTRA: Final = "pip install 'trombine[cluster]'"
_MOST: Final = 8  # pieces in a task, some seconds of work: what a lost node has to do again
_TASKS: Final = 4  # at least so many tasks a worker, so that all end at about the same time
_AHEAD: Final = 2  # tasks that are submitted for each worker: one runs, one waits on its node
_ANSWER: Final = 10.0  # seconds in which a cluster's port must answer
_DIED: Final = InputError("its worker died", "see Ray's logs; it may be out of memory")


def on_cluster(
    work: Callable[[Given], Made], given: Sequence[Given], address: str, *, card: bool = False
) -> Generator[tuple[Given, Future[Made]], None, None]:
    """Yield each piece with its result or InputError, as they end.

    A worker is one core, or one core and one GPU. `work` and its results must pickle; if a node or
    a worker dies, `work` may run again on a piece. Closing the generator cancels pieces that have
    not begun.
    """
    if not given:
        return
    home, kind = str(Path.cwd()), "GPU" if card else "CPU"
    with joined(address) as ray:

        def some(pieces: list[Given]) -> list[Any]:
            return _try(work, pieces, home, __version__)

        def workers() -> int:  # nodes come and go
            return int(ray.cluster_resources().get(kind, 0))

        if not workers():
            raise InputError(f"the cluster has no {kind}", "add nodes that have")
        # Without max_calls a worker with a card would end after a task, and its net with it.
        options = {"max_calls": 0, "max_retries": 1, "scheduling_strategy": "SPREAD"}
        task = ray.remote(num_cpus=1, num_gpus=int(card), **options)(some)
        size = max(1, min(_MOST, len(given) // (_TASKS * workers())))
        tasks = deque(list(given[at : at + size]) for at in range(0, len(given), size))
        running = dict[Any, list[Given]]()
        try:
            while tasks or running:
                while tasks and len(running) < _AHEAD * max(1, workers()):
                    pieces = tasks.popleft()
                    running[task.remote(pieces)] = pieces
                (reference, *_), _ = ray.wait(list(running), num_returns=1)
                pieces = running.pop(reference)
                results = _results(ray, reference)
                if results is None and len(pieces) > 1:  # one of them may be why
                    tasks.extend([piece] for piece in pieces)
                    continue
                for piece, result in zip(pieces, results or [_DIED], strict=True):
                    future = Future[Any]()
                    if isinstance(result, InputError):
                        future.set_exception(result)
                    else:
                        future.set_result(result)
                    yield piece, future
        finally:
            for reference in running:
                ray.cancel(reference)


def spread(
    work: Callable[[Given], Made],
    given: Sequence[Given],
    *,
    workers: int | None,
    cluster: str = "",
    at_once: int = 1,
) -> Generator[tuple[Given, Made], None, None]:
    """Yield each piece with its result: from a cluster as they end, else from local processes in
    order. An error ends everything."""
    if cluster:
        with closing(on_cluster(work, given, cluster)) as ended:
            for piece, made in ended:
                yield piece, made.result()
    else:
        with closing(in_processes(work, given, workers, at_once=at_once)) as results:
            yield from zip(given, results, strict=True)


@contextmanager
def joined(address: str) -> Iterator[Any]:
    """Ray, connected to the cluster at this address: auto, HOST:PORT or ray://HOST:PORT.

    If the program has called ray.init itself, that connection is used.
    """
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise InputError("--cluster needs Ray", EXTRA) from error
    if ray.is_initialized():
        yield ray
        return
    _check_answer(address)
    usual = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, configure_logging=False, log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        problem = f"--cluster {address}: {said(error)}"
        raise InputError(problem, "ray start --head starts one") from error
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, usual)  # Ray has put its own, with another exit code
        yield ray
    finally:
        ray.shutdown()


def _check_answer(address: str) -> None:
    """Refuse an address where nothing listens; Ray would wait for minutes."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise InputError(f"--cluster is auto or HOST:PORT, not {address}")
    try:
        socket.create_connection((host, int(port)), _ANSWER).close()
    except OSError as error:
        problem = f"--cluster {address}: nothing answers ({said(error)})"
        raise InputError(problem, "check host and port; ray status says them") from error


def _try(work: Callable[[Any], Any], pieces: list[Any], home: str, version: str) -> list[Any]:
    """Run on a node: for each piece the result or an InputError."""
    if __version__ != version:
        old = InputError(f"a node has trombine {__version__}", f"install {version} there")
        return [old] * len(pieces)
    with suppress(OSError):  # relative paths are as where the command was given, if that is shared
        os.chdir(home)
    results = list[Any]()
    for piece in pieces:
        try:
            results.append(work(piece))
        except InputError as error:
            results.append(error)
        except Exception as error:  # a bug, or a library's: one of a million must not end all
            traceback.print_exc()  # into the log of the node
            results.append(InputError(f"failed on a node: {type(error).__name__} {said(error)}"))
    return results


def _results(ray: Any, reference: Any) -> list[Any] | None:
    """The results of a task; None if its worker died each time."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # what work raises is a result
        *_, why = str(error).splitlines()
        remedy = "install the same trombine on every node"
        raise InputError(f"workers cannot begin: {shown(why)}", remedy) from error
    except ray.exceptions.RayError:
        return None
