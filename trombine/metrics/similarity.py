"""How near a picture is to the one it should be: PSNR and SSIM, pure functions.

Distances between sets of pictures are in distances.py; what a number was measured under is in
protocol.py.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64

from trombine.core.conventions import check_hole, check_picture
from trombine.core.errors import InputError
from trombine.io.color import LUMA

# C x H x W or N x C x H x W; that two of them agree is checked by `_check_pair`.
Picture = Float32[torch.Tensor, "... _ _ _"]
PerPicture = Float64[torch.Tensor, "*n"]


# ---------------------------------------------------------------------------------------------
# PSNR


def psnr(a: Picture, b: Picture, hole: torch.Tensor | None = None) -> PerPicture:
    """Peak signal-to-noise ratio over all channels, in decibels, for each picture.

    With `hole` (1 x H x W or N x 1 x H x W), only what is inside it counts. Equal pictures give
    infinity.
    """
    _check_pair(a, b)
    if hole is not None and not check_hole(hole, a).any(-1).any(-1).all():
        raise InputError("an empty hole has no PSNR")
    return _decibels(_mean((a.double() - b.double()).square(), hole), peak=1.0)


def psnr_y(a: Picture, b: Picture, border: int = 0, hole: torch.Tensor | None = None) -> PerPicture:
    """PSNR of the luma, `border` pixels cropped from each side, as papers on enlarging report it;
    with `hole` of what is inside it.

    Luma is `luma()`, not rounded; the peak is 255 although luma ends at 235, as in those papers.
    """
    _check_pair(a, b)
    height, width = a.shape[-2:]
    if border < 0 or 2 * border >= min(height, width):
        raise InputError(f"a border of {border} leaves nothing of {tuple(a.shape[-2:])}")
    inner = ..., slice(border, height - border), slice(border, width - border)
    error = (luma(a) - luma(b)).square()[inner]
    return _decibels(_mean(error, None if hole is None else hole[inner]), peak=255.0)


def luma(
    picture: Float32[torch.Tensor, "*n c h w"],
) -> Float64[torch.Tensor, "*n 1 h w"]:
    """Y of ITU-R BT.601 as MATLAB's rgb2ycbcr gives it, 16 (black) to 235 (white).

    A picture of one channel is its own luma, 0 to 255, as those papers take grey pictures.
    """
    samples = picture.double()
    if samples.shape[-3] == 1:
        return 255 * samples
    weights = samples.new_tensor(LUMA).view(3, 1, 1)
    return 16 + 219 * (samples * weights).sum(-3, keepdim=True)


def edge_energy(picture: Picture) -> PerPicture:
    """How sharp each picture is: the mean squared step of luma to the pixel below, and beside."""
    plane = luma(picture)
    down, beside = (plane.diff(dim=axis).square().mean((-3, -2, -1)) for axis in (-2, -1))
    return down + beside


def _mean(values: torch.Tensor, hole: torch.Tensor | None) -> PerPicture:
    """The mean over each picture, or over what is inside its hole: NaN where nothing is."""
    if hole is None:
        return values.mean((-3, -2, -1))
    inside = hole.double().expand_as(values)
    return (values * inside).sum((-3, -2, -1)) / inside.sum((-3, -2, -1))


def _decibels(error: PerPicture, *, peak: float) -> PerPicture:
    return 10 * torch.log10(peak**2 / error)


def _check_pair(a: torch.Tensor, b: torch.Tensor) -> None:
    if check_picture(a).shape != check_picture(b).shape:
        raise InputError(f"pictures of {tuple(a.shape)} and {tuple(b.shape)} do not compare")


# ---------------------------------------------------------------------------------------------
# SSIM


SSIM_RADIUS: Final = 5  # the Gaussian of sigma 1.5 is cut at 3.5 sigma, as scikit-image cuts it
_TAPS: Final = np.exp(-0.5 * (np.arange(-SSIM_RADIUS, SSIM_RADIUS + 1) / 1.5) ** 2)
SSIM_TAPS: Final = tuple((_TAPS / _TAPS.sum()).tolist())


def ssim(a: Picture, b: Picture, hole: torch.Tensor | None = None) -> PerPicture:
    """Structural similarity (Wang et al., 2004), the mean over channels, for each picture; with
    `hole` of the windows whose middle is inside it, NaN where there is none.

    Equal to scikit-image's structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=1, channel_axis=...): the mean is over the places
    where the whole 11 x 11 window is inside the picture.
    """
    _check_pair(a, b)
    if min(a.shape[-2:]) < len(SSIM_TAPS):
        raise InputError(f"SSIM needs pictures of at least {len(SSIM_TAPS)} pixels a side")
    inner = ..., *[slice(SSIM_RADIUS, -SSIM_RADIUS)] * 2
    return _mean(ssim_map(a.double(), b.double()), None if hole is None else hole[inner])


def ssim_map(
    a: Float[torch.Tensor, "*n c h w"], b: Float[torch.Tensor, "*n c h w"]
) -> Float[torch.Tensor, "*n c h-10 w-10"]:
    """SSIM at each place where the window is inside the picture; differentiable, any range."""
    (light_above, light_below), (structure_above, structure_below) = ssim_ratios(a, b)
    return light_above * structure_above / (light_below * structure_below)


Ratio = tuple[torch.Tensor, torch.Tensor]  # above and below the stroke


def ssim_ratios(
    a: Float[torch.Tensor, "*n c h w"], b: Float[torch.Tensor, "*n c h w"]
) -> tuple[Ratio, Ratio]:
    """The two factors of SSIM at each place: how alike the means are, and the deviations."""
    c1, c2 = 0.01**2, 0.03**2
    mean_a, mean_b = _windowed(a), _windowed(b)
    var_a = _windowed(a * a) - mean_a * mean_a
    var_b = _windowed(b * b) - mean_b * mean_b
    cov = _windowed(a * b) - mean_a * mean_b
    light = (2 * mean_a * mean_b + c1, mean_a * mean_a + mean_b * mean_b + c1)
    return light, (2 * cov + c2, var_a + var_b + c2)


def _windowed(x: torch.Tensor) -> torch.Tensor:
    """The Gaussian mean of each whole window: one pass down, one across."""
    for axis in (-2, -1):  # sums of shifted views: in float64 faster than a convolution
        length = x.shape[axis] - 2 * SSIM_RADIUS
        total = SSIM_TAPS[0] * x.narrow(axis, 0, length)
        for shift, weight in enumerate(SSIM_TAPS[1:], start=1):
            total = total + weight * x.narrow(axis, shift, length)
        x = total
    return x


# ---------------------------------------------------------------------------------------------
# MS-SSIM

# Of the scales 1, 1/2, ... 1/16, as people weighted them (Wang, Simoncelli and Bovik 2003).
SCALE_WEIGHTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Structures that oppose each other give a mean below 0, which has no real power. The floor is not
# 0: the slope of x ** .0448 there has no bound, and one such picture would undo a run.
LEAST_STRUCTURE: Final = 1e-4


def ms_ssim(
    a: Float[torch.Tensor, "n c h w"], b: Float[torch.Tensor, "n c h w"]
) -> Float[torch.Tensor, "n"]:
    """Multi-scale SSIM of pictures in [0, 1] (Wang, Simoncelli and Bovik 2003), the larger the
    more alike, 1 for equal pictures; differentiable.

        ms_ssim = (mean of l·cs at the last scale) ** w_M · prod over the others mean(cs_j) ** w_j

    for each channel, and then the mean over channels; scale j + 1 is scale j averaged over 2 x 2
    pixels. A picture has as many of the 5 scales as hold the 11 x 11 window, all 5 from 176
    pixels a side; the weights of those are made to sum to 1.
    """
    weights = scales(a)
    product = torch.ones_like(a[..., 0, 0])  # N C
    for scale, weight in enumerate(weights, start=1):
        light, structure = (above / below for above, below in ssim_ratios(a, b))
        alike = light * structure if scale == len(weights) else structure
        product = product * alike.mean((-2, -1)).clamp(min=LEAST_STRUCTURE) ** weight
        if scale < len(weights):
            a, b = torch.nn.functional.avg_pool2d(a, 2), torch.nn.functional.avg_pool2d(b, 2)
    return product.mean(1)


def scales(
    x: Float[torch.Tensor, "n c h w"], *, most: int = len(SCALE_WEIGHTS)
) -> tuple[float, ...]:
    """The weights of the scales that pictures of this size have, summing to 1; at most `most`."""
    side, count = min(x.shape[-2:]), 0
    while side >= len(SSIM_TAPS) and count < most:
        side, count = side // 2, count + 1
    if not count:
        raise InputError(f"SSIM needs pictures of at least {len(SSIM_TAPS)} pixels a side")
    total = sum(SCALE_WEIGHTS[:count])
    return tuple(weight / total for weight in SCALE_WEIGHTS[:count])
