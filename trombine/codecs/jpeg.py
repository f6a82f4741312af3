"""JPEG, through Pillow. A record of provenance is a comment (COM segment) that starts with KEY."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL.JpegImagePlugin import JpegImageFile

from trombine.codecs.kind import Head, orientation, untagged, upright
from trombine.files import Bytes
from trombine.samples import Image


def head(file: Bytes) -> Head:
    """What the segments before the pixels say."""
    with JpegImageFile(file) as opened:
        width, height = opened.size
        space = opened.mode
    return Head(format="JPEG", width=width, height=height, lossless=False, space=space)


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in a JPEG file: grey, RGB or CMYK."""
    with JpegImageFile(io.BytesIO(data)) as opened:
        opened.load()
        samples, mode, info = np.asarray(opened), opened.mode, opened.info
    if mode == "CMYK" and "adobe" not in info:
        # Adobe's programs store CMYK inverted and say so in a segment of their own. Pillow turns
        # every CMYK over; one without that segment was right as it stood.
        samples = 255 - samples
    samples = samples if samples.ndim == 3 else samples[..., None]
    turned = upright(samples, orientation(info.get("exif", b"")))
    return {"samples": turned, "mode": mode, "profile": info.get("icc_profile")}


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
    )
    return out.getvalue()
