"""The workers of a studio: started, started again when they end, ended when they disobey."""

from __future__ import annotations

import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from trombine.core import memory
from trombine.studio.jobs import RUNNING, Store

PATIENCE: Final = 3.0  # seconds in which a worker lets go of a job that was cancelled
MOST_SECONDS: Final = 3600.0  # that a job may take
LEAST_BYTES: Final = 2 << 30  # that a worker may have: its libraries and nets take half
_PAUSE: Final = 0.2
_HOURLY: Final = 3600.0
_TOO_LONG: Final = "took longer than {} minutes; take a smaller picture, or the command line"


@dataclass(kw_only=True)
class _Worker:
    name: str
    process: subprocess.Popen[bytes]


@dataclass(kw_only=True)
class Pool:
    """So many workers of a store, watched by a thread."""

    store: Store
    count: int
    most_seconds: float = MOST_SECONDS
    most_bytes: int = 0  # that a worker may have; 0: its share of what is available
    _workers: list[_Worker] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Queue again what a former server's workers held, and start new ones."""
        self.store.release()
        self.store.tidy()
        share = int(0.9 * (memory.available() or 0)) // max(1, self.count)
        self.most_bytes = self.most_bytes or max(share, LEAST_BYTES)
        self._workers = [self._started() for _ in range(self.count)]
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the workers; what they were at stays queued, for the next time."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        for worker in self._workers:
            self._end(worker)

    def _started(self) -> _Worker:
        name = secrets.token_hex(8)
        words = [sys.executable, "-m", "trombine.studio.worker"]
        words += [str(self.store.folder), name, str(self.most_bytes)]
        return _Worker(name=name, process=subprocess.Popen(words, stdin=subprocess.PIPE))

    def _end(self, worker: _Worker, problem: str | None = None) -> None:
        """Kill a worker and wait for it, so that nothing of it is left; then its job is free."""
        worker.process.kill()
        worker.process.wait()
        if worker.process.stdin is not None:
            worker.process.stdin.close()
        self.store.release(worker.name, problem=problem)

    def _watch(self) -> None:
        tidied = time.monotonic()
        while not self._stopped.wait(_PAUSE):
            with suppress(sqlite3.OperationalError):  # the disk is full: what was missed comes next
                self._look()
                if time.monotonic() - tidied > _HOURLY:
                    tidied = time.monotonic()
                    self.store.tidy()

    def _look(self) -> None:
        for number, worker in enumerate(self._workers):
            problem = self._overdue(worker)
            if worker.process.poll() is not None or problem is not None:
                self._end(worker, problem or None)
                self._workers[number] = self._started()
        self.store.bury()
        self.store.tell_waiting()

    def _overdue(self, worker: _Worker) -> str | None:
        """Why a worker is to be ended: "" that its job was cancelled; None: it is not."""
        now = time.time()
        for job in self.store.running():
            if job.worker != worker.name:
                continue
            if job.state != RUNNING and job.ended is not None and now - job.ended > PATIENCE:
                return ""
            if job.state == RUNNING and job.started is not None:
                is_late = now - job.started > self.most_seconds
                return _TOO_LONG.format(round(self.most_seconds / 60)) if is_late else None
        return None
