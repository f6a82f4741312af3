"""The grain of film and paper: measured where a net took it away, and given back.

What a net takes from a picture is what its result, shrunk again, lacks. Where the result is smooth
that is grain, and what JPEG made of it: how strong at each brightness, how far a grain reaches, how
alike in the three colours. Grain of the same kind and of as many pixels is drawn for the result.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64
from scipy.ndimage import uniform_filter
from torch.nn import functional

from trombine.data.resize import resize_large
from trombine.io.color import LUMA

Planes = Float32[np.ndarray, "3 h w"]
Levels = Float64[np.ndarray, "levels"]

_SMOOTH: Final = 0.3  # so much of the picture is taken for smooth
_SIDE: Final = 7  # pixels around, in which it is found to be
_CLIPPED: Final = 4 / 255  # nearer to black or white grain is cut off
_LEVELS: Final = np.linspace(0, 1, 9)  # of brightness
_LEAST: Final = 256  # pixels by which the strength at a brightness is measured
_FAINT: Final = 0.4 / 255  # what is weaker is rounding
_REACH: Final = 3  # pixels that a grain reaches to each side


def with_grain(
    small: Float32[torch.Tensor, "3 h w"], large: Float32[torch.Tensor, "3 h2 w2"]
) -> Float32[torch.Tensor, "3 h2 w2"]:
    """The large picture with grain as the small one has it, always the same of the same picture;
    none where the small one has none. Grey stays grey."""
    size = (small.shape[1], small.shape[2])
    smooth = large if large.shape == small.shape else resize_large(large, size)
    clear, found = smooth.cpu().numpy(), small.cpu().numpy()
    where, taken = _smooth(clear, found), found - clear
    strengths = _strengths(taken, _luma(clear), where)
    if strengths.max() < _FAINT:
        return large
    light = _luma(large.cpu().numpy())
    seed = crc32(np.ascontiguousarray(found).tobytes())
    grain = _drawn(taken / _at(strengths, _luma(clear)), where, light.shape, seed)
    grain *= _at(strengths, light)
    return (large + torch.from_numpy(grain).to(large.device)).clamp(0, 1)


def _luma(planes: Planes) -> Float32[np.ndarray, "h w"]:
    return np.tensordot(np.array(LUMA, np.float32), planes, 1)


def _at(strengths: Levels, light: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """The strength at each pixel's brightness."""
    return np.interp(light, _LEVELS, np.maximum(strengths, _FAINT)).astype(np.float32)


def _smooth(clear: Planes, found: Planes) -> Bool[np.ndarray, "h w"]:
    """Where the picture without grain is smooth, and the one with it neither black nor white."""
    light = _luma(clear).astype(np.float64)
    light -= light.mean()
    mean, squares = (uniform_filter(plane, _SIDE) for plane in (light, light**2))
    rough = squares - mean**2
    inside = (found > _CLIPPED).all(0) & (found < 1 - _CLIPPED).all(0)
    most = np.quantile(rough[inside], _SMOOTH) if inside.any() else 0.0
    return np.logical_and(inside, rough <= most)


def _strengths(
    taken: Planes, light: Float32[np.ndarray, "h w"], where: Bool[np.ndarray, "h w"]
) -> Levels:
    """The deviation of grain, the mean of the three colours, at each of _LEVELS; 0 if unknown."""
    nearest = np.rint(light[where] * (len(_LEVELS) - 1)).astype(int).clip(0, len(_LEVELS) - 1)
    squares = (taken[:, where].astype(np.float64) ** 2).mean(0)
    counts, sums = (np.bincount(nearest, of, len(_LEVELS)) for of in (None, squares))
    known = counts >= _LEAST
    if not known.any():
        return np.zeros(len(_LEVELS))
    return np.interp(_LEVELS, _LEVELS[known], np.sqrt(sums[known] / counts[known]))


def _beside(plane: Float32[np.ndarray, "h w"]) -> Float64[np.ndarray, "side side"]:
    """The sums of products of all pixels with those up to _REACH beside; the picture goes round."""
    around = np.fft.irfft2(np.abs(np.fft.rfft2(plane.astype(np.float64))) ** 2, plane.shape)
    reach = np.arange(-_REACH, _REACH + 1)
    return around[np.ix_(reach, reach)]


def _drawn(
    grain: Planes, where: Bool[np.ndarray, "h w"], shape: tuple[int, ...], seed: int
) -> Float32[np.ndarray, "3 h2 w2"]:
    """Grain by chance, of deviation 1 in the mean, with the covariances of the measured grain
    between colours and between places."""
    held = np.where(where, grain, 0)
    pairs = np.maximum(_beside(where.astype(np.float32)), 1)
    shared = sum(_beside(plane) for plane in held) / pairs / len(held)
    window = np.minimum(1, 2 * np.hanning(len(shared) + 2)[1:-1])  # far places are known badly
    power = np.fft.fft2(np.fft.ifftshift(shared * np.outer(window, window))).real.clip(0)
    kernel = np.fft.fftshift(np.fft.ifft2(np.sqrt(power)).real)
    kernel /= np.sqrt((kernel**2).sum())
    colours = np.cov(held[:, where])
    colours *= 3 / np.trace(colours)
    values, vectors = np.linalg.eigh(colours)
    mixed = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    if (held == held[:1]).all():  # exactly grey
        mixed = np.repeat([[1.0, 0.0, 0.0]], 3, 0)
    drawn = np.random.default_rng(seed).standard_normal((3, *shape), np.float32)
    taps = torch.from_numpy(kernel.astype(np.float32))[None, None]
    padded = functional.pad(torch.from_numpy(drawn)[:, None], (_REACH,) * 4, "reflect")
    spread = functional.conv2d(padded, taps)[:, 0].numpy()
    return np.tensordot(mixed.astype(np.float32), spread, 1)
