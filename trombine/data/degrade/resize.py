"""Pictures made smaller and larger exactly as Pillow and as MATLAB's imresize do it.

Papers on enlarging shrink with MATLAB's antialiased bicubic; most programs shrink with Pillow's.
They differ at the borders (MATLAB mirrors the picture there, Pillow leaves out what is not there)
and in rounding (Pillow rounds to 8 bits after each pass). Both are linear and separable: a matrix
for the rows and one for the columns, which also carries gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from PIL import Image

from trombine.conventions import check_picture
from trombine.refusal import InputError

How = Literal["matlab", "pillow"]
Kernel = Literal["bicubic", "lanczos", "nearest"]

Picture = Float32[torch.Tensor, "*n c h w"]
Resized = Float32[torch.Tensor, "*n c h2 w2"]
Weights = Float64[np.ndarray, "n_out n_in"]


# ---------------------------------------------------------------------------------------------
# What one uses


def shrink(picture: Picture, factor: int, how: How = "matlab", *, rounded: bool = True) -> Resized:
    """The picture `factor` times smaller by antialiased bicubic, back within [0, 1].

    Rounded to 8 bits unless told otherwise, as the file of a small picture is. Both sides must be
    multiples of the factor: see `crop_to_multiple`.
    """
    height, width = picture.shape[-2:]
    if height % factor or width % factor:
        raise InputError(f"{width} x {height} is not a multiple of {factor}: crop it first")
    return _resize(picture, (height // factor, width // factor), "bicubic", how, rounded)


def enlarge(
    picture: Picture,
    factor: int,
    how: How = "matlab",
    *,
    kernel: Kernel = "bicubic",
    rounded: bool = True,
) -> Resized:
    """The picture `factor` times larger, back within [0, 1], rounded to 8 bits unless told."""
    height, width = picture.shape[-2:]
    return _resize(picture, (height * factor, width * factor), kernel, how, rounded)


def crop_to_multiple(picture: Picture, factor: int) -> Resized:
    """The picture without the last rows and columns that exceed a multiple of `factor`."""
    height, width = picture.shape[-2:]
    return picture[..., : height - height % factor, : width - width % factor]


def _resize(
    picture: Picture, size: tuple[int, int], kernel: Kernel, how: How, rounded: bool
) -> Resized:
    if how == "pillow":
        return resize_pillow(picture, size, kernel=kernel, rounded=rounded).clamp(0, 1)
    resized = _imresize64(picture, size, _scales(picture, size), kernel).clamp(0, 1)
    return (_round_8_bits(resized) if rounded else resized).float()


# ---------------------------------------------------------------------------------------------
# As MATLAB


def imresize_matlab(
    picture: Picture,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    kernel: Kernel = "bicubic",
    antialias: bool = True,
) -> Resized:
    """MATLAB's imresize(picture, scale or [rows columns], kernel) of a floating-point picture.

    The result may leave [0, 1], as MATLAB's does. `size` is rows, columns.
    """
    if scale is not None and size is None:
        height, width = picture.shape[-2:]
        size = (math.ceil(scale * height), math.ceil(scale * width))
        return _imresize64(picture, size, (scale, scale), kernel, antialias).float()
    if size is not None and scale is None:
        return _imresize64(picture, size, _scales(picture, size), kernel, antialias).float()
    raise InputError("give a scale or a size, one of them")


def imresize_any(pictures: Picture, size: tuple[int, int]) -> Resized:
    """The same by bicubic, of samples of any range; linear, so that slopes pass through."""
    return _resampled(pictures, size, _scales(pictures, size), "bicubic").float()


def _scales(picture: torch.Tensor, size: tuple[int, int]) -> tuple[float, float]:
    return size[0] / picture.shape[-2], size[1] / picture.shape[-1]


def _imresize64(
    picture: Picture,
    size: tuple[int, int],
    scales: tuple[float, float],
    kernel: Kernel,
    antialias: bool = True,
) -> Float64[torch.Tensor, "*n c h2 w2"]:
    check_picture(picture)
    _check_size(size)
    return _resampled(picture, size, scales, kernel, antialias)


def _resampled(
    picture: Picture,
    size: tuple[int, int],
    scales: tuple[float, float],
    kernel: Kernel,
    antialias: bool = True,
) -> Float64[torch.Tensor, "*n c h2 w2"]:
    rows = matlab_weights(picture.shape[-2], size[0], scales[0], kernel, antialias)
    columns = matlab_weights(picture.shape[-1], size[1], scales[1], kernel, antialias)
    return _separable(rows, columns, picture.double())


@lru_cache(maxsize=64)
def matlab_weights(
    n_in: int, n_out: int, scale: float, kernel: Kernel, antialias: bool = True
) -> Weights:
    """The matrix of one pass: output i = sum of weights[i, j] * input j.

    Pixel i of the output lies at u = i / scale + (1 - 1 / scale) / 2 of the input, both counted
    from 1. When shrinking, the kernel is widened by 1 / scale. Places outside the input are
    mirrored back, the border pixel repeated.
    """
    sources, values = matlab_taps(n_in, n_out, scale, kernel, antialias)
    weights = np.zeros((n_out, n_in))
    np.add.at(weights, (np.arange(n_out)[:, None], sources), values)
    return weights


def matlab_taps(
    n_in: int, n_out: int, scale: float, kernel: Kernel, antialias: bool = True
) -> tuple[Int64[np.ndarray, "n_out taps"], Float64[np.ndarray, "n_out taps"]]:
    """The same as inputs and their weights for each output, for those to whom zeros are too many.

    An input may come twice in an output, by mirroring; its weights add up.
    """
    curve, support = _KERNELS[kernel]
    widened = min(scale, 1.0) if antialias and kernel != "nearest" else 1.0
    places = np.arange(1, n_out + 1) / scale + 0.5 * (1 - 1 / scale)
    reach = support / widened
    first = np.floor(places - reach)
    taps = first[:, None] + np.arange(math.ceil(2 * reach) + 2)
    values = curve(widened * (places[:, None] - taps))
    values /= values.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(n_in), np.arange(n_in)[::-1]])
    return mirrored[(taps.astype(np.int64) - 1) % (2 * n_in)], values


# ---------------------------------------------------------------------------------------------
# As Pillow


def resize_pillow(
    picture: Picture, size: tuple[int, int], *, kernel: Kernel = "bicubic", rounded: bool = True
) -> Resized:
    """Pillow's Image.resize((columns, rows), kernel); `size` is rows, columns.

    Rounded: what Pillow gives on 8-bit pixels, made by Pillow itself, since the order of its
    passes, and with it the rounding between them, depends on the sizes and on its version.
    Otherwise: what it gives on floating-point pixels (mode F), with gradients; this may leave
    [0, 1].
    """
    check_picture(picture)
    _check_size(size)
    if rounded:
        return _pillow_8_bits(picture, size, kernel)
    columns = pillow_weights(picture.shape[-1], size[1], kernel)
    rows = pillow_weights(picture.shape[-2], size[0], kernel)
    return _separable(rows, columns, picture.double()).float()


def _pillow_8_bits(picture: Picture, size: tuple[int, int], kernel: Kernel) -> Resized:
    how = Image.Resampling[kernel.upper()]
    pixels = picture.detach().mul(255).round().byte().cpu().flatten(0, -3).numpy()
    wide_high = (size[1], size[0])
    planes = [np.asarray(Image.fromarray(plane).resize(wide_high, how)) for plane in pixels]
    resized = torch.from_numpy(np.stack(planes)).to(picture.device)
    return resized.float().div(255).reshape(*picture.shape[:-2], *size)


@lru_cache(maxsize=64)
def pillow_weights(n_in: int, n_out: int, kernel: Kernel) -> Weights:
    """The matrix of one pass: output i = sum of weights[i, j] * input j.

    Pixel i of the output is centred at (i + 1/2) * n_in / n_out, counted from 0 at the edge. When
    shrinking, the kernel is widened. What lies outside the input is left out.
    """
    if kernel == "nearest":  # Pillow takes the pixel under the centre, never a mean
        chosen = np.floor((np.arange(n_out) + 0.5) * n_in / n_out).astype(np.int64)
        return np.eye(n_in)[chosen]
    curve, support = _KERNELS[kernel]
    widened = max(n_in / n_out, 1.0)
    centres = (np.arange(n_out)[:, None] + 0.5) * (n_in / n_out)
    first = np.maximum(np.trunc(centres - support * widened + 0.5), 0)
    last = np.minimum(np.trunc(centres + support * widened + 0.5), n_in)
    taps = np.arange(n_in)[None, :]
    values = curve((taps - centres + 0.5) / widened)
    values = np.where((taps >= first) & (taps < last), values, 0.0)
    return values / values.sum(axis=1, keepdims=True)


# ---------------------------------------------------------------------------------------------
# Kernels and small parts


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic with a = -1/2 (Keys, 1981, equation 15)."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _lanczos(x: np.ndarray) -> np.ndarray:
    """sinc(x) sinc(x / 3) within 3."""
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


def _box(x: np.ndarray) -> np.ndarray:
    return np.where((x >= -0.5) & (x < 0.5), 1.0, 0.0)


_KERNELS: Final[dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]]] = {
    "bicubic": (_cubic, 2.0),
    "lanczos": (_lanczos, 3.0),
    "nearest": (_box, 0.5),
}


def _separable(rows: np.ndarray, columns: np.ndarray, x: torch.Tensor) -> torch.Tensor:
    return _apply(rows, _apply(columns, x.mT).mT)


def _apply(weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """weights @ x over the rows of each plane of x, in float64, where x is."""
    return torch.from_numpy(weights).to(x.device) @ x


def _round_8_bits(samples: torch.Tensor) -> torch.Tensor:
    """To the nearest of 256 levels, halves up, as MATLAB's uint8() rounds.

    The weights of x2 make true halves often. 2**-12 of a level keeps the round-off of float32
    from deciding them.
    """
    return torch.floor(samples * 255 + (0.5 + 2.0**-12)) / 255


def _check_size(size: tuple[int, int]) -> None:
    if min(size) < 1:
        raise InputError(f"a picture has at least one pixel, not {size[1]} x {size[0]}")
