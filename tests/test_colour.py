"""Colours through profiles, against closed forms and against Pillow's LittleCMS."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from trombine.colour import from_srgb, speaks, to_srgb

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


def cmyk_profile() -> bytes:
    """A CMYK printer whose ink works as light filters do, as an ICC profile of tables.

    The tables hold Lab for 17 steps of each ink, and the inks for 49 steps of L, a and b.
    """
    tables = {b"A2B0": _table(4, 3, 17, _lab_of_inks), b"B2A0": _table(3, 4, 49, _inks_of_lab)}
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"inks\0" + bytes(78)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    bodies = {b"desc": text, b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": white, **tables}
    bodies |= {b"A2B1": tables[b"A2B0"], b"B2A1": tables[b"B2A0"]}
    index, data = struct.pack(">I", len(bodies)), b""
    start = 128 + 4 + 12 * len(bodies)
    for name, body in bodies.items():
        body += bytes(-len(body) % 4)
        index += name + struct.pack(">II", start + len(data), len(body))
        data += body
    header = struct.pack(">I", start + len(data)) + b"lcms" + struct.pack(">I", 0x02400000)
    header += b"prtrCMYKLab " + bytes(12) + b"acsp" + bytes(28)
    header += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + index + data


def _table(
    inputs: int, outputs: int, size: int, function: Callable[[np.ndarray], np.ndarray]
) -> bytes:
    """An ICC lut16Type: straight curves, and the function at `size` steps of each input."""
    steps = np.linspace(0, 1, size)
    grid = np.stack(np.meshgrid(*[steps] * inputs, indexing="ij"), axis=-1).reshape(-1, inputs)
    values = np.clip(function(grid), 0, 1)
    matrix = struct.pack(">9i", *(np.eye(3) * 65536).astype(int).ravel())
    straight = struct.pack(">HH", 0, 65535)
    return (
        b"mft2"
        + bytes(4)
        + bytes([inputs, outputs, size, 0])
        + matrix
        + struct.pack(">HH", 2, 2)
        + straight * inputs
        + (values * 65535).round().astype(">u2").tobytes()
        + straight * outputs
    )


_LAB_TOP = 65280 / 65535  # version 2 stores L 100 as 0xFF00, and a and b from -128
_WHITE = SRGB_TO_XYZ.sum(axis=1)


def _lab_of_inks(inks: np.ndarray) -> np.ndarray:
    """The inks as filters before each other, seen on a screen, as Lab in 0 to 1."""
    from skimage.color import rgb2lab

    shares = np.array([100, 255, 255])
    lab = rgb2lab((1 - inks[:, :3]) * (1 - inks[:, 3:]))
    return (lab + np.array([0, 128, 128])) / shares * _LAB_TOP


def _inks_of_lab(stored: np.ndarray) -> np.ndarray:
    """The inverse without black ink; colours that no screen shows are clipped."""
    light, a, b = (stored / _LAB_TOP * [100, 255, 255] - [0, 128, 128]).T
    y = (light + 16) / 116
    curved = np.stack([y + a / 500, y, y - b / 200], axis=1)
    xyz = np.where(curved > 6 / 29, curved**3, 3 * (6 / 29) ** 2 * (curved - 4 / 29)) * _WHITE
    rgb = encoded(xyz @ np.linalg.inv(SRGB_TO_XYZ).T)
    return np.concatenate([1 - rgb, np.zeros_like(rgb[:, :1])], axis=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_adobe_rgb_is_what_its_standard_says(dtype: type) -> None:
    top = np.iinfo(dtype).max
    samples = RNG.integers(0, top + 1, (5000, 3)).astype(dtype)
    light = (samples / top) ** (563 / 256) @ ADOBE_TO_XYZ.T
    expected = encoded(light @ np.linalg.inv(SRGB_TO_XYZ).T)
    assert np.abs(to_srgb(samples, "RGB", ADOBE) - expected).max() < 1.2 / 255


def test_sixteen_bits_are_finer_than_eight() -> None:
    """In the dark, where a shortcut of the library is twenty levels off."""
    samples = np.repeat(np.arange(0, 2000, 7, dtype=np.uint16)[:, None], 3, axis=1)
    expected = encoded((samples / 65535) ** (563 / 256))
    assert np.abs(to_srgb(samples, "RGB", ADOBE) - expected).max() < 0.15 / 255


def test_a_grey_profile_is_a_curve() -> None:
    samples = np.arange(256, dtype=np.uint8)[:, None]
    expected = encoded((samples / 255) ** 1.8)
    assert np.abs(to_srgb(samples, "L", GREY) - expected).max() < 0.7 / 255


@pytest.mark.parametrize(
    ("profile", "space"), [(ADOBE, "RGB"), (GREY, "L"), (cmyk_profile(), "CMYK")]
)
def test_pillows_colour_management_agrees(profile: bytes, space: str) -> None:
    channels = len(space) if space != "L" else 1
    samples = RNG.integers(0, 256, (64, 64, channels), np.uint8)
    transform = ImageCms.buildTransform(
        io.BytesIO(profile),
        io.BytesIO(SRGB),
        space,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOOPTIMIZE,
    )
    picture = Pillow.frombytes(space, (64, 64), samples.tobytes())
    managed = ImageCms.applyTransform(picture, transform)
    assert managed is not None
    ours = to_srgb(samples.reshape(-1, channels), space, profile).reshape(64, 64, 3)
    assert np.abs(ours * 255 - np.asarray(managed)).max() < 1.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("profile", "space"), [(None, "RGB"), (None, "L"), (SRGB, "RGB"), (SRGB, "L")]
)
def test_without_a_profile_there_and_back_is_exact(
    profile: bytes | None, space: str, dtype: type
) -> None:
    samples = np.arange(np.iinfo(dtype).max + 1).astype(dtype)[:, None]
    samples = np.repeat(samples, 3 if space == "RGB" else 1, axis=1)
    colours = to_srgb(samples, space, profile)
    assert np.array_equal(from_srgb(colours, space, profile, np.dtype(dtype)), samples)


@pytest.mark.parametrize(
    ("profile", "space"), [(ADOBE, "RGB"), (GREY, "L"), (cmyk_profile(), "CMYK"), (None, "CMYK")]
)
def test_what_a_space_can_show_comes_back_alike(profile: bytes | None, space: str) -> None:
    """sRGB to the space and back: what a repair puts into a file is what is then seen there."""
    colours = RNG.random((3000, 3), np.float32)
    colours = np.repeat(colours[:, :1], 3, axis=1) if space == "L" else colours
    near = 0.5
    if profile is not None and space == "CMYK":
        colours, near = 0.3 + 0.4 * colours, 4.0  # its tables are coarse, and clip at the edges
    samples = from_srgb(colours, space, profile, np.dtype(np.uint16))
    assert np.abs(to_srgb(samples, space, profile) - colours).max() < near / 255


def test_plain_cmyk_is_pillows() -> None:
    samples = RNG.integers(0, 256, (50, 50, 4), np.uint8)
    seen = np.asarray(Pillow.fromarray(samples, "CMYK").convert("RGB"))
    ours = to_srgb(samples.reshape(-1, 4), "CMYK", None).reshape(50, 50, 3)
    assert np.abs(ours * 255 - seen).max() <= 1
    rgb = RNG.integers(0, 256, (50, 50, 3), np.uint8)
    inks = from_srgb(to_srgb(rgb.reshape(-1, 3), "RGB", None), "CMYK", None, np.dtype(np.uint8))
    assert np.array_equal(
        inks.reshape(50, 50, 4), np.asarray(Pillow.fromarray(rgb).convert("CMYK"))
    )


def test_grey_is_pillows() -> None:
    rgb = RNG.integers(0, 256, (50, 50, 3), np.uint8)
    colours = to_srgb(rgb.reshape(-1, 3), "RGB", None)
    ours = from_srgb(colours, "L", None, np.dtype(np.uint8)).reshape(50, 50)
    assert np.abs(ours.astype(int) - np.asarray(Pillow.fromarray(rgb).convert("L"))).max() <= 1


def test_which_profiles_are_listened_to() -> None:
    assert speaks(ADOBE, "RGB")
    assert speaks(GREY, "L")
    assert speaks(cmyk_profile(), "CMYK")
    assert not speaks(None, "RGB")
    assert not speaks(SRGB, "RGB"), "sRGB changes nothing"
    assert not speaks(imagecodecs.cms_profile("srgb"), "RGB"), "another maker's sRGB neither"
    assert not speaks(ADOBE, "L"), "it is for another space"
    assert not speaks(GREY, "RGB")
    assert not speaks(b"", "RGB"), "it is none"
    assert not speaks(ADOBE[:200], "RGB"), "it is cut short"
    assert not speaks(bytes(16) + b"RGB " + bytes(500), "RGB"), "it is empty"
