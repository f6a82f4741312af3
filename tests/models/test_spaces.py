"""Models whose net works in another colour space than RGB."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from trombine.core.errors import InputError
from trombine.models import Card, load, save
from trombine.models.exporting import TOLERANCE, export
from trombine.nets import Net, build
from trombine.nets.spaces import from_space, to_space


def within(card: Card, space: Any) -> Card:
    return replace(card, settings={**card.settings, "space": space})


def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 12, 9, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("space", ["hsv", "imagenet"])
def test_a_model_takes_and_gives_rgb(space: str, net: Net, card: Card, tmp_path: Path) -> None:
    save(tmp_path / "it.safetensors", net, within(card, space))
    found = load(tmp_path / "it.safetensors")
    assert found.space == space
    wanted = from_space(net(to_space(pictures(), space)), space).clamp(0, 1)
    torch.testing.assert_close(found(pictures()), wanted.detach())
    assert not torch.allclose(found(pictures()), net(pictures()).clamp(0, 1), atol=0.01)


def test_a_card_that_says_nothing_means_rgb(file: Path, net: Net) -> None:
    found = load(file)
    assert found.space == "rgb" and found.in_rgb is found.net
    torch.testing.assert_close(found(pictures()), net(pictures()).clamp(0, 1).detach())


@pytest.mark.parametrize("space", ["lab", "", 3, [], {"hsv": 1}, None])
def test_an_unknown_space_is_refused_in_a_line(
    space: Any, net: Net, card: Card, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"works in the space .*unknown here; update trombine$"):
        save(tmp_path / "it.safetensors", net, within(card, space))


def test_a_space_of_colours_needs_three_of_them(tmp_path: Path) -> None:
    net = build("unet", {"inputs": 4, "width": 4, "levels": 1})
    card = Card(task="restore", net="unet", sizes=net.sizes, settings={"space": "hsv"})
    with pytest.raises(InputError, match="works in hsv, which pictures of 3 channels have"):
        save(tmp_path / "it.safetensors", net, card)


@pytest.mark.skipif(find_spec("onnxscript") is None, reason="needs the extra export")
@pytest.mark.parametrize("space", ["hsv", "imagenet"])
def test_an_exported_model_takes_rgb_too(space: str, net: Net, card: Card, tmp_path: Path) -> None:
    save(tmp_path / "it.safetensors", net, within(card, space))
    assert export(load(tmp_path / "it.safetensors"), tmp_path / "it.onnx") < TOLERANCE
