"""Pictures in formats that do not hold their mode: what is seen stays, and what is lost is said."""

from __future__ import annotations

import dataclasses
import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

from trombine import codecs
from trombine.images import MAX_PIXELS, Image

RNG = np.random.default_rng(5)
CHANNELS = {"1": 1, "L": 1, "P": 1, "RGB": 3, "CMYK": 4}
ADOBE = imagecodecs.cms_profile("adobergb")
GREY = imagecodecs.cms_profile("gray", gamma=1.0)
MODES = ["1", "L", "LA", "La", "LX", "P", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "CMYKA"]


def image(mode: str, bits: int = 8, clear: bool = False, size: int = 7) -> Image:
    """A picture of noise; `clear` gives it a transparent colour or palette."""
    space = mode.rstrip("AaX")
    channels = CHANNELS[space] + len(mode) - len(space)
    dtype = {8: np.uint8, 16: np.uint16}[bits]
    samples = RNG.integers(0, 2**bits, (size, size, channels), dtype)
    if space == "1":
        samples = (samples > 127).astype(np.uint8) * np.uint8(255)
    if mode.endswith("a"):  # no colour is brighter than its alpha lets it be
        samples[..., :-1] = np.minimum(samples[..., :-1], samples[..., -1:])
    palette = RNG.integers(0, 256, (256, 4), np.uint8) if space == "P" else None
    if palette is not None and not clear:
        palette[:, 3] = 255
    key = tuple(int(v) for v in samples[-1, -1]) if clear and palette is None else None
    return Image(samples=samples, mode=mode, palette=palette, key=key)


def seen(image: Image) -> np.ndarray:
    """Colours and opacity, H x W x 4."""
    alpha = image.alpha()
    opaque = np.ones(image.samples.shape[:2]) if alpha is None else alpha
    return np.concatenate([image.rgb(), opaque[..., None]], axis=2)


KINDS = [
    *[(mode, 8, False) for mode in MODES],
    *[(mode, 16, False) for mode in MODES if mode not in "1P"],
    ("P", 8, True),
    ("L", 8, True),
    ("RGB", 16, True),
]


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize(("mode", "bits", "clear"), KINDS)
def test_every_picture_goes_into_every_format(
    mode: str, bits: int, clear: bool, format: str
) -> None:
    """Through the file: what is seen is what was, to the depth that the format has."""
    before = image(mode, bits, clear)
    after = codecs.decode(codecs.encode(before, format), MAX_PIXELS)
    depth = min(bits, 8 if format in ("WEBP", "BMP") else 16)
    assert after.bits == depth or after.mode == "1"
    error = np.abs(seen(after) - seen(before)).max()
    # A colour behind a thin alpha that it was multiplied by is only known to alpha's precision.
    steps = 0.51 if not mode.endswith("a") or after.mode == before.mode else 255
    assert error <= steps / (2**depth - 1)


@pytest.mark.parametrize("format", codecs.FORMATS)
@pytest.mark.parametrize(("mode", "bits", "clear"), KINDS)
def test_a_single_pixel_too(mode: str, bits: int, clear: bool, format: str) -> None:
    before = image(mode, bits, clear, size=1)
    after = codecs.decode(codecs.encode(before, format), MAX_PIXELS)
    assert after.samples.shape[:2] == (1, 1)


@pytest.mark.parametrize(("mode", "bits", "clear"), KINDS)
def test_jpeg_takes_what_is_left_without_transparency(mode: str, bits: int, clear: bool) -> None:
    before = image(mode, bits, clear)
    fitted = codecs.fit(before, "JPEG")
    expected = seen(before)[..., :3]
    if (alpha := before.alpha()) is not None and before.space != "CMYK":
        expected = expected * alpha[..., None] + 1 - alpha[..., None]  # on white
        assert np.abs(fitted.rgb() - expected).max() < 2 / 255
    codecs.decode(codecs.encode(before, "JPEG"), MAX_PIXELS)


def test_no_ink_is_what_transparent_cmyk_becomes() -> None:
    before = image("CMYKA")
    before.samples[..., 4] = 0
    assert not codecs.fit(before, "JPEG").samples.any()


@pytest.mark.parametrize("format", codecs.FORMATS)
def test_what_fits_is_left_alone(format: str) -> None:
    picture = image("L" if format == "GIF" else "RGB")
    assert codecs.fit(picture, format) is picture


@pytest.mark.parametrize(("mode", "bits", "clear"), KINDS)
def test_gif_keeps_whatever_has_256_colours(mode: str, bits: int, clear: bool) -> None:
    """A picture of 49 pixels has; opacity is made all or nothing."""
    before = image(mode, bits, clear)
    after = codecs.decode(codecs.encode(before, "GIF"), MAX_PIXELS)
    seen, alpha = after.alpha(), before.alpha()
    opaque = np.ones((7, 7)) if seen is None else seen
    assert np.array_equal(opaque, np.ones((7, 7)) if alpha is None else alpha >= 0.5)
    shown = opaque == 1
    assert np.array_equal(after.rgb_pixels()[shown], before.rgb_pixels()[shown])
    told = "transparency becomes all or nothing" in codecs.lost(before, "GIF")
    assert told == (alpha is not None and bool(((alpha > 0) & (alpha < 1)).any()))


def test_more_than_256_colours_in_a_gif_are_told_and_close() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    samples = np.stack([*np.meshgrid(ramp, ramp), np.full((64, 64), 99, np.uint8)], axis=2)
    before = Image(samples=samples, mode="RGB")
    assert codecs.lost(before, "GIF") == ["colours become 256"]
    after = codecs.decode(codecs.encode(before, "GIF"), MAX_PIXELS)
    assert len(np.unique(after.rgb_pixels().reshape(-1, 3), axis=0)) <= 256
    assert np.abs(after.rgb() - before.rgb()).mean() < 8 / 255
    assert codecs.encode(before, "GIF") == codecs.encode(before, "GIF")


@pytest.mark.parametrize("colours", [255, 256, 257])
@pytest.mark.parametrize("clear", [False, True])
def test_the_transparent_colour_is_one_of_the_256(colours: int, clear: bool) -> None:
    samples = np.full((300, 1, 4), 255, np.uint8)
    samples[:, 0, 0], samples[:, 0, 1] = np.arange(300) % colours % 256, np.arange(300) // 256
    samples[:, 0, 1] *= np.arange(300) < colours
    samples[:colours, 0, 3] = 255
    samples[-1, 0, 3] = 0 if clear else 255
    before = Image(samples=samples, mode="RGBA")
    after = codecs.decode(codecs.encode(before, "GIF"), MAX_PIXELS)
    visible = samples[..., 3] > 0
    exact = np.array_equal(after.rgb_pixels()[visible], before.rgb_pixels()[visible])
    assert exact == (colours + clear <= 256)
    assert (codecs.lost(before, "GIF") == []) == exact
    assert (after.alpha() is not None) == clear


@pytest.mark.parametrize("format", ["GIF", "BMP"])
@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA"])
def test_where_no_profile_fits_colours_become_srgb(mode: str, format: str) -> None:
    plain = image(mode)
    before = dataclasses.replace(plain, profile=GREY if mode == "L" else ADOBE)
    after = codecs.decode(codecs.encode(before, format), MAX_PIXELS)
    visible = slice(None) if (alpha := after.alpha()) is None else alpha > 0
    assert after.profile is None
    assert np.abs(after.rgb()[visible] - before.rgb()[visible]).max() < 0.51 / 255
    assert np.abs(plain.rgb()[visible] - before.rgb()[visible]).max() > 4 / 255
    assert "colours become sRGB" in codecs.lost(before, format)
    silent = dataclasses.replace(plain, profile=b"no profile")
    assert codecs.fit(silent, format).profile is None
    assert "colours become sRGB" not in codecs.lost(silent, format)


def test_sixteen_bits_are_rounded_not_cut() -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    narrow = codecs.fit(Image(samples=ramp, mode="L"), "JPEG").samples
    assert np.array_equal(narrow, np.round(ramp / 257).astype(np.uint8))


def test_a_premultiplied_picture_is_what_pillow_makes_of_it() -> None:
    before = image("RGBa")
    tiff = codecs.encode(before, "TIFF")
    png = codecs.decode(codecs.encode(before, "PNG"), MAX_PIXELS)
    with Pillow.open(io.BytesIO(tiff)) as opened:
        expected = np.asarray(opened.convert("RGBA"))
    clear = expected[..., 3] > 0
    assert np.abs(png.samples[clear].astype(int) - expected[clear]).max() <= 1


@pytest.mark.parametrize(
    ("picture", "format", "losses"),
    [
        (image("RGB"), "PNG", []),
        (image("RGB", 16), "PNG", []),
        (image("P", clear=True), "TIFF", []),
        (image("L"), "WEBP", []),
        (image("CMYK", 16), "TIFF", []),
        (image("RGBa", 16), "TIFF", []),
        (image("RGB", 16), "WEBP", ["16 bits a sample become 8"]),
        (image("CMYK"), "PNG", ["CMYK becomes sRGB"]),
        (image("RGB"), "JPEG", ["every pixel is rounded"]),
        (image("P", clear=True), "JPEG", ["transparency becomes white", "every pixel is rounded"]),
        (
            image("CMYKA", 16),
            "WEBP",
            ["16 bits a sample become 8", "CMYK becomes sRGB"],
        ),
        (image("RGBA"), "BMP", []),
        (image("LA", 16), "BMP", ["16 bits a sample become 8"]),
        (image("P"), "BMP", []),
        (image("P"), "GIF", []),
        (image("1"), "GIF", []),
        (image("RGB"), "AVIF", ["every pixel is rounded"]),
    ],
)
def test_losses_are_named(picture: Image, format: str, losses: list[str]) -> None:
    assert codecs.lost(picture, format) == losses
