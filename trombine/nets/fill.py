"""Holes filled smoothly: what nets that repair begin with."""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

_COARSEST: Final = (4, 2, 1)  # pixels a side: what a fill begins with


def pull_push(
    picture: Float[Tensor, "n c h w"], hole: Float[Tensor, "n 1 h w"], levels: int
) -> Float[Tensor, "n c h w"]:
    """The picture with its hole filled from its border, the smoother the farther (Gortler et al.,
    1996); grey where nothing is known. Height and width can be halved `levels` times."""
    known = (1 - hole).to(picture.dtype)
    pyramid = [torch.cat([picture * known, known], 1)]
    for _ in range(levels):
        pyramid.append(functional.avg_pool2d(pyramid[-1], 2))
    for side in _COARSEST:  # by interpolation, since these may not be halves
        pyramid.append(functional.interpolate(pyramid[-1], size=(side, side), mode="bilinear"))
    total, share = pyramid[-1][:, :-1], pyramid[-1][:, -1:]
    grey = torch.full_like(total, 0.5)
    filled = torch.where(share > 0, total / share.clamp(min=1e-6), grey)
    for level in reversed(pyramid):
        total, share = level[:, :-1], level[:, -1:]
        filled = functional.interpolate(filled, size=total.shape[-2:], mode="bilinear")
        # Half a pixel that is known says all of its colour.
        trust = (2 * share).clamp(max=1.0)
        filled = trust * total / share.clamp(min=1e-6) + (1 - trust) * filled
    return torch.where(hole > 0.5, filled, picture)
