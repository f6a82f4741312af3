"""The DCGAN pair, beside what its paper says."""

from __future__ import annotations

from itertools import pairwise

import pytest
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
