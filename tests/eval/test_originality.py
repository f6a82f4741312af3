"""judge originality: verdicts with the stated false alarms, what they find, and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binom

import trombine
from trombine.core.errors import InputError
from trombine.eval import originality
from trombine.eval.originality import Originality, threshold
from trombine.eval.planted import CHANGES
from trombine.eval.sets import PictureSet
from trombine.world import face, paint

FIRST = 1_410_000
KEPT = 100
LEARNED = 25


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """References, and behind them new faces."""
    return np.stack([paint(face(FIRST + k), 48, "photo").pixels for k in range(KEPT + 40)])


@pytest.fixture(autouse=True)
def few_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originality, "PLANTED", 2)


def judged(generated: np.ndarray, references: np.ndarray, **options: Any) -> Originality:
    ours, known = (PictureSet("", p, str) for p in (generated, references))
    return originality.judge(ours, known, **options)


@pytest.fixture(scope="module")
def held_out(faces: np.ndarray) -> Originality:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(originality, "PLANTED", 5)
        return judged(faces[KEPT:], faces[:KEPT], false_alarms=0.05)


def test_as_many_false_alarms_as_stated(held_out: Originality) -> None:
    """Of 40 new faces none but a few are called copies, or close: within 99.9 % of chance."""
    verdicts = held_out.verdicts
    copies, close = verdicts.count("copy"), verdicts.count("close")
    # The threshold itself is drawn from 100; the bounds allow for that by a doubled rate.
    assert copies <= binom.ppf(0.9995, 40, 0.1)
    assert copies + close <= binom.ppf(0.9995, 40, 0.2)


def test_planted_copies_are_found(held_out: Originality) -> None:
    for kind in ("exact", "mirrored", "blurred"):
        assert held_out.recall[kind]["copies"] == 1
    assert held_out.recall["exact"]["SSIM"] == 1
    assert held_out.recall["mirrored"]["SSIM"] < 0.5


def test_the_threshold_is_the_highest_but_k() -> None:
    """Of 199 scores at 1 %: (199 + 1) / 100 = 2 lie at or above it, so 1 exceeds it."""
    scores = np.random.default_rng(0).permutation(199).astype(np.float32)
    assert threshold(scores, 0.01) == 197
    assert threshold(scores, 0.1) == 179


def test_too_few_references_for_the_rate() -> None:
    with pytest.raises(InputError, match="take 99 references or more, or give a higher"):
        threshold(np.zeros(98, np.float32), 0.01)
    assert threshold(np.zeros(99, np.float32), 0.01) == 0


def test_pictures_that_are_twice_in_the_references(faces: np.ndarray) -> None:
    """They are counted, and move no threshold to where no copy is found."""
    mirrors = faces[:5, :, ::-1]
    result = judged(faces[:2], np.concatenate((faces[:LEARNED], mirrors)), false_alarms=0.05)
    assert result.duplicates.sum() == 10
    assert result.thresholds["copies"]["copy"] < 0.99
    assert result.verdicts == ["copy", "copy"]


def test_the_order_of_references_does_not_matter(faces: np.ndarray) -> None:
    """All of them are in the sample, so the thresholds too are the same."""
    order = np.random.default_rng(1).permutation(LEARNED)
    one = judged(faces[LEARNED - 4 : LEARNED + 4], faces[:LEARNED], false_alarms=0.05)
    other = judged(faces[LEARNED - 4 : LEARNED + 4], faces[:LEARNED][order], false_alarms=0.05)
    assert one.verdicts == other.verdicts
    assert np.array_equal(one.found.indices, order[other.found.indices])
    for name, value in one.thresholds["copies"].items():
        assert value == pytest.approx(other.thresholds["copies"][name], abs=1e-5)


# The verb


def save(folder: Path, pictures: np.ndarray, names: list[str]) -> Path:
    folder.mkdir()
    for pixels, name in zip(pictures, names, strict=True):
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def home(tmp_path: Path, faces: np.ndarray) -> Path:
    """References, and three pictures: a copy, a mirrored copy, a new one."""
    save(tmp_path / "learned", faces[:LEARNED], [f"r{k:02}" for k in range(LEARNED)])
    pictures = np.stack((faces[7], faces[8][:, ::-1], faces[KEPT + 1]))
    save(tmp_path / "generated", pictures, ["a-copy", "b-mirror", "c-new"])
    return tmp_path


def ask(home: Path, **fields: Any) -> Any:
    options: dict[str, Any] = {"false_alarms": 0.05, **fields}
    generated = options.pop("generated", home / "generated")
    return trombine.judge_originality(
        generated, options.pop("references", home / "learned"), **options
    )


def test_text_json_and_page_say_the_same(home: Path) -> None:
    page = home / "page.html"
    result = ask(home, json=True, output=page)
    record = json.loads(result.summary)
    verdicts = [picture["verdict"] for picture in record["pictures"]]
    assert verdicts[:2] == ["copy", "copy"]
    assert record["pictures"][1]["copy_of"]["reference"] == "r08.png"
    assert record["pictures"][1]["copy_of"]["mirrored"]
    assert [len(picture["nearest"]) for picture in record["pictures"]] == [4, 4, 4]
    assert set(record["recall"]) == set(CHANGES)
    assert record["verdicts"]["copy"] == verdicts.count("copy")
    text = ask(home).summary
    for line in ("3 pictures against 25 references, 48 x 48 pixels", "mirrored"):
        assert line in text
    html = page.read_text()
    for name in (
        "a-copy.png",
        "c-new.png",
        "SSIM, rank 4",
        "SSIM over the whole set",
        "JPEG",
        "5.0%",
    ):
        assert name in html


def test_a_pack_a_folder_and_another_size(home: Path, faces: np.ndarray) -> None:
    """References of a pack are those of its folder; other sizes are resized, and it is said."""
    trombine.data_prepare(home / "learned", output=home / "pack", size=48)
    folder, pack = (
        json.loads(ask(home, json=True, size=32, references=str(home / name)).summary)
        for name in ("learned", "pack")
    )
    assert all(folder[key] == pack[key] for key in ("verdicts", "recall", "sample", "resized"))
    assert folder["size"] == 32 and folder["resized"] == {"generated": 3, "references": 25}


def test_bad_input_is_refused_in_a_line(home: Path) -> None:
    with pytest.raises(InputError, match="take 99 references or more"):
        ask(home, false_alarms=0.01)
    with pytest.raises(InputError, match="are the same; name two sets"):
        ask(home, references=str(home / "learned" / ".." / "generated"))
    (home / "empty").mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        ask(home, references=str(home / "empty"))
    with pytest.raises(InputError, match="does not exist"):
        ask(home, references=str(home / "nowhere"))
    with pytest.raises(InputError, match="size"):
        ask(home, generated="world:photo#3", references="world:photo#30")
    with pytest.raises(InputError, match="is not a source"):
        ask(home, references="nonsense")
    with pytest.raises(InputError, match=r"size: .* equal to 16, not 8"):
        ask(home, size=8)
