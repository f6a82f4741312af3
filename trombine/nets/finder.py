"""Finding faces: a picture to where the middles of small faces are.

A small net, for pictures at several sizes: it knows faces whose landmarks' box is `SMALLEST` to
`LARGEST` pixels long, and faces/scan.py shows it the picture at half the size, and half of that,
so that each face comes into that range. Its features lie at an eighth of the picture's size, with
what surrounds them seen at a sixteenth.
"""

from __future__ import annotations

from typing import Final, final

import torch
from jaxtyping import Float
from torch import nn

from trombine.nets.blocks import Conv, padded
from trombine.nets.reader import Mix, Pair, Up
from trombine.nets.sizes import WIDEST, Net, check_whole

SMALLEST: Final = 11.0  # pixels: the longer side of the box of a face's landmarks
LARGEST: Final = 34.0
_MULTIPLE: Final = 16  # of the sides that it works in


@final
class Finder(Net):
    """N x 3 x H x W within [0, 1] to N x 2 x K x L: at every eighth pixel a logit of a face having
    its middle there, and the log of its size in pixels."""

    tasks = ("find",)

    def __init__(self, *, width: int = 16) -> None:
        check_whole("width", width, 4, WIDEST)
        super().__init__()
        fine, middle, coarse = width * 3 // 2, width * 2, width * 3
        self.first = Conv(3, width, "batch", stride=2)
        self.second = Conv(width, fine, "batch", stride=2)
        self.third = nn.Sequential(
            Pair(fine, middle, "batch", stride=2), Pair(middle, middle, "batch")
        )
        self.round = Pair(middle, coarse, "batch", stride=2)
        self.up = Up(coarse, middle, "batch")
        self.last = Mix(middle, 2)

    def forward(self, x: Float[torch.Tensor, "n 3 h w"]) -> Float[torch.Tensor, "n 2 k l"]:
        """Pictures of any size."""
        x = self.third(self.second(self.first(2 * padded(x, _MULTIPLE) - 1)))
        return self.last(self.up(self.round(x), x))
