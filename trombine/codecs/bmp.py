"""BMP: read through Pillow, written here, always exactly.

It has no room for a record of provenance nor, as others read it, for a profile: the record is in
a file beside it (images.py), and colours are written as sRGB.
"""

from __future__ import annotations

import io
import struct
from typing import Any, Final

import numpy as np
from PIL.BmpImagePlugin import BmpImageFile

from trombine.codecs import other
from trombine.codecs.kind import Head
from trombine.files import Bytes
from trombine.samples import Image

_BITFIELDS: Final = 3  # the channels are where masks say
_MASKS: Final = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)  # red, green, blue, alpha
_SRGB: Final = 0x73524742


def head(file: Bytes) -> Head:
    """What the header says."""
    with BmpImageFile(file) as opened:
        width, height = opened.size
        space = opened.mode
    return Head(format="BMP", width=width, height=height, lossless=True, space=space)


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in a BMP file."""
    with BmpImageFile(io.BytesIO(data)) as opened:
        return other.fields(opened)


def text(file: Bytes) -> str | None:
    """Nothing: the record is not in the file."""
    return None


def encode(image: Image, comment: None = None) -> bytes:
    """A BMP file of a "1", "L", "P", "RGB" or "RGBA" image."""
    rows, bits, palette = _stored(image)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))[::-1]  # from the bottom up
    deep = _masks() if bits == 32 else b""
    header = struct.pack(
        "<IiiHHIIiiII",
        40 + len(deep),
        image.width,
        image.height,
        1,
        bits,
        _BITFIELDS if deep else 0,
        rows.size,
        0,
        0,
        len(palette) // 4,
        0,
    )
    start = 14 + len(header) + len(deep) + len(palette)
    opening = struct.pack("<2sIII", b"BM", start + rows.size, 0, start)
    return b"".join([opening, header, deep, palette, rows.tobytes()])


def _stored(image: Image) -> tuple[np.ndarray, int, bytes]:
    """The rows as bytes, the bits of a pixel, and the palette (blue, green, red, 0)."""
    samples = image.samples
    if image.mode == "1":
        return np.packbits(samples[..., 0] > 127, axis=1), 1, _blue_first(np.array([0, 255]))
    if image.mode == "L":
        return samples[..., 0], 8, _blue_first(np.arange(256))
    if image.palette is not None:  # all of 256: Pillow takes one of 2 entries for 1 bit
        table = np.zeros((256, 3), np.uint8)
        table[: len(image.palette)] = image.palette[:, :3]
        return samples[..., 0], 8, _blue_first(table)
    order = [2, 1, 0, 3][: samples.shape[2]]
    return samples[..., order].reshape(image.height, -1), 8 * len(order), b""


def _blue_first(colours: np.ndarray) -> bytes:
    """A palette's bytes, from n greys or n x 3 colours."""
    table = np.zeros((len(colours), 4), np.uint8)
    table[:, :3] = colours[:, ::-1] if colours.ndim == 2 else colours[:, None]
    return table.tobytes()


def _masks() -> bytes:
    """The further fields of a header that has alpha: BITMAPV4HEADER's."""
    return struct.pack("<IIIII36xIII", *_MASKS, _SRGB, 0, 0, 0)
