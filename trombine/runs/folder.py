"""The folder of a run: which files it has, and how they are written so that a kill loses nothing.

    recipe.json          what was asked for, all of it resolved
    log.jsonl            what happened, one JSON object a line; no clock in it
    clock.jsonl          when it happened and what it cost; never cut
    samples/             fixed-input.png, fixed-truth.png, 000012800.png: by pictures seen
    checkpoints/         000012800.safetensors: checkpoints.py
    best.safetensors     the best model by the run's own measure
    index.html  film.gif  board/

Here are files, and nothing of nets. What the log says is read in log.py.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from filelock import FileLock, Timeout
from jaxtyping import UInt8

from trombine.core.errors import InputError
from trombine.core.texts import from_json
from trombine.io.files import clear_parts, flush, opened, output_error, write_bytes
from trombine.io.image import encode_png

Entry = dict[str, Any]

_PATIENCE: Final = 0.5  # seconds: whoever only asks `is_running` holds it for an instant
_NUMBERED: Final = re.compile(r"([0-9]{9,15})\.\w+")
_FIXED: Final = re.compile(r"fixed-(.+)\.png")


@final
class RunFolder:
    """A run's files by name. Making one reads and writes nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recipe = path / "recipe.json"
        self.log = path / "log.jsonl"
        self.clocks = path / "clock.jsonl"
        self.samples = path / "samples"
        self.checkpoints = path / "checkpoints"
        self.best = path / "best.safetensors"
        self.film = path / "film.gif"
        self.page = path / "index.html"
        self.board = path / "board"
        self.lock = path / ".lock"
        self.pid = path / ".pid"  # of the process that holds the lock, or held it last

    @property
    def exists(self) -> bool:
        """Whether there is a run: its recipe is the first file written."""
        try:
            return self.recipe.is_file()
        except PermissionError:  # who reads it says so
            return True

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.path.resolve().name

    # One process at a time -------------------------------------------------------------------

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the run for training; an InputError where another process holds it.

        What a killed process left half-written is cleared away.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.lock, timeout=_PATIENCE).acquire()
        except Timeout as error:
            problem = f"is being trained by process {self.trainer}"
            raise InputError(problem, "wait for it, or stop it first", path=self.path) from error
        except OSError as error:
            raise output_error(self.path, error) from error
        with lock:
            for folder in (self.path, self.samples, self.checkpoints, self.board):
                clear_parts(folder)
            write_bytes(self.pid, str(os.getpid()).encode())
            yield

    @property
    def is_running(self) -> bool:
        """Whether a process trains it now."""
        if not self.lock.exists():
            return False
        try:
            with FileLock(self.lock, timeout=0):
                return False
        except Timeout:
            return True

    @property
    def trainer(self) -> int | None:
        """The process that trains it now."""
        return int(self.pid.read_text()) if self.pid.exists() and self.is_running else None

    # Text ------------------------------------------------------------------------------------

    def write_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Write recipe.json, whole or not at all."""
        text = json.dumps(recipe, indent=2, ensure_ascii=False)
        # A byte of a name that is no UTF-8 becomes JSON's own \udcff, and comes back as it was.
        write_bytes(self.recipe, f"{text}\n".encode(errors="backslashreplace"))

    def read_recipe(self) -> dict[str, Any]:
        """What recipe.json says."""
        with opened(self.recipe) as file:
            recipe = _object(file.read())
        if recipe is None:
            raise InputError(
                "is no JSON object", "copy it again from where it came", path=self.recipe
            )
        return recipe

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add a line to log.jsonl."""
        _append(self.log, entry)

    def clock(self, entry: Mapping[str, Any]) -> None:
        """Add a line to clock.jsonl."""
        _append(self.clocks, entry)

    def entries(self) -> list[Entry]:
        """The log's whole lines, in order."""
        return _read(self.log)

    def clock_entries(self) -> list[Entry]:
        """The clock's whole lines, in order."""
        return _read(self.clocks)

    def cut(self, lines: int) -> None:
        """Keep the first `lines` lines of log.jsonl; the others, half of one too, are dropped."""
        kept = _bytes(self.log).splitlines(keepends=True)[:lines]
        if len(kept) < lines or not all(line.endswith(b"\n") for line in kept):
            problem = f"has fewer than the {lines} lines that the checkpoint knows of"
            raise InputError(problem, "restore it, or begin a new run", path=self.log)
        if self.log.exists():
            os.truncate(self.log, sum(map(len, kept)))

    def sync(self) -> None:
        """Return once the log is on the disk."""
        if self.log.exists():
            flush(self.log)

    # Samples ---------------------------------------------------------------------------------

    def write_sample(self, pictures: int, pixels: UInt8[np.ndarray, "h w 3"]) -> Path:
        """What the nets made of the fixed things after so many pictures; returns the file."""
        path = self.samples / f"{pictures:09d}.png"
        write_bytes(path, encode_png(pixels))
        return path

    def write_fixed(self, row: str, pixels: UInt8[np.ndarray, "h w 3"]) -> Path:
        """A row that never changes: "input", "truth"; returns the file."""
        path = self.samples / f"fixed-{row}.png"
        write_bytes(path, encode_png(pixels))
        return path

    def sample_files(self) -> dict[int, Path]:
        """The samples by pictures seen, in order."""
        return numbered(self.samples, ".png")

    def fixed_files(self) -> dict[str, Path]:
        """The rows that never change, by name: the input first, the truth last."""
        matches = ((_FIXED.fullmatch(path.name), path) for path in listed(self.samples))
        rows = {match[1]: path for match, path in matches if match}
        return dict(sorted(rows.items(), key=lambda row: (row[0] == "truth", row[0])))

    def cut_samples(self, pictures: int) -> None:
        """Remove the samples made after so many pictures."""
        for number, path in self.sample_files().items():
            if number > pictures:
                path.unlink()


def numbered(folder: Path, suffix: str) -> dict[int, Path]:
    """The files of a folder that are named by pictures seen, in order; {} if it is not there."""
    matches = ((_NUMBERED.fullmatch(path.name), path) for path in listed(folder))
    files = {int(match[1]): path for match, path in matches if match and path.suffix == suffix}
    return dict(sorted(files.items()))


def listed(folder: Path) -> list[Path]:
    """What is in a folder; nothing where there is none."""
    return list(folder.iterdir()) if folder.is_dir() else []


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


# Lines of JSON


def _append(path: Path, entry: Mapping[str, Any]) -> None:
    line = json.dumps(_finite(entry), sort_keys=True, allow_nan=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f"{line}\n")
    except OSError as error:
        raise output_error(path, error) from error


def _finite(value: Any) -> Any:
    """The value with null for what JSON has no number for."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _read(path: Path) -> list[Entry]:
    """Whole lines as objects; what a kill or a failing disk made unreadable is left out."""
    entries = (_object(line) for line in _bytes(path).split(b"\n")[:-1])
    return [entry for entry in entries if entry is not None]


def _object(data: bytes) -> Entry | None:
    """A JSON object; None for anything else, and for one that is nested too deeply."""
    try:
        value = from_json(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
