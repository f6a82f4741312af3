"""Ctrl-C and SIGTERM at any moment while a command starts: how each of them ends.

A terminal sends Ctrl-C to every process of the command, and so may who sends SIGTERM. Each command
is run once to learn how long it takes, and then with a signal after a random share of that time.
bench/attack.py runs this.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from table import ROOT

SIDE: Final = 48  # pixels of the picture that is enlarged and read
PATIENCE: Final = 120  # seconds after a signal; a command that is still there has not ended by it
# PICTURE is an input, OUTPUT a name that is new each time.
COMMANDS: Final = (
    "--help",
    "data world --count 4 --size 32 --workers 2 -o OUTPUT",
    "upscale PICTURE -o OUTPUT.png",
    "read PICTURE",
    "train upscale-fast-x2 --data leaves#100 --dry-run",
    "doctor",
)


@dataclass(frozen=True, kw_only=True)
class Interrupt:
    """A signal that is sent to a command while it starts."""

    command: str
    share: float  # of the time that the whole command takes
    signal: signal.Signals
    to_all: bool  # to every process of the command, not to the first alone


def planned(count: int, seed: int) -> list[Interrupt]:
    """As many interrupts, of each command in turn: a function of the seed."""
    chance = random.Random(seed)
    return [_drawn(COMMANDS[number % len(COMMANDS)], chance) for number in range(count)]


def _drawn(command: str, chance: random.Random) -> Interrupt:
    number = chance.choice((signal.SIGINT, signal.SIGTERM))
    to_all = number == signal.SIGINT or chance.random() < 0.5
    return Interrupt(command=command, share=chance.random(), signal=number, to_all=to_all)


def interrupts(count: int, seed: int) -> list[tuple[float, int, int, str]]:
    """Interrupt as many commands; of each the delay (s), signal, exit code and error stream."""
    with tempfile.TemporaryDirectory() as folder:
        return list(_interrupted(Path(folder), planned(count, seed)))


def is_right(number: int, returncode: int, stderr: str) -> bool:
    """Whether a command ended by a signal as it should, or was over before it came.

    Before the first line of ours Python ends by the signal itself, which a shell shows as the same
    code, or with a traceback of its own in which there is nothing of ours.
    """
    if returncode in (-number, 1) and "trombine" not in stderr:
        return number == signal.SIGINT or not stderr
    return returncode in (0, 128 + number) and "Traceback" not in stderr


def _interrupted(folder: Path, plan: list[Interrupt]) -> Iterator[tuple[float, int, int, str]]:
    picture = folder / "picture.png"
    Image.radial_gradient("L").resize((SIDE, SIDE)).convert("RGB").save(picture)
    usual: dict[str, float] = {}
    for number, interrupt in enumerate(plan):
        words = interrupt.command.replace("PICTURE", str(picture))
        if interrupt.command not in usual:
            _timed(words.replace("OUTPUT", str(folder / f"first-{number}")))  # compiles kernels
            usual[interrupt.command] = _timed(words.replace("OUTPUT", str(folder / f"{number}-")))
        delay = interrupt.share * usual[interrupt.command]
        yield _once(words.replace("OUTPUT", str(folder / str(number))), delay, interrupt)


def _timed(words: str) -> float:
    start = time.monotonic()
    with _started(words) as process:
        _, stderr = process.communicate()
    assert not process.returncode, stderr
    return time.monotonic() - start


def _once(words: str, delay: float, interrupt: Interrupt) -> tuple[float, int, int, str]:
    with _started(words) as process:
        time.sleep(delay)
        send = os.killpg if interrupt.to_all else os.kill
        if process.poll() is None:
            send(process.pid, interrupt.signal)
        try:
            _, stderr = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, stderr = process.communicate()
        return delay, int(interrupt.signal), process.returncode, stderr


def _started(words: str) -> subprocess.Popen[str]:
    """A command in a group of processes of its own, with the handlers that a terminal gives."""
    call = [sys.executable, "-m", "trombine", *words.split()]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        call,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        restore_signals=True,
    )
