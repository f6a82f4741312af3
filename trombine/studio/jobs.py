"""The studio's jobs: in memory while it runs, their files in its folder.

A job is queued, running, and then done, failed or cancelled. Events are numbered, so a stream that
was interrupted continues after the last number it received.
"""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
ENDED: Final = (DONE, FAILED, CANCELLED)
STATE, PROGRESS = "state", "progress"  # kinds of events
INPUTS, OUTPUTS = "in", "out"  # folders of a job
DAYS: Final = 7  # for which an ended job is kept
_ID: Final = re.compile(r"[0-9a-f]{8}-[\w-]{22}", re.ASCII)


@dataclass(kw_only=True, eq=False)
class Job:
    """A call of a function, and its result."""

    id: str
    owner: str
    verb: str  # the function's name
    fields: Mapping[str, Any]  # its arguments; files are paths in INPUTS
    place: Path  # its folder
    model: Path | None = None  # the file of the model that it names, unless that is shipped
    state: str = QUEUED
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    problem: str | None = None  # why it failed
    result: Mapping[str, Any] = field(default_factory=dict)  # if it is done: files, notices


@dataclass(frozen=True, kw_only=True)
class Event:
    """A change of a job's state, or its progress."""

    number: int
    job: str
    kind: str
    value: Mapping[str, Any]


class Jobs:
    """All jobs of a studio, safe to use from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder / "jobs", ignore_errors=True)  # of the last run of the studio
        (folder / "jobs").mkdir()
        self._jobs: dict[str, Job] = {}
        self._events: dict[str, list[Event]] = {}  # by owner
        self._number = 0  # of the last event
        self._changed = threading.Condition()  # also the lock of everything here
        self._is_closed = False
        self._run = secrets.token_hex(4)  # how ids of this run of the studio begin

    def new_id(self) -> str:
        """An id for a job, which nobody can guess."""
        return f"{self._run}-{secrets.token_urlsafe(16)}"

    def is_former(self, id: str) -> bool:
        """Whether an id is of a job from before the studio was started again."""
        return bool(_ID.fullmatch(id)) and not id.startswith(self._run)

    def place(self, id: str) -> Path:
        """The folder of a job's files."""
        return self.folder / "jobs" / id

    def add(self, job: Job) -> None:
        """Queue a job whose files are written; delete jobs that ended more than DAYS ago."""
        with self._changed:
            before = time.time() - DAYS * 24 * 3600
            for old in [one for one in self._jobs.values() if (one.ended or before) < before]:
                self.delete(old)
            self._jobs[job.id] = job
            self._say(job, STATE, {"state": QUEUED, "verb": job.verb})
            self._changed.notify()

    def find(self, id: str, owner: str) -> Job | None:
        """The job with this id, if it belongs to this owner."""
        job = self._jobs.get(id)
        return job if job and job.owner == owner else None

    def of(self, owner: str) -> list[Job]:
        """An owner's jobs, the newest first."""
        with self._changed:
            return [job for job in reversed(self._jobs.values()) if job.owner == owner]

    def take(self) -> Job | None:
        """Wait for the next job and return it; None if the studio is closed.

        The owner with the fewest running jobs comes first, then the one whose last turn is oldest.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._waiting())
            if self._is_closed:
                return None
            job = min(self._waiting(), key=lambda one: self._turn(one.owner))
            job.state, job.started = RUNNING, time.time()
            self._say(job, STATE, {"state": RUNNING})
            return job

    def ahead(self, job: Job) -> int:
        """How many jobs that wait come before this one at most: an owner's earlier ones, and after
        each of them one of everybody else."""
        with self._changed:
            waiting = self._waiting()
        if job not in waiting:
            return 0
        before = waiting.index(job)
        own = sum(one.owner == job.owner for one in waiting[:before])
        others = Counter(one.owner for one in waiting if one.owner != job.owner)
        return own + sum(min(count, own + 1) for count in others.values())

    def _waiting(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.state == QUEUED]

    def _turn(self, owner: str) -> tuple[int, float]:
        own = [job for job in self._jobs.values() if job.owner == owner]
        running = sum(job.state == RUNNING for job in own)
        return running, max(job.started or 0 for job in own)

    def progress(self, job: Job, value: Mapping[str, Any]) -> None:
        """Replace the progress event of a running job."""
        with self._changed:
            if job.state == RUNNING:
                events = self._events[job.owner]
                events[:] = [e for e in events if (e.job, e.kind) != (job.id, PROGRESS)]
                self._say(job, PROGRESS, value)

    def end(
        self, job: Job, *, problem: str | None = None, result: Mapping[str, Any] | None = None
    ) -> None:
        """Note that a worker has finished a job: done, or failed, unless it was cancelled."""
        with self._changed:
            if job.state == RUNNING:
                job.problem, job.result = problem, result or {}
                self._ended(job, DONE if problem is None else FAILED)
            elif job.id not in self._jobs:
                shutil.rmtree(job.place, ignore_errors=True)

    def cancel(self, job: Job) -> None:
        """Cancel a job that has not ended; its worker sees the state and stops."""
        with self._changed:
            if job.state not in ENDED:
                self._ended(job, CANCELLED)

    def delete(self, job: Job) -> None:
        """Delete a job and its files; the files of a running job when its worker has stopped."""
        with self._changed:
            if self._jobs.pop(job.id, None) is None:
                return
            events = self._events[job.owner]
            events[:] = [event for event in events if event.job != job.id]
            self._say(job, STATE, {"state": "deleted"})
            if job.state == RUNNING:
                job.state = CANCELLED
            else:
                shutil.rmtree(job.place, ignore_errors=True)

    def close(self) -> None:
        """Let `take` return None from now on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self._number

    def said(self, owner: str, after: int, id: str | None = None) -> list[Event]:
        """The events of an owner's jobs, or of one of them, after an event."""
        with self._changed:
            events = self._events.get(owner, [])
            if not events or events[-1].number <= after:
                return []
            return [e for e in events if e.number > after and id in (None, e.job)]

    def _ended(self, job: Job, state: str) -> None:
        job.state, job.ended = state, time.time()
        problem = {} if job.problem is None else {"problem": job.problem}
        self._say(job, STATE, {"state": state, **problem})

    def _say(self, job: Job, kind: str, value: Mapping[str, Any]) -> None:
        self._number += 1
        event = Event(number=self._number, job=job.id, kind=kind, value=value)
        self._events.setdefault(job.owner, []).append(event)
