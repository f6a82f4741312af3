"""The table and the JSON that every program of bench/ prints."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from table import (
    Row,
    as_json,
    at_least,
    at_most,
    interleaved,
    report,
)

MET = [at_least("photo", 170.2, "pictures a second", 168), Row("anime", 12345.6, "ms")]
MISSED = [*MET, at_most("help", np.float64(1.51), "times bare", 1.5)]


def test_goals_are_kept_or_missed() -> None:
    assert at_least("a", 2.0, "", 2).ok
    assert not at_least("a", 1.999, "", 2).ok
    assert at_most("a", 1.5, "", 1.5).ok
    assert not at_most("a", 1.501, "", 1.5).ok
    assert not at_least("a", float("nan"), "", 0).ok
    assert not at_most("a", float("nan"), "", 0).ok


def test_the_exit_code_is_0_only_if_every_row_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(MET) == 0
    assert report(MISSED) == 1
    assert report([]) == 1
    assert "MISSED" in capsys.readouterr().out


def test_the_table_has_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    report(MISSED)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["photo", "170.2", "pictures", "a", "second", ">=", "168", "met"],
        ["anime", "12,346", "ms"],
        ["help", "1.51", "times", "bare", "<=", "1.5", "MISSED"],
    ]


def test_json_says_where_it_comes_from(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [str(root / "bench" / "data.py"), "--json"])
    told = as_json(MET)
    assert told["command"] == "python bench/data.py --json"
    assert re.fullmatch(r"unknown|[0-9a-f]{12}(\+changes)?", str(told["commit"]))


def test_things_are_measured_in_turn_and_the_first_rounds_are_forgotten() -> None:
    calls: list[str] = []

    def measure(name: str) -> float:
        calls.append(name)
        return len(calls)

    found = interleaved({"a": lambda: measure("a"), "b": lambda: measure("b")}, rounds=2, warm=1)
    assert calls == ["a", "b", "b", "a", "a", "b"]
    assert found == {"a": [4, 5], "b": [3, 6]}
