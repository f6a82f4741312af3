"""What a run says of its pictures: how many it learns from, measures on and leaves alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trombine import data_prepare
from trombine.data.source import source
from trombine.io.image import save_picture
from trombine.recipes import with_settings
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods import find

TINY = {
    "size": "16",
    "pictures": "16",
    "batch": "8",
    "width": "4",
    "depth": "1",
    "judged": "4",
    "faces": "4",
    "precision": "float32",
    "threads": "1",
}


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack whose pictures have uses, and a folder whose have none."""
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0)
    for folder, count in {"set": 40, "plain": 10}.items():
        for number in range(count):
            pixels = chance.integers(0, 256, (16, 16, 3), np.uint8)
            save_picture(Path(folder) / f"{number}.png", pixels)
    data_prepare(Path("set"), size=16, output=Path("pack"), choose=25, test=35)


def order(data: str, run: str = "run", *, board: bool = False) -> TrainConfig:
    recipe = with_settings(find("upscale-fast-x2"), {**TINY, "data": data})
    return TrainConfig(name="upscale-fast-x2", recipe=recipe, folder=Path(run), tensorboard=board)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[str], list[str]]:
    """What a training of these pictures says before anything is measured."""

    def say(data: str) -> list[str]:
        with caplog.at_level(logging.INFO):
            train(order(data))
        return caplog.messages[: next(n for n, x in enumerate(caplog.messages) if "PSNR" in x)]

    return say


Said = Callable[[str], list[str]]


def test_pictures_are_counted(said: Said) -> None:
    data = "pack:pack+tiles:plain*2+leaves#9"
    learned = len(source("pack:pack@train", 16)) + 8 + 9
    assert said(data) == [f"{data}: {learned} to learn from, 10 to measure on"]


def test_to_learn_from_tests_is_remarked_on(said: Said) -> None:
    data = "pack:pack@test"
    count = len(source(data, 16))
    remark = f"{data}: learns from pictures that are for tests; judge by others"
    held = count // 5
    expected = [f"{data}: {count - held} to learn from, {held} to measure on", remark]
    assert said(data) == expected


def test_pairs_of_which_one_side_is_learned(said: Said) -> None:
    data = "world:photo+anime#9"
    remark = f"{data}: is of pairs, and this recipe learns from their first side alone"
    assert said(data)[1:] == [remark]
