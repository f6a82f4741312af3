"""A small model in a file, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from trombine.models import Card, Score, save
from trombine.nets import Net, build

SIZES = {"width": 4, "depth": 1}


@pytest.fixture
def net() -> Net:
    return build("residual", SIZES, seed=3)


@pytest.fixture
def card(net: Net) -> Card:
    return Card(
        task="upscale",
        net="residual",
        sizes=net.sizes,
        recipe="enlarger",
        settings={"rate": 0.002, "nets": {"net": ["residual", {"width": 4}]}, "ema": None},
        data="leaves#3",
        pictures=12_800,
        scores=(Score(measure="PSNR", value=31.5, protocol="0123456789ab"),),
        licence="MIT",
        command="trombine train enlarger",
        about="small, für tests",
    )


@pytest.fixture
def file(net: Net, card: Card, tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    save(path, net, card)
    return path
