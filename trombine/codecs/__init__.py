"""Bytes of a file to an Image and back: one module a format, and the doors to them all.

Nothing here knows of paths; images.py does, and turns a CodecError into a line with the file's
name. A decoder gets no byte before `limit`, the most pixels a picture may have, is checked.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from PIL.Image import DecompressionBombError

from trombine.codecs.fit import FORMATS, fit, lost
from trombine.codecs.kind import CodecError, Head, damaged, recognise, tagged
from trombine.files import Bytes
from trombine.provenance import ProvenanceError, dumps, loads
from trombine.samples import Image

__all__ = [
    "FORMATS",
    "CodecError",
    "Head",
    "decode",
    "encode",
    "fit",
    "kept_format",
    "look",
    "lost",
    "record_in",
]


def _codec(format: str) -> ModuleType:
    """The module of a format. Imported here: PNG alone should not wait for tifffile."""
    if format == "PNG":
        from trombine.codecs import png as codec
    elif format == "JPEG":
        from trombine.codecs import jpeg as codec
    elif format == "WEBP":
        from trombine.codecs import webp as codec
    elif format == "TIFF":
        from trombine.codecs import tiff as codec
    else:
        from trombine.codecs import other as codec
    return codec


def look(file: Bytes, limit: int) -> Head:
    """What the file says of its picture, without decoding a pixel; refuses more than `limit`."""
    with _one_kind_of_error():
        head = _codec(_format(file)).head(file)
    if head.width * head.height > limit:
        raise CodecError(
            f"has {head.width} x {head.height} pixels, more than the {limit:,} that are read",
            "if you trust it, set TROMBINE_MAX_PIXELS higher",
        )
    return head


def kept_format(of: Head | Image) -> str:
    """The format for what is made of this picture: its own if lossless, else PNG (CMYK: TIFF)."""
    if of.lossless and of.format in FORMATS:
        return of.format
    return "TIFF" if of.space == "CMYK" else "PNG"


def decode(data: bytes, limit: int) -> Image:
    """The picture in a file's bytes, upright."""
    file = io.BytesIO(data)
    head = look(file, limit)
    with _one_kind_of_error():
        fields = _codec(recognise(data[:12])).decode(data)
        return Image(
            **fields,
            format=head.format,
            lossless=head.lossless,
            provenance=_sound_record_in(file),
        )


def record_in(file: Bytes) -> dict[str, Any] | None:
    """The record of provenance in a file; None where trombine wrote none, an error if broken."""
    with _one_kind_of_error():
        text = _codec(_format(file)).text(file)
        return None if text is None else loads(text)


def _sound_record_in(file: Bytes) -> dict[str, Any] | None:
    """The same, and None where it is broken: the picture itself is not."""
    try:
        return record_in(file)
    except (CodecError, ProvenanceError):
        return None


def encode(
    image: Image, format: str, *, provenance: dict[str, Any] | None = None, quality: int = 95
) -> bytes:
    """A file of one of FORMATS: the image, fitted to what the format holds; always the same bytes.

    `quality` is JPEG's, 1 to 100; the other formats are written lossless.
    """
    text = None if provenance is None else dumps(provenance)
    fitted = fit(image, format)
    codec = _codec(format)
    if format == "PNG":  # where the record has a keyword of its own
        return codec.encode(fitted, text)
    comment = None if text is None else tagged(text)
    if format == "JPEG":
        return codec.encode(fitted, comment, quality)
    return codec.encode(fitted, comment)


def _format(file: Bytes) -> str:
    file.seek(0)
    start = file.read(12)
    file.seek(0)
    return recognise(start)


@contextmanager
def _one_kind_of_error() -> Iterator[None]:
    """Whatever a decoder does about hostile bytes becomes a CodecError; it prints no warning."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (CodecError, ProvenanceError):
        raise
    except (MemoryError, DecompressionBombError) as error:
        raise CodecError("needs more memory than it may have", "make it smaller") from error
    except Exception as error:  # decoders of five libraries: there is no shorter list
        raise damaged(error) from error
