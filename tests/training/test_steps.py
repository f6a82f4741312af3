"""A training step by step, in a loop of one's own."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import trombine.training
from trombine.models import load
from trombine.training.loop import train
from trombine.training.methods import find
from trombine.training.step import BrokenStepError

FEW: dict[str, Any] = {
    "size": 16,
    "pictures": 96,
    "batch": 16,
    "width": 4,
    "depth": 1,
    "judged": 4,
    "faces": 4,
}


def test_the_steps_are_those_of_a_run(tmp_path: Path) -> None:
    """The same weights at the end, and terms, samples and measures on the way."""
    from trombine.commands.train import config_of

    settings: dict[str, Any] = {name: str(value) for name, value in FEW.items()} | {
        "augment": "none"
    }
    config = config_of("upscale-fast-x2", settings | {"data": "leaves#40"}, output=tmp_path / "run")
    train(config)
    seen, last = [], None
    for last in trombine.training.steps("upscale-fast-x2", "leaves#40", **settings):
        seen.append(last.pictures)
        assert last.losses["restore/total"] > 0 and "rate/restore" in last.losses
    assert seen == [16, 32, 48, 64, 80, 96] and last is not None
    (samples,) = last.samples(4)
    assert samples.output.shape == (4, 3, 16, 16) and last.measures()["PSNR"] > 5
    saved = load(tmp_path / "run" / "best.safetensors")  # the last: it learns from the first on
    for name, tensor in last.nets["net"].state_dict().items():
        assert torch.allclose(tensor, saved.net.state_dict()[name], atol=1e-6), name


def test_a_loop_may_end_and_change_its_mind() -> None:
    """A recipe of one's own; what is not finite is an error that says what."""
    recipe = replace(find("upscale-fast-x2"), data="leaves#40")
    few = itertools.islice(trombine.training.steps(recipe, **FEW, augment="none"), 2)
    assert [one.pictures for one in few] == [16, 32]
    with pytest.raises(BrokenStepError, match=r"is (nan|inf) after"):
        for _ in trombine.training.steps(recipe, **FEW, augment="none", lr=1e30, clip=0):
            pass
