"""HEIC, through the extra `heif`; read, never written. It is asked for when such a file comes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from trombine.codecs.kind import Head, unsupported
from trombine.codecs.metadata import metadata_of
from trombine.files import Bytes
from trombine.refusal import InputError

if TYPE_CHECKING:
    from pillow_heif import HeifFile


def head(file: Bytes) -> Head:
    """What the boxes say; the size is that of the picture turned upright."""
    opened = _opened(file)
    width, height = opened.size
    return Head(
        format="HEIF",
        width=width,
        height=height,
        lossless=False,
        space=opened.mode,
        more_pictures=len(opened) > 1,
    )


def decode(data: bytes) -> dict[str, Any]:
    """The fields of the Image in a HEIC file: 8 bits, however many it holds.

    The file's own turns and mirrors are libheif's to apply; the orientation in its EXIF repeats
    them, by HEIF's standard, and is not applied again.
    """
    opened = _opened(io.BytesIO(data))
    mode = opened.mode
    if mode not in ("L", "LA", "La", "RGB", "RGBA", "RGBa"):
        raise unsupported(f"holds {mode} samples")
    samples = np.asarray(opened)
    samples = samples if samples.ndim == 3 else samples[..., None]
    return {
        "samples": np.ascontiguousarray(samples[:, : opened.size[0]]),
        "mode": mode,
        "profile": opened.info.get("icc_profile") or None,
        "metadata": metadata_of(opened.info.get("exif"), opened.info.get("xmp")),
    }


def text(file: Bytes) -> str | None:
    """Nothing: trombine writes no HEIC."""
    return None


def _opened(file: Bytes) -> HeifFile:
    try:
        from pillow_heif import open_heif
    except ImportError as error:
        remedy = "pip install 'trombine[heif]', or save it as PNG or TIFF"
        raise InputError("is HEIC, which needs pillow-heif", remedy) from error
    return open_heif(file, convert_hdr_to_8bit=True)
