"""Pictures made smaller and larger exactly as MATLAB's imresize does it; smaller by other means.

Papers on enlarging shrink with MATLAB's antialiased bicubic; most programs shrink with Pillow's.
They differ at the borders (MATLAB mirrors the picture there, Pillow leaves out what is not there)
and in rounding (Pillow rounds to 8 bits after each pass). MATLAB's is linear and separable: a
matrix for the rows and one for the columns, which also carries gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float32, Float64
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array
from scipy.sparse.linalg import splu
from torch.nn.functional import interpolate

from trombine.core.conventions import check_picture
from trombine.core.errors import InputError

Kernel = Literal["bicubic", "lanczos", "nearest"]

Picture = Float32[torch.Tensor, "*n c h w"]
Resized = Float32[torch.Tensor, "*n c h2 w2"]

_ROUNDS: Final = 12
_NEAR: Final = 0.4 / 255  # less is rounded away
_AROUND: Final = 6.0  # pixels of a small picture, a Gaussian's deviation: noise is averaged out


def shrink(picture: Picture, factor: int) -> Resized:
    """The picture `factor` times smaller by antialiased bicubic, back within [0, 1], in 256 levels
    as the file of a small picture is. Both sides must be multiples of the factor."""
    height, width = _divided(picture, factor)
    return _in_levels(picture, (height, width), "bicubic")


def enlarge(picture: Picture, factor: int, *, kernel: Kernel = "bicubic") -> Resized:
    """The picture `factor` times larger, back within [0, 1], in 256 levels."""
    height, width = picture.shape[-2:]
    return _in_levels(picture, (height * factor, width * factor), kernel)


def crop_to_multiple(picture: Picture, factor: int) -> Resized:
    """The picture without the last rows and columns that exceed a multiple of `factor`."""
    height, width = picture.shape[-2:]
    return picture[..., : height - height % factor, : width - width % factor]


def imresize_matlab(
    pictures: Picture, size: tuple[int, int], kernel: Kernel = "bicubic"
) -> Resized:
    """MATLAB's imresize(picture, [rows columns], kernel) of floating-point samples of any range.

    The result may leave the range, as MATLAB's does; linear, so that slopes pass through.
    """
    return _resampled(pictures, size, kernel).float()


def _in_levels(picture: Picture, size: tuple[int, int], kernel: Kernel) -> Resized:
    """Resized, back within [0, 1], to the nearest of 256 levels, halves up as MATLAB's uint8().

    The weights of x2 make true halves often. 2**-12 of a level keeps the round-off of float32
    from deciding them.
    """
    check_picture(picture)
    resized = _resampled(picture, size, kernel).clamp(0, 1)
    return (torch.floor(resized * 255 + (0.5 + 2.0**-12)) / 255).float()


def _divided(picture: Picture, factor: int) -> tuple[int, int]:
    """Height and width of a picture that is so many times smaller."""
    height, width = picture.shape[-2:]
    if height % factor or width % factor:
        raise InputError(f"{width} x {height} is not a multiple of {factor}: crop it first")
    return height // factor, width // factor


def _resampled(
    picture: Picture, size: tuple[int, int], kernel: Kernel
) -> Float64[torch.Tensor, "*n c h2 w2"]:
    sides = zip(picture.shape[-2:], size, strict=True)
    passes = (matlab_weights(a, b, kernel).toarray() for a, b in sides)
    down, across = (torch.from_numpy(one).to(picture.device) for one in passes)
    return down @ (across @ picture.double().mT).mT


def resize_large(
    picture: Float32[torch.Tensor, "c h w"], size: tuple[int, int]
) -> Float32[torch.Tensor, "c h2 w2"]:
    """A picture of any size at another by bicubic, back within [0, 1], without slopes: by the few
    weights that are not 0, for all of 30,000 rows would take 10 GB."""
    rows, columns = (
        matlab_weights(old, new, "bicubic").astype(np.float32)
        for old, new in zip(picture.shape[-2:], size, strict=True)
    )
    output = torch.empty(len(picture), *size)
    for plane, result in zip(picture, output, strict=True):  # one at a time: they are large
        narrow = columns @ np.ascontiguousarray((rows @ plane.cpu().numpy()).T)  # w2 x h2
        result.copy_(torch.from_numpy(narrow.T))
    return output.clamp_(0, 1).to(picture.device)


@torch.inference_mode()  # what nets make can be changed nowhere else
def match(
    large: Float32[torch.Tensor, "c h2 w2"], small: Float32[torch.Tensor, "c h w"], trust: float
) -> None:
    """Change a large picture as little as possible so that, shrunk by MATLAB's bicubic, it is the
    small one; both within [0, 1].

    Of what then differs, `trust` is taken as it is and the rest as its mean around: of a small
    picture with noise that is light and colour alone. Changes are orthogonal to all that shrinking
    takes away, so this can only bring the large picture nearer to one that shrinks to the small.
    """
    sides = zip(large.shape[1:], small.shape[1:], strict=True)
    rows, columns = (matlab_weights(old, new, "bicubic").astype(np.float32) for old, new in sides)
    solve = [splu((one @ one.T).tocsc(), permc_spec="NATURAL").solve for one in (rows, columns)]
    for plane, target in zip(large, small.cpu().numpy(), strict=True):
        pixels = plane.cpu().numpy()
        for _ in range(_ROUNDS if trust == 1 else 1):  # what is cut off at black and white is lost
            off = target - (columns @ (rows @ pixels).T).T
            if np.abs(off).max() < _NEAR:
                break
            if trust < 1:
                off = trust * off + (1 - trust) * gaussian_filter(off, _AROUND, mode="reflect")
            spread = solve[1](np.ascontiguousarray(solve[0](off).T))
            pixels = (pixels + rows.T @ (columns.T @ spread).T).clip(0, 1)
        plane.copy_(torch.from_numpy(pixels))


@lru_cache(maxsize=64)
def matlab_weights(n_in: int, n_out: int, kernel: Kernel) -> csr_array:
    """The matrix of one pass, n_out x n_in: output i = sum of weights[i, j] * input j.

    Of scale n_out / n_in, pixel i of the output lies at u = i / scale + (1 - 1 / scale) / 2 of the
    input, both counted from 1. When shrinking, the kernel is widened by 1 / scale. Places outside
    the input are mirrored back, the border pixel repeated: the weights of one that comes twice add
    up.
    """
    curve, support = _KERNELS[kernel]
    scale = n_out / n_in
    widened = min(scale, 1.0) if kernel != "nearest" else 1.0
    places = np.arange(1, n_out + 1) / scale + 0.5 * (1 - 1 / scale)
    reach = support / widened
    first = np.floor(places - reach)
    taps = first[:, None] + np.arange(math.ceil(2 * reach) + 2)
    values = curve(widened * (places[:, None] - taps))
    values /= values.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(n_in), np.arange(n_in)[::-1]])
    sources = mirrored[(taps.astype(np.int64) - 1) % (2 * n_in)]
    targets = np.broadcast_to(np.arange(n_out)[:, None], sources.shape)
    weights = csr_array((values.ravel(), (targets.ravel(), sources.ravel())), shape=(n_out, n_in))
    weights.eliminate_zeros()
    return weights


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


# Smaller by other means, as web pages and phones do it; rounded to 8 bits

Pictures = Float32[torch.Tensor, "n c h w"]
Smaller = Float32[torch.Tensor, "n c h2 w2"]


def resize_pillow(picture: Picture, size: tuple[int, int]) -> Resized:
    """Pillow's bicubic resize of 8-bit samples, by Pillow itself: the order of its passes, and with
    it the rounding between them, depends on the sizes and on its version. `size`: rows, columns."""
    check_picture(picture)
    pixels = picture.detach().mul(255).round().byte().cpu().flatten(0, -3).numpy()
    how = Image.Resampling.BICUBIC
    planes = [np.asarray(Image.fromarray(one).resize((size[1], size[0]), how)) for one in pixels]
    resized = torch.from_numpy(np.stack(planes)).to(picture.device)
    return resized.float().div(255).reshape(*picture.shape[:-2], *size)


def shrink_pillow(pictures: Pictures, factor: int) -> Smaller:
    """By Pillow's bicubic."""
    return resize_pillow(pictures, _divided(pictures, factor))


def shrink_area(pictures: Pictures, factor: int) -> Smaller:
    """Each pixel the mean of the square of factor x factor pixels that it stands for."""
    height, width = _divided(pictures, factor)
    shape = (*pictures.shape[:2], height, factor, width, factor)
    levels = pictures.mul(255).round().reshape(shape)
    # Sums of whole numbers are exact in any order; halves go up.
    total = levels.sum(dim=(3, 5))
    return torch.floor((total + factor * factor / 2) / (factor * factor)) / 255


def shrink_rescaled(pictures: Pictures, factor: int) -> Smaller:
    """By MATLAB's bicubic; a picture that leaves [0, 1] by it is scaled to fit, not cut off.

    So nothing is lost beside an edge, and the whole picture has a little less contrast.
    """
    shrunk = imresize_matlab(pictures, _divided(pictures, factor))
    low = shrunk.amin((1, 2, 3), keepdim=True).clamp(max=0)
    high = shrunk.amax((1, 2, 3), keepdim=True).clamp(min=1)
    return ((shrunk - low) / (high - low)).mul(255).round() / 255


def smaller_and_back(pictures: Pictures, share: Float64[np.ndarray, "n"]) -> Pictures:
    """Resized to this share of its sides, and to its size again: bicubic, to 8 bits."""
    height, width = pictures.shape[-2:]
    results = []
    for picture, scale in zip(pictures[:, None], share.tolist(), strict=True):
        for size in (
            (max(1, round(height * scale)), max(1, round(width * scale))),
            (height, width),
        ):
            picture = interpolate(picture, size, mode="bicubic", antialias=True).clamp(0, 1)
            picture = picture.mul(255).round().div(255)
        results.append(picture)
    return torch.cat(results)
