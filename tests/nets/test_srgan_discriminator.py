"""The discriminator of SRGAN: the paper's convolutions, at any size, and no place counts more."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trombine.nets import build


def test_it_has_the_convolutions_of_the_paper() -> None:
    with torch.device("meta"):
        net = build("srgan_discriminator", {})
    layers = [part for part in net.modules() if isinstance(part, nn.Conv2d)]
    convolutions = [
        (one.out_channels, one.stride[0]) for one in layers if one.kernel_size == (3, 3)
    ]
    assert convolutions == [
        *[(64, 1), (64, 2), (128, 1), (128, 2)],
        *[(256, 1), (256, 2), (512, 1), (512, 2)],
    ]
    assert [one.out_channels for one in layers if one.kernel_size == (1, 1)] == [1024, 1]
    assert sum(isinstance(part, nn.BatchNorm2d) for part in net.modules()) == 7


@pytest.mark.parametrize("side", [16, 23, 96])
def test_pictures_of_any_size(side: int) -> None:
    net = build("srgan_discriminator", {"width": 4, "levels": 3, "hidden": 6, "norm": "spectral"})
    assert net(torch.rand(2, 3, side, side)).shape == (2,)


def test_what_it_says_is_of_the_mean_over_all_places() -> None:
    """With nothing between the convolutions and the end, a logit is that of the places' mean."""
    net = build("srgan_discriminator", {"width": 4, "levels": 1, "hidden": 6, "norm": "none"})
    seen: list[torch.Tensor] = []
    net.get_submodule("hidden").register_forward_hook(lambda _, given, __: seen.append(given[0]))
    pictures = torch.rand(1, 3, 24, 40)
    net(pictures)
    features = net.get_submodule("body")(2 * pictures - 1)
    torch.testing.assert_close(seen[0][..., 0, 0], features.mean((2, 3)))
