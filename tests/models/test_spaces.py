"""Models whose net works in another colour space than RGB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from trombine.core.errors import InputError
from trombine.models import Card, load, save
from trombine.nets import Net
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


@pytest.mark.parametrize("space", ["lab", 3])
def test_an_unknown_space_is_refused_in_a_line(
    space: Any, net: Net, card: Card, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"works in the space .*unknown here; update trombine$"):
        save(tmp_path / "it.safetensors", net, within(card, space))
