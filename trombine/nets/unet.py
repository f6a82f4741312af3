"""Repairing: a U-Net (Ronneberger et al., 2015), from a picture to one of the same size.

At each level two convolutions, then half the size and twice the channels; on the way back the
features of the way down are joined in. Where pictures are repaired the net best learns what to add
to what it is given (`residual`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import nn

from trombine.core.errors import InputError
from trombine.nets.blocks import Features, begin_small, conv3, doubled, norm, padded, steady, widths
from trombine.nets.sizes import Net


class UNet(Net):
    """N x inputs x H x W to N x outputs x H x W, for any H and W; `levels` times halved."""

    tasks = ("restore", "repair", "detect")
    limits: ClassVar = {"norm": ("none", "group", "batch")}

    def __init__(
        self,
        *,
        width: int = 32,
        levels: int = 3,
        inputs: int = 3,
        outputs: int = 3,
        norm: str = "none",
        residual: bool = False,
    ) -> None:
        if residual and inputs < outputs:
            raise InputError(f"a residual unet needs at least {outputs} inputs, not {inputs}")
        super().__init__()
        self.outputs, self.residual, self.multiple = outputs, residual, 2**levels
        sides = widths(width, levels)
        self.first = Pair(inputs, sides[0], norm)
        pairs = list(pairwise(sides))
        self.down = nn.ModuleList(Down(fine, coarse, norm) for fine, coarse in pairs)
        self.up = nn.ModuleList(Up(coarse, fine, norm) for fine, coarse in reversed(pairs))
        self.last = conv3(sides[0], outputs)
        if residual:
            begin_small(self.last, 0.1)

    def forward(
        self, x: Float[torch.Tensor, "n i h w"], hole: Float[torch.Tensor, "n 1 h w"] | None = None
    ) -> Float[torch.Tensor, "n o h w"]:
        """Any range to any range; with `residual` the first channels of x are added.

        A hole is one more channel, and counts among `inputs`.
        """
        x = x if hole is None else torch.cat((x, hole), 1)
        height, width = x.shape[-2:]
        features = self.first(padded(x, self.multiple))
        passed = [features]
        for down in self.down:
            passed.append(down(passed[-1]))
        features = passed.pop()
        for up in self.up:
            features = up(features, passed.pop())
        output = self.last(features)[..., :height, :width]
        return output + x[:, : self.outputs] if self.residual else output


class Pair(nn.Module):
    """Two convolutions."""

    def __init__(self, inputs: int, outputs: int, kind: str) -> None:
        super().__init__()
        bias = kind != "batch"  # which would take it away again
        self.conv1 = steady(conv3(inputs, outputs, bias=bias))
        self.norm1 = norm(kind, outputs)
        self.conv2 = steady(conv3(outputs, outputs, bias=bias))
        self.norm2 = norm(kind, outputs)
        self.act = nn.SiLU()

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h w"]:
        """The same height and width."""
        x = self.act(self.norm1(self.conv1(x)))
        return self.act(self.norm2(self.conv2(x)))


class Down(nn.Module):
    """Half the size, then two convolutions."""

    def __init__(self, fine: int, coarse: int, kind: str) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2)
        self.pair = Pair(fine, coarse, kind)

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h2 w2"]:
        """Half the height and width."""
        return self.pair(self.pool(x))


class Up(nn.Module):
    """Twice the size, joined with the features of the way down, then two convolutions."""

    def __init__(self, coarse: int, fine: int, kind: str) -> None:
        super().__init__()
        self.pair = Pair(coarse + fine, fine, kind)

    def forward(
        self, x: Features, passed: Float[torch.Tensor, "n d h2 w2"]
    ) -> Float[torch.Tensor, "n d h2 w2"]:
        """The height and width of `passed`."""
        return self.pair(torch.cat([doubled(x), passed], 1))
