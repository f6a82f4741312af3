"""What a term of an objective measures between two batches of pictures: a number to make smaller.

Each is a pure function, differentiable, of any float type, and the mean over the pictures of a
value of each picture alone. So the mean over equal slices of a batch is the value of the batch,
and processes that share a batch agree with one that has it all.

Terms on a discriminator's output are in critics.py, those on a net's features in perceptual.py
(which uses `gram` of here); how weights change over a run is the objective's matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from jaxtyping import Float

from trombine.core.errors import InputError
from trombine.io.color import LUMA
from trombine.metrics.similarity import ms_ssim, scales, ssim_map

Batch = Float[torch.Tensor, "n c h w"]
Scalar = Float[torch.Tensor, ""]


# ---------------------------------------------------------------------------------------------
# Sample by sample


def l1(a: Float[torch.Tensor, "n *s"], b: Float[torch.Tensor, "n *s"]) -> Scalar:
    """Mean of |a - b|."""
    return _difference(a, b).abs().mean()


def l2(a: Float[torch.Tensor, "n *s"], b: Float[torch.Tensor, "n *s"]) -> Scalar:
    """Mean of (a - b)²."""
    return _difference(a, b).square().mean()


def charbonnier(
    a: Float[torch.Tensor, "n *s"], b: Float[torch.Tensor, "n *s"], *, eps: float = 1e-3
) -> Scalar:
    """Mean of sqrt((a - b)² + eps²): L1 that is smooth at 0, where it is eps (Lai et al. 2017)."""
    return (_difference(a, b).square() + eps**2).sqrt().mean()


def luma_l1(a: Batch, b: Batch) -> Scalar:
    """Mean of |a - b| of the luma, which is what people see details by; grey is its own."""
    difference = _difference(a, b)
    if difference.shape[1] == 1:
        return difference.abs().mean()
    if difference.shape[1] != len(LUMA):
        raise InputError(f"pictures of {difference.shape[1]} channels have no luma")
    red, green, blue = difference.unbind(1)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).abs().mean()


def _difference(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a - b, in at least float32: squares and sums of bfloat16 lose what a loss is about."""
    check_alike(a, b)
    return wide(a) - wide(b)


def check_alike(a: torch.Tensor, b: torch.Tensor) -> None:
    """Refuse shapes that differ: subtracting would quietly repeat the smaller of them."""
    if a.shape != b.shape:
        raise InputError(f"batches of {tuple(a.shape)} and {tuple(b.shape)} do not compare")


def wide(x: torch.Tensor) -> torch.Tensor:
    """The same in float32, unless it is in float32 or float64."""
    return x if x.dtype in (torch.float32, torch.float64) else x.float()


def total_variation(x: Batch) -> Scalar:
    """Sum of |steps| to the pixel below and to the right, per sample (anisotropic)."""
    x = wide(x)
    down = (x[..., 1:, :] - x[..., :-1, :]).abs().sum()
    across = (x[..., 1:] - x[..., :-1]).abs().sum()
    return (down + across) / x.numel()


# ---------------------------------------------------------------------------------------------
# Structure


def ssim_loss(a: Batch, b: Batch) -> Scalar:
    """1 - SSIM, as metrics/similarity.py has it: 0 for equal pictures, up to 2."""
    check_alike(a, b)
    scales(a, most=1)
    return 1 - ssim_map(wide(a), wide(b)).mean()


def ms_ssim_loss(a: Batch, b: Batch) -> Scalar:
    """1 - MS-SSIM: 0 for equal pictures, up to 1. It is made smaller, MS-SSIM itself larger."""
    check_alike(a, b)
    return 1 - ms_ssim(wide(a), wide(b)).mean()


# ---------------------------------------------------------------------------------------------
# Style


def gram(features: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c c"]:
    """How channels go together, wherever in the picture: F Fᵀ / (c·h·w) (Gatys et al. 2016)."""
    flat = wide(features).flatten(2)
    with torch.autocast(flat.device.type, enabled=False):  # it would sum over places in bfloat16
        return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def gram_distance(a: Float[torch.Tensor, "n c h w"], b: Float[torch.Tensor, "n c k l"]) -> Scalar:
    """Squared distance of the Gram matrices, summed over their entries; sizes may differ."""
    return (gram(a) - gram(b)).square().sum((1, 2)).mean()


# Between a picture and its truth, by the name a recipe gives.
TERMS: Final[dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]] = {
    "l1": l1,
    "l2": l2,
    "charbonnier": charbonnier,
    "luma": luma_l1,
    "ssim": ssim_loss,
    "ms_ssim": ms_ssim_loss,
}
