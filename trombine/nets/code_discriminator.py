"""Judging codes: the discriminator of an adversarial auto-encoder (Makhzani et al., 2016).

It takes codes as pictures of one pixel, of as many planes as a code has numbers.
"""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import nn

from trombine.nets.blocks import steady
from trombine.nets.sizes import DEEPEST, WIDEST, Net, check_whole


@final
class CodeDiscriminator(Net):
    """N x inputs x H x W to N logits: the mean over the places, each of which is judged alone."""

    tasks = ("judge",)

    def __init__(self, *, inputs: int = 64, width: int = 256, layers: int = 2) -> None:
        check_whole("inputs", inputs, 1, WIDEST)
        check_whole("width", width, 1, WIDEST)
        check_whole("layers", layers, 1, DEEPEST)
        super().__init__()
        parts: list[nn.Module] = []
        for number in range(layers):
            parts += [
                steady(nn.Conv2d(width if number else inputs, width, 1)),
                nn.LeakyReLU(0.2),
            ]
        self.body = nn.Sequential(*parts)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n"]:
        """Codes of any range to logits."""
        return self.last(self.body(x)).mean((1, 2, 3))
