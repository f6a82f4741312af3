"""The published PSNR of bicubic on Set5 comes out: measure and imresize together are right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trombine.core.conventions import to_picture
from trombine.data.resize import crop_to_multiple, enlarge, imresize_matlab, shrink
from trombine.metrics import luma, psnr, psnr_y

SET5 = Path(__file__).parents[3] / "shared" / "data" / "set5"
PUBLISHED = {2: 33.66, 3: 30.39, 4: 28.42}  # the mean of five pictures, luma, border cropped

pytestmark = pytest.mark.skipif(not SET5.is_dir(), reason="../shared/data/set5 is not here")


def set5(factor: int) -> list[torch.Tensor]:
    files = sorted(SET5.glob("*.png"))
    assert len(files) == 5
    pictures = [to_picture(np.asarray(Image.open(file).convert("RGB"))) for file in files]
    return [crop_to_multiple(picture, factor) for picture in pictures]


@pytest.mark.parametrize("factor", PUBLISHED)
def test_as_the_papers_did_it(factor: int) -> None:
    """Luma rounded to 8 bits, shrunk and enlarged in floating point, rounded, cropped."""
    scores = []
    for picture in set5(factor):
        truth = (luma(picture).round() / 255).float()
        height, width = truth.shape[-2:]
        small = imresize_matlab(truth, (height // factor, width // factor)).clamp(0, 1)
        large = (imresize_matlab(small, (height, width)).clamp(0, 1) * 255).round() / 255
        inner = slice(factor, -factor)
        scores.append(psnr(truth[..., inner, inner], large[..., inner, inner]).item())
    assert np.mean(scores) == pytest.approx(PUBLISHED[factor], abs=0.005)


@pytest.mark.parametrize("factor", PUBLISHED)
def test_in_colour_and_8_bits(factor: int) -> None:
    """As today's programs do it, all three channels as 8-bit files: within .03 dB of the same."""
    scores = []
    for picture in set5(factor):
        large = enlarge(shrink(picture, factor), factor)
        scores.append(psnr_y(picture, large, border=factor).item())
    assert np.mean(scores) == pytest.approx(PUBLISHED[factor], abs=0.03)
