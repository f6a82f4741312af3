"""The card of published fractals: true, and no other file's enemy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from trombine.data.filling import fill_folder
from trombine.data.made import Maker
from trombine.data.publishing import CARD, card, publish_fractals
from trombine.world import fractals
from trombine.world.fractals_colours import PALETTES

SIZE = 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published folder of 12 fractals."""
    path = tmp_path_factory.mktemp("published")
    maker = Maker(kind="fractals", size=SIZE)
    fill_folder(path, maker, first_seed=3, count=12, workers=1)
    publish_fractals(path)
    return path


def front(text: str) -> dict[str, Any]:
    """The YAML before a card's text."""
    yaml = pytest.importorskip("yaml")
    _, head, _ = text.split("---\n", 2)
    return yaml.safe_load(head)


def test_a_card_says_what_hugging_face_reads(folder: Path) -> None:
    head = front((folder / CARD).read_text())
    assert head["license"] == "cc0-1.0"
    assert head["configs"][0]["data_files"][0]["path"] == ["*.png", "metadata.jsonl"]


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
    assert all(name in text for name in PALETTES)
    assert "{" not in text


def test_the_starter_of_a_card_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Image.Image, "show", lambda image: image.close())
    blocks = re.findall(r"```python\n(.*?)```", (folder / CARD).read_text(), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, {})


def test_a_card_has_the_command_that_makes_the_pictures_again(folder: Path) -> None:
    command = "trombine data fractals --count 12 --size 64 --first-seed 3 -o fractals\n"
    assert command in (folder / CARD).read_text()


def test_somebody_elses_card_stays_unless_told(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "metadata.jsonl").write_bytes((folder / "metadata.jsonl").read_bytes())
    (tmp_path / CARD).write_text("# My pictures\n")
    publish_fractals(tmp_path)
    assert str(tmp_path / CARD) in caplog.text and "--overwrite" in caplog.text
    assert (tmp_path / CARD).read_text() == "# My pictures\n"
    publish_fractals(tmp_path, overwrite=True)
    assert (tmp_path / CARD).read_bytes() == (folder / CARD).read_bytes()


def test_an_old_card_of_ours_is_brought_up_to_date(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "metadata.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "metadata.jsonl").write_text("".join(lines[:5]))
    publish_fractals(tmp_path)
    assert "Pictures: 5," in (tmp_path / CARD).read_text()
    (tmp_path / "metadata.jsonl").write_text("".join(lines))
    publish_fractals(tmp_path)
    assert (tmp_path / CARD).read_text() == card([json.loads(line)["seed"] for line in lines], SIZE)
