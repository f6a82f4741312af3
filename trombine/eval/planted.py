"""Copies that are planted, to learn which of them a search finds.

Each kind is a function of pictures and chance, and gives as many pictures of the same size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from trombine.core.rng import Rng
from trombine.data.degrade import gaussian_blur, jpeg

Pictures = UInt8[np.ndarray, "n h w 3"]

QUALITY: Final = 30  # of the JPEGs
BLUR: Final = (0.008, 0.02)  # standard deviation, of the picture's side
CROP: Final = (0.7, 1.0)  # of the picture's side
PATCH: Final = 0.25  # of the picture's side
SATURATION: Final = (0.6, 1.4)


def mirrored(pictures: Pictures, chance: Rng) -> Pictures:
    """Left and right exchanged."""
    return np.ascontiguousarray(pictures[:, :, ::-1])


def cropped(pictures: Pictures, chance: Rng) -> Pictures:
    """A square from anywhere in each, at the picture's size again."""
    height, width = pictures.shape[1:3]
    shares = _between(CROP, chance.uniforms("crop's side"))
    places = zip(shares, chance.uniforms("crop's left"), chance.uniforms("crop's top"), strict=True)
    results = pictures.copy()
    for result, (share, x, y) in zip(results, places, strict=True):
        left, top = x * (1 - share) * width, y * (1 - share) * height
        box = (left, top, left + share * width, top + share * height)
        result[:] = Image.fromarray(result).resize((width, height), Image.Resampling.BICUBIC, box)
    return results


def recoloured(pictures: Pictures, chance: Rng) -> Pictures:
    """The hue turned by 30 to 330 degrees, the saturation changed."""
    turns = np.round(_between((30, 330), chance.uniforms("turn of hue")) / 360 * 256)
    factors = _between(SATURATION, chance.uniforms("saturation"))
    results = pictures.copy()
    for result, turn, factor in zip(results, turns, factors, strict=True):
        values = np.asarray(Image.fromarray(result).convert("HSV")).astype(np.float64)
        values[..., 0] = (values[..., 0] + turn) % 256
        values[..., 1] = np.minimum(values[..., 1] * factor, 255)
        image = Image.fromarray(np.round(values).astype(np.uint8), "HSV")
        result[:] = image.convert("RGB")
    return results


def compressed(pictures: Pictures, chance: Rng) -> Pictures:
    """Written as JPEG of a low quality, and read again."""
    return _numbers(jpeg(_planes(pictures), np.full(len(pictures), QUALITY, np.int64)))


def blurred(pictures: Pictures, chance: Rng) -> Pictures:
    """By a round Gaussian."""
    sigma = _between(BLUR, chance.uniforms("blur")) * pictures.shape[1]
    return _numbers(gaussian_blur(_planes(pictures), sigma).clamp(0, 1))


def patched(pictures: Pictures, chance: Rng) -> Pictures:
    """A square anywhere replaced by the same square of another of these pictures."""
    results, (height, width) = pictures.copy(), pictures.shape[1:3]
    sides = round(PATCH * height), round(PATCH * width)
    tops = (chance.uniforms("patch's top") * (height - sides[0] + 1)).astype(int)
    lefts = (chance.uniforms("patch's left") * (width - sides[1] + 1)).astype(int)
    for number, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        part = np.s_[top : top + sides[0], left : left + sides[1]]
        results[number][part] = pictures[(number + 1) % len(pictures)][part]
    return results


CHANGES: Final[Mapping[str, Callable[[Pictures, Rng], Pictures]]] = {
    "exact": lambda pictures, chance: pictures.copy(),
    "mirrored": mirrored,
    "JPEG": compressed,
    "blurred": blurred,
    "cropped": cropped,
    "recoloured": recoloured,
    "patched": patched,
}


def _between(bounds: tuple[float, float], shares: np.ndarray) -> np.ndarray:
    return bounds[0] + (bounds[1] - bounds[0]) * shares


def _planes(pictures: Pictures) -> torch.Tensor:
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()).float() / 255


def _numbers(planes: torch.Tensor) -> Pictures:
    return (planes * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
