"""WebP, through Pillow; always written lossless. Provenance is EXIF's image description,
or its software where the picture has a description."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow
from PIL.WebPImagePlugin import WebPImageFile

from trombine.codecs.kind import (
    MOST_CHUNKS,
    Head,
    damaged,
    exactly,
    orientation,
    samples_of,
    unpack,
    upright,
)
from trombine.codecs.metadata import exif_for, metadata_of, record_in, xmp_for
from trombine.files import Bytes
from trombine.samples import Image

_COPIES: Final = 4  # of a film's canvas, that Pillow and libwebp hold beside what they give out
_METHOD: Final = 4  # effort; fixed, so that the same picture makes the same bytes


def head(file: Bytes) -> Head:
    """What the chunks say. Pillow is not asked: it allocates the canvas to find its size."""
    exactly(file, 12)
    width = height = 0
    lossless, film = True, False
    for name, start, _ in _chunks(file):
        if name == b"VP8X":
            width, height = _int24(start[4:]) + 1, _int24(start[7:]) + 1
        elif name == b"VP8L":
            bits = unpack("<I", start[1:])[0]
            width, height = width or (bits & 0x3FFF) + 1, height or (bits >> 14 & 0x3FFF) + 1
        elif name in (b"VP8 ", b"ANMF"):  # a lossy picture, or frames of a film: the first is read
            lossless, film = False, film or name == b"ANMF"
            sizes = unpack("<HH", start[6:]) if name == b"VP8 " else (1, 1)
            width, height = width or sizes[0] & 0x3FFF, height or sizes[1] & 0x3FFF
    if not width or not height:
        raise damaged("no picture in it")
    copies = _COPIES if film else 1
    return Head(
        format="WEBP", width=width, height=height, lossless=lossless, space="RGB", copies=copies
    )


def count_frames(data: bytes) -> int:
    """How many frames of a film there are; 0 for a still picture."""
    file = io.BytesIO(data)
    file.seek(12)
    return sum(name == b"ANMF" for name, _, _ in _chunks(file))


def _chunks(file: Bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """The name, first bytes and place of each chunk of a RIFF file, from after its header."""
    count = 0
    while len(start := file.read(8)) == 8:
        if (count := count + 1) > MOST_CHUNKS:
            raise damaged("it has more chunks than a picture has")
        length = unpack("<I", start[4:])[0]
        body = file.tell()
        yield start[:4], file.read(16), body
        file.seek(body + length + length % 2)


def _int24(data: bytes) -> int:
    return unpack("<I", data[:3] + b"\0")[0]


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in a WebP file: RGB or RGBA."""
    if count_frames(data):
        samples, around = _first_frame(data)
    else:
        import imagecodecs

        # The same libwebp as Pillow's, which would hold five copies of a picture, not one.
        samples = imagecodecs.webp_decode(data)
        around = {name: _chunk(data, name) for name in (b"EXIF", b"ICCP", b"XMP ")}
    return {
        "samples": upright(samples, orientation(around[b"EXIF"])),
        "mode": "RGB" if samples.shape[2] == 3 else "RGBA",
        "profile": around[b"ICCP"] or None,
        "metadata": metadata_of(around[b"EXIF"], around[b"XMP "]),
    }


def _first_frame(data: bytes) -> tuple[np.ndarray, dict[bytes, bytes]]:
    """Of a film: the samples, and the chunks around them."""
    with WebPImageFile(io.BytesIO(data)) as opened:
        opened.load()
        around = {
            b"EXIF": opened.info.get("exif", b""),
            b"ICCP": opened.info.get("icc_profile", b""),
            b"XMP ": opened.info.get("xmp", b""),
        }
        return samples_of(opened), around


def _chunk(data: bytes, chunk_name: bytes) -> bytes:
    """The body of the first chunk of this name; empty where there is none."""
    file = io.BytesIO(data)
    file.seek(12)
    for name, _, at in _chunks(file):
        if name == chunk_name:
            return data[at : at + unpack("<I", data[at - 4 : at])[0]]
    return b""


def text(file: Bytes) -> str | None:
    """The record of provenance, as `encode` wrote it."""
    return record_in(_chunk(file.read(), b"EXIF"))


def encode(image: Image, record: str | None) -> bytes:
    """A lossless WebP file of an 8-bit RGB or RGBA image; colours behind alpha are kept too."""
    out = io.BytesIO()
    picture = Pillow.frombytes(image.mode, (image.width, image.height), image.samples.tobytes())
    picture.save(
        out,
        "WEBP",
        lossless=True,
        exact=True,
        method=_METHOD,
        icc_profile=image.profile or b"",
        exif=exif_for(image, record),
        xmp=xmp_for(image),
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
