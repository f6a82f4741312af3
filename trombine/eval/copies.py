"""Whether a picture is a copy of another: also mirrored, cropped, recoloured, blurred, squeezed.

SSIM at the same places finds a copy that was left in place. A crop is found in two looks. A rough
one compares the picture, and its mirror, with windows of every reference at several scales, as a
product of matrices. The best candidates are then registered, window against picture, and compared
block by block. Light and contrast of a block do not count, nor does the worst quarter of the
blocks, so that a patch may be another. All of this is done by luma, which a JPEG leaves, and by the
brightest of the three colours, which a change of hue leaves; the better of the two counts.

The score is 1 for the same picture. What two pictures of different things score depends on the
pictures: originality.py learns where copies begin from pictures that are none of each other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8

from trombine.core.progress import Tick
from trombine.io.color import LUMA

Pictures = UInt8[np.ndarray, "_ _ _ 3"]
Views = Float32[torch.Tensor, "_ 2 s s"]

SIZE: Final = 48  # pixels a side, at which pictures are compared
SCALES: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)  # of a window's side to the picture's
STEP: Final = 0.05  # of the picture's side, from window to window
ROUGH: Final = 8  # pixels a side of windows in the first look
CANDIDATES: Final = 12  # references that each of four first looks gives, mirrored or not
TRUSTED: Final = 0.75  # the share of blocks that count, the most alike
VISIBLE: Final = 0.03  # contrast of a block that counts half
_CHUNK: Final = 256  # references whose windows are in memory at a time
_QUERIES: Final = 128  # pictures that are compared with them at a time
# Rounds in which windows are moved and scaled: how far, how many candidates, how many moves each.
_REACHES: Final = (0.04, 0.04, 0.02, 0.01)
_KEEPS: Final = (48, 16, 6, 3)
_MOVES: Final = (6, 26, 26, 26)


@dataclass(frozen=True)
class Window:
    """A square of a picture, in shares of its side."""

    side: float
    left: float
    top: float


@cache
def windows() -> tuple[Window, ...]:
    """All windows of the first look, the whole picture first."""
    places = []
    for side in SCALES:
        count = round((1 - side) / STEP) + 1
        starts = np.linspace(0, 1 - side, count).tolist()
        places += [Window(side, left, top) for top in starts for left in starts]
    return tuple(places)


@dataclass(frozen=True, eq=False)
class Nearest:
    """Of each picture the reference that it is most like, wherever it was cut out of it."""

    indices: Int64[np.ndarray, "q"]
    scores: Float32[np.ndarray, "q"]
    mirrored: Bool[np.ndarray, "q"]
    windows: Float32[np.ndarray, "q 3"]  # side, left, top, in shares of the reference's side


def find(
    queries: Pictures,
    references: Pictures,
    *,
    skip: Int64[np.ndarray, "q"] | None = None,
    threads: int = 2,
    tick: Tick | None = None,
) -> Nearest:
    """The reference that each query is most like; never the one that `skip` names for it."""
    from trombine.eval.kernel_copies import registered

    both = _views(queries)
    both = torch.cat((both, both.flip(-1)))  # pictures, then their mirrors
    candidates, places = _candidates(both, references, skip)
    squares = np.array([[w.side, w.left, w.top] for w in windows()], np.float32)

    def work(query: int) -> tuple[int, float, bool, Float32[np.ndarray, "3"]]:
        rows, mirrors = query, query + len(queries)
        straight = np.unique(np.column_stack((candidates[rows], places[rows])), axis=0)
        turned = np.unique(np.column_stack((candidates[mirrors], places[mirrors])), axis=0)
        # The mirror of a picture beside a reference is the picture beside the reference's mirror.
        flips = np.repeat([False, True], (len(straight), len(turned)))
        indices, best = np.concatenate((straight, turned)).T
        views = _views(references[indices])
        views[torch.from_numpy(flips)] = views[torch.from_numpy(flips)].flip(-1)
        where = squares[best]
        where[flips] = _mirrored(where[flips])
        number, score, window = registered(
            *(both[query].numpy(), views.numpy(), where),
            *(np.array(_REACHES, np.float32), np.array(_KEEPS), np.array(_MOVES)),
            *(np.float32(TRUSTED), np.float32(VISIBLE)),
        )
        flip = bool(flips[number])
        return int(indices[number]), score, flip, _mirrored(window) if flip else window

    parts = []
    with ThreadPoolExecutor(threads) as pool:
        for number, part in enumerate(pool.map(work, range(len(queries))), 1):
            parts.append(part)
            if tick:
                tick(number, len(queries))
    indices, scores, mirrored, where = zip(*parts, strict=True)
    return Nearest(
        np.array(indices, np.int64),
        np.array(scores, np.float32),
        np.array(mirrored, np.bool_),
        np.array(where, np.float32).reshape(-1, 3),
    )


def _mirrored(where: Float32[np.ndarray, "*n 3"]) -> Float32[np.ndarray, "*n 3"]:
    """The same windows in the mirrors of their pictures."""
    side, left, top = np.moveaxis(where, -1, 0)
    return np.stack((side, np.maximum(1 - side - left, 0), top), -1)


def _views(pictures: Pictures) -> Views:
    """Luma and the brightest colour, within [-.5, .5], at SIZE."""
    values = torch.from_numpy(np.ascontiguousarray(pictures).astype(np.float32)) / 255 - 0.5
    views = torch.stack((values @ torch.tensor(LUMA), values.amax(3)), 1)
    return torch.nn.functional.interpolate(
        views, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False
    )


def _unit(cells: torch.Tensor) -> torch.Tensor:
    """Rows of length 1 without their mean: light and contrast do not count."""
    flat = cells.flatten(-2)
    return torch.nn.functional.normalize(flat - flat.mean(-1, keepdim=True), dim=-1, eps=1e-3)


def _candidates(
    both: Views,
    references: Pictures,
    skip: Int64[np.ndarray, "q"] | None,
) -> tuple[Int64[np.ndarray, "q2 k"], Int64[np.ndarray, "q2 k"]]:
    """The references whose windows are most like each picture, and the numbers of these windows."""
    rough = _unit(torch.nn.functional.adaptive_avg_pool2d(both, ROUGH))  # q 2 d
    count = min(CANDIDATES, len(references) - (skip is not None))
    top = torch.full((4, len(both), 0), 0.0)  # by windows or whole, by view; scores so far
    which = torch.zeros(2, *top.shape, dtype=torch.int64)  # reference, window
    for start in range(0, len(references), _CHUNK):
        cells = _rough_windows(_views(references[start : start + _CHUNK]))  # n 2 k d
        scores, best = _first_look(rough, cells)
        number = torch.arange(start, start + len(cells))
        if skip is not None:
            same = torch.from_numpy(np.concatenate((skip, skip)))[:, None] == number
            scores = scores.masked_fill(same, -torch.inf)
        top = torch.cat((top, scores), 2)
        new = torch.stack((number.expand(best.shape), best))
        which = torch.cat((which, new), 3)
        top, chosen = top.topk(min(count, top.shape[2]), dim=2)
        which = which.gather(3, chosen.expand(2, *chosen.shape))
    rows, best = which.permute(0, 2, 1, 3).flatten(2)
    return rows.numpy(), best.numpy()


def _first_look(
    rough: Float32[torch.Tensor, "q 2 d"], cells: Float32[torch.Tensor, "n 2 k d"]
) -> tuple[Float32[torch.Tensor, "4 q n"], Int64[torch.Tensor, "4 q n"]]:
    """How like each picture each reference is, looked at in four ways, and by which window."""
    looks, places = [], []
    for view in range(2):
        ours, theirs = rough[:, view], cells[:, view]
        flat = theirs.flatten(0, 1).T
        products = (part @ flat for part in ours.split(_QUERIES))
        parts = [product.unflatten(1, theirs.shape[:2]).max(2) for product in products]
        scores, best = (torch.cat(column) for column in zip(*parts, strict=True))
        # Of whole pictures by sums of differences, in which a patch counts as much as it covers.
        looks += [scores, -torch.cdist(ours, theirs[:, 0].contiguous(), p=1)]
        places += [best, torch.zeros_like(best)]
    return torch.stack(looks), torch.stack(places)


def _rough_windows(views: Views) -> Float32[torch.Tensor, "n 2 k d"]:
    """Every window of every view, small, as rows of length 1."""
    cells = []
    for side in SCALES:
        starts = sorted({window.left for window in windows() if window.side == side})
        means = torch.cat([_means(start, side) for start in starts])  # starts x ROUGH, size
        grid = (means @ views @ means.T).unflatten(2, (len(starts), ROUGH))
        grid = grid.unflatten(4, (len(starts), ROUGH))
        cells.append(grid.permute(0, 1, 2, 4, 3, 5).flatten(2, 3))
    return _unit(torch.cat(cells, 2))


@cache
def _means(start: float, side: float) -> Float32[torch.Tensor, "r s"]:
    """The matrix that takes means over ROUGH equal parts of a side's window."""
    edges = (start + side * np.arange(ROUGH + 1) / ROUGH) * SIZE
    pixel = np.arange(SIZE)
    share = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    share = np.clip(share, 0, None)
    return torch.from_numpy((share / share.sum(1, keepdims=True)).astype(np.float32))
