"""Two sets of pictures judged: what is missing is named, and no order or name matters."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats

from trombine.conventions import to_picture
from trombine.data.source import source
from trombine.judge import witness
from trombine.judge.fidelity import frechet, kid
from trombine.judge.fidelity_fields import columns, compare, findings, holm, kolmogorov
from trombine.judge.fidelity_report import _read, feature_kinds  # pyright: ignore[reportPrivateUsage]
from trombine.judge.fidelity_sets import PictureSet, in_window, read_set
from trombine.refusal import InputError
from trombine.verbs.fidelity import judge_fidelity

COUNT = 200
KINDS = feature_kinds(("witness", "pixels"))
LONG = 0.5  # of hair_length


def result_of(events: Generator[Any, None, Any]) -> Any:
    """What a generator of events returns."""
    while True:
        try:
            next(events)
        except StopIteration as stop:
            return stop.value


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


@pytest.fixture(scope="module")
def collapsed(
    faces: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str, str]:
    """What is said of a world without long hair beside the whole world: JSON, text, page."""
    folder = tmp_path_factory.mktemp("collapsed")
    pictures, lengths = faces
    real = save(folder / "real", pictures[:COUNT])
    short = pictures[COUNT:][lengths[COUNT:] < LONG][:COUNT]
    assert len(short) == COUNT
    page = folder / "page.html"
    result = judge_fidelity(save(folder / "short", short), real, json=True, output=page)
    report = json.loads(result.summary)
    return report, page.read_text(), str(folder)


def test_a_planted_collapse_is_named(collapsed: tuple[dict[str, Any], str, str]) -> None:
    """A world without long hair is said to miss long hair, first of all and in these words."""
    report, page, _ = collapsed
    first = report["findings"][0]
    assert first["field"] == "hair_length"
    assert first["verdict"] == "missing"
    assert first["low"] > 0.35
    assert first["high"] is None
    assert first["generated"] < 0.15
    assert first["real"] > 0.15
    assert re.match(
        r"missing: hair_length above 0\.\d+: \S+ % of generated, \d+ % of", first["text"]
    )
    assert f"hair_length above {first['low']:g}" in page
    assert report["fields"][0]["name"] == "hair_length"
    assert "overdone" not in {finding["verdict"] for finding in report["findings"][:3]}


def test_where_nothing_is_missing_nothing_is_named(
    collapsed: tuple[dict[str, Any], str, str],
) -> None:
    """Two halves of the real set differ in no field."""
    report, _, _ = collapsed
    assert len(report["real_fields"]) == len(report["fields"]) > 50
    assert min(field["p"] for field in report["real_fields"]) >= 0.05
    assert all(not part["verdict"] for field in report["real_fields"] for part in field["bins"])


def test_figures_see_the_collapse_too(collapsed: tuple[dict[str, Any], str, str]) -> None:
    """The test rejects, recall falls below what real has of real, precision does not; all figures
    bear the witness's hash."""
    report, page, _ = collapsed
    (table,) = report["tables"]
    assert table["features"] == f"witness {witness.witness().hash}"
    assert table["features"] in page
    values = table["figures"]
    assert values["accuracy"]["p"] < 0.01 < values["accuracy"]["real_p"]
    assert values["Fréchet"]["value"]["low"] > values["Fréchet"]["real"]["high"]
    assert values["KID"]["value"]["low"] > 0
    assert values["recall"]["value"]["value"] < values["recall"]["real"]["low"]
    assert values["precision"]["value"]["value"] > values["precision"]["real"]["low"]
    assert values["Fréchet"]["sizes"] == values["Fréchet"]["real_sizes"] == [COUNT // 2] * 2


def test_every_picture_is_in_the_json(collapsed: tuple[dict[str, Any], str, str]) -> None:
    report, page, _ = collapsed
    for side in ("generated", "real"):
        records = report["pictures"][side]
        assert {record["name"] for record in records} == {f"{k:03}.png" for k in range(COUNT)}
        assert all(len(record["fields"]) == len(witness.field_names()) for record in records)
    features = report["tables"][0]["features"]
    missing = max(report["pictures"]["real"], key=lambda r: r["nearest"][features]["distance"])
    assert missing["name"] in page.partition("the most missing first")[2]


def test_no_picture_of_the_page_is_from_elsewhere(
    collapsed: tuple[dict[str, Any], str, str],
) -> None:
    _, page, folder = collapsed
    assert all(
        link.startswith(("data:", "#")) for link in re.findall(r'(?:src|href)="(.*?)"', page)
    )
    assert page.count("<svg") == 7  # six fields, and both sets at once
    assert folder not in page.replace(f"{folder}/short", "").replace(f"{folder}/real", "")


# Sets


def test_neither_order_nor_names_matter(tmp_path: Path) -> None:
    """A set is what its pictures show: renamed and shuffled it is the same, to the last byte."""
    pictures = noise(8)
    first = save(tmp_path / "first", pictures)
    second = save(tmp_path / "second", pictures[::-1])
    ours, theirs = (result_of(read_set(str(folder), "real", most=50)) for folder in (first, second))
    assert ours.hash == theirs.hash
    assert np.array_equal(ours.pictures, theirs.pictures)
    assert ours.names != theirs.names


def test_a_folder_a_pack_and_a_spec_are_read_alike(tmp_path: Path) -> None:
    """The same painted faces are one set, wherever they are."""
    from trombine.data.made import Maker
    from trombine.data.painting import paint_pack

    maker = Maker(kind="world", styles=("photo",), size=32)
    paint_pack(tmp_path / "pack", maker, first_seed=2_000_000, count=4, workers=1)
    painted = source("world:photo#4", 32, first_seed=2_000_000)
    folder = save(tmp_path / "folder", painted.take(np.arange(4))["pictures"])
    sets = [
        result_of(read_set(text, "real", most=50, size=32))
        for text in (str(folder), str(tmp_path / "pack"), "world:photo#4", f"folder:{folder}")
    ]
    assert len({each.hash for each in sets}) == 1
    assert all(np.array_equal(each.pictures, sets[0].pictures) for each in sets)


def test_of_many_pictures_some_are_drawn(tmp_path: Path) -> None:
    folder = save(tmp_path / "many", noise(30))
    some = result_of(read_set(str(folder), "real", most=10))
    assert (len(some), some.total) == (10, 30)
    assert some.names != tuple(sorted(some.names))


def test_one_by_one_as_in_a_batch(faces: tuple[np.ndarray, np.ndarray]) -> None:
    """Features and fields of a picture do not depend on the pictures beside it."""
    windows = np.stack([in_window(pixels) for pixels in faces[0][:5]])
    together = result_of(_read(windows, "real", KINDS))
    for number in range(5):
        alone = result_of(_read(windows[number : number + 1], "real", KINDS))
        for kind, features in together.features.items():
            assert np.allclose(alone.features[kind][0], features[number], atol=1e-4), kind
        for name, values in together.fields.items():
            assert np.allclose(alone.fields[name][0], values[number], atol=1e-3), name


def test_distances_grow_with_blur(faces: tuple[np.ndarray, np.ndarray]) -> None:
    """The softer pictures are, the further the witness finds them from sharp ones."""
    real = torch.stack([to_picture(pixels) for pixels in faces[0][:40]])
    others = torch.stack([to_picture(pixels) for pixels in faces[0][40:80]])
    features = witness.seen(real).features.double().numpy()
    rows = []
    for size in (64, 24, 12):
        soft = torch.nn.functional.interpolate(others, size, mode="area")
        soft = torch.nn.functional.interpolate(soft, 64, mode="bilinear")
        soft_features = witness.seen(soft).features.double().numpy()
        rows.append((frechet(soft_features, features), kid(soft_features, features)[0]))
    assert rows == sorted(rows)
    assert [value for _, value in rows] == sorted(value for _, value in rows)


def made_set(name: str, hashes: tuple[str, ...], **changes: Any) -> PictureSet:
    count = len(hashes)
    facts: dict[str, Any] = {
        "names": tuple(map(str, range(count))),
        "pictures": np.zeros((count, 128, 128, 3), np.uint8),
        "sizes": ((64, 64),),
        "total": count,
        "skipped": 0,
        "lossless": True,
        "files": (),
    }
    return PictureSet(name=name, hashes=hashes, **(facts | changes))


def test_what_a_reader_has_to_know_is_said() -> None:
    """Other sizes, compression, pictures twice or in both sets, and how many were drawn."""
    from trombine.judge.fidelity_sets import remarks

    same = made_set("a", ("1", "2")), made_set("b", ("3", "4"))
    assert list(remarks(*same)) == []
    other = made_set("b", ("2", "2", "5"), sizes=((80, 60), (9, 9)), lossless=False, total=9)
    assert list(remarks(same[0], other)) == [
        "b: 3 of 9 pictures are compared",
        "b: 1 picture is there more than once",
        "1 picture is in both sets",
        "sizes differ: 64 x 64 generated, 80 x 60 and others real; the middle square of each is"
        " resized to 128 pixels, and what is enlarged is softer",
        "one set is compressed (JPEG or the like) and the other is not, which may tell",
    ]


# Fields


def test_kolmogorov_and_holm_as_others_have_them() -> None:
    """scipy's statistic and p-value; statsmodels' correction."""
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=70), rng.normal(0.4, 1, 90).round(1)
    expected = stats.ks_2samp(a, b, method="asymp")
    assert kolmogorov(a, b) == pytest.approx((expected[0], expected[1]))
    p = rng.random(20) ** 3
    expected = np.array(multipletests(p, method="holm")[1], np.float64)
    assert np.allclose(holm(p), expected)


def test_what_is_named_of_chance_alone() -> None:
    """Of 40 pairs of equal sets of 20 fields hardly one report names anything."""
    rng = np.random.default_rng(1)

    def draw() -> dict[str, np.ndarray]:
        values = rng.normal(size=(20, 60))
        values[10:] = values[10:] > 1  # as whether there are glasses
        return {f"field {k}": row for k, row in enumerate(values)}

    named = 0
    for _ in range(40):
        fields = compare(draw(), draw())
        named += any(field.differs for field in fields) or bool(findings(fields))
    assert named <= 6  # two tests at 1 in 20 each: 4 on the average at most


def test_bins_are_of_both_sets_alike() -> None:
    """Exchanged sets have the same bins, and missing is overdone; shares of a set sum to 1."""
    rng = np.random.default_rng(2)
    a, b = {"tone": rng.uniform(0, 0.6, 300)}, {"tone": rng.uniform(0, 1, 300)}
    (one,), (other,) = compare(a, b), compare(b, a)
    assert [(x.low, x.high) for x in one.bins] == [(x.low, x.high) for x in other.bins]
    assert sum(part.generated for part in one.bins) == pytest.approx(1)
    (finding,) = findings([one])
    assert (finding.verdict, finding.high) == ("missing", None)
    assert finding.low is not None and 0.5 < finding.low < 0.7
    assert {f.verdict for f in findings([other])} == {"overdone"}


def test_bins_of_what_is_there_or_not() -> None:
    """Glasses that nobody wears any more are named; what never varies has no bins."""
    a = {"style anime": np.zeros(100), "is a face": np.ones(100)}
    b = {"style anime": np.repeat([0.0, 1.0], 50), "is a face": np.ones(100)}
    fields = compare(a, b)
    assert [str(f) for f in findings(fields)] == [
        "missing: style anime: 0 % of generated, 50 % of real"
    ]
    assert fields[1].bins == ()


def test_areas_and_styles_are_of_faces_alone(faces: tuple[np.ndarray, np.ndarray]) -> None:
    batch = torch.stack([*(to_picture(p) for p in faces[0][:3]), torch.full((3, 64, 64), 0.5)])
    values = columns(witness.seen(batch))
    assert values["is a face"].tolist() == [1, 1, 1, 0]
    assert values["style photo"].tolist() == [1, 1, 1]
    areas = [values[name] for name in values if name.startswith("area of ")]
    assert np.allclose(np.stack(areas).sum(0), 100)


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
    assert "is given twice" in ask(many, f"{few}/../many")
    assert "show the same pictures" in ask(again, many)
    assert "is a mix; name one source" in ask("world:photo+leaves", many)
    assert "has pairs of pictures" in ask("world:photo+anime#2", many, size=16)
    assert "is one file; name a folder" in ask(many / "000.png", many)
    assert "does not exist" in ask(tmp_path / "none", many)


def test_pictures_that_are_nearly_real_ones_are_told(tmp_path: Path) -> None:
    """Not the same bytes, so none is in both sets; nothing has better figures than a copy."""
    theirs = noise(60)
    copied = theirs[:20] ^ 1
    ours = save(tmp_path / "ours", np.concatenate([copied, noise(40, seed=1)]))
    real = save(tmp_path / "theirs", theirs)
    text = judge_fidelity(ours, real, features=("pixels",)).summary
    assert "20 of 60 pictures are nearly those of the real set" in text
    others = save(tmp_path / "others", noise(60, seed=2))
    assert "nearly those" not in judge_fidelity(others, real, features=("pixels",)).summary
