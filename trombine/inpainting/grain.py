"""Noise like that of the surroundings, for what was enlarged and has none.

What a window loses of its surroundings when it is shrunk and enlarged again is measured where it
is even, in small squares: how strong it is, how it is spread over frequencies, and how much the
channels share. The new noise has the same.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np
from jaxtyping import Float32, Float64

SIDE: Final = 16  # pixels of a square that is measured
_FEWEST: Final = 3  # squares, from which noise can be told
_EVEN: Final = 0.5  # of the squares, those with the least: edges are no noise
_STRONGEST: Final = 0.08  # of the noise's standard deviation

Squares = Float32[np.ndarray, "n 16 16 3"]


@final
class Noise:
    """Noise as in these squares, `width` pixels wide, row after row; none where there are too few
    squares to tell."""

    def __init__(self, lost: Squares, width: int, generator: np.random.Generator) -> None:
        self.width, self.generator = width, generator
        self.white = np.zeros((0, width + SIDE - 1, 3))  # of the rows above that still count
        self.kernel, self.mixed = _measured(lost)

    def rows(self, count: int) -> Float32[np.ndarray, "h w 3"]:
        """The next rows."""
        if self.kernel is None:
            return np.zeros((count, self.width, 3), np.float32)
        from scipy.signal import oaconvolve

        new = count + SIDE - 1 - len(self.white)
        drawn = self.generator.standard_normal((new, *self.white.shape[1:]))
        white = np.concatenate([self.white, drawn])
        self.white = white[count:]
        noise = oaconvolve(white, self.kernel[..., None], mode="valid", axes=(0, 1))
        return (noise @ self.mixed).astype(np.float32)


def _measured(
    lost: Squares,
) -> tuple[Float64[np.ndarray, "16 16"] | None, Float64[np.ndarray, "3 3"]]:
    """What makes white noise as these squares are: a kernel, and how channels mix."""
    if len(lost) < _FEWEST:
        return None, np.zeros((3, 3))
    centred = lost - lost.mean((1, 2), keepdims=True)
    strength = centred.std((1, 2, 3))
    even = centred[strength <= np.quantile(strength, _EVEN)].astype(np.float64)
    flat = even.reshape(-1, 3)
    power = (np.abs(np.fft.fft2(even, axes=(1, 2))) ** 2).mean((0, 3))
    if not power.any():
        return None, np.zeros((3, 3))
    kernel = np.fft.fftshift(np.fft.ifft2(np.sqrt(power)).real)
    values, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
    spread = np.sqrt(values.clip(0, _STRONGEST**2))
    return kernel / np.sqrt((kernel**2).sum()), vectors * spread @ vectors.T
