"""Colours of a file's own space to sRGB and back: ICC profiles, CMYK, grey.

Everything here works on lists of colours, n x c, so that a caller converts only what it must: the
entries of a palette, or the pixels under a hole. Samples are uint8 or uint16; sRGB is float32 in
[0, 1]. What a picture is made of is in samples.py.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

Samples = UInt8[np.ndarray, "n c"] | UInt16[np.ndarray, "n c"]

CHANNELS: Final = {"L": 1, "RGB": 3, "CMYK": 4}
_CMS_NAMES: Final = {"L": "gray", "RGB": "rgb", "CMYK": "cmyk"}
# BT.601's weights: what Pillow, and so most programs, mean by the grey of a colour.
_GREY: Final = np.array([0.299, 0.587, 0.114])
# Profiles of sRGB differ in their last bits; a difference below this is none.
_SAME: Final = 1.5 / 255


def to_srgb(samples: Samples, space: str, profile: bytes | None) -> Float32[np.ndarray, "n 3"]:
    """Samples of "L", "RGB" or "CMYK" as sRGB, through the profile where it says something."""
    top = np.iinfo(samples.dtype).max
    if profile is not None and speaks(profile, space):
        return _transform(samples, profile, space, _srgb(), "RGB").astype(np.float32) / 65535
    shares = samples.astype(np.float32) / np.float32(top)
    if space == "L":
        return np.repeat(shares, 3, axis=1)
    return (1 - shares[:, :3]) * (1 - shares[:, 3:]) if space == "CMYK" else shares


def from_srgb(
    colours: Float32[np.ndarray, "n 3"], space: str, profile: bytes | None, dtype: np.dtype
) -> Samples:
    """sRGB as samples of "L", "RGB" or "CMYK" of `dtype`: the inverse of `to_srgb`, rounded."""
    if profile is not None and speaks(profile, space):
        fine = (colours.astype(np.float64) * 65535).round().astype(np.uint16)
        shares = _transform(fine, _srgb(), "RGB", profile, space) / 65535
    elif space == "L":
        shares = colours.astype(np.float64) @ _GREY[:, None]
    elif space == "CMYK":
        # All ink as colour and none as black: the plain inverse, and what Pillow does.
        shares = np.concatenate([1 - colours, np.zeros_like(colours[:, :1])], axis=1)
    else:
        shares = colours.astype(np.float64)
    return (shares * np.iinfo(dtype).max).round().astype(dtype)


@lru_cache(maxsize=16)
def speaks(profile: bytes | None, space: str) -> bool:
    """Whether a profile changes colours of `space`: it fits, works both ways, and is not sRGB.

    A broken profile, or one for another space (grey pictures often carry sRGB's), is kept in the
    file but not listened to, as browsers do.
    """
    if profile is None:
        return False
    steps = np.linspace(0, 65535, 6).astype(np.uint16)
    grid = np.stack(np.meshgrid(*[steps] * CHANNELS[space], indexing="ij"), axis=-1)
    trial = grid.reshape(-1, CHANNELS[space])
    try:
        seen = _transform(trial, profile, space, _srgb(), "RGB")
        _transform(seen, _srgb(), "RGB", profile, space)
    except (RuntimeError, ValueError):  # LittleCMS refuses it, for these colours
        return False
    return space == "CMYK" or bool(np.abs(seen / 65535 - trial / 65535).max() > _SAME)


def _transform(
    samples: Samples, profile: bytes, space: str, to_profile: bytes, to_space: str
) -> UInt16[np.ndarray, "n c2"]:
    """Samples through two profiles, by relative colorimetry with black point compensation.

    Uint16 out; Pillow's binding has 8 bits only. LittleCMS's shortcuts are twenty times faster and
    good to half an 8-bit level for 8-bit RGB, but twenty levels off in the dark for 16 bits, and
    one for grey: there they are not taken.
    """
    import imagecodecs as codec

    flags = codec.CMS.FLAGS.BLACKPOINTCOMPENSATION
    if samples.dtype == np.uint16 or space != "RGB":
        flags |= codec.CMS.FLAGS.NOOPTIMIZE
    moved = codec.cms_transform(
        samples[None] if samples.shape[1] > 1 else samples.T,  # one row of pixels
        profile,
        to_profile,
        colorspace=_CMS_NAMES[space],
        outcolorspace=_CMS_NAMES[to_space],
        outdtype=np.uint16,
        intent=codec.CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=flags,
    )
    return np.asarray(moved).reshape(len(samples), CHANNELS[to_space])


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
