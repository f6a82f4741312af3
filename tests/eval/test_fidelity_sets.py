"""Two sets of pictures judged: what is missing is named, and no order or name matters."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trombine.commands.judge import judge_fidelity
from trombine.core.errors import InputError
from trombine.core.progress import Account
from trombine.data.source import source
from trombine.eval import witness
from trombine.eval.fidelity import hash_of, read_set, remarks
from trombine.eval.sets import PictureSet

COUNT = 120
LONG = 0.5  # of hair_length


def read(text: Any, **options: Any) -> PictureSet:
    return read_set(str(text), "real", Account(), **{"most": 50, **options})


def save(folder: Path, pictures: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder


def noise(count: int, *, seed: int = 0, size: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.fixture(scope="module")
def faces() -> tuple[np.ndarray, np.ndarray]:
    """Painted faces that nothing learned from, and how long the hair of each is."""
    painted = source(f"world:photo#{3 * COUNT}", 64, first_seed=4_000_000)
    rows = painted.take(np.arange(3 * COUNT))
    return rows["pictures"], rows["vectors"][:, painted.vector_names.index("hair_length")]


def test_a_planted_collapse_is_seen(faces: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    """A world without long hair: the test rejects, and more of the real is far from all generated;
    figures bear the witness's hash, and are the same in text, JSON and on the page."""
    pictures, lengths = faces
    real = save(tmp_path / "real", pictures[:COUNT])
    short = pictures[COUNT:][lengths[COUNT:] < LONG][:COUNT]
    page = tmp_path / "page.html"
    result = judge_fidelity(save(tmp_path / "short", short), real, json=True, output=page)
    report, text = json.loads(result.summary), page.read_text()
    table, look = report["tables"]
    assert look["features"] == "look" and report["verdict"]["p"] < 1
    assert table["features"] == f"witness {witness.witness().hash}" and table["features"] in text
    assert not any("nearly those" in note for note in report["notes"])
    values = table["figures"]
    assert values["accuracy"]["p"] < 0.05 < values["accuracy"]["real_p"]
    assert values["Fréchet"]["half"] > values["Fréchet"]["real"]
    assert values["KID"]["value"] > abs(values["KID"]["real"])
    assert values["recall"]["half"] < values["recall"]["real"]
    for side in ("generated", "real"):
        records = report["pictures"][side]
        assert {record["name"] for record in records} == {f"{k:03}.png" for k in range(COUNT)}
    features = table["features"]
    missing = max(report["pictures"]["real"], key=lambda r: r["nearest"][features]["distance"])
    assert missing["name"] in text.partition("Real, far from all generated")[2]
    assert json.loads(page.with_suffix(".json").read_text()) == report


# Sets


def test_a_folder_a_pack_and_a_spec_are_read_alike(tmp_path: Path) -> None:
    """The same painted faces are one set, wherever they are."""
    from trombine.data.painting import Maker, paint_pack

    maker = Maker(kind="world", styles=("photo",), size=32)
    paint_pack(tmp_path / "pack", maker, first_seed=2_000_000, count=4, workers=1)
    painted = source("world:photo#4", 32, first_seed=2_000_000)
    folder = save(tmp_path / "folder", painted.take(np.arange(4))["pictures"])
    sets = [
        read(text, size=32)
        for text in (str(folder), str(tmp_path / "pack"), "world:photo#4", f"folder:{folder}")
    ]
    assert len({hash_of(each) for each in sets}) == 1
    assert all(np.array_equal(each.pictures, sets[0].pictures) for each in sets)


def made_set(name: str, hashes: tuple[str, ...], **changes: Any) -> PictureSet:
    count = len(hashes)
    facts: dict[str, Any] = {
        "name": str,
        "pictures": np.zeros((count, 128, 128, 3), np.uint8),
        "sizes": Counter({(64, 64): count}),
        "total": count,
    }
    return PictureSet(spec=name, hashes=hashes, **(facts | changes))


def test_what_a_reader_has_to_know_is_said() -> None:
    """Other sizes, compression, pictures twice or in both sets, and how many were drawn."""
    same = made_set("a", ("1", "2")), made_set("b", ("3", "4"))
    assert list(remarks(*same)) == []
    other = made_set(
        "b", ("2", "2", "5"), sizes=Counter({(80, 60): 2, (9, 9): 1}), lossless=False, total=9
    )
    assert list(remarks(same[0], other)) == [
        "b: 3 of 9 pictures are compared",
        "b: 1 picture is there more than once",
        "1 picture is in both sets",
        "sizes differ: 64 x 64 generated, 80 x 60 and others real; what is enlarged is softer",
        "one set is compressed (JPEG or the like) and the other is not, which may tell",
    ]


# Refusals


def ask(generated: Any, real: Any, **options: Any) -> str:
    """What is said in place of a report."""
    with pytest.raises(InputError) as error:
        judge_fidelity(generated, real, **options)
    return str(error.value)


def test_sets_that_do_not_compare(tmp_path: Path) -> None:
    """Too few pictures, one set twice by its place or by what it shows, a mix, no set at all."""
    few, many = save(tmp_path / "few", noise(9)), save(tmp_path / "many", noise(50))
    again = save(tmp_path / "again", noise(50)[::-1])
    assert "has 9 pictures that can be read; figures of a set need 50" in ask(few, many)
    assert "show the same pictures" in ask(many, f"{few}/../many")
    assert "show the same pictures" in ask(again, many)
    assert "is a mix; name one source" in ask("world:photo+leaves", many)
    assert "has pairs of pictures" in ask("world:photo+anime#2", many, size=16)
    assert "is one file; name a folder" in ask(many / "000.png", many)
    assert "does not exist" in ask(tmp_path / "none", many)


def test_pictures_that_are_nearly_real_ones_are_told(
    faces: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    """Not the same bytes, so none is in both sets; nothing has better figures than a copy."""
    pictures, _ = faces
    copied = pictures[:20] ^ 1
    ours = save(tmp_path / "ours", np.concatenate([copied, pictures[COUNT : COUNT + 40]]))
    real = save(tmp_path / "theirs", pictures[:COUNT])
    text = judge_fidelity(ours, real).summary
    assert "20 of 60 pictures are nearly those of the real set" in text


def test_each_view_tells_what_the_other_does_not(
    faces: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    """A tint is told by the look alone, real ones by neither; the lead says so."""
    pictures, _ = faces
    real = save(tmp_path / "real", pictures[:COUNT])
    others = pictures[COUNT : 2 * COUNT]
    tinted = np.clip(others + np.array([14, 0, -14]), 0, 255).astype(np.uint8)
    same, changed = (
        judge_fidelity(save(tmp_path / name, some), real)
        for name, some in (("same", others), ("tinted", tinted))
    )
    assert "No difference from real ones is found (p " in same.summary
    assert "Differs from real ones by look (p " in changed.summary
