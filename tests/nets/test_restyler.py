"""The net that restyles: what styles change in it, how far it looks, its details and its noise."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from net_cases import RESTYLER
from torch.nn import functional

from trombine.nets import build
from trombine.nets.inventor import lacking
from trombine.nets.restyler import CALM, DEEP, Own, Restyler, Told

SIZES = {**RESTYLER, "finish": 3}


def stirred(**sizes: int | str) -> Restyler:
    """A net as it may be after some training."""
    net = cast(Restyler, build("restyler", {**SIZES, **sizes}).eval())
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return net


@pytest.fixture(scope="module")
def net() -> Restyler:
    return stirred()


def some(count: int = 3, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(2))


def test_a_convolution_of_its_own_is_that_of_the_style() -> None:
    own, x, styles = Own(5, 2, 3), some(4, 8).repeat(1, 2, 1, 1)[:, :5], torch.tensor([2, 0, 1, 2])
    found = own(x, styles)
    for number, style in enumerate(styles.tolist()):
        rows = slice(2 * style, 2 * style + 2)
        assert own.conv.bias is not None
        weight, bias = own.conv.weight[rows], own.conv.bias[rows]
        wanted = functional.conv2d(x[number : number + 1], weight, bias, padding=1)
        torch.testing.assert_close(found[number : number + 1], wanted)


def test_a_channel_is_scaled_and_shifted_by_its_style() -> None:
    told, x = Told(3, 2, 2, "none"), some(2, 8)
    with torch.no_grad():
        told.told.weight.copy_(torch.tensor([[0.0, 0, 0, 0], [1, -0.5, 3, -2]]))
    plain = told.conv(x)
    scaled = (
        plain[1] * torch.tensor([2, 0.5])[:, None, None] + torch.tensor([3.0, -2])[:, None, None]
    )
    wanted = functional.silu(torch.stack([plain[0], scaled]))
    torch.testing.assert_close(told(x, torch.tensor([0, 1])), wanted)


def test_details_are_added_as_lacking_says() -> None:
    """Where the flow ends at what a soft picture lacks, that gives the truth."""
    net, x, truth = stirred(), some(2), some(4)[2:]
    styles = torch.tensor([0, 1]), torch.tensor([3, 2])
    wanted = lacking(net.soft(x, *styles), truth)
    noise = CALM * net.noise(x)

    class Knows(torch.nn.Module):
        def forward(self, x: torch.Tensor, told: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            assert told.shape == (2, 16, 16, 16)
            assert told[:, 12:, 0, 0].argmax(1).tolist() == [3, 2]  # which style is wanted
            return noise - wanted

    net.details = Knows()  # pyright: ignore[reportAttributeAccessIssue]
    torch.testing.assert_close(net(x, *styles), truth, rtol=0, atol=1e-5)


def test_noise_is_standard_normal_and_of_no_picture(net: Restyler) -> None:
    noise = net.noise(some(3))
    assert noise.shape == (3, 12, 16, 16) and torch.equal(noise[0], noise[2])
    assert torch.equal(noise, net.noise(1 - some(3)))
    assert abs(float(noise.mean())) < 0.08 and float(noise.std()) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("blocks", [1, 2])
def test_soft_looks_no_farther_than_it_says(blocks: int) -> None:
    """A pixel beyond changes nothing, one just within does; said to the places of the code."""
    net, side = stirred(blocks=blocks), 256
    reach = net.soft_reach
    assert reach is not None and reach % DEEP == 0
    styles = torch.tensor([0]), torch.tensor([1])
    x = torch.rand(1, 3, 8, side, generator=torch.Generator().manual_seed(3)).double()
    net = net.double()
    other = x.clone()
    other[..., 0] = 1 - other[..., 0]
    with torch.inference_mode():
        apart = (net.soft(x, *styles) - net.soft(other, *styles)).abs().amax((0, 1, 2))
    assert float(apart[reach + 1 :].max()) == 0
    assert float(apart[reach - 2 * DEEP : reach].max()) > 0
