"""What bench/wild.py does to pictures on the card, here on the processor."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
import torch
import wild
from PIL import Image

from trombine.core.conventions import to_picture, to_pixels
from trombine.world.leaves import leaves


@pytest.mark.parametrize("quality", [30, 95])
@pytest.mark.parametrize("halved", [True, False])
def test_its_jpeg_is_that_of_libjpeg(
    quality: int, halved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As near as rounding to whole samples in between lets it be."""
    pixels = leaves(1_000_001, 96)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=2 if halved else 0)
    with Image.open(file) as opened:
        expected = np.asarray(opened).astype(float)
    monkeypatch.setattr(random, "random", lambda: 0.0 if halved else 1.0)
    ours = to_pixels(wild.jpeg(to_picture(pixels)[None], quality, quality)[0])
    apart = np.sqrt(np.mean((ours - expected) ** 2))
    damage = np.sqrt(np.mean((pixels - expected) ** 2))
    assert apart < 3.5 and apart < 0.75 * damage


@pytest.mark.parametrize("factor", [2, 4])
def test_damaged_pictures_are_smaller_by_the_factor_and_of_8_bits(factor: int) -> None:
    torch.manual_seed(0)
    random.seed(0)
    side = 32 * factor
    large = torch.stack([to_picture(leaves(1_000_010 + n, side)) for n in range(4)])
    for _ in range(6):
        small = wild.damaged(large, factor)
        assert small.shape == (4, 3, 32, 32)
        assert small.min() >= 0 and small.max() <= 1
        assert torch.allclose(small * 255, (small * 255).round(), atol=1e-3)
        plain = torch.nn.functional.interpolate(large, (32, 32), mode="area")
        assert (small.mean((2, 3)) - plain.mean((2, 3))).abs().max() < 0.06, "no tint, no shift"


def test_blurs_sum_to_1() -> None:
    kernels = wild.kernels(200, 0.35, 3.2, torch.device("cpu"))
    assert torch.allclose(kernels.sum((1, 2)), torch.ones(200), atol=1e-4)
    flat = torch.full((2, 3, 40, 40), 0.5)
    assert (wild.blurred(flat, kernels[:2]) - 0.5).abs().max() < 1e-4
