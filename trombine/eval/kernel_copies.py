"""Where in a reference a picture fits best, and how well: the loops of copies.py, compiled.

A picture is views (luma, brightest colour) of S x S numbers within [-.5, .5]. A window is side,
left and top in shares of S. Two pictures are compared block by block; a block is 2 x 2 cells.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np

from trombine.world.compiled import threaded

CELL: Final = 4  # pixels a side; a block is twice as wide
# Of a window, larger, to the right and down: first along one axis, then along several.
MOVES: Final = np.array(
    sorted(product((0, -1, 1), repeat=3), key=lambda move: sum(map(abs, move)))[1:], np.float32
)
FLAT: Final = np.float32(0.004)  # contrast of a block below which it shows nothing: a level of 255
_LEAST: Final = np.float32(FLAT * FLAT)
_PIXELS: Final = np.float32(4 * CELL * CELL)  # of a block


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
def likeness(
    reference, window, picture, means, deviations, trusted, visible, scratch, sums, squares
):
    """How like a reference's window is to a picture: of its views the better."""
    cells = sums.shape[1]
    count = (cells - 1) * (cells - 1)
    alike, weights = np.empty(count, np.float32), np.empty(count, np.float32)
    best = np.float32(-1)
    for view in range(picture.shape[0]):
        telling = 0
        cut(reference[view], window, scratch)
        cell_sums(scratch, picture[view], sums)
        cell_sums(scratch, scratch, squares)
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
                    weights[place] = contrast / (contrast + visible)
                    telling += 1
        order = np.argsort(-alike)
        above, below = np.float32(0), np.float32(1e-6)
        for place in order[: int(np.ceil(trusted * telling))]:
            above += alike[place] * weights[place]
            below += weights[place]
        best = max(best, above / below)
    return best


@threaded
def registered(picture, references, windows, reaches, keeps, moves, trusted, visible):
    """Of candidate windows, one a reference, the one that fits best once moved: its number, how
    well it fits, and where. So many are kept before each reach, and moved in so many of MOVES."""
    views, size = picture.shape[0], picture.shape[1]
    cells = size // CELL
    means = np.empty((views, cells - 1, cells - 1), np.float32)
    deviations = np.empty_like(means)
    block_moments(picture, means, deviations)
    scratch = np.empty((size, size), np.float32)
    sums, squares = np.empty((2, cells, cells), np.float32), np.empty((2, cells, cells), np.float32)
    windows = windows.copy()
    scores = np.empty(len(references), np.float32)
    for i in range(len(references)):
        scores[i] = likeness(
            *(references[i], windows[i], picture, means, deviations),
            *(trusted, visible, scratch, sums, squares),
        )
    tried = np.empty(3, np.float32)
    for number in range(len(reaches)):
        reach = reaches[number]
        for i in np.argsort(-scores)[: keeps[number]]:
            start = windows[i].copy()
            for wider, right, down in MOVES[: moves[number]]:
                # A larger window keeps its middle.
                side = min(max(start[0] + reach * wider, np.float32(0.6)), np.float32(1))
                left = start[1] + reach * (right - wider / 2)
                top = start[2] + reach * (down - wider / 2)
                tried[0] = side
                tried[1] = min(max(left, np.float32(0)), 1 - side)
                tried[2] = min(max(top, np.float32(0)), 1 - side)
                score = likeness(
                    *(references[i], tried, picture, means, deviations),
                    *(trusted, visible, scratch, sums, squares),
                )
                if score > scores[i]:
                    scores[i] = score
                    windows[i] = tried
    best = int(np.argmax(scores))
    return best, scores[best], windows[best]
