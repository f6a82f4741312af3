"""What numbers are called, and that their directions are those by which the best is chosen."""

from __future__ import annotations

import pytest

from trombine.objectives import objective_of
from trombine.recipes import RECIPES
from trombine.runs.meaning import MEASURES, curve, explained, reading, setting, titled, with_unit


def test_directions_are_those_of_the_objectives() -> None:
    chosen = [objective_of(recipe).measures for recipe in RECIPES.values()]
    directions = {name: higher for measures in chosen for name, higher in measures.items()}
    assert directions == {name: meaning.higher for name, meaning in MEASURES.items()}


def test_a_measure_in_words() -> None:
    assert titled("PSNR") == "PSNR (dB, higher is better)"
    assert (reading("unexplained"), reading("own")) == ("lower is better", "")
    assert (with_unit("PSNR", "30.1"), with_unit("SSIM", "0.9")) == ("PSNR 30.1 dB", "SSIM 0.9")
    assert titled("own") == "own" and explained(["own"]) == ""
    assert explained(["SSIM", "own", "SSIM"]).count("SSIM: how alike") == 1


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("net/l1", "net: l1"),
        ("regress/gradient", "gradient norm of regress"),
        ("net/total", "loss of net"),
        ("rate", "learning rate"),
        ("rate/regress", "learning rate of regress"),
        ("weight/r1", "weight of r1"),
        ("curve/D(real) mean", "D(real) mean"),
        ("total", "total"),
    ],
)
def test_curves(name: str, called: str) -> None:
    assert curve(name) == called


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("settings.lr", "lr"),
        ("settings.nets.generator", "generator"),
        ("resolved.threads", "threads (as resolved)"),
        ("data.other.spec", "other: spec"),
        ("version", "version"),
    ],
)
def test_settings(name: str, called: str) -> None:
    assert setting(name) == called
