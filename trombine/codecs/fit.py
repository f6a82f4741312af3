"""A picture made into what a format can hold, and what that costs, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from trombine.codecs.indexed import MOST, indexed, too_many
from trombine.colour import speaks
from trombine.samples import SPACES, Image, divided

# The modes that each format holds, and its most bits a sample.
_MODES: Final = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "WEBP": ("RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "TIFF": (
        *("1", "L", "LA", "La", "LX", "P", "RGB", "RGBA", "RGBa", "RGBX"),
        *("CMYK", "CMYKA", "CMYKa", "CMYKX"),
    ),
    "GIF": ("1", "L", "P"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"),
}
_BITS: Final = {"PNG": 16, "TIFF": 16}  # the others: 8
FORMATS: Final = tuple(_MODES)
FILMS: Final = ("GIF", "WEBP")  # those that hold many frames
VIDEOS: Final = ("MP4", "WEBM")  # and those that hold nothing else, and sound (video.py)
# Those that hold no record of provenance: it is in a file beside them.
BESIDE: Final = ("BMP",)
ROUNDED: Final = "every pixel is rounded"  # a loss that JPEG and AVIF always have
NO_METADATA: Final = ("GIF", "BMP")  # which have no room for EXIF
_NO_PROFILE: Final = ("GIF", "BMP")  # there colours are sRGB


def fit(image: Image, format: str) -> Image:
    """The image as the format can hold it: itself, wherever that is possible."""
    if format in _NO_PROFILE and image.profile is not None and not _speaks(image):
        image = replace(image, profile=None)
    if _holds(image, format):
        return image if image.bits <= _bits(format) else _narrowed(image)
    if format == "GIF":
        return _with_palette(image)
    fitted = _converted(image, format)
    return fitted if fitted.bits <= _bits(format) else _narrowed(fitted)


def _bits(format: str) -> int:
    return _BITS.get(format, 8)


def _speaks(image: Image) -> bool:
    """Whether the image's profile says that its colours are not sRGB's."""
    return speaks(image.profile, {"1": "L", "P": "RGB"}.get(image.space, image.space))


def _with_palette(image: Image) -> Image:
    """The image in 256 sRGB colours or fewer, all opaque but for one that is transparent."""
    alpha = image.alpha()
    clear = None if alpha is None else alpha < 0.5
    indices, palette = indexed(image.rgb_pixels(), clear)
    return replace(
        image, samples=indices[..., None], mode="P", palette=palette, key=None, profile=None
    )


def _converted(image: Image, format: str) -> Image:
    """The image in the closest space of the format, in its own depth, plain or with alpha."""
    mode = _space_in(image, format)
    colours, profile = _colours(image, mode, format)
    alpha = image.alpha()
    if alpha is not None and _transparent(format):
        mode += "A"
        top = np.iinfo(colours.dtype).max
        opacity = (alpha.astype(np.float64) * top).round().astype(colours.dtype)
        colours = np.concatenate([colours, opacity[..., None]], axis=2)
    elif alpha is not None:
        colours = _on_white(colours, alpha)
    return replace(image, samples=colours, mode=mode, palette=None, key=None, profile=profile)


def lost(image: Image, format: str) -> list[str]:
    """What a file of this format does not keep of the image, each in a few words."""
    losses = []
    if image.bits > _bits(format):
        losses.append(f"16 bits a sample become {_bits(format)}")
    if image.space == "CMYK" and "CMYK" not in _MODES[format]:
        losses.append("CMYK becomes sRGB")
    elif format in _NO_PROFILE and _speaks(image):
        losses.append("colours become sRGB")
    if image.unfollowed and format != "PNG":
        losses.append(f"nothing says any more that its colours are {image.unfollowed}")
    alpha = image.alpha()
    if alpha is not None and not _transparent(format):
        losses.append("transparency becomes white")
    if format == "GIF":
        losses += _lost_to_gif(image, alpha)
    if format in ("JPEG", "AVIF"):
        losses.append(ROUNDED)
    return losses


def _lost_to_gif(image: Image, alpha: np.ndarray | None) -> Iterator[str]:
    if alpha is not None and ((alpha > 0) & (alpha < 1)).any():
        yield "transparency becomes all or nothing"
    clear = None if alpha is None else alpha < 0.5
    if not _holds(image, "GIF") and too_many(image.rgb_pixels(), clear):
        yield "colours become 256"


def _transparent(format: str) -> bool:
    return format == "GIF" or any(mode.endswith("A") for mode in _MODES[format])


def _holds(image: Image, format: str) -> bool:
    if format in _NO_PROFILE and image.profile is not None:
        return False
    if image.key is not None:
        return format == "PNG"
    return image.mode in _MODES[format] and (
        image.palette is None or _holds_palette(image.palette[:, 3], format)
    )


def _holds_palette(opacity: np.ndarray, format: str) -> bool:
    """GIF has one transparent colour; PNG has any, the others none."""
    if format == "GIF":
        several = (opacity < 255).sum() > 1 or opacity.min() not in (0, 255)
        return len(opacity) <= MOST and not several
    return format == "PNG" or bool((opacity == 255).all())


def _space_in(image: Image, format: str) -> str:
    """The space that comes closest to the image's among those of the format."""
    modes = _MODES[format]
    plain = image.alpha() is None or "LA" in modes or not _transparent(format)
    plain = plain and (format not in _NO_PROFILE or image.profile is None)
    if image.space in ("1", "L") and "L" in modes and plain:
        return "L"
    return "CMYK" if image.space == "CMYK" and "CMYK" in modes else "RGB"


def _colours(image: Image, space: str, format: str) -> tuple[np.ndarray, bytes | None]:
    """The image's colours in another space, in its own depth, and the profile they then have."""
    if format in _NO_PROFILE and image.profile is not None:
        return _in_srgb(image), None
    if image.palette is not None:
        return image.palette[image.samples[..., 0], :3], image.profile
    bare = divided(image.samples) if image.mode.endswith("a") else image.samples
    bare = bare[..., : SPACES[image.space]]
    if image.space == space or (image.space == "1" and space == "L"):
        return bare, image.profile
    if image.space != "CMYK" and not speaks(image.profile, "L"):
        return np.repeat(bare, 3, axis=2), None
    return _in_srgb(image), None


def _in_srgb(image: Image) -> np.ndarray:
    top = np.iinfo(image.samples.dtype).max
    return (image.rgb().astype(np.float64) * top).round().astype(image.samples.dtype)


def _narrowed(image: Image) -> Image:
    """8 bits instead of 16, rounded."""
    samples = ((image.samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return replace(image, samples=samples)


def _on_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    top = np.iinfo(colours.dtype).max
    share = alpha[..., None].astype(np.float64)
    # No ink is what paper's white is in CMYK.
    white = 0 if colours.shape[2] == 4 else top
    return (colours * share + white * (1 - share)).round().astype(colours.dtype)
