"""The demo page in small: every section is there, its numbers are right, nothing is left behind."""

from __future__ import annotations

import multiprocessing
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from demos import TINY, small_demo
from PIL import Image

from trombine.demo import __main__ as command
from trombine.demo.amounts import Demo
from trombine.demo.build import NEXT, SECTIONS
from trombine.demo.damage import PRESETS, PRINTS, SINGLES
from trombine.demo.enlarging import as_batch, by_factor, enlarging_protocol
from trombine.demo.faces import CHANGED, KINDS, _varied, most_different, path_between
from trombine.demo.fractals import LARGE, MOVED
from trombine.demo.masks import FAMILIES
from trombine.demo.repair import repair_protocol
from trombine.demo.training import in_background
from trombine.demo.upscaling import upscaling_protocol
from trombine.measures import CHOOSING_SEEDS
from trombine.refusal import InputError
from trombine.world import STYLES, face, paint, to_vector

Command = Callable[..., subprocess.CompletedProcess[str]]

JUDGED = {
    f"judge/{name}.html"
    for name in ("fidelity", "originality", "restoration", "compare", "audit", "people/index")
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    return small_demo(tmp_path_factory)


@pytest.fixture(scope="module")
def page(made: tuple[Path, list[str]]) -> str:
    path, _ = made
    assert {name for name in JUDGED if (path.parent / name).is_file()} == JUDGED
    copies = (path.parent / "judge" / "originality.html").read_text(encoding="utf-8")
    found = [name for name in re.findall(r"copy: ([\w.]+)", copies) if not name[0].isdigit()]
    assert sorted(found) == ["compressed.jpg", "cropped.png", "mirrored.png"]
    assert sorted(file.name for file in path.parent.iterdir()) == ["index.html", "judge", "run"]
    return path.read_text(encoding="utf-8")


def test_every_section_is_there_and_was_announced(page: str, made: tuple[Path, list[str]]) -> None:
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert titles == [
        "Enlarging with a net",
        "Repair",
        "In another style",
        "Faces from seeds",
        "What is where in a face",
        "One person, four styles",
        "A crowd",
        "The same person, changed",
        "From one face to another",
        "Leaves",
        "Fractals",
        "Masks",
        "Pictures as they are found",
        "Enlarging without a net",
        "How results are judged",
        "A training",
        "What to try next",
    ]
    assert [line.split("  ", 1)[1] for line in made[1]] == [name for name, _ in SECTIONS]


def test_it_holds_as_many_pictures_as_asked(page: str) -> None:
    styles = len(STYLES)
    person, crowd, varied, leaves = 3 * styles, 4 * styles, 4 * 2, 2
    repaired, enlarged, trained = 4 * 5, 2 * 4, 2
    compared = 2 * 2 * 3 * 2  # at two factors, whole and a detail, three pictures, two ways
    compared += 2 * 2  # soft and sharp; a bad JPEG, two ways
    fractals = 4 + len(LARGE)
    holes = 8 * (len(FAMILIES) + 1)  # and a curriculum
    spoilt = 2 * (1 + len(PRESETS)) + len(SINGLES) + len(PRINTS)
    total = person + crowd + varied + leaves + fractals + holes + spoilt
    read = 3 * (styles + 1)
    opening, restyled = 2, 6
    invented = 2 * (TINY.crowd // 2) + 7 + 3 * 2
    total += restyled + invented
    total += repaired + enlarged + compared + read + trained + opening
    assert page.count("<img ") == total
    assert page.count('class="window"') == 3 + 2 * styles + 1 + len(MOVED)


def test_it_begins_with_a_photograph_enlarged(page: str) -> None:
    """The first picture is a photograph, before the first sentence and the contents."""
    head, lead = page.partition('class="lead"')[::2]
    pictures = re.findall(r'<img [^>]*alt="([^"]*)"', head)
    about = "a photograph enlarged four times"
    assert pictures == [f"{about}: bicubic", f"{about}: trombine upscale"] and lead


def test_it_says_which_pictures_are_painted_and_which_are_not(page: str) -> None:
    """No sentence says of all faces that they are nobody's; the painted ones are called painted."""
    (lead,) = re.findall(r'class="lead">(.*?)</p>', page, re.S)
    assert "photographs show a real person" in lead and "Every other face is painted" in lead
    assert "obody on this page" not in page
    assert re.findall(r"<h3>(.*?, 2 and 4 times larger)</h3>", page) == [
        "A photograph, 2 and 4 times larger",
        "A painted drawing, 2 and 4 times larger",
        "A painted face, 2 and 4 times larger",
    ]


def test_crowds_of_painted_faces_are_folded(page: str) -> None:
    """Each stands behind a line that opens it, and is closed at first."""
    folded = re.findall(r"<details>(.*?)</details>", page, re.S)
    shown = re.sub(r"<details>.*?</details>", "", page, flags=re.S)
    assert len(folded) == page.count("<details") > 5
    for crowd in (r'alt="(photo|anime|cartoon|sketch) face of seed', r'alt="a crowd, \w+: parts"'):
        assert re.search(crowd, "".join(folded)) and not re.search(crowd, shown)


def test_it_ends_with_what_to_try_next(page: str) -> None:
    """The same as on the terminal."""
    _, _, ending = page.partition(">What to try next</h2>")
    lines = re.findall(r'<code class="command">(.*?)</code>', ending)
    assert [re.sub("<[^>]*>", "", line) for line in lines] == list(NEXT)
    assert len(NEXT) == 6


@pytest.mark.parametrize("line", [line for line in NEXT if "studio" not in line])  # never ends
def test_what_to_try_next_can_be_tried(line: str, command: Command, tmp_path: Path) -> None:
    """Each command runs as it stands, with a photograph and a folder of photographs."""
    from skimage import data

    (tmp_path / "photos").mkdir()
    Image.fromarray(data.astronaut()[:192, 128:320]).save(tmp_path / "photo.jpg")
    for name in ("astronaut", "chelsea", "coffee"):
        Image.fromarray(getattr(data, name)()[:256]).save(tmp_path / "photos" / f"{name}.jpg")
    done = command(*line.split()[1:])
    assert done.returncode == 0, done.stderr


def test_the_training_beside_ends_with_the_page(tmp_path: Path) -> None:
    """Whoever stops the demo stops the training too."""
    demo = replace(TINY, folder=tmp_path, seconds=600.0)
    children = []
    with pytest.raises(KeyboardInterrupt), in_background(demo):
        children = multiprocessing.active_children()
        raise KeyboardInterrupt
    assert len(children) == 1 and not children[0].is_alive()


def test_a_training_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The page is not made of half a training."""
    (tmp_path / "run").write_text("")  # what no training can begin in
    monkeypatch.setattr("trombine.demo.training.rmtree", lambda *_, **__: None)
    with (
        pytest.raises(InputError, match="training of the demo ended with exit code"),
        in_background(replace(TINY, folder=tmp_path)) as wait,
    ):
        wait()


def test_it_is_one_file_that_asks_for_nothing(page: str) -> None:
    links = re.findall(r"""(?:src|href)="((?!data:|#)[^"]*)""", page)
    assert links[-1] == "run/index.html" and set(links[:-1]) == JUDGED
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


def test_the_command_ends_with_how_to_open_the_page_and_what_to_try(
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
    assert re.fullmatch(r" *\d+\.\d s  1/1  something", lines[1])
    ending = lines[lines.index(f"The page: {tmp_path / 'index.html'}") :]
    assert any(f"-m webbrowser file://{tmp_path}/index.html" in line for line in ending)
    shown = [line.rpartition("/trombine ")[2] for line in ending if "/trombine " in line]
    assert [f"trombine {words}" for words in shown] == list(NEXT)
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
