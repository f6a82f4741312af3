"""What a training has made is not lost, and what it learned from is what it goes on with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.io.image import save_picture
from trombine.models import read_card
from trombine.recipes import with_settings
from trombine.runs.folder import RunFolder
from trombine.training import writer
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods import find

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
        save_picture(folder / f"{number:02d}{suffix}", pixels)
    return folder


def order(run: Path, data: str, **settings: str) -> TrainConfig:
    recipe = with_settings(find("upscale-fast-x2"), {**TINY, "data": data, **settings})
    return TrainConfig(name="upscale-fast-x2", recipe=recipe, folder=run, tensorboard=False)


def state(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes, but for who holds the run."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@contextmanager
def each_is_better() -> Iterator[None]:
    """Each model is the best so far, so that the last is kept, however little such runs learn."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writer, "_is_better", lambda *_, **__: True)
        yield


def finished_run(home: Path) -> TrainConfig:
    """A run that is over, and whose last model is kept."""
    request = order(home / "run", f"folder:{pictures(home / 'faces')}")
    train(request)
    assert read_card(home / "run" / "best.safetensors").pictures == 16
    return request


def refused(request: TrainConfig, message: str) -> None:
    """A training that is refused in one line, and touches nothing."""
    before = state(request.folder)
    with pytest.raises(InputError, match=message) as error:
        train(request)
    assert "\n" not in str(error.value)
    assert state(request.folder) == before


@pytest.fixture(scope="module", autouse=True)
def better() -> Iterator[None]:
    with each_is_better():
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """A run that is over, not to be touched."""
    return finished_run(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def run(finished: TrainConfig, tmp_path: Path) -> TrainConfig:
    """A copy of it."""
    shutil.copytree(finished.folder, tmp_path / "run")
    return replace(finished, folder=tmp_path / "run")


# --- a run whose checkpoints are gone ------------------------------------------------------------


GONE = "has been trained, and has no whole checkpoint to go on from; put its checkpoints back"


@pytest.mark.parametrize("damage", [None, 100])
def test_a_run_without_a_whole_checkpoint_is_refused_and_kept(
    damage: int | None, run: TrainConfig
) -> None:
    for path in (run.folder / "checkpoints").iterdir():
        data = path.read_bytes()
        path.unlink()
        if damage:
            path.write_bytes(data[:damage])
    refused(run, GONE)


def test_a_refused_training_erases_no_run(run: TrainConfig) -> None:
    """A training that is refused for its pictures leaves the run that is in its folder."""
    few = pictures(run.folder.parent / "few", 2)
    refused(order(run.folder, f"folder:{few}"), "has 2 pictures")


def test_a_run_of_an_older_trombine_goes_on(run: TrainConfig) -> None:
    """What was not kept when it was begun was as usual."""
    folder = RunFolder(run.folder)
    recipe = folder.read_recipe()
    del recipe["settings"]["cycle"]
    folder.write_recipe(recipe)
    recipe = with_settings(run.recipe, {"pictures": "24"})
    train(replace(run, override=True, recipe=recipe))
    (line,) = [entry for entry in folder.entries() if entry["kind"] == "change"]
    assert line["settings"] == {"pictures": 24}
