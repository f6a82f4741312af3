"""Colour spaces against scikit-image and colorsys, their way back, and their slopes."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2hsv

from trombine.nets import build
from trombine.nets.spaces import SPACES, Within, from_space, to_space

CORNERS = torch.cartesian_prod(*[torch.tensor([0.0, 1 / 255, 0.5, 254 / 255, 1.0])] * 3)


def some(count: int = 3) -> torch.Tensor:
    return torch.rand(count, 3, 8, 9, generator=torch.Generator().manual_seed(0))


def as_pictures(colours: torch.Tensor) -> torch.Tensor:
    """N colours as one row of pixels, 1 x 3 x 1 x N."""
    return colours.T[None, :, None].contiguous()


def eight_bit() -> torch.Tensor:
    numbers = np.random.default_rng(0).integers(0, 256, (4000, 3))
    return as_pictures(torch.from_numpy(numbers).float() / 255)


ALL = {"random": some(), "8 bits": eight_bit(), "corners and greys": as_pictures(CORNERS)}


def turned(a: torch.Tensor, b: torch.Tensor) -> float:
    """How far two HSV pictures are apart; hues by the shorter way round."""
    gap = (a - b).abs()
    gap[:, 0] = torch.minimum(gap[:, 0], 1 - gap[:, 0])
    return float(gap.max())


@pytest.mark.parametrize("which", ALL)
def test_hsv_is_scikit_images(which: str) -> None:
    pictures = ALL[which]
    wanted = torch.from_numpy(rgb2hsv(pictures.double().numpy(), channel_axis=1))
    assert turned(to_space(pictures.double(), "hsv"), wanted) < 1e-9
    assert turned(to_space(pictures, "hsv").double(), wanted) < 1e-6


def test_both_ways_are_colorsys() -> None:
    wanted = torch.tensor([colorsys.rgb_to_hsv(*colour) for colour in CORNERS.double().tolist()])
    assert turned(to_space(as_pictures(CORNERS), "hsv"), as_pictures(wanted)) < 1e-6
    hues = torch.cartesian_prod(*[torch.linspace(0, 1, 13, dtype=torch.float64)] * 3)
    back = torch.tensor([colorsys.hsv_to_rgb(*c) for c in hues.tolist()], dtype=torch.float64)
    found = from_space(as_pictures(hues), "hsv")
    torch.testing.assert_close(found, as_pictures(back), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("which", ALL)
def test_there_and_back(name: str, which: str) -> None:
    there = to_space(ALL[which], name)
    assert there.shape == ALL[which].shape and there.dtype == torch.float32
    wanted = there if name == "grey" else ALL[which]  # from grey there is no way back
    torch.testing.assert_close(from_space(there, name), wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("which", ALL)
def test_grey_is_pillows(which: str) -> None:
    """Which rounds to 8 bits."""
    pictures = ALL[which]
    pixels = np.ascontiguousarray((pictures * 255).round().byte().movedim(1, -1).numpy())
    greys = [np.asarray(Image.fromarray(one).convert("L"), float) for one in pixels]
    found = to_space((pictures * 255).round() / 255, "grey")
    assert torch.equal(found[:, 0], found[:, 1]) and torch.equal(found[:, 0], found[:, 2])
    assert np.abs(found[:, 0].numpy() * 255 - np.stack(greys)).max() < 0.51


def test_imagenets_is_the_formula() -> None:
    pictures = some().double()
    found = to_space(pictures, "imagenet")
    for channel, (mean, deviation) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))):
        assert torch.equal(found[:, channel], (pictures[:, channel] - mean) / deviation)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("which", ALL)
def test_slopes_are_finite_everywhere(name: str, which: str) -> None:
    """Greys, black and ties between channels too: a slope of NaN there would end a training."""
    for go in (to_space, from_space):
        pictures = ALL[which].clone().requires_grad_()
        weights = 1 + torch.arange(pictures.numel()).view(pictures.shape) % 7
        (go(pictures, name) * weights).sum().backward()
        assert pictures.grad is not None and torch.isfinite(pictures.grad).all()


@pytest.mark.parametrize("name", SPACES)
def test_a_net_within_a_space_sees_and_gives_it(name: str) -> None:
    net, pictures = build("residual", {"width": 4, "depth": 1, "factor": 1}), some()
    within = Within(net, name, sees=True, gives=True)
    assert torch.equal(within(pictures), from_space(net(to_space(pictures, name)), name))
    assert within.sizes == net.sizes
    only_sees = Within(net, name, sees=True, gives=False)
    assert torch.equal(only_sees(pictures), net(to_space(pictures, name)))
    only_gives = Within(net, name, sees=False, gives=True)
    assert torch.equal(only_gives(pictures), from_space(net(pictures), name))


def test_a_net_in_bf16_gives_hues_in_full() -> None:
    net = build("residual", {"width": 4, "depth": 1, "factor": 1})
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = Within(net, "hsv", sees=True, gives=True)(some())
    assert made.dtype == torch.float32


def test_a_net_within_takes_what_the_net_takes() -> None:
    """Parts and landmarks have no colours: they go through as they are."""
    net = build("painter", {"width": 4, "levels": 2, "parts": "all", "points": True}).eval()
    within = Within(net, "imagenet", sees=True, gives=True)
    assert within.optional == ("parts", "points")
    pictures, hole = some(), torch.zeros(3, 1, 8, 9)
    hole[..., 2:6, 2:6] = 1
    told = {
        "parts": torch.zeros(3, 8, 9, dtype=torch.uint8),
        "points": torch.full((3, 68, 2), 4.0),
    }
    wanted = from_space(net(to_space(pictures, "imagenet"), hole=hole, **told), "imagenet")
    assert torch.equal(within(pictures, hole=hole, **told), wanted)
    assert not torch.equal(within(pictures, hole=hole), wanted)
