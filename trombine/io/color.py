"""Colours of a file's own space to sRGB and back, through its ICC profile.

LittleCMS does the work, in 16 bits by imagecodecs, as Pillow's binding has 8. Samples are lists of
colours, n x 1 (grey) or n x 3 (RGB), uint8 or uint16; sRGB is float32 in [0, 1].
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

import imagecodecs
import numpy as np
from jaxtyping import Float32, UInt8, UInt16
from PIL import Image, ImageCms

Samples = UInt8[np.ndarray, "n c"] | UInt16[np.ndarray, "n c"]

# Of R, G and B in a grey: BT.601's, which Pillow and most programs mean, and papers on enlarging.
LUMA: Final = (0.299, 0.587, 0.114)
# Profiles of sRGB differ in their last bits; a difference below this is none.
_SAME: Final = 1.5 / 255
_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_NAMES: Final = {1: "gray", 3: "rgb"}


def to_srgb(samples: Samples, profile: bytes | None) -> Float32[np.ndarray, "n 3"]:
    """Samples as sRGB colours, through the profile where it says something."""
    channels = samples.shape[1]
    if speaks(profile, channels):
        return _transform(samples, profile or b"", _SRGB, 3).astype(np.float32) / 65535
    shares = samples.astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)
    return np.repeat(shares, 3, axis=1) if channels == 1 else shares


def from_srgb(
    colours: Float32[np.ndarray, "n 3"], channels: int, profile: bytes | None, dtype: np.dtype
) -> Samples:
    """sRGB colours as samples of `dtype`, grey (1) or RGB (3), rounded: undoes `to_srgb`."""
    if speaks(profile, channels):
        fine = (colours.astype(np.float64) * 65535).round().astype(np.uint16)
        shares = _transform(fine, _SRGB, profile or b"", channels) / 65535
    elif channels == 1:
        shares = colours.astype(np.float64) @ np.array(LUMA)[:, None]
    else:
        shares = colours.astype(np.float64)
    return (shares * np.iinfo(dtype).max).round().astype(dtype)


@lru_cache(maxsize=16)
def speaks(profile: bytes | None, channels: int) -> bool:
    """Whether a profile changes colours: it is for so many channels, works both ways, is not sRGB.

    Any other profile is kept in the file but not followed, as browsers do.
    """
    if profile is None:
        return False
    steps = np.linspace(0, 65535, 6).astype(np.uint16)
    grid = np.stack(np.meshgrid(*[steps] * channels, indexing="ij"), axis=-1)
    trial = grid.reshape(-1, channels)
    try:
        converted = _transform(trial, profile, _SRGB, 3)
        _transform(converted, _SRGB, profile, channels)
    except (RuntimeError, ValueError):  # LittleCMS refuses it, for these colours
        return False
    return bool(np.abs(converted / 65535 - trial / 65535).max() > _SAME)


def cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """A CMYK picture in sRGB, through its profile if it has one that works."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            result = ImageCms.profileToProfile(
                image,
                source,
                target,
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
            assert result is not None
            return result
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert("RGB")


def _transform(
    samples: Samples, profile: bytes, target: bytes, channels: int
) -> UInt16[np.ndarray, "n c2"]:
    """Samples through two profiles, by relative colorimetry with black point compensation.

    LittleCMS's shortcuts are twenty times faster and good to half an 8-bit level for 8-bit RGB, but
    twenty levels off in the dark for 16 bits, and one for grey: there they are not taken.
    """
    flags = imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION
    if samples.dtype == np.uint16 or samples.shape[1] == 1:
        flags |= imagecodecs.CMS.FLAGS.NOOPTIMIZE
    moved = imagecodecs.cms_transform(
        samples[None] if samples.shape[1] > 1 else samples.T,  # one row of pixels
        profile,
        target,
        colorspace=_NAMES[samples.shape[1]],
        outcolorspace=_NAMES[channels],
        outdtype=np.uint16,
        intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=flags,
    )
    return np.asarray(moved).reshape(len(samples), channels)
