"""The card and the notebook of published fractals: true, sealed, and no other file's enemy."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trombine.data.filling import fill_folder
from trombine.data.made import Maker
from trombine.data.publishing import (
    CARD,
    NOTEBOOK,
    STOPS,
    Contents,
    card,
    contents_of,
    is_ours,
    notebook,
    publish_fractals,
    stretches,
)
from trombine.world import fractals
from trombine.world.fractals_colours import PALETTES, ramp

SIZE = 64
CONTENTS = Contents(seeds=(range(3, 15),), size=SIZE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published folder of 12 fractals."""
    path = tmp_path_factory.mktemp("published")
    maker = Maker(kind="fractals", size=SIZE)
    list(fill_folder(path, maker, first_seed=3, count=12, workers=1))
    assert not list(publish_fractals(path))
    return path


def front(text: str) -> dict[str, Any]:
    """The YAML before a card's text."""
    yaml = pytest.importorskip("yaml")
    _, head, _ = text.split("---\n", 2)
    return yaml.safe_load(head)


def code_of(path: Path) -> str:
    """The code of a notebook, as one program."""
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


# The card


def test_a_card_says_what_hugging_face_reads() -> None:
    head = front(card(CONTENTS))
    assert head["license"] == "cc0-1.0"
    assert head["size_categories"] == ["n<1K"]
    assert head["configs"][0]["data_files"][0]["path"] == ["*.png", "metadata.jsonl"]


@pytest.mark.parametrize(
    ("count", "word"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (12_000, "10K<n<100K"), (20_000_000, "10M<n<100M")],
)
def test_a_card_says_how_many_there_are(count: int, word: str) -> None:
    text = card(Contents(seeds=(range(count),), size=128))
    assert front(text)["size_categories"] == [word]
    assert f"{count:,} pictures of 128 x 128" in text


def test_a_card_says_the_ranges_the_rule_and_the_columns() -> None:
    text = " ".join(card(CONTENTS).split())
    for ends in (fractals.BENDS, fractals.SHARES, fractals.STARTS):
        assert f"| {ends[0]:g} to {ends[1]:g} |" in text
    assert f"fewer than {fractals.FEWEST} of {fractals.CELLS} x {fractals.CELLS} cells" in text
    assert "points 5,000 to 10,000" in text and "60,000 are painted" in text
    assert all(f"| `{key}` |" in text for key in ("file_name", "seed", "size", "fractal"))
    assert all(f"`{name}`" in text for name in fractals.VECTOR_NAMES)
    assert all(name in text for name in PALETTES)
    assert "{" not in text


def test_a_card_has_the_commands_that_make_the_pictures_again() -> None:
    gaps = Contents(seeds=(range(3, 15), range(20, 21)), size=SIZE)
    text = card(gaps)
    assert "trombine data fractals --count 12 --size 64 --first-seed 3 -o fractals\n" in text
    assert "trombine data fractals --count 1 --size 64 --first-seed 20 -o fractals\n" in text
    many = card(Contents(seeds=tuple(range(k, k + 1) for k in range(0, 40, 2)), size=SIZE))
    assert many.count("trombine data fractals --count") == 8
    assert "# and 12 more" in many


def test_a_card_is_no_wider_than_a_page() -> None:
    _, _, body = card(CONTENTS).split("---\n", 2)
    prose = [line for line in body.splitlines() if not line.startswith("|")]
    assert max(map(len, prose)) <= 100


def test_stretches_have_no_gap() -> None:
    assert stretches([5, 1, 2, 9, 3, 2]) == (range(1, 4), range(5, 6), range(9, 10))


def test_a_folder_says_what_it_holds(folder: Path) -> None:
    assert contents_of(folder) == CONTENTS
    assert (folder / CARD).read_text() == card(CONTENTS)
    assert (folder / NOTEBOOK).read_text() == notebook(CONTENTS)


# Seals


@pytest.mark.parametrize("name", [CARD, NOTEBOOK])
def test_what_was_changed_is_no_longer_ours(name: str, folder: Path, tmp_path: Path) -> None:
    ours, changed = folder / name, tmp_path / name
    assert is_ours(ours)
    for old, new in (("12", "13"), ("\n", "\n\n"), ("trombine-seal:", "seal:")):
        changed.write_text(ours.read_text().replace(old, new, 1))
        assert not is_ours(changed)
    changed.write_bytes(b"\xff\xfe")
    assert not is_ours(changed)


def test_somebody_elses_card_stays_unless_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").write_bytes((folder / "metadata.jsonl").read_bytes())
    (tmp_path / CARD).write_text("# My pictures\n")
    (notice,) = publish_fractals(tmp_path)
    assert notice.file == tmp_path / CARD and "--overwrite" in notice.text
    assert (tmp_path / CARD).read_text() == "# My pictures\n"
    assert is_ours(tmp_path / NOTEBOOK)
    assert not list(publish_fractals(tmp_path, overwrite=True))
    assert (tmp_path / CARD).read_bytes() == (folder / CARD).read_bytes()


def test_an_old_card_of_ours_is_brought_up_to_date(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "metadata.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "metadata.jsonl").write_text("".join(lines[:5]))
    list(publish_fractals(tmp_path))
    assert "5 pictures" in (tmp_path / CARD).read_text()
    (tmp_path / "metadata.jsonl").write_text("".join(lines))
    assert not list(publish_fractals(tmp_path))
    assert (tmp_path / CARD).read_text() == card(CONTENTS)


# The notebook


def test_the_notebook_runs_where_trombine_is_not(folder: Path) -> None:
    """Warnings are errors, and no import but of what it says it needs; its cells show pictures."""
    after = (
        "\nassert not {'trombine', 'scipy', 'numba', 'torch'} & set(__import__('sys').modules)"
        "\nassert sheet.size == (640, 128) and np.asarray(sheet).std() > 20"
        "\nassert all(np.asarray(chart).std() > 5 for chart in charts)"
        "\nassert again.shape == stored.shape"
        "\nprint(likeness)"
    )
    command = [sys.executable, "-W", "error", "-c", code_of(folder / NOTEBOOK) + after]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("12 pictures of 64 px")
    assert float(done.stdout.split()[-1]) > 0.9


def test_the_notebook_draws_what_we_draw(folder: Path) -> None:
    """Its plain drawing is our picture without smoothing, for every palette."""
    space: dict[str, Any] = {"np": np, "math": math}
    code = code_of(folder / NOTEBOOK)
    exec(code[code.index("palettes = [") : code.index("line = lines[0]")], space)
    one = fractals.fractal(5)
    numbers = dict(zip(fractals.VECTOR_NAMES, fractals.to_vector(one).tolist(), strict=True))
    theirs = space["draw"](numbers, SIZE).astype(float)
    ours = fractals.paint_fractal(one, SIZE, smooth=0).astype(float)
    assert np.mean(np.abs(theirs - ours).max(-1) <= 8) > 0.995
    for number, text in enumerate(space["palettes"]):
        colours = np.array([list(bytes.fromhex(colour)) for colour in text.split()]) / 255
        assert len(colours) == STOPS
        at = np.linspace(0, 1, STOPS)
        exact = ramp(number)
        mixed = np.stack([np.interp(np.linspace(0, 1, len(exact)), at, c) for c in colours.T], 1)
        assert np.abs(mixed - exact).max() < 0.05  # they are bent, it is straight


def test_the_notebook_is_one_of_jupyter() -> None:
    whole = json.loads(notebook(CONTENTS))
    assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
    names = [cell["id"] for cell in whole["cells"]]
    assert len(set(names)) == len(names)
    for cell in whole["cells"]:
        wanted = {"cell_type", "id", "metadata", "source"}
        more = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert cell.keys() == wanted | more
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), cell["id"], "exec")
