"""Leaves against independent truth: closed forms, brute force, and photographs of scikit-image."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import scipy.stats
import skimage.color
import skimage.data
from skimage.color.colorconv import xyz_from_rgb

from trombine.world import kernel_leaves as kernels
from trombine.world import leaves_colours as colours
from trombine.world.leaves import LARGEST, SHAPE, Camera, Scene, draw_scene, expose, leaves

PICTURES = 48  # that the statistics are taken of
SEEDS = range(5_000, 5_000 + PICTURES)


@pytest.fixture(scope="module")
def photographs() -> list[np.ndarray]:
    """Five photographs, uint8, H x W x 3."""
    data = skimage.data
    names = (data.astronaut, data.chelsea, data.coffee, data.rocket)
    return [*(photo() for photo in names), data.stereo_motorcycle()[0]]


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """Leaves pictures of 256 px."""
    return [leaves(seed, 256) for seed in SEEDS]


# --- statistics ---


def law(radii: np.ndarray, smallest: float) -> np.ndarray:
    """The distribution function of p(r) ~ r^-3 between `smallest` and LARGEST."""
    low, high = smallest**-2, LARGEST**-2
    return (low - radii**-2.0) / (low - high)


def test_sizes_follow_the_inverse_cube() -> None:
    scenes = [draw_scene(seed) for seed in range(60)]
    pooled = np.concatenate([law(scene.radii, scene.smallest) for scene in scenes])
    assert scipy.stats.kstest(pooled, "uniform").pvalue > 0.01


def luminance(picture: np.ndarray) -> np.ndarray:
    return picture[..., :3] @ np.array([0.299, 0.587, 0.114]) / 255


def slope(picture: np.ndarray) -> float:
    """Of the amplitude spectrum against frequency, both in logarithms, .03 to .25 cycles a pixel.

    The mean over overlapping windows of 256 pixels, and over directions.
    """
    grey, n = luminance(picture), 256
    window = np.hanning(n)[:, None] * np.hanning(n)
    corners = [
        (y, x)
        for y in range(0, grey.shape[0] - n + 1, n // 2)
        for x in range(0, grey.shape[1] - n + 1, n // 2)
    ]
    tiles = np.stack([grey[y : y + n, x : x + n] for y, x in corners])
    tiles = (tiles - tiles.mean((1, 2), keepdims=True)) * window
    amplitude = np.abs(np.fft.fft2(tiles)).mean(0)
    frequency = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.fftfreq(n))
    ring = np.round(frequency * n).astype(int)
    used = np.arange(8, 65)
    mean = [amplitude[ring == r].mean() for r in used]
    return float(np.polyfit(np.log(used), np.log(mean), 1)[0])


def test_spectrum_falls_as_in_photographs(
    pictures: list[np.ndarray], photographs: list[np.ndarray]
) -> None:
    of_photographs = [slope(photo) for photo in photographs]  # -.96 to -1.55
    mean = np.mean([slope(picture) for picture in pictures])
    assert min(of_photographs) < mean < max(of_photographs)
    assert -1.55 < mean < -1.1


def kurtosis(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Of the differences between neighbours in each picture; a Gaussian's is 3."""
    steps = [np.diff(luminance(picture), axis=1).ravel() for picture in pictures]
    return np.array([scipy.stats.kurtosis(s, fisher=False) for s in steps])


def test_gradients_have_heavy_tails(
    pictures: list[np.ndarray], photographs: list[np.ndarray]
) -> None:
    ours, theirs = kurtosis(pictures), kurtosis(photographs)
    assert theirs.min() < np.median(ours) < theirs.max()  # 11 to 33
    assert np.percentile(ours, 10) > 5


@pytest.fixture(scope="module")
def thumbnails() -> np.ndarray:
    """200 leaves pictures of 64 px in [0, 1]."""
    return np.stack([leaves(seed, 64) for seed in range(6_000, 6_200)]) / 255


def test_colours_are_neutral_on_average(thumbnails: np.ndarray) -> None:
    mean = thumbnails.mean((0, 1, 2))
    # A photograph's mean has a spread of about .1 between channels: .008 on 200 of them. Those of
    # ImageNet are .036 redder and .044 less blue than grey.
    assert np.abs(mean - mean.mean()).max() < 0.03
    assert 0.35 < mean.mean() < 0.5


# --- outlines ---


def alone(size: int, **fields: float) -> np.ndarray:
    """One white shape on black, in even light."""
    shapes = np.zeros(2, SHAPE)
    shapes["cos"], shapes["x"], shapes["y"], shapes["kind"] = 1, 0.5, 0.5, kernels.BOX
    shapes["a"], shapes["b"] = 1.5, 1.5
    for name, value in {"r0": 1, "g0": 1, "b0": 1, **fields}.items():
        shapes[name][0] = value
    scene = Scene(
        shapes=shapes,
        lamp=np.array([0.0, 0.0, 1.0]),
        glow=np.zeros((1, 4)),
        camera=Camera(),
        radii=np.array([0.1]),
        smallest=0.1,
    )
    return expose(scene, size).light[..., 0]


def turned(angle: float) -> dict[str, float]:
    return {"cos": np.cos(angle), "sin": np.sin(angle)}


def grid(size: int, finer: int, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of a fine grid in axes turned by the angle about the middle of the picture."""
    at = (np.arange(size * finer) + 0.5) / (size * finer) - 0.5
    x, y = np.meshgrid(at, at)
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def shrink(inside: np.ndarray, finer: int) -> np.ndarray:
    """The share of each pixel that is inside."""
    n = len(inside) // finer
    return inside.reshape(n, finer, n, finer).mean((1, 3))


@pytest.mark.parametrize("angle", [0.3, np.pi / 4])
@pytest.mark.parametrize(("a", "b"), [(0.3, 0.3), (0.4, 0.2), (0.35, 0.06)])
def test_ellipse_covers_what_brute_force_says(a: float, b: float, angle: float) -> None:
    drawn = alone(64, kind=kernels.BLOB, a=a, b=b, **turned(angle))
    u, v = grid(64, 16, angle)
    truth = shrink((u / a) ** 2 + (v / b) ** 2 < 1, 16)
    off, edge = np.abs(drawn - truth), (truth > 0) & (truth < 1)
    assert off.max() < 0.08  # at the tips, where the outline is bent most
    assert off[edge].mean() < 0.012
    assert drawn.sum() == pytest.approx(truth.sum(), rel=0.01)


@pytest.mark.parametrize("angle", [0.0, 0.1, np.pi / 4])
def test_box_covers_what_brute_force_says(angle: float) -> None:
    drawn = alone(64, kind=kernels.BOX, a=0.3, b=0.2, **turned(angle))
    u, v = grid(64, 16, angle)
    truth = shrink((np.abs(u) < 0.3) & (np.abs(v) < 0.2), 16)
    off, edge = np.abs(drawn - truth), (truth > 0) & (truth < 1)
    assert off.max() < 0.3  # the corners
    assert off[edge].mean() < 0.015


@pytest.mark.parametrize("angle", [0.0, 0.2, np.pi / 4])
@pytest.mark.parametrize("pixels", [0.1, 1.0, 3.0])
def test_a_line_keeps_its_light_however_thin_and_turned(pixels: float, angle: float) -> None:
    b = pixels / 64 / 2
    drawn = alone(64, kind=kernels.STROKE, a=0.3, b=b, **turned(angle))
    area = 64 * 64 * (0.6 * 2 * b + np.pi * b * b)
    assert drawn.sum() == pytest.approx(area, rel=0.04)


def test_a_leaf_ends_where_its_parabolas_meet() -> None:
    drawn = alone(64, kind=kernels.LEAF, a=0.4, b=0.15, **turned(0.4))
    u, v = grid(64, 16, 0.4)
    truth = shrink(np.abs(v) < 0.15 * (1 - (u / 0.4) ** 2), 16)
    assert np.abs(drawn - truth).max() < 0.1
    assert drawn.sum() == pytest.approx(64 * 64 * 8 / 3 * 0.4 * 0.15, rel=0.01)


def test_out_of_focus_moves_light_but_loses_none() -> None:
    sharp = alone(128, kind=kernels.BOX, a=0.2, b=0.2)
    soft = alone(128, kind=kernels.BOX, a=0.2, b=0.2, soft=0.1)
    assert soft.sum() == pytest.approx(sharp.sum(), rel=0.03)
    assert np.abs(np.diff(soft, axis=1)).max() < 0.2 * np.abs(np.diff(sharp, axis=1)).max()


# --- colours ---


def test_colours_are_oklab() -> None:
    # Björn Ottosson's own figures for white, and for sRGB's red, green and blue.
    known = [[1.0, 0.0, 0.0], [0.62796, 0.25768, 29.234], [0.86644, 0.29483, 142.495],
             [0.45201, 0.31321, 264.052]]  # fmt: skip
    light = colours.to_light(np.array(known))
    assert np.abs(light - [[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).max() < 2e-4


def test_screen_is_srgb() -> None:
    light = np.linspace(0, 1, 101)
    # Through XYZ and back scikit-image applies the same curve to each channel.
    xyz = np.repeat(light[:, None], 3, axis=1) @ xyz_from_rgb.T
    expected = skimage.color.xyz2rgb(xyz)[:, 0]
    assert np.abs(colours.to_screen(light) - expected).max() < 1e-6
