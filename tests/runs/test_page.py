"""index.html of a run: what stands in it, at every stage of the run."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from types import ModuleType

import pytest
from new_runs import new_run

from trombine.runs.folder import RunFolder
from trombine.runs.log import LOWER_IS_BETTER
from trombine.runs.page import write_page
from trombine.training.methods import RECIPES, objective_of


def text_of(folder: RunFolder) -> str:
    path = write_page(folder)
    assert path == folder.path / "index.html"
    return path.read_text(encoding="utf-8")


def sections(text: str) -> list[str]:
    return re.findall(r"<h2[^>]*>(.*?)</h2>", text)


@pytest.fixture(scope="module")
def upscale(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return made.upscale(tmp_path_factory.mktemp("runs") / "fine")


@pytest.fixture(scope="module")
def adversarial(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return made.adversarial(tmp_path_factory.mktemp("runs") / "anime", lines=100)


def test_a_restorers_page(upscale: RunFolder) -> None:
    upscale.best.write_bytes(b"")
    upscale.film.write_bytes(b"")
    text = text_of(upscale)
    assert sections(text) == [
        "Samples",
        "Measures",
        "Learning",
        "Alarms and phases",
        "Cost, and going on",
        "Configuration",
    ]
    assert "<title>fine: upscale-x2</title>" in text
    assert "Enlarges faces twice. Finished, 200,000 of 200,000 pictures seen. Best" in text
    assert "Best PSNR 30.85 dB, after 170,000 pictures." in text
    assert all(f">{row}</figcaption>" in text for row in ("Input", "Made by the nets", "Truth"))
    assert 'data-names="["0 pictures", "40,000 pictures"' in unescape(text)
    assert "No alarm has gone off." in text
    command = re.search(r'It was made by <code class="command">(.*?)</code>', text)
    assert command is not None
    assert re.findall(r"<span>(.*?)</span>", command[1]) == [
        "trombine train upscale-x2",
        "-o runs/fine",
    ]
    assert "best.safetensors" in text and 'href="film.gif"' in text
    assert text.index(">Input<") < text.index(">Made by the nets<") < text.index(">Truth<")


def test_the_page_of_one_that_an_alarm_stopped(adversarial: RunFolder) -> None:
    text = text_of(adversarial)
    assert "Learning" in sections(text) and "Measures" not in sections(text)
    assert "Stopped by an alarm (collapse), 120,000 of 240,000 pictures seen." in text
    for words in (
        "that of one that cannot tell (warned)",
        "discriminator has won",
        "under 0.02 for 3 times",
        "it comes first",
    ):
        assert words in text
    assert "D coefficient of variation" in text and ">Truth<" not in text
    assert "best.safetensors" not in text and "film.gif" not in text


def test_it_asks_nothing_of_another_host(upscale: RunFolder) -> None:
    text = text_of(upscale)
    found = re.findall(r'(?:src|href)="([^"#][^"]*)"', text)
    assert all(one.startswith("data:") or one == "film.gif" for one in found)
    assert "url(http" not in text and "<script src" not in text


def test_what_killed_processes_took_is_summed(upscale: RunFolder) -> None:
    """Two processes of 600 seconds and 1,170 CPU seconds each; one left no last line."""
    text = text_of(upscale)
    times = {"CPU time": "39 minutes", "Wall time": "20 minutes", "resumed": "2 times"}
    for name, value in times.items():
        assert re.search(rf"{name}</th><td>{value}</td>", text), name


# A run that has hardly begun


def test_a_folder_with_nothing_in_it(tmp_path: Path) -> None:
    text = text_of(RunFolder(tmp_path / "empty"))
    assert "<title>empty</title>" in text and "None yet." in text


def test_a_run_that_makes_no_pictures_has_no_samples(made: ModuleType, tmp_path: Path) -> None:
    folder = new_run(tmp_path / "reader", {})
    assert "Samples" in sections(text_of(folder)), "none yet"
    folder.append(made.train(10, {"net/l2": 0.5}))
    assert "Samples" not in sections(text_of(folder))
    folder.write_sample(10, made.faces())
    assert "Samples" in sections(text_of(folder))


def test_directions_are_those_of_the_objectives() -> None:
    for recipe in RECIPES.values():
        for name, higher in objective_of(recipe).measures.items():
            assert (name in LOWER_IS_BETTER) != higher, name


def test_measures_and_learning_have_one_axis(made: ModuleType, tmp_path: Path) -> None:
    """One is measured from 0 on, the other learns until 90; it has seen 100."""
    folder = new_run(tmp_path / "new", {})
    folder.append({"kind": "measure", "pictures": 0, "values": {"PSNR": 20.0}})
    folder.append({"kind": "measure", "pictures": 50, "values": {"PSNR": 30.0}})
    for pictures in (60, 90):
        folder.append(made.train(pictures, {"net/l1": 0.5, "rate": 1e-4, "curve/tint": 0.1}))
    folder.append({"kind": "end", "pictures": 100})
    plots = re.findall(r"<svg class=.plot.*?</svg>", text_of(folder), re.S)
    ticks = [re.findall(r'text-anchor="middle">([\d,]+)</text>', plot) for plot in plots]
    assert len(ticks) == 4 and all(tick == ["0", "20", "40", "60", "80", "100"] for tick in ticks)


def test_words_from_outside_are_words(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    folder = new_run(tmp_path / "run", {"recipe": evil, "settings": {evil: evil}})
    alarm = {"kind": "alarm", "pictures": 1, "alarm": evil, "text": evil, "did": evil}
    folder.append(alarm)
    folder.append({"kind": "train", "pictures": 1, "values": {f"{evil}/{evil}": 1.0}})
    assert evil not in text_of(folder)


def test_a_long_log_is_read_line_by_line_and_thinned(
    made: ModuleType, tmp_path: Path, calls_in: Callable[[Callable[[], object]], int]
) -> None:
    """Ten times the lines take no more than ten times the work."""
    folder = made.upscale(tmp_path / "long", lines=20)
    lines = folder.log.read_bytes().replace(b'"end"', b'"other"')
    work = []
    for count in (400, 4_000):
        folder.log.write_bytes(lines * (count // lines.count(b"\n") + 1))
        assert len(folder.entries()) > count
        write_page(folder)  # what is done once only
        work.append(calls_in(lambda: write_page(folder)))
    assert work[1] < 10.5 * work[0]
    assert folder.page.stat().st_size < 1_000_000
