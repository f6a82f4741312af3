"""Lines as they are typed in a shell, with pipes, closed streams and terminals."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from trombine.io.image import save_picture

Shell = Callable[[str], subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Session:
    """What a command showed on a terminal of 100 columns, and wrote to its output."""

    code: int
    screen: str
    output: str

    @property
    def lines(self) -> list[str]:
        """What was drawn, piece by piece, without colours and movements."""
        plain = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", self.screen)
        return [line.strip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


@pytest.fixture
def shell(tmp_path: Path, on_path: dict[str, str]) -> Shell:
    """Runs a line in bash, in an empty folder; a pipe ends with the code of `trombine`."""

    def run(line: str) -> subprocess.CompletedProcess[str]:
        words = ["bash", "-c", f"set -o pipefail; {line}"]
        environment = os.environ | on_path
        return subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
        )

    return run


@pytest.fixture
def on_terminal(tmp_path: Path, on_path: dict[str, str]) -> Callable[..., Session]:
    """Runs a line whose error stream is a terminal, and whose output is a pipe."""

    def run(line: str, *, hang_up: bool = False) -> Session:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        environment = os.environ | on_path | {"TERM": "xterm"}
        with subprocess.Popen(
            ["bash", "-c", line],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=slave,
            start_new_session=True,
            text=True,
        ) as process:
            os.close(slave)
            screen = os.read(master, 100) if hang_up else _everything(master)
            os.close(master)
            assert process.stdout is not None
            output = process.stdout.read()
        return Session(process.returncode, screen.decode(errors="replace"), output)

    return run


def _everything(master: int) -> bytes:
    """What is written to a terminal until nobody has it open."""
    data = b""
    while True:
        try:
            piece = os.read(master, 1 << 16)
        except OSError:  # so Linux says that the last has closed it
            return data
        if not piece:
            return data
        data += piece


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A small picture, photo.png, in the folder that lines are run in."""
    rows, columns = np.mgrid[:40, :48]
    waves = [np.sin(rows / 3 + columns / 5 + phase) * 100 + 127 for phase in (0, 1, 2)]
    save_picture(tmp_path / "photo.png", np.stack(waves, axis=2).astype(np.uint8))
    return tmp_path / "photo.png"
