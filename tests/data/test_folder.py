"""Folders of pictures: any, and trombine's own layout; the truth moves with the picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import trombine
from trombine.core.errors import InputError
from trombine.data.layouts import list_folder
from trombine.data.reading import Folder

RNG = np.random.default_rng(5)


def noise(height: int, width: int) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), np.uint8)


def save(path: Path, pixels: np.ndarray) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def rows(folder: Folder, *indices: int) -> dict[str, np.ndarray]:
    wanted = indices or range(len(folder))
    return dict(folder.rows(np.array(wanted, np.int64)))


def describe(folder: Path, *lines: Mapping[str, object]) -> None:
    (folder / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_pictures_of_the_right_size_come_as_they_are(tmp_path: Path) -> None:
    saved = [save(tmp_path / name, noise(24, 24)) for name in ("b.png", "a.png", "c/d.tif")]
    folder = Folder(tmp_path, 24)
    assert [folder.name(i) for i in range(3)] == ["a.png", "b.png", "c/d.tif"]
    pictures = rows(folder)["pictures"]
    assert (pictures == np.stack([saved[1], saved[0], saved[2]])).all()


def test_others_are_cropped_to_the_middle_and_shrunk(tmp_path: Path) -> None:
    wide = save(tmp_path / "wide.png", noise(60, 101))
    tall = save(tmp_path / "wide2.png", noise(33, 20))
    read_both = rows(Folder(tmp_path, 24))["pictures"]
    for read, cut in zip(read_both, (wide[:, 20:80], tall[6:26]), strict=True):
        shrunk = Image.fromarray(cut).resize((24, 24), Image.Resampling.BICUBIC)
        assert (read == np.asarray(shrunk)).all()


def test_subfolders_are_classes_if_all_pictures_are_in_them(tmp_path: Path) -> None:
    for name in ("dog/1.png", "cat/x/2.png", "cat/3.png"):
        save(tmp_path / name, noise(16, 16))
    folder = Folder(tmp_path, 16)
    assert folder.classes == ("cat", "dog")
    assert rows(folder)["labels"].tolist() == [0, 0, 1]
    save(tmp_path / "0.png", noise(16, 16))
    assert Folder(tmp_path, 16).classes == ()
    assert "labels" not in rows(Folder(tmp_path, 16))


def dot(height: int, width: int, x: int, y: int) -> np.ndarray:
    """A grey dot of 4 x 4 pixels whose middle is at (x, y), on black."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y - 2 : y + 2, x - 2 : x + 2] = 200
    return pixels


def middle(pixels: np.ndarray) -> np.ndarray:
    """Where the light of a picture is, x and y, the first pixel's centre at (0.5, 0.5)."""
    light = pixels[..., 0].astype(np.float64)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


@pytest.mark.parametrize(("height", "width", "size"), [(60, 101, 24), (99, 40, 80)])
def test_points_stay_on_what_they_point_at(
    tmp_path: Path, height: int, width: int, size: int
) -> None:
    x, y = width // 2 + 7, height // 2 - 5
    save(tmp_path / "a.png", dot(height, width, x, y))
    describe(tmp_path, {"file_name": "a.png", "landmarks": [[x, y]] * 68})
    row = rows(Folder(tmp_path, size))
    assert np.abs(row["points"][0] - middle(row["pictures"][0])).max() < 0.1
    assert row["visible"].all()


@pytest.mark.parametrize(("height", "width", "size"), [(60, 101, 24), (30, 30, 45)])
def test_parts_stay_on_what_they_are(tmp_path: Path, height: int, width: int, size: int) -> None:
    """A label's region and the same region drawn as a picture agree, but for the edge."""
    y, x = np.mgrid[:height, :width] + 0.5
    inside = (x - width / 2 - 3) ** 2 + (y - height / 2 + 2) ** 2 < 10**2
    save(tmp_path / "a.png", np.repeat(inside[..., None], 3, axis=2).astype(np.uint8) * 255)
    save(tmp_path / "parts" / "a.png", inside.astype(np.uint8) * 13)
    describe(tmp_path, {"file_name": "a.png", "parts_file_name": "parts/a.png"})
    row = rows(Folder(tmp_path, size))
    light = row["pictures"][0, ..., 0] / 255
    sure = np.abs(light - 0.5) > 0.35
    assert set(np.unique(row["parts"])) == {0, 13}
    assert ((row["parts"][0] == 13) == (light > 0.5))[sure].all()


def test_lines_say_what_is_there_and_in_what_order(tmp_path: Path) -> None:
    saved = {name: save(tmp_path / name, noise(16, 16)) for name in ("a.png", "b.png", "c.png")}
    lines = ({"file_name": "c.png", "seed": 7}, {"file_name": "a.png", "text": "a face"})
    describe(tmp_path, *lines)
    folder = Folder(tmp_path, 16)
    read = rows(folder)
    assert (read["pictures"] == np.stack([saved["c.png"], saved["a.png"]])).all()
    assert read["seeds"].tolist() == [7, -1]
    assert (rows(folder, 1, 0, 1)["pictures"] == read["pictures"][[1, 0, 1]]).all()


def test_what_a_line_lacks_is_unknown(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "parts.png"):
        save(tmp_path / name, noise(16, 16))
    save(tmp_path / "parts.png", np.full((16, 16), 2, np.uint8))
    truth = {
        "landmarks": [[1.5, 2.5]] * 68,
        "visible": [False] * 68,
        "parts_file_name": "parts.png",
    }
    describe(tmp_path, {"file_name": "a.png"}, {"file_name": "b.png", **truth})
    read = rows(Folder(tmp_path, 16))
    assert np.isnan(read["points"][0]).all() and (read["points"][1] == [1.5, 2.5]).all()
    assert (read["parts"][0] == 255).all() and (read["parts"][1] == 2).all()
    # The same columns, whichever rows are asked for.
    assert rows(Folder(tmp_path, 16), 0).keys() == read.keys()


def test_a_pair_is_one_row(tmp_path: Path) -> None:
    left, right = (save(tmp_path / name, noise(16, 16)) for name in ("x/1.png", "y/1.png"))
    describe(tmp_path, {"input_file_name": "x/1.png", "output_file_name": "y/1.png"})
    read = rows(Folder(tmp_path, 16))
    assert (read["pictures"][0] == left).all() and (read["pair_pictures"][0] == right).all()


WRONG = {
    "not json": ("{", "is wrong at "),
    "few points": ('{"file_name": "a.png", "landmarks": [[1, 2]]}', "wrong about a.png"),
    "outside": ('{"file_name": "../a.png"}', "is not the name of a file in the folder"),
    "text face": ('{"file_name": "a.png", "face": {"age": "old"}}', "is wrong at "),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_metadata_is_refused_in_one_line(tmp_path: Path, wrong: str) -> None:
    text, says = WRONG[wrong]
    save(tmp_path / "a.png", noise(16, 16))
    (tmp_path / "metadata.jsonl").write_text(text + "\n")
    with pytest.raises(InputError) as caught:
        rows(Folder(tmp_path, 16))
    message = str(caught.value)
    assert says in message and str(tmp_path) in message and "\n" not in message


def test_parts_that_are_none_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.png", noise(16, 16))
    describe(tmp_path, {"file_name": "a.png", "parts_file_name": "p.png"})
    for wrong in (np.zeros((8, 16), np.uint8), np.full((16, 16), 19, np.uint8), noise(16, 16)):
        save(tmp_path / "p.png", wrong)
        with pytest.raises(InputError, match=r"p\.png: (is not a parts map|holds RGB colours)"):
            rows(Folder(tmp_path, 16))


def test_a_broken_picture_names_the_cure(tmp_path: Path) -> None:
    """A training is told what it can do; what is wrong in a description names that as before."""
    save(tmp_path / "a.png", noise(16, 16))
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    folder = Folder(tmp_path, 16)
    assert len(rows(folder, 0)["pictures"]) == 1
    with pytest.raises(InputError) as caught:
        rows(folder, 1)
    said = "; remove it, or make a pack of the folder: trombine data prepare leaves it out"
    assert str(caught.value).startswith(f"{tmp_path / 'b.png'}: ") and said in str(caught.value)


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
