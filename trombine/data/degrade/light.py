"""How a face is lit: from one side, so that the other is in shade, and for too short or too long.

Amounts go from 0, the picture as it is, to 1, a side in the dark.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64

from trombine.draws import Chance

Pictures = Float32[torch.Tensor, "n c h w"]
Amounts = Float64[np.ndarray, "n"]

_SOFT: Final = (0.05, 0.5)  # how wide the edge of the shade is, of the picture's shorter side
_ASIDE: Final = 0.25  # how far from the middle, normal
_DARK: Final = (0.4, 0.95)  # of the light that an amount of 1 takes
_EXPOSED: Final = 0.7  # the most that an amount of 1 changes the exponent, in powers of 2


def shade(pictures: Pictures, amount: Amounts, chance: Chance) -> Pictures:
    """One side, any, is darker, with an edge anywhere near the middle; midtones lighter or
    darker."""
    chance = chance.within("shade")
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
