"""The run folder: lines that are whole or not there, samples by number, one process at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from new_runs import new_run
from PIL import Image

from trombine.core.errors import InputError
from trombine.runs.folder import RunFolder

SQUARE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "run", {"recipe": "tiny", "settings": {"lr": 1e-3}})


# The folder


@pytest.mark.parametrize("text", ["[1]", "{"])
def test_a_recipe_that_is_none_is_named(folder: RunFolder, text: str) -> None:
    folder.recipe.write_text(text)
    with pytest.raises(InputError, match=r"recipe\.json"):
        folder.read_recipe()


# Lines


def test_lines_are_sorted_json_without_nan(folder: RunFolder) -> None:
    folder.append({"pictures": 1, "kind": "train", "values": {"b": float("nan"), "a": 0.1}})
    folder.append({"x": [float("inf"), -1.5]})
    lines = folder.log.read_text().splitlines()
    assert lines[0] == '{"kind": "train", "pictures": 1, "values": {"a": 0.1, "b": null}}'
    assert lines[1] == '{"x": [null, -1.5]}'
    assert folder.entries() == [json.loads(line) for line in lines]


@pytest.mark.parametrize("kept", [0, 3])
@pytest.mark.parametrize("half", ["", '{"n": 5, "half'])
def test_a_cut_keeps_whole_lines(folder: RunFolder, kept: int, half: str) -> None:
    for number in range(5):
        folder.append({"n": number})
    with folder.log.open("a") as file:
        file.write(half)
    assert len(folder.entries()) == 5
    folder.cut(kept)
    assert [entry["n"] for entry in folder.entries()] == list(range(kept))
    assert folder.log.stat().st_size == 9 * kept  # {"n": 0} and a line break
    folder.append({"n": 9})
    assert [entry["n"] for entry in folder.entries()] == [*range(kept), 9]


def test_a_log_that_lost_lines_is_not_gone_on_with(folder: RunFolder) -> None:
    folder.append({"n": 0})
    with pytest.raises(InputError, match="fewer than the 2 lines"):
        folder.cut(2)
    assert len(folder.entries()) == 1


def test_an_unreadable_line_hides_no_other(folder: RunFolder) -> None:
    folder.log.write_bytes(b'{"n": 0}\n\x00\x00\xff\n7\n{"n": 1}\n')
    assert folder.entries() == [{"n": 0}, {"n": 1}]


# Samples


def test_samples_are_named_by_pictures_seen(folder: RunFolder) -> None:
    for pictures in (12800, 0, 2_000_000_000):
        folder.write_sample(pictures, SQUARE)
    folder.write_fixed("truth", SQUARE)
    folder.write_fixed("input", SQUARE)
    (folder.samples / "000000007.txt").write_text("")
    files = folder.sample_files()
    assert list(files) == [0, 12800, 2_000_000_000]
    assert files[12800].name == "000012800.png"
    assert np.array_equal(np.asarray(Image.open(files[0])), SQUARE)
    assert list(folder.fixed_files()) == ["input", "truth"]


def test_a_cut_removes_later_samples_only(folder: RunFolder) -> None:
    for pictures in (0, 10, 20, 30):
        folder.write_sample(pictures, SQUARE)
    folder.write_fixed("input", SQUARE)
    folder.cut_samples(10)
    assert list(folder.sample_files()) == [0, 10]
    assert list(folder.fixed_files()) == ["input"]


# One process at a time


def test_a_run_is_trained_by_one(folder: RunFolder) -> None:
    assert not folder.is_running
    with folder.alone():
        assert folder.is_running
        with (
            pytest.raises(InputError, match=f"is being trained by process {os.getpid()}; wait"),
            RunFolder(folder.path).alone(),
        ):
            pass
        assert folder.is_running
    assert not folder.is_running


HOLD = """
import sys, time
from pathlib import Path
from trombine.runs.folder import RunFolder
with RunFolder(Path(sys.argv[1])).alone():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_holds_nothing(folder: RunFolder) -> None:
    words = [sys.executable, "-c", HOLD, str(folder.path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"by process {process.pid}"), folder.alone():
            pass
        process.kill()
    assert not folder.is_running
    with folder.alone():
        assert folder.is_running


def test_what_a_kill_left_is_cleared_by_the_next_holder(folder: RunFolder) -> None:
    folder.write_sample(1, SQUARE)
    folder.clock({"event": "started"})
    left = [folder.path / ".trombine-aa.part.json", folder.samples / ".trombine-bb.part.png"]
    for path in left:
        path.write_text("half")
    assert folder.is_running is False and all(path.exists() for path in left)
    with folder.alone():
        assert not any(path.exists() for path in left)
        folder.clock({"event": "resumed"})
    assert [entry["event"] for entry in folder.clock_entries()] == ["started", "resumed"]
    assert list(folder.sample_files()) == [1]
