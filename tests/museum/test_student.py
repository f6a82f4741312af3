"""What stood in the way of a student who trains on pictures of their own, and no longer does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import trombine
from trombine.data.layouts import list_folder
from trombine.recipes import RECIPES
from trombine.weights import find
from trombine.weights.model import shipped


def test_label_maps_of_painted_pictures_are_no_pictures(tmp_path: Path) -> None:
    """Where a painted folder lies in a folder of pictures, a net would learn from its labels."""
    trombine.data_world(count=3, size=32, output=tmp_path / "mine" / "faces")
    trombine.data_world(count=2, size=32, style="photo+anime", output=tmp_path / "mine" / "pairs")
    mine = tmp_path / "mine" / "parts"  # of somebody's machine
    mine.mkdir()
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(mine / "screw.png")
    assert (tmp_path / "mine" / "faces" / "parts" / "000000.png").exists()
    names = {record.name for record in list_folder(tmp_path / "mine").records}
    assert names == {
        "parts/screw.png",
        *(f"faces/{seed:06}.png" for seed in range(3)),
        *(f"pairs/{style}/{seed:06}.png" for style in ("photo", "anime") for seed in range(2)),
    }


def test_help_names_every_recipe(root: Path) -> None:
    text = (root / "trombine" / "verbs" / "train.py").read_text()
    about = text.partition("recipe: str")[2].partition("data: str")[0]
    assert not [name for name in RECIPES if name not in about.replace("\n    ", " ")]


def test_a_run_stands_for_its_best_model(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "best.safetensors").write_bytes(shipped()["upscale-fast-x2"].read_bytes())
    assert find(str(run)) == find(run) == run / "best.safetensors"
    picture = Image.fromarray(np.full((20, 24, 3), 90, np.uint8))
    by_run = trombine.upscale(picture, factor=2, model=str(run))
    by_name = trombine.upscale(picture, factor=2, model="upscale-fast")
    assert np.array_equal(np.asarray(by_run), np.asarray(by_name))
