"""Small nets round the reader: the finder says the same when it is got ready and wherever it looks;
the refiner goes on with what is known."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import interpolate

from trombine.models import load
from trombine.nets.blocks import fused
from trombine.nets.faces import Finder, Refiner


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


@pytest.mark.parametrize(("height", "width"), [(32, 32), (31, 40), (6, 9)])
def test_without_a_say_of_its_own_it_enlarges_what_is_known(height: int, width: int) -> None:
    net = Refiner(width=4, head=4).eval()
    for parameter in net.parts.parameters():
        torch.nn.init.zeros_(parameter)
    half = (height + 1) // 2, (width + 1) // 2
    known = torch.rand(2, 19, *half, generator=torch.Generator().manual_seed(1)).softmax(1)
    with torch.no_grad():
        said = net(torch.rand(2, 3, height, width), parts=known)
    assert said.shape == (2, 19, height, width)
    expected = interpolate(known.log(), scale_factor=2, mode="bilinear")[..., :height, :width]
    inside = (..., slice(0, height - 2), slice(0, width - 2))  # beyond, what was padded comes in
    torch.testing.assert_close(said[inside], expected[inside], rtol=1e-4, atol=1e-5)
