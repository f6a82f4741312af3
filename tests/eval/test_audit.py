"""What is wrong with a set: every kind of fault that is planted is found, and no other."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage.metrics import structural_similarity

import trombine
from trombine.eval import audit
from trombine.world import face, paint

Command = Callable[..., subprocess.CompletedProcess[str]]
COUNT = 24


@pytest.fixture(scope="module")
def faces() -> list[Image.Image]:
    return [
        Image.fromarray(paint(face(2_100_000 + seed), 64, "photo").pixels) for seed in range(COUNT)
    ]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, faces: list[Image.Image]) -> Path:
    """Faces in two splits, and one file with each fault."""
    folder = tmp_path_factory.mktemp("audit") / "set"
    train, test = folder / "train", folder / "test"
    for number, picture in enumerate(faces):
        home = test if number % 4 == 0 else train
        home.mkdir(parents=True, exist_ok=True)
        picture.save(home / f"{number:03}.png")
    (train / "same.png").write_bytes((test / "000.png").read_bytes())
    faces[1].save(train / "jpeg.jpg", quality=75)
    ImageOps.mirror(faces[2]).save(train / "mirrored.png")
    faces[3].resize((128, 128)).save(train / "large.png")
    Image.new("RGB", (64, 64), (120, 130, 140)).save(train / "flat.png")
    faces[5].resize((20, 20)).save(train / "tiny.png")
    faces[6].resize((64, 150)).save(train / "odd.png")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
    Image.fromarray(noise.astype(np.uint8)).save(train / "noise.png")
    (train / "cut.png").write_bytes((test / "004.png").read_bytes()[:400])
    (train / "empty.jpg").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def found(planted: Path) -> dict[str, Any]:
    return trombine.data_audit(planted).found[planted]


def test_every_planted_fault_is_found_and_no_other(found: dict[str, Any]) -> None:
    assert found["problems"] == {
        "corrupt": ["train/cut.png", "train/empty.jpg"],
        "tiny": ["train/tiny.png"],
        "flat": ["train/flat.png"],
        "odd shape": ["train/odd.png"],
        "no face": ["train/noise.png"],
    }


def test_doubles_are_found_mirrored_and_saved_again_too(found: dict[str, Any]) -> None:
    """Also where it counts most: the same picture in two splits."""
    assert found["groups"] == [
        {"pictures": ["test/000.png", "train/same.png"], "splits": ["test", "train"],
         "across_splits": True},
        {"pictures": ["train/001.png", "train/jpeg.jpg"], "splits": ["train"],
         "across_splits": False},
        {"pictures": ["train/002.png", "train/mirrored.png"], "splits": ["train"],
         "across_splits": False},
        {"pictures": ["train/003.png", "train/large.png"], "splits": ["train"],
         "across_splits": False},
        {"pictures": ["train/006.png", "train/odd.png"], "splits": ["train"],
         "across_splits": False},
    ]  # fmt: skip
    doubles = found["doubles"]
    assert [d["mirrored"] for d in doubles if "mirrored.png" in d["second"]] == [True]


def test_files_that_are_written(planted: Path, tmp_path: Path) -> None:
    """The list has one of each group, that of the test where there is such, and no faulty one."""
    page, kept = tmp_path / "page.html", tmp_path / "keep.txt"
    before = {path: path.read_bytes() for path in planted.rglob("*.*")}
    trombine.data_audit(planted, output=page, keep_list=kept)
    names = kept.read_text().splitlines()
    assert len(names) == COUNT and {"test/000.png", "train/large.png"} <= set(names)
    gone = {"same.png", "jpeg.jpg", "mirrored.png", "003.png", "flat.png", "cut.png", "noise.png"}
    assert not {Path(name).name for name in names} & gone
    text = page.read_text()
    assert "In two splits" in text and "train/mirrored.png" in text
    assert json.loads(page.with_suffix(".json").read_text())["keep"] == COUNT
    assert before == {path: path.read_bytes() for path in planted.rglob("*.*")}


def checked(pictures: Sequence[np.ndarray]) -> list[audit.Checked]:
    return [
        audit.Checked(name=str(n), split="train", width=64, height=64, digest=str(n), small=small)
        for n, small in enumerate(pictures)
    ]


def test_one_picture_where_one_is(
    tmp_path: Path, faces: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the singular, and the page says of which folder it is."""
    (home := tmp_path / "own").mkdir()
    faces[0].save(home / "a.png")
    monkeypatch.chdir(home)
    result = trombine.data_audit(Path(), output=tmp_path / "page.html")
    assert result.summary.startswith("1 picture, 1 to keep.\n")
    page = (tmp_path / "page.html").read_text()
    assert "<h1>Audit of own</h1>" in page and "1 picture, 1 to keep." in page


def test_pictures_that_nothing_names_are_told_of(tmp_path: Path, faces: list[Image.Image]) -> None:
    for name in ("a.png", "b.png"):
        faces[0].save(tmp_path / name)
    (tmp_path / "metadata.csv").write_text("file_name\na.png\n")
    (notice,) = trombine.data_audit(tmp_path).notices
    assert notice.endswith("1 picture is left out: named and not there, or there and not named")


def test_similarity_is_scikit_images(faces: list[Image.Image]) -> None:
    """Of all pairs of which it is large enough, mirrored or not."""
    pictures = [np.asarray(picture) for picture in faces[:12]]
    pictures += [np.asarray(ImageOps.mirror(faces[3])), np.asarray(faces[5].rotate(3))]
    result = audit.compared(checked(pictures), 0.75)
    every = {
        (i, j): max(ssim(view, pictures[j]) for view in (pictures[i], pictures[i][:, ::-1]))
        for i, j in itertools.combinations(range(len(pictures)), 2)
    }
    expected = {
        pair: pytest.approx(value, abs=1e-5) for pair, value in every.items() if value > 0.75
    }
    assert {(d.first, d.second): d.ssim for d in result.doubles} == expected
    assert len(expected) == 2


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    value = structural_similarity(
        a, b, channel_axis=2, gaussian_weights=True, use_sample_covariance=False, sigma=1.5
    )
    assert isinstance(value, float)
    return value


def test_a_test_picture_is_kept_before_a_larger_one() -> None:
    """Nothing is learned that is judged by."""
    pictures = [
        audit.Checked(name="large", split="train", width=512, height=512),
        audit.Checked(name="small", split="test", width=64, height=64),
        audit.Checked(name="flat", split="test", width=64, height=64, problems=("flat",)),
    ]
    pairs = [audit.Double(first, 2, 1.0, mirrored=False) for first in (0, 1)]
    result = audit.Audit(pictures, pairs)
    assert result.kept().tolist() == [False, True, False]
    assert result.across() == [(0, 1, 2)]


def test_by_command(planted: Path, command: Command) -> None:
    """No faces are looked for where that is not wanted; a folder that is none is one line."""
    done = command("data", "audit", str(planted), "--any-subject", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "no face 0" in " ".join(done.stdout.split())
    assert "34 pictures, 25 to keep" in done.stdout
    done = command("data", "audit", str(planted / "none"))
    assert done.returncode == 2 and "is not a folder" in done.stderr
