"""Discriminators: as in their papers, and how much of a picture a logit sees."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trombine.nets import build
from trombine.nets.discriminators import AttentiveDiscriminator


@pytest.mark.parametrize("levels", [1, 3])
def test_a_logit_sees_its_patch_and_no_more(levels: int) -> None:
    """4 x 4 with stride 2, then twice 3 x 3; and the patch is where it should be."""
    net = build("patch_discriminator", {"width": 4, "levels": levels})
    x = torch.rand(1, 3, 96, 96, requires_grad=True)
    found = net(x)
    middle = found.shape[-1] // 2
    found[0, 0, middle, middle].backward()
    assert x.grad is not None
    rows = x.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    side, step = 1, 1
    for _ in range(levels):
        side, step = side + 3 * step, 2 * step
    assert int(rows.max() - rows.min()) + 1 == side + 2 * 2 * step
    centre = (middle + 0.5) * 2**levels - 0.5
    assert float(rows.float().mean()) == pytest.approx(centre, abs=1)


def test_srgans_has_the_convolutions_of_the_paper() -> None:
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


def test_what_srgans_says_is_of_the_mean_over_all_places() -> None:
    """With nothing between the convolutions and the end, a logit is that of the places' mean."""
    net = build("srgan_discriminator", {"width": 4, "levels": 1, "hidden": 6, "norm": "none"})
    seen: list[torch.Tensor] = []
    net.get_submodule("hidden").register_forward_hook(lambda _, given, __: seen.append(given[0]))
    pictures = torch.rand(1, 3, 24, 40)
    net(pictures)
    features = net.get_submodule("body")(2 * pictures - 1)
    torch.testing.assert_close(seen[0][..., 0, 0], features.mean((2, 3)))


def test_the_second_column_of_the_attentive_one_sees_larger_patches() -> None:
    net = build("attentive_discriminator", {"width": 4, "levels": 2})
    assert isinstance(net, AttentiveDiscriminator)
    shapes = [tuple(logits.shape) for logits in net.judgements(torch.rand(3, 3, 64, 64))]
    assert shapes == [(3, 1, 16, 16), (3, 2), (3, 1, 4, 4), (3, 2)]
