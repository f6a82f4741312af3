"""Runs of a second each, for the tests of what becomes of runs: how they are asked for and begun.

Loaded by the tests in tests/museum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trombine import sweep
from trombine.batch.result import Result
from trombine.events import Notice
from trombine.images import write
from trombine.recipes import find, with_settings
from trombine.refusal import InputError
from trombine.runs.folder import RunFolder
from trombine.training import writer
from trombine.training.loop import Order, train
from trombine.weights import read_card

TINY = {
    "size": "16",
    "pictures": "16",
    "batch": "4",
    "width": "4",
    "depth": "1",
    "judged": "2",
    "faces": "2",
    "precision": "float32",
    "log_every": "4",
    "sample_every": "8",
    "measure_every": "8",
    "save_every": "8",
}


def pictures(folder: Path, count: int = 10, *, seed: int = 0, suffix: str = ".bmp") -> Path:
    """Noise: files of one size, whatever the seed."""
    for number in range(count):
        pixels = np.random.default_rng((seed, number)).integers(0, 256, (16, 16, 3), np.uint8)
        write(folder / f"{number:02d}{suffix}", pixels)
    return folder


def order(run: Path, data: str, **settings: str) -> Order:
    recipe = with_settings(find("upscale-fast-x2"), {**TINY, "data": data, **settings})
    return Order(name="upscale-fast-x2", recipe=recipe, folder=run, board=False, command="made up")


def trained(request: Order) -> list[str]:
    """Train; what was said."""
    return [event.text for event in train(request) if isinstance(event, Notice)]


def state(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes, but for the lock, which is empty."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@contextmanager
def each_is_better() -> Iterator[None]:
    """Each model is the best so far, so that the last is kept, however little such runs learn."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writer, "_is_better", lambda *_, **__: True)
        yield


def finished_run(home: Path) -> Order:
    """A run that is over, and whose last model is kept."""
    request = order(home / "run", f"folder:{pictures(home / 'faces')}")
    trained(request)
    assert read_card(home / "run" / "best.safetensors").pictures == 16
    return request


def refused(request: Order, message: str) -> None:
    """A training that is refused in one line, and touches nothing."""
    before = state(request.folder)
    with pytest.raises(InputError, match=message) as error:
        trained(request)
    assert "\n" not in str(error.value)
    assert state(request.folder) == before


def changes(request: Order) -> dict[str, Any]:
    """Which settings the log calls changed, once more pictures are asked for under --change."""
    recipe = with_settings(request.recipe, {"pictures": "24"})
    trained(replace(request, change=True, recipe=recipe))
    entries = RunFolder(request.folder).entries()
    (line,) = [entry for entry in entries if entry["kind"] == "change"]
    return line["settings"]


def swept(output: Path, data: Path, grid: str) -> Result:
    shared = {**TINY, "data": f"folder:{data}"}
    settings = tuple(f"{name}={value}" for name, value in shared.items() if name != "width")
    return sweep(recipe="upscale-fast-x2", grid=(grid,), settings=settings, output=output)


def flags(settings: Mapping[str, str]) -> list[str]:
    pairs = [(f"--{name.replace('_', '-')}", value) for name, value in settings.items()]
    return [word for pair in pairs for word in pair]
