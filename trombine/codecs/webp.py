"""WebP, through Pillow; always written lossless. Provenance is EXIF's image description."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow
from PIL.WebPImagePlugin import WebPImageFile

from trombine.codecs.kind import Head, damaged, exactly, orientation, unpack, untagged, upright
from trombine.files import Bytes
from trombine.samples import Image

_DESCRIPTION: Final = 270  # EXIF's tag
_METHOD: Final = 4  # effort; fixed, so that the same picture makes the same bytes


def head(file: Bytes) -> Head:
    """What the chunks say. Pillow is not asked: it allocates the canvas to find its size."""
    exactly(file, 12)
    width = height = 0
    lossless = True
    for name, start, _ in _chunks(file):
        if name == b"VP8X":
            width, height = _int24(start[4:]) + 1, _int24(start[7:]) + 1
        elif name == b"VP8L":
            bits = unpack("<I", start[1:])[0]
            width, height = width or (bits & 0x3FFF) + 1, height or (bits >> 14 & 0x3FFF) + 1
        elif name in (b"VP8 ", b"ANMF"):  # a lossy picture, or frames of a film: the first is read
            lossless = False
            sizes = unpack("<HH", start[6:]) if name == b"VP8 " else (1, 1)
            width, height = width or sizes[0] & 0x3FFF, height or sizes[1] & 0x3FFF
    if not width or not height:
        raise damaged("no picture in it")
    return Head(format="WEBP", width=width, height=height, lossless=lossless, space="RGB")


def _chunks(file: Bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """The name, first bytes and place of each chunk of a RIFF file, from after its header."""
    while len(start := file.read(8)) == 8:
        length = unpack("<I", start[4:])[0]
        here = file.tell()
        yield start[:4], file.read(16), here
        file.seek(here + length + length % 2)


def _int24(data: bytes) -> int:
    return unpack("<I", data[:3] + b"\0")[0]


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in a WebP file: RGB or RGBA."""
    with WebPImageFile(io.BytesIO(data)) as opened:
        opened.load()
        samples, mode, info = np.asarray(opened), opened.mode, opened.info
    turned = upright(samples, orientation(info.get("exif", b"")))
    return {"samples": turned, "mode": mode, "profile": info.get("icc_profile")}


def text(file: Bytes) -> str | None:
    """The record of provenance, as `encode` wrote it."""
    with WebPImageFile(file) as opened:
        block = Pillow.Exif()
        block.load(opened.info.get("exif", b""))
        return untagged(block.get(_DESCRIPTION))


def encode(image: Image, description: str | None) -> bytes:
    """A lossless WebP file of an 8-bit RGB or RGBA image; colours behind alpha are kept too."""
    out = io.BytesIO()
    picture = Pillow.frombytes(image.mode, (image.width, image.height), image.samples.tobytes())
    exif = Pillow.Exif()
    if description is not None:
        exif[_DESCRIPTION] = description
    picture.save(
        out,
        "WEBP",
        lossless=True,
        exact=True,
        method=_METHOD,
        icc_profile=image.profile or b"",
        exif=exif if description is not None else b"",
    )
    return _with_alpha(out.getvalue()) if image.mode == "RGBA" else out.getvalue()


def _with_alpha(data: bytes) -> bytes:
    """The file with the marks that it has alpha, which the encoder leaves out where all is opaque.

    Without them the picture would come back as RGB. They are hints: the samples are there.
    """
    marked = bytearray(data)
    if data[12:16] == b"VP8X":
        marked[20] |= 0x10
    file = io.BytesIO(data)
    file.seek(12)
    for name, _, at in _chunks(file):
        if name == b"VP8L":
            marked[at + 4] |= 0x10  # after a byte of signature and 28 bits of sizes
    return bytes(marked)
