"""The standard sheet: what went in, bicubic, what came out, and the truth where it is known.

Here is which piece of each picture a sheet shows, and how large. How a sheet is drawn is in
io/sheets.py; what a measure means, in metrics/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log10
from typing import Final

import numpy as np
import torch
from jaxtyping import Float64, UInt8
from PIL import Image

from trombine.core.conventions import to_picture
from trombine.io.sheets import Sheet, centred, fitting, overview, resized
from trombine.metrics import SSIM_TAPS, luma, psnr, ssim

Pixels = UInt8[np.ndarray, "_ _ 3"]  # pictures of different sizes meet here
Size = tuple[int, int]  # height, width
Place = tuple[int, int, int, int]  # top, left, height, width

# The longer side of a cell by columns: a sheet stays below 2000.
CELL: Final = {2: 480, 3: 480, 4: 440}
NARROWEST: Final = 320  # of a cell, so that a column's title has room
LOWEST: Final = 120
ZOOM: Final = 3
PLAIN: Final = "bicubic"
RESULT: Final = "result"
_BAND: Final = 256  # rows that are measured at once


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """How near a picture is to the truth."""

    psnr: float  # of the luma, in dB
    ssim: float  # of the luma


def standard_sheet(small: Pixels, result: Pixels, truth: Pixels | None, title: str) -> Pixels:
    """The whole pictures, a detail pixel for pixel, and a detail three times larger.

    Columns: the input with its pixels as squares, bicubic, the result, and the truth where it is
    known, with PSNR-Y and SSIM-Y. A detail is where the input has most of it. Rows and columns that
    would show the same again are left out: bicubic is, of a result as large as the input. At most
    2000 pixels wide, whatever the pictures.
    """
    columns = _columns(small, result, truth)
    size = _size(result)
    fitted = fitting(size, CELL[len(columns)])
    cell = max(fitted[0], LOWEST), max(fitted[1], NARROWEST)
    rows = {"whole": [overview(pixels, fitted) for pixels in columns.values()]}
    times = fitted[0] / result.shape[0]
    if times < 1:
        rows["1 : 1"] = _details(small, columns, size, cell, 1)
    if times < ZOOM:
        rows[f"{ZOOM} : 1"] = _details(small, columns, size, cell, ZOOM)
    note = f"Result: {result.shape[1]} × {result.shape[0]} pixels."
    return Sheet(
        rows=[[centred(picture, cell) for picture in row] for row in rows.values()],
        title=title,
        row_titles=list(rows) if len(rows) > 1 else (),
        column_titles=list(columns),
        note=note if RESULT in columns else f"{note} Numbers: PSNR-Y in dB, SSIM-Y.",
    ).pixels()


def _columns(small: Pixels, result: Pixels, truth: Pixels | None) -> dict[str, Pixels]:
    numbers = {} if truth is None else scores(small, result, truth)

    def titled(title: str, name: str) -> str:
        score = numbers.get(name)
        return title if score is None else f"{title}  {score.psnr:.2f}, {score.ssim:.4f}"

    if _size(small) == _size(result):  # bicubic is the input
        columns = {titled("input", PLAIN): small}
    else:
        columns = {f"input, {small.shape[1]} × {small.shape[0]}": small}
        columns[titled(PLAIN, PLAIN)] = bicubic(small, _size(result))
    columns[titled(RESULT, RESULT)] = result
    return columns if truth is None else {**columns, "truth": truth}


def bicubic(small: Pixels, size: Size) -> Pixels:
    """The input as most programs would enlarge it."""
    return resized(small, size, Image.Resampling.BICUBIC)


def scores(small: Pixels, result: Pixels, truth: Pixels) -> dict[str, Similarity]:
    """How near bicubic and the result are to the truth, by these names.

    As papers on enlarging measure: of the luma, without a border. None are there where the picture
    is too small to say.
    """
    border = max(1, round(result.shape[0] / small.shape[0]))
    if min(truth.shape[:2]) < len(SSIM_TAPS) + 2 * border:
        return {}
    pictures = {PLAIN: bicubic(small, _size(result)), RESULT: result}
    inside = slice(border, -border), slice(border, -border)
    return {name: _score(truth[inside], pixels[inside]) for name, pixels in pictures.items()}


def _score(truth: Pixels, result: Pixels) -> Similarity:
    """By bands of rows: the sums of a large picture would fill the memory."""
    height, more = truth.shape[0], len(SSIM_TAPS) - 1  # rows that a window has beside its first
    error = similarity = 0.0
    for start in range(0, height, _BAND):
        a, b = (_luma(picture[start : start + _BAND + more]) for picture in (truth, result))
        rows = min(_BAND, height - start)
        error += rows * 10 ** (-psnr(a[..., :rows, :], b[..., :rows, :]).item() / 10)
        places = a.shape[-2] - more
        similarity += places * ssim(a, b).item() if places > 0 else 0.0
    return Similarity(
        psnr=-10 * log10(error / height) if error else inf, ssim=similarity / (height - more)
    )


def _luma(pixels: Pixels) -> torch.Tensor:
    return (luma(to_picture(np.ascontiguousarray(pixels))[None]) / 255).float()


def _size(pixels: Pixels) -> Size:
    return pixels.shape[0], pixels.shape[1]


# ---------------------------------------------------------------------------------------------
# Details


def _details(
    small: Pixels, columns: Mapping[str, Pixels], result: Size, cell: Size, zoom: int
) -> list[Pixels]:
    """The same piece of each picture, `zoom` times larger, no larger than a cell."""
    height, width = (min(side // zoom, of) for side, of in zip(cell, result, strict=True))
    place = detail(small, result, (height, width))
    return [_squares(pixels, place, result, zoom) for pixels in columns.values()]


def detail(small: Pixels, result: Size, piece: Size) -> Place:
    """Where a piece of the result has most detail: the sum of steps between the input's pixels.

    Of equally detailed ones (a plain picture) the one nearest to the middle.
    """
    up = result[0] / small.shape[0], result[1] / small.shape[1]
    window = tuple(
        min(max(1, round(side / times)), of)
        for side, times, of in zip(piece, up, small.shape, strict=False)
    )
    sums = window_sums(_steps(small), (window[0], window[1]))
    best = np.argwhere(sums >= sums.max() - 1e-6)  # sums of whole numbers: equal is equal
    middle = (np.array(sums.shape) - 1) / 2
    y, x = best[np.abs(best - middle).sum(axis=1).argmin()]
    top = min(round(int(y) * up[0]), result[0] - piece[0])
    left = min(round(int(x) * up[1]), result[1] - piece[1])
    return top, left, *piece


def _steps(pixels: Pixels) -> Float64[np.ndarray, "h w"]:
    """How far each pixel is from the next ones right and below, channels together."""
    steps = np.zeros(pixels.shape[:2])
    for axis in (0, 1):
        far = np.abs(np.diff(pixels.astype(np.int16), axis=axis)).sum(axis=2)
        steps[: far.shape[0], : far.shape[1]] += far
    return steps


def window_sums(values: Float64[np.ndarray, "h w"], size: Size) -> Float64[np.ndarray, "y x"]:
    """The sum under each placing of a window, by differences of running sums."""
    running = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    rows = running[size[0] :] - running[: -size[0]]
    return rows[:, size[1] :] - rows[:, : -size[1]]


def _squares(pixels: Pixels, place: Place, result: Size, zoom: int) -> Pixels:
    """A piece of a picture as large as the result, or of the input, each of its pixels a square."""
    top, left, height, width = place
    rows, columns = (
        np.minimum((np.arange(start, start + count) + 0.5) * of / length, of - 1).astype(int)
        for start, count, of, length in zip(
            (top, left), (height, width), pixels.shape[:2], result, strict=True
        )
    )
    return np.repeat(np.repeat(pixels[rows][:, columns], zoom, axis=0), zoom, axis=1)
