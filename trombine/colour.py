"""Colours of a file's own space to sRGB and back: ICC profiles, CMYK, grey.

Everything here works on lists of colours, n x c, so that a caller converts only what it must: the
entries of a palette, or the pixels under a hole. Samples are uint8 or uint16; sRGB is float32 in
[0, 1]. What a picture is made of is in samples.py.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

Samples = UInt8[np.ndarray, "n c"] | UInt16[np.ndarray, "n c"]

# Of R, G and B in a grey: BT.601's, which Pillow and most programs mean, and papers on enlarging.
LUMA: Final = (0.299, 0.587, 0.114)
CHANNELS: Final = {"L": 1, "RGB": 3, "CMYK": 4}
_CMS_NAMES: Final = {"L": "gray", "RGB": "rgb", "CMYK": "cmyk"}
# Profiles of sRGB differ in their last bits; a difference below this is none.
_SAME: Final = 1.5 / 255
# White, red, green and blue as x and y of CIE 1931, by the numbers of H.273: sRGB, BT.2020, P3.
Chromaticities = tuple[float, ...]  # eight
_WHITE: Final = (0.3127, 0.3290)
SRGB: Final[Chromaticities] = (*_WHITE, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_CODED_PRIMARIES: Final = {
    1: SRGB,
    9: (*_WHITE, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (*_WHITE, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
# The power of light that a sample stands for; None: sRGB's own curve.
_CODED_POWERS: Final[dict[int, float | None]] = {13: None, 4: 2.2, 5: 2.8, 8: 1.0}
_BRIGHTER: Final = {16: "PQ", 18: "HLG"}  # codes of HDR
_POWERS: Final = (0.1, 10.0)  # beyond them a file is wrong about its gamma
_USUAL: Final = (2.2, 0.03)  # the power that stands for sRGB's curve, and what is as good as it
_NEAR: Final = 0.002  # of x and y: files round them


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
        shares = colours.astype(np.float64) @ np.array(LUMA)[:, None]
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
        converted = _transform(trial, profile, space, _srgb(), "RGB")
        _transform(converted, _srgb(), "RGB", profile, space)
    except (RuntimeError, ValueError):  # LittleCMS refuses it, for these colours
        return False
    return space == "CMYK" or bool(np.abs(converted / 65535 - trial / 65535).max() > _SAME)


def profile_of(space: str, places: Chromaticities | None, power: float | None) -> bytes | None:
    """An ICC profile of "L" or "RGB" colours with this white and these primaries; None for sRGB.

    A sample stands for so much `power` of itself in light; None is sRGB's own curve. The same
    bytes each time. What no profile can be made of is not listened to, as a broken one is not.
    """
    if power is not None and not _POWERS[0] <= power <= _POWERS[1]:
        return None
    places = places or SRGB
    plain = power is None or abs(power - _USUAL[0]) <= _USUAL[1]
    if plain and (space == "L" or np.allclose(places, SRGB, atol=_NEAR)):
        return None
    return _built(space, places, power)


def coded(code: bytes) -> tuple[bytes | None, str]:
    """The profile of RGB colours that a code of H.273, as in PNG's cICP, names, None for sRGB;
    and in words what it names that is not followed here.
    """
    primaries, curve, matrix, full = code
    if primaries in _CODED_PRIMARIES and curve in _CODED_POWERS and (matrix, full) == (0, 1):
        return profile_of("RGB", _CODED_PRIMARIES[primaries], _CODED_POWERS[curve]), ""
    if curve in _BRIGHTER:
        return None, f"HDR ({_BRIGHTER[curve]})"
    return None, f"of the code {'-'.join(map(str, code))}"


@lru_cache(maxsize=16)
def _built(space: str, places: Chromaticities, power: float | None) -> bytes | None:
    import imagecodecs as codec

    white, *primaries = [(*places[i : i + 2], 1.0) for i in range(0, 8, 2)]
    shares = np.linspace(0, 1, 1024)
    curve = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    try:
        profile = codec.cms_profile(
            _CMS_NAMES[space],
            whitepoint=white,
            primaries=None if space == "L" else [number for place in primaries for number in place],
            transferfunction=(curve * 65535).round().astype(np.uint16) if power is None else None,
            gamma=power,
        )
    except (RuntimeError, ValueError):
        return None
    return (
        profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]
    )  # not when it was made


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
