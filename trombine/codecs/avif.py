"""AVIF, through Pillow; always lossy here. Provenance is EXIF's image description, or its software.

Pillow has no lossless AVIF: at quality 100 colours still come back up to 2 levels off, as YCbCr
rounds them.
"""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow
from PIL import features
from PIL.AvifImagePlugin import AvifImageFile

from trombine.codecs.kind import (
    Head,
    orientation,
    samples_of,
    unsupported,
    upright,
)
from trombine.codecs.metadata import exif_for, metadata_of, record_in, xmp_for
from trombine.files import Bytes
from trombine.samples import Image

_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
# Fixed, so that the same picture makes the same bytes: the encoder cuts a picture by its threads.
_OPTIONS: Final = {"speed": 6, "max_threads": 1, "autotiling": False, "subsampling": "4:4:4"}


def head(file: Bytes) -> Head:
    """What the boxes say."""
    with _opened(file) as opened:
        return Head(
            format="AVIF",
            width=opened.width,
            height=opened.height,
            lossless=False,
            space=opened.mode,
            more_pictures=opened.is_animated,
        )


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in an AVIF file, of a film the first frame."""
    with _opened(io.BytesIO(data)) as opened:
        info = opened.info
    samples = _samples(data)
    return {
        "samples": upright(samples, orientation(info.get("exif", b""))),
        "mode": _MODES[samples.shape[2]],
        "profile": info.get("icc_profile"),
        "metadata": metadata_of(info.get("exif"), info.get("xmp")),
    }


def _samples(data: bytes) -> np.ndarray:
    """Of the first frame: imagecodecs' where they have 8 bits, since Pillow holds four copies.

    Of a film Pillow's: given several frames imagecodecs writes beyond its memory.
    """
    import imagecodecs

    with _opened(io.BytesIO(data)) as opened:
        moves = opened.is_animated
    samples = None if moves else imagecodecs.avif_decode(data, index=0)
    if samples is None or samples.dtype != np.uint8:
        del samples
        with _opened(io.BytesIO(data)) as opened:
            opened.load()
            samples = samples_of(opened)
    return samples if samples.ndim == 3 else samples[..., None]


def text(file: Bytes) -> str | None:
    """The record of provenance, as `encode` wrote it."""
    with _opened(file) as opened:
        return record_in(opened.info.get("exif", b""))


def encode(image: Image, record: str | None, quality: int) -> bytes:
    """An AVIF file of an 8-bit RGB or RGBA image, with colour at full resolution."""
    out = io.BytesIO()
    picture = Pillow.frombytes(image.mode, (image.width, image.height), image.samples.tobytes())
    around = {"exif": exif_for(image, record, turns=False), "xmp": xmp_for(image)}
    profile = image.profile or b""
    picture.save(out, "AVIF", quality=quality, icc_profile=profile, **around, **_OPTIONS)
    return out.getvalue()


def _opened(file: Bytes) -> AvifImageFile:
    if not features.check("avif"):
        raise unsupported("is AVIF, which this Pillow was built without")
    return AvifImageFile(file)
