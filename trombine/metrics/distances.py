"""How a set of pictures differs from another: in texture, in features, in diversity.

No net is needed here, and nothing is drawn by chance: the directions of the sliced distance are a
function of the seed given. A picture against its own truth is in similarity.py.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64
from numpy.random import Generator, Philox

from trombine.core.errors import InputError

Pictures = Float32[torch.Tensor, "n c h w"]
AnyPictures = Float32[torch.Tensor, "_ _ _ _"]  # of two sets, which are checked by hand

COARSE: Final = 8  # pixels a side where whole pictures are compared


# ---------------------------------------------------------------------------------------------
# Diversity


def diversity(pictures: Pictures) -> float:
    """The mean distance between two of the pictures, as `apart` has it; 0 if all are equal."""
    distances = apart(pictures)
    n = len(distances)
    return float(distances.sum() / (n * (n - 1)))


def spacing(pictures: Pictures) -> float:
    """The median distance from a picture to the nearest of the others.

    A generator that knows a few pictures only has a small one, even if these few lie far apart
    and the mean distance is large.
    """
    distances = apart(pictures)
    distances.fill_diagonal_(math.inf)
    return float(distances.amin(1).quantile(0.5))


def apart(pictures: Pictures) -> Float64[torch.Tensor, "n n"]:
    """Root mean square difference of each two pictures, averaged down to 8 x 8.

    So small, noise and sharpness hardly count: what is left is what the picture shows. Exact to
    1e-7, the price of a matrix product in place of every difference.
    """
    if len(pictures) < 2:
        raise InputError("one picture alone has no diversity")
    coarse = _coarse(pictures.double()).flatten(1)
    coarse = coarse - coarse.mean(0)
    distances = torch.cdist(coarse, coarse, compute_mode="use_mm_for_euclid_dist")
    return distances.fill_diagonal_(0) / math.sqrt(coarse.shape[1])


def _coarse(pictures: Float64[torch.Tensor, "n c h w"]) -> Float64[torch.Tensor, "n c y x"]:
    height, width = (min(side, COARSE) for side in pictures.shape[-2:])
    return torch.nn.functional.adaptive_avg_pool2d(pictures, (height, width))


# ---------------------------------------------------------------------------------------------
# Sliced distance


PATCH: Final = 7  # pixels a side
PATCHES: Final = 64  # places in each picture, at each level of the pyramid
DIRECTIONS: Final = 128
SMALLEST: Final = 16  # pixels a side of the pyramid's last level, at least
_BINOMIAL: Final = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], dtype=torch.float64) / 16


def sliced_distance(a: AnyPictures, b: AnyPictures, seed: int = 0) -> float:
    """Sliced Wasserstein distance between the patches of two sets, the mean over a pyramid.

    After Karras et al. (2018): each picture becomes a Laplacian pyramid, halved down to 16 pixels;
    at each level patches of 7 x 7 pixels are taken and projected on random directions, and the
    distance is how far the sorted projections of both sets lie apart. It sees texture, sharpness,
    tint and missing modes; it does not see whether far parts of one picture fit together.

    Unlike theirs, both sets are scaled by their common mean and deviation, so that tint and
    contrast count, and patches are taken at the same places of all pictures, so that their order
    does not. Zero for equal sets; symmetric; no unit.
    """
    if a.shape[1:] != b.shape[1:] or not (len(a) and len(b)):
        raise InputError(f"sets of {tuple(a.shape)} and {tuple(b.shape)} do not compare")
    draw = Generator(Philox(key=seed))
    levels = zip(pyramid(_as_float64(a)), pyramid(_as_float64(b)), strict=True)
    distances = [_level_distance(x, y, draw) for x, y in levels]
    return math.fsum(distances) / len(distances)


def _as_float64(pictures: Pictures) -> Float64[torch.Tensor, "n c h w"]:
    return pictures.detach().cpu().double()


def pyramid(pictures: Float64[torch.Tensor, "n c h w"]) -> list[Float64[torch.Tensor, "n c _ _"]]:
    """What each halving takes away (Burt and Adelson 1983), from fine to coarse, and the rest."""
    if min(pictures.shape[-2:]) < PATCH:
        raise InputError(f"pictures of {tuple(pictures.shape[-2:])} have no patches of {PATCH}")
    levels: list[torch.Tensor] = []
    while min(pictures.shape[-2:]) >= 2 * SMALLEST:
        smaller = _smoothed(pictures)[..., ::2, ::2]
        levels.append(pictures - _enlarged(smaller, pictures))
        pictures = smaller
    return [*levels, pictures]


def _enlarged(
    small: Float64[torch.Tensor, "n c y x"], like: Float64[torch.Tensor, "n c h w"]
) -> Float64[torch.Tensor, "n c h w"]:
    spread = torch.zeros_like(like)
    spread[..., ::2, ::2] = 4 * small
    return _smoothed(spread)


def _smoothed(pictures: Float64[torch.Tensor, "n c h w"]) -> Float64[torch.Tensor, "n c h w"]:
    channels = pictures.shape[1]
    padded = torch.nn.functional.pad(pictures, (2, 2, 2, 2), mode="reflect")
    column = _BINOMIAL.view(1, 1, 5, 1).expand(channels, 1, 5, 1)
    down = torch.nn.functional.conv2d(padded, column, groups=channels)
    return torch.nn.functional.conv2d(down, column.mT, groups=channels)


def _level_distance(
    a: Float64[torch.Tensor, "n c h w"], b: Float64[torch.Tensor, "m c h w"], draw: Generator
) -> float:
    joined = torch.cat((a, b))
    deviation, mean = torch.std_mean(joined, (0, 2, 3), correction=0, keepdim=True)
    rows, columns = (draw.integers(0, side - PATCH + 1, PATCHES) for side in a.shape[-2:])
    directions = torch.from_numpy(draw.normal(size=(a.shape[1] * PATCH**2, DIRECTIONS)))
    directions = directions / directions.norm(dim=0)
    scaled = (joined - mean) / deviation.clamp(min=1e-6)  # a flat channel stays flat
    patches = [
        scaled[..., y : y + PATCH, x : x + PATCH] for y, x in zip(rows, columns, strict=True)
    ]
    projected = torch.stack(patches, 1).flatten(2) @ directions  # n + m, places, directions
    ours, theirs = (part.flatten(0, 1) for part in projected.split((len(a), len(b))))
    return float(sorted_distance(ours, theirs).mean())


def sorted_distance(
    a: Float64[torch.Tensor, "n k"], b: Float64[torch.Tensor, "m k"]
) -> Float64[torch.Tensor, "k"]:
    """The Wasserstein distance of order 1 between the columns of a and of b, each a 1-D sample.

    It is the area between the two quantile functions, which are steps of 1/n and 1/m.
    """
    n, m = len(a), len(b)
    # Where either function steps, counted in 1/(n m): whole numbers, so that no step is missed.
    steps = np.union1d(np.arange(0, n * m, m), np.arange(0, n * m, n))
    widths = torch.from_numpy(np.diff(steps, append=n * m) / (n * m))
    gaps = (a.sort(0).values[steps // m] - b.sort(0).values[steps // n]).abs()
    return widths @ gaps
