"""The loops of search.py, compiled by numba: SSIM of all pairs, and where a copy fits best.

SSIM: a picture is H rows of W x C numbers, as its file has them, less its own mean: what is squared
stays small, so that float32 gives SSIM to 1e-6. The window is the Gaussian of
metrics/similarity.py; only places where it is inside the picture count.

Copies: a picture is views (luma, brightest colour) of S x S numbers within [-.5, .5]. A window is
side, left and top in shares of S. Two pictures are compared block by block; a block is 2 x 2 cells.
"""

from __future__ import annotations

from itertools import product
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

CELL: Final = 4  # pixels a side; a block is twice as wide
FLAT: Final = np.float32(0.004)  # contrast of a block below which it shows nothing: a level of 255
TRUSTED: Final = np.float32(0.75)  # the share of blocks that count, the most alike
VISIBLE: Final = np.float32(0.03)  # contrast of a block that counts half
_LEAST: Final = np.float32(FLAT * FLAT)
_PIXELS: Final = np.float32(4 * CELL * CELL)  # of a block
# Of a window, larger, to the right and down: first along one axis, then along several.
_MOVES: Final = np.array(
    sorted(product((0, -1, 1), repeat=3), key=lambda move: sum(map(abs, move)))[1:], np.float32
)
# Rounds in which windows are moved and scaled: how far, how many candidates, how many moves each.
_REACHES: Final = np.array((0.04, 0.04, 0.02, 0.01), np.float32)
_KEEPS: Final = np.array((48, 16, 6, 3))
_TRIED: Final = np.array((6, 26, 26, 26))


# ---------------------------------------------------------------------------------------------
# SSIM


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


# ---------------------------------------------------------------------------------------------
# Copies


@threaded
def cell_sums(a, b, sums) -> None:
    """Over each cell the sums of a and of a * b."""
    for y in range(sums.shape[1]):
        for x in range(sums.shape[2]):
            plain, both = np.float32(0), np.float32(0)
            for v in range(CELL * y, CELL * y + CELL):
                for u in range(CELL * x, CELL * x + CELL):
                    plain += a[v, u]
                    both += a[v, u] * b[v, u]
            sums[0, y, x], sums[1, y, x] = plain, both


@threaded
def block(sums, y, x):
    """The mean over a block, of sums over cells."""
    return (sums[y, x] + sums[y, x + 1] + sums[y + 1, x] + sums[y + 1, x + 1]) / _PIXELS


@threaded
def block_moments(picture, means, deviations) -> None:
    """Of each view and block of a picture the mean and the standard deviation."""
    cells = picture.shape[1] // CELL
    sums = np.empty((2, cells, cells), np.float32)
    for view in range(picture.shape[0]):
        cell_sums(picture[view], picture[view], sums)
        for y in range(cells - 1):
            for x in range(cells - 1):
                mean = block(sums[0], y, x)
                means[view, y, x] = mean
                variance = max(block(sums[1], y, x) - mean * mean, np.float32(0))
                deviations[view, y, x] = np.sqrt(variance)


@threaded
def cut(view, window, out) -> None:
    """A window of a view at the view's size, bilinear; the border's pixels go on outside."""
    size = out.shape[0]
    side, last = window[0], np.float32(size - 1)
    lefts, shares = np.empty(size, np.int64), np.empty(size, np.float32)
    for x in range(size):
        place = min(max(window[1] * size + side * np.float32(x + 0.5) - np.float32(0.5), 0), last)
        lefts[x] = min(int(place), size - 2)
        shares[x] = place - lefts[x]
    for y in range(size):
        place = min(max(window[2] * size + side * np.float32(y + 0.5) - np.float32(0.5), 0), last)
        top = min(int(place), size - 2)
        share = np.float32(place - top)
        upper, lower = view[top], view[top + 1]
        for x in range(size):
            left, right = lefts[x], lefts[x] + 1
            above = upper[left] + shares[x] * (upper[right] - upper[left])
            below = lower[left] + shares[x] * (lower[right] - lower[left])
            out[y, x] = above + share * (below - above)


@threaded
def likeness(reference, window, picture, means, deviations):
    """How like a reference's window is to a picture: of its views the better."""
    size, cells = picture.shape[1], picture.shape[1] // CELL
    part = np.empty((size, size), np.float32)
    sums, squares = np.empty((2, cells, cells), np.float32), np.empty((2, cells, cells), np.float32)
    count = (cells - 1) * (cells - 1)
    alike, weights = np.empty(count, np.float32), np.empty(count, np.float32)
    best = np.float32(-1)
    for view in range(picture.shape[0]):
        telling = 0
        cut(reference[view], window, part)
        cell_sums(part, picture[view], sums)
        cell_sums(part, part, squares)
        for y in range(cells - 1):
            for x in range(cells - 1):
                mean = block(sums[0], y, x)
                variance = max(block(squares[1], y, x) - mean * mean, np.float32(0))
                ours, theirs = np.sqrt(variance), deviations[view, y, x]
                covariance = block(sums[1], y, x) - mean * means[view, y, x]
                place = y * (cells - 1) + x
                contrast = max(ours, theirs)
                alike[place], weights[place] = np.float32(-2), np.float32(0)
                if contrast >= FLAT:  # two flat blocks say nothing
                    both = max(ours * theirs, _LEAST)
                    alike[place] = min(covariance / both, np.float32(1))
                    weights[place] = contrast / (contrast + VISIBLE)
                    telling += 1
        order = np.argsort(-alike)
        above, below = np.float32(0), np.float32(1e-6)
        for place in order[: int(np.ceil(TRUSTED * telling))]:
            above += alike[place] * weights[place]
            below += weights[place]
        best = max(best, above / below)
    return best


@threaded
def registered(picture, references, windows):
    """Of candidate windows, one a reference, the one that fits best once moved: its number, how
    well it fits, and where."""
    cells = picture.shape[1] // CELL
    means = np.empty((picture.shape[0], cells - 1, cells - 1), np.float32)
    deviations = np.empty_like(means)
    block_moments(picture, means, deviations)
    windows = windows.copy()
    scores = np.empty(len(references), np.float32)
    for i in range(len(references)):
        scores[i] = likeness(references[i], windows[i], picture, means, deviations)
    tried = np.empty(3, np.float32)
    for number in range(len(_REACHES)):
        reach = _REACHES[number]
        for i in np.argsort(-scores)[: _KEEPS[number]]:
            start = windows[i].copy()
            for wider, right, lower in _MOVES[: _TRIED[number]]:
                # A larger window keeps its middle.
                side = min(max(start[0] + reach * wider, np.float32(0.6)), np.float32(1))
                tried[0] = side
                left = start[1] + reach * (right - wider / 2)
                top = start[2] + reach * (lower - wider / 2)
                tried[1] = min(max(left, np.float32(0)), 1 - side)
                tried[2] = min(max(top, np.float32(0)), 1 - side)
                score = likeness(references[i], tried, picture, means, deviations)
                if score > scores[i]:
                    scores[i] = score
                    windows[i] = tried
    best = int(np.argmax(scores))
    return best, scores[best], windows[best]
