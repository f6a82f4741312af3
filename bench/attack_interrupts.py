"""Commands stopped while they start: SIGINT or SIGTERM at random moments of the first seconds."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from table import Row, at_least, at_most

COMMANDS: Final = (
    ("doctor",),
    ("upscale", "world/000000.png", "-o", "new.png"),
    ("read", "world", "-o", "seen"),
    ("data", "world", "--count", "4", "--size", "32", "--workers", "2", "-o", "new"),
    ("train", "upscale-fast-x2", "--data", "folder:world", "--size", "32", "-o", "run"),
)
STOPPED: Final = {signal.SIGINT: (130, -2), signal.SIGTERM: (143, -15)}
_WAIT: Final = 30.0  # seconds until a process that was told to end is taken to hang


def interrupt_rows(place: Path, count: int, first_seed: int) -> list[Row]:
    """So many interrupts, of all commands in turn."""
    paint(place)
    longest = {words: seconds_of(words, place) for words in COMMANDS}
    chance = random.Random(first_seed)
    sound = wrong = number = 0
    while sound + wrong < count:
        words = COMMANDS[number % len(COMMANDS)]
        sent = (signal.SIGINT, signal.SIGTERM)[chance.randrange(2)]
        fault = interrupted(words, place, sent, chance.random() * longest[words])
        number += 1
        if fault is None:
            longest[words] *= 0.98  # it was done before: sooner the next time
            continue
        sound, wrong = sound + (not fault), wrong + bool(fault)
        if fault:
            print(f"{sent.name} ({' '.join(words)}): {fault}", file=sys.stderr)
    return [
        at_least("interrupts while starting", sound + wrong, "interrupts", count),
        at_most("  that end otherwise than with 130 or 143", wrong, "interrupts", 0),
    ]


def line(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "trombine", *words]


def paint(place: Path) -> None:
    """Faces for the commands that read some."""
    place.mkdir(exist_ok=True)
    words = ("data", "world", "--count", "2", "--size", "32", "-o", "world", "--overwrite")
    subprocess.run(line(words), cwd=place, check=True, stdout=subprocess.DEVNULL)


def _start(words: tuple[str, ...], place: Path) -> subprocess.Popen[str]:
    for name in ("new.png", "seen", "new", "run"):
        path = place / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return subprocess.Popen(
        line(words), cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def seconds_of(words: tuple[str, ...], place: Path) -> float:
    """How long a command takes, or as much of it as counts as starting."""
    start = time.perf_counter()
    with _start(words, place) as process:
        try:
            process.communicate(timeout=4.0)
        except subprocess.TimeoutExpired:
            process.kill()
    return time.perf_counter() - start


def interrupted(words: tuple[str, ...], place: Path, sent: int, after: float) -> str | None:
    """What is wrong with how a command ended; None where it was done before it was told to."""
    with _start(words, place) as process:
        time.sleep(after)
        process.send_signal(sent)
        try:
            _, errors = process.communicate(timeout=_WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
            return "hangs"
    if process.returncode == 0:
        return None
    return _fault(process.returncode, sent, errors)


def _fault(code: int, sent: int, errors: str) -> str:
    """Empty where it ended as it should.

    Before the first line of trombine runs, Python ends by the signal, and shows where it was.
    """
    ours = "trombine/" in errors or "trombine." in errors
    if "Traceback" in errors and (ours or code not in STOPPED[signal.Signals(sent)]):
        return f"ended with {code}: {errors.strip().splitlines()[-1]}"
    return "" if code in STOPPED[signal.Signals(sent)] else f"ended with {code}: {errors[-200:]}"
