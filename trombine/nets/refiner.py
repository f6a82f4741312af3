"""Refining what is where: parts that are known at half of a picture's size, at all of it.

What a reader says of a window of 128 pixels is true to a third of a pixel there, which in a large
photograph is several. This net sees the photograph's own pixels beside what is known. It is small,
for the reader has decided what everything is: where edges run is seen close to them. Asked again
of what it said it goes from a size to twice that, as often as there are pixels.
"""

from __future__ import annotations

from typing import Final, final

import torch
from jaxtyping import Float
from torch import nn
from torch.nn.functional import interpolate, pixel_unshuffle

from trombine.core.conventions import PARTS
from trombine.nets.blocks import Conv, padded
from trombine.nets.reader import QUIET, Mix, Pair, Up
from trombine.nets.sizes import WIDEST, Net, check_choice, check_whole

_MULTIPLE: Final = 4  # of the sides that it works in
_LEAST: Final = 1e-3  # likely, where a logarithm is taken


@final
class Refiner(Net):
    """N x 3 x H x W within [0, 1], and how likely each part is at every second pixel, N x 19 x H/2
    x W/2 (rounded up), to the logits of the parts, N x 19 x H x W."""

    tasks = ("refine",)

    def __init__(self, *, width: int = 24, head: int = 32, norm: str = "batch") -> None:
        check_whole("width", width, 4, WIDEST)
        check_whole("head", head, 1, WIDEST)  # channels before the parts
        check_choice("norm", norm, ("group", "batch"))
        super().__init__()
        self.first = Pair(4 * 3 + len(PARTS), width, norm)
        self.down = Pair(width, 2 * width, norm, stride=2)
        self.deep = Conv(2 * width, 2 * width, norm)
        self.up = Up(2 * width, width, norm)
        self.head = Conv(width, head, norm)
        self.parts = nn.Sequential(Mix(head, 4 * len(PARTS)), nn.PixelShuffle(2))

    def forward(
        self, x: Float[torch.Tensor, "n 3 h w"], parts: Float[torch.Tensor, "n 19 h2 w2"]
    ) -> Float[torch.Tensor, "n 19 h w"]:
        """Pictures of any size."""
        height, width = x.shape[-2:]
        pixels = pixel_unshuffle(2 * padded(x, _MULTIPLE) - 1, 2)
        known = padded(parts.clamp(min=_LEAST).log(), _MULTIPLE // 2)
        fine = self.first(torch.cat([pixels, known], 1))
        coarse = self.down(fine)
        fine = self.up(coarse + self.deep(coarse), fine)
        said = QUIET * self.parts(self.head(fine))
        # What is known goes on where nothing speaks against it.
        on = interpolate(known, scale_factor=2.0, mode="bilinear", align_corners=False)
        return (on + said)[..., :height, :width]
