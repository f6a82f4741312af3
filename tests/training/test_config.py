"""What a run is begun with is what it goes on with, and where it may be kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trombine.core.errors import InputError
from trombine.io.image import save_picture
from trombine.recipes import with_settings
from trombine.runs.folder import RunFolder
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods import find

TINY = {
    "size": "32",
    "pictures": "32",
    "batch": "8",
    "width": "4",
    "depth": "1",
    "judged": "8",
    "faces": "4",
    "precision": "float32",
    "log_every": "8",
    "sample_every": "16",
    "measure_every": "16",
    "save_every": "16",
}


def pictures(folder: Path, numbers: range, seed: int = 0) -> Path:
    """Noise, a picture a number."""
    for number in numbers:
        pixels = np.random.default_rng((seed, number)).integers(0, 256, (32, 32, 3), np.uint8)
        save_picture(folder / f"{number:02d}.png", pixels)
    return folder


def order(run: Path, data: str, **settings: str) -> TrainConfig:
    recipe = with_settings(find("upscale-fast-x2"), {**TINY, "data": data, **settings})
    return TrainConfig(name="upscale-fast-x2", recipe=recipe, folder=run, tensorboard=False)


def trained(asked: TrainConfig) -> RunFolder:
    train(asked)
    return RunFolder(asked.folder)


def measured(run: RunFolder) -> set[str]:
    """The protocols under which its measures were taken."""
    return {line["protocol"] for line in run.entries() if line["kind"] == "measure"}


def test_other_pictures_under_one_name_are_another_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for seed in (0, 1, 0):
        place = tmp_path / str(len(found))
        pictures(place / "faces", range(12), seed)
        monkeypatch.chdir(place)
        found.append(measured(trained(order(place / "run", "folder:faces"))))
    assert found[0] == found[2] != found[1]
    assert len(found[0]) == 1


@pytest.mark.parametrize("numbers", [range(13), range(11)])
def test_a_folder_that_has_changed_is_refused(numbers: range, tmp_path: Path) -> None:
    data = pictures(tmp_path / "faces", range(12))
    asked = order(tmp_path / "run", f"folder:{data}")
    trained(asked)
    shutil.rmtree(data)
    pictures(data, numbers)
    more = order(tmp_path / "run", f"folder:{data}", pictures="64")
    with pytest.raises(InputError, match=r"was begun with pictures 32 \(now 64\), data\.pictures "):
        trained(more)
    with pytest.raises(InputError, match=r"was begun with data\.pictures "):
        trained(asked)
    run = trained(replace(more, override=True))
    (line,) = [line for line in run.entries() if line["kind"] == "change"]
    assert line["settings"].keys() >= {"pictures", "data.pictures", "data.learned"}


def test_a_change_of_what_is_measured_begins_the_best_and_the_samples_anew(
    tmp_path: Path,
) -> None:
    data = pictures(tmp_path / "faces", range(12))
    asked = order(tmp_path / "run", f"folder:{data}")
    truth = (trained(asked).samples / "fixed-truth.png").read_bytes()
    other = pictures(tmp_path / "others", range(12), seed=1)
    more = order(tmp_path / "run", f"folder:{other}", pictures="64")
    run = trained(replace(more, override=True))
    assert (run.path / "samples-until-000000032" / "fixed-truth.png").read_bytes() == truth
    assert (run.samples / "fixed-truth.png").read_bytes() != truth
    bests = [line["pictures"] for line in run.entries() if line.get("best")]
    assert any(pictures > 32 for pictures in bests)
    assert len(measured(run)) == 2


def test_a_run_that_is_over_is_not_rewritten(tmp_path: Path) -> None:
    asked = order(tmp_path / "run", "leaves#40")
    kept = trained(asked).recipe.read_bytes()
    for settings in ({"lr": "0.5"}, {"pictures": "16"}):
        other = order(tmp_path / "run", "leaves#40", **settings)
        trained(replace(other, override=True))
    assert RunFolder(tmp_path / "run").recipe.read_bytes() == kept


def test_a_run_is_kept_out_of_its_own_pictures(tmp_path: Path) -> None:
    data = pictures(tmp_path / "faces", range(12))
    for place in (data, data / "run", data / "deep" / "run"):
        with pytest.raises(InputError, match="its samples would become pictures"):
            trained(order(place, f"folder:{data}"))
    assert len(list(data.iterdir())) == 12


def test_a_run_is_kept_out_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds other files"):
        trained(order(tmp_path, "leaves#40"))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_no_picture_is_looked_at_twice_where_few_are_held_out(tmp_path: Path) -> None:
    data = pictures(tmp_path / "faces", range(15))
    run = trained(order(tmp_path / "run", f"plain:{data}", faces="16"))
    from PIL import Image

    with Image.open(run.samples / "fixed-truth.png") as sheet:
        assert sheet.size == (64, 64)  # three of 15 are held out: four places, one empty


def test_the_best_model_is_what_was_written(tmp_path: Path) -> None:
    result = train(order(tmp_path / "run", "leaves#40"))
    assert result.written == (tmp_path / "run" / "best.safetensors",)


def test_another_net_is_told_as_text(tmp_path: Path) -> None:
    trained(order(tmp_path / "run", "leaves#40"))
    other = order(tmp_path / "run", "leaves#40", depth="2")
    said = r"begun with net residual:width=4,depth=1,factor=2 \(now residual:width=4,depth=2,fa"
    with pytest.raises(InputError, match=said):
        trained(other)
