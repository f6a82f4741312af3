"""The discriminator of SRGAN (Ledig et al., 2017): eight convolutions, then the whole picture.

Every other convolution halves the picture and the next doubles the channels. The paper's two dense
layers see every place by itself, at one size of picture; these see the mean over all places, so
that a picture of any size is judged.
"""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import nn

from trombine.nets.blocks import Features, conv3, norm, normed
from trombine.nets.sizes import WIDEST, Net, check_choice, check_whole


@final
class SRGANDiscriminator(Net):
    """N x 3 x H x W to N logits; `levels` pairs of convolutions, each the second halving it."""

    tasks = ("judge",)

    def __init__(
        self, *, width: int = 64, levels: int = 4, hidden: int = 1024, norm: str = "batch"
    ) -> None:
        check_whole("width", width, 1, WIDEST)
        check_whole("levels", levels, 1, 8)
        check_whole("hidden", hidden, 1, WIDEST)
        check_choice("norm", norm, ("none", "batch", "spectral"))
        super().__init__()
        layers, inputs = [], 3
        for level in range(levels):
            outputs = width * 2**level
            # The paper leaves the first without batch norm: it would lose the contrast.
            first = "none" if norm == "batch" and level == 0 else norm
            layers += [_Layer(inputs, outputs, 1, first), _Layer(outputs, outputs, 2, norm)]
            inputs = outputs
        self.body = nn.Sequential(*layers)
        of_layer = "spectral" if norm == "spectral" else "none"
        self.hidden = normed(nn.Conv2d(inputs, hidden, 1), of_layer)
        self.act = nn.LeakyReLU(0.2)
        self.last = normed(nn.Conv2d(hidden, 1, 1), of_layer)

    def forward(self, x: Float[torch.Tensor, "n 3 h w"]) -> Float[torch.Tensor, "n"]:
        """Pictures within [0, 1] to logits: above 0 it takes the picture for real."""
        mean = self.body(2 * x - 1).mean((2, 3), keepdim=True)
        return self.last(self.act(self.hidden(mean)))[:, 0, 0, 0]


@final
class _Layer(nn.Module):
    """A convolution, normalised, and a leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int, kind: str) -> None:
        super().__init__()
        conv = conv3(inputs, outputs, stride=stride, bias=kind != "batch")
        self.conv, self.norm = normed(conv, kind), norm(kind, outputs)
        self.act = nn.LeakyReLU(0.2)

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h2 w2"]:
        """The same height and width, or half."""
        return self.act(self.norm(self.conv(x)))
