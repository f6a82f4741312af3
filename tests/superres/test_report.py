"""What was invented: the numbers against explicit ones, and the sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from trombine.core.conventions import to_picture, to_pixels
from trombine.data.degrade import imresize_matlab, shrink
from trombine.io.image import Picture
from trombine.models import Card, Model
from trombine.nets import build
from trombine.superres.pictures import How, deviations, enlarged_colours
from trombine.superres.pipelines import Pipeline
from trombine.superres.report import report_of
from trombine.world import face, paint

SIDE = 48


def pipeline(height: int, width: int) -> Pipeline:
    net = build("residual", {"width": 6, "depth": 2, "factor": 2}, seed=2).eval()
    card = Card(task="upscale", net="residual", sizes=net.sizes)
    model = Model(net=net, card=card, hash="", path=Path())
    return Pipeline(models=(model,), size=(2 * height, 2 * width), last="")


def painted(seed: int) -> np.ndarray:
    return paint(face(seed), 2 * SIDE, "photo").pixels


def shrunk(pixels: np.ndarray) -> np.ndarray:
    return to_pixels(shrink(to_picture(pixels.copy())[None], 2).clamp(0, 1)[0])


def image(pixels: np.ndarray) -> Picture:
    return Picture(samples=pixels)


def test_deviations_are_those_of_eight_results() -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (14, 19, 3), np.uint8)
    results = []
    for at in range(8):
        turned = np.rot90(pixels[:, ::-1] if at >= 4 else pixels, at % 4).copy()
        made, _ = enlarged_colours(image(turned).rgb(), None, pipeline(*turned.shape[:2]))
        made = np.rot90(made.permute(1, 2, 0).numpy(), -(at % 4))
        results.append(made[:, ::-1] if at >= 4 else made)
    expected = np.sqrt(np.var(np.stack(results).astype(float), axis=0).mean(axis=2))
    assert np.abs(deviations(image(pixels), pipeline(14, 19)) - expected).max() < 1e-5
    assert expected.max() > 1e-3


def test_brought_down_is_measured_against_the_input() -> None:
    """Of a result that is off by a level, and by 40 in a corner."""
    small = shrunk(painted(2_000_001))
    result = np.repeat(np.repeat(small, 2, 0), 2, 1)
    result[:12, :12] = np.clip(result[:12, :12].astype(int) + 40, 0, 255)
    numbers = report_of(image(small), image(result), pipeline(SIDE, SIDE), "title", How()).numbers
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
        report = report_of(image(small), image(pixels), pipeline(SIDE, SIDE), "title", How())
        (found[seed],) = report.numbers["faces"]
        assert report.sheet.shape[1] <= 2000
    same, other = found.values()
    assert same["identity"] < 0.5 * other["identity"]
    assert same["landmarks"] < 0.5 * other["landmarks"]


def test_no_face_and_an_equal_picture_are_no_trouble() -> None:
    flat, large = (np.full((times * SIDE, times * SIDE, 3), 120, np.uint8) for times in (1, 2))
    numbers = report_of(image(flat), image(large), pipeline(SIDE, SIDE), "", How()).numbers
    assert numbers["faces"] == []
    assert numbers["brought_down"] == {"psnr": None, "mean": 0, "worst_percent": 0}
