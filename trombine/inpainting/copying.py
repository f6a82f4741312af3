"""What a net paints too smoothly, put together from patches of the surroundings.

As Wexler et al. (2007) and Newson et al. (2014) do it: from coarse to fine, each patch over the
hole looks for the patch outside that is most like it, and each pixel is what the patches over it
say. Patches are alike where colours are, and how rough the picture is there. It begins with what a
net painted, so shapes go on as there; textures and edges are the picture's own. The loops are in
kernel_copy.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32
from scipy.ndimage import distance_transform_edt, maximum_filter, uniform_filter

from trombine.inpainting.kernel_copy import REACH, blend, match

COARSEST: Final = 24  # pixels: how thick a hole is at most where it begins
_SEARCHED: Final = 24_000  # pixels of a hole up to which is searched; more are copied
_TIMES: Final = (12, 6, 3)  # searched and blended: at the coarsest size, between, at the finest
_ROUNDS: Final = (6, 2)  # of each search: at the coarsest size, later
_STILL: Final = 0.002  # of a colour: a smaller change, and a size is done with
_ROUGH: Final = 3.0  # how much roughness counts beside colours
_SQUARE: Final = 5  # pixels, in which roughness is measured
_NEARER: Final = 1.3  # a patch counts so many times more for each pixel nearer to what is kept
_LEAST: Final = 12  # pixels of a smaller picture's sides
_FITS: Final = 0.75  # the share of patches that fit

Planes = Float32[np.ndarray, "h w c"]
Where = Bool[np.ndarray, "h w"]


@dataclass(frozen=True, kw_only=True)
class _Level:
    """The picture at a size: colours and roughness, what is hidden, and what may be copied."""

    planes: Planes
    hole: Where
    kept: Where

    def half(self) -> _Level:
        """The picture at half the size, of what is known."""
        planes, known = _halved(self.planes, ~self.hole)
        return _Level(
            planes=planes, hole=known == 0, kept=_halved(self.kept[..., None], None)[1] == 1
        )


def copied(
    guess: Float32[np.ndarray, "h w 3"], hole: Where, kept: Where, thick: float, seed: int
) -> Float32[np.ndarray, "h w 3"] | None:
    """The guess with its hole made of patches that are wholly `kept`; None where there are none.

    The hole is so many pixels `thick`. Another `seed` may make another picture.
    """
    rough = _ROUGH * _roughness(guess, hole)
    levels = [_Level(planes=np.concatenate([guess, rough], 2), hole=hole, kept=kept)]
    guesses = [guess]
    while thick > COARSEST and min(levels[-1].hole.shape) >= 2 * _LEAST:
        levels.append(levels[-1].half())
        guesses.append(_halved(guesses[-1], np.ones(guesses[-1].shape[:2], bool))[0])
        thick /= 2
    while len(levels) > 1 and not _usable(levels[-1].kept).any():
        levels.pop()
    state = np.array([seed * 0x9E3779B97F4A7C15 % (1 << 64) | 1], np.uint64)
    field: _Field | None = None
    planes = levels[-1].planes
    for number in reversed(range(len(levels))):
        level, is_last = levels[number], number == 0
        field = _Field.at(level, field, state)
        if field is None:
            return None
        if number == len(levels) - 1:
            planes = level.planes.copy()
            planes[level.hole, :3] = guesses[number][level.hole]
            times, rounds = _TIMES[0], _ROUNDS[0]
        else:
            planes = field.blended(level.planes, level.hole, 0 if is_last else 1)
            times, rounds = _TIMES[2 if is_last else 1], _ROUNDS[1]
        if np.count_nonzero(level.hole) > _SEARCHED and number < len(levels) - 1:
            continue
        for left in reversed(range(times)):
            known = field.usable, field.spots, field.index, field.sources, field.costs
            match(planes, *known, rounds, state)
            usual = max(float(np.quantile(field.costs, _FITS)), 1e-6)
            before = planes
            planes = field.blended(planes, level.hole, 0 if is_last and not left else usual)
            if not is_last and np.abs(planes - before)[level.hole].mean() < _STILL:
                break
    return planes[..., :3]


@dataclass(frozen=True, eq=False)
class _Field:
    """For each patch that sees some of the hole, the patch that it is made of."""

    spots: np.ndarray  # n x 2, rows and columns of their middles
    index: np.ndarray  # h x w, which of them a pixel is, or -1
    sources: np.ndarray  # n x 2
    costs: Float32[np.ndarray, "n"]
    usable: Where  # the middles of patches that are wholly kept
    trust: Float32[np.ndarray, "h w"]

    @classmethod
    def at(cls, level: _Level, coarser: _Field | None, state: np.ndarray) -> _Field | None:
        """The field at a level: twice that of the coarser one, random where there is none."""
        usable = _usable(level.kept)
        places = np.argwhere(usable)
        if not len(places):
            return None
        target = _grown(level.hole)
        spots, index = np.argwhere(target), np.full(target.shape, -1, np.int64)
        index[target] = np.arange(len(spots))
        generator = np.random.default_rng(int(state[0]))
        sources = places[generator.integers(0, len(places), len(spots))]
        costs = np.zeros(len(spots), np.float32)
        if coarser is not None:
            last = np.array(coarser.index.shape) - 1
            old = coarser.index[tuple(np.minimum(spots // 2, last).T)]
            twice = 2 * coarser.sources[old] + spots % 2
            fits = (old >= 0) & (twice < usable.shape).all(1)
            fits[fits] = usable[tuple(twice[fits].T)]
            sources[fits], costs = twice[fits], coarser.costs[old]
            costs[~fits] = np.float32(1e3)
        inside = np.asarray(distance_transform_edt(np.pad(level.hole, 1)))[1:-1, 1:-1]
        trust = (_NEARER ** -inside.clip(max=100)).astype(np.float32)
        return cls(spots, index, sources, costs, usable, trust)

    def blended(self, planes: Planes, hole: Where, usual: float) -> Planes:
        """The planes with the hole as the patches say, or where `usual` is 0 the best of them."""
        result = planes.copy()
        cost = np.float32(usual)
        blend(planes, hole, self.index, self.sources, self.costs, self.trust, cost, result)
        return result


def _usable(kept: Where) -> Where:
    """The middles of patches of which all is kept."""
    return ~_grown(np.pad(~kept, REACH, constant_values=True))[REACH:-REACH, REACH:-REACH]


def _grown(hole: Where) -> Where:

    return np.asarray(maximum_filter(hole, size=2 * REACH + 1, mode="constant"))


def _halved(
    planes: Float32[np.ndarray, "h w c"] | Bool[np.ndarray, "h w 1"], known: Where | None
) -> tuple[Float32[np.ndarray, "k l c"], Float32[np.ndarray, "k l"]]:
    """The mean of what is known of each four pixels, and the share that is; of planes themselves,
    h x w x 1, where nothing else is given."""
    height, width = planes.shape[:2]
    weights = planes[..., 0] if known is None else known
    edges = (0, height % 2), (0, width % 2)
    weights = np.pad(weights.astype(np.float32), edges, mode="edge")
    padded = np.pad(planes.astype(np.float32), (*edges, (0, 0)), mode="edge")
    share, total = _quartered(weights), _quartered(padded * weights[..., None])
    return total / np.maximum(share, 1)[..., None], share / 4


def _quartered(planes: Float32[np.ndarray, "h w *c"]) -> Float32[np.ndarray, "k l *c"]:
    rows = planes[::2] + planes[1::2]
    return rows[:, ::2] + rows[:, 1::2]


def _roughness(guess: Float32[np.ndarray, "h w 3"], hole: Where) -> Planes:
    """How much the light changes across and down, in squares, of what is not hidden."""
    light, known = guess.mean(2), (~hole).astype(np.float32)
    known[1:] *= ~hole[:-1]
    known[:, 1:] *= ~hole[:, :-1]
    share = np.asarray(uniform_filter(known, _SQUARE))
    changes = [np.abs(np.diff(light, axis=axis, prepend=0)) * known for axis in (1, 0)]
    changes[0][:, 0], changes[1][0] = 0, 0
    means = [np.asarray(uniform_filter(change, _SQUARE)) / share.clip(1e-6) for change in changes]
    return np.stack(means, 2).clip(0, 1).astype(np.float32)
