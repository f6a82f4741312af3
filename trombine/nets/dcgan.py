"""Inventing: the DCGAN pair (Radford, Metz and Chintala, 2016), for any power of two from 16 up.

4 x 4 convolutions of stride 2 on both sides, ReLU in the generator, leaky ReLU in the
discriminator, weights that begin as normal(0, .02). Pictures are [0, 1] outside; the tanh of the
generator and the [-1, 1] that the discriminator looks at stay inside.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar, Final, TypeVar

import torch
from jaxtyping import Float
from torch import nn

from trombine.core.errors import InputError
from trombine.nets.blocks import begin_small, norm, normed, widths
from trombine.nets.sizes import Net
from trombine.nets.sparse_coding import SparseCoding

Layer = TypeVar("Layer", nn.Conv2d, nn.ConvTranspose2d)

SPREAD: Final = 0.02
SLOPE: Final = 0.2  # of the leaky ReLU below zero


class DCGANGenerator(Net):
    """N x latent to N x 3 x size x size; `width` channels before the last layer."""

    tasks = ("generate",)
    limits: ClassVar = {"norm": ("batch", "group", "none")}

    def __init__(
        self, *, latent: int = 64, width: int = 64, size: int = 64, norm: str = "batch"
    ) -> None:
        super().__init__()
        sides = _sides(width, size)[::-1]
        self.first = _Rise(latent, sides[0], norm, grow=False)
        self.rise = nn.Sequential(*(_Rise(a, b, norm) for a, b in pairwise(sides)))
        self.last = begun(nn.ConvTranspose2d(sides[-1], 3, 4, 2, 1), norm)
        if norm == "none":  # tanh follows, which is flat where numbers are large
            begin_small(self.last, 0.5)

    def forward(self, z: Float[torch.Tensor, "n latent"]) -> Float[torch.Tensor, "n 3 size size"]:
        """Vectors, standard normal, to pictures within [0, 1]."""
        features = self.rise(self.first(z[:, :, None, None]))
        return (torch.tanh(self.last(features)) + 1) / 2


class DCGANDiscriminator(Net):
    """N x 3 x size x size to N logits: above 0 it takes the picture for real."""

    tasks = ("judge",)
    limits: ClassVar = {"norm": ("none", "batch", "spectral"), "first": ("convolution", "sparse")}

    def __init__(
        self,
        *,
        width: int = 64,
        size: int = 64,
        norm: str = "none",
        first: str = "convolution",
        classes: int = 1,
    ) -> None:
        """`first`: what the first two layers are; `classes`: how many kinds of pictures there are,
        each with a logit of its own."""
        super().__init__()
        sides = _sides(width, size)
        # The paper leaves the first layer without normalisation: it would lose the colours' scale.
        self.first = (
            SparseCoding((3, *sides[:2]))
            if first == "sparse"
            else _Fall(3, sides[0], "spectral" if norm == "spectral" else "none")
        )
        falls = pairwise(sides[1:] if first == "sparse" else sides)
        self.fall = nn.Sequential(*(_Fall(a, b, norm) for a, b in falls))
        self.last = normed(begun(nn.Conv2d(sides[-1], classes, 4), norm), norm)

    def forward(
        self, x: Float[torch.Tensor, "n 3 size size"]
    ) -> Float[torch.Tensor, "n"] | Float[torch.Tensor, "n classes"]:
        """Pictures within [0, 1] to logits."""
        logits = self.last(self.fall(self.first(2 * x - 1)))[..., 0, 0]
        return logits[:, 0] if logits.shape[1] == 1 else logits


def _sides(width: int, size: int) -> list[int]:
    """The channels at half the size, a quarter and so on, down to 4 x 4 pixels."""
    if size & (size - 1):
        raise InputError(f"size is a power of two from 16 to 1024, not {size}")
    return widths(width, size.bit_length() - 4)


def begun(layer: Layer, kind: str) -> Layer:
    """The layer with the weights it begins with: normal(0, .02) as in the paper.

    Without normalisation that would fade in narrow nets: there the spread keeps the size of what
    passes through (He et al., 2015).
    """
    spread = math.sqrt(2 / _fan_in(layer)) if kind == "none" else SPREAD
    nn.init.normal_(layer.weight, 0, spread)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _fan_in(layer: nn.Conv2d | nn.ConvTranspose2d) -> float:
    """How many numbers one output is the sum of."""
    area = layer.kernel_size[0] * layer.kernel_size[1]
    if isinstance(layer, nn.Conv2d):
        return layer.in_channels * area
    from_one_pixel = layer.padding[0] == 0
    return layer.in_channels * (1 if from_one_pixel else area / layer.stride[0] ** 2)


def _norm(kind: str, channels: int) -> nn.Module:
    """Normalisation by its name; that of a batch begins with normal(1, .02)."""
    layer = norm(kind, channels)
    if isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1, SPREAD)
    return layer


class _Rise(nn.Module):
    """A transposed convolution to twice the size, or from a vector to 4 x 4."""

    def __init__(self, inputs: int, outputs: int, kind: str, *, grow: bool = True) -> None:
        super().__init__()
        stride, padding = (2, 1) if grow else (1, 0)
        # A bias before batch norm does nothing, and would get no gradient.
        bias = kind != "batch"
        conv = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=bias)
        self.conv = begun(conv, kind)
        self.norm = _norm(kind, outputs)
        self.act = nn.ReLU()

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n d h2 w2"]:
        """Twice the height and width."""
        return self.act(self.norm(self.conv(x)))


class _Fall(nn.Module):
    """A convolution to half the size."""

    def __init__(self, inputs: int, outputs: int, kind: str) -> None:
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=kind != "batch")
        self.conv = normed(begun(conv, kind), kind)
        self.norm = _norm(kind, outputs)
        self.act = nn.LeakyReLU(SLOPE)

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n d h2 w2"]:
        """Half the height and width."""
        return self.act(self.norm(self.conv(x)))
