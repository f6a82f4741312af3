"""What a run tells: from lines made by hand, with what they mean worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from new_runs import new_run

from trombine.runs.folder import Entry, RunFolder
from trombine.runs.log import (
    ALARMED,
    FINISHED,
    RUNNING,
    STOPPED,
    Cost,
    cost,
    read,
)

P, Q = "aaaa", "bbbb"  # protocols


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    settings = {"pictures": 500, "best": "SSIM"}
    return new_run(tmp_path / "run", {"recipe": "tiny", "settings": settings})


def train(pictures: int, **values: Any) -> Entry:
    return {"kind": "train", "pictures": pictures, "values": values}


def measure(pictures: int, psnr: float, *, best: bool, protocol: str = P) -> Entry:
    values = {"PSNR": psnr, "SSIM": psnr / 100}
    line = {"kind": "measure", "pictures": pictures, "values": values, "best": best}
    return {**line, "protocol": protocol}


def log(folder: RunFolder, *entries: Entry) -> None:
    for entry in entries:
        folder.append(entry)


def test_curves_hold_the_finite_values(folder: RunFolder) -> None:
    log(folder, train(10, a=1.0, b=float("nan")), train(20, a=2, b=4.0, d="x"))
    curves = read(folder).curves
    assert (curves["a"].pictures, curves["a"].values) == ([10, 20], [1.0, 2.0])
    assert (curves["b"].pictures, curves["b"].values) == ([20], [4.0])
    assert curves.keys() == {"a", "b"}


def test_measures_are_of_one_protocol(folder: RunFolder) -> None:
    log(
        folder,
        measure(10, 20.0, best=True),
        measure(20, 30.0, best=True, protocol=Q),
        measure(30, 25.0, best=False),
    )
    measures = read(folder).measures
    assert measures["PSNR"].values == [20.0, 25.0], "those under the newest protocol"


def test_a_checkpoint_may_be_newer_than_the_log(folder: RunFolder) -> None:
    """As after Ctrl-C, which saves between two lines of the log."""
    log(folder, train(10, a=1.0))
    assert read(folder).pictures == 10
    folder.checkpoints.mkdir()
    for name in ("000000005.safetensors", "000000014.safetensors", "000000020.safetensors.damaged"):
        (folder.checkpoints / name).write_bytes(b"")
    assert read(folder).pictures == 14
    log(folder, train(15, a=1.0))
    assert read(folder).pictures == 15


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ([], STOPPED),
        ([train(10, a=1.0)], STOPPED),
        ([{"kind": "end", "pictures": 500}], FINISHED),
        ([{"kind": "alarm", "pictures": 9, "did": "stopped"}], ALARMED),
        ([{"kind": "alarm", "pictures": 9, "did": "warned"}], STOPPED),
        ([{"kind": "alarm", "pictures": 9, "did": "stopped"}, train(10, a=1.0)], STOPPED),
    ],
)
def test_states(folder: RunFolder, last: list[Entry], state: str) -> None:
    log(folder, *last)
    assert read(folder).state == state
    with folder.alone():
        assert read(folder).state == RUNNING
    assert read(folder).state == state


def test_a_run_that_has_ended_but_is_held_is_not_running(folder: RunFolder) -> None:
    """Its last page is written by the process that trained it."""
    log(folder, {"kind": "end", "pictures": 500})
    with folder.alone():
        folder.clock({"event": "saved", "pictures": 500})
        assert read(folder).state == RUNNING
        folder.clock({"event": "ended", "pictures": 500})
        assert read(folder).state == FINISHED


# Cost


def tick(event: str, pictures: int, seconds: float) -> Entry:
    times = {"seconds": seconds, "cpu": 2 * seconds, "gpu": seconds / 2}
    return {"event": event, "pictures": pictures, **times, "when": f"2030-01-01T00:00:{pictures}"}


def test_killed_processes_are_counted_to_their_last_tick() -> None:
    """0 to 40, killed; resumed at 30 to 50, killed; resumed at 50, stopped at once."""
    spent = cost(
        [
            tick("started", 0, 0.0),
            tick("tick", 40, 4.0),
            tick("resumed", 30, 0.0),
            tick("saved", 50, 2.5),
            tick("resumed", 50, 0.0),
        ]
    )
    assert (spent.pictures, spent.seconds, spent.cpu, spent.starts) == (60, 6.5, 13.0, 3)


def test_a_clock_without_its_begin_or_its_numbers() -> None:
    assert cost([]) == Cost()
    assert cost([{"event": "tick", "pictures": 5}, tick("tick", 9, 2.0)]).pictures == 4
