"""Trains in processes of its own, which are killed and told to end at any moment of the clock.

Run by test_resume.py as `python killed.py FOLDER`; says, as JSON, what came of it. Everything is
loaded once, and each training is a fork.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from families import contents

from trombine.__main__ import main
from trombine.training import loop

WORDS = (
    *("train", "dcgan", "--data", "leaves#48", "--size", "16", "--width", "4", "--latent", "4"),
    *("--batch", "4", "--pictures", "240", "--faces", "4", "--judged", "4", "--threads", "1"),
    *("--ema", "20", "--pool", "0.5", "--log-every", "8", "--save-every", "40"),
    *("--sample-every", "80", "--measure-every", "80", "--no-tensorboard", "-o"),
)


def begun(run: Path) -> int:
    """A training of this run, as a process; its id."""
    child = os.fork()
    if child:
        return child
    with (run.parent / "said.txt").open("a") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    code = 99
    try:
        code = main([*WORDS, str(run)])
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(child: int) -> int:
    """How it ended: its exit code, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def told(run: Path, number: int, seconds: float = 0.0) -> int:
    """Send a signal to a training so long after it has begun to write."""
    child = begun(run)
    log = run / "log.jsonl"
    before = log.stat().st_size if log.exists() else 0
    while (log.stat().st_size if log.exists() else 0) <= before:
        time.sleep(0.002)
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return ended(child)
    time.sleep(seconds)
    os.kill(child, number)
    return ended(child)


def examine(folder: Path) -> dict[str, object]:
    assert loop.train  # loaded, with what it needs, before the first fork
    whole, chance = ended(begun(folder / "whole")), random.Random(0)
    log = folder / "whole" / "log.jsonl"
    long = log.stat().st_mtime - (folder / "whole" / "recipe.json").stat().st_mtime
    kills = [
        told(folder / "killed", signal.SIGKILL, chance.uniform(0, 0.1) * long) for _ in range(4)
    ]
    codes = [told(folder / "told", number) for number in (signal.SIGINT, signal.SIGTERM)]
    rest = [ended(begun(folder / name)) for name in ("killed", "told")]
    wanted = contents(folder / "whole")
    same = {name: different(contents(folder / name), wanted) for name in ("killed", "told")}
    said = (folder / "said.txt").read_text()
    return {
        "whole": whole,
        "kills": kills,
        "codes": codes,
        "rest": rest,
        "same": same,
        "said": said,
    }


def different(found: dict[str, bytes], wanted: dict[str, bytes]) -> list[str]:
    """The files that differ."""
    names = found.keys() | wanted.keys()
    return sorted(name for name in names if found.get(name) != wanted.get(name))


if __name__ == "__main__":
    print(json.dumps(examine(Path(sys.argv[1]))))
