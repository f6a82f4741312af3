"""Discriminators: of whole pictures, of patches, with attention, of codes."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Final

import torch
from jaxtyping import Float
from torch import nn

from trombine.nets.blocks import Features, conv3, doubled, norm, normed, steady, widths
from trombine.nets.sizes import Net
from trombine.nets.translator import Attention

# ---------------------------------------------------------------------------------------------
# The discriminator of SRGAN (Ledig et al., 2017): eight convolutions, then the whole picture.
#
# Every other convolution halves the picture and the next doubles the channels. The paper's two
# dense layers see every place by itself, at one size of picture; these see the mean over all
# places, so that a picture of any size is judged.


class SRGANDiscriminator(Net):
    """N x 3 x H x W to N logits; `levels` pairs of convolutions, each the second halving it."""

    tasks = ("judge",)
    limits: ClassVar = {"norm": ("none", "batch", "spectral")}

    def __init__(
        self, *, width: int = 64, levels: int = 4, hidden: int = 1024, norm: str = "batch"
    ) -> None:
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


# ---------------------------------------------------------------------------------------------
# Judging patches: the discriminator of pix2pix (Isola et al., 2017).
#
# Each number of the map it gives sees one patch of the picture, so it judges texture and sharpness,
# at any size, and leaves what is where to others.


class PatchDiscriminator(Net):
    """N x inputs x H x W to N x 1 x h x w logits; `levels` times halved."""

    tasks = ("judge",)
    limits: ClassVar = {"norm": ("none", "spectral")}

    def __init__(
        self, *, width: int = 32, levels: int = 3, inputs: int = 3, norm: str = "none"
    ) -> None:
        super().__init__()
        sides = [inputs, *widths(width, levels - 1)]
        halvings = (nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(sides))
        deep = conv3(sides[-1], sides[-1])
        layers = [_PatchLayer(layer, norm) for layer in (*halvings, deep)]
        self.body = nn.Sequential(*layers)
        self.last = normed(conv3(sides[-1], 1), norm)

    def forward(self, x: Float[torch.Tensor, "n i h w"]) -> Float[torch.Tensor, "n 1 h2 w2"]:
        """Pictures within [0, 1], at least 2^levels pixels a side, to logits."""
        return self.last(self.body(2 * x - 1))


class _PatchLayer(nn.Module):
    """A convolution and a leaky ReLU."""

    def __init__(self, conv: nn.Conv2d, kind: str) -> None:
        super().__init__()
        self.conv = normed(conv, kind)
        self.act = nn.LeakyReLU(0.2)

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n d h2 w2"]:
        """As the convolution does."""
        return self.act(self.conv(x))


# ---------------------------------------------------------------------------------------------
# Judging pixels: the discriminator of Real-ESRGAN (Wang et al., 2021), a U-Net with spectral norm.


class PixelDiscriminator(Net):
    """N x inputs x H x W, multiples of 8, to N x 1 x H x W logits."""

    tasks = ("judge",)

    def __init__(self, *, width: int = 32, inputs: int = 3) -> None:
        super().__init__()
        sides = [width, 2 * width, 4 * width, 4 * width]
        self.first = conv3(inputs, width)
        down = (nn.Conv2d(a, b, 4, 2, 1, bias=False) for a, b in pairwise(sides))
        up = (conv3(b, a, bias=False) for a, b in reversed([*pairwise(sides)]))
        self.down = nn.ModuleList(_PatchLayer(layer, "spectral") for layer in down)
        self.up = nn.ModuleList(_PatchLayer(layer, "spectral") for layer in up)
        self.deep = _PatchLayer(conv3(width, width, bias=False), "spectral")
        self.last = conv3(width, 1)
        self.act = nn.LeakyReLU(0.2)

    def forward(self, x: Float[torch.Tensor, "n i h w"]) -> Float[torch.Tensor, "n 1 h w"]:
        """Pictures within [0, 1] to a logit for each pixel."""
        passed = [self.act(self.first(2 * x - 1))]
        for layer in self.down:
            passed.append(layer(passed[-1]))
        x = passed.pop()
        for layer in self.up:
            x = layer(doubled(x)) + passed.pop()
        return self.last(self.deep(x))


# ---------------------------------------------------------------------------------------------
# Judging patches of two sizes, with attention: the discriminators of U-GAT-IT (Kim et al., 2020).
#
# One column halves the picture `levels` times, the other twice more, and so sees larger patches.
# Each weighs its channels by a classifier of its own, which is told what is real, too.


_DEEPER: Final = 2  # halvings of the second column more than of the first


class AttentiveDiscriminator(Net):
    """N x inputs x H x W to how real each picture looks: the mean of all its logits."""

    tasks = ("judge",)
    limits: ClassVar = {"levels": range(1, 9 - _DEEPER)}

    def __init__(self, *, width: int = 32, levels: int = 3, inputs: int = 3) -> None:
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


# ---------------------------------------------------------------------------------------------
# Judging codes: the discriminator of an adversarial auto-encoder (Makhzani et al., 2016).
#
# It takes codes as pictures of one pixel, of as many planes as a code has numbers.


class CodeDiscriminator(Net):
    """N x inputs x H x W to N logits: the mean over the places, each of which is judged alone."""

    tasks = ("judge",)

    def __init__(self, *, inputs: int = 64, width: int = 256, layers: int = 2) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for number in range(layers):
            parts += [
                steady(nn.Conv2d(width if number else inputs, width, 1)),
                nn.LeakyReLU(0.2),
            ]
        self.body = nn.Sequential(*parts)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n"]:
        """Codes of any range to logits."""
        return self.last(self.body(x)).mean((1, 2, 3))
