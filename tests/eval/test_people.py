"""A test of people: what is in its folder, what is in its key, which answers are taken."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eval import made
from PIL import Image

import trombine
from trombine.core.errors import InputError


def paint(folder: Path, count: int, seed: int, *, side: int = 16, suffix: str = ".png") -> Path:
    """Pictures of noise, some of which could be compressed better than others; no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    for number in range(count):
        noise = draw.integers(0, 4 + 18 * number, (side, side, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{folder.name}-{number}{suffix}")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two folders: real, generated."""
    paint(tmp_path / "real", 14, 1)
    paint(tmp_path / "generated", 14, 2)
    return tmp_path


def make(home: Path, **fields: Any) -> dict[str, Any]:
    """Make a test of 12 pictures; return its key."""
    options = {"pictures": 12, "output": home / "study", **fields}
    trombine.judge_people_make(home / "real", home / "generated", **options)
    return json.loads((home / "study.key.json").read_text())


# The test


def test_all_pictures_are_written_alike(home: Path) -> None:
    """Whatever they were, they are PNG files of one length with the same chunks; pixels stay."""
    shutil.rmtree(home / "generated")
    paint(home / "generated", 14, 2, suffix=".bmp")
    key = make(home)
    files = made.pictures(home / "study" / "index.html")
    assert len({len(data) for data in files.values()}) == 1
    assert len({data[:33] for data in files.values()}) == 1
    for name, data in files.items():
        entry = key["pictures"][name]
        with (
            Image.open(io.BytesIO(data)) as copy,
            Image.open(home / entry["truth"] / entry["file"]) as one,
        ):
            assert copy.info == {} and copy.format == "PNG"
            assert np.array_equal(np.asarray(copy), np.asarray(one))


def test_the_page_is_the_same_whichever_side_is_real(home: Path) -> None:
    """So nothing in it can tell which it is; the keys are opposite."""
    key = make(home)
    page = (home / "study" / "index.html").read_bytes()
    chosen = {entry["file"] for entry in key["pictures"].values()}
    for folder in ("real", "generated"):
        for path in (home / folder).iterdir():
            if path.name not in chosen:
                path.unlink()
    (home / "real").rename(home / "other")
    (home / "generated").rename(home / "real")
    (home / "other").rename(home / "generated")
    swapped = make(home, overwrite=True)
    assert (home / "study" / "index.html").read_bytes() == page
    assert key["test"] == swapped["test"]
    for name, entry in key["pictures"].items():
        assert entry["truth"] != swapped["pictures"][name]["truth"]


def test_half_are_real_and_the_seed_says_which(home: Path) -> None:
    key = make(home)
    truths = [entry["truth"] for entry in key["pictures"].values()]
    assert truths.count("real") == truths.count("generated") == 6
    assert make(home, seed=1, overwrite=True)["pictures"] != key["pictures"]
    assert make(home, overwrite=True) == key


def test_the_same_command_keeps_what_is_there_and_another_test_is_refused(home: Path) -> None:
    """A test that people may have answered is not lost; one stopped half-way is finished."""
    make(home)
    before = (home / "study" / "index.html").read_bytes()
    sets, fields = (home / "real", home / "generated"), dict[str, Any](output=home / "study")
    assert trombine.judge_people_make(*sets, **fields, pictures=12).kept == 2
    with pytest.raises(InputError, match=r"is there already.*--overwrite"):
        trombine.judge_people_make(*sets, **fields, pictures=10)
    (home / "study" / "index.html").unlink()
    assert trombine.judge_people_make(*sets, **fields, pictures=12).kept == 1
    assert (home / "study" / "index.html").read_bytes() == before


def test_a_key_is_never_inside_the_test(home: Path) -> None:
    (home / "link").symlink_to(home / "study", target_is_directory=True)
    for key in ("study/key.json", "study/a/key.json", "link/key.json"):
        with pytest.raises(InputError, match="inside the test"):
            make(home, key=home / key)
    assert not (home / "study").exists()


def test_no_file_of_somebody_else_becomes_a_key(home: Path) -> None:
    picture = home / "real" / "real-0.png"
    before = picture.read_bytes()
    for overwrite in (False, True):
        with pytest.raises(InputError, match="is no key of a test"):
            make(home, key=picture, overwrite=overwrite)
    assert picture.read_bytes() == before


def test_pictures_of_several_sizes_are_refused_or_cut_to_one(home: Path) -> None:
    """The size would tell; --size shows the middle of each, and enlarges none."""
    shutil.rmtree(home / "generated")
    paint(home / "generated", 14, 2, side=24)
    with pytest.raises(InputError, match=r"differ in size.*--size 16"):
        make(home)
    make(home, size=16)
    files = made.pictures(home / "study" / "index.html")
    sizes = set()
    for data in files.values():
        with Image.open(io.BytesIO(data)) as picture:
            sizes.add(picture.size)
    assert sizes == {(16, 16)}
    with pytest.raises(InputError, match="has only 0 pictures that can be shown"):
        make(home, size=20, overwrite=True)


def test_a_bad_picture_is_named_and_another_taken(home: Path) -> None:
    for path in list((home / "real").iterdir())[:8]:
        path.write_bytes(b"no picture")
    fields: dict[str, Any] = {"pictures": 12, "output": home / "study"}
    result = trombine.judge_people_make(home / "real", home / "generated", **fields)
    assert len(result.written) == 2 and result.skipped
    assert {path.parent.name for path in result.skipped} == {"real"}


def test_a_picture_stands_in_the_test_once(home: Path) -> None:
    """A copy is left out, one in both folders refused: it would be real and generated."""
    for number in range(1, 9):
        shutil.copy(home / "real" / "real-0.png", home / "real" / f"real-{number}.png")
    fields: dict[str, Any] = {"pictures": 12, "output": home / "study"}
    result = trombine.judge_people_make(home / "real", home / "generated", **fields)
    assert any("is the same picture as" in notice for notice in result.notices)
    shutil.rmtree(home / "generated")
    shutil.copytree(home / "real", home / "generated")
    with pytest.raises(InputError, match="is the same picture as"):
        make(home, overwrite=True)


def test_compression_of_one_side_is_said(home: Path) -> None:
    shutil.rmtree(home / "generated")
    paint(home / "generated", 14, 2, suffix=".jpg")
    sets, fields = (home / "real", home / "generated"), dict[str, Any](output=home / "study")
    result = trombine.judge_people_make(*sets, **fields, pictures=12)
    assert any("may tell them apart" in notice for notice in result.notices)


# The answers

FIVE = {"ann": (5, 5), "ben": (4, 4), "cem": (6, 2), "dua": (6, 6), "eve": (3, 3)}


@pytest.fixture
def study(home: Path) -> tuple[Path, dict[str, Any]]:
    """A test, and the answers of five."""
    key = make(home)
    for name, (real, generated) in FIVE.items():
        made.write(
            home / "answers" / f"{name}.json", made.answers(key, name, made.right(real, generated))
        )
    return home, key


def score(home: Path, *answers: str, **fields: Any) -> dict[str, Any]:
    paths = [home / name for name in answers or ("answers",)]
    result = trombine.judge_people_score(home / "study.key.json", paths, **fields)
    (found,) = result.found.values()
    return found


def test_what_is_counted(study: tuple[Path, dict[str, Any]]) -> None:
    """Right answers, the matrix, kappas with the truth and between subjects, the worst picture."""
    home, _ = study
    report = score(home)
    assert [s["right"] for s in report["subjects"]] == [10, 8, 8, 12, 6]
    cem = report["subjects"][2]
    assert cem["confusion"] == {
        "real": {"real": 6, "generated": 0},
        "generated": {"real": 4, "generated": 2},
    }
    assert cem["accuracy"]["value"] == pytest.approx(8 / 12)
    assert cem["kappa"]["value"] == pytest.approx(1 / 3)
    assert report["all"]["right"] == 44 and report["all"]["answers"] == 60
    kappas = {(p["first"], p["second"]): p["kappa"]["value"] for p in report["between"]}
    assert len(kappas) == 10 and kappas["ann", "dua"] == pytest.approx(2 / 3)
    worst = report["fooled"][0]
    assert (worst["wrong"], worst["of"], worst["truth"]) == (4, 5, "generated")
    assert report["needed"]["answers"] == 1008


def test_reasons_and_words_are_told_by_side(study: tuple[Path, dict[str, Any]]) -> None:
    home, key = study
    content = made.answers(key, "fay", made.right(0, 6))
    for item in content["answers"]:
        item["reasons"] = ["object", "colour"]
    content["answers"][0]["text"] = " an <b>earring</b> "
    made.write(home / "fay.json", content)
    report = score(home, "fay.json")
    counts = {r["reason"]: (r["real"], r["generated"]) for r in report["reasons"]}
    assert counts["object"] == counts["colour"] == (6, 6) and counts["other"] == (0, 0)
    assert [text["text"] for text in report["texts"]] == ["an <b>earring</b>"]
    assert report["between"] == [] and report["fleiss"] is None


def change(name: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda content: {**content, name: value}


def change_answer(name: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda c: {**c, "answers": [{**c["answers"][0], name: value}, *c["answers"][1:]]}


BAD: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("cut off", lambda c: json.dumps(c)[:-40], "is damaged"),
    ("foreign", change("test", "0123456789abcdef"), "another test"),
    ("of nobody", change("subject", "  "), "names no subject"),
    ("unfinished", lambda c: {**c, "answers": c["answers"][:7]}, "5 of 12 are not answered"),
    ("twice", lambda c: {**c, "answers": [*c["answers"], c["answers"][0]]}, "twice"),
    ("of another picture", change_answer("picture", "0" * 16), "not in the test"),
    ("undecided", change_answer("answer", "both"), "is damaged"),
    ("for ever", change_answer("seconds", float("inf")), "is damaged"),
]


@pytest.mark.parametrize(("bad", "problem"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_answers_are_named_and_left_out(
    study: tuple[Path, dict[str, Any]], bad: Callable[[dict[str, Any]], Any], problem: str
) -> None:
    """The others count as if the bad file was not there."""
    home, key = study
    expected = score(home)
    made.write(home / "answers" / "fay.json", bad(made.answers(key, "fay", made.right(6, 6))))
    result = trombine.judge_people_score(home / "study.key.json", home / "answers")
    ((path, why),) = result.skipped.items()
    assert path.name == "fay.json" and problem in why and ";" in why
    assert [*result.found.values()] == [expected]


@pytest.mark.parametrize("name", ["ANN ", "someone"])
def test_doubled_answers_are_left_out(study: tuple[Path, dict[str, Any]], name: str) -> None:
    """A second file of a subject, and a copy under another name: the first file counts."""
    home, _ = study
    expected = score(home)
    content = json.loads((home / "answers" / "ann.json").read_text())
    made.write(home / "answers" / "zoe.json", {**content, "subject": name})
    result = trombine.judge_people_score(home / "study.key.json", home / "answers")
    ((path, why),) = result.skipped.items()
    assert path.name == "zoe.json" and "ann.json" in why
    assert [*result.found.values()] == [expected]


def test_the_page_shows_what_fooled_most(study: tuple[Path, dict[str, Any]]) -> None:
    """With the test beside its key; without it, or with another page there, a table."""
    home, _ = study
    score(home, output=home / "page.html")
    page = (home / "page.html").read_text()
    assert page.count("<img") == 7 and "4 of 5 wrong" in page
    (home / "study").rename(home / "elsewhere")
    score(home, output=home / "page.html")
    assert "<img" not in (home / "page.html").read_text()
    (home / "study").mkdir()
    (home / "study" / "index.html").write_text("<p>")
    result = trombine.judge_people_score(
        home / "study.key.json", home / "answers", output=home / "page.html"
    )
    assert any("the page shows no pictures" in notice for notice in result.notices)
    assert result.found and "<img" not in (home / "page.html").read_text()
