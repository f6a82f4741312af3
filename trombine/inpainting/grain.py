"""Noise like that of the surroundings, for what was enlarged and has none.

What a window loses of its surroundings when it is shrunk and enlarged again is measured where it
is even, in small squares: how strong it is, how it is spread over frequencies, and how much the
channels share. The new noise has the same.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float32

SIDE: Final = 16  # pixels of a square that is measured
_FEWEST: Final = 3  # squares, from which noise can be told
_EVEN: Final = 0.5  # of the squares, those with the least: edges are no noise
_STRONGEST: Final = 0.08  # of the noise's standard deviation

Squares = Float32[np.ndarray, "n 16 16 3"]


def noise_like(
    lost: Squares, height: int, width: int, generator: np.random.Generator
) -> Float32[np.ndarray, "h w 3"]:
    """Noise as in these squares; none where there are too few to tell."""
    if len(lost) < _FEWEST:
        return np.zeros((height, width, 3), np.float32)
    centred = lost - lost.mean((1, 2), keepdims=True)
    strength = centred.std((1, 2, 3))
    even = centred[strength <= np.quantile(strength, _EVEN)].astype(np.float64)
    flat = even.reshape(-1, 3)
    covariance = flat.T @ flat / len(flat)
    power = (np.abs(np.fft.fft2(even, axes=(1, 2))) ** 2).mean((0, 3))
    if not power.any():
        return np.zeros((height, width, 3), np.float32)
    kernel = np.fft.fftshift(np.fft.ifft2(np.sqrt(power)).real)
    kernel /= np.sqrt((kernel**2).sum())
    white = generator.standard_normal((height + SIDE - 1, width + SIDE - 1, 3))
    from scipy.signal import oaconvolve

    noise = oaconvolve(white, kernel[..., None], mode="valid", axes=(0, 1))
    values, vectors = np.linalg.eigh(covariance)
    spread = np.sqrt(values.clip(0, _STRONGEST**2))
    return (noise @ (vectors * spread @ vectors.T)).astype(np.float32)
