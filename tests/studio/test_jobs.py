"""Jobs: told as they go, cancelled for good, and not lost when processes are killed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from studios import Server, alive, noise, png, until

from trombine.studio.jobs import (
    CANCELLED,
    Store,
)

SMALL = ("pictures", ("a.png", png(noise())))
FAST = ("model", "upscale-fast")


def events_of(server: Server, id: str, **headers: Any) -> list[tuple[int, dict]]:
    """Numbers and contents of what a job said."""
    text = server.ask(f"/api/jobs/{id}/events", **headers).body.decode()
    blocks = [block.split("\n") for block in text.split("\n\n") if "data: " in block]
    return [(int(number[4:]), json.loads(data[6:])) for number, data in blocks]


def test_a_job_says_what_it_does_from_anywhere_on(server: Server) -> None:
    made = server.post("upscale", SMALL, FAST).json
    said = events_of(server, made["id"])
    states = [one["state"] for _, one in said if one["kind"] == "state"]
    assert states == ["queued", "running", "done"]
    kinds = [one["kind"] for _, one in said]
    assert "progress" in kinds[2:-1]
    numbers = [number for number, _ in said]
    assert numbers == sorted(numbers)
    for at in (0, 2, len(said) - 1):
        later = events_of(server, made["id"], Last_Event_ID=str(numbers[at]))
        assert later == said[at + 1 :]


def test_deleting_leaves_nothing(server: Server) -> None:
    made = server.ended(server.post("upscale", SMALL, FAST).json["id"])
    place = server.data / "jobs" / made["id"]
    assert (place / "out-1" / "a.png").exists()
    assert server.ask(f"/api/jobs/{made['id']}", "DELETE").status == 204
    assert not place.exists()
    assert server.ask(made["files"][0]["url"]).status == 404
    assert made["id"] not in server.ask("/api/jobs").body.decode()


def test_a_cancelled_job_ends_for_good_and_the_next_is_done(server: Server) -> None:
    """A large one that is being worked on; its worker is free again."""
    large = ("pictures", ("large.png", png(noise(1500))))
    made = server.post("upscale", large, ("scale", "4"), ("tta", "true")).json
    path = f"/api/jobs/{made['id']}"
    until(lambda: server.ask(path).json["state"] == "running")
    assert server.ask(f"{path}/cancel", "POST").json["state"] == "cancelled"
    following = [server.post("upscale", SMALL, FAST).json["id"] for _ in range(4)]
    assert {server.ended(id)["state"] for id in following} == {"done"}
    store = Store(server.data)
    until(lambda: not store.running())
    assert server.ask(path).json["state"] == "cancelled" and not server.ask(path).json["files"]


def test_nobody_works_for_a_server_that_was_killed(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    workers = until(server.workers)
    server.kill()
    until(lambda: not any(map(alive, workers)))


def test_a_folder_has_one_studio(server: Server, command) -> None:
    done = command("studio", "--port", "0", "--data", str(server.data))
    assert done.returncode == 2
    assert "another studio that is open" in done.stderr
    taken = command("studio", "--port", str(server.port), "--data", "new")
    assert taken.returncode == 2 and f"--port {server.port} cannot be had" in taken.stderr


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_owners_take_turns(store: Store) -> None:
    for number in range(4):
        store.add(f"ann {number}", "ann", "upscale", {})
    for number in range(2):
        store.add(f"ben {number}", "ben", "upscale", {})
    order = []
    for _ in range(6):
        job = store.claim("worker")
        assert job is not None
        order.append(job.owner)
        store.finish(job, result={})
        time.sleep(0.002)
    assert order == ["ann", "ben", "ann", "ben", "ann", "ann"]


def test_cancelling_frees_the_worker_and_deleting_waits_for_it(store: Store) -> None:
    store.add("job", "ann", "upscale", {})
    store.place("job").mkdir()
    job = store.claim("one")
    assert job is not None
    store.cancel("job")
    assert not store.is_held(job) and [held.id for held in store.running()] == ["job"]
    store.delete("job")
    assert store.place("job").exists() and store.find("job", "ann") is None
    store.finish(job)
    store.bury()
    assert not store.place("job").exists() and store.find("job") is None
    store.add("queued", "ann", "upscale", {})
    store.cancel("queued")
    queued = store.find("queued")
    assert queued is not None and queued.state == CANCELLED and store.claim("one") is None
