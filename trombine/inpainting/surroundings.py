"""What was painted, made like what lies round it: skin and hair as coloured, noise as strong.

Of a face that is hidden by half a net paints, away from what it sees, the mean of all that people
look like: grey. Whoever has fair skin on one side has it on the other, but for the light.

What a window loses of its surroundings when it is shrunk and enlarged again is measured where it
is even, in small squares: how strong it is, how it is spread over frequencies, and how much the
channels share. The new noise has the same.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64
from scipy.ndimage import distance_transform_edt
from scipy.signal import oaconvolve
from torch.nn.functional import avg_pool2d

from trombine.core.conventions import PART_INDEX

Planes = Float32[torch.Tensor, "3 h w"]
Hidden = Bool[torch.Tensor, "h w"]
Likely = Float32[torch.Tensor, "19 h w"]

_ALIKE: Final = [  # on both sides of a head
    [PART_INDEX[name] for name in names]
    for names in (("skin", "nose", "left_ear", "right_ear"), ("hair",))
]
# Light makes one side darker than the other, not greyer: by how much greyer what was made may be,
# and from what on it is evened fully (docs/log/repair.md).
_GREYER: Final = (0.04, 0.14)
_NEAR: Final = 12  # pixels of a window: near what is seen a net knows its colours
_LEAST: Final = (200, 50)  # pixels of a window that are seen, and hidden: fewer say too little


def evened(made: Planes, seen: Planes, hidden: Hidden, parts: Likely) -> Planes:
    """What was made, with the mean of hidden skin, and of hair, nearer to that of what is seen."""
    away = torch.from_numpy(np.asarray(distance_transform_edt(hidden.numpy()), np.float32))
    inwards = 1 - torch.exp(-away / _NEAR)
    result = made
    for labels in _ALIKE:
        share = parts[labels].sum(0)
        known, unknown = share * ~hidden, share * hidden * inwards
        if known.sum() < _LEAST[0] or (share * hidden).sum() < _LEAST[1]:
            continue
        wanted, found = _mean(seen, known), _mean(made, unknown)
        greyer = _colourful(wanted) - _colourful(found)
        much = min(max((greyer - _GREYER[0]) / (_GREYER[1] - _GREYER[0]), 0.0), 1.0)
        soft = avg_pool2d(share[None], 5, 1, 2, count_include_pad=False)[0] * inwards
        result = result + much * (wanted - found)[:, None, None] * soft
    return torch.where(hidden, result.clamp(0, 1), made)


def _mean(colours: Planes, weights: Float32[torch.Tensor, "h w"]) -> Float32[torch.Tensor, "3"]:
    return (colours * weights).sum((1, 2)) / weights.sum()


def _colourful(colour: Float32[torch.Tensor, "3"]) -> float:
    """How far from grey a colour is, however light."""
    return float((colour.max() - colour.min()) / colour.max().clamp(min=0.05))


# ---------------------------------------------------------------------------------------------
# Noise

SIDE: Final = 16  # pixels of a square that is measured
_FEWEST: Final = 3  # squares, from which noise can be told
_EVEN: Final = 0.5  # of the squares, those with the least: edges are no noise
_STRONGEST: Final = 0.08  # of the noise's standard deviation

Squares = Float32[np.ndarray, "n 16 16 3"]


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
