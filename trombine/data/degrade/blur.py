"""Pictures made unsharp, by a box, by a Gaussian round or long, by a straight motion; or sharpened.

Every picture has an amount of its own, in pixels. Beyond the border the border's pixel goes on.
Each picture is filtered by itself: a convolution of a whole batch may round otherwise than that of
a part of it, and what becomes of a picture must not depend on its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch.nn.functional import conv2d, pad

Pictures = Float32[torch.Tensor, "n c h w"]
Amounts = Float64[np.ndarray, "n"]
Kernel = Float64[np.ndarray, "_ _"]  # of any size each

CUT: Final = 4.0  # standard deviations at which a Gaussian ends, as scipy's does


def box_blur(pictures: Pictures, width: Amounts) -> Pictures:
    """The mean over a square of this width, in pixels; parts of pixels count in part."""
    return _separable(pictures, [box_kernel(value) for value in width.tolist()])


def gaussian_blur(pictures: Pictures, sigma: Amounts) -> Pictures:
    """By a round Gaussian of this standard deviation, in pixels."""
    return _separable(pictures, [gaussian_kernel(value) for value in sigma.tolist()])


def long_gaussian_blur(
    pictures: Pictures, sigma: Amounts, across: Amounts, angle: Amounts
) -> Pictures:
    """By a Gaussian of one standard deviation along `angle` and another across it.

    Angles are degrees from the x axis (right) towards the y axis (down).
    """
    shapes = zip(sigma.tolist(), across.tolist(), angle.tolist(), strict=True)
    return _filtered(pictures, [long_gaussian_kernel(*shape) for shape in shapes])


def motion_blur(pictures: Pictures, length: Amounts, angle: Amounts) -> Pictures:
    """By a straight motion over this many pixels while the shutter was open."""
    moves = zip(length.tolist(), angle.tolist(), strict=True)
    return _filtered(pictures, [motion_kernel(*move) for move in moves])


def sharpened(pictures: Pictures, amount: Amounts, sigma: Amounts) -> Pictures:
    """As phones do: what a Gaussian of this standard deviation, in pixels, takes away is added so
    many times; edges get rims (unsharp masking)."""
    times = torch.from_numpy(amount).to(pictures)[:, None, None, None]
    return (pictures + times * (pictures - gaussian_blur(pictures, sigma))).clamp(0, 1)


# Kernels: odd numbers of taps about the middle, which sum to 1


def box_kernel(width: float) -> Float64[np.ndarray, "k"]:
    """How much of each pixel lies within width / 2 of the middle of the middle one."""
    radius = max(0, math.ceil((width - 1) / 2))
    edge = width / 2
    taps = np.arange(-radius, radius + 1)
    inside = np.minimum(taps + 0.5, edge) - np.maximum(taps - 0.5, -edge)
    return inside / inside.sum() if width > 0 else np.ones(1)


def gaussian_kernel(sigma: float) -> Float64[np.ndarray, "k"]:
    """exp(-x^2 / (2 sigma^2)) at whole pixels, cut at 4 sigma."""
    radius = int(CUT * sigma + 0.5)
    if radius == 0:
        return np.ones(1)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return weights / weights.sum()


def long_gaussian_kernel(sigma: float, across: float, angle: float) -> Kernel:
    """exp(-(u^2 / sigma^2 + v^2 / across^2) / 2), u along the angle and v across it."""
    radius = int(CUT * max(sigma, across) + 0.5)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    u, v = x * cosine + y * sine, y * cosine - x * sine
    # Narrower than this is one pixel wide all the same, and 0 would divide.
    least = 0.2
    weights = np.exp(-0.5 * ((u / max(sigma, least)) ** 2 + (v / max(across, least)) ** 2))
    return weights / weights.sum()


def motion_kernel(length: float, angle: float) -> Kernel:
    """The integral, along the line through the middle, of what bilinear interpolation weighs.

    Between two crossings of the pixel grid the weights are polynomials of degree 2, for which two
    Gauss points are exact.
    """
    radius = math.floor(length / 2) + 1
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    places, shares = _gauss_points(_crossings(length, cosine, sine))
    x, y = places * cosine + radius, places * sine + radius
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right, bottom = x - left, y - top
    weights = np.zeros((2 * radius + 3, 2 * radius + 3))  # one more, where nothing is weighed
    for across, x_share in ((left, 1 - right), (left + 1, right)):
        for down, y_share in ((top, 1 - bottom), (top + 1, bottom)):
            np.add.at(weights, (down, across), shares * x_share * y_share)
    weights = weights[: 2 * radius + 1, : 2 * radius + 1]
    return weights / weights.sum()


def _crossings(length: float, cosine: float, sine: float) -> list[float]:
    """Where the line, from -length / 2 to length / 2, crosses the rows and columns of pixels."""
    half = length / 2
    crossings = {-half, half}
    for slope in (abs(cosine), abs(sine)):
        if slope > 1e-9:
            most = math.floor(half * slope)
            crossings |= {step / slope for step in range(-most, most + 1)}
    return sorted(place for place in crossings if -half <= place <= half)


def _gauss_points(edges: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Two places in each interval and what each counts for; one where there is no length."""
    if len(edges) < 2:
        return np.zeros(1), np.ones(1)
    spans = [(low, high) for low, high in pairwise(edges) if high > low]
    middles = np.array([(low + high) / 2 for low, high in spans])
    halves = np.array([(high - low) / 2 for low, high in spans])
    places = np.concatenate([middles - halves / math.sqrt(3), middles + halves / math.sqrt(3)])
    return places, np.concatenate([halves, halves])


# Filtering


def _separable(pictures: Pictures, kernels: Sequence[Float64[np.ndarray, "_"]]) -> Pictures:
    """Each picture by its kernel along rows and along columns."""
    pairs = zip(pictures, kernels, strict=True)
    blurred = [_by(_by(picture, kernel[None]), kernel[:, None]) for picture, kernel in pairs]
    return torch.stack(blurred).clamp(0, 1)


def _filtered(pictures: Pictures, kernels: Sequence[Kernel]) -> Pictures:
    pairs = zip(pictures, kernels, strict=True)
    return torch.stack([_by(picture, kernel) for picture, kernel in pairs]).clamp(0, 1)


def _by(
    picture: Float32[torch.Tensor, "c h w"], kernel: Float64[np.ndarray, "_ _"]
) -> Float32[torch.Tensor, "c h w"]:
    if kernel.size == 1:
        return picture
    down, across = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = pad(picture[:, None], (across, across, down, down), mode="replicate")
    weights = torch.from_numpy(kernel).float().to(picture.device)
    return conv2d(padded, weights[None, None])[:, 0]
