"""Whether a picture is a copy of another: also mirrored, cropped, recoloured, blurred, squeezed.

SSIM at the same places finds a copy that was left in place. A crop is found in two looks. A rough
one compares the picture, and its mirror, with windows of every reference at several scales, as a
product of matrices. The best candidates are then registered, window against picture, and compared
block by block, by their brightest colour. Light and contrast of a block do not count, nor does the
worst quarter of the blocks, so that a patch may be another.

The score is 1 for the same picture. What two pictures of different things score depends on the
pictures: `threshold` says where copies begin, from pictures that are none of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from trombine.events import Tick

Pictures = UInt8[np.ndarray, "n h w 3"]

SCALES: Final = (1.0, 0.92, 0.84, 0.77, 0.7)  # of a window's side to the picture's
STEP: Final = 0.075  # of the picture's side, from window to window
ROUGH: Final = 8  # pixels a side where windows are compared at first
FINE: Final = 32  # and where they are registered
CANDIDATES: Final = 24  # references that a picture is registered with
BLOCK: Final = 8  # of FINE pixels, every second of them
TRUSTED: Final = 0.75  # the share of blocks that count, the most alike
VISIBLE: Final = 0.03  # contrast of a block that counts half
_CHUNK: Final = 512  # references whose windows are in memory at a time
_ROUNDS: Final = (0.05, 0.025, 0.0125)  # how far windows are moved and scaled while registered


@dataclass(frozen=True)
class Window:
    """A square of a picture, in shares of its side."""

    side: float
    left: float
    top: float


@cache
def windows() -> tuple[Window, ...]:
    """All windows of the rough look, the whole picture first."""
    found = []
    for side in SCALES:
        count = round((1 - side) / STEP) + 1
        starts = np.linspace(0, 1 - side, count).tolist()
        found += [Window(side, left, top) for top in starts for left in starts]
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Found:
    """Of each picture the reference that it is most like wherever it was cut out of it."""

    index: Int64[np.ndarray, "q"]
    score: Float32[np.ndarray, "q"]
    mirrored: Bool[np.ndarray, "q"]
    window: Float32[np.ndarray, "q 3"]  # side, left, top, in shares of the reference's side


def values(pictures: Pictures) -> Float32[torch.Tensor, "n 1 h w"]:
    """The brightest of the three colours, within [0, 1]: another hue or saturation leaves it."""
    return torch.from_numpy(pictures.max(3).astype(np.float32))[:, None] / 255


def find(
    queries: Pictures,
    references: Pictures,
    *,
    skip: Int64[np.ndarray, "q"] | None = None,
    tick: Tick | None = None,
) -> Found:
    """The reference that each query is most like; never the one that `skip` names for it."""
    asked = _both_ways(values(queries))
    candidates = _candidates(asked, references, skip)
    parts = []
    for query in range(len(queries)):
        rows = candidates[[query, query + len(queries)]]
        parts.append(_registered(asked[[query, query + len(queries)]], rows, references))
        if tick:
            tick(query + 1, len(queries))
    index, score, mirrored, window = zip(*parts, strict=True)
    return Found(
        np.array(index, np.int64),
        np.array(score, np.float32),
        np.array(mirrored, np.bool_),
        np.array(window, np.float32).reshape(-1, 3),
    )


def _both_ways(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures, then their mirrors."""
    return torch.cat((pictures, pictures.flip(-1)))


def _unit(pictures: torch.Tensor) -> torch.Tensor:
    """Rows of length 1 without their mean: light and contrast do not count."""
    flat = pictures.flatten(-2)
    return torch.nn.functional.normalize(flat - flat.mean(-1, keepdim=True), dim=-1, eps=1e-3)


def _shrunk(pictures: torch.Tensor, size: int) -> torch.Tensor:
    return torch.nn.functional.interpolate(pictures, size=(size, size), mode="area")


def _candidates(
    asked: Float32[torch.Tensor, "q2 1 h w"],
    references: Pictures,
    skip: Int64[np.ndarray, "q"] | None,
) -> Int64[np.ndarray, "q2 k"]:
    """The references whose windows are most like each picture."""
    rough = _unit(_shrunk(asked, ROUGH)[:, 0])
    scores = torch.empty(2, len(asked), len(references))
    for start in range(0, len(references), _CHUNK):
        cells = _rough_windows(values(references[start : start + _CHUNK]))  # n windows d
        alike = (rough @ cells.flatten(0, 1).T).unflatten(1, cells.shape[:2])
        scores[0, :, start : start + _CHUNK] = alike.amax(2)
        # Of whole pictures by sums of differences, in which a patch counts no more than it covers.
        scores[1, :, start : start + _CHUNK] = -torch.cdist(rough, cells[:, 0].contiguous(), p=1)
    if skip is not None:
        places = torch.from_numpy(np.concatenate((skip, skip)))[:, None]
        scores.scatter_(2, places.expand(2, -1, 1), -torch.inf)
    chosen = scores.topk(min(CANDIDATES // 2, len(references)), dim=2).indices
    return torch.cat((chosen[0], chosen[1]), 1).numpy()


def _rough_windows(pictures: Float32[torch.Tensor, "n 1 h w"]) -> Float32[torch.Tensor, "n k d"]:
    """Every window of every picture, small, as rows of length 1."""
    size = pictures.shape[-1]
    cells = []
    for side in SCALES:
        starts = sorted({window.left for window in windows() if window.side == side})
        means = torch.cat([_means(size, start, side) for start in starts])  # starts x ROUGH, size
        grid = means @ pictures[:, 0] @ means.T
        grid = grid.unflatten(1, (len(starts), ROUGH)).unflatten(3, (len(starts), ROUGH))
        cells.append(grid.permute(0, 1, 3, 2, 4).flatten(1, 2))
    return _unit(torch.cat(cells, 1))


@cache
def _means(size: int, start: float, side: float) -> Float32[torch.Tensor, "r s"]:
    """The matrix that takes means over ROUGH equal parts of a side's window."""
    edges = (start + side * np.arange(ROUGH + 1) / ROUGH) * size
    pixel = np.arange(size)
    share = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    share = np.clip(share, 0, None)
    return torch.from_numpy((share / share.sum(1, keepdims=True)).astype(np.float32))


def _registered(
    both: Float32[torch.Tensor, "2 1 h w"],
    rows: Int64[np.ndarray, "2 k"],
    references: Pictures,
) -> tuple[int, float, bool, tuple[float, float, float]]:
    """Of the candidates the one that fits best: which, how well, mirrored, and where."""
    count = rows.shape[1]
    pictures = _shrunk(values(references[rows.reshape(-1)]), FINE)
    small = _shrunk(both, FINE)
    wanted = _blocks(small).repeat_interleave(count, 0)  # 2k, blocks, pixels
    rough = _unit(_shrunk(both, ROUGH)[:, 0]).repeat_interleave(count, 0)
    cells = _rough_windows(values(references[rows.reshape(-1)]))
    best = (cells * rough[:, None]).sum(2).argmax(1).tolist()
    where = torch.tensor([[w.side, w.left, w.top] for w in (windows()[k] for k in best)])
    score = _score(pictures, where, wanted)
    for reach in _ROUNDS:
        moves = _moves(reach)
        tried = _within((where[:, None] + moves).flatten(0, 1))
        scores = _score(
            pictures.repeat_interleave(len(moves), 0),
            tried,
            wanted.repeat_interleave(len(moves), 0),
        ).unflatten(0, (-1, len(moves)))
        score, choice = scores.max(1)
        where = tried.unflatten(0, (-1, len(moves)))[torch.arange(len(choice)), choice]
    place = int(score.argmax())
    side, left, top = where[place].tolist()
    return int(rows.reshape(-1)[place]), float(score[place]), place >= count, (side, left, top)


@cache
def _moves(reach: float) -> Float32[torch.Tensor, "m 3"]:
    """Changes of a window: of its side, and of its middle; none is the first."""
    steps = torch.tensor([0.0, -reach, reach])
    moves = torch.cartesian_prod(steps, steps, steps)
    moves[:, 1:] -= moves[:, :1] / 2  # a larger window keeps its middle
    return moves


def _within(where: Float32[torch.Tensor, "m 3"]) -> Float32[torch.Tensor, "m 3"]:
    """Windows that do not leave the picture."""
    side = where[:, :1].clamp(0.6, 1)
    return torch.cat((side, torch.minimum(where[:, 1:].clamp(min=0), 1 - side)), 1)


def _score(
    pictures: Float32[torch.Tensor, "m 1 f f"],
    where: Float32[torch.Tensor, "m 3"],
    wanted: Float32[torch.Tensor, "m b d"],
) -> Float32[torch.Tensor, "m"]:
    """How alike the windows are to what is wanted: the mean over the blocks that are most so."""
    side, left, top = where.unbind(1)
    theta = torch.zeros(len(where), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = side
    theta[:, 0, 2], theta[:, 1, 2] = 2 * left + side - 1, 2 * top + side - 1
    grid = torch.nn.functional.affine_grid(theta, [len(where), 1, FINE, FINE], align_corners=False)
    cut = torch.nn.functional.grid_sample(
        pictures, grid, padding_mode="border", align_corners=False
    )
    blocks = _blocks(cut)
    ours, theirs = blocks.square().mean(2).sqrt(), wanted.square().mean(2).sqrt()
    alike = (blocks * wanted).mean(2) / (ours * theirs).clamp(min=1e-6)
    contrast = torch.maximum(ours, theirs)
    weights = contrast / (contrast + VISIBLE)  # two flat blocks say nothing
    counted = max(1, round(TRUSTED * alike.shape[1]))
    best, chosen = alike.topk(counted, dim=1)
    weights = weights.gather(1, chosen)
    return (best * weights).sum(1) / weights.sum(1).clamp(min=1e-6)


def _blocks(pictures: Float32[torch.Tensor, "m 1 f f"]) -> Float32[torch.Tensor, "m b d"]:
    """Overlapping blocks as rows, each without its mean."""
    blocks = torch.nn.functional.unfold(pictures, BLOCK, stride=BLOCK // 2).mT
    return blocks - blocks.mean(2, keepdim=True)


def threshold(scores: Float64[np.ndarray, "n"] | Float32[np.ndarray, "n"], rate: float) -> float:
    """The score above which at most this share of pictures that are no copies lies, as these say.

    Among n + 1 pictures of one kind the chance of the last to exceed the k-th highest of the
    others is k / (n + 1); with too few pictures for the rate, nothing is above.
    """
    allowed = int(rate * (len(scores) + 1))
    if allowed < 1:
        return float("inf")
    return float(np.sort(np.asarray(scores, np.float64))[-allowed])
