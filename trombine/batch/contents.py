"""What a verb makes, as files: pictures, films, JSON, each with the record of how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from trombine import provenance
from trombine.batch.requests import KEPT, METADATA, QUALITY, USUAL
from trombine.events import Tick
from trombine.io.files import atomic, write_bytes
from trombine.io.image import (
    LOSSY,
    NO_EXIF,
    SUFFIX_OF,
    Labels,
    Picture,
    Pixels,
    encode,
    encode_labels,
    encoding,
    format_of,
    picture_of,
)
from trombine.io.image import lost as lost_by_format
from trombine.io.video import VIDEOS, Frames, Video, encode_frames, play, write_video
from trombine.refusal import InputError
from trombine.texts import from_json

JSON: Final = "JSON"
RECORD: Final = "record"  # its key in a JSON file
# What a file may hold: a film or picture, samples, or what JSON holds.
Content = Frames | Video | Picture | Labels | Pixels | Mapping[str, Any]


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
            return provenance.read(path)
        return provenance.checked(from_json(path.read_bytes())[RECORD])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def encoded(
    content: Content, format: str, record: dict[str, Any], tick: Tick | None = None
) -> bytes:
    """The bytes of a file of this content, with its record where the format has room for it.

    Frames of a film may be worked on meanwhile: `tick` is told of each.
    """
    if isinstance(content, Mapping):
        text = json.dumps({**content, RECORD: record}, indent=1, allow_nan=False)
        return (text + "\n").encode()
    if isinstance(content, Labels):
        return encode_labels(content, record)
    if format in VIDEOS:
        with TemporaryDirectory() as folder:
            _write_video(part := Path(folder, "film"), content, format, record)
            return part.read_bytes()
    if isinstance(content, Video):
        content = play(content, tick)
    if film := _film(content):
        return encode_frames(film, format, record=record)
    quality = record["options"].get(QUALITY, USUAL)
    image = _image(content)
    if record["options"].get(METADATA) != KEPT:
        image = image.stripped
    return encode(image, format, record=record, quality=quality)


def has_metadata(content: Content, format: str) -> bool:
    """Whether a file of this format can hold date, camera and place, and the content has some."""
    if isinstance(content, Video):
        return bool(content.metadata) and format in VIDEOS
    if isinstance(content, Mapping | Labels) or _film(content) or format in NO_EXIF:
        return False
    return bool(_image(content).exif or _image(content).xmp)


def _write_video(
    path: Path, content: Content, format: str, record: dict[str, Any], tick: Tick | None = None
) -> None:
    """Write a film to a file, frame by frame."""
    if isinstance(content, Video) and record["options"].get(METADATA) != KEPT:
        content = replace(content, metadata={})
    if not isinstance(content, Video | Frames):
        raise InputError(f"is a picture, and {format} is for films", "choose .png or .jpg")
    write_video(path, content, format, record=record, tick=tick)


def _film(content: Frames | Video | Picture | Pixels) -> Frames | None:
    """The content, if it moves."""
    return content if isinstance(content, Frames) and len(content.frames) > 1 else None


def _image(content: Frames | Video | Picture | Pixels) -> Picture:
    if isinstance(content, Frames | Video):
        return content.first
    return content if isinstance(content, Picture) else picture_of(content)


def write(path: Path, content: Content, record: dict[str, Any], tick: Tick | None = None) -> None:
    """Write a content in the format that the name says; the file appears whole or not at all.

    Frames of a film may be worked on meanwhile: `tick` is told of each.
    """
    format = JSON if isinstance(content, Mapping) else format_of(path)
    if format in VIDEOS:
        with atomic(path) as part:
            _write_video(part, content, format, record, tick)
        return
    with encoding(path, size_text(content)):
        data = encoded(content, format, record, tick)
    write_bytes(path, data)


def size_text(content: Content) -> str:
    """Width and height in pixels, for people; of JSON nothing."""
    if isinstance(content, Mapping):
        return ""
    if isinstance(content, Labels):
        return f"{content.numbers.shape[1]} x {content.numbers.shape[0]}"
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
    if format in VIDEOS:
        return ""
    losses = lost_by_format(content.first, format)
    if not losses:
        return ""
    if format in LOSSY and len(losses) == 1:
        return f"{format} of quality {quality} loses a little; {_better(content)} loses nothing"
    return f"does not hold all of the result: {', '.join(losses)}; {_better(content)} would"


def _better(content: Frames) -> str:
    """The formats that hold all of a result."""
    return ".webp" if content.count > 1 else ".png or .tif"
