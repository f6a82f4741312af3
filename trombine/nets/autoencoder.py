"""Nets to a code: encoder, autoencoder."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trombine.nets.blocks import Conv, Features, conv3, doubled, norm, padded, widths
from trombine.nets.sizes import WIDEST, Net

# ---------------------------------------------------------------------------------------------
# Reading: a picture to a few numbers.
#
# Convolutions with group normalisation, halved `levels` times; then of each channel how much there
# is of it and where its middle lies, and a linear layer.


class Encoder(Net):
    """N x 3 x H x W to N x outputs."""

    tasks = ("regress",)

    def __init__(self, *, width: int = 32, levels: int = 4, outputs: int = 8) -> None:
        super().__init__()
        sides = widths(width, levels)
        self.first = conv3(3, sides[0])
        self.body = nn.Sequential(*(_Halving(a, b) for a, b in pairwise(sides)))
        self.last = nn.Linear(3 * sides[-1], outputs)

    def forward(self, x: Float[torch.Tensor, "n 3 h w"]) -> Float[torch.Tensor, "n k"]:
        """Pictures within [0, 1], any size, to numbers of any range."""
        return self.last(moments(self.body(self.first(2 * x - 1))))


def moments(x: Features) -> Float[torch.Tensor, "n c3"]:
    """The mean of each channel, and the means of it times x and times y, both -1 to 1."""
    down, across = _places(x, -2)[:, None], _places(x, -1)
    return torch.cat([part.mean((-2, -1)) for part in (x, x * across, x * down)], 1)


def _places(x: Features, axis: int) -> Float[torch.Tensor, "k"]:
    """The centres of the pixels along an axis, on a line from -1 to 1."""
    count = x.shape[axis]
    steps = torch.arange(count, device=x.device, dtype=x.dtype)
    return (2 * steps + 1) / count - 1


class _Halving(nn.Module):
    """Half the size; then a second convolution, added to the first's."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = conv3(inputs, outputs, stride=2), norm("group", outputs)
        self.conv2, self.norm2 = conv3(outputs, outputs), norm("group", outputs)
        self.act = nn.SiLU()

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h2 w2"]:
        """Half the height and width, rounded up."""
        x = self.act(self.norm1(self.conv1(x)))
        return x + self.act(self.norm2(self.conv2(x)))


# ---------------------------------------------------------------------------------------------
# Learning what pictures are made of: to a few planes at a coarse size, and back.
#
# Nothing passes beside them, so each size's features must say all that the next one needs: a loss
# can compare pictures by them (`--judge`, `--layers down.0+down.1`).


class Autoencoder(Net):
    """N x 3 x H x W to the same, for any H and W, through `depth` planes, `levels` times halved."""

    tasks = ("restore",)
    limits: ClassVar = {"depth": range(1, WIDEST + 1), "norm": ("none", "group", "batch")}

    def __init__(
        self, *, width: int = 16, levels: int = 4, depth: int = 16, norm: str = "batch"
    ) -> None:
        super().__init__()
        self.multiple = 2**levels
        sides = [*widths(width, levels - 1), depth]
        self.first = Conv(3, sides[0], norm)
        pairs = list(pairwise(sides))
        self.down = nn.ModuleList(Conv(a, b, norm, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(Conv(b, a, norm) for a, b in reversed(pairs))
        self.last = nn.Conv2d(sides[0], 3, 1)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
        """Pictures within [0, 1] to pictures of any range."""
        height, width = x.shape[-2:]
        x = self.first(2 * padded(x, self.multiple) - 1)
        for down in self.down:
            x = down(x)
        for up in self.up:
            x = up(doubled(x))
        return 0.5 + self.last(x)[..., :height, :width]
