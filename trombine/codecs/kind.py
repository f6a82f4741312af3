"""What every codec here shares: how a file is recognised, described, turned upright and refused."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from trombine.files import Bytes
from trombine.provenance import KEY
from trombine.refusal import InputError
from trombine.samples import Image

if TYPE_CHECKING:
    from PIL import Image as Pillow

SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"\x1a\x45\xdf\xa3", "WEBM"),  # and other Matroska
)
START: Final = 128  # bytes that tell a format
# What a file of boxes (ISO base media) says that it is, in its first box.
_BRANDS: Final = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "HEIF"),
}
# Films, and what phones and cameras call theirs.
_FILM_BRANDS: Final = dict.fromkeys(
    (
        *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"avc1", b"mp41", b"mp42", b"mp71"),
        *(b"qt  ", b"M4V ", b"M4VH", b"M4VP", b"MSNV", b"dash", b"3gp4", b"3gp5", b"3gp6", b"3g2a"),
    ),
    "MP4",
)
MOST_LOOPS: Final = 65535
MOST_CHUNKS: Final = 100_000  # of a file: an encoder writes some kB in each
_STRIP: Final = 1 << 18  # pixels: 16 times as many take three times as long
_DESCRIPTION: Final = 270  # EXIF's tag


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a file says of its picture before any pixel is decoded."""

    format: str  # as Pillow names it
    width: int  # as stored, before the orientation is applied
    height: int
    lossless: bool
    space: str  # "CMYK", or anything else
    more_pictures: bool = False  # whether it holds more pictures, which are not read; a film's are
    copies: int = 1  # how many pictures of that size its decoder holds, if it is a glutton


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """A film: its pictures as they are shown, all of one size, and for how long each."""

    frames: tuple[Image, ...]
    durations: tuple[int, ...] = (0,)  # milliseconds
    loops: int = 1  # how often it is shown; 0: for ever

    def __post_init__(self) -> None:
        """Refuse what is no film."""
        if not self.frames:
            raise ValueError("a film has one frame or more; there are none")
        if len(self.frames) != len(self.durations):
            raise ValueError(f"{len(self.frames)} frames, but {len(self.durations)} durations")
        if len({frame.samples.shape[:2] for frame in self.frames}) > 1:
            raise ValueError("the frames of a film have one size")
        if min(self.durations) < 0 or not 0 <= self.loops <= MOST_LOOPS:
            raise ValueError(f"a duration or {self.loops} loops is out of range")

    @property
    def first(self) -> Image:
        return self.frames[0]

    @property
    def count(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, kw_only=True, eq=False)
class Video:
    """A film in a file, whose frames are decoded, worked on and written one at a time."""

    path: Path
    digest: str  # SHA-256 of the file
    first: Image
    size: tuple[int, int]  # height, width of the frames, after the work
    count: int  # frames
    sound: tuple[str, ...] = ()  # the codec of each
    more: bool = False  # whether there are subtitles, or further pictures
    metadata: Mapping[str, str] = field(default_factory=dict)  # date, place, camera, title
    work: Callable[[Image], Image] | None = None  # what each frame is to become


def damaged(detail: object) -> InputError:
    """A picture whose bytes break off or contradict each other."""
    text = " ".join(str(detail).split())[:120]
    return InputError(f"is cut short or damaged ({text})", "copy it again from where it came")


def unsupported(problem: str) -> InputError:
    """A sound picture of a kind that is not read."""
    return InputError(problem, "save it as PNG or TIFF with 8 or 16 bits a sample")


def recognise(start: bytes) -> str:
    """The format by a file's first START bytes, as Pillow names it; "" where it has no codec."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    if start[4:8] == b"ftyp":
        return _by_brand(start[: max(16, int.from_bytes(start[:4]))])
    return next((name for signature, name in SIGNATURES if start.startswith(signature)), "")


def _by_brand(box: bytes) -> str:
    """By the main brand, then by those that the file is compatible with."""
    brands = [box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))]
    picture = next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "")
    return picture or next((_FILM_BRANDS[brand] for brand in brands if brand in _FILM_BRANDS), "")


def exactly(file: Bytes, count: int) -> bytes:
    """The next `count` bytes, or a refusal."""
    data = file.read(count)
    if len(data) < count:
        raise damaged(f"{count - len(data)} bytes are missing")
    return data


def unpack(layout: str, data: bytes) -> tuple[int, ...]:
    """`struct.unpack` of the start of `data`, or a refusal."""
    if len(data) < struct.calcsize(layout):
        raise damaged("its header is short")
    return struct.unpack_from(layout, data)


def upright(samples: np.ndarray, orientation: object) -> np.ndarray:
    """Samples, H x W x C, turned as EXIF's orientation, 1 to 8, asks; nothing else turns them."""
    transposes = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: a[::-1].transpose(1, 0, 2),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: a[:, ::-1].transpose(1, 0, 2),
    }
    transpose = transposes.get(orientation) if isinstance(orientation, int) else None
    return np.ascontiguousarray(transpose(samples) if transpose else samples)


def orientation(exif: bytes) -> object:
    """The orientation in a block of EXIF; None where there is none or the block is broken."""
    from PIL import Image as Pillow

    block = Pillow.Exif()
    try:
        block.load(exif)
        return block.get(274)
    except Exception:  # whatever a broken block does to the parser, the picture itself is sound
        return None


def samples_of(picture: Pillow.Image) -> np.ndarray:
    """What Pillow decoded, as an array of its own.

    In strips: for a moment Pillow holds whatever it hands out twice, beside the picture itself.
    """
    rows = max(1, _STRIP // picture.width)
    if picture.height <= rows:
        return np.asarray(picture)
    first = np.asarray(picture.crop((0, 0, picture.width, rows)))
    samples = np.empty((picture.height, *first.shape[1:]), first.dtype)
    for top in range(0, picture.height, rows):
        below = min(top + rows, picture.height)
        samples[top:below] = np.asarray(picture.crop((0, top, picture.width, below)))
    return samples


def tagged(text: str) -> str:
    """A record as it stands in a comment or a description, where other programs write too."""
    return f"{KEY} {text}"


def untagged(text: str | bytes | object) -> str | None:
    """The record in a comment that `tagged` made; None where another program wrote it."""
    if isinstance(text, bytes):
        text = text.decode("ascii", "replace")
    if not isinstance(text, str) or not text.startswith(f"{KEY} "):
        return None
    return text[len(KEY) + 1 :].rstrip("\0")


def described(record: str | None) -> bytes:
    """A block of EXIF whose image description is the record; empty where there is none."""
    from PIL import Image as Pillow

    if record is None:
        return b""
    block = Pillow.Exif()
    block[_DESCRIPTION] = record
    return block.tobytes()
