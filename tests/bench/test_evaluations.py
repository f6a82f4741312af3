"""The log of evaluations: which uses of pictures are in it, whole lines, and honest hashes."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluations import Figure, figure, log_evaluation

from trombine.core.errors import InputError
from trombine.metrics import Protocol, commit_of

FROZEN = Protocol(
    name="a try",
    pictures="world:photo",
    seeds=range(1_500_000, 1_500_004),
    size=64,
    degradations=("shrunk 4 times as MATLAB, rounded to 8 bits",),
    measures=("PSNR", "SSIM"),
)


def values(protocol: Protocol, mean: float = 30.0) -> Figure:
    return figure(protocol, "bicubic", "PSNR", np.array([mean - 1, mean, mean, mean + 1]))


@pytest.mark.parametrize(
    ("measure", "numbers", "word"),
    [
        ("LPIPS", [1.0, 2.0, 3.0, 4.0], "does not measure"),
        ("PSNR", [1.0], "two pictures"),
        ("PSNR", [1.0, 2.0, 3.0], "4 seeds"),
        ("PSNR", [1.0, 2.0, 3.0, float("inf")], "finite"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(measure: str, numbers: list, word: str) -> None:
    with pytest.raises(InputError, match=word):
        figure(FROZEN, "bicubic", measure, np.array(numbers))


def test_protocols_of_before_have_their_hashes(root: Path) -> None:
    """Every line of the log still has the hash of its own conditions."""
    lines = (root / "bench" / "evaluations.jsonl").read_text().splitlines()
    assert lines
    for entry in map(json.loads, lines):
        conditions = entry["conditions"]
        assert conditions.pop("format") == 1
        conditions["seeds"] = range(*conditions["seeds"])
        listed = {name: tuple(conditions[name]) for name in ("degradations", "measures")}
        again = Protocol(name="any", **{**conditions, **listed})
        assert again.hash == entry["protocol"], entry["name"]


def test_a_use_of_a_frozen_protocol_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "evaluations.jsonl"
    assert log_evaluation(FROZEN, "abc123", [values(FROZEN)], log)
    assert log_evaluation(FROZEN, None, [values(FROZEN, 31.0)], log)
    first, second = (json.loads(line) for line in log.read_text().splitlines())
    assert set(first) == {"commit", "model", "protocol", "name", "conditions", "figures"}
    assert (first["model"], second["model"]) == ("abc123", None)
    assert first["protocol"] == FROZEN.hash
    assert first["conditions"]["seeds"] == [1_500_000, 1_500_004, 1]
    assert [one["mean"] for one in first["figures"] + second["figures"]] == [30, 31]


@pytest.mark.parametrize("first", [1_499_996, 2_000_000])
def test_other_seeds_are_not_logged(first: int, tmp_path: Path) -> None:
    other = replace(FROZEN, seeds=range(first, first + 4))
    log = tmp_path / "log.jsonl"
    assert not log_evaluation(other, None, [values(other)], log)
    assert not log.exists()


@pytest.mark.parametrize("first", [1_499_997, 1_999_999])
def test_one_protocol_seed_is_enough_to_be_logged(first: int, tmp_path: Path) -> None:
    other = replace(FROZEN, seeds=range(first, first + 4))
    assert log_evaluation(other, None, [values(other)], tmp_path / "log.jsonl")


def test_the_commit_says_whether_the_checkout_was_changed(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    assert commit_of(tmp_path) is None  # no checkout
    git("init")
    assert commit_of(tmp_path) is None  # no commit yet
    (tmp_path / "bench").mkdir()
    (tmp_path / "code.py").write_text("1")
    (tmp_path / "bench" / "evaluations.jsonl").write_text("")
    git("add", "-A")
    git("commit", "-m", "first")
    head = commit_of(tmp_path)
    assert head is not None and len(head) == 40
    (tmp_path / "bench" / "evaluations.jsonl").write_text("{}\n")
    assert commit_of(tmp_path) == head  # the log itself does not count
    (tmp_path / "code.py").write_text("2")
    assert commit_of(tmp_path) == head + "+"


def test_writers_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    """Each write opens the file anew and is one call to the system, as from other processes."""
    log = tmp_path / "log.jsonl"
    models = [letter * 4000 for letter in "abcdef"]

    def write(model: str) -> None:
        for _ in range(10):
            assert log_evaluation(FROZEN, model, [values(FROZEN)], log)

    with ThreadPoolExecutor(len(models)) as pool:
        list(pool.map(write, models))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(line["model"] for line in lines) == sorted(models * 10)
