"""What a studio has an end of: the disk, jobs, files, days; each is said, and nothing is lost."""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studios import Bare, noise, png

from trombine.studio import app, jobs
from trombine.studio.jobs import DAYS, FAILED, FULL, MOST_DEATHS, QUEUED, Store
from trombine.studio.work import do

SMALL = ("pictures", ("a.png", png(noise())))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    server = Bare(tmp_path_factory.mktemp("bare"))
    yield server
    server.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_full_disk_takes_no_job_and_lets_those_that_wait_wait(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = bare.post("read", SMALL).json["id"]
    before = set((bare.data / "jobs").iterdir())
    store = Store(bare.data)
    monkeypatch.setattr(jobs, "LEAST_FREE", 1 << 62)
    refused = bare.post("read", SMALL)
    assert refused.status == 507 and "the disk is full; delete jobs" in refused.error
    assert set((bare.data / "jobs").iterdir()) == before
    assert store.claim("worker") is None
    for _ in range(2):  # said once
        store.tell_waiting()
    told = bare.ask(f"/api/jobs/{id}").json
    assert told["state"] == "queued" and told["problem"] == FULL
    monkeypatch.undo()
    store.tell_waiting()
    job = store.claim("worker")
    assert job is not None and job.id == id and job.problem is None
    said = [one.value.get("problem", one.value["state"]) for one in store.said(job.owner, 0, id)]
    assert said == ["queued", FULL, "queued", "running"]
    store.finish(job, result={})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (sqlite3.OperationalError("database or disk is full"), 507),
        (OSError(errno.EIO, "Input/output error"), 500),
        (sqlite3.OperationalError("database is locked"), 500),
    ],
)
def test_a_disk_that_fills_while_files_come_is_said(
    bare: Bare, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fails(*_: Any) -> str:
        raise error

    before = set((bare.data / "jobs").iterdir())
    monkeypatch.setattr(app, "_keep", fails)
    answer = bare.post("read", SMALL)
    assert answer.status == status and (status == 500 or answer.error == FULL)
    assert set((bare.data / "jobs").iterdir()) == before


def broken(store: Store, id: str) -> None:
    """A job whose picture is none."""
    folder = store.place(id) / "in" / "pictures"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"none")
    store.add(id, "ann", "upscale", {"pictures": ["pictures/a.png"]})


def test_what_fails_beside_a_full_disk_is_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not without end, and not before there is room; what is wrong with it is said at last."""
    broken(store, "once")
    job = store.claim("worker")
    assert job is not None
    monkeypatch.setattr(jobs, "LEAST_FREE", 1 << 62)
    do(store, job, str)
    waits = store.find("once")
    assert waits is not None and (waits.state, waits.deaths, waits.worker) == (QUEUED, 1, None)
    monkeypatch.undo()
    for deaths in range(1, MOST_DEATHS):
        job = store.claim("worker")
        assert job is not None and job.deaths == deaths
        monkeypatch.setattr(jobs, "LEAST_FREE", 1 << 62)
        do(store, job, str)
        monkeypatch.undo()
    failed = store.find("once")
    assert failed is not None and failed.state == FAILED and "a.png" in (failed.problem or "")


def test_so_many_jobs_may_wait(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    for job in bare.ask("/api/jobs").json:
        bare.ask(f"/api/jobs/{job['id']}", "DELETE")
    monkeypatch.setattr(app, "MOST_WAITING", 2)
    first, _ = (bare.post("read", SMALL).json["id"] for _ in range(2))
    refused = bare.post("read", SMALL)
    assert refused.status == 429 and "2 of your jobs wait already" in refused.error
    bare.ask(f"/api/jobs/{first}/cancel", "POST")
    assert bare.post("read", SMALL).status == 201


def test_so_many_files_may_be_sent_at_once(bare: Bare) -> None:
    before = set((bare.data / "jobs").iterdir())
    answer = bare.post("read", *[("pictures", (f"{n}.png", b"1")) for n in range(201)])
    assert answer.status == 400 and "200" in answer.error
    assert set((bare.data / "jobs").iterdir()) == before


def test_what_ended_long_ago_is_deleted_and_the_rest_is_kept(store: Store) -> None:
    for id, days in (("old", DAYS + 0.1), ("young", DAYS - 0.1)):
        broken(store, id)
        store.cancel(id)
        rows = sqlite3.connect(store.folder / "jobs.sqlite")
        ended = time.time() - days * 24 * 3600
        rows.execute("UPDATE jobs SET ended = ?, created = ? WHERE id = ?", (ended, ended, id))
        rows.commit()
        rows.close()
    broken(store, "waits")
    store.tidy()
    assert [job.id for job in store.of("ann")] == ["waits", "young"]
    assert not store.place("old").exists() and store.place("young").exists()
    assert not [one for one in store.said("ann", 0, "old") if one.value["state"] != "deleted"]
