"""Degradations beside scipy, Pillow, brute force, and the moments that noise must have."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage, stats
from skimage import data
from skimage.filters import unsharp_mask

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.rng import Rng
from trombine.data.degrade import (
    WEBP_EFFORT,
    box_blur,
    gaussian_blur,
    gaussian_noise,
    jpeg,
    jpeg_by_tensors,
    long_gaussian_blur,
    motion_blur,
    pattern_noise,
    poisson_noise,
    sensor_pattern,
    sharpened,
    webp,
)
from trombine.data.resize import (
    matlab_weights,
    resize_pillow,
    shrink_area,
    shrink_rescaled,
    smaller_and_back,
)


def pictures(count: int = 3, height: int = 40, width: int = 56) -> torch.Tensor:
    """Edges, slopes and grain in each."""
    levels = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(5))
    levels[..., : width // 2] = levels[..., : width // 2] * 0.2 + 0.7
    levels[:, 1] = torch.linspace(0, 1, width)
    return (levels * 255).round() / 255


def chance(count: int, seed: int = 1) -> Rng:
    return Rng(seed=seed, places=np.arange(count, dtype=np.int64))


def amounts(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float64)


def by_scipy(
    batch: torch.Tensor, filtered: Callable[[np.ndarray, int], np.ndarray]
) -> torch.Tensor:
    """Each plane of each picture n by filtered(plane, n), in float64."""
    planes = batch.double().numpy()
    return torch.from_numpy(
        np.stack([[filtered(plane, n) for plane in one] for n, one in enumerate(planes)])
    ).float()


# --- blur ---------------------------------------------------------------------------------------


def test_a_gaussian_is_scipys() -> None:
    sigmas = [0.3, 1.0, 4.3]
    expected = by_scipy(
        pictures(), lambda p, n: ndimage.gaussian_filter(p, sigmas[n], mode="nearest")
    )
    assert torch.allclose(gaussian_blur(pictures(), amounts(*sigmas)), expected, atol=1e-6)


def test_sharpened_is_the_unsharp_mask_of_scikit_image() -> None:
    """But at the border, beyond which that mirrors the picture."""
    times, sigmas = [0.0, 0.7, 3.0], [1.0, 0.6, 1.4]
    expected = by_scipy(pictures(), lambda p, n: unsharp_mask(p, sigmas[n], times[n]))
    found = sharpened(pictures(), amounts(*times), amounts(*sigmas))
    inside = (..., slice(6, -6), slice(6, -6))
    assert torch.allclose(found[inside], expected[inside], atol=1e-5)
    assert found.min() == 0 and found.max() == 1


@pytest.mark.parametrize("angle", [30.0, 135.0])
def test_a_long_gaussian_is_the_density_of_two_normal_numbers(angle: float) -> None:
    turn = math.radians(angle)
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    spread = turned @ np.diag([3.0**2, 1.0]) @ turned.T  # of x, y
    y, x = np.mgrid[-12:13, -12:13]
    normal: Any = stats.multivariate_normal  # its annotations know no matrices
    weights = normal([0, 0], spread).pdf(np.stack([x, y], axis=-1))
    weights /= weights.sum()
    made = long_gaussian_blur(pictures(1), amounts(3), amounts(1), amounts(angle))
    expected = by_scipy(pictures(1), lambda p, n: ndimage.correlate(p, weights, mode="nearest"))
    assert torch.allclose(made, expected, atol=1e-6)


def test_a_box_of_odd_width_is_scipys() -> None:
    widths = [1, 3, 7]
    made = box_blur(pictures(), amounts(*widths))
    expected = by_scipy(
        pictures(), lambda p, n: ndimage.uniform_filter(p, widths[n], mode="nearest")
    )
    assert torch.allclose(made, expected, atol=1e-6)


@pytest.mark.parametrize("width", [0.5, 1.0, 1.4, 2.0, 4.2, 5.8])
@pytest.mark.parametrize("side", [24, 300])
def test_a_box_of_any_width_counts_parts_of_pixels(width: float, side: int) -> None:
    """Of one bright pixel, counted on a grid ten times as fine; small pictures and large ones."""
    plain = torch.zeros(1, 3, side, side)
    plain[..., 12, 12] = 1
    fine = (np.arange(10 * side) + 0.5) / 10 - 12.5
    counted = (np.abs(fine) < max(width, 1.0) / 2).reshape(-1, 10).sum(axis=1)
    shares = torch.from_numpy(counted / counted.sum()).float()
    made = box_blur(plain, amounts(width))[0, 0]
    assert torch.allclose(made, shares[:, None] * shares, atol=1e-6)


def test_the_matrix_and_the_transform_agree() -> None:
    """Small pictures go one way, large ones the other; at the border, too."""
    sigmas = amounts(0.4, 1.7, 6.0)
    batch = torch.rand(3, 3, 260, 256, generator=torch.Generator().manual_seed(3))
    large = gaussian_blur(batch, sigmas)
    small = gaussian_blur(batch[:, :, :200], sigmas)
    assert torch.allclose(large[:, :, :170], small[:, :, :170], atol=2e-6)


@pytest.mark.parametrize(
    ("length", "angle"), [(0, 0), (3, 0), (7.3, 90), (9, 45), (6.4, 27), (12, 161)]
)
def test_motion_is_near_the_integral_along_a_line(length: float, angle: float) -> None:
    """The mean of the picture, read between its pixels, at many places of the line; the shutter's
    ends are a pixel soft."""
    steps = 2000
    moved = (np.arange(steps) + 0.5) / steps * length - length / 2
    x, y = moved * math.cos(math.radians(angle)), moved * math.sin(math.radians(angle))
    plane = ndimage.gaussian_filter(pictures(1)[0, 0].double().numpy(), 1.0)
    rows, columns = (grid.ravel() for grid in np.mgrid[9:31:3, 9:47:3])
    at = [rows[:, None] + y, columns[:, None] + x]
    expected = ndimage.map_coordinates(plane, at, order=1, mode="nearest").mean(1)
    shown = torch.from_numpy(plane).float().expand(1, 3, -1, -1).contiguous()
    made = motion_blur(shown, amounts(length), amounts(angle))[0, 0].numpy()
    plain = np.abs(plane[rows, columns] - expected).mean()
    assert np.abs(made[rows, columns] - expected).mean() < max(0.1 * plain, 1e-5)


# --- noise --------------------------------------------------------------------------------------


@pytest.mark.parametrize("grey", [False, True])
def test_gaussian_noise_has_its_moments(grey: bool) -> None:
    plain = torch.full((3, 3, 128, 128), 0.5)
    strengths = [0.01, 0.05, 0.1]
    off = (gaussian_noise(plain, amounts(*strengths), chance(3), grey=grey) - plain).double()
    for one, strength in zip(off, strengths, strict=True):
        error = strength / math.sqrt(one.numel() / (3 if grey else 1))
        assert abs(one.mean()) < 4 * error
        assert one.std().item() == pytest.approx(strength, abs=4 * error)
        assert stats.kstest(one[0].flatten().numpy() / strength, "norm").pvalue > 1e-3
        together = torch.corrcoef(one.flatten(1))[0, 1].item()
        assert together == pytest.approx(1 if grey else 0, abs=0.04)


@pytest.mark.parametrize("photons", [20, 500])
def test_the_variance_of_light_is_its_mean_over_the_photons(photons: int) -> None:
    levels = torch.tensor([0.1, 0.2, 0.3])  # seldom more than white
    plain = levels[:, None, None, None].expand(3, 3, 160, 160).contiguous()
    made = poisson_noise(plain, amounts(*[photons] * 3), chance(3)).double()
    for one, level in zip(made, levels.tolist(), strict=True):
        samples = one[one < 1]
        variance = level / photons
        assert samples.mean().item() == pytest.approx(level, abs=5 * math.sqrt(variance / 76800))
        assert samples.var().item() == pytest.approx(variance, rel=0.05)
        counts = samples * photons
        assert torch.allclose(counts, counts.round(), atol=1e-3), "photons come whole"


def test_a_pattern_is_the_sensors() -> None:
    """The same whatever the picture, the run or its place; another sensor has another."""
    plain = torch.full((3, 3, 48, 64), 0.5)
    one = pattern_noise(plain, amounts(0.02, 0.02, 0.04), np.array([7, 7, 8])) - plain
    assert torch.equal(one[0], one[1])
    assert abs(torch.corrcoef(torch.stack([one[0].flatten(), one[2].flatten()]))[0, 1]) < 0.1
    twice = pattern_noise(plain[:1], amounts(0.04), np.array([7])) - plain[:1]
    assert torch.allclose(twice[0], 2 * one[0], atol=1e-6)
    smaller = pattern_noise(plain[:1, :, :20, :30], amounts(0.02), np.array([7]))
    assert torch.equal(smaller[0] - 0.5, one[0, :, :20, :30])


def test_a_pattern_is_gain_and_stripes() -> None:
    gain, offset = sensor_pattern(3, 300, 200)
    assert gain.std() == pytest.approx(1, abs=0.02) and abs(gain.mean()) < 0.02
    rows, columns = offset[0].mean(axis=1), offset[0].mean(axis=0)
    assert offset[0] == pytest.approx(rows[:, None] + columns - offset.mean())
    assert rows.std() == pytest.approx(0.5, abs=0.1) and columns.std() == pytest.approx(
        0.5, abs=0.1
    )
    dark = pattern_noise(torch.full((1, 3, 30, 20), 0.25), amounts(0.01), np.array([3]))[0] - 0.25
    gain, offset = sensor_pattern(3, 30, 20)
    assert dark.numpy() == pytest.approx(0.01 * (0.25 * gain + offset), abs=1e-6)


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "made", "options"),
    [("JPEG", jpeg, {}), ("WEBP", webp, {"method": WEBP_EFFORT})],
)
def test_files_are_pillows(
    kind: str, made: Callable[..., torch.Tensor], options: dict[str, int]
) -> None:
    qualities = [10, 55, 95]
    results = made(pictures(), np.array(qualities))
    far = []
    for picture, result, quality in zip(pictures(), results, qualities, strict=True):
        buffer = io.BytesIO()
        Image.fromarray(to_pixels(picture)).save(buffer, kind, quality=quality, **options)
        read = np.asarray(Image.open(buffer).convert("RGB"))
        assert torch.equal(result, to_picture(read))
        far.append((result - picture).square().mean().item())
    assert far[0] > far[1] > far[2] > 0


# --- smaller ------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_area_is_the_mean_of_a_square(factor: int) -> None:
    batch = pictures()
    made = (shrink_area(batch, factor) * 255).round()
    levels = (batch * 255).round().long()
    for row, column in [(0, 0), (2, 3), (40 // factor - 1, 56 // factor - 1)]:
        rows = slice(row * factor, (row + 1) * factor)
        columns = slice(column * factor, (column + 1) * factor)
        total = levels[..., rows, columns].sum(dim=(-1, -2))
        expected = (2 * total + factor**2) // (2 * factor**2)  # halves up, in whole numbers
        assert torch.equal(made[..., row, column].long(), expected)


def test_rescaled_fits_what_leaves_the_range_and_leaves_the_rest() -> None:
    """By hand, from the matrix of weights: bars overshoot; a soft picture beside them does not."""
    bars = torch.zeros(3, 24, 24)
    bars[:, 8:16, 8:16] = 1
    made = shrink_rescaled(torch.stack([bars, torch.full_like(bars, 0.4)]), 2)
    weights = matlab_weights(24, 12, "bicubic").toarray()
    wanted = weights @ bars[0].double().numpy() @ weights.T
    low, high = wanted.min(), wanted.max()
    assert low < -0.01 and high > 1.02
    levels = np.round((wanted - low) / (high - low) * 255)
    assert np.abs((made[0] * 255).numpy() - levels).max() < 1e-3
    assert torch.equal(made[1], torch.full((3, 12, 12), 102 / 255))


def test_smaller_and_back_is_pillow_twice_to_a_level() -> None:
    """Which rounds between its two passes."""
    made = smaller_and_back(pictures(), amounts(1.0, 0.5, 0.31))
    expected = pictures()
    for number, size in ((1, (20, 28)), (2, (12, 17))):
        small = resize_pillow(pictures()[number], size)
        expected[number] = resize_pillow(small, (40, 56))
    assert (made - expected).abs().max() < 2.5 / 255 and torch.equal(made[0], pictures()[0])


@pytest.mark.parametrize("quality", [10, 30, 60, 80, 95])
def test_the_jpeg_of_tensors_is_the_files(quality: int) -> None:
    """Its damage is that of a file: what is left between them is a part of it."""
    whole = torch.from_numpy(data.astronaut()[:203, :301].copy()).permute(2, 0, 1)[None] / 255
    level = np.array([quality])
    file, made = jpeg(whole, level), jpeg_by_tensors(whole, level)
    assert (file - made).abs().mean() < 1 / 255
    damage, ours = (file - whole).flatten(), (made - whole).flatten()
    assert torch.corrcoef(torch.stack([damage, ours]))[0, 1] > 0.8
