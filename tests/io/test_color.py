"""Colours through profiles, against closed forms and against Pillow's LittleCMS."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from PIL import ImageCms

from trombine.io.color import from_srgb, speaks, to_srgb

RNG = np.random.default_rng(3)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ADOBE = imagecodecs.cms_profile("adobergb")
GREY = imagecodecs.cms_profile("gray", gamma=1.8)

# Adobe RGB (1998) and sRGB to XYZ (D65), from their standards.
ADOBE_TO_XYZ = np.array(
    [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
)
SRGB_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)


def encoded(light: np.ndarray) -> np.ndarray:
    """sRGB's curve, from linear light."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_adobe_rgb_is_what_its_standard_says(dtype: type) -> None:
    top = np.iinfo(dtype).max
    samples = RNG.integers(0, top + 1, (5000, 3)).astype(dtype)
    light = (samples / top) ** (563 / 256) @ ADOBE_TO_XYZ.T
    expected = encoded(light @ np.linalg.inv(SRGB_TO_XYZ).T)
    assert np.abs(to_srgb(samples, ADOBE) - expected).max() < 1.2 / 255


def test_sixteen_bits_are_finer_than_eight() -> None:
    """In the dark, where a shortcut of the library is twenty levels off."""
    samples = np.repeat(np.arange(0, 2000, 7, dtype=np.uint16)[:, None], 3, axis=1)
    expected = encoded((samples / 65535) ** (563 / 256))
    assert np.abs(to_srgb(samples, ADOBE) - expected).max() < 0.15 / 255


def test_a_grey_profile_is_a_curve() -> None:
    samples = np.arange(256, dtype=np.uint8)[:, None]
    expected = encoded((samples / 255) ** 1.8)
    assert np.abs(to_srgb(samples, GREY) - expected).max() < 0.7 / 255


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("profile", [None, SRGB])
@pytest.mark.parametrize("channels", [1, 3])
def test_without_a_profile_there_and_back_is_exact(
    channels: int, profile: bytes | None, dtype: type
) -> None:
    samples = np.arange(np.iinfo(dtype).max + 1).astype(dtype)[:, None]
    samples = np.repeat(samples, channels, axis=1)
    colours = to_srgb(samples, profile)
    assert np.array_equal(from_srgb(colours, channels, profile, np.dtype(dtype)), samples)


@pytest.mark.parametrize(("profile", "channels"), [(ADOBE, 3), (GREY, 1)])
def test_what_a_space_can_show_comes_back_alike(profile: bytes, channels: int) -> None:
    """sRGB to the space and back: what a repair puts into a file is what is then seen there."""
    colours = RNG.random((3000, 3), np.float32)
    colours = np.repeat(colours[:, :1], 3, axis=1) if channels == 1 else colours
    samples = from_srgb(colours, channels, profile, np.dtype(np.uint16))
    assert np.abs(to_srgb(samples, profile) - colours).max() < 0.5 / 255


def test_which_profiles_are_listened_to() -> None:
    assert speaks(ADOBE, 3)
    assert speaks(GREY, 1)
    assert not speaks(None, 3)
    assert not speaks(SRGB, 3), "sRGB changes nothing"
    assert not speaks(imagecodecs.cms_profile("srgb"), 3), "another maker's sRGB neither"
    assert not speaks(ADOBE, 1), "it is for another space"
    assert not speaks(GREY, 3)
    assert not speaks(b"", 3), "it is none"
    assert not speaks(ADOBE[:200], 3), "it is cut short"
