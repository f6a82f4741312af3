"""Work on many machines with Ray (https://docs.ray.io): a task is a few pieces of work.

Ray finds nodes, sends them functions and pieces, keeps worker processes, so that each loads a net
once, and reschedules tasks of nodes that die. This module makes tasks of pieces and retries pieces
that fail. The caller gives the function; pieces and results are small, and files are on storage
that every node sees.
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from trombine import __version__
from trombine.core.computing import in_processes
from trombine.core.errors import InputError, library, said, shown

Given = TypeVar("Given")
Made = TypeVar("Made")

_FIRST: Final = 8  # pieces in a task at the beginning, and at most where they are long
_MOST: Final = 64  # the same where tasks are short: a lost node has to do some seconds again
_SHORT, _LONG = 1.0, 4.0  # seconds from handing a task out to its end: larger or smaller ones
_TASKS: Final = 4  # at least so many tasks a worker, so that all end at about the same time
_AHEAD: Final = 2  # tasks that are submitted for each worker: one runs, one waits on its node
_ASK_AGAIN: Final = 5.0  # seconds after which nodes are counted again: they come and go
_ANSWER: Final = 10.0  # seconds in which a cluster's port must answer


def on_cluster(
    work: Callable[[Given], Made], given: Sequence[Given], address: str, *, card: bool = False
) -> Generator[tuple[Given, Future[Made]], None, None]:
    """Yield each piece with its result or InputError, as they end.

    A worker is one core, or one core and one GPU. A piece that fails is tried once more, on another
    node if there is one. `work` and its results must pickle; if a node dies, `work` may run twice
    on a piece. Closing the generator cancels pieces that have not begun.
    """
    if not given:
        return
    home = str(Path.cwd())
    with joined(address) as ray:

        def some(pieces: list[Given]) -> tuple[str, list[Any]]:
            return _try(work, pieces, home, __version__)

        # Without max_calls a worker with a card would end after a task, and its net with it.
        task = ray.remote(num_cpus=1, num_gpus=int(card), max_calls=0)(some)
        kind, asked = "GPU" if card else "CPU", time.monotonic()
        if not (workers := _count(ray, kind)):
            raise InputError(f"the cluster has no {kind}", "add nodes that have")
        waiting, again = deque(given), deque[tuple[Given, str]]()
        size, running = _FIRST, dict[Any, tuple[list[Given], bool, float]]()
        try:
            while waiting or again or running:
                if time.monotonic() > asked + _ASK_AGAIN:
                    workers, asked = _count(ray, kind) or workers, time.monotonic()
                while (waiting or again) and len(running) < _AHEAD * workers:
                    piece, failed_on = again.popleft() if again else (waiting.popleft(), "")
                    pieces = [piece]
                    if not failed_on:
                        share = 1 + len(waiting) // (_TASKS * workers)
                        more = min(size, max(share, size // _FIRST)) - 1
                        pieces += [waiting.popleft() for _ in range(min(more, len(waiting)))]
                    place = _elsewhere(ray, failed_on) if failed_on else "SPREAD"
                    retries = int(bool(failed_on))  # by Ray, where a node dies under the last try
                    submit = task.options(scheduling_strategy=place, max_retries=retries)
                    running[submit.remote(pieces)] = pieces, bool(failed_on), time.monotonic()
                (reference, *_), _ = ray.wait(list(running), num_returns=1)
                pieces, is_last, began = running.pop(reference)
                node, results = _results(ray, reference, len(pieces), is_last=is_last)
                taken = time.monotonic() - began  # of which handing out is a part
                if taken < _SHORT:
                    size = min(2 * size, _MOST)
                elif taken > _LONG:
                    size = max(size // 2, _FIRST)
                for piece, result in zip(pieces, results, strict=True):
                    if isinstance(result, InputError) and not is_last:
                        again.append((piece, node))
                    else:
                        yield piece, _future(result)
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
    ray = library("ray", "cluster")
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


def _count(ray: Any, kind: str) -> int:
    """The number of workers that a cluster has now."""
    return int(ray.cluster_resources().get(kind, 0))


def _elsewhere(ray: Any, node: str) -> Any:
    """The scheduling strategy for another node than this one, if there is one."""
    strategies = importlib.import_module("ray.util.scheduling_strategies")
    nodes = [one["NodeID"] for one in ray.nodes() if one["Alive"] and one["NodeID"] != node]
    if not nodes:
        return "SPREAD"
    return strategies.NodeAffinitySchedulingStrategy(random.choice(nodes), soft=True)


def _try(
    work: Callable[[Any], Any], pieces: list[Any], home: str, version: str
) -> tuple[str, list[Any]]:
    """Run on a node: its name, and for each piece the result or an InputError."""
    ray = importlib.import_module("ray")
    with suppress(OSError):  # relative paths are as where the command was given, if that is shared
        os.chdir(home)
    node, results = ray.get_runtime_context().get_node_id(), list[Any]()
    for piece in pieces:
        try:
            if __version__ != version:
                raise InputError(f"a node has trombine {__version__}", f"install {version} there")
            results.append(work(piece))
        except InputError as error:
            results.append(error)
        except Exception as error:  # a bug, or a library's: one of a million must not end all
            traceback.print_exc()  # into the log of the node
            results.append(
                InputError(f"failed on two workers: {type(error).__name__} {said(error)}")
            )
    return node, results


def _results(ray: Any, reference: Any, count: int, *, is_last: bool) -> tuple[str, list[Any]]:
    """The results of a task; if its worker died, an error for each of its pieces."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        *_, why = str(error).splitlines()
        # What work raises is a result: this is of a worker that could not load it.
        if is_last and isinstance(error, ray.exceptions.RayTaskError):
            remedy = "install the same trombine on every node"
            raise InputError(f"workers cannot begin: {shown(why)}", remedy) from error
        gone = InputError("its worker died twice", "see Ray's logs; it may be out of memory")
        return "unknown", [gone] * count


def _future(result: Any) -> Future[Any]:
    future = Future[Any]()
    if isinstance(result, InputError):
        future.set_exception(result)
    else:
        future.set_result(result)
    return future
