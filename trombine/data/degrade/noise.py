"""Noise: of the reading (Gaussian), of the light (Poisson), of the sensor (a fixed pattern).

Strengths are parts of the range from black to white. What leaves [0, 1] is cut off.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64

from trombine.draws import Chance

Pictures = Float32[torch.Tensor, "n c h w"]
Amounts = Float64[np.ndarray, "n"]


def gaussian_noise(
    pictures: Pictures, strength: Amounts, chance: Chance, *, grey: bool = False
) -> Pictures:
    """Normal numbers of this standard deviation added, the same to all colours if `grey`."""
    _, channels, height, width = pictures.shape
    numbers = chance.normals("numbers", (1 if grey else channels, height, width))
    noise = torch.from_numpy(strength[:, None, None, None] * numbers).float().to(pictures.device)
    return (pictures + noise).clamp(0, 1)


def poisson_noise(pictures: Pictures, photons: Amounts, chance: Chance) -> Pictures:
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
    rows, columns = (Chance(seed=sensor, places=np.arange(side)) for side in (height, width))
    gain = rows.normals("sensor gain", (width, 3)).transpose(2, 0, 1)
    down, along = rows.normals("sensor rows", ()), columns.normals("sensor columns", ())
    offset = (down[:, None] + along[None, :]) / 2
    return np.ascontiguousarray(gain), offset[None]
