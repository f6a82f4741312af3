"""Pictures in files: `load_picture`, `save_picture`, and the `Picture` between.

Pillow reads and writes everything but 16-bit samples, which it reduces to 8: those of PNG go
through imagecodecs, those of TIFF through tifffile. Palettes and CMYK become RGB, transparent
colours become alpha. Films are in video.py, colours in color.py, safe writing in files.py.
"""

from __future__ import annotations

import io
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import imagecodecs
import numpy as np
from jaxtyping import Bool, Float32, UInt8, UInt16
from PIL import ExifTags, Image, PngImagePlugin, UnidentifiedImageError

from trombine.core.conventions import PART_COLOURS
from trombine.core.errors import InputError, library, said, shown
from trombine.core.texts import from_json
from trombine.io.color import cmyk_to_rgb, from_srgb, speaks, to_srgb
from trombine.io.files import Bytes, opened, refusing, write_bytes

if TYPE_CHECKING:
    import torch
    from tifffile import TiffPage

Samples = UInt8[np.ndarray, "h w c"] | UInt16[np.ndarray, "h w c"]
Pixels = Samples | UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "h w"]

FORMATS: Final = {
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
SUFFIX_OF: Final = {format: suffix for suffix, format in reversed(FORMATS.items())}
VIDEO_SUFFIXES: Final = frozenset((".mp4", ".m4v", ".webm", ".mov", ".mkv"))
FILM_SUFFIXES: Final = {".gif": "GIF", ".webp": "WEBP"}  # of pictures that may move
# What a folder is searched for; `load_picture` itself recognises the bytes.
PICTURE_SUFFIXES: Final = frozenset(FORMATS) - VIDEO_SUFFIXES | {
    *(".ppm", ".pgm", ".jp2", ".heic", ".heif")
}
SHEET_ENDING: Final = ".sheet.png"  # contact sheets, which are not taken as pictures of a folder
RAW_SUFFIXES: Final = frozenset((".cr2", ".cr3", ".nef", ".dng", ".arw", ".raf", ".orf", ".rw2"))
LOSSY: Final = ("JPEG", "AVIF")  # of the formats that are written
USUAL_QUALITY: Final = 95

# A picture of more pixels is refused before it is decoded, unless this variable of the
# environment, or an argument, says otherwise. Pillow's own limit; 300 MB as a float picture.
MAX_PIXELS: Final = 89_478_485
MAX_PIXELS_VARIABLE: Final = "TROMBINE_MAX_PIXELS"
_TRUST: Final = f"if you trust it, set {MAX_PIXELS_VARIABLE} higher"

# Formats that Pillow opens, without those that run another program, such as EPS.
_READ: Final = (
    *("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "PPM", "JPEG2000"),
    *("ICO", "TGA", "PSD", "QOI", "SGI", "PCX", "DDS"),
)
_KEPT: Final = ("PNG", "TIFF", "WEBP", "BMP")  # formats that a result keeps
_LOSSLESS: Final = (*_KEPT, "GIF", "PPM", "QOI", "TGA", "SGI", "PCX", "ICO", "PSD")
_WIDE: Final = ("PNG", "TIFF")  # formats of 16 bits
_NO_ALPHA: Final = ("JPEG", "BMP")
_NO_PROFILE: Final = ("GIF", "BMP")  # there colours are sRGB
NO_EXIF: Final = ("GIF", "BMP")
_TIFF_MARKS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_PNG_LEVEL: Final = 4
_STRIP: Final = 1 << 18  # pixels converted at once: conversions hold some 100 bytes for each
_PNG_START: Final = 33  # bytes of signature and header, after which other chunks may stand
_XMP: Final = 700  # a tag of TIFF
_XMP_KEY: Final = "XML:com.adobe.xmp"
_XMP_ORIENTATION: Final = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[2-8]")
# Tags of TIFF that say how samples are stored, or that are kept otherwise.
_STRUCTURE: Final = {
    *range(254, 285),
    *range(320, 348),
    *range(512, 533),
    *(296, 301, 317, 700, 33723, 34377, 34675, 50706),
} - {270, 271, 272}  # description and camera
_IFDS: Final = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
_NAMED: Final = (270, 271, 272, 306, 315, 33432)  # description, camera, date, artist, copyright
_RECORD: Final = "trombine"  # before a record, where other programs write too
_COMMENT_START: Final = b"ASCII\0\0\0"

_OPENING: Final = Lock()


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A picture, upright (EXIF orientation is applied), with its metadata."""

    samples: Samples  # grey, grey and alpha, RGB, or RGBA
    profile: bytes | None = None  # ICC
    exif: bytes = b""  # date, camera, place: a block from its TIFF header on, without orientation
    xmp: bytes = b""
    format: str = "PNG"  # of its file, in Pillow's words
    reduced: int = 1  # how many times smaller it was decoded (`load_picture`'s least)
    quantization: tuple[int, ...] = ()  # the 64 steps of a JPEG's luma, row by row
    record: dict[str, Any] | None = None  # how it was made, if trombine made it
    changed: str = ""  # what reading changed, in words

    def __post_init__(self) -> None:
        samples = self.samples
        if samples.ndim != 3 or samples.shape[2] not in _MODES or not samples.size:
            raise ValueError(f"a picture has no samples of {samples.shape}")
        if samples.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"a picture has no samples of {samples.dtype}")

    @property
    def height(self) -> int:
        return self.samples.shape[0]

    @property
    def width(self) -> int:
        return self.samples.shape[1]

    @property
    def bits(self) -> int:
        return 8 * self.samples.dtype.itemsize

    @property
    def mode(self) -> str:
        """As Pillow calls it: L, LA, RGB or RGBA."""
        return _MODES[self.samples.shape[2]]

    @property
    def is_grey(self) -> bool:
        return self.samples.shape[2] < 3

    @property
    def is_lossless(self) -> bool:
        """Whether its file's format is lossless (WebP is assumed to be)."""
        return self.format in _LOSSLESS

    @property
    def colours(self) -> Samples:
        """The samples without alpha: h x w x 1 or 3."""
        return self.samples[..., :1] if self.is_grey else self.samples[..., :3]

    @property
    def plain(self) -> Picture:
        """The picture without its profile, for nets: conversion to sRGB would clip colours."""
        return replace(self, profile=None)

    @property
    def stripped(self) -> Picture:
        """The picture without EXIF and XMP."""
        return replace(self, exif=b"", xmp=b"")

    def rgb(self) -> Float32[np.ndarray, "h w 3"]:
        """The colours in sRGB, [0, 1], through the profile; what is behind alpha is kept."""
        flat = self.colours.reshape(self.height * self.width, -1)
        return to_srgb(flat, self.profile).reshape(self.height, self.width, 3)

    def rgb_pixels(self) -> UInt8[np.ndarray, "h w 3"]:
        """`rgb()` rounded to 8 bits."""
        colours = self.colours
        if self.bits == 16 or speaks(self.profile, colours.shape[2]):
            return (self.rgb() * np.float32(255)).round().astype(np.uint8)
        return np.repeat(colours, 3, axis=2) if self.is_grey else np.ascontiguousarray(colours)

    def alpha(self) -> Float32[np.ndarray, "h w"] | None:
        """Opacity of each pixel, in [0, 1]; None without an alpha channel."""
        if self.samples.shape[2] in (1, 3):
            return None
        return self.samples[..., -1].astype(np.float32) / np.float32(2**self.bits - 1)

    def recoloured(
        self, chosen: Float32[np.ndarray, "n 3"], mask: Bool[np.ndarray, "h w"]
    ) -> Picture:
        """The picture with these sRGB colours where `mask` is true, one for each of its pixels in
        row order; other samples, and alpha, are unchanged."""
        if mask.shape != self.samples.shape[:2] or len(chosen) != np.count_nonzero(mask):
            raise ValueError(f"{chosen.shape} and {mask.shape} do not fit {self.samples.shape}")
        if not len(chosen):
            return self
        if not (chosen.min() >= 0 and chosen.max() <= 1):  # written so that NaN fails
            raise ValueError("colours are within [0, 1]")
        samples, done, channels = self.samples.copy(), 0, self.colours.shape[2]
        step = max(1, _STRIP // self.width)
        for top in range(0, self.height, step):
            part, inside = samples[top : top + step], mask[top : top + step]
            if count := np.count_nonzero(inside):
                some = chosen[done : done + count]
                part[inside, :channels] = from_srgb(some, channels, self.profile, samples.dtype)
                done += count
        return replace(self, samples=samples)

    def opaque(self, mask: Bool[np.ndarray, "h w"]) -> Picture:
        """The picture, opaque where `mask` is true."""
        if self.samples.shape[2] in (1, 3):
            return self
        samples = self.samples.copy()
        samples[mask, -1] = np.iinfo(samples.dtype).max
        return replace(self, samples=samples)

    def cut_out(self, opacity: Float32[np.ndarray, "h w"]) -> Picture:
        """The picture with its alpha multiplied by this opacity, in [0, 1]."""
        own, top = self.alpha(), np.iinfo(self.samples.dtype).max
        alpha = np.round((opacity if own is None else opacity * own) * top)
        alpha = alpha.astype(self.samples.dtype)[..., None]
        return replace(self, samples=np.concatenate([self.colours, alpha], axis=2))

    def in_srgb(self) -> Picture:
        """The picture converted to sRGB, without a profile."""
        channels = self.colours.shape[2]
        flat = from_srgb(self.rgb().reshape(-1, 3), channels, None, self.samples.dtype)
        colours = flat.reshape(self.height, self.width, channels)
        samples = np.concatenate([colours, self.samples[..., channels:]], axis=2)
        return replace(self, samples=samples, profile=None)

    def tensor(self) -> torch.Tensor:
        """`rgb()` as a tensor, float32, 3 x H x W."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(self.rgb().transpose(2, 0, 1)))


def picture_of(pixels: Pixels) -> Picture:
    """Samples (grey, grey and alpha, RGB or RGBA; 8 or 16 bits) as a Picture."""
    return Picture(samples=pixels[..., None] if pixels.ndim == 2 else pixels)


def as_seen(picture: Picture) -> UInt8[np.ndarray, "h w 3"]:
    """A picture in 8-bit sRGB on a white background."""
    return _on_white(picture).rgb_pixels()


# ---------------------------------------------------------------------------------------------
# Reading


class Head(NamedTuple):
    """The header of a picture's file; height and width before orientation."""

    format: str
    height: int
    width: int
    frames: int = 1  # or pages; 0 for MP4 and WebM


def is_video(path: Path) -> bool:
    """Whether a file is a film that PyAV reads, by its extension."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def load_picture(path: Path | str, *, least: int | None = None) -> Picture:
    """The picture in a file, upright, or the first frame of a film.

    With `least`, a JPEG is decoded at the smallest of 1/2, 1/4 and 1/8 whose sides have at least
    that many pixels, and `reduced` says which; other formats are decoded whole.
    """
    path = Path(path)
    if is_video(path):
        from trombine.io.container import first_picture, read_size

        check_pixels(path, *read_size(path))
        return Picture(samples=first_picture(path), format="MP4")
    with picture_file(path) as (file, _):
        return _read(file, path, least)


def _read(file: Bytes, path: Path, least: int | None = None) -> Picture:
    if file.read(4) in _TIFF_MARKS and (picture := _wide_tiff(file)):
        return picture
    opened = open_pillow(file, path)
    wide = any(str(tile.args).endswith("16B") for tile in getattr(opened, "tile", ()))
    if opened.format == "PNG" and wide:
        return _wide_png(opened, file)
    return from_pillow(opened, least=least)


def decode(data: bytes) -> Picture:
    """The picture in the bytes of a file."""
    return _read(io.BytesIO(data), Path("a picture"))


def load_labels(path: Path | str) -> UInt8[np.ndarray, "h w"]:
    """The labels in a picture: palette indices, or grey samples."""
    with picture_file(Path(path)) as (file, _):
        opened = open_pillow(file, Path(path))
        if opened.mode == "P":
            return np.array(opened)
        samples = from_pillow(opened).samples
        alike = samples.shape[2] < 3 or (samples[..., :1] == samples[..., :3]).all()
        if not alike or samples.dtype != np.uint8:
            raise InputError(f"holds {opened.mode} colours, not labels", "save it as grey")
        return samples[..., 0]


def read_head(path: Path | str) -> Head:
    """Format, size and number of frames, without decoding; a too large picture is refused."""
    path = Path(path)
    if is_video(path):
        from trombine.io.container import read_size

        head = Head(FORMATS.get(path.suffix.lower(), "MP4"), *read_size(path), 0)
        check_pixels(path, head.height, head.width)
        return head
    with picture_file(path) as (_, head):
        return head


def size_of(path: Path | str) -> tuple[int, int]:
    """Height and width of the picture in a file, before orientation."""
    head = read_head(path)
    return head.height, head.width


def read_record(path: Path | str) -> dict[str, Any] | None:
    """The record of a file, unchecked (see record.py); None if trombine did not make it."""
    path = Path(path)
    if is_video(path):
        from trombine.io.container import read_comment

        return _record_in(read_comment(path))
    with picture_file(path) as (file, head):
        if head.format == "TIFF":
            return _record_in(_first_page(file).software)
        return _record_of(open_pillow(file, path))


def check_pixels(path: Path, height: int, width: int, frames: int = 1) -> None:
    """Refuse a picture, or a film in memory, of more pixels than `max_pixels_of`."""
    limit = max_pixels_of(path)
    if frames * height * width > limit:
        size = f"{width} x {height} pixels"
        size = size if frames == 1 else f"{frames:,} frames of {size}"
        problem = f"has {size}, more than the {limit:,} that are read"
        raise InputError(problem, _TRUST, path=path)


def max_pixels_of(path: Path) -> int:
    """The usual limit of pixels: MAX_PIXELS, or that of the environment."""
    setting = os.environ.get(MAX_PIXELS_VARIABLE, str(MAX_PIXELS))
    if not setting.isdecimal():
        problem = f"was not read: {MAX_PIXELS_VARIABLE} is {shown(setting)}"
        raise InputError(problem, "make it a number of pixels", path=path)
    return int(setting)


@contextmanager
def picture_file(path: Path) -> Iterator[tuple[Bytes, Head]]:
    """A picture's file and its header; refused if it has too many pixels."""
    with opened(path) as file, refusing(path):
        head = _head(file, path)
        check_pixels(path, head.height, head.width)
        file.seek(0)
        yield file, head


def _head(file: Bytes, path: Path) -> Head:
    if file.read(4) in _TIFF_MARKS:
        page = _first_page(file)
        pages = page.parent.pages
        more = len(pages) > 1 and not getattr(pages[1], "is_reduced", True)
        return Head("TIFF", page.imagelength, page.imagewidth, 1 + more)
    opened = open_pillow(file, path)
    frames = 1 if opened.format == "PSD" else getattr(opened, "n_frames", 1)
    return Head(_format(opened), opened.height, opened.width, frames)


def open_pillow(file: Bytes, path: Path) -> Image.Image:
    """Open a file with Pillow, without decoding."""
    file.seek(0)
    try:
        with _own_limit():
            return Image.open(file, formats=_READ)
    except Image.DecompressionBombError as error:  # of twice the usual limit, Pillow's own
        raise InputError("has more pixels than are read", _TRUST) from error
    except UnidentifiedImageError as error:
        if path.suffix.lower() not in (".heic", ".heif"):
            raise InputError("is not a picture, or is damaged") from error
    heif = library("pillow_heif", "heif", path)
    file.seek(0)
    return heif.HeifImageFile(file)


@contextmanager
def _own_limit() -> Iterator[None]:
    """Where the environment sets a limit, it holds in place of Pillow's: `check_pixels` looks at
    the size in the header, before any pixel is decoded. Pillow's is the host program's, and stays.
    """
    if not os.environ.get(MAX_PIXELS_VARIABLE):
        yield
        return
    with _OPENING:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _format(opened: Image.Image) -> str:
    return "JPEG" if opened.format == "MPO" else opened.format or "PNG"


def from_pillow(opened: Image.Image, *, least: int | None = None) -> Picture:
    """A Pillow image as a Picture; `least` as in `load_picture`."""
    full = opened.width
    exif = opened.getexif() if opened.format != "PNG" else None
    if least is not None and _format(opened) == "JPEG":
        by = _reduction(opened, least, (exif or {}).get(ExifTags.Base.Orientation, 1))
        opened.draft(opened.mode, (opened.width // by, opened.height // by))
    opened.load()
    exif = opened.getexif() if exif is None else exif
    reduced = next((by for by in (1, 2, 4, 8) if -(-full // by) == opened.width), 1)
    tables = getattr(opened, "quantization", None)
    image, changed, profile = opened, "", opened.info.get("icc_profile") or None
    if opened.mode == "CMYK":
        image, changed, profile = cmyk_to_rgb(opened), "CMYK is worked on as RGB", None
    samples = _samples(image)
    samples = _turned(samples, exif.get(ExifTags.Base.Orientation, 1))
    return Picture(
        samples=samples,
        profile=profile,
        exif=_kept_exif(exif),
        xmp=_XMP_ORIENTATION.sub(rb"\g<1>1", _bytes(opened.info.get("xmp"))),
        format=_format(opened),
        reduced=reduced,
        quantization=tuple(tables[0]) if tables else (),
        record=_record_of(opened),
        changed=changed,
    )


def _samples(image: Image.Image) -> Samples:
    """The samples of a Pillow image as L, LA, RGB or RGBA: h x w x c."""
    if image.mode == "I":
        samples = np.asarray(image)
        if samples.min() < 0 or samples.max() > 0xFFFF:
            raise InputError("holds samples of more than 16 bits", "save it with 8 or 16")
        return samples.astype(np.uint16)[..., None]
    if image.mode == "F":
        raise InputError("holds samples of 32-bit floats", "save it with 8 or 16 bits")
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)[..., None]
    clear = image.has_transparency_data
    grey = image.mode in ("1", "L", "LA", "La")
    mode = ("LA" if clear else "L") if grey else ("RGBA" if clear else "RGB")
    samples = np.array(image if image.mode == mode else image.convert(mode))
    return samples if samples.ndim == 3 else samples[..., None]


def _reduction(opened: Image.Image, least: int, orientation: object) -> int:
    """How many times smaller to decode a JPEG.

    Where a side is no multiple, the last pixel covers less. Orientation would move it to the front
    and shift all others, so a turned picture is only reduced by divisors of its sides.
    """
    width, height = opened.size
    fits = (b for b in (8, 4, 2) if orientation == 1 or width % b == height % b == 0)
    return next((by for by in fits if min(width, height) // by >= max(1, least)), 1)


def _turned(samples: np.ndarray, orientation: object) -> np.ndarray:
    if not isinstance(orientation, int) or not 2 <= orientation <= 8:
        return samples
    if orientation >= 5:
        samples = samples.transpose(1, 0, 2)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(samples[rows, columns])


def _wide_png(opened: Image.Image, file: Bytes) -> Picture:
    file.seek(0)
    samples = imagecodecs.png_decode(file.read())
    samples = samples if samples.ndim == 3 else samples[..., None]
    exif = Image.Exif()
    exif.load(opened.info.get("exif", b""))
    return Picture(
        samples=_turned(samples, exif.get(ExifTags.Base.Orientation, 1)),
        profile=opened.info.get("icc_profile") or None,
        exif=_kept_exif(exif),
        xmp=_bytes(opened.info.get("xmp")),
        record=_record_of(opened),
    )


def _first_page(file: Bytes) -> TiffPage:
    import tifffile

    file.seek(0)
    page = tifffile.TiffFile(file).pages.first
    assert isinstance(page, tifffile.TiffPage)
    if 50706 in page.tags:  # DNGVersion
        raise InputError("is a camera raw file, which is not read", "save it as TIFF first")
    return page


def _wide_tiff(file: Bytes) -> Picture | None:
    """The picture in a TIFF of 16 bits; None for other TIFFs, which Pillow reads."""
    page = _first_page(file)
    if page.bitspersample <= 8:
        return None
    if page.bitspersample != 16 or page.sampleformat != 1:
        raise InputError(f"holds samples of {page.dtype}", "save it with 8 or 16 bits")
    samples = page.asarray()
    samples = samples[..., None] if samples.ndim == 2 else samples
    samples = np.moveaxis(samples, 0, -1) if page.axes.startswith("S") else samples
    changed, profile = "", page.iccprofile
    if page.photometric == 0:  # white is 0
        samples = np.concatenate([0xFFFF - samples[..., :1], samples[..., 1:]], axis=2)
    elif page.photometric == 5:
        changed = "CMYK is worked on as RGB of 8 bits"
        inks = Image.fromarray((samples[..., :4] >> 8).astype(np.uint8), "CMYK")
        inks.info["icc_profile"] = profile
        samples, profile = np.asarray(cmyk_to_rgb(inks)), None
    elif page.photometric not in (1, 2):
        raise InputError(f"holds 16-bit {page.photometric!s} colours", "save it as RGB")
    exif = Image.Exif()
    file.seek(0)
    if not page.parent.is_bigtiff:
        exif.load_from_fp(file)
    xmp = page.tags.get(_XMP)
    return Picture(
        samples=_turned(np.ascontiguousarray(samples[..., :4]), exif.get(274, 1)),
        profile=profile or None,
        exif=_kept_exif(exif),
        xmp=b"" if xmp is None else _bytes(xmp.value),
        format="TIFF",
        record=_record_in(page.software),
        changed=changed,
    )


def _bytes(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else b""


# ---------------------------------------------------------------------------------------------
# EXIF, and the record of how a picture was made


def _kept_exif(exif: Image.Exif) -> bytes:
    """EXIF without the fields that describe the file's storage; b"" if nothing is left."""
    try:
        kept = Image.Exif()
        for tag, value in exif.items():
            if tag not in _STRUCTURE and tag not in _IFDS:
                kept[tag] = value
        for tag in _IFDS:
            if fields := dict(exif.get_ifd(tag)):
                if _record_text(fields.get(ExifTags.Base.UserComment)):
                    del fields[ExifTags.Base.UserComment]
                kept.get_ifd(tag).update(fields)
        if _record_text(kept.get(ExifTags.Base.Software)):
            del kept[ExifTags.Base.Software]
        return kept.tobytes() if kept or any(kept.get_ifd(tag) for tag in _IFDS) else b""
    except Exception:  # a broken EXIF block: the picture itself is fine
        return b""


def _record_text(text: object) -> str | None:
    """The JSON in a comment; None if another program wrote the comment."""
    if isinstance(text, bytes):
        text = text.removeprefix(_COMMENT_START).decode("ascii", "replace")
    if not isinstance(text, str) or not text.startswith(f"{_RECORD} {{"):
        return None
    return text.removeprefix(f"{_RECORD} ").rstrip("\0")


def _record_in(text: object) -> dict[str, Any] | None:
    """The record in a comment; None if another program wrote the comment, or it is broken."""
    return _parsed(_record_text(text))


def _parsed(text: str | None) -> dict[str, Any] | None:
    with suppress(ValueError):
        record = from_json(text or "")
        return record if isinstance(record, dict) else None


def _record_of(opened: Image.Image) -> dict[str, Any] | None:
    """The record in an opened image: PNG's text, a comment, or EXIF's comment."""
    own = opened.info.get(_RECORD)
    if isinstance(own, str):
        return _parsed(own)
    texts: list[object] = [opened.info.get("comment")]
    with suppress(Exception):  # a broken EXIF block: the picture itself is fine
        exif = opened.getexif() if opened.format != "PNG" else Image.Exif()
        texts += [exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)]
        texts += [exif.get(tag) for tag in (ExifTags.Base.Software, ExifTags.Base.ImageDescription)]
    return _parsed(next(filter(None, map(_record_text, texts)), None))


def record_text(record: Mapping[str, Any]) -> str:
    """A record as one line of JSON with sorted keys."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)


def comment(record: Mapping[str, Any] | None) -> str:
    """A record as a comment, with a prefix; "" without a record."""
    return "" if record is None else f"{_RECORD} {record_text(record)}"


# ---------------------------------------------------------------------------------------------
# Writing


def format_of(path: Path) -> str:
    """The format of an output, by its suffix."""
    format = FORMATS.get(path.suffix.lower())
    if format is None:
        ending = f"ends in {shown(path.suffix)}, which is no format to write"
        problem = ending if path.suffix else "has no ending, which would say the format"
        raise InputError(problem, "choose .png, .jpg, .webp, .tif, .gif, .bmp or .avif", path=path)
    return format


def output_suffix(path: Path | str, *, films: bool = False) -> str:
    """The suffix of a result of this file: its own if that format is kept, else ".png". With
    `films` a film stays one."""
    path, head = Path(path), read_head(path)
    is_film = head.frames == 0 or (head.frames > 1 and head.format in FILM_SUFFIXES.values())
    kept = head.format if head.format in _KEPT or (films and is_film) else "PNG"
    return path.suffix if FORMATS.get(path.suffix.lower()) == kept else SUFFIX_OF[kept]


def save_picture(
    path: Path | str,
    picture: Picture | Pixels,
    *,
    record: Mapping[str, Any] | None = None,
    quality: int = USUAL_QUALITY,
) -> None:
    """Write a picture atomically in the format of the suffix; `lost` says what that drops.

    `quality` is JPEG's and AVIF's, 1 to 100; the others are written lossless.
    """
    path = Path(path)
    picture = picture if isinstance(picture, Picture) else picture_of(picture)
    format = format_of(path)
    with encoding(path, f"{picture.width} x {picture.height}"):
        data = encode(picture, format, record=record, quality=quality)
    write_bytes(path, data)


@contextmanager
def encoding(path: Path, size: str) -> Iterator[None]:
    """Turn an encoder's error into an InputError."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, OverflowError, OSError, RuntimeError) as error:
        problem = f"cannot hold {size} ({said(error)})"
        raise InputError(problem, "choose a name that ends in .png or .tif", path=path) from error


def lost(picture: Picture, format: str) -> list[str]:
    """What a file of this format cannot store of a picture, each in a few words."""
    losses = []
    if picture.bits == 16 and format not in _WIDE:
        losses.append("16 bits a sample become 8")
    if format in _NO_PROFILE and speaks(picture.profile, picture.colours.shape[2]):
        losses.append("colours become sRGB")
    if picture.samples.shape[2] in (2, 4) and format in _NO_ALPHA:
        losses.append("transparency becomes white")
    if format == "GIF":
        losses.append("colours become at most 256")
    if format in LOSSY:
        losses.append("pixels are rounded")
    return losses


def fit(picture: Picture, format: str) -> Picture:
    """The picture, reduced to what a format can store."""
    channels = picture.colours.shape[2]
    needs_rgb = picture.is_grey and format in ("WEBP", "AVIF")
    if format in _NO_ALPHA:
        picture = _on_white(picture)
    if speaks(picture.profile, channels) and (format in _NO_PROFILE or needs_rgb):
        picture = picture.in_srgb()
    if picture.bits == 16 and format not in _WIDE:
        narrow = ((picture.samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
        picture = replace(picture, samples=narrow)
    if format == "GIF" and picture.samples.shape[2] in (2, 4):  # clear or not
        clear = picture.samples[..., -1:] < 128
        samples = np.where(clear, 0, picture.samples).astype(np.uint8)
        samples[..., -1:] = np.where(clear, 0, 255)
        picture = replace(picture, samples=samples)
    if needs_rgb and picture.is_grey:
        alpha = picture.samples[..., 1:]
        samples = np.concatenate([np.repeat(picture.samples[..., :1], 3, axis=2), alpha], axis=2)
        picture = replace(picture, samples=samples, profile=None)
    return picture


def encode(
    picture: Picture,
    format: str,
    *,
    record: Mapping[str, Any] | None = None,
    quality: int = USUAL_QUALITY,
) -> bytes:
    """A file of the picture, as bytes, reduced to what the format can store."""
    picture = fit(picture, format)
    if picture.bits == 16:
        samples = picture.samples[..., 0] if picture.samples.shape[2] == 1 else picture.samples
        write_wide = _wide_tiff_file if format == "TIFF" else _wide_png_file
        return write_wide(picture, np.ascontiguousarray(samples), record)
    options: dict[str, Any] = {}
    if format not in _NO_PROFILE:
        options["icc_profile"] = picture.profile
    if format not in (*NO_EXIF, "TIFF") and picture.xmp:
        options["xmp"] = picture.xmp
    exif = exif_of(picture, None if format in ("PNG", "TIFF") else record)
    has_fields = any(exif.get_ifd(tag) for tag in _IFDS)
    if format not in (*NO_EXIF, "TIFF") and (exif or has_fields):
        options["exif"] = exif.tobytes()
    if format == "PNG":
        options |= {"pnginfo": _png_texts(record, picture.xmp), "compress_level": _PNG_LEVEL}
        options.pop("xmp", None)
    elif format == "JPEG":
        options |= {"quality": quality, "subsampling": 0}  # colour at full resolution
    elif format == "WEBP":
        options |= {"lossless": True, "exact": True, "method": 4}
    elif format == "AVIF":  # the encoder cuts a picture by its threads: one, for the same bytes
        options |= {"quality": quality, "subsampling": "4:4:4", "speed": 6}
        options |= {"max_threads": 1, "autotiling": False}
    elif format == "TIFF":
        if record is not None:
            exif[ExifTags.Base.Software] = comment(record)
        if picture.xmp:
            exif[_XMP] = picture.xmp
        # libtiff, which compresses, cannot write EXIF directories.
        options |= {"exif": exif, "compression": "raw" if has_fields else "tiff_adobe_deflate"}
    elif format == "GIF" and record is not None:
        options |= {"comment": comment(record).encode()}
    out = io.BytesIO()
    to_pillow(picture).save(out, format, **options)
    return out.getvalue()


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """A map of the parts of a face; its file is a PNG that shows them in their colours."""

    numbers: UInt8[np.ndarray, "h w"]


def encode_labels(
    numbers: UInt8[np.ndarray, "h w"], record: Mapping[str, Any] | None = None
) -> bytes:
    """The PNG file of a map of parts: its indices are the labels, its palette shows them."""
    image = Image.fromarray(numbers)
    image.putpalette(PART_COLOURS.tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=_png_texts(record), compress_level=_PNG_LEVEL)
    return out.getvalue()


def encode_png(pixels: Pixels, record: Mapping[str, Any] | None = None) -> bytes:
    """A PNG file of samples; the same bytes each time."""
    return encode(picture_of(pixels), "PNG", record=record)


def to_pillow(picture: Picture) -> Image.Image:
    """An 8-bit picture, or 16-bit grey one, as a Pillow image with its profile."""
    samples = picture.samples
    if picture.bits == 16 and samples.shape[2] > 1:
        raise InputError("has colours of 16 bits, which no Pillow image holds", "take an array")
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    if picture.profile is not None:
        image.info["icc_profile"] = picture.profile
    return image


def exif_of(picture: Picture, record: Mapping[str, Any] | None) -> Image.Exif:
    """A picture's EXIF with its current size, and a record as its comment."""
    exif = Image.Exif()
    if picture.exif:
        exif.load(picture.exif)
        fields = exif.get_ifd(ExifTags.IFD.Exif)
        sides = {ExifTags.Base.ExifImageWidth: picture.width}
        sides[ExifTags.Base.ExifImageHeight] = picture.height
        fields.update({tag: side for tag, side in sides.items() if tag in fields})
    if record is not None:
        text = _COMMENT_START + comment(record).encode()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = text
    return exif


def _png_texts(record: Mapping[str, Any] | None, xmp: bytes = b"") -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    if record is not None:
        info.add_text(_RECORD, record_text(record))
    if xmp:
        info.add_itxt(_XMP_KEY, xmp.decode("utf-8", "replace"))
    return info


def _wide_png_file(
    picture: Picture, samples: np.ndarray, record: Mapping[str, Any] | None
) -> bytes:
    # A copy: imagecodecs misreads the strides of some views of one pixel.
    plain = bytes(imagecodecs.png_encode(samples.copy(), level=_PNG_LEVEL))
    out = io.BytesIO()
    out.write(plain[:_PNG_START])
    if picture.profile is not None:
        packed = zlib.compress(picture.profile, 9)
        PngImagePlugin.putchunk(out, b"iCCP", b"ICC profile\0\0" + packed)
    for name, data, _ in _png_texts(record, picture.xmp).chunks:
        PngImagePlugin.putchunk(out, name, data)
    if picture.exif:
        PngImagePlugin.putchunk(out, b"eXIf", exif_of(picture, None).tobytes()[6:])
    out.write(plain[_PNG_START:])
    return out.getvalue()


def _wide_tiff_file(
    picture: Picture, samples: np.ndarray, record: Mapping[str, Any] | None
) -> bytes:
    """A TIFF of 16 bits; of EXIF, tifffile writes the fields in _NAMED."""
    import tifffile

    exif = exif_of(picture, None)
    tags = [(tag, "s", 0, str(exif[tag]), True) for tag in _NAMED if tag in exif]
    tags += [(_XMP, "B", len(picture.xmp), picture.xmp, True)] if picture.xmp else []
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        samples,
        photometric="minisblack" if picture.is_grey else "rgb",
        planarconfig="contig" if samples.ndim == 3 else None,
        extrasamples=["unassalpha"] if picture.samples.shape[2] in (2, 4) else None,
        compression="zlib",
        predictor=True,
        iccprofile=picture.profile,
        metadata=None,
        software=comment(record) or False,
        extratags=tags,
    )
    return out.getvalue()


def _on_white(picture: Picture) -> Picture:
    alpha = picture.alpha()
    if alpha is None:
        return picture
    colours, top = picture.colours, np.iinfo(picture.samples.dtype).max
    share = alpha[..., None].astype(np.float64)
    mixed = (colours * share + top * (1 - share)).round().astype(colours.dtype)
    return replace(picture, samples=mixed)
