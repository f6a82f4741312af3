"""A picture made into what a format can hold, and what that costs, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from trombine.colour import speaks
from trombine.samples import SPACES, Image, divided

# The spaces and extra channels that each format holds, and its most bits a sample.
_SPACES: Final = {
    "PNG": ("1", "L", "P", "RGB"),
    "WEBP": ("RGB",),
    "JPEG": ("L", "RGB", "CMYK"),
    "TIFF": ("1", "L", "P", "RGB", "CMYK"),
}
_EXTRAS: Final = {"PNG": "A", "WEBP": "A", "JPEG": "", "TIFF": "AaX"}
_BITS: Final = {"PNG": 16, "WEBP": 8, "JPEG": 8, "TIFF": 16}
FORMATS: Final = tuple(_BITS)


def fit(image: Image, format: str) -> Image:
    """The image as the format can hold it: itself, wherever that is possible."""
    fitted = image if _holds(image, format) else _converted(image, format)
    return fitted if fitted.bits <= _BITS[format] else _narrowed(fitted)


def _converted(image: Image, format: str) -> Image:
    """The image in the closest space of the format, in its own depth, plain or with alpha."""
    mode = _space_in(image, format)
    colours, profile = _colours(image, mode)
    alpha = image.alpha()
    if alpha is not None and _EXTRAS[format]:
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
    if image.bits > _BITS[format]:
        losses.append(f"16 bits a sample become {_BITS[format]}")
    if image.space == "CMYK" and "CMYK" not in _SPACES[format]:
        losses.append("CMYK becomes sRGB")
    if not _EXTRAS[format] and image.alpha() is not None:
        losses.append("transparency becomes white")
    if format == "JPEG":
        losses.append("every pixel is rounded")
    return losses


def _holds(image: Image, format: str) -> bool:
    extra = image.mode[len(image.space) :]
    clear = image.key is not None or (
        image.palette is not None and (image.palette[:, 3] < 255).any()
    )
    return (
        image.space in _SPACES[format]
        and all(letter in _EXTRAS[format] for letter in extra)
        and (not clear or format == "PNG")
    )


def _space_in(image: Image, format: str) -> str:
    """The space that comes closest to the image's among those of the format."""
    if image.space in ("1", "L") and "L" in _SPACES[format]:
        return "L"
    return "CMYK" if image.space == "CMYK" and "CMYK" in _SPACES[format] else "RGB"


def _colours(image: Image, space: str) -> tuple[np.ndarray, bytes | None]:
    """The image's colours in another space, in its own depth, and the profile they then have."""
    if image.palette is not None:
        return image.palette[image.samples[..., 0], :3], image.profile
    bare = divided(image.samples) if image.mode.endswith("a") else image.samples
    bare = bare[..., : SPACES[image.space]]
    if image.space == space or (image.space == "1" and space == "L"):
        return bare, image.profile
    if image.space != "CMYK" and not speaks(image.profile, "L"):
        return np.repeat(bare, 3, axis=2), None
    top = np.iinfo(bare.dtype).max
    return (image.rgb().astype(np.float64) * top).round().astype(bare.dtype), None


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
