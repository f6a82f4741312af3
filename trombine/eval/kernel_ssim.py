"""SSIM of pictures against many references: the loops of similar.py, compiled by numba.

A picture is H rows of W x C numbers, as its file has them, less its own mean: what is squared stays
small, so that float32 gives SSIM to 1e-6. The window is the Gaussian of metrics/similarity.py.
Only places where it is inside the picture count, and of these every `step`-th row.
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
def shifted(sums, channels):
    """The row from each of the window's columns on: views, so that no index needs a check."""
    c, m = channels, sums.size - _WIDE * channels
    return (
        sums[0:m],
        sums[c : c + m],
        sums[2 * c : 2 * c + m],
        sums[3 * c : 3 * c + m],
        sums[4 * c : 4 * c + m],
        sums[5 * c : 5 * c + m],
        sums[6 * c : 6 * c + m],
        sums[7 * c : 7 * c + m],
        sums[8 * c : 8 * c + m],
        sums[9 * c : 9 * c + m],
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
def centre(picture, rows) -> np.float32:
    """A picture's samples as numbers round 0; what was taken away, a whole number."""
    total = np.int64(0)
    for y in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            total += picture[y, x]
    middle = np.float32(total // rows.size)
    for y in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            rows[y, x] = np.float32(picture[y, x]) - middle
    return middle


@threaded
def moments(rows, channels, step, squares, sums, square_sums, means, variances) -> None:
    """Of a centred picture the means and variances in every window."""
    for y in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            squares[y, x] = rows[y, x] * rows[y, x]
    plain, squared = shifted(sums, channels), shifted(square_sums, channels)
    for k in range(means.shape[0]):
        down(rows, k * step, sums)
        down(squares, k * step, square_sums)
        for x in range(means.shape[1]):
            mean = across(plain, x)
            means[k, x] = mean
            variances[k, x] = across(squared, x) - mean * mean


@threaded
def all_moments(pictures, channels, step, middles, means, variances) -> None:
    """The moments of each picture, and what was taken away of it."""
    _, height, width = pictures.shape
    rows = np.empty((height, width), np.float32)
    squares = np.empty((height, width), np.float32)
    sums, square_sums = np.empty(width, np.float32), np.empty(width, np.float32)
    for i in range(pictures.shape[0]):
        middles[i] = centre(pictures[i], rows)
        moments(rows, channels, step, squares, sums, square_sums, means[i], variances[i])


@threaded
def multiply(a, picture, middle, products) -> None:
    """The products of a centred picture and one as its file has it."""
    for y in range(a.shape[0]):
        for x in range(a.shape[1]):
            products[y, x] = a[y, x] * (np.float32(picture[y, x]) - middle)


@threaded
def similarity(
    products, a_middle, a_mean, a_var, b_middle, b_mean, b_var, channels, step, sums
) -> float:
    """SSIM of two pictures by their products and moments, the mean over the windows."""
    views = shifted(sums, channels)
    total = 0.0
    for k in range(a_mean.shape[0]):
        down(products, k * step, sums)
        row = np.float32(0)
        for x in range(a_mean.shape[1]):
            covariance = across(views, x) - a_mean[k, x] * b_mean[k, x]
            p, q = a_mean[k, x] + a_middle, b_mean[k, x] + b_middle
            above = (_TWO * p * q + _C1) * (_TWO * covariance + _C2)
            below = (p * p + q * q + _C1) * (a_var[k, x] + b_var[k, x] + _C2)
            row += above / below
        total += row
    return total / a_mean.size


@threaded
def compare(
    queries,
    query_middles,
    query_means,
    query_vars,
    pictures,
    which,
    middles,
    means,
    variances,
    channels,
    step,
    out,
) -> None:
    """out[i, n]: SSIM of query i with picture which[n]. Moments of the pictures are computed where
    `middles` has none of them."""
    _, height, width = pictures.shape
    rows = np.empty((height, width), np.float32)
    scratch = np.empty((height, width), np.float32)
    sums, square_sums = np.empty(width, np.float32), np.empty(width, np.float32)
    mean, variance = np.empty_like(query_means[0]), np.empty_like(query_means[0])
    for n in range(which.size):
        j = which[n]
        if middles.size > 0:
            middle, mean, variance = middles[j], means[j], variances[j]
        else:
            middle = centre(pictures[j], rows)
            moments(rows, channels, step, scratch, sums, square_sums, mean, variance)
        for i in range(queries.shape[0]):
            multiply(queries[i], pictures[j], middle, scratch)
            out[i, n] = similarity(
                scratch,
                query_middles[i],
                query_means[i],
                query_vars[i],
                middle,
                mean,
                variance,
                channels,
                step,
                sums,
            )
