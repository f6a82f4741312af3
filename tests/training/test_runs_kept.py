"""What a training has made is not lost, and what it learned from is what it goes on with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trombine import data_prepare
from trombine.data.split import split
from trombine.io.image import save_picture
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
        save_picture(folder / f"{number:02d}{suffix}", pixels)
    return folder


def order(run: Path, data: str, **settings: str) -> Order:
    recipe = with_settings(find("upscale-fast-x2"), {**TINY, "data": data, **settings})
    return Order(name="upscale-fast-x2", recipe=recipe, folder=run, board=False, command="made up")


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
    train(request)
    assert read_card(home / "run" / "best.safetensors").pictures == 16
    return request


def refused(request: Order, message: str) -> None:
    """A training that is refused in one line, and touches nothing."""
    before = state(request.folder)
    with pytest.raises(InputError, match=message) as error:
        train(request)
    assert "\n" not in str(error.value)
    assert state(request.folder) == before


def changes(request: Order) -> dict[str, Any]:
    """Which settings the log calls changed, once more pictures are asked for under --override."""
    recipe = with_settings(request.recipe, {"pictures": "24"})
    train(replace(request, change=True, recipe=recipe))
    entries = RunFolder(request.folder).entries()
    (line,) = [entry for entry in entries if entry["kind"] == "change"]
    return line["settings"]


@pytest.fixture(scope="module", autouse=True)
def better() -> Iterator[None]:
    with each_is_better():
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Order:
    """A run that is over, not to be touched."""
    return finished_run(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def run(finished: Order, tmp_path: Path) -> Order:
    """A copy of it."""
    shutil.copytree(finished.folder, tmp_path / "run")
    return replace(finished, folder=tmp_path / "run")


# --- a run whose checkpoints are gone ------------------------------------------------------------


GONE = "has best.safetensors of a training, and no whole checkpoint to go on from; put its check"


def test_a_run_without_its_checkpoints_is_refused_and_kept(run: Order) -> None:
    """A run whose checkpoints were removed is refused in one line, and all of it stays."""
    shutil.rmtree(run.folder / "checkpoints")
    refused(run, GONE)


def test_a_run_with_damaged_checkpoints_alone_is_refused_and_kept(run: Order) -> None:
    """A run without any whole checkpoint is refused, and the damaged ones keep their names."""
    for path in (run.folder / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    refused(run, GONE)
    for path in (run.folder / "checkpoints").iterdir():
        path.rename(path.with_name(f"{path.name}.damaged"))
    refused(run, GONE)


def test_a_refused_training_erases_no_run(run: Order) -> None:
    """A training that is refused for its pictures leaves the run that is in its folder."""
    shutil.rmtree(run.folder / "checkpoints")
    for path in ("best.safetensors", "log.jsonl"):
        (run.folder / path).unlink()
    shutil.rmtree(run.folder / "samples")  # nothing that training made is left but the page
    few = pictures(run.folder.parent / "few", 2)
    before = state(run.folder)
    other = order(run.folder, f"folder:{few}")
    with pytest.raises(ValueError, match="has 2 pictures"):
        train(other)
    assert state(run.folder) == before


# --- training pictures that were changed in place ------------------------------------------------


OTHERS = r"has other pictures than those it was begun with \(under the same names\); put them back"


@pytest.fixture
def own(tmp_path: Path) -> tuple[Order, Path]:
    """A run that is over and its pictures, which may be changed."""
    data = pictures(tmp_path / "faces")
    request = order(tmp_path / "run", f"folder:{data}")
    train(request)
    return request, data


def learned_last(spec: str) -> str:
    """A picture that is learned from: no run is measured on it."""
    learned, _ = split(spec, 16, 2)
    return learned.name(len(learned) - 1)


@pytest.mark.parametrize("times", ["new", "as before"])
def test_a_picture_rewritten_under_its_name_is_noticed(
    times: str, own: tuple[Order, Path], tmp_path: Path
) -> None:
    """A picture of a folder that was rewritten, of the same size in bytes, is noticed on resume."""
    request, data = own
    path = data / learned_last(f"folder:{data}")
    before = path.stat()
    path.write_bytes((pictures(tmp_path / "others", seed=2) / path.name).read_bytes())
    assert path.stat().st_size == before.st_size
    if times == "as before":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    refused(request, OTHERS)
    assert "data" in changes(request)


def test_a_copy_of_the_pictures_is_no_change(own: tuple[Order, Path]) -> None:
    """Pictures that were copied, to another disk say, have other times and are no others."""
    request, data = own
    data.rename(data.with_name("aside"))
    shutil.copytree(data.with_name("aside"), data)
    for path in data.iterdir():
        os.utime(path, (1e9, 1e9))
    train(request)
    assert changes(request) == {"pictures": 24}


def test_a_pack_rewritten_with_the_same_names_is_noticed(tmp_path: Path) -> None:
    """A pack that was made again of other pictures, with the same names, is noticed on resume."""
    data, pack = pictures(tmp_path / "faces", suffix=".png"), tmp_path / "pack"

    def packed() -> None:
        wanted = {"size": 16, "choose": 0, "test": 0, "workers": 1, "overwrite": True}
        data_prepare(data, output=pack, **wanted)

    packed()
    request = order(tmp_path / "run", f"pack:{pack}")
    train(request)
    packed()
    train(request)
    path = data / learned_last(f"pack:{pack}")
    path.write_bytes(
        (pictures(tmp_path / "others", seed=2, suffix=".png") / path.name).read_bytes()
    )
    packed()
    refused(request, OTHERS)


def test_a_run_of_an_older_trombine_goes_on(run: Order) -> None:
    """A run that was begun before lengths of files were kept is not refused for want of them."""
    folder = RunFolder(run.folder)
    recipe = folder.read_recipe()
    del recipe["data"]["data"]["files"]
    folder.write_recipe(recipe)
    train(run)
    assert changes(run) == {"pictures": 24}
