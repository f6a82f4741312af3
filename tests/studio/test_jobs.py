"""Jobs: in turn, told as they go, cancelled for good; what they have an end of."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import alive, until
from studios import Bare, Server, noise, png

from trombine.core.errors import OutputError
from trombine.core.memory import ENDED
from trombine.studio import app, workers
from trombine.studio.jobs import CANCELLED, DAYS, Job, Jobs

SMALL = ("pictures", ("a.png", png(noise())))
LARGE = ("pictures", ("large.png", png(noise(1500))))
FAST = ("model", "upscale-fast")


def events_of(server: Server, id: str, **headers: Any) -> list[tuple[int, dict]]:
    """Numbers and contents of what a job said."""
    text = server.ask(f"/api/jobs/{id}/events", **headers).body.decode()
    blocks = [block.split("\n") for block in text.split("\n\n") if "data: " in block]
    return [(int(number[4:]), json.loads(data[6:])) for number, data in blocks]


def test_a_job_says_what_it_does_from_anywhere_on(server: Server) -> None:
    id = server.post("upscale", SMALL, FAST).json["id"]
    said = events_of(server, id)
    assert [one["state"] for _, one in said if one["kind"] == "state"] == [
        *("queued", "running", "done")
    ]
    assert "progress" in [one["kind"] for _, one in said][2:-1]
    assert said == sorted(said, key=lambda one: one[0])
    for at in (1, len(said) - 1):
        number = said[at][0]
        later = events_of(server, id, Last_Event_ID=str(number))
        assert later == [one for one in events_of(server, id) if one[0] > number]


def test_a_cancelled_job_ends_for_good_and_the_next_is_done(server: Server) -> None:
    """A large one that is being worked on; its worker is free again."""
    made = server.post("upscale", LARGE, ("scale", "4"), ("tta", "true")).json
    path = f"/api/jobs/{made['id']}"
    until(lambda: server.ask(path).json["state"] == "running")
    assert server.ask(f"{path}/cancel", "POST").json["state"] == "cancelled"
    following = [server.post("upscale", SMALL, FAST).json["id"] for _ in range(4)]
    assert {server.ended(id)["state"] for id in following} == {"done"}
    assert server.ask(path).json["state"] == "cancelled" and not server.ask(path).json["files"]


def test_a_worker_that_dies_fails_its_job_and_is_replaced(server: Server) -> None:
    id = server.post("upscale", LARGE, ("scale", "4"), ("tta", "true")).json["id"]
    until(lambda: server.ask(f"/api/jobs/{id}").json["state"] == "running")
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)
    problem = server.ended(id)["problem"]
    assert "ran out of memory, or somebody ended it" in problem
    assert "take a smaller picture" in problem
    assert server.ended(server.post("upscale", SMALL, FAST).json["id"])["state"] == "done"


def test_nobody_works_for_a_server_that_was_killed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """And nobody prints a word; its jobs are gone, and asked for, say so."""
    server = Server(tmp_path / "data")
    workers = until(server.workers)
    id = server.post("upscale", LARGE, ("tta", "true")).json["id"]
    until(lambda: server.ask(f"/api/jobs/{id}").json["state"] == "running")
    server.kill()
    until(lambda: not any(map(alive, workers)))
    assert capfd.readouterr().err == ""
    server.start()
    try:
        for end in ("", "/events", "/files/a.png"):
            answer = server.ask(f"/api/jobs/{id}{end}")
            assert answer.status == 410 and "started again" in answer.error
        for other in ("a", id[:-1], f"{'0' * 8}{id[8:]}x"):
            assert server.ask(f"/api/jobs/{other}").status == 404
    finally:
        server.close()


def test_a_worker_that_has_lost_its_server_ends_without_a_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=workers._serve, args=(theirs, 1 << 40))
    process.start()
    theirs.close()
    ours.close()
    process.join()
    assert process.exitcode == 0 and capfd.readouterr().err == ""


def test_a_folder_has_one_studio(
    server: Server, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = command("studio", "--port", "0", "--data", str(server.data))
    assert done.returncode == 2
    assert "another studio that is open" in done.stderr
    taken = command("studio", "--port", str(server.port), "--data", "new")
    assert taken.returncode == 2 and f"--port {server.port} cannot be had" in taken.stderr


def test_deleting_leaves_nothing(bare: Bare) -> None:
    made = bare.done("upscale", SMALL, FAST)
    place = bare.data / "jobs" / made["id"]
    assert (place / "out" / "a.png").exists()
    assert bare.ask(f"/api/jobs/{made['id']}", "DELETE").status == 204
    assert not place.exists()
    assert bare.ask(made["files"][0]["url"]).status == 404
    assert made["id"] not in bare.ask("/api/jobs").body.decode()


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path)


def added(jobs: Jobs, id: str, owner: str = "ann") -> Job:
    job = Job(id=id, owner=owner, verb="upscale", fields={}, place=jobs.place(id))
    job.place.mkdir()
    jobs.add(job)
    return job


def taken(jobs: Jobs) -> Job:
    job = jobs.take()
    assert job is not None
    return job


def test_owners_take_turns(jobs: Jobs) -> None:
    for number in range(4):
        added(jobs, f"ann {number}")
    for number in range(2):
        added(jobs, f"ben {number}", "ben")
    order = []
    for _ in range(6):
        order.append(job := taken(jobs))
        jobs.end(job, result={})
    assert [job.owner for job in order] == ["ann", "ben", "ann", "ben", "ann", "ann"]


def test_how_many_come_before_one(jobs: Jobs) -> None:
    """One's own that wait longer, and after each of them one of everybody else."""
    own = [added(jobs, f"ann {number}") for number in range(3)]
    ben = [added(jobs, f"ben {number}", "ben") for number in range(2)]
    assert [jobs.ahead(job) for job in own] == [1, 3, 4]
    assert [jobs.ahead(job) for job in ben] == [1, 3]
    assert jobs.ahead(taken(jobs)) == 0
    assert [jobs.ahead(job) for job in own[1:]] == [1, 3]


def test_a_job_that_is_deleted_while_it_is_worked_on(jobs: Jobs) -> None:
    """Its files go once its worker lets go of it, and what that says counts no more."""
    job = added(jobs, "a")
    assert taken(jobs) is job
    jobs.delete(job)
    assert job.place.exists() and jobs.find("a", "ann") is None
    jobs.end(job, result={"files": []})
    assert not job.place.exists() and job.state == CANCELLED
    assert [one.value for one in jobs.said("ann", 0)] == [{"state": "deleted"}]


def test_what_ended_long_ago_is_deleted(jobs: Jobs) -> None:
    for id, days in (("old", DAYS + 0.1), ("young", DAYS - 0.1)):
        jobs.cancel(job := added(jobs, id))
        assert job.ended is not None
        job.ended -= days * 24 * 3600
    added(jobs, "waits")
    assert [job.id for job in jobs.of("ann")] == ["waits", "young"]
    assert not jobs.place("old").exists() and jobs.place("young").exists()


def test_so_many_jobs_may_wait_and_so_many_files_be_sent(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    for job in bare.ask("/api/jobs").json:
        bare.ask(f"/api/jobs/{job['id']}", "DELETE")
    monkeypatch.setattr(app, "MOST_WAITING", 1)
    id = bare.post("read", SMALL).json["id"]
    refused = bare.post("read", SMALL)
    assert refused.status == 429 and "1 of your jobs wait already" in refused.error
    bare.ask(f"/api/jobs/{id}/cancel", "POST")
    before = set((bare.data / "jobs").iterdir())
    many = bare.post("read", *[("pictures", (f"{n}.png", b"1")) for n in range(201)])
    assert many.status == 400 and "200" in many.error
    assert set((bare.data / "jobs").iterdir()) == before


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "full"), OutputError("cannot be written, the disk is full")],
    ids=["the system's", "ours"],
)
def test_a_full_disk_is_said_and_leaves_nothing(
    error: Exception, bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise error

    before = set((bare.data / "jobs").iterdir())
    monkeypatch.setattr(app.shutil, "copyfileobj", full)
    refused = bare.post("read", SMALL)
    assert refused.status == 507 and "the disk is full; delete jobs" in refused.error
    assert set((bare.data / "jobs").iterdir()) == before
    documented = bare.ask("/api/openapi.json").json["paths"]["/api/read"]["post"]["responses"]
    assert {"201", "413", "422", "429", "507"} <= set(documented)


@pytest.mark.parametrize(
    ("end", "goes_on"),
    [
        ({"result": {"files": [], "skipped": []}}, True),
        ({"problem": "no such style"}, True),
        ({"problem": f"{ENDED}; take a smaller picture"}, False),
        ({"result": {"skipped": [{"file": "a.png", "why": f"{ENDED}; ..."}]}}, False),
    ],
)
def test_a_process_that_ran_out_of_memory_is_replaced(
    end: dict[str, Any], goes_on: bool, jobs: Jobs
) -> None:
    """It rarely gives its memory back, and the next job is to have all of it."""
    worker = workers._Worker(jobs, 1 << 40)
    worker.pipe, theirs = multiprocessing.Pipe()
    theirs.send(("end", end))
    added(jobs, "a")
    assert worker._do(job := taken(jobs)) is goes_on
    assert job.state == ("failed" if "problem" in end else "done")
