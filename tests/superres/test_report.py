"""What was invented: the numbers against explicit ones, and the sheet."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.conventions import to_picture, to_pixels
from trombine.data.resize import imresize_matlab, shrink
from trombine.io.image import Picture
from trombine.superres.report import report_of
from trombine.world import face, paint

SIDE = 48


def painted(seed: int) -> np.ndarray:
    return paint(face(seed), 2 * SIDE, "photo").pixels


def shrunk(pixels: np.ndarray) -> np.ndarray:
    return to_pixels(shrink(to_picture(pixels.copy())[None], 2).clamp(0, 1)[0])


def image(pixels: np.ndarray) -> Picture:
    return Picture(samples=pixels)


def test_brought_down_is_measured_against_the_input() -> None:
    """Of a result that is off by a level, and by 40 in a corner."""
    small = shrunk(painted(2_000_001))
    result = np.repeat(np.repeat(small, 2, 0), 2, 1)
    result[:12, :12] = np.clip(result[:12, :12].astype(int) + 40, 0, 255)
    numbers = report_of(image(small), image(result), "title")[1]
    down = imresize_matlab(to_picture(result)[None], size=(SIDE, SIDE)).clamp(0, 1)[0]
    error = (down.double() - to_picture(small)).square()
    assert numbers["brought_down"]["psnr"] == pytest.approx(
        float(-10 * torch.log10(error.mean())), abs=0.01
    )
    assert numbers["brought_down"]["mean"] == pytest.approx(
        255 * float(error.mean(0).sqrt().mean()), abs=0.01
    )


def test_another_face_has_another_identity() -> None:
    """The same person drifts little; another one in its place, far."""
    large = {seed: painted(seed) for seed in (2_000_001, 2_000_004)}
    small = shrunk(large[2_000_001])
    found = {}
    for seed, pixels in large.items():
        sheet, numbers = report_of(image(small), image(pixels), "title")
        (found[seed],) = numbers["faces"]
        assert sheet.shape[1] <= 2000
    same, other = found.values()
    assert same["identity"] < 0.5 * other["identity"]
    assert same["landmarks"] < 0.5 * other["landmarks"]


def test_no_face_and_an_equal_picture_are_no_trouble() -> None:
    flat, large = (np.full((times * SIDE, times * SIDE, 3), 120, np.uint8) for times in (1, 2))
    numbers = report_of(image(flat), image(large), "")[1]
    assert numbers["faces"] == []
    assert numbers["brought_down"] == {"psnr": None, "mean": 0, "worst_percent": 0}
