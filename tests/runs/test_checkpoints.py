"""Checkpoints: the same bytes for the same content, any damage noticed, a kill loses nothing."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from new_runs import new_run
from torch import Tensor

from trombine.core.errors import InputError, OutputError
from trombine.runs import checkpoints
from trombine.runs.checkpoints import latest, load, save
from trombine.runs.folder import RunFolder

TENSORS = {
    "net/weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "net/half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "count": torch.tensor(2**40, dtype=torch.int64),
    "seen": torch.tensor([True, False, True]),
    "pixels": torch.arange(5, dtype=torch.uint8),
    "exact": torch.tensor([0.1, float("nan"), float("inf")], dtype=torch.float64),
    "none": torch.zeros(0, 3),
}
PLAIN = {"pictures": 64, "phase": {"name": "begin", "since": 0.1}, "text": "é ü", "list": [1, None]}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "run", {})


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Equal names, types, shapes and bytes."""
    return checkpoints.encode(one, {}) == checkpoints.encode(other, {})


def test_what_is_loaded_is_what_was_saved(folder: RunFolder) -> None:
    path = save(folder, 64, TENSORS, PLAIN)
    assert path == folder.path / "checkpoints" / "000000064.safetensors"
    tensors, plain = load(path)
    assert same(tensors, TENSORS) and plain == PLAIN


def test_the_same_content_is_the_same_bytes(folder: RunFolder) -> None:
    turned = dict(reversed(TENSORS.items()))
    turned["net/weight"] = TENSORS["net/weight"].t().contiguous().t()  # other strides
    files = {
        checkpoints.encode(TENSORS, PLAIN),
        checkpoints.encode(turned, dict(reversed(PLAIN.items()))),
    }
    assert len(files) == 1
    assert checkpoints.encode(TENSORS, PLAIN | {"pictures": 65}) not in files
    assert checkpoints.encode(TENSORS | {"count": torch.tensor(3)}, PLAIN) not in files


def test_tensors_may_share_memory(folder: RunFolder) -> None:
    whole = torch.arange(8.0)
    path = save(folder, 1, {"whole": whole, "again": whole, "part": whole[2:4]}, {})
    tensors, _ = load(path)
    assert torch.equal(tensors["again"], whole) and torch.equal(tensors["part"], whole[2:4])


# Damage


def test_what_is_cut_off_is_not_used(folder: RunFolder, caplog: pytest.LogCaptureFixture) -> None:
    save(folder, 10, TENSORS, PLAIN)
    whole = checkpoints.encode(TENSORS, PLAIN)
    path = folder.checkpoints / "000000020.safetensors"
    for length in range(0, len(whole), 61):
        path.write_bytes(whole[:length])
        assert latest(folder) == folder.checkpoints / "000000010.safetensors"
    assert f"{path}: is damaged; the checkpoint before it is used" in caplog.messages


def test_a_newer_format_is_no_damage(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr(checkpoints, "FORMAT", 2)
        save(folder, 2, TENSORS, PLAIN)
    with pytest.raises(InputError, match="is of a newer format, 2; update"):
        latest(folder)


# Which are kept, and which is used


def files(folder: RunFolder) -> list[str]:
    return sorted(path.name for path in folder.checkpoints.iterdir())


def test_the_last_two_are_kept(folder: RunFolder) -> None:
    for pictures in (0, 10, 20, 30):
        save(folder, pictures, {"a": torch.tensor(pictures)}, {})
    assert files(folder) == ["000000020.safetensors", "000000030.safetensors"]
    assert latest(folder) == folder.checkpoints / "000000030.safetensors"


def test_going_on_from_an_older_one_removes_the_later_ones(folder: RunFolder) -> None:
    """Where these are damaged: they are no longer this run's."""
    for pictures in (10, 20, 15):
        save(folder, pictures, {"a": torch.tensor(pictures)}, {})
    assert files(folder) == ["000000010.safetensors", "000000015.safetensors"]


# Kills and full disks


def test_the_log_is_on_the_disk_first(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.append({"n": 1})
    happened: list[str] = []
    write = checkpoints.write_bytes
    monkeypatch.setattr(RunFolder, "sync", lambda _: happened.append("log"))

    def noted(path: Path, data: bytes) -> None:
        happened.append(path.name)
        write(path, data)

    monkeypatch.setattr(checkpoints, "write_bytes", noted)
    save(folder, 7, TENSORS, PLAIN)
    assert happened == ["log", "000000007.safetensors"]


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_save_that_fails_leaves_all_as_it_was(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for pictures in (10, 20):
        save(folder, pictures, TENSORS, {"n": pictures})
    before = {path.name: path.read_bytes() for path in folder.checkpoints.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    owner, attribute = {"fsync": (os, "fsync"), "replace": (Path, "replace")}[name]
    with monkeypatch.context() as broken:
        broken.setattr(owner, attribute, full)
        with pytest.raises(OutputError, match="the disk is full"):
            save(folder, 30, TENSORS, {"n": 30})
    assert {path.name: path.read_bytes() for path in folder.checkpoints.iterdir()} == before
    save(folder, 30, TENSORS, {"n": 30})
    assert latest(folder) == folder.checkpoints / "000000030.safetensors"


WRITE = """
import sys
from pathlib import Path
import torch
from trombine.runs.checkpoints import latest, load, save
from trombine.runs.folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
with folder.alone():
    path = latest(folder)
    number = load(path)[1]["n"] if path else 0
    print("ready", flush=True)
    while True:
        number += 1
        held = torch.full((400_000,), float(number))
        save(folder, number, {"a": held, "b": held.long()}, {"n": number})
        print("saved", flush=True)
"""


def test_a_killed_writer_loses_at_most_the_one_in_hand(folder: RunFolder) -> None:
    """Two writers one after the other, each killed at a moment of chance while it saves."""
    chance, last = random.Random(2), 0
    for _ in range(2):
        words = [sys.executable, "-c", WRITE, str(folder.path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            assert process.stdout.readline() == "saved\n"
            time.sleep(0.1 * chance.random())  # wherever the next ones then are
            process.kill()
        path = max(folder.checkpoints.glob("0*.safetensors"))
        assert latest(folder) == path
        tensors, plain = load(path)
        assert plain["n"] > last
        last = plain["n"]
        assert torch.equal(tensors["a"], torch.full((400_000,), float(last)))
        assert len(list(folder.checkpoints.glob("0*.safetensors"))) <= 3
