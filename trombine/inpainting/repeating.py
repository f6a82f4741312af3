"""What is behind a hole, copied from round it by shifts that the picture repeats itself by.

After He and Sun (2012): patches of the surroundings that look alike lie apart by some shifts more
often than by others: along an edge or a bar, by the width of a stripe or a brick. Each pixel of
the hole is copied by one of these shifts, so that neighbours agree; then the copied slopes are
joined to the rim (Perez et al., 2003), which continues light that changes slowly. The shifts are
found in a smaller picture, and set right in the large one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import (
    binary_dilation,
    distance_transform_edt,
    gaussian_filter,
    maximum_filter,
)
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu
from torch.nn import functional

from trombine.inpainting.kernel_copy import choose

_LONGEST: Final = 56  # pixels of the hole in the smaller picture
_SIDE: Final = 8  # of a patch
_ASKED: Final = 600  # patches that look for others like them
_ALIKE: Final = 2  # others each
_NUMBERS: Final = 24  # by which patches are compared: their principal components
_TIES: Final = 1e-3
_SEEN: Final = 2_000  # patches that these are of
_SHIFTS: Final = 40
_PEAKS: Final = 400  # of which these are taken
_LEAST: Final = 0.02  # of the hole that a shift can fill
_ROUNDS: Final = 8
# Of a rim's pixel, squared. Stripes, bricks, folds, edges cost .0004 and less, bars that cross .008
# and more, 36 holes in photographs .016 and more, where the patches of copying.py look better.
_SEAMS: Final = 0.008
_UNKNOWN: Final = 1e4  # the cost of a shift that leads to what may not be copied
_BLIND: Final = 0.5  # and at the rim, where it cannot be compared
_COMPARED: Final = 1_500  # pixels round a part, by which its shift is set right
_JOINED: Final = 100_000  # pixels of a hole, above which slopes are joined in a smaller picture
_BESIDE: Final = ((0, 1), (1, 0), (0, -1), (-1, 0))  # right, below, left, above

Planes = Float32[np.ndarray, "h w 3"]
Where = Bool[np.ndarray, "h w"]
Places = Int[np.ndarray, "n 2"]
Shifts = Int[np.ndarray, "k 2"]


def repeated(guess: Planes, hole: Where, kept: Where, seed: int) -> Planes | None:
    """The guess with its hole made of pixels that are `kept`, where what is round it repeats itself
    so well that no seams show; else None. Pixels that no shift reaches stay as guessed.
    """
    places = np.argwhere(hole)
    times = -(-_extent(hole) // _LONGEST)
    small = _View(guess, hole, kept).smaller(times)
    shifts = _common(small, np.random.default_rng(seed))
    if len(shifts) < 2:
        return None
    labels = np.full(small.hole.shape, -1)
    labels[small.hole], seams = _chosen(small, shifts)
    if seams > _SEAMS:
        return None
    full = _View(guess, hole, kept)
    shifts = shifts if times == 1 else _refined(full, labels, shifts, times)
    large = labels.repeat(times, 0).repeat(times, 1)[: hole.shape[0], : hole.shape[1]]
    sources = places + shifts[large[hole]]
    filled = full.may(sources)
    if not filled.any():
        return None
    chosen = np.zeros((*hole.shape, 2), np.int64)
    chosen[tuple(places.T)] = sources - places
    inside = np.zeros_like(hole)
    inside[tuple(places[filled].T)] = True
    return _joined(_View(guess, inside, kept), chosen)


@dataclass(frozen=True)
class _View:
    """A picture, its hole, and which pixels may be copied."""

    planes: Planes
    hole: Where
    kept: Where

    def smaller(self, times: int) -> _View:
        """The mean of so many pixels square; a part of the hole hides all, and must be kept all."""
        rest = [(0, -side % times) for side in self.hole.shape]
        planes = np.pad(self.planes, (*rest, (0, 0)), mode="edge")
        height, width = planes.shape[0] // times, planes.shape[1] // times

        def cells(plane: np.ndarray) -> np.ndarray:
            return plane.reshape(height, times, width, times, -1)

        hole, kept = (cells(np.pad(one, rest)) for one in (self.hole, self.kept))
        return _View(
            planes=cells(planes).mean((1, 3), dtype=np.float32),
            hole=np.asarray(hole.any((1, 3, 4))),
            kept=np.asarray(kept.all((1, 3, 4))),
        )

    def may(self, places: Places) -> Bool[np.ndarray, "n"]:
        """Which places lie in the picture and may be copied."""
        inside = np.asarray(((places >= 0) & (places < self.hole.shape)).all(1))
        inside[inside] = self.kept[tuple(places[inside].T)]
        return inside

    def at(self, places: Places) -> Float32[np.ndarray, "n 3"]:
        """The colours there, or at the picture's edge."""
        rows, columns = places.clip(0, np.array(self.hole.shape) - 1).T
        return self.planes[rows, columns]


def _extent(hole: Where) -> int:
    """Its longer side in pixels."""
    return int(np.ptp(np.argwhere(hole), axis=0).max()) + 1


def _common(view: _View, generator: np.random.Generator) -> Shifts:
    """The shifts by which most patches have one like them, those first that fill most."""
    whole = sliding_window_view(view.kept, (_SIDE, _SIDE)).all((2, 3))
    places = np.argwhere(whole)
    if len(places) < _ASKED // 4:
        return np.zeros((0, 2), np.int64)
    patches = sliding_window_view(view.planes, (_SIDE, _SIDE), axis=(0, 1))[whole]
    patches = patches.reshape(len(places), -1)
    rough, mean = patches.std(1), patches.mean(0)
    few = generator.choice(len(patches), min(len(patches), _SEEN), replace=False)
    axes = np.linalg.svd(patches[few] - mean, full_matrices=False)[2][:_NUMBERS]
    numbers = (patches - mean) @ axes.T
    away = np.asarray(distance_transform_edt(~view.hole))[tuple((places + _SIDE // 2).T)]
    weight = (rough + 1e-6) * np.exp(-2 * away / max(view.hole.shape))
    count = min(len(places), _ASKED)
    asked = generator.choice(len(places), count, replace=False, p=weight / weight.sum())
    apart = max(3.0, _extent(view.hole) / 10)
    shape = np.array(view.hole.shape)
    votes = np.zeros(2 * shape + 1, np.float32)
    # Of patches that are as much alike any, not the topmost.
    squares = (numbers**2).sum(1) + generator.uniform(0, _TIES, len(places))
    squares = squares.astype(np.float32)
    rows_columns = places.T.astype(np.int16)
    for some in np.array_split(asked, -(-len(asked) * len(places) // 4_000_000)):
        unlike = numbers[some] @ (-2 * numbers.T)
        unlike += squares
        down, right = (np.abs(one - one[some][:, None]) < apart for one in rows_columns)
        unlike[down & right] = np.inf
        for _ in range(_ALIKE):
            best = unlike.argmin(1)
            found = places[best] - places[some]
            for way in (found, -found):
                np.add.at(votes, tuple((way + shape).T), 1)
            unlike[np.arange(len(some)), best] = np.inf
    votes = gaussian_filter(votes, 1.4)
    peaks = np.argwhere((votes == maximum_filter(votes, 5)) & (votes > 0))
    peaks = peaks[np.argsort(-votes[tuple(peaks.T)], kind="stable")[:_PEAKS]]
    hidden = np.argwhere(view.hole)
    fills = np.array([view.may(hidden + peak - shape).mean() for peak in peaks])
    good = np.argsort(-votes[tuple(peaks.T)] * fills, kind="stable")
    return (peaks - shape)[good[fills[good] >= _LEAST][:_SHIFTS]]


def _chosen(view: _View, shifts: Shifts) -> tuple[Int[np.ndarray, "n"], float]:
    """The number of the shift for each pixel of the hole, row by row; and what the seams between
    them, and to the rim, cost for each pixel of the rim."""
    places = np.argwhere(view.hole)
    number = np.full(view.hole.shape, -1)
    number[view.hole] = np.arange(len(places))
    colours = np.stack([view.at(places + shift) for shift in shifts], 1)
    can = np.stack([view.may(places + shift) for shift in shifts], 1)
    colours[~can] = view.planes[view.hole].repeat(len(shifts), 0).reshape(colours.shape)[~can]
    costs = np.where(can, 0, np.float32(_UNKNOWN))
    neighbours, rims = np.full((len(places), len(_BESIDE)), -1), 0
    for side, step in enumerate(_BESIDE):
        beside = places + step
        inside = ((beside >= 0) & (beside < view.hole.shape)).all(1)
        neighbours[inside, side] = number[tuple(beside[inside].T)]
        rim = view.may(beside)
        rims += np.count_nonzero(rim)
        for k, shift in enumerate(shifts):
            seen = view.may(beside + shift)
            off = ((view.at(beside + shift) - view.at(beside)) ** 2).sum(1)
            costs[rim, k] += np.where(seen, 2 * off, np.float32(_BLIND))[rim]
    chosen = np.zeros(len(places), np.int64)
    choose(colours, costs, neighbours, _ROUNDS, chosen)
    every = np.arange(len(places))
    seams = costs[every, chosen].sum()
    for side in (0, 1):
        here = every[neighbours[:, side] >= 0]
        there = neighbours[here, side]
        for one in (here, there):
            off = colours[one, chosen[here]] - colours[one, chosen[there]]
            seams += (off**2).sum()
    return chosen, float(seams / max(rims, 1))


def _refined(view: _View, labels: np.ndarray, shifts: Shifts, times: int) -> Shifts:
    """Shifts of a picture so many times smaller, in pixels of this one: those by which what is
    round their part of the hole is most like what they copy there."""
    result = shifts * times
    height, width = view.hole.shape
    for k in np.unique(labels[labels >= 0]):
        part = (labels == k).repeat(times, 0).repeat(times, 1)[:height, :width]
        ring = np.argwhere(binary_dilation(part, iterations=3 * times) & view.kept)
        if not len(ring):
            continue
        ring, least = ring[:: -(-len(ring) // _COMPARED)], np.inf
        for step in product(range(-times, times + 1), repeat=2):
            shift = shifts[k] * times + step
            seen = ring[view.may(ring + shift)]
            if len(seen) < len(ring) // 4 or not len(seen):
                continue
            off = float(((view.at(seen + shift) - view.at(seen)) ** 2).mean())
            off += 1e-6 * (step[0] ** 2 + step[1] ** 2)
            if off < least:
                least, result[k] = off, shift
    return result


def _joined(view: _View, shifts: Int[np.ndarray, "h w 2"]) -> Planes:
    """The picture with its hole of the slopes that the shifts copy, and of the rim's colours."""
    count = int(np.count_nonzero(view.hole))
    result, places = view.planes.copy(), np.argwhere(view.hole)
    result[view.hole] = view.at(places + shifts[view.hole])
    times = int(np.ceil(np.sqrt(count / _JOINED)))
    if times == 1:
        result[view.hole] = _solved(view, shifts)
        return result
    few = np.pad(view.hole, [(0, -side % times) for side in view.hole.shape])[::times, ::times]
    thin = shifts[::times, ::times] // times
    small = view.smaller(times)
    small = _View(small.planes, few, small.kept)
    off = np.zeros_like(small.planes)
    off[few] = _solved(small, thin) - small.at(np.argwhere(few) + thin[few])
    planes = torch.from_numpy(off).movedim(2, 0)[None]
    large = functional.interpolate(planes, scale_factor=times, mode="bilinear")[0].movedim(0, 2)
    result[view.hole] += large.numpy()[: view.hole.shape[0], : view.hole.shape[1]][view.hole]
    return result


def _solved(view: _View, shifts: Int[np.ndarray, "h w 2"]) -> Float32[np.ndarray, "n 3"]:
    """Colours of the hole whose slopes are nearest to those copied, by least squares."""
    places = np.argwhere(view.hole)
    count, mine = len(places), shifts[view.hole]
    number = np.full(view.hole.shape, -1)
    number[view.hole] = np.arange(count)
    diagonal, wanted = np.zeros(count), np.zeros((count, 3))
    rows, columns = list[np.ndarray](), list[np.ndarray]()
    for step in _BESIDE:
        beside = places + step
        inside = ((beside >= 0) & (beside < view.hole.shape)).all(1)
        held = beside.clip(0, np.array(view.hole.shape) - 1)
        other = number[tuple(held.T)]
        hidden = inside & (other >= 0)
        slope, seen = np.zeros((count, 3)), np.zeros(count)
        for shift in (mine, np.where(hidden[:, None], shifts[tuple(held.T)], mine)):
            both = view.may(places + shift) & view.may(beside + shift)
            step_there = view.at(beside + shift) - view.at(places + shift)
            slope[both] += step_there[both]
            seen += both
        diagonal += inside
        wanted[inside] -= (slope / seen.clip(1)[:, None])[inside]
        rim = inside & ~hidden
        wanted[rim] += view.at(held)[rim]
        rows.append(np.flatnonzero(hidden))
        columns.append(other[hidden])
    row, column = np.concatenate(rows), np.concatenate(columns)
    every = np.arange(count)
    matrix = coo_array(
        (
            np.concatenate([np.full(len(row), -1.0), diagonal]),
            (np.concatenate([row, every]), np.concatenate([column, every])),
        ),
        shape=(count, count),
    )
    solver = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    return solver.solve(wanted).astype(np.float32)
