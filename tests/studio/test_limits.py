"""What a studio has an end of: the disk, jobs, files, days; each is said, and nothing is lost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from studios import Bare, noise, png

from trombine.studio import app
from trombine.studio.jobs import DAYS, Store

SMALL = ("pictures", ("a.png", png(noise())))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    server = Bare(tmp_path_factory.mktemp("bare"))
    yield server
    server.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def broken(store: Store, id: str) -> None:
    """A job whose picture is none."""
    folder = store.place(id) / "in" / "pictures"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"none")
    store.add(id, "ann", "upscale", {"pictures": ["pictures/a.png"]})


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
