"""`read`: what is said of faces, what is written of them, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import trombine
from trombine.batch.result import Result
from trombine.console import follow
from trombine.conventions import PARTS, check_parts
from trombine.events import Description, Event, Notice
from trombine.io.image import load_labels, load_picture, save_picture
from trombine.reader import parts_map
from trombine.readings.making import read_picture
from trombine.refusal import InputError
from trombine.verbs.read import ReadRequest, run
from trombine.world import face, paint
from trombine.world.leaves import leaves

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


def reading(**asked: Any) -> Result:
    return trombine.read(**asked)


def events(**asked: Any) -> list[Event]:
    return list(run(ReadRequest(**asked)))


# --- without -o ---------------------------------------------------------------------------------


def test_faces_are_told_of_from_left_to_right(photo: Path) -> None:
    result = reading(pictures=photo)
    assert not result.written
    (found,) = result.found
    assert found.file == photo
    left, right = found.value["faces"]
    for one, (x, y, size) in ((left, (64, 70, 112)), (right, (220, 84, 140))):
        box = one["box"]
        assert abs((box[0] + box[2]) / 2 - x) < size / 10
        assert abs((box[1] + box[3]) / 2 - y - 0.05 * size) < size / 10
        assert 0.3 * size < box[3] - box[1] < 0.75 * size
        assert one["likely"] > 0.5
        assert one["style"] == "photo" and one["unsure"] == []
        assert "traits" not in one and "light_turn" not in one["moment"]
    head, titles, *rows = found.text.splitlines()
    assert head == f"{photo} (300 x 170): 2 faces"
    assert "style" in titles and len(rows) == 2 and all("photo" in row for row in rows)


def test_guesses_are_made_where_they_are_asked_for(photo: Path) -> None:
    """And a line says what they are worth."""
    (plain,), (found,) = reading(pictures=photo).found, reading(pictures=photo, traits=True).found
    assert "masculine" not in plain.text and "learned from" not in plain.text
    assert "masculine" in found.text and found.text.endswith("learned from painted faces)")
    (face, _) = found.value["faces"]
    assert {"age", "masculine", "beard"} <= face["traits"].keys() and "light_turn" in face["moment"]
    assert sum(face["styles"].values()) == pytest.approx(1, abs=0.01)


def test_as_json_a_line_for_each_picture(
    photo: Path, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = follow(run(ReadRequest(pictures=(photo, empty), json=True)))
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert "no face found" in " ".join(err.split())
    assert code == 0
    assert [one["picture"] for one in lines] == [str(photo), str(empty)]
    assert [len(one["faces"]) for one in lines] == [2, 0]
    assert len(lines[0]["faces"][0]["features"]) == 64


def test_no_face_is_no_error_but_is_said(empty: Path) -> None:
    heard = events(pictures=(empty,))
    assert not any(isinstance(one, Notice) for one in heard)  # the table says it
    (found,) = (one for one in heard if isinstance(one, Description))
    assert found.text == f"{empty} (120 x 90): 0 faces"


def test_a_bad_one_is_skipped_and_the_others_are_read(photo: Path) -> None:
    bad = photo.with_name("bad.png")
    bad.write_bytes(b"no picture")
    result = reading(pictures=(bad, photo))
    assert [one.file for one in result.skipped] == [bad]
    assert [one.file for one in result.found] == [photo]
    with pytest.raises(InputError, match=r"bad\.png"):
        reading(pictures=bad)


def test_the_largest_alone(photo: Path) -> None:
    (found,) = reading(pictures=photo, faces="largest").found
    (one,) = found.value["faces"]
    assert one["box"][0] > 150


@pytest.mark.parametrize("kind", ["grey", "16 bits", "alpha"])
def test_pictures_of_any_kind(tmp_path: Path, two: np.ndarray, kind: str) -> None:
    made = {
        "grey": two.mean(2).astype(np.uint8),
        "16 bits": two.astype(np.uint16) * 257,
        "alpha": np.concatenate([two, np.full((*two.shape[:2], 1), 255, np.uint8)], 2),
    }
    save_picture(tmp_path / "one.png", made[kind])
    (found,) = reading(pictures=tmp_path / "one.png").found
    assert len(found.value["faces"]) == 2


def test_small_faces_are_enlarged_first_where_that_is_asked(tmp_path: Path) -> None:
    scene = leaves(1_400_001, 128)
    scene[40:88, 40:88] = paint(face(1_400_003), 48, "photo").pixels
    save_picture(tmp_path / "small.png", scene)
    plain, sharper = (
        reading(pictures=tmp_path / "small.png", enlarge=asked).found[0].value["faces"]
        for asked in (False, True)
    )
    assert len(plain) == len(sharper) == 1
    assert np.abs(np.subtract(plain[0]["box"], sharper[0]["box"])).max() < 6
    assert plain != sharper


# --- with -o ------------------------------------------------------------------------------------


def test_what_is_written_is_what_was_read(tmp_path: Path, photo: Path) -> None:
    result = reading(
        pictures=photo, output=tmp_path / "out", write_parts=True, write_points=True, json=True
    )
    folder = tmp_path / "out"
    assert [path.name for path in result.written][-1] == "two.png" and len(result.written) == 4
    assert result.summary == "1 picture written; 2 faces"
    names = ["two.json", "two.parts.png", "two.png", "two.points.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    told = read_picture(load_picture(photo), "reader")
    labels = check_parts(load_labels(folder / "two.parts.png"))
    assert np.array_equal(labels, parts_map(told.faces, 170, 300))
    assert labels.max() < len(PARTS) and len(np.unique(labels)) > 6
    points = json.loads((folder / "two.points.json").read_text())["faces"]
    for mine, one in zip(points, told.faces, strict=True):
        np.testing.assert_allclose(mine["points"], one.points, atol=1e-3)
        assert len(mine["errors"]) == 68
    assert "traits" not in json.loads((folder / "two.json").read_text())["faces"][0]
    reading(pictures=photo, output=tmp_path / "more", json=True, traits=True)
    fields = json.loads((tmp_path / "more" / "two.json").read_text())["faces"]
    assert fields[0]["traits"]["age"] == pytest.approx(told.faces[0].traits["age"], abs=1e-3)


@pytest.mark.parametrize(("depth", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_without_its_background(tmp_path: Path, two: np.ndarray, depth: type, white: int) -> None:
    """Opaque is what was painted of people; every sample of a colour is the input's."""
    samples = two.astype(depth) * (white // 255)
    save_picture(tmp_path / "two.png", samples)
    reading(pictures=tmp_path / "two.png", output=tmp_path / "out", write_cutout=True)
    cut = load_picture(tmp_path / "out" / "two.cutout.png")
    assert cut.mode == "RGBA" and cut.samples.dtype == depth
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
    reading(pictures=tmp_path / "two.png", output=tmp_path / "out", write_cutout=True)
    samples = load_picture(tmp_path / "out" / "two.cutout.png").samples
    assert samples[:, :150, 3].max() == 100 and samples[:, 150:, 3].max() == 255
    assert np.array_equal(samples[..., :3], two)


def test_of_nobody_there_is_no_cut_out(tmp_path: Path, empty: Path) -> None:
    heard = events(pictures=(empty,), output=tmp_path / "seen.png", write_cutout=True)
    assert [one.text for one in heard if isinstance(one, Notice)] == ["no face found"]
    assert [path.name for path in tmp_path.glob("seen*")] == ["seen.png"]


def test_replay_makes_sheet_and_parts_again(tmp_path: Path, photo: Path) -> None:
    out = tmp_path / "out"
    reading(pictures=photo, output=out, write_parts=True, write_cutout=True, enlarge=True)
    made = [out / "two.png", out / "two.parts.png", out / "two.cutout.png"]
    asked: Any = {"pictures": made, "inputs": photo.parent}
    trombine.replay(output=tmp_path / "again", **asked)
    for path in made:
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_the_same_again_makes_only_what_is_missing(tmp_path: Path, photo: Path) -> None:
    out = tmp_path / "out"
    reading(pictures=photo, output=out)
    before = (out / "two.png").read_bytes()
    assert reading(pictures=photo, output=out).kept == 1
    assert reading(pictures=photo, output=out, write_points=True).kept == 0
    assert (out / "two.points.json").exists()
    assert (out / "two.png").read_bytes() == before


def test_what_lies_beside_is_of_the_same_reading(tmp_path: Path, photo: Path) -> None:
    out = tmp_path / "out"
    reading(pictures=photo, output=out, faces="largest", json=True)
    reading(pictures=photo, output=out, overwrite=True)
    with pytest.raises(InputError, match=r"two\.json: is there, and was made otherwise"):
        reading(pictures=photo, output=out, json=True)


def test_a_sheet_is_a_png(tmp_path: Path, photo: Path) -> None:
    with pytest.raises(InputError, match=r"let it end in \.png"):
        reading(pictures=photo, output=tmp_path / "sheet.jpg")


def test_a_sheet_of_no_face(tmp_path: Path, empty: Path) -> None:
    reading(pictures=empty, output=tmp_path / "seen.png", write_parts=True)
    assert not load_labels(tmp_path / "seen.parts.png").any()


# --- what is asked ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"faces": "some"}, InputError, "--faces is all or largest, not 'some'"),
        ({"write_parts": True}, InputError, "say where with -o"),
        ({"write_points": True}, InputError, "say where with -o"),
        ({"write_cutout": True}, InputError, "say where with -o"),
        ({"model": "upscale-x2"}, InputError, "upscale"),
        ({"model": "nobody"}, InputError, "nobody"),
    ],
)
def test_what_cannot_be(
    photo: Path, asked: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        events(pictures=(photo,), **asked)
