"""The U-Net: any size, nothing lost on the way down, nothing of a checkerboard on the way up."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from trombine.nets import build
from trombine.nets.unet import UNet


def test_a_size_between_is_as_if_it_were_padded() -> None:
    net = build("unet", {"width": 4, "levels": 2})
    x = torch.rand(1, 3, 9, 14)
    larger = functional.pad(x, (0, 2, 0, 3), mode="replicate")
    assert torch.equal(net(x), net(larger)[..., :9, :14])


def test_residual_adds_the_first_planes() -> None:
    sizes = {"width": 4, "levels": 2, "inputs": 5, "residual": True}
    net = build("unet", sizes)
    assert isinstance(net, UNet)
    x = torch.rand(2, 5, 8, 8)
    difference = net(x).detach() - x[:, :3]
    assert 0 < float(difference.abs().mean()) < 0.2  # it begins near what it is given
    torch.nn.init.zeros_(net.last.weight)
    assert torch.equal(net(x), x[:, :3])


@pytest.mark.parametrize("norm", ["none", "group", "batch"])
def test_what_passes_through_keeps_its_size(norm: str) -> None:
    """Without normalisation too: else deep layers would begin by learning nothing."""
    net = build("unet", {"width": 16, "norm": norm})
    for name, weight in net.named_parameters():
        if ".conv" in name and name.endswith("weight"):
            wanted = (2 / weight[0].numel()) ** 0.5  # He et al., 2015
            assert float(weight.detach().std()) == pytest.approx(wanted, rel=0.15)
    found = net(torch.randn(2, 3, 32, 32))
    assert 0.03 < float(found.detach().std()) < 3


def test_a_plain_input_gives_no_checkerboard() -> None:
    """Of a constant picture only the edges can be seen: inside every pixel is the same."""
    net = build("unet", {"width": 8, "levels": 2})
    found = net(torch.full((1, 3, 96, 96), 0.3)).detach()[..., 40:56, 40:56]
    assert float((found - found[..., :1, :1]).abs().max()) < 1e-5
