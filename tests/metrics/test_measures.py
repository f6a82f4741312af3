"""PSNR and SSIM at their doors, the protocol's hash, the tables it refuses, the log."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trombine.core.errors import InputError
from trombine.metrics import (
    Figure,
    Protocol,
    commit_of,
    figure,
    log_evaluation,
    psnr,
    psnr_y,
    ssim,
)

CHOOSING = Protocol(
    name="a try",
    pictures="world:photo",
    seeds=range(1_000_000, 1_000_004),
    size=64,
    degradations=("shrunk 4 times as MATLAB, rounded to 8 bits",),
    measures=("PSNR", "SSIM"),
)
FROZEN = replace(CHOOSING, seeds=range(1_500_000, 1_500_004))


def values(protocol: Protocol, mean: float = 30.0) -> Figure:
    return figure(protocol, "bicubic", "PSNR", np.array([mean - 1, mean, mean, mean + 1]))


# PSNR and SSIM -------------------------------------------------------------------------------


def test_a_batch_is_measured_picture_by_picture() -> None:
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(3, 3, 20, 24, generator=generator)
    b = torch.rand(3, 3, 20, 24, generator=generator)
    for measure in (psnr, ssim, lambda a, b: psnr_y(a, b, 2)):
        together = measure(a, b)
        assert together.shape == (3,)
        assert torch.equal(
            together, torch.stack([measure(x, y) for x, y in zip(a, b, strict=True)])
        )


def test_only_the_hole_counts() -> None:
    a = torch.zeros(3, 8, 8)
    b = a.clone()
    b[:, :4, :4] = 0.1  # inside
    b[:, 4:, 4:] = 1.0  # outside
    hole = torch.zeros(1, 8, 8)
    hole[:, :4, :4] = 1
    assert psnr(a, b, hole).item() == pytest.approx(20, abs=1e-5)
    with pytest.raises(InputError, match="empty hole"):
        psnr(a, b, torch.zeros(1, 8, 8))


def test_the_border_does_not_count() -> None:
    a = torch.full((3, 12, 12), 0.5)
    b = a.clone()
    b[..., :2], b[..., -2:], b[..., :2, :], b[..., -2:, :] = 0, 0, 0, 0
    assert psnr_y(a, b, 2).item() == float("inf")
    assert psnr_y(a, b, 1).item() < 30
    with pytest.raises(InputError, match="leaves nothing"):
        psnr_y(a, b, 6)


@pytest.mark.parametrize("measure", [psnr, ssim, lambda a, b: psnr_y(a, b, 1)])
def test_what_is_no_picture_is_refused(measure) -> None:
    good = torch.zeros(3, 16, 16)
    with pytest.raises(InputError, match="do not compare"):
        measure(good, torch.zeros(3, 16, 17))
    with pytest.raises(InputError, match="within"):
        measure(good, good + 1.5)


# Protocol ------------------------------------------------------------------------------------


def test_the_hash_is_written_down() -> None:
    """A change of the canonical form would orphan every number committed under a hash."""
    assert CHOOSING.hash == "6e3a3c40b9dd"
    assert len(CHOOSING.hash) == 12


@pytest.mark.parametrize(
    "change",
    [
        {"pictures": "world:anime"},
        {"seeds": range(1_000_000, 1_000_005)},
        {"size": 128},
        {"size": None},
        {"degradations": ("shrunk 4 times as Pillow, rounded to 8 bits",)},
        {"measures": ("SSIM", "PSNR", "PSNR-Y")},
        {"public": True},
        {"fingerprint": "00"},
    ],
)
def test_every_condition_changes_the_hash(change: dict) -> None:
    assert replace(CHOOSING, **change).hash != CHOOSING.hash


# Figures and tables --------------------------------------------------------------------------


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
        figure(CHOOSING, "bicubic", measure, np.array(numbers))


# The log -------------------------------------------------------------------------------------


def test_a_use_of_a_frozen_protocol_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "bench" / "evaluations.jsonl"
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
    other = replace(CHOOSING, seeds=range(first, first + 4))
    log = tmp_path / "log.jsonl"
    assert not log_evaluation(other, None, [values(other)], log)
    assert not log.exists()


@pytest.mark.parametrize("first", [1_499_997, 1_999_999])
def test_one_protocol_seed_is_enough_to_be_logged(first: int, tmp_path: Path) -> None:
    other = replace(CHOOSING, seeds=range(first, first + 4))
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
