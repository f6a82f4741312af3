"""Two runs on one page: what is shown once, twice, or apart."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from trombine.runs.compare import by_then, common_times, names_of, write_comparison
from trombine.runs.folder import RunFolder


def text_of(a: RunFolder, b: RunFolder, path: Path) -> str:
    return write_comparison(a, b, path).read_text(encoding="utf-8")


def tables(text: str) -> dict[str, str]:
    """The tables of a page, as text, by their captions."""
    found = re.findall(r"<table.*?<caption>(.*?)</caption>(.*?)</table>", text, re.S)
    return dict(found)


@pytest.fixture(scope="module")
def two(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, RunFolder]:
    home = tmp_path_factory.mktemp("runs")
    fast = made.upscale(home / "fast", lines=40)
    return fast, made.upscale(home / "slow", lines=40, lr=2e-4, pictures=120_000)


@pytest.fixture(scope="module")
def text(two: tuple[RunFolder, RunFolder], tmp_path_factory: pytest.TempPathFactory) -> str:
    return text_of(*two, tmp_path_factory.mktemp("page") / "both.html")


def test_the_same_pictures_walk_together(text: str) -> None:
    assert text.count('class="window"') == 2
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert captions == ["fast", "slow", "Input", "Truth"]
    assert "The two were given different" not in text


def test_the_same_curves_lie_over_each_other(text: str) -> None:
    spoken = re.findall(r'<svg[^>]*aria-label="(.*?)"', text)
    assert [line for line in spoken if line.startswith("PSNR.")] == [
        "PSNR. dB, higher is better against pictures seen: fast, slow."
    ]
    learned = [line.partition(".")[0] for line in spoken[2:]]
    assert learned == [
        "gradient norm of net",
        "net: l1",
        "net: ssim",
        "loss of net",
        "learning rate",
    ]
    assert all(line.endswith("fast, slow.") for line in spoken)


def test_what_differs_stands_out(text: str) -> None:
    found = tables(text)
    differing = re.findall(r'<th scope="row">(.*?)</th>', found["What differs"])
    assert differing == ["pictures", "lr", "command"]
    assert re.search(r"<strong>(<span[^>]*>)?0\.001<", found["What differs"])
    same = re.findall(r'<th scope="row">(.*?)</th>', found["What is the same"])
    assert "batch" in same and "net" in same and "threads (as resolved)" in same
    assert not any("settings." in name or "nets" in name for name in same)


def test_one_protocol_is_one_table(text: str) -> None:
    (name,) = [name for name in tables(text) if "rotocol" in name]
    row = re.search(r"PSNR \(dB, higher is better\)</th>(.*?)</tr>", tables(text)[name])
    assert name == "Protocol 9f2c51d08a3e" and row is not None
    assert re.findall(r"<td>(.*?)</td>", row[1]) == ["30.85", "30.85", "30.68", "30.68"]


def test_two_protocols_never_share_a_table(tmp_path: Path) -> None:
    runs = []
    for name, protocol, value in (("one", "aaaa", 11.25), ("other", "bbbb", 22.75)):
        folder = RunFolder.create(tmp_path / name, {})
        line = {"kind": "measure", "pictures": 10, "values": {"PSNR": value}, "best": True}
        folder.append({**line, "protocol": protocol})
        runs.append(folder)
    text = text_of(runs[0], runs[1], tmp_path / "both.html")
    found = {name: held for name, held in tables(text).items() if "rotocol" in name}
    assert found.keys() == {"one, protocol aaaa", "other, protocol bbbb"}
    assert "22.75" not in found["one, protocol aaaa"] and "11.25" in found["one, protocol aaaa"]
    assert "11.25" not in found["other, protocol bbbb"]
    assert not re.findall(r'aria-label="PSNR', text), "nor a plot"
    assert "different protocols cannot be compared" in text


def test_other_pictures_are_said_to_be_others(made: ModuleType, tmp_path: Path) -> None:
    runs = [RunFolder.create(tmp_path / name, {}) for name in ("a", "b")]
    for number, folder in enumerate(runs):
        made.samples(folder, [0, 10], restore=False)
        folder.write_fixed("truth", made.faces(first=16 * number))
    text = text_of(runs[0], runs[1], tmp_path / "both.html")
    assert "The two were given different fixed things" in text
    assert re.findall(r"<figcaption>(.*?)</figcaption>", text) == ["a", "b"]


def test_runs_that_have_hardly_begun(tmp_path: Path) -> None:
    runs = [RunFolder(tmp_path / name) for name in ("a", "b")]
    text = text_of(runs[0], runs[1], tmp_path / "both.html")
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", text) == ["Cost"]
    assert "a: stopped, 0 pictures seen." in text


def test_when_both_are_shown(tmp_path: Path) -> None:
    runs = [RunFolder(tmp_path / name) for name in ("a", "b")]
    for folder, numbers in zip(runs, [(0, 10, 30), (5, 10, 20)], strict=True):
        for number in numbers:
            folder.write_sample(number, np.zeros((4, 4, 3), np.uint8))
    a, b = (folder.sample_files() for folder in runs)
    assert common_times(a, b) == [5, 10, 20, 30]
    assert [int(by_then(a, time).stem) for time in (5, 10, 20, 30)] == [0, 10, 10, 30]
    assert common_times(a, {}) == []


def test_what_only_one_has_is_named(made: ModuleType, tmp_path: Path) -> None:
    runs = [RunFolder.create(tmp_path / name, {}) for name in ("a", "b")]
    runs[0].append(made.train(10, {"net/l1": 1.0, "rate": 1.0, "curve/tint": 0.5}))
    runs[1].append(made.train(10, {"net/l2": 1.0, "rate": 1.0}))
    text = text_of(runs[0], runs[1], tmp_path / "both.html")
    assert text.count("<svg") == 1 and 'aria-label="learning rate.' in text
    assert "Only a has tint, net: l1." in text and "Only b has net: l2." in text


def test_curves_of_one_run_are_named_in_words(made: ModuleType, tmp_path: Path) -> None:
    runs = [RunFolder.create(tmp_path / name, {}) for name in ("a", "b")]
    runs[0].append(made.train(10, {"rate/regress": 1.0, "regress/gradient": 1.0, "weight/r1": 1}))
    text = text_of(runs[0], runs[1], tmp_path / "both.html")
    said = "Only a has learning rate of regress, gradient norm of regress, weight of r1."
    assert said in text


def test_all_plots_reach_from_the_beginning_to_the_end(text: str) -> None:
    axes = re.findall(r'<g class="x-axis">(.*?)</g>', text, re.S)
    ends = {tuple(re.findall(r">([\d,]+)</text>", axis)) for axis in axes}
    assert len(axes) == 7 and ends == {("0", "50,000", "100,000", "150,000", "200,000")}


def test_a_gpus_time_is_told_where_one_of_the_two_had_it(tmp_path: Path) -> None:
    runs = [RunFolder.create(tmp_path / name, {}) for name in ("a", "b")]
    assert "GPU" not in text_of(runs[0], runs[1], tmp_path / "both.html")
    runs[1].clock({"event": "started", "pictures": 0, "seconds": 9.0, "gpu": 9.0})
    text = text_of(runs[0], runs[1], tmp_path / "both.html")
    assert "GPU time</th><td>0 s</td><td>9 s</td>" in text


def test_names_tell_the_two_apart(tmp_path: Path) -> None:
    def names(a: str, b: str) -> tuple[str, str]:
        return names_of(RunFolder(tmp_path / a), RunFolder(tmp_path / b))

    assert names("x/one", "x/two") == ("one", "two")
    assert names("x/one", "y/one") == ("x/one", "y/one")
    assert names("x/one", "x/one") == ("one (first)", "one (second)")
