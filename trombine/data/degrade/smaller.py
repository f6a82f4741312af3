"""Pictures made smaller as web pages and phones do it, and smaller and back; rounded to 8 bits.

Shrinking by bicubic, as papers measure it, is in resize.py; here is what is done with a picture
that leaves the range by it, other than to cut it off.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32, Float64

from trombine.data.degrade.resize import imresize_matlab, resize_pillow
from trombine.refusal import InputError

Pictures = Float32[torch.Tensor, "n c h w"]
Smaller = Float32[torch.Tensor, "n c h2 w2"]


def shrink_area(pictures: Pictures, factor: int) -> Smaller:
    """Each pixel the mean of the square of factor x factor pixels that it stands for."""
    count, channels, height, width = _divided(pictures, factor)
    levels = pictures.mul(255).round().reshape(count, channels, height, factor, width, factor)
    # Sums of whole numbers are exact in any order; halves go up.
    total = levels.sum(dim=(3, 5))
    return torch.floor((total + factor * factor / 2) / (factor * factor)) / 255


def shrink_rescaled(pictures: Pictures, factor: int) -> Smaller:
    """By MATLAB's bicubic; a picture that leaves [0, 1] by it is scaled to fit, not cut off.

    So nothing is lost beside an edge, and the whole picture has a little less contrast.
    """
    _, _, height, width = _divided(pictures, factor)
    shrunk = imresize_matlab(pictures, size=(height, width))
    low = shrunk.amin((1, 2, 3), keepdim=True).clamp(max=0)
    high = shrunk.amax((1, 2, 3), keepdim=True).clamp(min=1)
    return ((shrunk - low) / (high - low)).mul(255).round() / 255


def shrink_nearest(pictures: Pictures, factor: int) -> Smaller:
    """Each pixel the one that lies under its centre, as careless programs do it.

    Under the centre of an even square four pixels meet, and the last is taken: the picture moves by
    half a pixel, up and to the left.
    """
    _, _, height, width = _divided(pictures, factor)
    return resize_pillow(pictures, (height, width), kernel="nearest")


def _divided(pictures: Pictures, factor: int) -> tuple[int, int, int, int]:
    """The shape of the result."""
    count, channels, height, width = pictures.shape
    if height % factor or width % factor:
        raise InputError(f"{width} x {height} is not a multiple of {factor}: crop it first")
    return count, channels, height // factor, width // factor


def smaller_and_back(pictures: Pictures, share: Float64[np.ndarray, "n"]) -> Pictures:
    """Resized to this share of its sides, and to its size again: bicubic, by Pillow."""
    height, width = pictures.shape[-2:]
    results = []
    for picture, scale in zip(pictures, share.tolist(), strict=True):
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        results.append(resize_pillow(resize_pillow(picture, size), (height, width)))
    return torch.stack(results)
