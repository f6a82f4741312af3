"""Two processes are one: the same weights, one voice, and none left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch

from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder

HERE = Path(__file__).parent
LOOPBACK = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
# Twenty steps of SGD in float64, without batch statistics.
WORDS = (
    *("train", "enlarger-x2", "--data", "leaves#48", "--size", "16", "--width", "4"),
    *("--depth", "2", "--batch", "4", "--pictures", "80", "--faces", "4", "--judged", "4"),
    *("--precision", "float64", "--optimiser", "sgd", "--lr", "0.1", "--threads", "1"),
    *("--warmup", "0", "--ema", "20", "--save-every", "40", "--no-board"),
)
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A command in a session of its own, of which nothing may be left in the end."""
    begun: list[subprocess.Popen[str]] = []

    def run(*words: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            cwd=tmp_path,
            env=LOOPBACK,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield run
    for process in begun:
        for one in of_session(process.pid):
            os.kill(one, signal.SIGKILL)
        process.communicate()


def of_session(session: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended since
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def none_left(session: int) -> bool:
    until = time.monotonic() + 10
    while of_session(session) and time.monotonic() < until:
        time.sleep(0.05)
    return not of_session(session)


def wait_for(ready: Callable[[], object], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 90
    while not ready():
        assert time.monotonic() < until and process.poll() is None, process.communicate()
        time.sleep(0.02)


def state_of(run: Path) -> tuple[dict[str, torch.Tensor], dict[str, object]]:
    latest = checkpoints.latest(RunFolder(run))
    return latest.tensors, latest.plain


def largest(one: Mapping[str, torch.Tensor], two: Mapping[str, torch.Tensor]) -> float:
    assert one.keys() == two.keys()
    return max(float((one[n].double() - two[n].double()).abs().max()) for n in one)


def test_two_processes_train_every_family_as_one_does(tmp_path: Path) -> None:
    """In float64, with SGD and nets without batch statistics, after 20 steps."""
    words = [sys.executable, str(HERE / "two.py")]
    both = [
        subprocess.Popen(
            [*words, str(rank), str(tmp_path)], env=LOOPBACK, stdout=subprocess.PIPE, text=True
        )
        for rank in (0, 1)
    ]
    said = [process.communicate(timeout=180)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    found = json.loads(said[0])
    assert len(found) == 10
    assert {f: apart for f, (apart, _) in found.items() if not apart < 1e-9} == {}
    assert {f: moved for f, (_, moved) in found.items() if not moved > 1e-4} == {}


def test_the_command_with_two_devices(start: Start, tmp_path: Path) -> None:
    """The same weights as with one; told to end and gone on with, the same bytes as in one go."""
    commands = {
        name: (*WORDS, "--devices", devices, "-o", name)
        for name, devices in (("one", "1"), ("two", "2"), ("halted", "2"))
    }
    for name in ("one", "two"):
        process = start("-m", "trombine", *commands[name])
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert out.count("80 pictures seen") == out.count("\n") == 1, "one process speaks"
        assert all(line.startswith("trombine: ") for line in err.splitlines())
        assert none_left(process.pid)
    one, two = state_of(tmp_path / "one")[0], state_of(tmp_path / "two")[0]
    assert largest(one, two) < 1e-9

    halted = start("-m", "trombine", *commands["halted"])
    log = tmp_path / "halted" / "checkpoints"
    wait_for(lambda: list(log.glob("*.safetensors")), halted)
    os.killpg(halted.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
    _, err = halted.communicate(timeout=120)
    assert halted.returncode == 130, err
    assert err.count("goes on from there") == 1 and "Traceback" not in err
    assert none_left(halted.pid)
    where = state_of(tmp_path / "halted")[1]["pictures"]
    assert where != 80, "it ended before it was told to"

    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr")
    again = start(
        *torchrun,
        *("127.0.0.1", "--master-port", free_port(), "-m", "trombine", *commands["halted"]),
    )
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert none_left(again.pid)
    for place in ("checkpoints/000000080.safetensors", "log.jsonl", "best.safetensors"):
        whole, parts = tmp_path / "two" / place, tmp_path / "halted" / place
        assert whole.read_bytes() == parts.read_bytes(), place


def free_port() -> str:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def test_one_of_two_is_killed(start: Start, tmp_path: Path) -> None:
    process = start("-m", "trombine", *WORDS, "--devices", "2", "--pictures", "80000")
    run = tmp_path / "runs" / "enlarger-x2"
    wait_for(lambda: len(list(run.glob("checkpoints/*.safetensors"))) > 1, process)
    (other,) = (one for one in of_session(process.pid) if one != process.pid)
    os.kill(other, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "goes on from the last checkpoint" in err and "Traceback" not in err
    assert none_left(process.pid)


def test_the_first_of_two_is_killed(start: Start, tmp_path: Path) -> None:
    process = start("-m", "trombine", *WORDS, "--devices", "2", "--pictures", "80000")
    run = tmp_path / "runs" / "enlarger-x2"
    wait_for(lambda: len(list(run.glob("checkpoints/*.safetensors"))) > 1, process)
    os.kill(process.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert none_left(process.pid)
    assert "Traceback" not in err


def test_batch_norm_is_refused_on_two(start: Start) -> None:
    process = start("-m", "trombine", "train", "dcgan", "--data", "leaves#48", "--devices", "2")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and not out
    assert "batch norm on 2 processes" in err and err.count("\n") == 1
