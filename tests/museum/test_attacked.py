"""What bench/attack.py brought to light: damaged files of our own end in one line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """It ended with 2 and a line of ours, which has these words."""
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("trombine: ")
    assert line.isprintable()
    assert all(word in line for word in words), line


@pytest.fixture(scope="session")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four masks with their page."""
    from trombine import data_masks

    folder = tmp_path_factory.mktemp("masks") / "masks"
    data_masks(count=4, size=16, output=folder)
    return folder


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("share", None),
        ("share", "much"),
        ("share", [0.5]),
        ("share", 7),
        ("share", True),
        ("family", 3),
        ("family", "no such family"),
        ("family", None),
    ],
)
def test_a_damaged_line_of_masks_is_named(
    name: str, value: Any, masks: Path, tmp_path: Path, command: Command
) -> None:
    """Where a folder's lines give no share or family, the page is refused in a line."""
    from shutil import copytree

    folder = Path(copytree(masks, tmp_path / "masks"))
    file = folder / "metadata.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[2][name] = value
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = command("data", "masks", "--count", "4", "--size", "16", "--workers", "1", "-o", folder)
    refused(done, "metadata.jsonl", "line 3", "--overwrite")
