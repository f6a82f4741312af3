"""Two processes are one: the same weights, one voice, and none left behind."""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from processes import alive, children, until

from trombine.core.errors import InputError
from trombine.recipes import with_settings
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.training.config import TrainConfig, check
from trombine.training.loop import train
from trombine.training.methods import METHODS, find, objective_of

HERE = Path(__file__).parent
FAMILIES = runpy.run_path(str(HERE / "two.py"))["FAMILIES"]
# Their phases and losses are of the kinds that are tried.
LIKE_OTHERS = {"find", "refine", "inpaint", "inpaint_diffusion", "unseen"}
LOOPBACK = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
# Steps of SGD in float64, without batch statistics.
WORDS = (
    *("train", "upscale-fast-x2", "--data", "leaves#48", "--size", "16", "--width", "4"),
    *("--depth", "2", "--batch", "4", "--pictures", "80", "--faces", "4", "--judged", "4"),
    *("--precision", "float64", "--optimiser", "sgd", "--lr", "0.1", "--threads", "1"),
    *("--warmup", "0", "--ema", "20", "--save-every", "40", "--no-tensorboard"),
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
    end = time.monotonic() + 10
    while of_session(session) and time.monotonic() < end:
        time.sleep(0.05)
    return not of_session(session)


def wait_for(ready: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 90
    while not ready():
        assert time.monotonic() < end and process.poll() is None, process.communicate()
        time.sleep(0.02)


def tensors_of(run: Path) -> Mapping[str, torch.Tensor]:
    return checkpoints.load(max(RunFolder(run).checkpoints.iterdir()))[0]


def largest(one: Mapping[str, torch.Tensor], two: Mapping[str, torch.Tensor]) -> float:
    assert one.keys() == two.keys()
    return max(float((one[n].double() - two[n].double()).abs().max()) for n in one)


def test_every_method_is_tried_by_two_processes_or_like_one_that_is() -> None:
    tried = {find(name).objective for name, _ in FAMILIES.values()}
    assert tried | LIKE_OTHERS == set(METHODS), "add the method to FAMILIES of two.py"
    assert not tried & LIKE_OTHERS


def test_two_processes_train_every_family_as_one_does(tmp_path: Path) -> None:
    """In float64, with SGD and nets without batch statistics, after 8 steps."""
    words = [sys.executable, str(HERE / "two.py")]
    both = [
        subprocess.Popen(
            [*words, str(rank), str(tmp_path)], env=LOOPBACK, stdout=subprocess.PIPE, text=True
        )
        for rank in (0, 1)
    ]
    said = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    found = json.loads(said[0])
    assert set(found) == set(FAMILIES)
    assert {f: apart for f, (apart, _) in found.items() if not apart < 1e-9} == {}
    assert {f: moved for f, (_, moved) in found.items() if not moved > 1e-4} == {}


def test_the_command_with_two_devices(start: Start, tmp_path: Path) -> None:
    """The same weights as one; told to end, and gone on with by torchrun: the same bytes."""
    whole = start("-m", "trombine", *WORDS, "--devices", "2", "-o", "whole")
    out, err = whole.communicate(timeout=600)
    assert whole.returncode == 0, err
    assert out.count("80 pictures seen") == out.count("\n") == 1, "one process speaks"
    assert all(line.startswith("trombine: ") for line in err.splitlines())
    assert none_left(whole.pid)
    assert largest(alone(tmp_path / "one"), tensors_of(tmp_path / "whole")) < 1e-9

    parts, command = tmp_path / "parts", (*WORDS, "--devices", "2", "-o", "parts")
    process = start("-m", "trombine", *command)
    wait_for(lambda: list(parts.glob("checkpoints/*.safetensors")), process)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert err.count("goes on from there") == 1 and "Traceback" not in err
    assert none_left(process.pid)
    assert not list(parts.glob("checkpoints/000000080.*")), "it ended before it was told to"

    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr")
    process = start(*torchrun, *place_for_two(), "-m", "trombine", *command)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert none_left(process.pid)
    for file in ("checkpoints/000000080.safetensors", "log.jsonl"):
        assert (tmp_path / "whole" / file).read_bytes() == (parts / file).read_bytes(), file


def test_a_rank_that_dies_ends_all_and_the_command_goes_on(start: Start, tmp_path: Path) -> None:
    """From the last checkpoint, to the weights of a run that nothing stopped."""
    words = tuple("400" if word == "80" else word for word in WORDS)
    run, torchrun = tmp_path / "run", ("-m", "torch.distributed.run", "--nproc-per-node", "2")

    def begin() -> subprocess.Popen[str]:
        place = ("--master-addr", *place_for_two())
        command = ("-m", "trombine", *words, "--devices", "2", "-o", "run")
        return start(*torchrun, *place, *command)

    process = begin()
    wait_for(lambda: list(run.glob("checkpoints/*.safetensors")), process)
    ranks = children(process.pid)
    assert len(ranks) >= 2
    os.kill(ranks[0], signal.SIGKILL)
    process.communicate(timeout=600)
    assert process.returncode != 0
    until(lambda: not any(map(alive, ranks)))
    assert not list(run.glob("checkpoints/000000400.*")), "it ended before its rank was killed"
    process = begin()
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert largest(alone(tmp_path / "one", words), tensors_of(run)) < 1e-9


def alone(run: Path, words: tuple[str, ...] = WORDS) -> Mapping[str, torch.Tensor]:
    """What one process makes of the same command."""
    pairs = zip(words[2:-1:2], words[3::2], strict=True)
    given = {name.removeprefix("--").replace("-", "_"): value for name, value in pairs}
    order = TrainConfig(
        name="upscale-fast-x2",
        recipe=with_settings(find("upscale-fast-x2"), given),
        folder=run,
        tensorboard=False,
    )
    train(order)
    return tensors_of(run)


def place_for_two() -> tuple[str, str, str]:
    """Where two processes meet."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return "127.0.0.1", "--master-port", str(one.getsockname()[1])


def test_batch_norm_is_refused_on_two(tmp_path: Path) -> None:
    recipe = with_settings(find("dcgan"), {"devices": "2"})
    order = TrainConfig(name="dcgan", recipe=recipe, folder=tmp_path)
    with pytest.raises(InputError, match="batch norm on 2 processes"):
        check(order, objective_of(recipe))
