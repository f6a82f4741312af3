"""Inventing by style (Karras et al., 2019 and 2020): a vector says how much each channel counts.

A few layers turn the vector to a style. A constant of 4 x 4 pixels is doubled again and again by
convolutions whose input channels the style weighs, and whose results are then brought back to one
size (demodulation). At each size a picture is added up. Nothing is drawn: the paper's noise of
single pixels is left out.

Where there are classes, the largest of the vector's last numbers says of which the picture is, and
nothing else: so drawn vectors make pictures of each class equally often.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.nets.blocks import Features, doubled, widths
from trombine.nets.sizes import Net

_START: Final = 4  # pixels a side
_SLOPE: Final = 0.2
_PAINT: Final = 0.3  # of what adds to the picture at a size: its deviation at first

Style = Float[torch.Tensor, "n k"]


class StyleGenerator(Net):
    """N x latent to N x 3 x size x size; `width` channels at the full size."""

    tasks = ("generate",)

    def __init__(
        self,
        *,
        latent: int = 64,
        width: int = 32,
        size: int = 64,
        mapping: int = 4,
        classes: int = 1,
    ) -> None:
        if classes > latent:
            raise InputError(f"classes is 1 to {latent}, not {classes}")
        if size & (size - 1):
            raise InputError(f"size is a power of two from 16 to 1024, not {size}")
        super().__init__()
        sides = widths(width, size.bit_length() - _START.bit_length())[::-1]
        self.told = classes if classes > 1 else 0  # numbers of a vector that say which
        layers = [nn.Linear(latent, latent) for _ in range(mapping)]
        self.mapping = nn.ModuleList(layers)
        for layer in layers:  # styles of seeds differ as much as the seeds
            nn.init.kaiming_normal_(layer.weight, _SLOPE)
            nn.init.zeros_(layer.bias)
        self.start = nn.Parameter(torch.ones(1, sides[0], _START, _START))
        nn.init.normal_(self.start)
        self.stages = nn.ModuleList(
            Stage(before, after, latent) for before, after in pairwise([sides[0], *sides])
        )

    def style(self, z: Float[torch.Tensor, "n latent"]) -> Style:
        """Vectors, standard normal, to styles; a shorter vector has a style nearer to that of 0,
        the usual one, which is what truncation makes of it."""
        style, last = z.split((z.shape[1] - self.told, self.told), 1)
        if self.told:
            chosen = functional.one_hot(last.argmax(1), self.told)
            style = torch.cat((style, chosen.to(style.dtype)), 1)
        for layer in self.mapping:
            style = functional.leaky_relu(layer(style), _SLOPE)
        return style

    def forward(self, z: Float[torch.Tensor, "n latent"]) -> Float[torch.Tensor, "n 3 size size"]:
        """Vectors to pictures within [0, 1]."""
        style = self.style(z)
        x = self.start.expand(z.shape[0], -1, -1, -1)
        x, picture = self.stages[0](x, style)
        for stage in self.stages[1:]:
            x, more = stage(doubled(x), style)
            picture = doubled(picture) + more
        return (torch.tanh(picture) + 1) / 2


class Stage(nn.Module):
    """Two convolutions at one size, and what they add to the picture."""

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.one = Modulated(inputs, outputs, 3, styles)
        self.two = Modulated(outputs, outputs, 3, styles)
        self.paint = Modulated(outputs, 3, 1, styles, demodulates=False)

    def forward(
        self, x: Features, style: Style
    ) -> tuple[Float[torch.Tensor, "n d h w"], Float[torch.Tensor, "n 3 h w"]]:
        """The features, and their share of the picture."""
        for layer in (self.one, self.two):
            x = functional.leaky_relu(layer(x, style), _SLOPE) * math.sqrt(2)
        return x, self.paint(x, style)


class Modulated(nn.Module):
    """A convolution whose input channels a style weighs.

    Weighing what goes in, and dividing what comes out by the length of the weighed kernels, is as
    to convolve each picture with kernels of its own.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, styles: int, *, demodulates: bool = True
    ) -> None:
        super().__init__()
        self.demodulates = demodulates
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.affine = nn.Linear(styles, inputs)
        # A picture is the sum of all sizes: where each begins large, tanh is flat.
        size = 1.0 if demodulates else _PAINT
        nn.init.normal_(self.conv.weight, std=size / math.sqrt(inputs * kernel**2))
        nn.init.zeros_(self.conv.bias)  # pyright: ignore[reportArgumentType]
        nn.init.normal_(self.affine.weight, std=1 / math.sqrt(styles))
        nn.init.ones_(self.affine.bias)

    def forward(self, x: Features, style: Style) -> Float[torch.Tensor, "n d h w"]:
        """The same height and width."""
        scale = self.affine(style)
        kernels = self.conv.weight
        y = functional.conv2d(x * scale[:, :, None, None], kernels, padding=self.conv.padding)
        if self.demodulates:
            squares = scale.square() @ kernels.square().sum((2, 3)).T  # N x outputs
            y = y * torch.rsqrt(squares + 1e-8)[:, :, None, None]
        return y + self.conv.bias[None, :, None, None]  # pyright: ignore[reportOptionalSubscript]
