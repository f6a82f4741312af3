"""Judging patches: the discriminator of pix2pix (Isola et al., 2017).

Each number of the map it gives sees one patch of the picture, so it judges texture and sharpness,
at any size, and leaves what is where to others.
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

import torch
from jaxtyping import Float
from torch import nn

from trombine.nets.blocks import conv3, normed, widths
from trombine.nets.sizes import WIDEST, Net, check_choice, check_whole


@final
class PatchDiscriminator(Net):
    """N x inputs x H x W to N x 1 x h x w logits; `levels` times halved."""

    tasks = ("judge",)

    def __init__(
        self, *, width: int = 32, levels: int = 3, inputs: int = 3, norm: str = "none"
    ) -> None:
        check_whole("width", width, 1, WIDEST)
        check_whole("levels", levels, 1, 8)
        check_whole("inputs", inputs, 1, WIDEST)
        check_choice("norm", norm, ("none", "spectral"))
        super().__init__()
        sides = [inputs, *widths(width, levels - 1)]
        halvings = (nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(sides))
        deep = conv3(sides[-1], sides[-1])
        layers = [_Layer(layer, norm) for layer in (*halvings, deep)]
        self.body = nn.Sequential(*layers)
        self.last = normed(conv3(sides[-1], 1), norm)

    def forward(self, x: Float[torch.Tensor, "n i h w"]) -> Float[torch.Tensor, "n 1 h2 w2"]:
        """Pictures within [0, 1], at least 2^levels pixels a side, to logits."""
        return self.last(self.body(2 * x - 1))


@final
class _Layer(nn.Module):
    """A convolution and a leaky ReLU."""

    def __init__(self, conv: nn.Conv2d, kind: str) -> None:
        super().__init__()
        self.conv = normed(conv, kind)
        self.act = nn.LeakyReLU(0.2)

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n d h2 w2"]:
        """As the convolution does."""
        return self.act(self.conv(x))
