"""TIFF, through tifffile, since Pillow narrows 16-bit colour. Provenance is ImageDescription.

The first page of a file is the picture. Samples are unsigned, of 1, 2, 4, 8 or 16 bits.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

import numpy as np
import tifffile
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffPage

from trombine.codecs import jpeg, webp
from trombine.codecs.kind import Head, damaged, unpack, unsupported, untagged, upright
from trombine.codecs.metadata import in_tiff, metadata_of_tiff, order_of, record_in
from trombine.files import Bytes
from trombine.samples import SPACES, Image

# tifffile reports what is odd in a file through logging, which prints where nobody listens; what
# is wrong for us is raised.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_LOSSLESS: Final = {
    COMPRESSION.NONE,
    COMPRESSION.LZW,
    COMPRESSION.ADOBE_DEFLATE,
    COMPRESSION.DEFLATE,
    COMPRESSION.PACKBITS,
    COMPRESSION.LZMA,
    COMPRESSION.ZSTD,
    COMPRESSION.CCITTRLE,
    COMPRESSION.CCITT_T4,
    COMPRESSION.CCITT_T6,
}
_SPACES: Final[dict[int, str]] = {
    PHOTOMETRIC.MINISWHITE: "L",
    PHOTOMETRIC.MINISBLACK: "L",
    PHOTOMETRIC.RGB: "RGB",
    PHOTOMETRIC.YCBCR: "RGB",  # inside JPEG, which turns it to RGB
    PHOTOMETRIC.PALETTE: "P",
    PHOTOMETRIC.SEPARATED: "CMYK",
}
_LETTERS: Final[dict[int, str]] = {EXTRASAMPLE.UNSPECIFIED: "X", EXTRASAMPLE.ASSOCALPHA: "a"}
_EXTRAS: Final[dict[str, int]] = {"A": EXTRASAMPLE.UNASSALPHA, "a": EXTRASAMPLE.ASSOCALPHA, "X": 0}
_LARGEST_TILE: Final = 1 << 24  # pixels; a tile is decoded whole, however small the picture
_SMALL: Final = 1 << 16  # pixels, by which a strip or tile may be larger than it should
_MARK: Final = b"\xff\x4f\xff\x51"  # that a stream of JPEG 2000 begins with
_STREAM: Final = re.compile(re.escape(_MARK))
_DNG_VERSION, _ORIENTATION, _PROFILE = 50706, 274, 34675


def head(file: Bytes) -> Head:
    """What the tags of the first page say."""
    with tifffile.TiffFile(file) as opened:
        page = _first(opened)
        return Head(
            format="TIFF",
            width=page.imagewidth,
            height=page.imagelength,
            lossless=page.compression in _LOSSLESS,
            space=_SPACES[page.photometric],
            more_pictures=_has_another(opened),
        )


def _has_another(opened: tifffile.TiffFile) -> bool:
    """Whether there is a second page that is no small copy of the first."""
    try:
        return len(opened.pages) > 1 and not getattr(opened.pages[1], "is_reduced", True)
    except Exception:  # it may be anything; what is read is the first, which is sound
        return False


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in a TIFF file, in its own depth and mode."""
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        page = _first(opened)
        _check_pieces(page, data)
        mode = _SPACES[page.photometric] + "".join(_LETTERS.get(e, "A") for e in page.extrasamples)
        if mode == "L" and page.bitspersample == 1:
            mode = "1"
        samples = _spread(_channels_last(page), page)
        profile = _tag(page, _PROFILE)
        return {
            "samples": upright(samples, _tag(page, _ORIENTATION)),
            "mode": mode,
            "palette": _palette(page),
            "profile": bytes(profile) if profile else None,
            "metadata": metadata_of_tiff(data),
        }


def _first(opened: tifffile.TiffFile) -> TiffPage:
    """The first page, if it is a picture of a kind that is read."""
    page = opened.pages[0]
    if not isinstance(page, TiffPage) or not all(_numbers(page)):
        raise damaged("no picture in its first page")
    if _DNG_VERSION in page.tags or page.is_reduced:
        raise unsupported("is a camera's raw file")
    if page.photometric not in _SPACES or _is_bare_ycbcr(page):
        raise unsupported(f"holds {getattr(page.photometric, 'name', page.photometric)} colours")
    if page.sampleformat != 1 or page.bitspersample not in (1, 2, 4, 8, 16):
        raise unsupported(f"holds {page.bitspersample}-bit {page.dtype} samples")
    channels = SPACES[_SPACES[page.photometric]]
    if page.samplesperpixel not in (channels, channels + 1) or page.imagedepth != 1:
        raise unsupported(f"holds {page.samplesperpixel} channels")
    if len(page.extrasamples) != page.samplesperpixel - channels:
        raise damaged("its tags contradict each other")
    if page.is_tiled and page.tilewidth * page.tilelength > max(_LARGEST_TILE, page.size):
        raise damaged("its tiles are larger than the picture")
    return page


def _check_pieces(page: TiffPage, data: bytes) -> None:
    """Refuse strips and tiles that are pictures themselves, and larger ones than the tags say.

    A decoder makes room for what such a piece says of itself. What else packs bytes is decoded
    into the room that the tags give, and no more.
    """
    if page.compression in _LOSSLESS:
        return
    sizes = _SIZES.get(page.compression)
    if sizes is None:
        raise unsupported(f"holds pixels packed as {getattr(page.compression, 'name', 'no known')}")
    high = page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength)
    wide = page.tilewidth if page.is_tiled else page.imagewidth
    for at, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        for height, width in sizes(data[at : at + count]):
            if height * width > 2 * high * wide + _SMALL:
                raise damaged("its strips or tiles are larger than it says")


def _sizes_of_jpeg2000(piece: bytes) -> Iterator[tuple[int, int]]:
    """Of a bare stream, or of each that may be one in its boxes."""
    marks = _STREAM.finditer(piece)
    for mark in islice(marks, 1) if piece.startswith(_MARK) else marks:
        right, below, left, top = unpack(">4I", piece[mark.end() + 4 :][:16])
        yield below - top, right - left


def _sizes_of_webp(piece: bytes) -> Iterator[tuple[int, int]]:
    head = webp.head(io.BytesIO(piece))
    yield head.height, head.width


# How large the pictures in a strip or a tile are, by how it is packed.
_SIZES: Final[dict[int, Callable[[bytes], Iterator[tuple[int, int]]]]] = {
    COMPRESSION.OJPEG: jpeg.frames,
    COMPRESSION.JPEG: jpeg.frames,
    COMPRESSION.ALT_JPEG: jpeg.frames,
    COMPRESSION.JPEG_LOSSY: jpeg.frames,
    COMPRESSION.JPEG2000: _sizes_of_jpeg2000,
    COMPRESSION.JPEG_2000_LOSSY: _sizes_of_jpeg2000,
    COMPRESSION.APERIO_JP2000_YCBC: _sizes_of_jpeg2000,
    COMPRESSION.APERIO_JP2000_RGB: _sizes_of_jpeg2000,
    COMPRESSION.WEBP: _sizes_of_webp,
    COMPRESSION.WEBP_DEPRECATED: _sizes_of_webp,
}


def _numbers(page: TiffPage) -> Iterator[bool]:
    """Whether each tag that should be one whole number is one: files may hold anything."""
    counts = (page.imagewidth, page.imagelength, page.samplesperpixel, page.bitspersample)
    yield from (isinstance(count, int) and count > 0 for count in counts)
    codes = (page.photometric, page.compression, page.sampleformat, page.imagedepth)
    yield from (isinstance(code, int) for code in codes)


def _is_bare_ycbcr(page: TiffPage) -> bool:
    return page.photometric == PHOTOMETRIC.YCBCR and page.compression in _LOSSLESS


def _tag(page: TiffPage, code: int) -> Any:
    tag = page.tags.get(code)
    return None if tag is None else tag.value


def _channels_last(page: TiffPage) -> np.ndarray:
    """The page's samples, H x W x C, as stored."""
    stored = page.asarray()
    if stored.ndim == 2:
        return stored[..., None]
    return stored.transpose(1, 2, 0) if page.axes.startswith("S") else stored


def _spread(samples: np.ndarray, page: TiffPage) -> np.ndarray:
    """Samples spread over the whole of 8 or 16 bits, 0 dark; a palette's stay what they are."""
    if page.bitspersample < 8 and page.photometric != PHOTOMETRIC.PALETTE:
        samples = samples.astype(np.uint8) * np.uint8(255 // (2**page.bitspersample - 1))
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        colours = samples[..., :1]
        top = np.iinfo(samples.dtype).max
        samples = np.concatenate([top - colours, samples[..., 1:]], axis=2)
    return samples


def _palette(page: TiffPage) -> np.ndarray | None:
    """The colour map, which TIFF gives in 16 bits and in planes, as bytes: n x 4."""
    if page.photometric != PHOTOMETRIC.PALETTE:
        return None
    if page.colormap is None:
        raise damaged("its palette is missing")
    colours = (np.asarray(page.colormap).T >> 8).astype(np.uint8)
    return np.concatenate([colours, np.full((len(colours), 1), 255, np.uint8)], axis=1)


def text(file: Bytes) -> str | None:
    """The record of provenance, as `encode` wrote it."""
    with tifffile.TiffFile(file) as opened:
        text = untagged(_tag(_first(opened), 270))
    file.seek(0)
    return record_in(file.read()) if text is None else text


def encode(image: Image, description: str | None) -> bytes:
    """A TIFF file, deflated: the image in its own depth and mode."""
    out = io.BytesIO()
    samples = image.samples[..., 0] if image.samples.shape[2] == 1 else image.samples
    fine = image.space not in ("1", "P")  # where neighbours are alike, differences pack better
    tifffile.imwrite(
        out,
        samples > 127 if image.space == "1" else samples,
        photometric=_photometric(image),
        planarconfig="contig" if samples.ndim == 3 else None,
        extrasamples=[_EXTRAS[letter] for letter in image.mode[len(image.space) :]] or None,
        colormap=_colormap(image),
        compression="zlib",
        predictor=fine,
        iccprofile=image.profile,
        description=description if image.metadata.is_empty else None,
        metadata=None,
        software=False,
        byteorder=order_of(image),
    )
    data = out.getvalue()
    return data if image.metadata.is_empty else in_tiff(data, image, description)


def _photometric(image: Image) -> str:
    names = {"RGB": "rgb", "P": "palette", "CMYK": "separated"}
    return names.get(image.space, "minisblack")


def _colormap(image: Image) -> np.ndarray | None:
    """The palette as TIFF wants it: 3 planes of 256 values of 16 bits."""
    if image.palette is None:
        return None
    table = np.zeros((256, 3), np.uint16)
    table[: len(image.palette)] = image.palette[:, :3].astype(np.uint16) * 257
    return np.ascontiguousarray(table.T)
