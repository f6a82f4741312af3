"""SSIM of all pairs of two sets of pictures, compiled by numba, for search.py.

A picture is H rows of W x C numbers, as its file has them, less its own mean: what is squared stays
small, so that float32 gives SSIM to 1e-6. The window is the Gaussian of metrics/similarity.py; only
places where it is inside the picture count.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from trombine.metrics.similarity import SSIM_TAPS
from trombine.world.compiled import threaded

_TWO: Final = np.float32(2)
_C1: Final = np.float32((0.01 * 255) ** 2)
_C2: Final = np.float32((0.03 * 255) ** 2)
# The window is symmetric. Its numbers sum to 1 without rounding: flat places have no variance then.
_SIDE: Final = np.round(np.array(SSIM_TAPS[:5]) * 2**26) / 2**26
_T0, _T1, _T2, _T3, _T4, _T5 = np.array([*_SIDE, 1 - 2 * _SIDE.sum()], np.float32)
_WIDE: Final = 10  # rows that a window has below its first


@threaded
def down(rows, y, sums) -> None:
    """The window's sum down the rows from y on, at each place of a row."""
    for x in range(sums.size):
        sums[x] = (
            _T0 * (rows[y, x] + rows[y + 10, x])
            + _T1 * (rows[y + 1, x] + rows[y + 9, x])
            + _T2 * (rows[y + 2, x] + rows[y + 8, x])
            + _T3 * (rows[y + 3, x] + rows[y + 7, x])
            + _T4 * (rows[y + 4, x] + rows[y + 6, x])
            + _T5 * rows[y + 5, x]
        )


@threaded
def shifted(sums, c):
    """The row from each of the window's columns on: views, so that no index needs a check."""
    m = sums.size - _WIDE * c
    return (
        *(sums[0:m], sums[c : c + m], sums[2 * c : 2 * c + m], sums[3 * c : 3 * c + m]),
        *(sums[4 * c : 4 * c + m], sums[5 * c : 5 * c + m], sums[6 * c : 6 * c + m]),
        *(sums[7 * c : 7 * c + m], sums[8 * c : 8 * c + m], sums[9 * c : 9 * c + m]),
        sums[10 * c : 10 * c + m],
    )


@threaded
def across(views, x) -> float:
    """The window's sum across, from place x on."""
    return (
        _T0 * (views[0][x] + views[10][x])
        + _T1 * (views[1][x] + views[9][x])
        + _T2 * (views[2][x] + views[8][x])
        + _T3 * (views[3][x] + views[7][x])
        + _T4 * (views[4][x] + views[6][x])
        + _T5 * views[5][x]
    )


@threaded
def moments(picture, channels, rows, scratch, sums, square_sums, means, variances) -> np.float32:
    """A picture's samples as numbers round 0, and their means and variances in every window;
    what was taken away, a whole number."""
    total = np.int64(0)
    for y in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            total += picture[y, x]
    middle = np.float32(total // rows.size)
    for y in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            rows[y, x] = np.float32(picture[y, x]) - middle
            scratch[y, x] = rows[y, x] * rows[y, x]
    plain, squared = shifted(sums, channels), shifted(square_sums, channels)
    for y in range(means.shape[0]):
        down(rows, y, sums)
        down(scratch, y, square_sums)
        for x in range(means.shape[1]):
            mean = across(plain, x)
            means[y, x] = mean
            variances[y, x] = across(squared, x) - mean * mean
    return middle


@threaded
def compare(queries, references, channels, out) -> None:
    """out[i, j]: SSIM of query i with reference j, the mean over the windows."""
    count, height, width = queries.shape
    places = count + 1, height - _WIDE, width - _WIDE * channels
    # Of the queries, and last of the reference.
    rows, middles = np.empty((count + 1, height, width), np.float32), np.empty(count, np.float32)
    means, variances = np.empty(places, np.float32), np.empty(places, np.float32)
    scratch = np.empty((height, width), np.float32)
    sums, square_sums = np.empty(width, np.float32), np.empty(width, np.float32)
    for i in range(count):
        middles[i] = moments(
            *(queries[i], channels, rows[i], scratch, sums, square_sums, means[i], variances[i])
        )
    views, b_rows, b_mean, b_var = shifted(sums, channels), rows[-1], means[-1], variances[-1]
    for j in range(references.shape[0]):
        b = moments(*(references[j], channels, b_rows, scratch, sums, square_sums, b_mean, b_var))
        for i in range(count):
            a, a_rows, a_mean, a_var = middles[i], rows[i], means[i], variances[i]
            for y in range(height):
                for x in range(width):
                    scratch[y, x] = a_rows[y, x] * b_rows[y, x]
            total = 0.0
            for y in range(a_mean.shape[0]):
                down(scratch, y, sums)
                row = np.float32(0)
                for x in range(a_mean.shape[1]):
                    covariance = across(views, x) - a_mean[y, x] * b_mean[y, x]
                    p, q = a_mean[y, x] + a, b_mean[y, x] + b
                    above = (_TWO * p * q + _C1) * (_TWO * covariance + _C2)
                    below = (p * p + q * q + _C1) * (a_var[y, x] + b_var[y, x] + _C2)
                    row += above / below
                total += row
            out[i, j] = total / a_mean.size
