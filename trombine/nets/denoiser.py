"""Denoising: a small U-Net with the time as an input (Ho, Jain and Abbeel, 2020).

What it predicts (the noise, v, the flow) is the objective's choice: it maps a noisy picture and a
time to a picture of the same kind. Good for 32 to 64 pixels: at the coarsest size every place sees
every other.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import nn

from trombine.nets.blocks import Features, begin_small, conv3, doubled, norm, padded, widths
from trombine.nets.sizes import WIDEST, Net

Times = Float[torch.Tensor, "n"]
Embedding = Float[torch.Tensor, "n e"]


class Timed(Net):
    """Abstract: a U-Net of `inputs` planes and a time to `outputs` planes; `levels` times
    halved."""

    limits: ClassVar = {"width": range(2, WIDEST + 1)}

    def __init__(self, width: int, levels: int, inputs: int, outputs: int) -> None:
        super().__init__()
        sides, size = widths(width, levels), 4 * width
        pairs = list(pairwise(sides))
        self.waves, self.multiple = width // 2, 2**levels
        self.time = nn.Sequential(nn.Linear(2 * self.waves, size), nn.SiLU(), nn.Linear(size, size))
        self.first = conv3(inputs, sides[0])
        self.block = Block(sides[0], sides[0], size)
        self.down = nn.ModuleList(Down(fine, coarse, size) for fine, coarse in pairs)
        self.attention = Attention(sides[-1])
        self.middle = Block(sides[-1], sides[-1], size)
        self.up = nn.ModuleList(Up(coarse, fine, size) for fine, coarse in reversed(pairs))
        self.norm, self.act = norm("group", sides[0]), nn.SiLU()
        self.last = conv3(sides[0], outputs)
        begin_small(self.last, 0)

    def predict(
        self, x: Features, t: Times, more: Embedding | None = None
    ) -> Float[torch.Tensor, "n d h w"]:
        """What the net says of these planes at times within [0, 1]; `more` is what else each
        block hears, beside the time."""
        height, width = x.shape[-2:]
        embedding = self.time(waves(t, self.waves))
        embedding = embedding if more is None else embedding + more
        features = self.block(self.first(padded(x, self.multiple)), embedding)
        passed = [features]
        for down in self.down:
            passed.append(down(passed[-1], embedding))
        features = self.middle(self.attention(passed.pop()), embedding)
        for up in self.up:
            features = up(features, passed.pop(), embedding)
        return self.last(self.act(self.norm(features)))[..., :height, :width]


class Denoiser(Timed):
    """(N x channels x H x W, N times) to N x channels x H x W; `levels` times halved."""

    tasks = ("denoise",)

    def __init__(self, *, width: int = 32, levels: int = 3, channels: int = 3) -> None:
        super().__init__(width, levels, channels, channels)

    def forward(self, x: Features, t: Times) -> Features:
        """Noisy pictures (data scaled to [-1, 1]) at times within [0, 1]."""
        return self.predict(x, t)


def waves(t: Times, count: int) -> Embedding:
    """`count` sines and as many cosines of the time, from 1,000 radians a unit down to a few."""
    steps = torch.arange(count, device=t.device, dtype=t.dtype)
    angles = 1000 * t[:, None] * torch.exp(-math.log(1000) / count * steps)
    return torch.cat([angles.sin(), angles.cos()], 1)


class Block(nn.Module):
    """Two convolutions; between them the time scales and shifts each channel."""

    def __init__(self, inputs: int, outputs: int, embedding: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = norm("group", inputs), conv3(inputs, outputs)
        self.time = nn.Linear(embedding, 2 * outputs)
        self.norm2, self.conv2 = norm("group", outputs), conv3(outputs, outputs)
        self.short = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)
        self.act = nn.SiLU()

    def forward(self, x: Features, embedding: Embedding) -> Float[torch.Tensor, "n d h w"]:
        """The same height and width."""
        scale, shift = self.time(self.act(embedding))[:, :, None, None].chunk(2, 1)
        hidden = self.norm2(self.conv1(self.act(self.norm1(x))))
        return self.short(x) + self.conv2(self.act(hidden * (1 + scale) + shift))


class Down(nn.Module):
    """Half the size, then a block."""

    def __init__(self, fine: int, coarse: int, embedding: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2)
        self.block = Block(fine, coarse, embedding)

    def forward(self, x: Features, embedding: Embedding) -> Float[torch.Tensor, "n d h2 w2"]:
        """Half the height and width."""
        return self.block(self.pool(x), embedding)


class Up(nn.Module):
    """Twice the size, joined with the features of the way down, then a block."""

    def __init__(self, coarse: int, fine: int, embedding: int) -> None:
        super().__init__()
        self.block = Block(coarse + fine, fine, embedding)

    def forward(
        self, x: Features, passed: Float[torch.Tensor, "n d h2 w2"], embedding: Embedding
    ) -> Float[torch.Tensor, "n d h2 w2"]:
        """The height and width of `passed`."""
        return self.block(torch.cat([doubled(x), passed], 1), embedding)


class Attention(nn.Module):
    """Every place takes from every other what is like it (Vaswani et al., 2017), one head.

    Written out: the library's fast kernels do not promise the same bits twice on a GPU.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = norm("group", channels)
        self.ask = nn.Conv2d(channels, 3 * channels, 1)
        self.give = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Features) -> Features:
        """The same shape."""
        query, key, value = self.ask(self.norm(x)).flatten(2).chunk(3, 1)  # N x C x HW each
        likeness = query.transpose(1, 2) @ key / math.sqrt(x.shape[1])  # N x HW x HW
        mixed = value @ likeness.softmax(-1).transpose(1, 2)
        return x + self.give(mixed.reshape(x.shape))
