"""What a verb makes, as files: pictures, films, JSON, each with the record of how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from trombine import codecs
from trombine.batch.requests import KEPT, METADATA, QUALITY, USUAL
from trombine.codecs import Frames, Video
from trombine.events import Tick
from trombine.files import atomic, opened
from trombine.images import (
    SUFFIX_OF,
    SUFFIXES,
    Image,
    Pixels,
    encoding,
    format_of,
    image_of,
    max_pixels,
    read_provenance,
    write_encoded,
)
from trombine.provenance import loads
from trombine.refusal import InputError
from trombine.samples import Metadata
from trombine.texts import from_json

JSON: Final = "JSON"
RECORD: Final = "record"  # its key in a JSON file
# What a file may hold: a film or picture, samples, or what JSON holds.
Content = Frames | Video | Image | Pixels | Mapping[str, Any]


def check_ending(path: Path, format: str = "") -> None:
    """Refuse a name of an output that does not end as files of this format, or of any, do."""
    ending = ".json" if format == JSON else SUFFIX_OF.get(format, "")
    if format and path.suffix.lower() != ending:
        raise InputError(f"is no name for {format}", f"let it end in {ending}", path=path)
    if not format:
        format_of(path)


def read_record(path: Path) -> dict[str, Any] | None:
    """The record in a file that may be anybody's: a picture, or JSON; None where it has none."""
    try:
        if path.suffix.lower() != ".json":
            return read_provenance(path)
        return loads(json.dumps(from_json(path.read_bytes())[RECORD]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def is_cut_short(path: Path) -> bool:
    """Whether a picture or film that is there breaks off before its end."""
    if path.suffix.lower() not in SUFFIXES:
        return False
    try:
        with opened(path) as file:
            return codecs.is_cut_short(file)
    except InputError:  # it is empty, or no file
        return False


def encoded(
    content: Content, format: str, record: dict[str, Any], tick: Tick | None = None
) -> bytes:
    """The bytes of a file of this content, with its record where the format has room for it.

    Frames of a film may be worked on meanwhile: `tick` is told of each.
    """
    if isinstance(content, Mapping):
        text = json.dumps({**content, RECORD: record}, indent=1, allow_nan=False)
        return (text + "\n").encode()
    if format in codecs.VIDEOS:
        with TemporaryDirectory() as folder:
            _write_video(part := Path(folder, "film"), content, format, record)
            return part.read_bytes()
    if isinstance(content, Video):
        content = codecs.played(content, max_pixels(content.path), tick)
    if film := _film(content):
        return codecs.encode_frames(film, format, provenance=record)
    inside = None if format in codecs.BESIDE else record
    quality = record["options"].get(QUALITY, USUAL)
    image = _image(content)
    if record["options"].get(METADATA) != KEPT:
        image = replace(image, metadata=Metadata())
    return codecs.encode(image, format, provenance=inside, quality=quality)


def has_metadata(content: Content, format: str) -> bool:
    """Whether a file of this format can hold date, camera and place, and the content has some."""
    if isinstance(content, Video):
        return bool(content.metadata) and format in codecs.VIDEOS
    if isinstance(content, Mapping) or _film(content) or format in codecs.NO_METADATA:
        return False
    return not _image(content).metadata.is_empty


def _write_video(
    path: Path, content: Content, format: str, record: dict[str, Any], tick: Tick | None = None
) -> None:
    """Write a film to a file, frame by frame."""
    if isinstance(content, Video) and record["options"].get(METADATA) != KEPT:
        content = replace(content, metadata={})
    if not isinstance(content, Video | Frames):
        raise InputError(f"is a picture, and {format} is for films", "choose .png or .jpg")
    codecs.write_video(path, content, format, provenance=record, tick=tick)


def _film(content: Frames | Video | Image | Pixels) -> Frames | None:
    """The content, if it moves."""
    return content if isinstance(content, Frames) and len(content.frames) > 1 else None


def _image(content: Frames | Video | Image | Pixels) -> Image:
    if isinstance(content, Frames | Video):
        return content.first
    return content if isinstance(content, Image) else image_of(content)


def write(path: Path, content: Content, record: dict[str, Any], tick: Tick | None = None) -> None:
    """Write a content in the format that the name says; the file appears whole or not at all.

    Frames of a film may be worked on meanwhile: `tick` is told of each.
    """
    format = JSON if isinstance(content, Mapping) else format_of(path)
    if format in codecs.VIDEOS:
        with atomic(path) as part:
            _write_video(part, content, format, record, tick)
        return
    with encoding(path, _described(content)):
        data = encoded(content, format, record, tick)
    write_encoded(path, data, record)


def _described(content: Content) -> str:
    """What a format may be too small for."""
    if isinstance(content, Mapping):
        return "numbers"
    if film := _film(content):
        return f"a film of {len(film.frames):,} frames"
    if isinstance(content, Video):
        return f"a film of {content.count:,} frames"
    image = _image(content)
    return f"a picture of {image.width} x {image.height}"


def size_text(content: Content) -> str:
    """Width and height in pixels, for people; of JSON nothing."""
    if isinstance(content, Mapping):
        return ""
    if isinstance(content, Video):
        height, width = content.size
        return f"{content.count:,} frames of {width} x {height}"
    image, film = _image(content), _film(content)
    frames = f"{len(film.frames):,} frames of " if film else ""
    return f"{frames}{image.width} x {image.height}"


def lost(path: Path, content: Content, quality: int = USUAL) -> str:
    """What the format of a file does not hold of a content, and which would; empty if nothing.

    The `quality` is that of the file, where the format has one.
    """
    if not isinstance(content, Frames):
        return ""
    format = format_of(path)
    if format in codecs.VIDEOS:
        return ""
    losses = next(filter(None, (codecs.lost(frame, format) for frame in content.frames)), None)
    if not losses:
        return ""
    if losses == [codecs.ROUNDED]:
        return f"{format} of quality {quality} loses a little; {_better(content)} loses nothing"
    return f"does not hold all of the result: {', '.join(losses)}; {_better(content)} would"


def _better(content: Frames) -> str:
    """The formats that hold all of a result."""
    first, *following = content.frames
    if following:
        return ".webp"
    if first.unfollowed:
        return ".png"
    return ".tif" if first.space == "CMYK" else ".png or .tif"
