"""Painting: what a seed makes; into a folder, what is kept, what a stop leaves; the card."""

from __future__ import annotations

import ast
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from written import files

from trombine.core.errors import OutputError
from trombine.core.progress import Result
from trombine.data import painting
from trombine.data.painting import (
    CARD,
    Maker,
    card,
    paint_folder,
    painter_hash,
    publish_fractals,
)
from trombine.world import face, fractals, paint, to_vector
from trombine.world.fractals import PALETTES

PHOTO = Maker(kind="world", styles=("photo",), size=16)
ANIME = Maker(kind="world", styles=("anime",), size=16)


def fill(folder: Path, maker: Maker = PHOTO, count: int = 4, **options: Any) -> Result:
    asked = {"first_seed": 0, "workers": 1, **options}
    return paint_folder(folder, maker, count=count, **asked)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the first four photo faces, made in one go."""
    folder = tmp_path_factory.mktemp("whole")
    fill(folder)
    return files(folder)


def test_a_second_run_makes_only_what_is_missing(tmp_path: Path, whole: dict[str, bytes]) -> None:
    fill(tmp_path)
    (tmp_path / "000001.png").unlink()
    (tmp_path / "parts" / "000003.png").unlink()
    (tmp_path / "000002.png").write_bytes(b"mine")
    stamp = (tmp_path / "000000.png").stat().st_mtime_ns
    done = fill(tmp_path)
    assert (len(done.written), done.kept) == (2, 2)
    assert done.summary.endswith("4 pictures (world:photo) of 16 px; 2 of them there before")
    assert files(tmp_path) == whole | {"000002.png": b"mine"}
    assert (tmp_path / "000000.png").stat().st_mtime_ns == stamp
    fill(tmp_path, overwrite=True)
    assert files(tmp_path) == whole


def test_a_folder_of_pictures_is_not_filled(tmp_path: Path) -> None:
    """Its metadata.jsonl would hide them from whoever reads the folder."""
    (tmp_path / "p00.JPG").write_bytes(b"mine")
    says = "holds other pictures, such as p00.JPG; choose another folder"
    with pytest.raises(OutputError, match=f"{tmp_path}: {says}"):
        fill(tmp_path, overwrite=True)
    assert files(tmp_path) == {"p00.JPG": b"mine"}


def test_other_pictures_are_not_mixed_in(tmp_path: Path) -> None:
    fill(tmp_path)
    before = files(tmp_path)
    with pytest.raises(OutputError, match="describes other pictures than world:anime of 16 px"):
        fill(tmp_path, ANIME)
    with pytest.raises(OutputError, match="describes "):  # one would stay
        fill(tmp_path, ANIME, count=3, overwrite=True)
    assert files(tmp_path) == before


def test_a_stopped_run_leaves_a_whole_folder(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """Two of four: their files and lines are there, and nothing else is."""

    def stop(done: float, of: float, what: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, progress=stop)
    names = {"000000.png", "000001.png"}
    assert files(tmp_path).keys() == {"metadata.jsonl", *names, *(f"parts/{n}" for n in names)}
    told = (tmp_path / "metadata.jsonl").read_text().splitlines()
    assert [json.loads(line)["seed"] for line in told] == [0, 1]
    (tmp_path / "metadata.jsonl").write_text(told[0] + "\n")  # as a kill leaves it
    done = fill(tmp_path)
    assert (len(done.written), done.kept) == (3, 1)
    assert files(tmp_path) == whole


def test_a_failing_painter_is_named_by_its_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(seed: int) -> None:
        raise ZeroDivisionError("a field\nis zero")

    monkeypatch.setattr(painting.trombine.world, "face", fail)
    with pytest.raises(ZeroDivisionError) as caught:
        fill(tmp_path)
    assert caught.value.__notes__ == ["of seed 0 of world:photo at 16 px"]


def test_pairs_are_counted_as_pairs(tmp_path: Path) -> None:
    maker = Maker(kind="world", styles=("photo", "anime"), size=16)
    assert (maker.unit, maker.text) == ("pair", " (world:photo+anime) of 16 px")
    done = paint_folder(tmp_path / "pairs", maker, first_seed=0, count=2, workers=1)
    assert done.summary == f"{tmp_path / 'pairs'}: 2 pairs (world:photo+anime) of 16 px"


# What a seed makes


def test_a_pair_is_one_face_in_two_styles() -> None:
    sample = Maker(kind="world", styles=("sketch", "photo"), size=24).make(5)
    row = sample.row
    assert (row["vectors"] == to_vector(face(5))).all() and sample.styles == ("sketch", "photo")
    for mark, style in (("", "sketch"), ("pair_", "photo")):
        truth, points = paint(face(5), 24, style), row[f"{mark}points"]
        assert (row[f"{mark}pictures"] == truth.pixels).all()
        assert np.abs(points - truth.points).max() <= 0.0005 + 1e-6
        # A thousandth of a pixel: as text and as float32 it is the same number.
        assert (np.array([f"{p:.3f}" for p in points.flat], np.float32) == points.flat).all()


def test_the_painters_hash_covers_all_that_painters_import(root: Path) -> None:
    """Else pictures of an older painter would be taken from the cache."""
    # Where caches lie, who may write there, how many threads work, and who hears how far it is
    # determines no pixel; by the luma fits are compared, and nothing is painted.
    covered = (
        *("trombine.world", "trombine.core.conventions"),
        *("trombine.io.files", "trombine.core.computing", "trombine.core.progress"),
        "trombine.io.color",
    )
    for path in (root / "trombine" / "world").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in getattr(node, "names", []) if "." in alias.name]
            ours = [module for module in modules if module.startswith("trombine")]
            assert all(module.startswith(covered) for module in ours), (path, ours)


def test_another_painter_has_another_hash(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "trombine"
    shutil.copytree(root / "trombine", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(painting.trombine, "__file__", str(copy / "__init__.py"))
    fresh = painter_hash.__wrapped__
    before = fresh()
    assert len(before) == 16 and fresh() == before
    (copy / "cli.py").write_text("")
    assert fresh() == before
    with (copy / "world" / "__init__.py").open("a") as file:
        file.write("# another\n")
    assert fresh() != before


# The card of fractals


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published folder of 12 fractals."""
    path = tmp_path_factory.mktemp("published")
    fill(path, Maker(kind="fractals", size=64), count=12, first_seed=3)
    publish_fractals(path)
    return path


def test_a_card_says_what_hugging_face_reads(published: Path) -> None:
    yaml = pytest.importorskip("yaml")
    text = (published / CARD).read_text()
    front = yaml.safe_load(text.split("---\n", 2)[1])
    assert front["license"] == "cc0-1.0"
    assert front["configs"][0]["data_files"][0]["path"] == ["*.png", "metadata.jsonl"]
    command = "trombine data fractals --count 12 --size 64 --first-seed 3 -o fractals\n"
    assert command in text


def test_a_card_says_the_ranges_the_rule_and_the_columns() -> None:
    text = " ".join(card(range(12_000), 128).split())
    assert "Pictures: 12,000, of 128 x 128 pixels" in text
    for ends in (fractals.BENDS, fractals.SHARES, fractals.STARTS):
        assert f"| {ends[0]:g} to {ends[1]:g} |" in text
    cells = f"{fractals.CELLS} x {fractals.CELLS} cells"
    assert f"fewer than {fractals.FEWEST} of {cells}" in text
    assert f"{fractals.TRANSIENT:,} points are dropped, and the next {fractals.POINTS:,}" in text
    assert f"a margin of {fractals.MARGIN:.0%}" in text
    assert f"fewer than {fractals.SMOOTH:g} do" in text
    for stretch in fractals.STRETCHES:
        assert f"the points {stretch.start:,} to {stretch.stop:,}" in text
    assert all(f"`{name}`" in text for name in (*fractals.VECTOR_NAMES, "file_name", "seed"))
    assert all(name in text for name in PALETTES) and "{" not in text


def test_the_starter_of_a_card_runs(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(published)
    monkeypatch.setattr(Image.Image, "show", lambda image: image.close())
    blocks = re.findall(r"```python\n(.*?)```", (published / CARD).read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, {})


def test_somebody_elses_card_stays_unless_told_and_an_old_one_is_written_again(
    published: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = (published / "metadata.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "metadata.jsonl").write_text("".join(lines[:5]))
    publish_fractals(tmp_path)
    assert "Pictures: 5," in (tmp_path / CARD).read_text()
    (tmp_path / "metadata.jsonl").write_text("".join(lines))
    publish_fractals(tmp_path)
    assert (tmp_path / CARD).read_bytes() == (published / CARD).read_bytes()
    (tmp_path / CARD).write_text("# My pictures\n")
    publish_fractals(tmp_path)
    assert str(tmp_path / CARD) in caplog.text and "--overwrite" in caplog.text
    assert (tmp_path / CARD).read_text() == "# My pictures\n"
    publish_fractals(tmp_path, overwrite=True)
    assert (tmp_path / CARD).read_bytes() == (published / CARD).read_bytes()
