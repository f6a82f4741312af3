"""All eight orientations of EXIF: applied once, on reading."""

from __future__ import annotations

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow
from PIL import ImageOps

from trombine import codecs
from trombine.codecs.kind import upright
from trombine.images import MAX_PIXELS

SAMPLES = np.random.default_rng(1).integers(0, 256, (6, 9, 3), np.uint8)
ORIENTATIONS = range(1, 9)

# Where the stored pixel at row r, column c of a 6 x 9 picture is shown, as EXIF's standard says
# it: which side the first row is at, and which side the first column.
SHOWN = {
    1: lambda r, c: (r, c),
    2: lambda r, c: (r, 8 - c),
    3: lambda r, c: (5 - r, 8 - c),
    4: lambda r, c: (5 - r, c),
    5: lambda r, c: (c, r),
    6: lambda r, c: (c, 5 - r),
    7: lambda r, c: (8 - c, 5 - r),
    8: lambda r, c: (8 - c, r),
}


def with_exif(format: str, orientation: int, **options: bool) -> bytes:
    out = io.BytesIO()
    exif = Pillow.Exif()
    exif[274] = orientation
    Pillow.fromarray(SAMPLES).save(out, format, exif=exif, **options)
    return out.getvalue()


def tiff(orientation: int, samples: np.ndarray) -> bytes:
    out = io.BytesIO()
    tags = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(out, samples, photometric="rgb", extratags=tags, metadata=None)
    return out.getvalue()


def wide_png(orientation: int) -> bytes:
    plain = bytes(imagecodecs.png_encode(SAMPLES.astype(np.uint16) * 257))
    exif = Pillow.Exif()
    exif[274] = orientation
    body = exif.tobytes().removeprefix(b"Exif\0\0")
    length, check = struct.pack(">I", len(body)), struct.pack(">I", zlib.crc32(b"eXIf" + body))
    return plain[:33] + length + b"eXIf" + body + check + plain[33:]


def files(orientation: int) -> dict[str, bytes]:
    return {
        "png": with_exif("PNG", orientation),
        "png, 16 bits": wide_png(orientation),
        "jpeg": with_exif("JPEG", orientation),
        "webp": with_exif("WEBP", orientation, lossless=True),
        "avif": with_exif("AVIF", orientation),
        "tiff": tiff(orientation, SAMPLES),
        "tiff, 16 bits": tiff(orientation, SAMPLES.astype(np.uint16) * 257),
    }


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_pixel_goes_where_the_standard_says(orientation: int) -> None:
    turned = upright(SAMPLES, orientation)
    for row, column in np.ndindex(6, 9):
        where = SHOWN[orientation](row, column)
        assert np.array_equal(turned[where], SAMPLES[row, column])


@pytest.mark.parametrize("kind", list(files(1)))
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_file_is_read_upright(kind: str, orientation: int) -> None:
    """As Pillow's exif_transpose turns it; where Pillow cannot, it turns the same samples."""
    data = files(orientation)[kind]
    read = codecs.decode(data, MAX_PIXELS).samples
    if "16" in kind:
        data = with_exif("PNG", orientation)
        assert not (read % 257).any()
        read = (read // 257).astype(np.uint8)
    with Pillow.open(io.BytesIO(data)) as opened:
        assert np.array_equal(read, np.asarray(ImageOps.exif_transpose(opened)))


@pytest.mark.parametrize("kind", list(files(6)))
@pytest.mark.parametrize("format", codecs.FORMATS)
def test_what_is_written_is_not_turned_again(kind: str, format: str) -> None:
    image = codecs.decode(files(6)[kind], MAX_PIXELS)
    again = codecs.encode(image, format)
    with Pillow.open(io.BytesIO(again)) as opened:
        assert opened.getexif().get(274, 1) == 1
    assert codecs.decode(again, MAX_PIXELS).rgb().shape == (9, 6, 3)


@pytest.mark.parametrize("orientation", [0, 9, 257, None, "6"])
def test_what_is_no_orientation_turns_nothing(orientation: object) -> None:
    assert np.array_equal(upright(SAMPLES, orientation), SAMPLES)


def test_broken_exif_turns_nothing() -> None:
    out = io.BytesIO()
    Pillow.fromarray(SAMPLES).save(out, "PNG", exif=b"Exif\0\0no such thing")
    assert np.array_equal(codecs.decode(out.getvalue(), MAX_PIXELS).samples, SAMPLES)
