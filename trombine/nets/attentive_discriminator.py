"""Judging patches of two sizes, with attention: the discriminators of U-GAT-IT (Kim et al., 2020).

One column halves the picture `levels` times, the other twice more, and so sees larger patches. Each
weighs its channels by a classifier of its own, which is told what is real, too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, final

import torch
from jaxtyping import Float
from torch import nn

from trombine.nets.blocks import conv3, normed, widths
from trombine.nets.sizes import WIDEST, Net, check_whole
from trombine.nets.translator import Attention

_DEEPER: Final = 2  # halvings of the second column more than of the first


@final
class AttentiveDiscriminator(Net):
    """N x inputs x H x W to how real each picture looks: the mean of all its logits."""

    tasks = ("judge",)

    def __init__(self, *, width: int = 32, levels: int = 3, inputs: int = 3) -> None:
        check_whole("width", width, 1, WIDEST)
        check_whole("levels", levels, 1, 8 - _DEEPER)
        check_whole("inputs", inputs, 1, WIDEST)
        super().__init__()
        self.columns = nn.ModuleList(
            Column(inputs, width, count) for count in (levels, levels + _DEEPER)
        )

    def forward(self, x: Float[torch.Tensor, "n i h w"]) -> Float[torch.Tensor, "n"]:
        """Pictures within [0, 1], at least 2^(levels + 2) pixels a side, to a number each."""
        means = [logits.flatten(1).mean(1) for logits in self.judgements(x)]
        return torch.stack(means).mean(0)

    def judgements(self, x: Float[torch.Tensor, "n i h w"]) -> tuple[torch.Tensor, ...]:
        """For each column its map of logits, N x 1 x h x w, and its classifier's, N x 2."""
        return tuple(logits for column in self.columns for logits in column(2 * x - 1))


@final
class Column(nn.Module):
    """Halvings, attention, and a logit for each patch."""

    def __init__(self, inputs: int, width: int, levels: int) -> None:
        super().__init__()
        sides = [inputs, *widths(width, levels - 1)]
        layers: list[nn.Module] = []
        for a, b in pairwise(sides):
            layers += [normed(nn.Conv2d(a, b, 4, 2, 1), "spectral"), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers)
        self.attention = Attention(sides[-1], spectral=True)
        self.last = normed(conv3(sides[-1], 1), "spectral")

    def forward(
        self, x: Float[torch.Tensor, "n i h w"]
    ) -> tuple[Float[torch.Tensor, "n 1 k l"], Float[torch.Tensor, "n 2"]]:
        """The logits of patches, and the classifier's."""
        features, logits = self.attention(self.body(x))
        return self.last(features), logits
