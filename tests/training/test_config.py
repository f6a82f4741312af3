"""What a run is begun with is what it goes on with; where it is kept, and what it says of its
pictures."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from families import Kit, enlarger, noise
from PIL import Image

from trombine import data_prepare
from trombine.core.errors import InputError
from trombine.models import read_card
from trombine.recipes import with_settings
from trombine.runs.folder import RunFolder
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.material import warnings
from trombine.training.writer import describe


def trained(asked: TrainConfig) -> RunFolder:
    train(asked)
    return RunFolder(asked.folder)


def refused(request: TrainConfig, message: str) -> None:
    """A training that is refused in one line, and touches nothing."""

    def state() -> dict[Path, bytes]:
        paths = (path for path in request.folder.rglob("*") if path.is_file() and path.suffix)
        return {path: path.read_bytes() for path in paths}

    before = state()
    with pytest.raises(InputError, match=message) as error:
        train(request)
    assert "\n" not in str(error.value) and state() == before


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """A run that is over, of twelve pictures; not to be touched."""
    home = tmp_path_factory.mktemp("finished")
    config = enlarger(home / "run", f"folder:{noise(home / 'faces', range(12))}")
    train(config)
    return config


@pytest.fixture
def run(finished: TrainConfig, tmp_path: Path) -> TrainConfig:
    """A copy of it."""
    shutil.copytree(finished.folder, tmp_path / "run")
    return replace(finished, folder=tmp_path / "run")


def changed(config: TrainConfig, **settings: str) -> TrainConfig:
    return replace(config, recipe=with_settings(config.recipe, settings))


# --- what it was begun with ---------------------------------------------------------------------


def test_other_pictures_under_one_name_are_another_protocol(tmp_path: Path) -> None:
    found = []
    for seed in (0, 1, 0):
        shutil.rmtree(tmp_path / "faces", ignore_errors=True)
        noise(tmp_path / "faces", range(12), seed=seed)
        config = enlarger(tmp_path / "run", f"folder:{tmp_path / 'faces'}")
        kit = Kit(config.recipe)
        found.append(describe(config, kit.plan, kit.material)["protocol"])
    assert found[0] == found[2] != found[1]


def test_a_folder_that_has_changed_is_refused(tmp_path: Path) -> None:
    data = noise(tmp_path / "faces", range(12))
    asked = enlarger(tmp_path / "run", f"folder:{data}")
    trained(asked)
    noise(data, range(12, 13))
    more = changed(asked, pictures="64")
    refused(more, r"was begun with pictures 32 \(now 64\); give the same, or another -o$")
    refused(asked, r"was begun with data\.pictures \d+ \(now \d+\); give the same")


def test_a_run_without_a_whole_checkpoint_is_refused_and_kept(run: TrainConfig) -> None:
    for path in (run.folder / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    refused(run, "has been trained, and has no whole checkpoint to go on from; put its checkpoints")


def test_a_refused_training_erases_no_run(run: TrainConfig) -> None:
    few = noise(run.folder.parent / "few", range(2))
    refused(enlarger(run.folder, f"folder:{few}"), "the others make 2 tiles")


def test_a_run_of_an_older_trombine_goes_on(run: TrainConfig) -> None:
    """What was not kept when it was begun was as usual; what describes a recipe is no setting."""
    folder = RunFolder(run.folder)
    recipe = folder.read_recipe()
    del recipe["settings"]["cycle"], recipe["settings"]["space"]
    recipe["settings"]["about"] = "enlarges twice; learns from leaves"
    folder.write_recipe(recipe)
    train(run)


# --- where it is kept ---------------------------------------------------------------------------


def test_a_run_is_kept_out_of_its_own_pictures_and_of_other_files(tmp_path: Path) -> None:
    data = noise(tmp_path / "faces", range(12))
    for place in (data, data / "deep" / "run"):
        refused(enlarger(place, f"folder:{data}"), "its samples would become pictures")
    refused(enlarger(tmp_path), "holds other files")


# --- its pictures, its licence, its threads -----------------------------------------------------


def test_it_says_what_it_learns_from(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    noise(tmp_path / "set", range(40))
    data_prepare(tmp_path / "set", size=16, output=tmp_path / "pack", choose=25, test=35)
    data = f"pack:{tmp_path}/pack+tiles:{noise(tmp_path / 'plain', range(10))}*2+leaves#9"
    with caplog.at_level("INFO"):
        train(enlarger(tmp_path / "run", data))
    said = re.escape(data) + r": [1-9]\d* to learn from, [1-9]\d* to measure on"
    assert re.fullmatch(said, caplog.messages[0])
    with Image.open(tmp_path / "run" / "samples" / "fixed-truth.png") as sheet:
        assert sheet.size == (32, 32)  # four fixed faces
    assert read_card(tmp_path / "run" / "best.safetensors").licence == ""
    for spec, remark in (
        (f"pack:{tmp_path}/pack@test", "learns from pictures that are for tests; judge by others"),
        (
            "world:photo+anime#9",
            "is of pairs, and this recipe learns from their first side alone; --damage pairs"
            " learns both",
        ),
    ):
        kit = Kit(enlarger(tmp_path, spec).recipe)
        assert list(warnings(kit.plan.objective, kit.material)) == [f"{spec}: {remark}"]


def test_a_model_of_painted_pictures_is_free(tmp_path: Path) -> None:
    train(enlarger(tmp_path / "run"))
    assert read_card(tmp_path / "run" / "best.safetensors").licence == "MIT"
