"""Drawing a face in another style: a picture to a code of what is where, the code to a picture.

The code is of places, an eighth as wide as the picture, so that what is in it stays where it was.
An encoder, told the style that a picture is in, writes it; a decoder, told the style that is
wanted, makes a soft picture of it. Then a flow adds what the soft picture lacks, as in inventor.py,
from the same noise whatever the picture: near pictures become near ones, and a film does not
flicker. That is half of the noise that the flow learned with: where many details are as likely it
then adds few, and not grain.
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Final

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.devices import device_of
from trombine.core.errors import InputError
from trombine.core.grammar import instead
from trombine.core.rng import Rng
from trombine.nets.blocks import Features, Normed, conv3, doubled
from trombine.nets.inventor import SPREAD, DetailFlow, walked
from trombine.nets.sizes import WIDEST, Net
from trombine.world import STYLES

CALM: Final = 0.5  # what of the noise details are made of
DEEP: Final = 8  # the side of a picture is so many times that of its code

Pictures = Float[Tensor, "n 3 h w"]
Codes = Float[Tensor, "n latent h8 w8"]
Styles = Int64[Tensor, "n"]
"""Of each picture, its style's place in the net's `styles`."""


class Restyler(Net):
    """N x 3 x size x size in [0, 1], in styles `source`, to the same, nearly, in styles `target`.

    `styles`: their names with + between them, in the order in which numbers mean them.
    """

    tasks = ("restyle",)
    limits: ClassVar = {"details": range(2, WIDEST + 1), "norm": ("group", "batch")}

    def __init__(
        self,
        *,
        styles: str = "+".join(STYLES),
        size: int = 128,
        width: int = 32,
        latent: int = 64,
        blocks: int = 3,
        details: int = 20,
        levels: int = 2,
        finish: int = 5,
        norm: str = "batch",
    ) -> None:
        if size % DEEP:
            raise InputError(f"size is a multiple of {DEEP}, not {size}")
        super().__init__()
        self.styles = styles_of(styles)
        self.size, self.finish = size, finish
        self.blocks, self.norm = blocks, norm
        count = len(self.styles)
        self.encoder = Encoder(count, width, latent, norm)
        self.decoder = Decoder(count, width, latent, blocks, norm)
        self.details = DetailFlow(details, levels, told=12 + count)

    def forward(self, x: Pictures, source: Styles, target: Styles) -> Pictures:
        """Each picture in its other style, details and all."""
        soft = self.soft(x, source, target)
        told, noise = self.told_by(soft, target), CALM * self.noise(soft)
        lacks = walked(lambda y, t: self.details(y, told, t), noise, self.finish)
        return soft + SPREAD / 2 * functional.pixel_shuffle(lacks, 2)

    def soft(self, x: Pictures, source: Styles, target: Styles) -> Pictures:
        """The same without details."""
        return self.decoder(self.encoder(x, source), target)

    @property
    def soft_reach(self) -> int | None:
        """How far `soft` looks, in pixels, to a multiple of DEEP; None if at all of a picture."""
        if self.norm == "group":
            return None
        # Layers of 3 x 3 at each size, and the pixels that share a place of the code.
        looked = DEEP - 1 + 2 * (2 + 3) + 4 * (1 + 2) + 8 * (3 + 1 + 2 * self.blocks)
        return -(-looked // DEEP) * DEEP

    def told_by(self, soft: Pictures, target: Styles) -> Float[Tensor, "n p h2 w2"]:
        """What the flow of details sees: soft pictures, and their styles as planes."""
        seen = functional.pixel_unshuffle(2 * soft - 1, 2)
        styles = functional.one_hot(target, len(self.styles)).to(seen)[:, :, None, None]
        return torch.cat([seen, styles.expand(-1, -1, *seen.shape[-2:])], 1)

    def noise(self, like: Pictures) -> Float[Tensor, "n 12 h2 w2"]:
        """Standard normal, the same for every picture; in the middle of a larger one, too."""
        noise = torch.from_numpy(_planes(self.size // 2)).to(like)
        if round_it := (like.shape[-1] - self.size) // 4:
            noise = functional.pad(noise, [round_it] * 4, mode="circular")
        return noise.expand(like.shape[0], -1, -1, -1)

    def named(self, source: str, target: str, count: int = 1) -> tuple[Styles, Styles]:
        """Two styles as the net takes them, of `count` pictures, where the net is."""
        places = (self.styles.index(name) for name in (source, target))
        first, second = (torch.full((count,), n, device=device_of(self)) for n in places)
        return first, second


@lru_cache(maxsize=4)
def _planes(side: int) -> Float64[np.ndarray, "1 12 h w"]:
    chance = Rng(seed=0, places=np.zeros(1, np.int64))
    return chance.normals("restyler's details", (12, side, side))


def styles_of(text: str) -> tuple[str, ...]:
    """The world's styles that a net's size names."""
    names = tuple(text.split("+"))
    for name in names:
        if name not in STYLES:
            raise InputError(f"styles: {name!r} is none; {instead(name, STYLES)}")
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError("styles names two or more, each once, with + between them")
    return names


class Encoder(nn.Module):
    """A picture to its code, told its style: a stem of its own, and how each layer weighs it."""

    def __init__(self, styles: int, width: int, latent: int, norm: str) -> None:
        super().__init__()
        self.stem = Own(12, width, styles)
        self.enter = Told(width, width, styles, norm)
        self.second = Told(width, 2 * width, styles, norm)
        self.third = Told(2 * width, 4 * width, styles, norm)
        self.block = Two(4 * width, styles, norm)
        self.last = nn.Conv2d(4 * width, latent, 1)

    def forward(self, x: Pictures, style: Styles) -> Codes:
        """An eighth as high and wide."""
        y = self.stem(functional.pixel_unshuffle(2 * x - 1, 2), style)
        y = self.second(functional.avg_pool2d(self.enter(y, style), 2), style)
        y = self.third(functional.avg_pool2d(y, 2), style)
        return self.last(self.block(y, style))


class Decoder(nn.Module):
    """A code to a soft picture, told its style as the encoder is."""

    def __init__(self, styles: int, width: int, latent: int, blocks: int, norm: str) -> None:
        super().__init__()
        self.enter = Told(latent, 4 * width, styles, norm)
        self.blocks = nn.ModuleList(Two(4 * width, styles, norm) for _ in range(blocks))
        self.second = Told(4 * width, 2 * width, styles, norm)
        self.more = Told(2 * width, 2 * width, styles, norm)
        self.third = Told(2 * width, width, styles, norm)
        self.most = Told(width, width, styles, norm)
        self.last = Own(width, 12, styles)

    def forward(self, codes: Codes, style: Styles) -> Pictures:
        """Nearly within [0, 1]."""
        x = self.enter(codes, style)
        for block in self.blocks:
            x = block(x, style)
        x = self.second(doubled(x), style)
        x = self.third(doubled(x + self.more(x, style)), style)
        return 0.5 + functional.pixel_shuffle(self.last(x + self.most(x, style), style), 2) / 2


class Own(nn.Module):
    """A convolution with weights of its own for each style, the same at first."""

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.outputs, self.conv = outputs, conv3(inputs, styles * outputs)
        with torch.no_grad():
            for weights in self.conv.parameters():
                weights.copy_(weights[:outputs].repeat(styles, *[1] * (weights.ndim - 1)))

    def forward(self, x: Features, style: Styles) -> Float[Tensor, "n d h w"]:
        """The same height and width."""
        every = self.conv(x).unflatten(1, (-1, self.outputs))
        return every[torch.arange(style.shape[0], device=style.device), style]


class Told(Normed):
    """A convolution, normalised, each channel scaled and shifted as is right for a style."""

    def __init__(self, inputs: int, outputs: int, styles: int, kind: str) -> None:
        super().__init__(inputs, outputs, kind)
        self.told = nn.Embedding(styles, 2 * outputs)
        nn.init.zeros_(self.told.weight)

    def forward(self, x: Features, style: Styles) -> Float[Tensor, "n d h w"]:
        """The same height and width."""
        scale, shift = self.told(style)[:, :, None, None].chunk(2, 1)
        return self.act(self.norm(self.conv(x)) * (1 + scale) + shift)


class Two(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int, styles: int, kind: str) -> None:
        super().__init__()
        self.one, self.two = (Told(channels, channels, styles, kind) for _ in range(2))

    def forward(self, x: Features, style: Styles) -> Features:
        """The same shape."""
        return x + self.two(self.one(x, style), style)
