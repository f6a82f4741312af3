"""What years do to a print: it fades and yellows, and gets stains. What hands do is in marks.py.

Amounts go from 0, nothing, to 1, a print that hung in the sun and got wet. Lengths are parts of
the picture's shorter side.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64

from trombine.data.degrade.marks import VISIBLE_SHARE, Marked, Pictures
from trombine.draws import Chance
from trombine.io.color import LUMA

Pixels = Float32[np.ndarray, "3 h w"]
Plane = Float32[np.ndarray, "h w"]
Amounts = Float64[np.ndarray, "n"]

INK: Final = np.array([0.30, 0.22, 0.15], np.float32)  # how far black rises: it turns brown
YELLOW: Final = np.array([0.03, 0.10, 0.28], np.float32)  # how far paper darkens: it turns yellow
RED: Final = np.array([0.02, 0.13, 0.15], np.float32)  # the same of a colour print, whose cyan goes
STAIN: Final = np.array([0.20, 0.38, 0.62], np.float32)  # what tea takes of red, green, blue


def fade(pictures: Pictures, amount: Amounts, chance: Chance) -> Pictures:
    """Colours go, black turns brown and paper yellow, more so in some places than in others."""
    results = []
    for number, draw in enumerate(chance.generators("fading")):
        pixels = pictures[number].cpu().numpy()
        results.append(
            _faded(pixels, float(amount[number]), draw) if amount[number] > 0 else pixels
        )
    return torch.from_numpy(np.stack(results)).to(pictures.device).clamp(0, 1)


def _faded(pixels: Pixels, amount: float, draw: np.random.Generator) -> Pixels:
    luma = np.tensordot(np.array(LUMA, np.float32), pixels, axes=1)[None]
    monochrome = draw.random() < 0.5
    saturation = 0.0 if monochrome else 1 - amount * draw.uniform(0.3, 0.8)
    coloured = luma + np.float32(saturation) * (pixels - luma)
    tint = YELLOW if monochrome or draw.random() < 0.5 else RED
    black = amount * draw.uniform(0.5, 1.0) * INK
    paper = 1 - amount * draw.uniform(0.5, 1.2) * tint
    black, paper = black.astype(np.float32), paper.astype(np.float32)
    toned = black[:, None, None] + (paper - black)[:, None, None] * coloured
    share = np.float32(0.4 * amount) * _unevenly(pixels.shape[1:], draw)
    return toned + (paper[:, None, None] - toned) * share


def _unevenly(size: tuple[int, ...], draw: np.random.Generator) -> Plane:
    """0 to 1: more towards the borders, most at one of them, with soft patches."""
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in size)
    lean = draw.normal(0, 0.35, 2)
    from_middle = (x[None] - lean[0]) ** 2 + (y[:, None] - lean[1]) ** 2
    field = from_middle / 2.6 + 0.25 * _patches(size, draw, 4)
    return np.clip(field, 0, 1).astype(np.float32)


def _patches(size: tuple[int, ...], draw: np.random.Generator, count: int) -> Plane:
    """Normal numbers on a coarse grid, count x count, joined by smooth curves."""
    grid = draw.normal(0, 1, (count, count))
    rows, columns = (_smooth(side, count) for side in size)
    return (rows @ grid @ columns.T).astype(np.float32)


def _smooth(length: int, count: int) -> Float64[np.ndarray, "length count"]:
    """The weights of `count` grid points at each of so many pixels: a raised cosine each."""
    places = (np.arange(length) + 0.5) / length * (count - 1)
    apart = np.abs(places[:, None] - np.arange(count))
    return np.where(apart < 1, 0.5 + 0.5 * np.cos(math.pi * apart), 0.0)


def stains(pictures: Pictures, amount: Amounts, chance: Chance) -> Marked:
    """Brown blotches with soft edges, darker at the rim, where the water stopped."""
    results, maps = [], []
    for number, draw in enumerate(chance.generators("stains")):
        pixels = pictures[number].cpu().numpy()
        depth = np.zeros(pixels.shape[1:], np.float32)
        scale = float(amount[number])
        if scale > 0:
            for _ in range(1 + draw.poisson(3 * scale)):
                depth = np.maximum(depth, _blotch(pixels.shape[1:], scale, draw))
        results.append(pixels * (1 - STAIN[:, None, None] * depth))
        maps.append((depth > VISIBLE_SHARE)[None].astype(np.float32))
    stained, damaged = (torch.from_numpy(np.stack(a)).to(pictures.device) for a in (results, maps))
    return Marked(pictures=stained.clamp(0, 1), damaged=damaged)


def _blotch(size: tuple[int, ...], amount: float, draw: np.random.Generator) -> Plane:
    """How deep one stain is at each pixel, 0 to 1."""
    side = min(size)
    radius = side * draw.uniform(0.05, 0.08 + 0.24 * amount)
    middle = (draw.uniform(-0.05, 1.05, 2) * size).tolist()
    y = np.arange(size[0], dtype=np.float32)[:, None] + (0.5 - middle[0])
    x = np.arange(size[1], dtype=np.float32)[None, :] + (0.5 - middle[1])
    angles = np.arctan2(y, x)
    edge = np.ones(size, np.float32)
    for wave in range(2, 9):
        height, phase = draw.normal(0, 0.3 / wave**1.4), draw.uniform(0, 2 * math.pi)
        edge += height * np.cos(wave * angles + phase)
    out = np.sqrt(x * x + y * y) / (radius * np.maximum(edge, 0.2))  # 1 at the rim
    soft, rim_width = draw.uniform(0.08, 0.3), draw.uniform(0.03, 0.08)
    # No sharper than the pixels, however small the stain.
    body = np.clip((1.04 - out) / max(soft, 3 / radius), 0, 1)
    rim = np.exp(-(((out - 0.97) / max(rim_width, 1.5 / radius)) ** 2))
    mottle = 1 + 0.2 * _patches(size, draw, 9)
    strength = draw.uniform(0.3, 0.5) * (0.6 + 0.8 * amount)
    depth = strength * (draw.uniform(0.4, 0.9) * body * mottle + draw.uniform(0.3, 0.9) * rim)
    return np.clip(depth, 0, 1).astype(np.float32)
