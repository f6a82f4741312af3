"""JPEG, through Pillow. A record of provenance is a comment (COM segment) that starts with KEY."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from jaxtyping import Float64, Int64
from PIL import Image as Pillow
from PIL.JpegImagePlugin import JpegImageFile

from trombine.codecs.kind import (
    Head,
    damaged,
    orientation,
    samples_of,
    unpack,
    untagged,
    upright,
)
from trombine.codecs.metadata import metadata_of, segments_for
from trombine.files import Bytes
from trombine.samples import Image

# A few bytes ask a decoder to go over all of a large picture; hostile files hold thousands of them.
_MOST_SCANS: Final = 100
_MOST_SEGMENTS: Final = 5000  # before them: 300 MB of profiles and the like
_SCAN: Final = 0xDA
_IPTC: Final = 0x0404  # of the resources that Photoshop writes
# The standard's steps of the luma's coefficients at quality 50 (ITU-T T.81, K.1), row by row.
STANDARD: Final = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_FRAMES: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of frames, with their size
_MARKER: Final = re.compile(
    rb"\xff[^\x00\x01\xd0-\xd8\xff]"
)  # one that a segment follows, or the end


def head(file: Bytes) -> Head:
    """What the segments before the pixels say."""
    _check_start(file)
    with JpegImageFile(file) as opened:
        width, height = opened.size
        space = opened.mode
    return Head(format="JPEG", width=width, height=height, lossless=False, space=space)


def decode(data: bytes, least: int | None = None) -> dict[str, Any]:
    """The fields of the Image in a JPEG file: grey, RGB or CMYK.

    With `least` it is decoded at 1/2, 1/4 or 1/8, which takes a fraction of the time: the smallest
    whose sides, width // 2 and so on, are that many pixels still.
    """
    if _scans(data) > _MOST_SCANS:
        raise damaged("it goes over its pixels again and again")
    samples, mode, info, reduced, quality = _decoded(data, least)
    if mode == "CMYK" and "adobe" not in info:
        # Adobe's programs store CMYK inverted and say so in a segment of their own. Pillow turns
        # every CMYK over; one without that segment was right as it stood.
        samples = 255 - samples
    samples = samples if samples.ndim == 3 else samples[..., None]
    turned = upright(samples, orientation(info.get("exif", b"")))
    profile = info.get("icc_profile")
    iptc = info.get("photoshop", {}).get(_IPTC)
    return {
        "samples": turned,
        "mode": mode,
        "profile": profile,
        "reduced": reduced,
        "quality": quality,
        "metadata": metadata_of(info.get("exif"), info.get("xmp"), iptc),
    }


def _decoded(data: bytes, least: int | None) -> tuple[np.ndarray, str, dict[Any, Any], int, int]:
    """Samples, mode, what else the file says, how many times smaller than it they are, quality.

    Pillow's own copy of the samples ends with this function: two are held at a time, not three.
    """
    with JpegImageFile(io.BytesIO(data)) as opened:
        full_width = opened.width
        if least is not None:
            by = _reduction(opened, max(1, least))
            opened.draft(opened.mode, (full_width // by, opened.height // by))
        # The last pixel of a reduced row may stand for fewer: its width is rounded up.
        reduced = next(by for by in (1, 2, 4, 8) if -(-full_width // by) == opened.width)
        opened.load()
        quality = quality_of(opened.quantization[0])
        return samples_of(opened), opened.mode, opened.info, reduced, quality


def steps(quality: int) -> Int64[np.ndarray, "8 8"]:
    """The luma's steps at a quality, 1 to 100, as libjpeg scales the standard's."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((STANDARD * scale + 50) // 100, 1, 255)


def quality_of(table: Sequence[int]) -> int:
    """The quality, 1 to 100, whose steps are nearest to these 64, row by row.

    Nearest by their logarithms: a program may have a table of its own.
    """
    logs = np.log(np.reshape(table, (8, 8)))
    return 1 + int(np.abs(_all_steps() - logs).sum((1, 2)).argmin())


@cache
def _all_steps() -> Float64[np.ndarray, "100 8 8"]:
    """The logarithms of the steps at each quality."""
    return np.log([steps(quality) for quality in range(1, 101)])


def _reduction(opened: JpegImageFile, least: int) -> int:
    """How many times smaller to decode it.

    A last pixel that stands for fewer comes first where a picture is turned, and moves all others:
    such a picture is only reduced by what its sides are multiples of.
    """
    turned = orientation(opened.info.get("exif", b"")) not in (None, 1)
    width, height = opened.size
    fits = (by for by in (8, 4, 2) if not turned or width % by == height % by == 0)
    return next((by for by in fits if min(width, height) // by >= least), 1)


def _scans(data: bytes) -> int:
    """How often the file goes over its pixels: once, or in a progressive one about ten times."""
    return sum(marker == _SCAN for marker, _ in _segments(data))


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The marker of each segment, and where its length is; those between pixels too."""
    at = 2
    while (mark := _MARKER.search(data, at)) and mark[0] != b"\xff\xd9":
        yield mark[0][1], mark.end()
        at = mark.end() + int.from_bytes(data[mark.end() : mark.end() + 2])


def frames(data: bytes) -> Iterator[tuple[int, int]]:
    """The height and width of each frame that is in a file, or in a piece of a TIFF."""
    for marker, at in _segments(data):
        if marker in _FRAMES:
            height, width = unpack(">HH", data[at + 3 : at + 7])
            yield height, width


def _check_start(file: Bytes) -> None:
    """Refuse more segments before the pixels than Pillow goes through in a moment."""
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        start = file.read(4)
        if len(start) < 4 or start[0] != 0xFF or start[1] == _SCAN:
            break
        file.seek(int.from_bytes(start[2:]) - 2, io.SEEK_CUR)
    else:
        raise damaged("it has more segments than a picture has")
    file.seek(0)


def text(file: Bytes) -> str | None:
    """The record of provenance, as `encode` wrote it."""
    with JpegImageFile(file) as opened:
        return untagged(opened.info.get("comment"))


def encode(image: Image, comment: str | None, quality: int) -> bytes:
    """A JPEG file of an 8-bit grey, RGB or CMYK image, with colour at full resolution."""
    out = io.BytesIO()
    picture = Pillow.frombytes(image.mode, (image.width, image.height), image.samples.tobytes())
    picture.save(
        out,
        "JPEG",
        quality=quality,
        subsampling=0,
        icc_profile=image.profile,
        comment=(comment or "").encode("ascii"),
        **segments_for(image),
    )
    return out.getvalue()
