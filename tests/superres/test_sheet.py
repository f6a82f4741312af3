"""The standard sheet shows what it says, where it says, for pictures of any size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from trombine.io.sheets import PAPER
from trombine.superres import report
from trombine.superres.report import (
    CELL,
    _columns,
    detail,
    scores,
    standard_sheet,
)

Pixels = np.ndarray
PAPER_PIXEL = np.array(PAPER, np.uint8)


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def larger(pixels: Pixels, factor: int) -> Pixels:
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def times_in(sheet: Pixels, piece: Pixels) -> int:
    """How often the piece stands on the sheet, pixel for pixel."""
    height, width = piece.shape[:2]
    inner = sheet[: sheet.shape[0] - height + 1, : sheet.shape[1] - width + 1]
    corners = np.argwhere((inner == piece[0, 0]).all(axis=2))
    return sum(
        np.array_equal(sheet[y : y + height, x : x + width], piece) for y, x in corners.tolist()
    )


@pytest.mark.parametrize("known", [False, True])
def test_details_are_the_same_place_of_every_picture(known: bool) -> None:
    """Made of squares, input and result are the same picture: so are their columns."""
    small = noise(300, 450)
    result = larger(small, 2)
    sheet = standard_sheet(small, result, result if known else None, "details")
    cell = CELL[4 if known else 3]
    for zoom in (1, 3):
        piece = min(round(600 * cell / 900) // zoom, 600), cell // zoom
        top, left, height, width = detail(small, (600, 900), piece)
        shown = larger(result[top : top + height, left : left + width], zoom)
        assert times_in(sheet, shown) == (3 if known else 2), "not as often as there are columns"


def test_the_detail_is_where_the_picture_is_busy() -> None:
    small = np.full((120, 200, 3), 90, np.uint8)
    small[80:100, 30:50] = noise(20, 20)
    top, left, height, width = detail(small, (240, 400), (40, 40))
    assert (height, width) == (40, 40)
    assert abs(top - 160) <= 2 and abs(left - 60) <= 2
    plain = np.full((100, 100, 3), 7, np.uint8)
    assert detail(plain, (200, 200), (40, 60)) == (80, 70, 40, 60), "its middle"


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ((1, 1), (2, 2)),
        ((3, 400), (6, 800)),
        ((700, 90), (1400, 180)),
        ((50, 70), (133, 177)),
        ((500, 311), (1000, 622)),
    ],
)
def test_any_size_makes_a_sheet_of_moderate_size(
    small: tuple[int, int], large: tuple[int, int]
) -> None:
    """Whether the truth is known or not."""
    result = noise(*large, 1)
    for truth in (None, result):
        sheet = standard_sheet(noise(*small), result, truth, "any size")
        assert sheet.shape[1] < 2000 and sheet.shape[0] < 2000
        assert (sheet[:, :4] == PAPER_PIXEL).all() and (sheet[:, -4:] == PAPER_PIXEL).all()


@pytest.mark.parametrize("height", [64, 530])
def test_all_of_a_picture_is_measured_in_its_luma(height: int) -> None:
    """In one piece it is scikit-image's, to the rounding of pixels; the border is left out."""
    truth, result = noise(height, 30), noise(height, 30, 1)
    result[20:] = truth[20:] // 2 + result[20:] // 2
    result[-1] = 0
    rows = slice(2, height - 2)
    weights = np.array([65.481, 128.553, 24.966])
    y = [16 + one[rows, 2:-2].astype(float) @ weights / 255 for one in (truth, result)]
    found = scores(truth[::2, ::2], result, truth)["result"]
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(*y, data_range=255), abs=1e-4)
    alike = structural_similarity(
        *y, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert found.ssim == pytest.approx(alike, abs=1e-5)


def test_no_numbers_without_truth_and_none_for_specks() -> None:
    small = noise(8, 8)
    assert list(_columns(small, larger(small, 2), None, {}))[1:] == ["bicubic", "result"]
    speck = noise(2, 2), noise(4, 4), noise(4, 4)
    assert list(_columns(*speck, scores(*speck))) == ["input, 2 × 2", "bicubic", "result", "truth"]


def test_of_a_result_as_large_as_the_input_bicubic_is_left_out() -> None:
    """It would be the input once more, which has its numbers."""
    truth = noise(320, 320)
    small, result = truth // 2, truth // 4 * 3
    near = scores(small, result, truth)
    columns = _columns(small, result, truth, near)
    assert [title.split()[0] for title in columns] == ["input", "result", "truth"]
    score = near["bicubic"]
    assert next(iter(columns)) == f"input  {score.psnr:.2f}, {score.ssim:.4f}"


def test_a_large_picture_is_measured_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sums would fill the memory."""
    highest, whole = 0, report.ssim

    def watched(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        nonlocal highest
        highest = max(highest, a.shape[-2])
        return whole(a, b)

    monkeypatch.setattr(report, "ssim", watched)
    truth = noise(1200, 16)
    assert scores(truth[::2, ::2], truth, truth)["result"] == (math.inf, pytest.approx(1))
    assert 0 < highest < 300
