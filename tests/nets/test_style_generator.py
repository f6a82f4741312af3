"""Modulated convolutions against kernels of each picture's own; what a style depends on."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from trombine.nets import build
from trombine.nets.style_generator import Modulated

SIZES = {"latent": 5, "width": 4, "size": 32}


@pytest.mark.parametrize("demodulates", [True, False])
def test_each_picture_has_kernels_of_its_own(demodulates: bool) -> None:
    torch.manual_seed(0)
    layer = Modulated(6, 4, 3, 5, demodulates=demodulates)
    torch.nn.init.normal_(layer.conv.bias)  # pyright: ignore[reportArgumentType]
    x, style = torch.randn(3, 6, 7, 8), torch.randn(3, 5)
    found = layer(x, style).detach()
    for picture, one, wanted in zip(x, layer.affine(style).detach(), found, strict=True):
        kernels = layer.conv.weight.detach() * one[None, :, None, None]
        if demodulates:
            kernels = kernels / kernels.square().sum((1, 2, 3), keepdim=True).sqrt()
        bias = layer.conv.bias
        own = functional.conv2d(picture[None], kernels, bias, padding=1)[0].detach()
        torch.testing.assert_close(own, wanted, rtol=1e-4, atol=1e-5)


def test_a_shorter_vector_is_nearer_to_the_usual_picture() -> None:
    """Which is the same for all: what truncation makes of vectors."""
    torch.manual_seed(0)
    net = build("style_generator", {"latent": 16, "width": 8, "size": 32})
    z = torch.randn(24, 16)
    with torch.no_grad():
        spreads = [float(net(share * z).std(0).mean()) for share in (0.0, 0.3, 0.6, 1.0)]
    assert spreads[0] < 1e-6 and spreads == sorted(spreads)
    assert spreads[-1] > 0.1, "seeds differ before anything is learned"


def test_the_largest_of_the_last_numbers_says_which_class() -> None:
    torch.manual_seed(0)
    net = build("style_generator", {**SIZES, "latent": 7, "classes": 2})
    z = torch.randn(1, 7).repeat(3, 1)
    z[:, -2:] = torch.tensor([[0.3, 0.2], [9.0, -4.0], [0.2, 0.3]])
    first, same, other = net(z).detach()
    torch.testing.assert_close(first, same)
    assert float((first - other).abs().max()) > 1e-3
