"""Every other format that Pillow opens (PPM, JPEG 2000, ICO, ...): read, never written."""

from __future__ import annotations

import io
import struct
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow
from PIL.ImageFile import ImageFile

from trombine.codecs import pnm
from trombine.codecs.kind import Head, orientation, samples_of, unsupported, upright
from trombine.codecs.metadata import metadata_of
from trombine.files import Bytes
from trombine.refusal import InputError

# Formats that run other programs, that have no pixels, or that have a module of their own here.
_NO_PIXELS: Final = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG"}
_NOT_HERE: Final = _NO_PIXELS | {"PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "AVIF"}
_AS_THEY_ARE: Final = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")


def head(file: Bytes) -> Head:
    """What the file's start says."""
    start = file.read(pnm.LONGEST)
    file.seek(0)
    opened = _opened(file if (short := pnm.bare(start)) == start else io.BytesIO(short))
    width, height = opened.size
    space = opened.mode
    return Head(format=opened.format or "", width=width, height=height, lossless=False, space=space)


def text(file: Bytes) -> str | None:
    """Nothing: trombine writes none of these."""
    return None


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in the first frame of a file."""
    return fields(_opened(io.BytesIO(pnm.bare(data))))


def fields(opened: Pillow.Image) -> dict[str, Any]:
    """The fields of the Image that Pillow decodes, for any format."""
    opened.load()
    info = dict(opened.info)
    picture = _in_a_mode_of_ours(opened)
    samples, mode = samples_of(picture), picture.mode
    if mode == "1":
        samples = samples.astype(np.uint8) * np.uint8(255)
    if mode.startswith("I;16"):
        samples, mode = samples.astype(np.uint16), "L"
    samples = samples if samples.ndim == 3 else samples[..., None]
    return {
        "samples": upright(samples, orientation(info.get("exif", b""))),
        "mode": mode,
        "palette": palette_of(picture) if mode == "P" else None,
        "profile": info.get("icc_profile"),
        "metadata": metadata_of(info.get("exif"), info.get("xmp")),
    }


def _opened(file: Bytes) -> ImageFile:
    """The file as Pillow opens it; `PIL.Image.open` would warn of sizes and cannot be told not to.

    Our own limit is checked by the caller, before any pixel is decoded.
    """
    Pillow.init()
    start = file.read(16)
    for name in Pillow.ID:
        factory, accept = Pillow.OPEN[name]
        if name in _NOT_HERE or accept is None:
            continue
        file.seek(0)
        try:
            if accept(start) is True:
                return factory(file, "")
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue  # this format's mark by chance, or too few bytes, as PIL.Image.open has it
    raise InputError("is not a picture", "name a PNG, JPEG, WebP, TIFF or other picture file")


def _in_a_mode_of_ours(opened: Pillow.Image) -> Pillow.Image:
    if opened.mode in _AS_THEY_ARE and not (opened.mode != "P" and "transparency" in opened.info):
        return opened
    if opened.mode.startswith("I;16"):
        return opened
    if opened.mode == "I" and _within_16_bits(opened):
        return opened.convert("I;16")
    if opened.mode in ("I", "F"):
        raise unsupported("holds samples of more than 16 bits")
    return opened.convert("RGBA" if opened.has_transparency_data else "RGB")


def _within_16_bits(opened: Pillow.Image) -> bool:
    samples = samples_of(opened)
    return bool(samples.min() >= 0 and samples.max() < 1 << 16)


def palette_of(picture: Pillow.Image) -> np.ndarray:
    """The palette as bytes, n x 4, long enough for every index."""
    colours = picture.getpalette("RGBA") or []
    table = np.array(colours, np.uint8).reshape(-1, 4)
    transparent = picture.info.get("transparency")
    count = max(len(table), int(np.asarray(picture).max()) + 1)
    palette = np.zeros((count, 4), np.uint8)
    palette[:, 3] = 255
    palette[: len(table)] = table
    if isinstance(transparent, int) and transparent < count:
        palette[transparent, 3] = 0
    elif isinstance(transparent, bytes):
        palette[: len(transparent), 3] = np.frombuffer(transparent[:count], np.uint8)
    return palette
