"""The demo page in small: every section is there, its numbers are right, nothing is left behind."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from trombine.data.masks import mask
from trombine.demo import __main__ as command
from trombine.demo.amounts import Demo
from trombine.demo.build import SECTIONS, build
from trombine.demo.damage import PRESETS, PRINTS, SINGLES
from trombine.demo.enlarging import as_batch, by_factor, enlarging_protocol
from trombine.demo.faces import CHANGED, KINDS, _varied, most_different, path_between
from trombine.demo.fractals import LARGE, MOVED
from trombine.demo.masks import FAMILIES
from trombine.demo.repair import HOLES, fill_biharmonic, fill_mean, repair_protocol
from trombine.demo.upscaling import upscaling_protocol
from trombine.measures import CHOOSING_SEEDS
from trombine.world import STYLES, face, paint, to_vector

TINY = Demo(
    portrait=64,
    small=32,
    crowd=4,
    variations=2,
    draws=5,
    frames=3,
    leaves=2,
    measured=3,
    measured_size=48,
    seconds=0.5,
)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, said: list[str]) -> str:
    folder = tmp_path_factory.mktemp("demo")
    path = build(replace(TINY, folder=folder / "new"), said.append)
    assert path == (folder / "new" / "index.html").resolve()
    assert sorted(file.name for file in path.parent.iterdir()) == ["index.html", "run"]
    return path.read_text(encoding="utf-8")


def test_every_section_is_there_and_was_announced(page: str, said: list[str]) -> None:
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert titles == [
        "Enlarging with a net",
        "What is where in a face",
        "One person, four styles",
        "A crowd",
        "The same person, changed",
        "From one face to another",
        "Leaves",
        "Fractals",
        "Masks",
        "Pictures as they are found",
        "Repair without a net",
        "Enlarging without a net",
        "A training",
    ]
    assert [line.split("  ", 1)[1] for line in said] == [name for name, _ in SECTIONS]


def test_it_holds_as_many_pictures_as_asked(page: str) -> None:
    styles = len(STYLES)
    person, crowd, varied, leaves = 3 * styles, 4 * styles, 4 * 2, 2
    repaired, enlarged, trained = 3 * 4, 2 * 4, 2
    compared = 2 * 2 * 3 * 2  # at two factors, whole and a detail, three pictures, two ways
    fractals = 4 + len(LARGE)
    holes = 8 * (len(FAMILIES) + 1)  # and a curriculum
    spoilt = 2 * (1 + len(PRESETS)) + len(SINGLES) + len(PRINTS)
    total = person + crowd + varied + leaves + fractals + holes + spoilt
    read = 3 * (styles + 1)
    total += repaired + enlarged + compared + read + trained
    assert page.count("<img ") == total
    assert page.count('class="window"') == 2 * styles + 1 + len(MOVED)


def test_it_is_one_file_that_asks_for_nothing(page: str) -> None:
    assert re.findall(r"""(?:src|href)="((?!data:|#)[^"]*)""", page) == ["run/index.html"]
    assert not re.findall(r"url\((?!data:)|@import|https?://", page)


def test_every_table_says_its_protocol(page: str) -> None:
    photo = enlarging_protocol(TINY, "world:photo")
    leaf = enlarging_protocol(TINY, "leaves")
    nets = [upscaling_protocol(TINY, pictures) for pictures in ("faces", "drawings")]
    for protocol in (repair_protocol(TINY), photo, leaf, *nets):
        assert re.search(rf"[Pp]rotocol {protocol.hash}", page), protocol.name


def test_its_seeds_are_for_choosing_and_none_is_logged() -> None:
    demo = Demo()
    assert demo.first_seed in CHOOSING_SEEDS
    for protocol in (repair_protocol(demo), enlarging_protocol(demo, "world:photo")):
        assert set(protocol.seeds) <= set(CHOOSING_SEEDS)
        assert not protocol.logged
    assert repair_protocol(Demo(first_seed=1_500_000)).logged


def test_enlarging_is_measured_in_the_right_order() -> None:
    """On smooth pictures, at each factor: nearest < bicubic, Lanczos; and larger is harder."""
    y, x = np.mgrid[:48, :48]
    waves = [np.sin(x / (3 + i)) * np.cos(y / 4) for i in range(3)]
    pictures = [np.stack([128 + 80 * wave] * 3, -1).astype(np.uint8) for wave in waves]
    plot = by_factor(enlarging_protocol(TINY, "waves"), as_batch(pictures), "Waves")
    nearest, bicubic, lanczos = (np.array(line.y) for line in plot.series)
    assert (nearest < bicubic).all() and (nearest < lanczos).all()
    assert (np.diff([nearest, bicubic, lanczos]) < 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_variations_shown_are_the_most_different(kind: str) -> None:
    """Further from one another than four in a row are, and none is there twice."""
    person, demo = face(1_000_000 + CHANGED), replace(TINY, draws=12, variations=4)
    seeds = most_different(person, kind, demo)
    assert len(set(seeds)) == 4 and set(seeds) <= set(range(1, 13))

    def nearest(chosen: list[int]) -> float:
        made = [paint(_varied(person, kind, seed), 48, "photo").pixels for seed in chosen]
        pairs = combinations([one.astype(np.float64) for one in made], 2)
        return min(float(((a - b) ** 2).mean()) for a, b in pairs)

    others = [nearest([first, first + 1, first + 2, first + 3]) for first in (1, 5, 9)]
    assert nearest(seeds) >= max(others) and nearest(seeds) > sum(others) / 3


def test_who_is_changed_hides_nothing() -> None:
    person = face(Demo().first_seed + CHANGED)
    assert person.age < 40 and person.hair_length < 0.5
    assert max(person.beard, person.moustache, person.stubble) < 0.3
    assert max(person.glasses, person.hat) < 0.5


def test_a_path_is_straight_and_ends_where_it_should() -> None:
    start, end = face(1), face(2)
    people = path_between(start, end, 5)
    assert (people[0], people[-1]) == (start, end)
    off = np.abs(to_vector(people[2]) - (to_vector(start) + to_vector(end)) / 2)
    assert off.max() < 1  # fields that are whole numbers stay whole
    assert (off < 1e-9).mean() > 0.95


@pytest.mark.parametrize("seed", [3, 1_000_400, 1_000_401])
def test_a_fill_changes_the_hole_only(seed: int) -> None:
    truth = paint(face(seed), 48, "photo").pixels
    hole = mask(HOLES, seed, 48)
    for fill in (fill_mean, fill_biharmonic):
        filled = fill(truth, hole)
        assert np.array_equal(filled[~hole], truth[~hole])
        assert not np.array_equal(filled[hole], truth[hole])


def test_the_biharmonic_fill_continues_a_slope() -> None:
    """A plane is biharmonic: its hole is filled with the plane itself."""
    y, x = np.mgrid[:48, :48]
    plane = np.stack([x * 4 + 20, y * 4 + 20, x * 2 + y * 2], -1).astype(np.uint8)
    hole = np.zeros((48, 48), bool)
    hole[18:30, 15:33] = True
    assert np.abs(fill_biharmonic(plane, hole).astype(int) - plane).max() <= 1


def test_the_command_ends_with_the_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = []

    def fake(demo: Demo, say) -> Path:
        asked.append(demo)
        say("1/1  something")
        return demo.folder / "index.html"

    monkeypatch.setattr("trombine.demo.build.build", fake)
    monkeypatch.setattr(sys, "argv", ["demo", "-o", str(tmp_path), "--first-seed", "7"])
    command.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == str(tmp_path / "index.html")
    assert re.fullmatch(r" *\d+\.\d s  1/1  something", lines[0])
    assert asked == [Demo(folder=tmp_path, first_seed=7)]
    monkeypatch.setattr(sys, "argv", ["demo"])
    command.main()
    assert asked[1] == Demo()


def test_a_folder_that_cannot_be_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("trombine.demo.build.SECTIONS", ())
    monkeypatch.setattr(sys, "argv", ["demo", "-o", str(tmp_path / "file")])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert "index.html" in error and error.count("\n") == 1
