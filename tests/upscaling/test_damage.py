"""Damage read from pixels, against files that Pillow wrote and noise of known strength."""

from __future__ import annotations

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from trombine.upscaling.damage import QUALITIES, _step, jpeg_quality, noise
from trombine.world.leaves import leaves

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee")


def photograph(name: str) -> np.ndarray:
    return getattr(skimage.data, name)()


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Pillow.open(file).convert("RGB"))


def test_steps_are_those_that_pillow_writes() -> None:
    for quality in QUALITIES:
        file = io.BytesIO()
        Pillow.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        table = Pillow.open(file).quantization[0]  # pyright: ignore[reportAttributeAccessIssue]
        assert (table[1], table[8], table[17]) == tuple(_step(s, quality) for s in (11, 12, 13))


@pytest.mark.parametrize("quality", [30, 50, 60, 75, 80, 85, 90])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_the_quality_of_a_jpeg_is_read_from_its_pixels(name: str, quality: int) -> None:
    """Cropped, so that no block begins at the corner; 74 and 75 have the same steps here."""
    found = jpeg_quality(jpeg(photograph(name), quality)[3:, 5:])
    assert found is not None and abs(found - quality) <= 1


def test_grey_small_and_saved_again() -> None:
    grey = np.repeat(photograph("chelsea")[..., 1:2], 3, 2)
    assert jpeg_quality(jpeg(grey, 70)) == 70
    small = photograph("astronaut")[100:160, 200:264]
    assert jpeg_quality(jpeg(small, 70)) == 70
    assert jpeg_quality(jpeg(jpeg(photograph("coffee"), 60), 92)) == 60


def test_what_was_no_jpeg_has_no_quality() -> None:
    """Photographs as they are, shrunk, of high quality; leaves; too small; plain."""
    for name in PHOTOGRAPHS:
        assert jpeg_quality(photograph(name)) is None
        assert jpeg_quality(photograph(name)[::2, ::2]) is None
        assert jpeg_quality(jpeg(photograph(name), 100)) is None
    assert all(jpeg_quality(leaves(seed, 128)) is None for seed in range(2_000_000, 2_000_020))
    assert jpeg_quality(jpeg(photograph("coffee"), 50)[:31, :90]) is None
    assert jpeg_quality(np.full((64, 64, 3), 90, np.uint8)) is None


@pytest.mark.parametrize("strength", [3.0, 5.0, 8.0])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_noise_is_as_strong_as_it_was_made(name: str, strength: float) -> None:
    clean, random = photograph(name), np.random.default_rng(3)
    noisy = clean + random.normal(0, strength, clean.shape)
    found = noise(np.clip(noisy, 0, 255).round().astype(np.uint8))
    assert found == pytest.approx(strength, rel=0.35)
    assert noise(clean) < 2


def test_grey_texture_is_no_noise() -> None:
    for name in ("grass", "gravel", "brick"):
        assert noise(np.repeat(getattr(skimage.data, name)()[..., None], 3, 2)) == 0
    assert noise(np.zeros((9, 9, 3), np.uint8)) == 0
