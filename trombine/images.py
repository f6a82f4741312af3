"""Pictures in files: read, written, refused in one line, and never left half written.

What a picture is made of is in samples.py, the formats are in codecs/, safe opening and writing in
files.py, what a verb does with many files in batch/. Beside its pixels a picture keeps its
profile, its transparency, and what its EXIF, XMP and IPTC say (codecs/metadata.py); other comments
are not carried to what is made from it.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import UInt8, UInt16

from trombine import codecs
from trombine.codecs import Frames, Video, beside
from trombine.files import Bytes, atomic, opened, write_bytes
from trombine.refusal import InputError, about, shown
from trombine.samples import Image

__all__ = [
    "Frames",
    "Image",
    "Video",
    "as_seen",
    "atomic",
    "check_beside",
    "encode_png",
    "film_suffix",
    "format_in",
    "format_of",
    "image_of",
    "not_followed",
    "output_suffix",
    "own_suffix",
    "read",
    "read_frames",
    "read_provenance",
    "shown",
    "size_of",
    "what_is_lost",
    "write",
    "write_bytes",
    "write_encoded",
    "write_frames",
]

Pixels = (
    UInt8[np.ndarray, "h w"]
    | UInt8[np.ndarray, "h w c"]
    | UInt16[np.ndarray, "h w"]
    | UInt16[np.ndarray, "h w c"]
)

# A picture of more pixels than this is refused before it is decoded, unless this variable of the
# environment, or an argument, says otherwise. Pillow's own limit; 300 MB as a float picture.
MAX_PIXELS: Final = 89_478_485
MAX_PIXELS_VARIABLE: Final = "TROMBINE_MAX_PIXELS"

SUFFIXES: Final = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".avif": "AVIF",
    ".mp4": "MP4",
    ".m4v": "MP4",
    ".webm": "WEBM",
}
SUFFIX_OF: Final = {format: suffix for suffix, format in reversed(SUFFIXES.items())}
_OF_PICTURES: Final = [end for end, format in SUFFIXES.items() if format not in codecs.VIDEOS]
*_MOST, _LAST = dict.fromkeys(SUFFIX_OF[SUFFIXES[end]] for end in _OF_PICTURES)
_CHOOSE: Final = f"choose {', '.join(_MOST)} or {_LAST}"
FILM_SUFFIXES: Final = {".gif": "GIF", ".webp": "WEBP"}
# What a folder is searched for; read() itself goes by the bytes, not by the name.
PICTURE_SUFFIXES: Final = frozenset(_OF_PICTURES) | {".ppm", ".pgm", ".jp2", ".heic", ".heif"}
RAW_SUFFIXES: Final = frozenset((".cr2", ".cr3", ".nef", ".dng", ".arw", ".raf", ".orf", ".rw2"))
VIDEO_SUFFIXES: Final = frozenset(SUFFIXES) - PICTURE_SUFFIXES | {".mov", ".mkv"}
_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def read(path: Path | str, *, max_pixels: int | None = None, least: int | None = None) -> Image:
    """The picture in a file, upright, with its samples as they are; an InputError says why not.

    With `least`, a JPEG is decoded at 1/2, 1/4 or 1/8, whichever is the smallest with both sides
    that many pixels still, and the Image says so in `reduced`; other formats are read whole.
    """
    path = Path(path)
    with opened(path) as file, about(path):
        limit = _limit(path, max_pixels)
        codecs.read_head(file, limit)
        _check_length(path, file, limit)
        file.seek(0)
        image = codecs.decode(file.read(), limit, least)
        if image.format in codecs.BESIDE:
            image = replace(image, provenance=beside.sound_record(path))
        return image


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """The file of a picture, opened once: what it shows, and the hash of its bytes."""

    path: Path
    film: Frames | Video  # of a still picture, or where no films are wanted, the one frame
    digest: str  # SHA-256, in hexadecimal
    more_pictures: bool  # it holds more pictures than are read


def read_source(path: Path, *, films: bool = False) -> SourceFile:
    """Open a picture, with `films` a film too, and hash the very bytes that it is decoded from."""
    with opened(path) as file, about(path):
        limit = _limit(path, None)
        head = codecs.read_head(file, limit)
        if head.format in codecs.VIDEOS:
            video = codecs.open_video(path)
            film = video if films else Frames(frames=(video.first,))
            return SourceFile(path=path, film=film, digest=video.digest, more_pictures=not films)
        _check_length(path, file, limit)
        file.seek(0)
        data = file.read()
        film = (
            codecs.decode_frames(data, limit)
            if films
            else Frames(frames=(codecs.decode(data, limit),))
        )
    return SourceFile(
        path=path, film=film, digest=sha256(data).hexdigest(), more_pictures=head.more_pictures
    )


def read_provenance(path: Path | str) -> dict[str, Any] | None:
    """The record of how a file's picture was made; None where trombine did not make it."""
    path = Path(path)
    with opened(path) as file, about(path):
        head = codecs.read_head(file, sys.maxsize)  # no pixel is decoded
        if head.format not in codecs.VIDEOS:
            _check_length(path, file, _limit(path, None))
        return beside.record(path) if head.format in codecs.BESIDE else codecs.record_in(file)


def output_suffix(path: Path | str) -> str:
    """How the name of what is made of this file ends, from the file's first bytes.

    A lossless format is kept; anything else becomes ".png", in CMYK ".tif".
    """
    path = Path(path)
    with opened(path) as file, about(path):
        format = codecs.kept_format(codecs.read_head(file, _limit(path, None)))
    same = SUFFIXES.get(path.suffix.lower()) == format
    return path.suffix if same else SUFFIX_OF[format]


def own_suffix(path: Path | str) -> str:
    """How the name of a file ends, or would if it told the format of the bytes."""
    path = Path(path)
    with opened(path) as file, about(path):
        format = codecs.read_head(file, _limit(path, None)).format
    same = SUFFIXES.get(path.suffix.lower()) == format
    return path.suffix if same else SUFFIX_OF.get(format, path.suffix)


def size_of(path: Path | str) -> tuple[int, int]:
    """Height and width of the picture in a file, without decoding it."""
    path = Path(path)
    with opened(path) as file, about(path):
        head = codecs.read_head(file, _limit(path, None))
    return head.height, head.width


def holds_others(path: Path | str) -> bool:
    """Whether a file holds more pictures than are read: a TIFF of pages, a HEIC of
    several, a moving PNG or AVIF."""
    path = Path(path)
    with opened(path) as file, about(path):
        return codecs.read_head(file, _limit(path, None)).more_pictures


def film_suffix(path: Path | str) -> str | None:
    """How the name of what is made of this film ends; None where the file holds a still picture."""
    path = Path(path)
    with opened(path) as file, about(path):
        limit = _limit(path, None)
        format = codecs.read_head(file, limit).format
        if format not in (*FILM_SUFFIXES.values(), *codecs.VIDEOS):
            return None
        if format not in codecs.VIDEOS:
            _check_length(path, file, limit)
            file.seek(0)
            if codecs.count_frames(file.read()) < 2:
                return None
    same = SUFFIXES.get(path.suffix.lower()) == format
    return path.suffix if same else SUFFIX_OF[format]


def write(
    path: Path | str,
    picture: Image | Pixels,
    *,
    provenance: dict[str, Any] | None = None,
    quality: int = 95,
) -> None:
    """Write an Image, or samples (grey, RGB, RGBA), in the format that the suffix names.

    What the format cannot hold is converted (see `what_is_lost`). The file appears whole or not
    at all, over an older one. `quality` is JPEG's and AVIF's. A BMP's record of provenance is in a
    file beside it, NAME.bmp.json.
    """
    path = Path(path)
    format = format_of(path)
    image = picture if isinstance(picture, Image) else image_of(picture)
    inside = None if format in codecs.BESIDE else provenance
    with encoding(path, f"a picture of {image.width} x {image.height}"):
        data = codecs.encode(image, format, provenance=inside, quality=quality)
    write_encoded(path, data, provenance)


def write_encoded(path: Path, data: bytes, provenance: dict[str, Any] | None) -> None:
    """Write the bytes of a picture's file that is encoded, and its record where that is beside."""
    if SUFFIXES.get(path.suffix.lower()) in codecs.BESIDE:
        beside.write(path, data, provenance)
    else:
        write_bytes(path, data)


def record_beside(path: Path) -> Path | None:
    """Where the record of an output is, if its format has no room for one."""
    return beside.place(path) if SUFFIXES.get(path.suffix.lower()) in codecs.BESIDE else None


def check_beside(path: Path) -> None:
    """Refuse an output whose record, where it is a file of its own, would replace somebody's."""
    if SUFFIXES.get(path.suffix.lower()) in codecs.BESIDE:
        beside.check_place(path)


def read_frames(path: Path | str, *, max_pixels: int | None = None) -> Frames:
    """The film in a GIF or WebP file, each frame as a viewer shows it; of a still its one frame.

    All frames together are bounded as one picture is.
    """
    path = Path(path)
    with opened(path) as file, about(path):
        limit = _limit(path, max_pixels)
        codecs.read_head(file, limit)
        _check_length(path, file, limit)
        file.seek(0)
        return codecs.decode_frames(file.read(), limit)


def write_frames(
    path: Path | str,
    frames: Sequence[Image],
    durations: Sequence[int],
    *,
    loops: int = 0,
    provenance: dict[str, Any] | None = None,
) -> None:
    """Write a film as .gif or .webp, always the same bytes: durations in ms, `loops` 0 for ever.

    WebP is lossless; GIF has 256 colours a frame, and durations in tens of ms.
    """
    path = Path(path)
    format = FILM_SUFFIXES.get(path.suffix.lower())
    if format is None:
        raise InputError("ends in no format for films", "choose .gif or .webp", path=path)
    film = Frames(frames=tuple(frames), durations=tuple(durations), loops=loops)
    with encoding(path, f"a film of {len(film.frames):,} frames"):
        data = codecs.encode_frames(film, format, provenance=provenance)
    write_bytes(path, data)


def as_seen(image: Image) -> UInt8[np.ndarray, "h w 3"]:
    """A picture as it is looked at: 8 bits, sRGB, on white where it is transparent."""
    opaque = image if image.alpha() is None else codecs.fit(image, "JPEG")
    return opaque.rgb_pixels()


def image_of(pixels: Pixels) -> Image:
    """Samples (grey, grey and alpha, RGB or RGBA; 8 or 16 bits) as an Image."""
    samples = pixels[..., None] if pixels.ndim == 2 else pixels
    mode = _MODES.get(samples.shape[2]) if samples.ndim == 3 else None
    if mode is None:
        raise ValueError(f"samples are h x w, or h x w x 1 to 4, not {pixels.shape}")
    return Image(samples=samples, mode=mode)


def encode_png(
    pixels: UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"],
    provenance: dict[str, Any] | None = None,
) -> bytes:
    """A PNG file of grey or RGB samples; the same bytes each time."""
    return codecs.encode(image_of(pixels), "PNG", provenance=provenance)


def format_of(path: Path) -> str:
    """The format that an output's suffix names."""
    format = SUFFIXES.get(path.suffix.lower())
    if format is None:
        ending = f"ends in {shown(path.suffix)}, which is no format to write"
        problem = ending if path.suffix else "has no ending, which would say the format"
        raise InputError(problem, _CHOOSE, path=path)
    return format


def format_in(data: bytes) -> str:
    """The format of a picture's bytes, as SUFFIXES names it; "" where it is none that is known."""
    return codecs.recognise(data[: codecs.START])


def not_followed(image: Image) -> str:
    """What to say of a picture whose file gives its colours in a way that is not followed."""
    instead = "its profile says" if image.profile is not None else "sRGB would have them"
    return f"says that its colours are {image.unfollowed}; they are taken as {instead}"


def what_is_lost(image: Image, path: Path) -> str | None:
    """What writing the image to this file changes beside what a verb did; None if nothing."""
    losses = codecs.lost(image, format_of(path))
    if not losses:
        return None
    return f"pixels that should have been kept are no longer exact: {', '.join(losses)}"


@contextmanager
def encoding(path: Path, content: str) -> Iterator[None]:
    """Say in one line what a format cannot hold."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OverflowError, OSError, RuntimeError, MemoryError, struct.error) as error:
        problem = f"cannot hold {content} ({' '.join(str(error).split())})"
        raise InputError(problem, "choose a name that ends in .png or .tif", path=path) from error


def _limit(path: Path, given: int | None) -> int:
    """The most pixels to read: the argument, the environment's, or the default."""
    return max_pixels(path) if given is None else given


def max_pixels(path: Path) -> int:
    """The most pixels that are read of a file unless more are asked for."""
    setting = os.environ.get(MAX_PIXELS_VARIABLE, str(MAX_PIXELS))
    if not setting.isdecimal():
        problem = f"was not read: {MAX_PIXELS_VARIABLE} is {shown(setting)}"
        raise InputError(problem, "make it a number of pixels", path=path)
    return int(setting)


def _check_length(path: Path, file: Bytes, limit: int) -> None:
    """Refuse a file that is longer than a picture within the limit can be: it is read whole."""
    length = os.fstat(file.fileno()).st_size
    if length > 16 * limit + (1 << 26):
        problem = f"is {length >> 20:,} MB long, more than a picture of {limit:,} pixels can be"
        raise InputError(problem, f"if you trust it, set {MAX_PIXELS_VARIABLE} higher", path=path)
