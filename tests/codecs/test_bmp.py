"""BMP of every depth: written as other programs read it, and read as they write it."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from trombine import codecs
from trombine.images import MAX_PIXELS, Image

RNG = np.random.default_rng(9)


def by_hand(data: bytes) -> np.ndarray:
    """The pixels of a BMP of 1, 8, 24 or 32 bits, H x W x 3 or 4, by its specification."""
    start, size, width, height, bits, used = struct.unpack_from("<10xIIii2xH16xI", data)
    stride = (width * bits + 31) // 32 * 4
    rows = np.frombuffer(data, np.uint8, stride * height, start).reshape(height, stride)[::-1]
    if bits >= 24:
        pixels = rows[:, : width * bits // 8].reshape(height, width, -1)
        return pixels[..., [2, 1, 0, 3][: bits // 8]]
    table = np.frombuffer(data, np.uint8, 4 * used, 14 + size).reshape(-1, 4)
    indices = np.unpackbits(rows, axis=1) if bits == 1 else rows
    return table[indices[:, :width]][..., [2, 1, 0]]


def picture(mode: str, width: int) -> Image:
    channels = {"RGB": 3, "RGBA": 4}.get(mode, 1)
    samples = RNG.integers(0, 256, (6, width, channels), np.uint8)
    if mode == "1":
        samples = (samples > 127).astype(np.uint8) * np.uint8(255)
    palette = RNG.integers(0, 256, (9, 4), np.uint8) | np.array([0, 0, 0, 255], np.uint8)
    if mode == "P":
        return Image(samples=samples % 9, mode=mode, palette=palette)
    return Image(samples=samples, mode=mode)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 8, 9, 31, 32, 33])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_what_is_written_is_what_the_specification_says(mode: str, width: int) -> None:
    image = picture(mode, width)
    data = codecs.encode(image, "BMP")
    expected = image.samples if mode == "RGBA" else image.rgb_pixels()
    assert np.array_equal(by_hand(data), expected)
    assert struct.unpack_from("<2sI", data) == (b"BM", len(data))
    with Pillow.open(io.BytesIO(data)) as opened:
        assert np.array_equal(
            np.asarray(opened.convert("RGBA"))[..., : expected.shape[2]], expected
        )
    again = codecs.decode(data, MAX_PIXELS)
    assert (again.mode, again.lossless) == (mode, True)
    assert np.array_equal(again.samples, image.samples)


@pytest.mark.parametrize("colours", [1, 2, 3, 256])
def test_palettes_of_black_and_white_stay_palettes(colours: int) -> None:
    """Pillow takes a palette of two for 1 bit a pixel, whatever the header says."""
    palette = np.full((colours, 4), 255, np.uint8)
    palette[0, :3] = 0
    samples = (np.arange(35) % colours).astype(np.uint8).reshape(5, 7, 1)
    image = Image(samples=samples, mode="P", palette=palette)
    again = codecs.decode(codecs.encode(image, "BMP"), MAX_PIXELS)
    assert np.array_equal(again.rgb_pixels(), image.rgb_pixels())


def test_from_the_top_down_16_bits_and_packed_runs() -> None:
    """As other programs write it."""
    pixels = RNG.integers(0, 32, (2, 2, 3), np.uint16)
    words = (pixels[..., 0] << 10 | pixels[..., 1] << 5 | pixels[..., 2]).astype("<u2")
    header = struct.pack("<2sIIIIiiHHI20x", b"BM", 0, 0, 54, 40, 2, -2, 1, 16, 0)
    found = codecs.decode(header + words.tobytes(), MAX_PIXELS)
    assert np.array_equal(found.samples >> 3, pixels)
    table = bytes([0, 0, 255, 0, 255, 0, 0, 0])
    header = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 0, 0, 62, 40, 4, 1, 1, 8, 1, 6, 0, 0, 2, 0)
    found = codecs.decode(header + table + b"\3\1\1\0\0\1", MAX_PIXELS)
    assert found.rgb_pixels().tolist() == [[[0, 0, 255]] * 3 + [[255, 0, 0]]]
