"""How JPEG and noise have damaged a picture, measured on its pixels.

A JPEG file rounds the coefficients of each 8 x 8 block to multiples of steps that follow from its
quality. Decoded, saved again as something else, cropped, or saved again as a better JPEG, the
coefficients still lie near those multiples: `jpeg_quality` tries all 64 places that the blocks may
have and all qualities. (The comb of steps: Fan and de Queiroz, 2003.) Noise of a sensor differs
from colour to colour where texture does not: `noise` measures that difference.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64, UInt8
from PIL import Image

from trombine.io.color import LUMA

Pixels = UInt8[np.ndarray, "h w 3"]
Luma = Float64[np.ndarray, "h w"]
Table = tuple[tuple[float, ...], tuple[float, ...]]  # what is measured, and shares

QUALITIES: Final = range(20, 97)  # above it all steps are 1 and leave no trace
# How much of the result the net for damaged pictures should have, by quality and by noise, linear
# between these: what both nets make differs, and a mean is nearer to the truth (docs/log).
JPEG: Final = ((75, 85, 90, 95, 98, 100), (1.0, 0.75, 0.6, 0.4, 0.2, 0.0))
NOISE: Final = ((2.0, 4.5), (0.0, 1.0))
# The same where the weights of both are mixed, as for two times.
JPEG_MIXED: Final = ((60, 75, 85, 90, 95, 98, 100), (1.0, 0.8, 0.55, 0.4, 0.22, 0.15, 0.0))
# The same for -x 1, which keeps the size: there detail is at hand, and can be lost.
JPEG_CLEANED: Final = ((40, 60, 75, 85, 90, 95, 100), (1.0, 0.85, 0.7, 0.5, 0.3, 0.18, 0.0))
NOISE_CLEANED: Final = ((1.5, 2.5, 5.0, 9.0), (0.0, 0.3, 0.85, 1.0))
_SIDE: Final = 256  # pixels of the middle that are looked at
_LEAST_SIDE: Final = 32
# The coefficients, by row and column, that most pictures have much of.
_USED: Final = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1))
_CLEAR: Final = 0.3  # the mean cosine of a comb: 1 where all lie on it, 0 by chance
_SURE: Final = 8.0  # and so many times its deviation by chance, the best of 64 x 77 tries
_BLOCK: Final = 16  # pixels a side in which noise is measured
_QUIET: Final = 0.1  # the quietest tenth of blocks has the least texture


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What JPEG and noise have done to a picture."""

    quality: int | None = None  # of the worst JPEG that it has been
    noise: float = 0.0  # standard deviation, of 255

    @property
    def share(self) -> float:
        """How much of the result the net for damaged pictures should have, 0 to 1."""
        return max(self._by_jpeg(JPEG), self._by_noise(NOISE))

    @property
    def share_mixed(self) -> float:
        """The same of the weights of both, where they are mixed."""
        return max(self._by_jpeg(JPEG_MIXED), self._by_noise(NOISE))

    @property
    def share_cleaned(self) -> float:
        """The same of a picture that is cleaned and keeps its size."""
        return max(self._by_jpeg(JPEG_CLEANED), self._by_noise(NOISE_CLEANED))

    def _by_jpeg(self, table: Table) -> float:
        return 0.0 if self.quality is None else float(np.interp(self.quality, *table))

    def _by_noise(self, table: Table) -> float:
        return float(np.interp(self.noise, *table))

    def __str__(self) -> str:
        """In words, what counts most."""
        if self.quality is not None and self._by_jpeg(JPEG) >= self._by_noise(NOISE):
            return f"was a JPEG of quality {self.quality}"
        return f"has noise of {self.noise:.0f} of 255"


def damage_of(pixels: Pixels, quantization: Sequence[int] = ()) -> Damage:
    """The damage seen in pixels; `quantization` is that of the JPEG file they were read from."""
    quality = quality_of(quantization) if len(quantization) else None
    qualities = [one for one in (quality, jpeg_quality(pixels)) if one is not None]
    return Damage(quality=min(qualities, default=None), noise=noise(pixels))


def quality_of(quantization: Sequence[int]) -> int:
    """The quality, 1 to 100, whose steps are nearest to these 64, row by row.

    Nearest by their logarithms: a program may have a table of its own.
    """
    logs = np.log(np.reshape(quantization, (8, 8)))
    return 1 + int(np.abs(np.log(_steps()) - logs).sum((1, 2)).argmin())


@cache
def _steps() -> Int64[np.ndarray, "100 8 8"]:
    """The steps of luma's coefficients at each quality, as libjpeg has them."""
    tables = []
    for quality in range(1, 101):
        file = io.BytesIO()
        Image.new("L", (8, 8)).save(file, "JPEG", quality=quality)
        with Image.open(file) as opened:
            tables.append(opened.quantization[0])  # pyright: ignore[reportAttributeAccessIssue]
    return np.reshape(tables, (100, 8, 8))


def jpeg_quality(pixels: Pixels) -> int | None:
    """The quality, as libjpeg counts, of the worst JPEG that a picture has been; None if none."""
    luma = _middle(pixels) @ np.array(LUMA) - 128
    if min(luma.shape) < _LEAST_SIDE:
        return None
    total, count = np.zeros((64, len(QUALITIES))), np.zeros((64, len(QUALITIES)))
    tables = _steps()[QUALITIES.start - 1 : QUALITIES.stop - 1]
    for row, column in _USED:
        of_blocks = _by_place(_coefficients(luma, row, column))
        by_quality = tables[:, row, column]
        for step in np.unique(by_quality[by_quality > 1]):
            sums, counts = _comb(of_blocks, float(step))
            total[:, by_quality == step] += sums[:, None]
            count[:, by_quality == step] += counts[:, None]
    count = np.maximum(count, 1)
    deviations = total / np.sqrt(count / 2)  # the variance of a cosine by chance is 1/2
    place, best = np.unravel_index(int(deviations.argmax()), deviations.shape)
    is_clear = deviations[place, best] > _SURE and total[place, best] > _CLEAR * count[place, best]
    return QUALITIES[int(best)] if is_clear else None


def noise(pixels: Pixels) -> float:
    """The standard deviation of noise that differs between colours, of 255; 0 of a grey picture."""
    colours = _middle(pixels)
    between = (colours[..., 0] - colours[..., 1]) / np.sqrt(2)  # as strong as in one colour
    finest = (between[:-1, :-1] - between[:-1, 1:] - between[1:, :-1] + between[1:, 1:]) / 2
    rows, columns = finest.shape[0] // _BLOCK, finest.shape[1] // _BLOCK
    if not rows * columns:
        return 0.0
    cut = finest[: rows * _BLOCK, : columns * _BLOCK]
    blocks = cut.reshape(rows, _BLOCK, columns, _BLOCK).transpose(0, 2, 1, 3)
    return float(np.quantile(blocks.reshape(rows * columns, -1).std(1), _QUIET))


def _middle(pixels: Pixels) -> Float64[np.ndarray, "y x 3"]:
    top, left = (max(0, (length - _SIDE) // 2) for length in pixels.shape[:2])
    return pixels[top : top + _SIDE, left : left + _SIDE].astype(np.float64)


def _coefficients(luma: Luma, row: int, column: int) -> Float64[np.ndarray, "y x"]:
    """One coefficient of the DCT of the 8 x 8 pixels that begin at each pixel."""
    windows = np.lib.stride_tricks.sliding_window_view
    down = windows(luma, 8, axis=0) @ _wave(row)
    return windows(down, 8, axis=1) @ _wave(column)


def _wave(frequency: int) -> Float64[np.ndarray, "8"]:
    scale = np.sqrt((1 if frequency == 0 else 2) / 8)
    return scale * np.cos((2 * np.arange(8) + 1) * frequency * np.pi / 16)


def _by_place(values: Float64[np.ndarray, "y x"]) -> Float64[np.ndarray, "64 n"]:
    """The values at each of the 64 places within blocks of 8 x 8."""
    rows, columns = values.shape[0] // 8, values.shape[1] // 8
    cut = values[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8)
    return cut.transpose(1, 3, 0, 2).reshape(64, -1)


def _comb(
    values: Float64[np.ndarray, "64 n"], step: float
) -> tuple[Float64[np.ndarray, "64"], Float64[np.ndarray, "64"]]:
    """The sum of cosines that are 1 at multiples of the step; of how many. Zeros show nothing."""
    counted = np.abs(values) > step / 2
    cosines = np.cos(2 * np.pi / step * values) * counted
    return cosines.sum(1), counted.sum(1).astype(np.float64)
