"""What bench/attack.py brought to light: damaged files of our own end in one line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trombine.data.made import Maker
from trombine.data.pack import Pack
from trombine.data.packing import write_pack

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


DEEP = "[" * 100_000 + "]" * 100_000


def begin(path: Path, rows: int) -> None:
    """Write so many rows of a pack of four, and stop."""
    maker = Maker(kind="leaves", size=16)
    with closing(write_pack(path, maker, first_seed=0, count=4, workers=1)) as events:
        for event in events:
            if getattr(event, "done", 0) == rows:
                break


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (0, DEEP),
        (0, "[1]"),
        (0, '{"about": {}, "columns": {"../original": [16, 16, 3]}, "count": 4}'),
        (0, '{"about": {}, "columns": {"pictures": [16, 8, 3]}, "count": 4}'),
        (1, DEEP),
        (1, "-1"),
        (1, "[]"),
        (1, '[1, null, ""]'),
        (1, '[0, 7, ""]'),
        (1, '[0, null, ["why"]]'),
        (1, '"abc"'),
        (2, "\n".join(f'[{place}, null, ""]' for place in range(1, 4))),
        (2, "\n".join(f'[{place}, null, ""]' for place in range(1, 9))),
    ],
)
def test_a_damaged_note_of_a_pack_begins_it_anew(line: int, text: str, tmp_path: Path) -> None:
    """A note of how far a pack was that says what cannot be costs the rows, and no other file."""
    begin(tmp_path / "whole", 9)
    begin(tmp_path / "pack", 2)
    np.save(tmp_path / "original.npy", np.zeros((99, 99)))
    original = (tmp_path / "original.npy").read_bytes()
    note = tmp_path / "pack.part" / "begun.json"
    lines = note.read_text().splitlines()
    note.write_text("\n".join((*lines[:line], text, *lines[line + 1 :])) + "\n")
    begin(tmp_path / "pack", 9)
    assert (tmp_path / "original.npy").read_bytes() == original
    assert Pack(tmp_path / "pack").hash == Pack(tmp_path / "whole").hash
    Pack(tmp_path / "pack").verify()


READER = (
    *("train", "reader", "--data", "pack:faces", "--other", "pack:leaves", "--no-board"),
    *("--size", "16", "--batch", "4", "--width", "4", "--faces", "2", "--judged", "4"),
    *("--warmup", "0", "--threads", "1", "--precision", "float32", "--pictures", "4", "-o", "run"),
)


def test_a_measure_that_is_no_number_stops_a_run_in_a_line(
    tmp_path: Path, command: Command
) -> None:
    """A reader that is measured on faces without landmarks stops, and names that measure."""
    for kind, name in (("world", "faces"), ("leaves", "leaves")):
        styles = ("photo",) if kind == "world" else ()
        maker = Maker(kind=kind, styles=styles, size=16)
        for _ in write_pack(tmp_path / name, maker, first_seed=0, count=6, workers=1):
            pass
    points = np.load(tmp_path / "faces" / "points.npy")
    np.save(tmp_path / "faces" / "points.npy", np.full_like(points, np.nan))
    done = command(*READER)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert all(line.startswith("trombine: ") for line in lines)
    assert "measure points" in lines[-1]
