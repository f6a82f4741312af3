"""Kill trainings at random moments, go on with them, and compare every byte with one left alone.

For each method a tiny run is trained to its end. The same run is trained again, killed (SIGKILL)
five times on its way, and gone on with; one more is told to end by Ctrl-C and by SIGTERM.
Checkpoints, best models, log and samples must have the same bytes. Each training is a process of
its own, a fork of this one, which has all libraries loaded.

    python bench/resume.py --count 10
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from table import Row, at_most, options, report

from trombine.__main__ import main as trombine
from trombine.training import loop

KILLS_OF_A_RUN: Final = 5
SMALL: Final = (
    "--data leaves#48 --size 16 --batch 4 --width 4 --ema 20 --warmup 0 --pictures 240 --faces 4"
    " --judged 4 --threads 1 --log-every 8 --save-every 40 --sample-every 80 --measure-every 80"
)
METHODS: Final = {
    "dcgan": "--latent 4 --pool 0.5",
    "upscale-fast-x2": "--size 32 --depth 2",
    "sharpener-x2": "--size 32 --depth 2 --levels 2 --alone 60 --critic-alone 30 --ramp 80 --r1 1"
    " --penalty-every 3 --pool 0.5",
    "flow": "--levels 2 --steps 3",
    "restyle": "--data world:photo+anime#48 --size 32 --latent 6 --blocks 1 --details 4 --levels 1"
    " --finish 2 --perceptual 0 --soft 120",
}
KEPT: Final = ("checkpoints/*.safetensors", "best*.safetensors", "log.jsonl", "samples/*")


def main() -> int:
    """Kill and resume; 1 unless every run ended with the same bytes."""
    asked = options(__doc__, count=10, methods=METHODS, first_seed=0)  # kills of each method
    assert loop.train  # loaded, with what it needs, before the first fork
    rows: list[Row] = []
    for method in asked.methods:
        with tempfile.TemporaryDirectory() as folder:
            rows += examine(method, asked.count, Path(folder), random.Random(asked.first_seed))
    return report(rows, json=asked.json)


def examine(method: str, count: int, folder: Path, chance: random.Random) -> Iterator[Row]:
    """Kill a method's run so many times, some times in each run."""
    whole = folder / "whole"
    wrong = int(end(begin(method, whole)) != 0)
    wanted = contents(whole)
    long = (whole / "log.jsonl").stat().st_mtime - (whole / "recipe.json").stat().st_mtime
    kills = different = 0
    while kills < count:
        run = folder / "killed"
        for _ in range(min(KILLS_OF_A_RUN, count - kills)):
            code = stop(method, run, signal.SIGKILL, chance.uniform(0, 0.2) * long)
            if code == 0:  # over before the kill came
                break
            kills += code == -signal.SIGKILL
        wrong += end(begin(method, run)) != 0
        different += contents(run) != wanted
        shutil.rmtree(run)
    codes = [stop(method, folder / "told", number) for number in (signal.SIGINT, signal.SIGTERM)]
    wrong += codes != [130, 143] or end(begin(method, folder / "told")) != 0
    different += contents(folder / "told") != wanted
    wrong += (folder / "said.txt").read_text().count("Traceback")
    yield Row(f"{method}: kills", kills, "kills")
    yield at_most(f"{method}: runs with other bytes", different, "runs", 0)
    yield at_most(f"{method}: wrong exit codes and tracebacks", wrong, "", 0)


def begin(method: str, run: Path) -> int:
    """A training of this run, as a process; its id."""
    if child := os.fork():
        return child
    with (run.parent / "said.txt").open("a") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    code, own = 99, METHODS[method].split()
    usual = SMALL.split()
    pairs = dict(zip(usual[::2], usual[1::2], strict=True)) | dict(
        zip(own[::2], own[1::2], strict=True)
    )
    words = [word for pair in pairs.items() for word in pair]
    try:
        code = trombine(["train", method, *words, "--no-tensorboard", "-o", str(run)])
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        sys.stderr.flush()
        os._exit(code)


def end(child: int) -> int:
    """How it ended: its exit code, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def stop(method: str, run: Path, number: int, seconds: float = 0.0) -> int:
    """Send a signal to a training so long after it has begun to write."""
    child, log = begin(method, run), run / "log.jsonl"
    before = log.stat().st_size if log.exists() else 0
    while (log.stat().st_size if log.exists() else 0) <= before:
        time.sleep(0.002)
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return end(child)
    time.sleep(seconds)
    os.kill(child, number)
    return end(child)


def contents(run: Path) -> dict[str, bytes]:
    """Every file whose bytes must not depend on when the run was killed."""
    paths = (path for pattern in KEPT for path in run.glob(pattern))
    return {str(path.relative_to(run)): path.read_bytes() for path in paths}


if __name__ == "__main__":
    sys.exit(main())
