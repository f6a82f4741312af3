"""Bytes of a file to an Image and back: one module a format, and the doors to them all.

Nothing here knows of paths; images.py does, and turns an InputError into a line with the file's
name. A decoder gets no byte before `limit`, the most pixels a picture may have, is checked.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from PIL.Image import DecompressionBombError, DecompressionBombWarning

from trombine.codecs.fit import BESIDE, FILMS, FORMATS, NO_METADATA, ROUNDED, VIDEOS, fit, lost
from trombine.codecs.kind import START, Frames, Head, Video, damaged, recognise, tagged
from trombine.files import Bytes
from trombine.provenance import dumps, loads
from trombine.refusal import InputError
from trombine.samples import Image

__all__ = [
    "BESIDE",
    "FILMS",
    "FORMATS",
    "NO_METADATA",
    "ROUNDED",
    "START",
    "VIDEOS",
    "Frames",
    "Head",
    "Video",
    "count_frames",
    "decode",
    "decode_frames",
    "encode",
    "encode_frames",
    "fit",
    "is_cut_short",
    "kept_format",
    "lost",
    "lost_by_video",
    "open_video",
    "played",
    "read_head",
    "recognise",
    "record_in",
    "write_video",
]


# The module of each format that has one. Loaded when such a file comes: PNG should not wait for
# tifffile, and most people have no pillow-heif.
_MODULES: Final = {
    "PNG": "png",
    "JPEG": "jpeg",
    "WEBP": "webp",
    "TIFF": "tiff",
    "GIF": "gif",
    "BMP": "bmp",
    "AVIF": "avif",
    "HEIF": "heif",
    **dict.fromkeys(VIDEOS, "video"),
}
_LOSSY: Final = ("JPEG", "AVIF")
# What Python says of bytes that a decoder, most often Pillow, did not expect: nothing for people.
_STUMBLED: Final = (struct.error, LookupError, TypeError, AttributeError, ArithmeticError, EOFError)


class _Silence:
    """Warnings silenced while anybody decodes, which is for the whole process.

    Threads that decode at the same time share it: were each to do it for itself, the one that ends
    last would leave warnings off.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
                # Of a picture inside a picture, as in an ICO, whose size only Pillow sees.
                warnings.simplefilter("error", DecompressionBombWarning)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


_SILENCE: Final = _Silence()


def _codec(format: str) -> ModuleType:
    return import_module(f"trombine.codecs.{_MODULES.get(format, 'other')}")


def read_head(file: Bytes, limit: int) -> Head:
    """What the file says of its picture, without decoding a pixel; refuses more than `limit`."""
    with _one_kind_of_error():
        head = _codec(_format(file)).head(file)
    if head.width * head.height * head.copies > limit:
        most = limit // head.copies
        raise InputError(
            f"has {head.width} x {head.height} pixels, more than the {most:,} that are read",
            "if you trust it, set TROMBINE_MAX_PIXELS higher",
        )
    return head


def kept_format(of: Head | Image) -> str:
    """The format for what is made of this picture: its own if lossless, else PNG (CMYK: TIFF)."""
    if of.lossless and of.format in FORMATS:
        return of.format
    return "TIFF" if of.space == "CMYK" else "PNG"


def decode(data: bytes, limit: int, least: int | None = None) -> Image:
    """The picture in a file's bytes, upright; a JPEG smaller as `least` allows (images.read)."""
    file = io.BytesIO(data)
    head = read_head(file, limit)
    format = recognise(data[:START])
    with _one_kind_of_error():
        codec = _codec(format)
        fields = codec.decode(data, least) if format == "JPEG" else codec.decode(data)
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
    except InputError:
        return None


def encode(
    image: Image, format: str, *, provenance: dict[str, Any] | None = None, quality: int = 95
) -> bytes:
    """A file of one of FORMATS: the image, fitted to what the format holds; always the same bytes.

    `quality` is JPEG's and AVIF's, 1 to 100; the other formats are written lossless.
    """
    text = None if provenance is None else dumps(provenance)
    if text is not None and format in BESIDE:
        raise ValueError(f"a {format} file holds no record")
    if format in VIDEOS:
        raise ValueError(f"{format} is for films")
    fitted = fit(image, format)
    codec = _codec(format)
    if format == "PNG":  # where the record has a keyword of its own
        return codec.encode(fitted, text)
    comment = None if text is None else tagged(text)
    if format in _LOSSY:
        return codec.encode(fitted, comment, quality)
    return codec.encode(fitted, comment)


def decode_frames(data: bytes, limit: int) -> Frames:
    """The film in a file's bytes; of any still picture, its one frame."""
    format = recognise(data[:START])
    read_head(io.BytesIO(data), limit)
    with _one_kind_of_error():
        from trombine.codecs import frames

        film = frames.read(data, format, limit)
    return Frames(frames=(decode(data, limit),)) if film is None else film


def count_frames(data: bytes) -> int:
    """How many frames the film in a file's bytes has; 1 of a still picture."""
    from trombine.codecs import frames

    with _one_kind_of_error():
        return frames.count(data, recognise(data[:START]))


def encode_frames(film: Frames, format: str, *, provenance: dict[str, Any] | None = None) -> bytes:
    """A GIF or WebP file of a film; always the same bytes."""
    if format not in FILMS:
        raise ValueError(f"a {format} file holds no film")
    from trombine.codecs import frames

    return frames.write(film, format, None if provenance is None else tagged(dumps(provenance)))


def open_video(path: Path) -> Video:
    """The film in a file of one of VIDEOS, its frames to be decoded later."""
    from trombine.codecs import video

    with _one_kind_of_error():
        return video.open_video(path)


def write_video(
    path: Path,
    film: Video | Frames,
    format: str,
    *,
    provenance: dict[str, Any] | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> None:
    """Write a film as one of VIDEOS; always the same bytes. `tick` is told of its frames."""
    from trombine.codecs import video

    video.write(path, format, film, None if provenance is None else tagged(dumps(provenance)), tick)


def played(film: Video, limit: int, tick: Callable[[int, int], None] | None = None) -> Frames:
    """A film of one of VIDEOS with all its frames at hand, of `limit` pixels at most."""
    from trombine.codecs import video

    return video.played(film, limit, tick)


def lost_by_video(film: Video, format: str) -> list[str]:
    """What a file of this format does not hold of a film of one of VIDEOS, each in a few words."""
    from trombine.codecs import video

    return list(video.lost(film, format))


def is_cut_short(file: Bytes) -> bool:
    """Whether a file breaks off before its end, by what its format says of its length."""
    from trombine.codecs import whole

    try:
        with _one_kind_of_error():
            return whole.is_cut_short(file, _format(file))
    except InputError:
        return True


def _format(file: Bytes) -> str:
    file.seek(0)
    start = file.read(START)
    file.seek(0)
    return recognise(start)


@contextmanager
def _one_kind_of_error() -> Iterator[None]:
    """Whatever a decoder does about hostile bytes becomes an InputError; it prints no warning."""
    try:
        with _SILENCE:
            yield
    except InputError:
        raise
    except (MemoryError, DecompressionBombError, DecompressionBombWarning) as error:
        raise InputError("needs more memory than it may have", "make it smaller") from error
    except Exception as error:  # decoders of five libraries: there is no shorter list
        raise damaged(_detail(error)) from error


def _detail(error: Exception) -> object:
    """What a decoder says of the bytes; words of ours where it only stumbled over them."""
    stumbled = isinstance(error.__cause__ or error, _STUMBLED)
    return "it breaks off, or its parts do not fit together" if stumbled else error
