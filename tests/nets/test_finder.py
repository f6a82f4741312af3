"""The finder: small, and the same when it is got ready."""

from __future__ import annotations

import torch

from trombine.models import load
from trombine.nets import parameter_count
from trombine.nets.blocks import fused
from trombine.nets.faces import Finder


def test_the_shipped_finder_is_small() -> None:
    assert parameter_count(load("finder", task="find").net) < 200_000


def test_a_fused_finder_says_the_same() -> None:
    net = Finder(width=8)
    generator = torch.Generator().manual_seed(1)
    net(torch.rand(8, 3, 64, 64, generator=generator))  # statistics other than the first
    net.eval()
    x = torch.rand(2, 3, 70, 50, generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(fused(net)(x), net(x), atol=1e-4, rtol=1e-4)


def test_a_shifted_picture_has_its_map_shifted() -> None:
    """By the sixteen pixels of its coarsest step: nothing in it knows where in a picture it is."""
    net = load("finder", task="find").net
    picture = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        whole, moved = net(picture), net(picture[..., 16:])
    inside = slice(12, -12)
    torch.testing.assert_close(
        moved[..., inside, inside], whole[..., 2:][..., inside, inside], atol=1e-4, rtol=1e-4
    )
