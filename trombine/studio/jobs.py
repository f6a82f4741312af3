"""What was asked, and what became of it: in SQLite, so that a killed process loses nothing.

A job is queued, running, and then done, failed or cancelled. Whoever takes a job counts as one more
attempt, and what it says later counts only while it is the last: a worker that was thought dead
changes nothing. Every change and every event is a row of `events`; its number is what a stream goes
on from.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
ENDED: Final = (DONE, FAILED, CANCELLED)
MOST_DEATHS: Final = 5  # of workers over one job: then it is the job that ends them
NOBODY: Final = ""  # the owner of what is to be removed
STATE: Final = "state"  # the kind of an event that says a job's new state
DAYS: Final = 7  # for which an ended job is kept
LEAST_FREE: Final = 512 << 20  # bytes of the disk, below which no job is taken, and none begun
FULL: Final = "the disk is full; delete jobs that are done, or make room"

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, verb TEXT NOT NULL, fields TEXT NOT NULL,
    state TEXT NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0, worker TEXT,
    created REAL NOT NULL, started REAL, ended REAL, problem TEXT, result TEXT);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, owner);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, owner TEXT NOT NULL,
    kind TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_owner ON events (owner, number);
CREATE INDEX IF NOT EXISTS events_by_job ON events (job);
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# The owner with the fewest running jobs comes first, then who waited longest for a turn.
_NEXT: Final = """
SELECT id FROM jobs AS job WHERE state = 'queued' ORDER BY
    (SELECT count(*) FROM jobs WHERE owner = job.owner AND state = 'running'),
    (SELECT coalesce(max(started), 0) FROM jobs WHERE owner = job.owner),
    created LIMIT 1
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A row of the table."""

    id: str
    owner: str
    verb: str  # the function's name
    fields: Mapping[str, Any]  # its arguments; files as paths in the job's folder
    state: str
    attempt: int
    deaths: int  # of workers that ended while they were at it
    worker: str | None
    created: float  # seconds since 1970
    started: float | None
    ended: float | None
    problem: str | None  # why it failed
    result: Mapping[str, Any] | None  # files and what was said, of a job that is done


@dataclass(frozen=True, kw_only=True)
class Said:
    """A row of what jobs said."""

    number: int
    job: str
    kind: str
    value: Mapping[str, Any]


class Store:
    """The jobs of one data folder; any number of processes and threads may hold it open."""

    def __init__(self, folder: Path, *, is_server: bool = True) -> None:
        # What was accepted is on the disk, come what may; what a worker said of it may be lost with
        # the power, and then the job runs again.
        self._synchronous = "FULL" if is_server else "NORMAL"
        self.folder = folder
        self._held = threading.local()
        (folder / "jobs").mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)  # pictures of people are in it
        with self._rows() as rows:
            rows.execute("PRAGMA journal_mode = WAL")
            rows.executescript(_TABLES)

    def place(self, id: str) -> Path:
        """The folder of a job's files."""
        return self.folder / "jobs" / id

    def secret(self, name: str) -> str:
        """A random text that this folder keeps; made when it is first asked for."""
        with self._rows() as rows:
            value = secrets.token_urlsafe(24)
            rows.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, value))
            return rows.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()[0]

    def add(self, id: str, owner: str, verb: str, fields: Mapping[str, Any]) -> Job:
        """Queue a job whose files are there. Once this returns, the job ends, whatever happens."""
        with self._rows() as rows:
            rows.execute(
                "INSERT INTO jobs (id, owner, verb, fields, state, created)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (id, owner, verb, json.dumps(fields), QUEUED, time.time()),
            )
            self._say(rows, id, owner, STATE, {"state": QUEUED, "verb": verb})
        job = self.find(id)
        assert job is not None
        return job

    def find(self, id: str, owner: str | None = None) -> Job | None:
        """The job of this id, if it is this owner's."""
        with self._rows() as rows:
            row = rows.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
        job = None if row is None else _job(row)
        return job if job and owner in (None, job.owner) else None

    def of(self, owner: str) -> list[Job]:
        """An owner's jobs, the newest first."""
        with self._rows() as rows:
            found = rows.execute(
                "SELECT * FROM jobs WHERE owner = ? ORDER BY created DESC", (owner,)
            )
            return [_job(row) for row in found]

    def waiting(self, owner: str) -> int:
        """How many of an owner's jobs have not ended."""
        with self._rows() as rows:
            query = "SELECT count(*) FROM jobs WHERE owner = ? AND state IN (?, ?)"
            return rows.execute(query, (owner, QUEUED, RUNNING)).fetchone()[0]

    def running(self) -> list[Job]:
        """The jobs that workers hold, those among them that were cancelled meanwhile."""
        with self._rows() as rows:
            return [_job(row) for row in rows.execute("SELECT * FROM jobs WHERE worker NOT NULL")]

    def claim(self, worker: str) -> Job | None:
        """The next job, now this worker's."""
        with self._rows() as rows:
            if not rows.execute("SELECT 1 FROM jobs WHERE state = ? LIMIT 1", (QUEUED,)).fetchone():
                return None  # most often so, and nothing is locked
        if self.is_full():
            return None
        with self._rows(writes=True) as rows:
            row = rows.execute(_NEXT).fetchone()
            if row is None:
                return None
            rows.execute(
                "UPDATE jobs SET state = ?, worker = ?, attempt = attempt + 1, started = ?,"
                " problem = NULL WHERE id = ?",
                (RUNNING, worker, time.time(), row["id"]),
            )
            job = _job(rows.execute("SELECT * FROM jobs WHERE id = ?", (row["id"],)).fetchone())
            self._say(rows, job.id, job.owner, STATE, {"state": RUNNING, "attempt": job.attempt})
            return job

    def is_full(self) -> bool:
        """Whether the disk has too little room for a job to begin."""
        return shutil.disk_usage(self.folder).free < LEAST_FREE

    def tell_waiting(self) -> None:
        """Say to the jobs that wait whether it is for a full disk, once for each change."""
        problem = FULL if self.is_full() else None
        query = "SELECT * FROM jobs WHERE state = ? AND problem IS NOT ?"
        with self._rows() as rows:
            if not rows.execute(query, (QUEUED, problem)).fetchone():
                return
        with self._rows(writes=True) as rows:
            for row in rows.execute(query, (QUEUED, problem)).fetchall():
                rows.execute("UPDATE jobs SET problem = ? WHERE id = ?", (problem, row["id"]))
                self._say(rows, row["id"], row["owner"], STATE, _ended(QUEUED, problem))

    def is_held(self, job: Job) -> bool:
        """Whether a job is still that of the worker who took it."""
        with self._rows() as rows:
            return _is_held(rows, job)

    def say(self, job: Job, kind: str, value: Mapping[str, Any]) -> None:
        """Write down what a running job says."""
        with self._rows(writes=True) as rows:
            if _is_held(rows, job):
                self._say(rows, job.id, job.owner, kind, value)

    def finish(
        self, job: Job, *, problem: str | None = None, result: Mapping[str, Any] | None = None
    ) -> bool:
        """End a job, once: False where it is no longer its worker's."""
        state = DONE if problem is None else FAILED
        with self._rows(writes=True) as rows:
            if not _is_held(rows, job):
                rows.execute(
                    "UPDATE jobs SET worker = NULL WHERE id = ? AND attempt = ? AND worker = ?",
                    (job.id, job.attempt, job.worker),
                )
                return False
            rows.execute(
                "UPDATE jobs SET state = ?, ended = ?, problem = ?, result = ?, worker = NULL"
                " WHERE id = ?",
                (state, time.time(), problem, json.dumps(result), job.id),
            )
            self._say(rows, job.id, job.owner, STATE, _ended(state, problem))
            return True

    def cancel(self, id: str) -> None:
        """End a job that has not ended; its worker, if it has one, is to let go of it."""
        with self._rows(writes=True) as rows:
            row = rows.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
            if row is not None and row["state"] not in ENDED:
                query = "UPDATE jobs SET state = ?, ended = ? WHERE id = ?"
                rows.execute(query, (CANCELLED, time.time(), id))
                self._say(rows, id, row["owner"], STATE, _ended(CANCELLED, None))

    def release(self, worker: str | None = None, *, problem: str | None = None) -> None:
        """Queue again what a worker held that has died; without a name what all held, whose server
        is gone. `problem`: end it by that. A job over which several workers died fails."""
        with self._rows(writes=True) as rows:
            query = "SELECT * FROM jobs WHERE worker NOT NULL AND worker = coalesce(?, worker)"
            for row in rows.execute(query, (worker,)).fetchall():
                job = _job(row)
                deaths = job.deaths + (worker is not None)
                query = "UPDATE jobs SET worker = NULL, deaths = ? WHERE id = ?"
                rows.execute(query, (deaths, job.id))
                if job.state != RUNNING:
                    continue
                why = problem or (_DEADLY if deaths >= MOST_DEATHS else None)
                state = FAILED if why else QUEUED
                rows.execute(
                    "UPDATE jobs SET state = ?, problem = ?, ended = ? WHERE id = ?",
                    (state, why, time.time() if why else None, job.id),
                )
                self._say(rows, job.id, job.owner, STATE, _ended(state, why))

    def delete(self, id: str) -> None:
        """Forget a job and remove its files; one that is worked on, as soon as it is let go of."""
        with self._rows(writes=True) as rows:
            row = rows.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
            if row is None:
                return
            rows.execute("DELETE FROM events WHERE job = ?", (id,))
            self._say(rows, id, row["owner"], STATE, {"state": "deleted"})
            state = row["state"] if row["state"] in ENDED else CANCELLED
            query = "UPDATE jobs SET owner = ?, state = ?, ended = ? WHERE id = ?"
            rows.execute(query, (NOBODY, state, time.time(), id))
        self.bury()

    def bury(self) -> None:
        """Remove what is nobody's, and no worker's any more."""
        with self._rows() as rows:
            query = "SELECT id FROM jobs WHERE owner = ? AND worker IS NULL"
            gone = [row["id"] for row in rows.execute(query, (NOBODY,)).fetchall()]
        for id in gone:
            shutil.rmtree(self.place(id), ignore_errors=True)
            with self._rows() as rows:
                rows.execute("DELETE FROM jobs WHERE id = ?", (id,))

    def tidy(self) -> None:
        """Delete what ended long ago, and folders of jobs that were never accepted."""
        before = time.time() - DAYS * 24 * 3600
        with self._rows() as rows:
            old = rows.execute("SELECT id FROM jobs WHERE ended < ?", (before,)).fetchall()
            rows.execute("DELETE FROM events WHERE job NOT IN (SELECT id FROM jobs)")
            known = {row["id"] for row in rows.execute("SELECT id FROM jobs")}
        for row in old:
            self.delete(row["id"])
        for place in (self.folder / "jobs").iterdir():
            if place.name not in known and place.stat().st_mtime < time.time() - 3600:
                shutil.rmtree(place, ignore_errors=True)

    def last(self) -> int:
        """The number of the last event."""
        with self._rows() as rows:
            return rows.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0]

    def news(self, after: int) -> dict[str, int]:
        """The number of the last event of each owner who has one after this."""
        with self._rows() as rows:
            query = "SELECT owner, max(number) FROM events WHERE number > ? GROUP BY owner"
            return {row[0]: row[1] for row in rows.execute(query, (after,))}

    def said(self, owner: str, after: int, job: str | None = None) -> list[Said]:
        """What an owner's jobs, or one of them, said after an event."""
        query = (
            "SELECT * FROM events WHERE owner = ? AND number > ? AND job = coalesce(?, job)"
            " ORDER BY number LIMIT 500"
        )
        with self._rows() as rows:
            found = rows.execute(query, (owner, after, job)).fetchall()
        return [
            Said(number=r["number"], job=r["job"], kind=r["kind"], value=json.loads(r["value"]))
            for r in found
        ]

    def _say(
        self, rows: sqlite3.Connection, id: str, owner: str, kind: str, value: Mapping[str, Any]
    ) -> None:
        rows.execute(
            "INSERT INTO events (job, owner, kind, value) VALUES (?, ?, ?, ?)",
            (id, owner, kind, json.dumps(value)),
        )

    @contextmanager
    def _rows(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection of this thread's; what is done inside happens whole or not at all."""
        rows = getattr(self._held, "rows", None)
        if rows is None:
            # autocommit: `BEGIN IMMEDIATE` is ours, so that nobody writes between look and act.
            rows = sqlite3.connect(self.folder / "jobs.sqlite", timeout=30, isolation_level=None)
            rows.row_factory = sqlite3.Row
            rows.execute(f"PRAGMA synchronous = {self._synchronous}")
            self._held.rows = rows
        if not writes:
            yield rows
            return
        rows.execute("BEGIN IMMEDIATE")
        try:
            yield rows
        except BaseException:
            rows.execute("ROLLBACK")
            raise
        rows.execute("COMMIT")


_DEADLY: Final = "ended the process that worked on it, each time; take a smaller picture"


def _is_held(rows: sqlite3.Connection, job: Job) -> bool:
    query = "SELECT 1 FROM jobs WHERE id = ? AND attempt = ? AND worker = ? AND state = ?"
    return rows.execute(query, (job.id, job.attempt, job.worker, RUNNING)).fetchone() is not None


def _ended(state: str, problem: str | None) -> dict[str, Any]:
    return {"state": state} if problem is None else {"state": state, "problem": problem}


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    result = values.pop("result")
    fields = json.loads(values.pop("fields"))
    return Job(**values, fields=fields, result=json.loads(result) if result else None)
