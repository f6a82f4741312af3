"""The DCGAN pair, beside what its paper says."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from trombine.core.errors import InputError
from trombine.nets import build, parameter_count


@pytest.mark.parametrize("size", [8, 15, 48, 2048])
@pytest.mark.parametrize("name", ["dcgan_generator", "dcgan_discriminator"])
def test_other_sizes_are_refused(name: str, size: int) -> None:
    with pytest.raises(InputError, match="size"):
        build(name, {"size": size})


def test_the_generator_is_the_papers() -> None:
    """A vector, four steps of 4 x 4 transposed convolutions, 512 to 64 channels, at 64 pixels."""
    net = build("dcgan_generator", {"latent": 100})
    layers = [part for part in net.modules() if isinstance(part, nn.ConvTranspose2d)]
    channels = [100, 512, 256, 128, 64, 3]
    assert [(one.in_channels, one.out_channels) for one in layers] == list(pairwise(channels))
    assert all(one.kernel_size == (4, 4) for one in layers)
    assert [one.stride[0] for one in layers] == [1, 2, 2, 2, 2]
    weights = 16 * sum(one.in_channels * one.out_channels for one in layers)
    assert parameter_count(net) == weights + 2 * (512 + 256 + 128 + 64) + 3


def test_the_weights_begin_as_the_paper_says() -> None:
    net = build("dcgan_generator", {})
    for name, weight in net.named_parameters():
        if "conv" in name or name == "last.weight":
            assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.1)
            assert abs(float(weight.detach().mean())) < 0.002


def test_pictures_are_in_range_and_use_all_of_it() -> None:
    net = build("dcgan_generator", {"width": 4, "size": 16})
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(50)
        found = net(torch.randn(8, 64))
    assert float(found.min()) < 0.001 and float(found.max()) > 0.999
    assert float(found.min()) >= 0 and float(found.max()) <= 1


def test_the_judge_looks_at_grey_as_zero() -> None:
    """[0, 1] outside, [-1, 1] inside: a grey picture leaves the biases alone, which begin as 0."""
    judge = build("dcgan_discriminator", {"width": 4, "size": 16})
    assert torch.equal(judge(torch.full((1, 3, 16, 16), 0.5)), torch.zeros(1))
    assert float(judge(torch.zeros(1, 3, 16, 16)).detach()) != 0


def test_the_spectral_norm_holds_each_layer_to_one() -> None:
    judge = build("dcgan_discriminator", {"width": 8, "size": 16, "norm": "spectral"})
    for _ in range(20):  # each step in training refines the estimate
        judge(torch.rand(1, 3, 16, 16))
    for part in judge.modules():
        if isinstance(part, nn.Conv2d):
            values = torch.linalg.svdvals(part.weight.detach().flatten(1))
            assert float(values[0]) == pytest.approx(1, abs=0.02)


def test_a_last_layer_that_says_nothing_gives_grey() -> None:
    """The middle of the tanh is the middle of the range."""
    net = build("dcgan_generator", {"width": 4, "size": 16})
    with torch.no_grad():
        for parameter in net.get_submodule("last").parameters():
            parameter.zero_()
        assert torch.equal(net(torch.randn(1, 64)), torch.full((1, 3, 16, 16), 0.5))
