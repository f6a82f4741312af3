"""PSNR and SSIM against scikit-image, brute force and closed forms; intervals against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from intervals import figure
from scipy import stats
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from trombine.metrics import luma, psnr, ssim, ssim_map


def pair(seed: int, *shape: int, noise: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    """A smooth random picture and a noisy copy."""
    draw = np.random.default_rng(seed)
    steps = np.cumsum(np.cumsum(draw.normal(size=shape), -1), -2)
    low, high = steps.min(), steps.max()
    clean = (steps - low) / (high - low)
    noisy = np.clip(clean + draw.normal(0, noise, shape), 0, 1)
    return torch.tensor(clean, dtype=torch.float32), torch.tensor(noisy, dtype=torch.float32)


def reference_ssim(a: torch.Tensor, b: torch.Tensor) -> float:
    value = structural_similarity(
        a.double().numpy(),
        b.double().numpy(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=0,
    )
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize("shape", [(3, 33, 71), (1, 40, 40), (3, 11, 11)])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_ssim_is_that_of_scikit_image(shape: tuple[int, ...], noise: float) -> None:
    a, b = pair(sum(shape), *shape, noise=noise)
    assert ssim(a, b).item() == pytest.approx(reference_ssim(a, b), abs=1e-9)


def test_ssim_at_one_place_by_its_definition() -> None:
    """Wang et al., 2004, equation 13, with every sum written out."""
    a, b = (plane[0].double().numpy() for plane in pair(6, 1, 15, 17))
    weights = {
        (dy, dx): math.exp(-(dy * dy + dx * dx) / (2 * 1.5**2))
        for dy in range(-5, 6)
        for dx in range(-5, 6)
    }
    total = sum(weights.values())
    y, x = 7, 9

    def mean(of) -> float:
        return sum(w / total * of(y + dy, x + dx) for (dy, dx), w in weights.items())

    mean_a, mean_b = mean(lambda i, j: a[i, j]), mean(lambda i, j: b[i, j])
    var_a = mean(lambda i, j: (a[i, j] - mean_a) ** 2)
    var_b = mean(lambda i, j: (b[i, j] - mean_b) ** 2)
    cov = mean(lambda i, j: (a[i, j] - mean_a) * (b[i, j] - mean_b))
    c1, c2 = 1e-4, 9e-4
    expected = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    expected /= (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    ours = ssim_map(torch.tensor(a)[None], torch.tensor(b)[None])
    assert ours[0, y - 5, x - 5].item() == pytest.approx(expected, abs=1e-10)


def test_psnr_is_that_of_scikit_image() -> None:
    a, b = pair(7, 3, 21, 34)
    expected = peak_signal_noise_ratio(a.double().numpy(), b.double().numpy(), data_range=1)
    assert psnr(a, b).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("rgb", "y"),
    [
        ((0, 0, 0), 16),
        ((1, 1, 1), 235),
        ((1, 0, 0), 16 + 65.481),
        ((0, 1, 0), 16 + 128.553),
        ((0, 0, 1), 16 + 24.966),
        # By hand: 16 + (65.481 * 51 + 128.553 * 102 + 24.966 * 204) / 255 = 100.4902
        ((51 / 255, 102 / 255, 204 / 255), 100.4902),
    ],
)
def test_luma_is_that_of_matlab(rgb: tuple[float, float, float], y: float) -> None:
    """MATLAB's documentation: Y is in the range [16/255, 235/255]; black and white are its ends."""
    picture = torch.tensor(rgb, dtype=torch.float32)[:, None, None]
    assert luma(picture).item() == pytest.approx(y, abs=1e-4)


def test_the_interval_is_students() -> None:
    samples = np.array([21.0, 25.5, 23.1, 24.0, 22.2])
    ours = figure(samples)
    low, high = stats.t.interval(0.95, 4, loc=samples.mean(), scale=stats.sem(samples))
    assert (ours.low, ours.mean, ours.high) == pytest.approx((low, samples.mean(), high), abs=1e-9)
