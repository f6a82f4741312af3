"""The log of uses: what is in it, who is refused, whole lines; and figures that cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import evaluations
import numpy as np
import pytest
import table
from intervals import figure
from table import ROOT, Row, options, report
from upscale_pictures import test_portraits as portrait_files

from trombine.core.errors import InputError
from trombine.metrics import Protocol

CLEAN, CHANGED = "0123456789ab", "0123456789ab+changes"
ROWS = [Row("gain", 2.5, "dB"), Row("edges", 1 / 3, "")]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No use of a test is left to the next."""
    yield
    evaluations.begin("")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """A program as the table sees it: its options at a commit, in this process."""

    def begin(commit: str, *words: str):
        monkeypatch.setattr("sys.argv", [str(ROOT / "bench" / "tried.py"), *words])
        monkeypatch.setattr(table, "commit", lambda: commit)
        return options("A try.", first_seed=1_600_000, count=3)

    return begin


def test_protocol_seeds_are_logged_by_the_table(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "evaluations.jsonl"
    monkeypatch.setattr(evaluations, "LOG", log)
    run(CLEAN)
    assert report(ROWS, json=True) == 0
    run(CHANGED, "--first-seed", "2000000")  # nobody's: nothing to log
    assert report(ROWS) == 0
    (entry,) = map(json.loads, log.read_text().splitlines())
    assert entry == {
        "commit": CLEAN,
        "command": "python bench/tried.py",
        "pictures": ["seeds 1600000 to 1600002"],
        "rows": [["gain", 2.5], ["edges", 0.333333]],
    }


def test_code_that_differs_from_its_commit_is_refused_at_once(run, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^seeds 1600000 to 1600002: .*differs from its commit"):
        run(CHANGED)
    log = tmp_path / "log.jsonl"
    run(CHANGED, "--log", str(log))
    report(ROWS)
    assert json.loads(log.read_text())["commit"] == CHANGED


def test_test_pictures_are_logged_once_by_who_opens_them(run, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    run(CLEAN, "--first-seed", "0", "--log", str(log))
    evaluations.use("Set5")
    evaluations.use("Set5")
    report(ROWS)
    assert json.loads(log.read_text())["pictures"] == ["Set5"]


def test_test_portraits_are_noted(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "portraits").mkdir()
    (tmp_path / "portraits" / "test.txt").write_text("a.jpg\nb.jpg\n")
    monkeypatch.setattr("upscale_pictures.SHARED", tmp_path)
    log = tmp_path / "log.jsonl"
    run(CLEAN, "--first-seed", "0", "--log", str(log))
    assert [path.name for path in portrait_files(1)] == ["a.jpg"]
    report(ROWS)
    assert json.loads(log.read_text())["pictures"] == ["portraits/test.txt: 1"]


@pytest.mark.parametrize(
    ("seeds", "kept"),
    [
        (range(1_499_996, 1_500_000), False),
        (range(1_499_997, 1_500_001), True),
        (range(1_999_999, 2_000_003), True),
        (range(2_000_000, 2_000_004), False),
        (range(1_000_000, 3_000_000), True),
    ],
)
def test_one_protocol_seed_is_enough(seeds: range, kept: bool, tmp_path: Path) -> None:
    evaluations.begin(CLEAN, tmp_path / "log.jsonl")
    evaluations.use_seeds(seeds)
    evaluations.log_uses("python", [("x", 1)])
    assert (tmp_path / "log.jsonl").exists() == kept


def test_no_program_reads_the_list_of_test_portraits_but_to_leave_them_out(root: Path) -> None:
    """All others ask `test_portraits`, which notes the use."""
    asking = {
        path.name for path in (root / "bench").glob("*.py") if '"test.txt"' in path.read_text()
    }
    assert asking == {"upscale_pictures.py", "choices.py"}


def test_every_line_of_the_log_is_whole(root: Path) -> None:
    """Lines of before 2026-11-29 name a protocol, and have the hash of their own conditions."""
    for entry in map(json.loads, (root / "bench" / "evaluations.jsonl").read_text().splitlines()):
        assert re.fullmatch(r"[0-9a-f]{12,40}\+?", entry["commit"])
        if "conditions" not in entry:
            assert entry["pictures"] and entry["rows"] and entry["command"].startswith("python ")
            continue
        conditions = entry["conditions"]
        assert conditions.pop("format") == 1
        conditions["seeds"] = range(*conditions["seeds"])
        listed = {name: tuple(conditions[name]) for name in ("degradations", "measures")}
        again = Protocol(name="any", **{**conditions, **listed})
        assert again.hash == entry["protocol"], entry["name"]


@pytest.mark.parametrize(
    ("numbers", "word"), [([1.0], "two pictures"), ([1.0, 2.0, float("inf")], "finite")]
)
def test_a_figure_that_cannot_be_is_refused(numbers: list, word: str) -> None:
    with pytest.raises(InputError, match=word):
        figure(np.array(numbers))


def test_writers_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    """Each write opens the file anew and is one call to the system, as from other processes."""
    evaluations.begin(CLEAN, tmp_path / "log.jsonl")
    evaluations.use("Set5")
    commands = [letter * 4000 for letter in "abcdef"]

    def write(command: str) -> None:
        for _ in range(10):
            evaluations.log_uses(command, [("gain", 1.0)])

    with ThreadPoolExecutor(len(commands)) as pool:
        list(pool.map(write, commands))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert sorted(line["command"] for line in lines) == sorted(commands * 10)
