"""`read`: what is said of faces, what is written of them, and what is refused."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from scipy import ndimage

from trombine import read, replay
from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX, PARTS, check_parts
from trombine.faces import parts_map
from trombine.faces.reading import SHOWN, PictureReading, read_picture
from trombine.io.image import load_labels, load_picture, save_picture
from trombine.world import face, paint
from trombine.world.leaves import leaves

Command = Callable[..., subprocess.CompletedProcess[str]]

SEED = 1_400_000
PLACES = ((8, 112), (150, 140))  # left and size of each painted face


@pytest.fixture(scope="module")
def two() -> np.ndarray:
    """Two faces of 128 px beside each other, the left one a little smaller."""
    scene = leaves(SEED, 300)[:170].copy()
    for number, (left, size) in enumerate(PLACES):
        scene[14 : 14 + size, left : left + size] = paint(face(SEED + number), size, "photo").pixels
    return scene


@pytest.fixture
def photo(tmp_path: Path, two: np.ndarray) -> Path:
    save_picture(tmp_path / "in" / "two.png", two)
    return tmp_path / "in" / "two.png"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    save_picture(tmp_path / "in" / "empty.png", np.full((90, 120, 3), 128, np.uint8))
    return tmp_path / "in" / "empty.png"


def faces_in(path: Path, **asked: Any) -> list[dict[str, Any]]:
    """What is found in a picture."""
    return read(path, **asked).found[path]["faces"]


# Without files


def test_faces_are_told_of_from_left_to_right(photo: Path) -> None:
    done = read(photo)
    assert not done.written and list(done.found) == [photo]
    left, right = done.found[photo]["faces"]
    for one, (x, y, size) in ((left, (64, 70, 112)), (right, (220, 84, 140))):
        box = one["box"]
        assert abs((box[0] + box[2]) / 2 - x) < size / 10
        assert abs((box[1] + box[3]) / 2 - y - 0.05 * size) < size / 10
        assert 0.3 * size < box[3] - box[1] < 0.75 * size
        assert one["likely"] > 0.5
        assert one["style"] == "photo" and one["unsure"] == []
        assert "traits" not in one and "light_turn" not in one["moment"]
    (one,) = faces_in(photo, faces="largest")
    assert one["box"][0] > 150
    head, *rows = done.summary.splitlines()
    assert head == f"{photo} (300 x 170): 2 faces"
    assert [row[:8] for row in rows[::2]] == ["  1: at ", "  2: at "]
    assert all(row.endswith(", photo") for row in rows[::2])
    assert all("yaw=" in row and "°" in row for row in rows[1::2])


def test_guesses_are_made_where_they_are_asked_for(photo: Path) -> None:
    """And a line says what they are worth; no line is wider than a terminal."""
    plain, done = read(photo), read(photo, traits=True)
    assert "masculine" not in plain.summary and "learned from" not in plain.summary
    assert done.summary.count("guesses, learned from painted faces: masculine=") == 2
    assert max(map(len, done.summary.splitlines()[1:])) <= 100
    one, _ = done.found[photo]["faces"]
    assert {"age", "masculine", "beard"} <= one["traits"].keys() and "light_turn" in one["moment"]
    assert sum(one["styles"].values()) == pytest.approx(1, abs=0.01)


def test_the_command_prints_a_line_of_json_for_each_picture(
    photo: Path, empty: Path, command: Command
) -> None:
    """Also quietly, and where one is bad."""
    bad = photo.with_name("bad.png")
    bad.write_bytes(b"no picture")
    done = command("read", str(photo), str(bad), str(empty), "--json", "-q")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["picture"] for one in lines] == [str(photo), str(empty)]
    assert [len(one["faces"]) for one in lines] == [2, 0]
    assert len(lines[0]["faces"][0]["features"]) == 64
    assert done.returncode == 1 and "bad.png: is not a picture" in done.stderr


def test_no_face_is_no_error_but_is_said(empty: Path) -> None:
    done = read(empty)
    assert done.summary == f"{empty} (120 x 90): 0 faces" and not done.notices
    assert read(empty, json=True).notices == (f"{empty}: no face found",)


def test_small_faces_are_enlarged_first_where_that_is_asked(tmp_path: Path) -> None:
    scene = leaves(1_400_001, 128)
    scene[40:88, 40:88] = paint(face(1_400_003), 48, "photo").pixels
    save_picture(tmp_path / "small.png", scene)
    plain, sharper = (faces_in(tmp_path / "small.png", enlarge=asked) for asked in (False, True))
    assert len(plain) == len(sharper) == 1
    assert np.abs(np.subtract(plain[0]["box"], sharper[0]["box"])).max() < 6
    assert plain != sharper


# Files


def test_what_is_written_is_what_was_read(tmp_path: Path, photo: Path) -> None:
    folder = tmp_path / "out"
    done = read(photo, output=folder, write_parts=True, write_points=True, json=True)
    assert done.summary == "1 picture written, 2 faces"
    names = ["two.json", "two.parts.png", "two.png", "two.points.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert done.written[-1] == folder / "two.png" and len(done.written) == 4
    told = read_picture(load_picture(photo), "reader")
    labels = check_parts(load_labels(folder / "two.parts.png"))
    assert np.array_equal(labels, parts_map(told.faces, 170, 300))
    assert labels.max() < len(PARTS) and len(np.unique(labels)) > 6
    points = json.loads((folder / "two.points.json").read_text())["faces"]
    for mine, one in zip(points, told.faces, strict=True):
        np.testing.assert_allclose(mine["points"], one.points, atol=1e-3)
        assert len(mine["errors"]) == 68
    fields = json.loads((folder / "two.json").read_text())["faces"]
    assert fields == done.found[photo]["faces"] and "traits" not in fields[0]


def test_parts_alone_lie_beside_their_picture(photo: Path) -> None:
    """The table is printed, too; what is there is kept."""
    done = read(photo, write_parts=True)
    assert done.written == (photo.with_name("two.parts.png"),) and "2 faces" in done.summary
    assert read(photo, write_parts=True).kept == 1


def test_without_its_background(tmp_path: Path, two: np.ndarray) -> None:
    """Opaque is what was painted of people; every sample of a colour is the input's."""
    samples = two.astype(np.uint16) * 257
    save_picture(tmp_path / "two.png", samples)
    read(tmp_path / "two.png", output=tmp_path / "out", write_cutout=True)
    cut = load_picture(tmp_path / "out" / "two.cutout.png")
    assert cut.mode == "RGBA" and cut.samples.dtype == np.uint16
    assert np.array_equal(cut.samples[..., :3], samples)
    truth = np.zeros(two.shape[:2], bool)
    for number, (left, size) in enumerate(PLACES):
        truth[14 : 14 + size, left : left + size] = (
            paint(face(SEED + number), size, "photo").parts > 0
        )
    alpha = cut.alpha()
    assert alpha is not None
    opaque = alpha >= 0.5
    assert (opaque & truth).sum() > 0.9 * (opaque | truth).sum()
    soft = (alpha > 0.02) & (alpha < 0.98)
    near = ndimage.maximum_filter(alpha, 5) - ndimage.minimum_filter(alpha, 5) > 0.5
    assert soft.any() and near[soft].all()


def test_what_was_transparent_stays_so(tmp_path: Path, two: np.ndarray) -> None:
    half = np.full((*two.shape[:2], 1), 255, np.uint8)
    half[:, :150] = 100
    save_picture(tmp_path / "two.png", np.concatenate([two, half], 2))
    read(tmp_path / "two.png", output=tmp_path / "out", write_cutout=True)
    samples = load_picture(tmp_path / "out" / "two.cutout.png").samples
    assert samples[:, :150, 3].max() == 100 and samples[:, 150:, 3].max() == 255
    assert np.array_equal(samples[..., :3], two)


def test_of_nobody_there_is_no_cut_out(tmp_path: Path, empty: Path) -> None:
    done = read(empty, output=tmp_path / "seen.png", write_cutout=True, write_parts=True)
    assert done.notices == (f"{empty}: no face found",)
    assert {path.name for path in tmp_path.glob("seen*")} == {"seen.png", "seen.parts.png"}
    assert not load_labels(tmp_path / "seen.parts.png").any()


def test_replay_makes_every_file_again(tmp_path: Path, photo: Path) -> None:
    wanted: dict[str, Any] = {"write_parts": True, "write_cutout": True, "json": True}
    done = read(photo, output=tmp_path / "out", enlarge=True, **wanted)
    said = replay(done.written, inputs=photo.parent).summary
    assert len(done.written) == 4
    assert (said.count("the same pixels"), said.count("the same values")) == (3, 1)


# In memory


def test_reading_gives_typed_faces(two: np.ndarray) -> None:
    """Box, parts, landmarks with their errors, fields, style and doubts of each face."""
    reading = read(two)
    assert isinstance(reading, PictureReading) and len(reading.faces) == 2
    for one in reading.faces:
        left, top, right, bottom = one.box
        assert 0 <= left < right <= 300 and 0 <= top < bottom <= 170
        assert one.points.shape == (68, 2) and one.errors.shape == (68,) and (one.errors > 0).all()
        assert one.parts.shape == (128, 128) and PART_INDEX["nose"] in one.parts
        assert set(one.moment) == set(SHOWN) and one.traits == {}, "guesses are asked for"
        assert one.spreads.keys() | {"glasses", "hat"} == set(SHOWN), "of what is said"
    parts = reading.parts()
    assert parts.shape == (170, 300)
    x, y = reading.faces[0].points[list(LANDMARK_GROUPS["nose"])].mean(0).astype(int)
    assert parts[y, x] == PART_INDEX["nose"]
    guessed = read(two, traits=True, enlarge=True).faces
    assert all(16 <= one.traits["age"] <= 85 for one in guessed)


def test_every_kind_of_picture_is_read_alike(photo: Path, two: np.ndarray) -> None:
    """Pillow images, arrays and tensors give the same faces as a file."""
    wanted = faces_in(photo)
    tensor = torch.from_numpy(two).permute(2, 0, 1).float() / 255
    opaque = np.concatenate([two, np.full((*two.shape[:2], 1), 255, np.uint8)], 2)
    forms = [Pillow.fromarray(two), two, two.astype(np.uint16) * 257, two / 255, tensor, opaque]
    for reading in [*read(forms), *read(tensor[None])]:
        for mine, one in zip(reading.faces, wanted, strict=True):
            np.testing.assert_allclose(mine.box, one["box"], atol=1e-3)
            assert mine.style == one["style"] and list(mine.unsure) == one["unsure"]
            assert mine.moment == pytest.approx(one["moment"], abs=1e-3)
            assert mine.spreads == pytest.approx(one["spreads"], abs=1e-3)
    assert len(read(two.mean(2).astype(np.uint8)).faces) == 2
