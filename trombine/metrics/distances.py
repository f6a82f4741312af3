"""How a set of pictures differs from another: in how they look, in features, in diversity.

No net is needed here, and nothing is drawn by chance. A picture against its own truth is in
similarity.py.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from jaxtyping import Float32, Float64
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from trombine.core.errors import InputError
from trombine.io.color import LUMA

Pictures = Float32[torch.Tensor, "n c h w"]

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
    height, width = (min(side, COARSE) for side in pictures.shape[-2:])
    coarse = adaptive_avg_pool2d(pictures.double(), (height, width)).flatten(1)
    coarse = coarse - coarse.mean(0)
    distances = torch.cdist(coarse, coarse, compute_mode="use_mm_for_euclid_dist")
    return distances.fill_diagonal_(0) / math.sqrt(coarse.shape[1])


# ---------------------------------------------------------------------------------------------
# How pictures look

_OPPONENT: Final = (LUMA, (0.5, -0.5, 0.0), (0.25, 0.25, -0.5))  # luma, two chromas
_PLACES: Final = 4  # a side, where it is seen which colour is where
_LEVELS: Final = 5  # octaves, as far as the picture is large enough
_SMALLEST: Final = 8  # pixels a side of the last octave
_GRIDS: Final = (8, 16)  # pixels: blocks of JPEG, with its colours whole and halved
_DARK: Final = 1e-3  # of the range: differences below are none


def look(pictures: Pictures) -> Float64[torch.Tensor, "n k"]:
    """How pictures look, whatever they show: style, colour, sharpness, noise, compression.

    Numbers of about the same size: which colour is where; for each octave and quarter how much
    there is of each channel (a logarithm), how few places have most of it, and which direction is
    stronger; and how much larger the steps between blocks of 8 and 16 pixels are than others. As
    many for all pictures of one size.
    """
    x = pictures.detach().cpu().float()
    x = x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x
    x = torch.einsum("ij,njhw->nihw", x.new_tensor(_OPPONENT), x)
    found = [adaptive_avg_pool2d(x, _PLACES), x.std((2, 3), correction=0)]
    found += [_grid_steps(x[:, :2], side) for side in _GRIDS if min(x.shape[-2:]) >= 2 * side]
    for _ in range(_LEVELS):
        if min(x.shape[-2:]) < _SMALLEST:
            break
        smooth = avg_pool2d(pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
        band = x - smooth
        across, down = (_log(band[:, :1].diff(dim=axis).abs().mean((2, 3))) for axis in (3, 2))
        found += [
            _log(adaptive_avg_pool2d(band.abs(), 2)),
            _log(band.square().mean((2, 3)).sqrt()) - _log(band.abs().mean((2, 3))),
            across - down,
        ]
        x = avg_pool2d(smooth, 2)
    return torch.cat([one.flatten(1) for one in found], 1).double()


def _log(amounts: torch.Tensor) -> torch.Tensor:
    return torch.log(amounts + _DARK)


def _grid_steps(x: Float32[torch.Tensor, "n c h w"], side: int) -> Float32[torch.Tensor, "n c"]:
    """How much larger steps between blocks are than all, across: the logarithm of the ratio."""
    steps = x.diff(dim=3).abs()
    return _log(steps[..., side - 1 :: side].mean((2, 3))) - _log(steps.mean((2, 3)))


# ---------------------------------------------------------------------------------------------
# Energy distance

Features = Float64[torch.Tensor, "_ _"]
_LEAST: Final = 0.01  # the least deviation of a feature: what hardly varies does not count more


def energy_distance(made: Features, real: Features) -> float:
    """How far two sets of features lie apart, in mean distances between two real ones.

    The energy distance (Székely and Rizzo 2013) without its bias, of features in their deviations
    among the real: about 0 for two draws of one kind, below 0 by chance too; 1 and more where one
    picture comes again and again.
    """
    if made.shape[1] != real.shape[1] or min(len(made), len(real)) < 2:
        raise InputError(f"sets of {tuple(made.shape)} and {tuple(real.shape)} do not compare")
    unit = real.std(0).clamp(min=_LEAST)
    ours, theirs = ((one - real.mean(0)) / unit for one in (made, real))
    across = torch.cdist(ours, theirs).mean()
    inside, among = (torch.cdist(x, x).sum() / (len(x) * (len(x) - 1)) for x in (ours, theirs))
    return float((2 * across - inside - among) / among.clamp(min=1e-9))
