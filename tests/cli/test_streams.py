"""Streams that are closed, full or end early: nothing is lost, and no traceback is shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Shell = Callable[[str], subprocess.CompletedProcess[str]]

# A command, and the file that it leaves.
WORKS = {
    "upscale photo.png --model upscale-fast -o large.png": "large.png",
    "read photo.png -o read.png": "read.png",
    "train upscale-fast-x2 --data leaves#20 --size 32 --pictures 16 --no-board -o run": (
        "run/best.safetensors"
    ),
}
PAGES = ["models list", "--help", "upscale --help", "--version"]


def ended_well(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode == 0 and "Traceback" not in done.stderr and "rror" not in done.stderr


@pytest.mark.parametrize("words", WORKS)
def test_closed_streams_lose_nothing(words: str, picture: Path, shell: Shell) -> None:
    """With output and error stream closed, everything is written all the same."""
    done = shell(f"{sys.executable} -m trombine {words} >&- 2>&-")
    assert ended_well(done)
    assert (picture.parent / WORKS[words]).exists()


@pytest.mark.parametrize("words", WORKS)
@pytest.mark.parametrize("pipe", ["| true", "2>&1 | head -n 1", "2>&1 >/dev/null | true"])
def test_a_pipe_that_ends_loses_nothing(words: str, pipe: str, picture: Path, shell: Shell) -> None:
    """Whoever reads may leave early: everything is written all the same."""
    done = shell(f"trombine {words} {pipe}")
    assert ended_well(done)
    assert (picture.parent / WORKS[words]).exists()


@pytest.mark.parametrize("words", PAGES)
@pytest.mark.parametrize("ending", [">&-", "2>&-", "| true", "| head -n 1"])
def test_pages_end_well_whoever_reads(words: str, ending: str, shell: Shell) -> None:
    """What only prints ends with 0 where nobody reads it, or not to its end."""
    program = "trombine" if "|" in ending else f"{sys.executable} -m trombine"
    done = shell(f"{program} {words} {ending}")
    assert ended_well(done)
    assert bool(done.stdout) == (ending in ("2>&-", "| head -n 1"))


def test_an_ended_pipe_keeps_the_exit_code(picture: Path, shell: Shell) -> None:
    """A picture that was skipped is in the exit code, though nobody reads the summary."""
    done = shell("trombine upscale photo.png gone.png --model upscale-fast -o out | true")
    assert done.returncode == 1
    assert "trombine: skipped gone.png" in done.stderr


def test_a_table_that_nobody_reads_is_no_error(picture: Path, shell: Shell) -> None:
    """read without -o may be read by a pipe that ends, and its error stream by another."""
    assert ended_well(shell("trombine read photo.png | true"))
    assert ended_well(shell("trombine read photo.png 2>&1 | head -n 1"))


def test_a_full_disk_is_a_line(shell: Shell) -> None:
    """What cannot be printed for want of room ends with 2 and a line that says so."""
    done = shell("trombine models list >/dev/full")
    assert (done.returncode, done.stderr) == (2, "trombine: no space left on device\n")
