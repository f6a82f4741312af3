"""Completing a face: which part is where, under its hole too.

A U-Net as that of nets/reader.py: it works at a half to a sixteenth of the picture's size. It sees
the hole filled smoothly from its border, and where the hole is: what a reader, which is shown no
hole, takes for dark glasses.
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

import torch
from jaxtyping import Float
from torch import nn

from trombine.core.conventions import PARTS
from trombine.nets.blocks import Conv, padded
from trombine.nets.fill import pull_push
from trombine.nets.reader import Mix, Pair, Up
from trombine.nets.sizes import WIDEST, Net, check_choice, check_whole

MULTIPLE = 16  # of the sides that it works in
_LEVELS = 4  # halvings of the smooth fill


@final
class Completer(Net):
    """N x 3 x H x W within [0, 1] and holes to the logits of the parts, N x 19 x H x W."""

    tasks = ("complete",)

    def __init__(
        self, *, width: int = 24, inputs: int = 4, head: int = 32, norm: str = "batch"
    ) -> None:
        check_whole("width", width, 4, WIDEST)
        check_whole("inputs", inputs, 4, 4)  # colours and the hole
        check_whole("head", head, 1, WIDEST)  # channels before the parts
        check_choice("norm", norm, ("group", "batch"))
        super().__init__()
        sides = [width, 2 * width, 3 * width, 4 * width]
        pairs = list(pairwise(sides))
        self.first = Pair(inputs, sides[0], norm, stride=2)
        self.down = nn.ModuleList(Pair(fine, coarse, norm, stride=2) for fine, coarse in pairs)
        self.deep = nn.ModuleList(Conv(sides[3], sides[3], norm) for _ in range(2))
        self.up = nn.ModuleList(Up(coarse, fine, norm) for fine, coarse in reversed(pairs))
        self.head = Conv(width, head, norm)
        self.parts = nn.Sequential(Mix(head, 4 * len(PARTS)), nn.PixelShuffle(2))

    def forward(
        self, x: Float[torch.Tensor, "n 3 h w"], hole: Float[torch.Tensor, "n 1 h w"]
    ) -> Float[torch.Tensor, "n 19 h w"]:
        """Pictures of any size; faces are looked for as large as in windows of 128 pixels."""
        height, width = x.shape[-2:]
        hole = padded(hole, MULTIPLE)
        filled = pull_push(padded(x, MULTIPLE), hole, _LEVELS)
        passed = [self.first(torch.cat([2 * filled - 1, hole], 1))]
        for down in self.down:
            passed.append(down(passed[-1]))
        deep = passed.pop()
        for layer in self.deep:
            deep = deep + layer(deep)
        for up in self.up:
            deep = up(deep, passed.pop())
        return self.parts(self.head(deep))[..., :height, :width]
