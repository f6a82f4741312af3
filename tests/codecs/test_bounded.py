"""A strip of a TIFF, or a picture in an icon, is refused by its size before it is decoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
import tifffile

from trombine import codecs
from trombine.codecs.png import SIGNATURE, chunk
from trombine.refusal import InputError

LIMIT = 10**7
PIECES: dict[str, Callable[[np.ndarray], bytes | bytearray]] = {
    "JPEG": imagecodecs.jpeg_encode,
    "JPEG2000": lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="j2k"),
}


def tiff(piece: bytes, packed: int, side: int = 16) -> bytes:
    """A TIFF whose one strip of grey pixels is this piece."""
    tags = {256: side, 257: side, 258: 8, 259: packed, 262: 1, 273: 0, 277: 1, 278: side, 279: 0}
    tags |= {273: 8 + 2 + 12 * len(tags) + 4, 279: len(piece)}
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + body + bytes(4) + piece


@pytest.mark.parametrize("kind", PIECES)
def test_a_strip_that_is_larger_than_the_picture_is_not_decoded(kind: str) -> None:
    large = bytes(PIECES[kind](np.zeros((500, 500), np.uint8)))
    with pytest.raises(InputError, match="larger than it says"):
        codecs.decode(tiff(large, tifffile.COMPRESSION[kind]), LIMIT)
    pixels = np.repeat(np.arange(0, 256, 16, dtype=np.uint8)[None], 16, 0)
    image = codecs.decode(tiff(bytes(PIECES[kind](pixels)), tifffile.COMPRESSION[kind]), LIMIT)
    assert np.abs(image.samples[..., 0].astype(int) - pixels).max() < 8


def test_a_small_icon_does_not_hold_a_huge_picture() -> None:
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 6, 0, 0, 0)
    pieces = {b"IHDR": header, b"IDAT": zlib.compress(b""), b"IEND": b""}
    inside = SIGNATURE + b"".join(chunk(name, body) for name, body in pieces.items())
    data = b"ic07" + struct.pack(">I", 8 + len(inside)) + inside
    with pytest.raises(InputError, match="more memory"):
        codecs.decode(b"icns" + struct.pack(">I", 8 + len(data)) + data, LIMIT)
