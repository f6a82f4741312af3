"""Files that do not come back in their own format: lossy ones, and those that are only read."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from trombine import codecs
from trombine.images import MAX_PIXELS
from trombine.refusal import InputError

RNG = np.random.default_rng(2)
SOFT = np.asarray(  # JPEG's own rounding of noise would hide what is looked for
    Pillow.fromarray(RNG.integers(0, 256, (4, 5, 3), np.uint8)).resize((40, 32))
)


def saved(picture: Pillow.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def cmyk() -> Pillow.Image:
    return Pillow.fromarray(SOFT).convert("CMYK")


def without_segment(jpeg: bytes, marker: int) -> bytes:
    """A JPEG file without its segments of this marker."""
    kept, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        kept += b"" if jpeg[at + 1] == marker else jpeg[at:end]
        at = end
    return kept + jpeg[at:]


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_read_as_pillow_reads_it(mode: str, progressive: bool) -> None:
    data = saved(Pillow.fromarray(SOFT).convert(mode), "JPEG", progressive=progressive)
    image = codecs.decode(data, MAX_PIXELS)
    assert (image.mode, image.lossless, image.format) == (mode, False, "JPEG")
    with Pillow.open(io.BytesIO(data)) as opened:
        assert np.array_equal(np.squeeze(image.samples), np.asarray(opened))


def test_adobes_cmyk_is_turned_over_and_others_are_not() -> None:
    """255 is full ink, whichever way the file has it."""
    adobe = saved(cmyk(), "JPEG", quality=100)
    assert b"Adobe" in adobe
    plain = without_segment(adobe, 0xEE)
    assert b"Adobe" not in plain
    ink = np.asarray(cmyk()).astype(int)
    assert np.abs(codecs.decode(adobe, MAX_PIXELS).samples - ink).max() < 12
    # The same bytes without Adobe's word that they are inverted: what they say is what they mean.
    assert np.abs(255 - codecs.decode(plain, MAX_PIXELS).samples - ink).max() < 12


def test_an_independent_decoder_agrees_about_adobes_cmyk() -> None:
    data = saved(cmyk(), "JPEG", quality=100)
    stored = imagecodecs.jpeg8_decode(data, colorspace="cmyk", outcolorspace="cmyk")
    assert np.abs(codecs.decode(data, MAX_PIXELS).samples.astype(int) - (255 - stored)).max() <= 1


def test_a_lossy_webp_is_told_from_a_lossless_one() -> None:
    picture = Pillow.fromarray(SOFT)
    for options in ({}, {"icc_profile": b"x" * 100}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}):
        assert not codecs.decode(saved(picture, "WEBP", **options), MAX_PIXELS).lossless
        lossless = codecs.decode(saved(picture, "WEBP", lossless=True, **options), MAX_PIXELS)
        assert lossless.lossless
        assert np.array_equal(lossless.samples, SOFT)


def test_the_first_frame_of_a_film_is_the_picture() -> None:
    frames = [Pillow.fromarray(SOFT), Pillow.fromarray(255 - SOFT)]
    for format in ("PNG", "WEBP"):
        data = saved(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
        assert np.array_equal(codecs.decode(data, MAX_PIXELS).samples[..., :3], SOFT)


@pytest.mark.parametrize(
    ("picture", "kept"),
    [
        (saved(Pillow.fromarray(SOFT), "PNG"), "PNG"),
        (saved(Pillow.fromarray(SOFT), "JPEG"), "PNG"),
        (saved(cmyk(), "JPEG"), "TIFF"),
        (saved(Pillow.fromarray(SOFT), "WEBP"), "PNG"),
        (saved(Pillow.fromarray(SOFT), "WEBP", lossless=True), "WEBP"),
        (saved(Pillow.fromarray(SOFT), "TIFF"), "TIFF"),
        (saved(Pillow.fromarray(SOFT), "TIFF", compression="jpeg"), "PNG"),
        (saved(cmyk(), "TIFF"), "TIFF"),
        (saved(Pillow.fromarray(SOFT), "BMP"), "BMP"),
        (saved(Pillow.fromarray(SOFT).convert("P"), "GIF"), "GIF"),
        (saved(Pillow.fromarray(SOFT), "AVIF"), "PNG"),
        (saved(Pillow.fromarray(SOFT), "PPM"), "PNG"),
    ],
)
def test_the_format_of_what_is_made_of_it(picture: bytes, kept: str) -> None:
    """Known from the head alone, and the same once all is read."""
    assert codecs.kept_format(codecs.read_head(io.BytesIO(picture), MAX_PIXELS)) == kept
    assert codecs.kept_format(codecs.decode(picture, MAX_PIXELS)) == kept


# What Pillow can write of each.
OTHERS = {
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "GIF": ("1", "L", "P", "RGB", "RGBA"),
    "PPM": ("1", "L", "RGB", "RGBA"),
    "JPEG2000": ("L", "RGB", "RGBA"),
    "ICO": ("1", "L", "P", "RGB", "RGBA"),
    "SGI": ("L", "RGB", "RGBA"),
}


@pytest.mark.parametrize(
    ("format", "mode"), [(format, mode) for format, modes in OTHERS.items() for mode in modes]
)
def test_what_else_pillow_opens_is_read(format: str, mode: str) -> None:
    data = saved(Pillow.fromarray(SOFT).convert(mode), format)
    image = codecs.decode(data, MAX_PIXELS)
    with Pillow.open(io.BytesIO(data)) as opened:
        assert image.format == format
        seen = np.asarray(opened.convert("RGBA"))
    alpha = image.alpha()
    opaque = np.ones(seen.shape[:2]) if alpha is None else alpha
    assert np.array_equal(np.round(opaque * 255), seen[..., 3])
    assert np.array_equal(np.round(image.rgb() * 255), seen[..., :3])


def test_sixteen_bits_elsewhere_stay_sixteen() -> None:
    samples = RNG.integers(0, 65536, (5, 7), np.uint16)
    data = b"P5 7 5 65535\n" + samples.astype(">u2").tobytes()
    assert np.array_equal(codecs.decode(data, MAX_PIXELS).samples[..., 0], samples)


def test_a_jpeg_inside_tiff_is_read_as_pillow_reads_it() -> None:
    data = saved(Pillow.fromarray(SOFT), "TIFF", compression="jpeg")
    with Pillow.open(io.BytesIO(data)) as opened:
        expected = np.asarray(opened).astype(int)
    assert np.abs(codecs.decode(data, MAX_PIXELS).samples - expected).max() <= 3


def tiff(samples: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, samples, metadata=None, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (tiff(np.zeros((4, 4), np.float32)), "float32"),
        (tiff(np.zeros((4, 4), np.int16)), "int16"),
        (tiff(np.zeros((4, 4), np.uint32)), "32-bit"),
        (tiff(np.zeros((4, 4, 3), np.uint8), photometric="cielab"), "CIELAB"),
        (tiff(np.zeros((4, 4, 6), np.uint8), photometric="rgb", planarconfig=1), "6 channels"),
        (tiff(np.zeros((4, 4), np.uint8), subfiletype=1), "raw"),
        (tiff(np.zeros((4, 4), np.uint8), extratags=[(50706, 1, 4, (1, 4, 0, 0), True)]), "raw"),
        (saved(Pillow.fromarray(np.zeros((4, 4), np.float32)), "SPIDER"), "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"MZ" + bytes(200), "not a picture"),
        (bytes(1000), "not a picture"),
    ],
)
def test_what_is_not_read_says_why(data: bytes, says: str) -> None:
    with pytest.raises(InputError) as refusal:
        codecs.decode(data, MAX_PIXELS)
    assert says in refusal.value.problem
    assert refusal.value.remedy


def patched(data: bytes, code: int, at: int, value: int) -> bytes:
    """A little-endian TIFF with one number of a tag's entry changed: its count (4) or value (8)."""
    entry = data.index(code.to_bytes(2, "little"), 8)
    return data[: entry + at] + value.to_bytes(4, "little") + data[entry + at + 4 :]


def test_a_small_tiff_of_huge_tiles_is_refused() -> None:
    """A tile is decoded whole, however little of it is the picture."""
    data = tiff(np.zeros((16, 16), np.uint8), tile=(16, 16), photometric="minisblack")
    assert codecs.decode(data, MAX_PIXELS).width == 16
    huge = patched(patched(data, 322, 8, 60_000), 323, 8, 60_000)
    with pytest.raises(InputError, match="tiles are larger than the picture"):
        codecs.decode(huge, MAX_PIXELS)
