"""Weights whose results are no numbers end one picture, and are named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import trombine
from trombine import models
from trombine.core.errors import InputError
from trombine.io.image import save_picture
from trombine.world import face, paint


@pytest.fixture
def overflowing(tmp_path: Path) -> Callable[[str], Path]:
    """The file of a shipped model whose weights were made far too large."""

    def make(name: str) -> Path:
        model = models.load(name)
        with torch.no_grad():
            for parameter in model.net.parameters():
                parameter.mul_(1e20)
        models.save(tmp_path / f"{name}.safetensors", model.net, replace(model.card))
        return tmp_path / f"{name}.safetensors"

    return make


def test_weights_that_overflow_do_not_end_a_folder(
    overflowing: Callable[[str], Path], tmp_path: Path
) -> None:
    for number in range(2):
        pixels = paint(face(number), 64).pixels
        save_picture(tmp_path / "in" / f"{number}.png", pixels)
    for verb, name in ((trombine.upscale, "upscale-fast-x2"), (trombine.read, "reader")):
        file = overflowing(name)
        result = verb(tmp_path / "in", output=tmp_path / "out", model=file)
        assert len(result.skipped) == 2 and not result.written
        for why in result.skipped.values():
            assert file.name in why and "infinite numbers" in why


def test_a_model_that_overflows_is_named_in_python(overflowing: Callable[[str], Path]) -> None:
    """It gives back no white picture."""
    file = overflowing("upscale-fast-x2")
    with pytest.raises(InputError, match="infinite numbers") as error:
        models.load(file)(torch.rand(3, 9, 9))
    assert file.name in str(error.value)
