"""Enlarging: 3 x 3 convolutions with shortcuts at the small size, then pixel shuffle.

The net adds to the bicubically enlarged picture (Kim et al., 2016, VDSR) what is missing; nearly
all work is done at the small size (Shi et al., 2016), without normalisation (Lim et al., 2017).
"""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

from trombine.nets.blocks import Features, begin_small, conv3
from trombine.nets.sizes import DEEPEST, WIDEST, Net, check_whole


@final
class Residual(Net):
    """A picture to one `factor` times as large; `depth` 3 x 3 convolutions of `width` channels."""

    tasks = ("upscale", "restore")

    def __init__(
        self, *, width: int = 32, depth: int = 8, factor: int = 2, channels: int = 3
    ) -> None:
        check_whole("width", width, 1, WIDEST)
        check_whole("depth", depth, 1, DEEPEST)
        check_whole("factor", factor, 1, 8)
        check_whole("channels", channels, 1, WIDEST)
        super().__init__()
        self.factor, self.depth = factor, depth
        self.head = conv3(channels, width)
        self.body = nn.Sequential(*(Step(width) for _ in range(depth)))
        self.tail = conv3(width, channels * factor**2)
        begin_small(self.tail, 0.1)

    @property
    def reach(self) -> int:
        """One pixel for each convolution: more than the two that bicubic interpolation looks at."""
        return self.depth + 2

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c fh fw"]:
        """Small pictures, range [0, 1], to large ones, range about [0, 1]."""
        features = self.body(self.head(x - 0.5))  # so that the padding, 0, is grey
        return self.enlarged(x) + functional.pixel_shuffle(self.tail(features), self.factor)

    def enlarged(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c fh fw"]:
        """The picture enlarged without learning: bicubic interpolation."""
        if self.factor == 1:
            return x
        return functional.interpolate(
            x, scale_factor=float(self.factor), mode="bicubic", align_corners=False
        )


@final
class Step(nn.Module):
    """One convolution, added to what it was given."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.act = nn.ReLU()
        self.conv = conv3(width, width)

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return x + self.conv(self.act(x))
