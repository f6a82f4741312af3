"""What cameras and files do: noise of the reading (Gaussian), of the light (Poisson) and of the
sensor (a fixed pattern); JPEG and WebP, by Pillow; light from one side.

Strengths of noise are parts of the range from black to white. What leaves [0, 1] is cut off.
"""

from __future__ import annotations

import io
import math
from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from PIL import Image

from trombine.core.rng import Rng

Pictures = Float32[torch.Tensor, "n c h w"]
Amounts = Float64[np.ndarray, "n"]


# Noise


def gaussian_noise(
    pictures: Pictures, strength: Amounts, chance: Rng, *, grey: bool = False
) -> Pictures:
    """Normal numbers of this standard deviation added, the same to all colours if `grey`."""
    _, channels, height, width = pictures.shape
    numbers = chance.normals("numbers", (1 if grey else channels, height, width))
    noise = torch.from_numpy(strength[:, None, None, None] * numbers).float().to(pictures.device)
    return (pictures + noise).clamp(0, 1)


def poisson_noise(pictures: Pictures, photons: Amounts, chance: Rng) -> Pictures:
    """The count of photons at each pixel, where white has so many on average.

    The variance is the mean / photons.
    """
    means = pictures.cpu().double().numpy() * photons[:, None, None, None]
    drawn = zip(chance.generators("counts"), means, strict=True)
    counts = [generator.poisson(mean) for generator, mean in drawn]
    shares = np.stack(counts) / photons[:, None, None, None]
    return torch.from_numpy(shares).float().to(pictures.device).clamp(0, 1)


def pattern_noise(
    pictures: Pictures, strength: Amounts, pattern: Int64[np.ndarray, "n"]
) -> Pictures:
    """What a sensor does to every picture alike: stripes, and pixels of unequal gain.

    Each number in `pattern` is a sensor of its own.
    """
    height, width = pictures.shape[-2:]
    results = []
    for picture, scale, sensor in zip(pictures, strength.tolist(), pattern.tolist(), strict=True):
        gain, offset = sensor_pattern(sensor, height, width)
        gains = torch.from_numpy(1 + scale * gain).float().to(picture.device)
        offsets = torch.from_numpy(scale * offset).float().to(picture.device)
        results.append(picture * gains + offsets)
    return torch.stack(results).clamp(0, 1)


@lru_cache(maxsize=4)  # 100 MB each at 2048 px; a run of one sensor needs one
def sensor_pattern(
    sensor: int, height: int, width: int
) -> tuple[Float64[np.ndarray, "3 h w"], Float64[np.ndarray, "1 h w"]]:
    """How far each pixel's gain is from 1, and what rows and columns add.

    Standard deviations: 1 of the gain, half of it of rows and of columns, where less is seen.

    A larger picture of the same sensor begins, top left, with the pattern of a smaller one.
    """
    rows, columns = (Rng(seed=sensor, places=np.arange(side)) for side in (height, width))
    gain = rows.normals("sensor gain", (width, 3)).transpose(2, 0, 1)
    down, along = rows.normals("sensor rows", ()), columns.normals("sensor columns", ())
    offset = (down[:, None] + along[None, :]) / 2
    return np.ascontiguousarray(gain), offset[None]


# Files

# Of WebP's 0 to 6 the usual 4 looks for the smallest file, for three times as long.
WEBP_EFFORT: Final = 2


def jpeg(pictures: Pictures, quality: Int64[np.ndarray, "n"]) -> Pictures:
    """After a JPEG of this quality, 1 to 100, its colours at half the resolution as is usual."""
    return _through(pictures, "JPEG", [{"quality": value} for value in quality.tolist()])


def webp(pictures: Pictures, quality: Int64[np.ndarray, "n"]) -> Pictures:
    """After a WebP of this quality, 0 to 100."""
    options = [{"quality": value, "method": WEBP_EFFORT} for value in quality.tolist()]
    return _through(pictures, "WEBP", options)


def _through(pictures: Pictures, kind: str, options: list[dict[str, Any]]) -> Pictures:
    pixels = pictures.detach().mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    decoded = [_read_back(picture, kind, how) for picture, how in zip(pixels, options, strict=True)]
    planes = torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous()
    return planes.float().div(255).to(pictures.device)


def _read_back(pixels: np.ndarray, kind: str, options: dict[str, Any]) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    with Image.open(buffer) as read:
        return np.asarray(read.convert("RGB"))


# Light

_SOFT: Final = (0.05, 0.5)  # how wide the edge of the shade is, of the picture's shorter side
_ASIDE: Final = 0.25  # how far from the middle, normal
_DARK: Final = (0.4, 0.95)  # of the light that an amount of 1 takes
_EXPOSED: Final = 0.7  # the most that an amount of 1 changes the exponent, in powers of 2


def shade(pictures: Pictures, amount: Amounts, chance: Rng) -> Pictures:
    """One side, any, is darker, with an edge anywhere near the middle; midtones lighter or
    darker."""
    chance = chance.fold_in("shade")
    height, width = pictures.shape[-2:]
    side = min(height, width)
    angle = 2 * math.pi * chance.uniforms("side")
    aside = _ASIDE * chance.normals("edge", (1,))[:, 0]
    soft = _SOFT[0] + (_SOFT[1] - _SOFT[0]) * chance.uniforms("soft")
    depth = amount * (_DARK[0] + (_DARK[1] - _DARK[0]) * chance.uniforms("dark"))
    power = 2 ** (amount * _EXPOSED * (2 * chance.uniforms("exposure") - 1))
    x = (np.arange(width) + 0.5 - width / 2) / side
    y = (np.arange(height) + 0.5 - height / 2) / side
    along = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y[:, None]
    edge = (along - aside[:, None, None]) / soft[:, None, None]
    light = 1 - depth[:, None, None] / (1 + np.exp(-4 * edge))  # 4: from 1/8 to 7/8 over its width
    light, power = (
        torch.from_numpy(part.astype(np.float32)).to(pictures.device)
        for part in (light[:, None], power[:, None, None, None])
    )
    return pictures.clamp(0, 1) ** power * light
