"""A picture in another style: the generator of CycleGAN, and that of U-GAT-IT.

Both halve the picture, change it in residual blocks, and double it again. `translator` (Zhu et al.,
2017) normalises each channel of each picture. `attentive_translator` (Kim et al., 2020) weighs the
channels by a classifier that tells the styles apart, and mixes that normalisation with one over
all channels, as the picture itself asks (AdaLIN). attentive_discriminator.py judges the latter.
"""

from __future__ import annotations

from typing import ClassVar, Final

import torch
from jaxtyping import Float
from torch import nn

from trombine.nets.blocks import Features, doubled, padded, steady
from trombine.nets.sizes import Net

Pictures = Float[torch.Tensor, "n c h w"]
_LAYERS: Final = 3  # of each size on the way down: a convolution, its norm, its activation
_COMPARED: Final = 64  # numbers of each place
_EDGE: Final = 7  # the side of the first and the last convolution
_OWN: Final = 2.2  # logit of .9: how much AdaLIN begins as a normalisation of each channel
_ALL: Final = -3.0  # and what doubles, as one of all channels


def channel_norm(channels: int) -> nn.GroupNorm:
    """Each channel of each picture to a mean of 0 and a deviation of 1."""
    return nn.GroupNorm(channels, channels, affine=False)


class Translator(Net):
    """A picture to one of the same size; `dilation` is of the blocks' first convolutions.

    A net that `compares` can tell places of pictures apart, for training alone (CUT: Park et al.,
    2020).
    """

    tasks = ("restore",)
    limits: ClassVar = {"halvings": range(1, 6), "dilation": range(1, 17)}

    def __init__(
        self,
        *,
        width: int = 32,
        halvings: int = 2,
        blocks: int = 6,
        dilation: int = 1,
        compares: bool = False,
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.multiple = 2**halvings
        deep = width * self.multiple
        self.fall = _fall(channels, width, halvings)
        self.body = nn.Sequential(*(Block(deep, dilation) for _ in range(blocks)))
        self.rise = nn.Sequential(*(Doubling(deep >> k, mixed=False) for k in range(halvings)))
        self.last = _edge(width, channels)
        sides = [width << k for k in range(halvings + 1)] + [deep]
        self.heads = nn.ModuleList(_head(side) for side in sides if compares)

    def features(self, x: Pictures) -> list[torch.Tensor]:
        """What it sees of pictures: at each size, and after half of its blocks."""
        seen, y = [], padded(2 * x - 1, self.multiple)
        for place, layer in enumerate(self.fall, 1):
            y = layer(y)
            if place % _LAYERS == 0:
                seen.append(y)
        return [*seen, self.body[: len(self.body) // 2](y)]

    def forward(self, x: Pictures) -> Pictures:
        """Pictures within [0, 1] to pictures within [0, 1]."""
        height, width = x.shape[-2:]
        features = self.body(self.fall(padded(2 * x - 1, self.multiple)))
        return _picture(self.last, self.rise(features))[..., :height, :width]


class AttentiveTranslator(Net):
    """The same with attention to what tells the styles apart, and AdaLIN."""

    tasks = ("restore",)
    limits: ClassVar = {"halvings": range(1, 6)}

    def __init__(
        self, *, width: int = 32, halvings: int = 2, blocks: int = 4, channels: int = 3
    ) -> None:
        super().__init__()
        self.multiple = 2**halvings
        deep = width * self.multiple
        self.fall = _fall(channels, width, halvings)
        self.before = nn.Sequential(*(Block(deep, 1) for _ in range(blocks)))
        self.attention = Attention(deep)
        self.style = nn.Sequential(nn.Linear(deep, deep), nn.ReLU(), nn.Linear(deep, deep))
        self.scale, self.shift = nn.Linear(deep, deep), nn.Linear(deep, deep)
        self.body = nn.ModuleList(AdaptiveBlock(deep) for _ in range(blocks))
        self.rise = nn.Sequential(*(Doubling(deep >> k, mixed=True) for k in range(halvings)))
        self.last = _edge(width, channels)

    def forward(self, x: Pictures) -> Pictures:
        """Pictures within [0, 1] to pictures within [0, 1]."""
        return self.attended(x)[0]

    def attended(self, x: Pictures) -> tuple[Pictures, Float[torch.Tensor, "n 2"]]:
        """The same, and what its classifier says: logits of being of the style it starts from."""
        height, width = x.shape[-2:]
        features, logits = self.attention(self.before(self.fall(padded(2 * x - 1, self.multiple))))
        style = torch.relu(self.style(features.mean((2, 3))))
        scale, shift = (part(style)[..., None, None] for part in (self.scale, self.shift))
        for block in self.body:
            features = block(features, scale, shift)
        return _picture(self.last, self.rise(features))[..., :height, :width], logits


class Attention(nn.Module):
    """Channels weighed by how much they tell a classifier, of their means and of their largest."""

    def __init__(self, channels: int, *, spectral: bool = False) -> None:
        super().__init__()
        self.mean, self.largest = (nn.Linear(channels, 1, bias=False) for _ in range(2))
        self.join = steady(nn.Conv2d(2 * channels, channels, 1))
        self.act = nn.LeakyReLU(0.2) if spectral else nn.ReLU()
        if spectral:
            for layer in (self.mean, self.largest):
                nn.utils.parametrizations.spectral_norm(layer)

    def forward(self, x: Features) -> tuple[Features, Float[torch.Tensor, "n 2"]]:
        """The features so weighed, and the classifier's two logits."""
        logits = torch.cat([self.mean(x.mean((2, 3))), self.largest(x.amax((2, 3)))], 1)
        weights = (layer.weight.view(1, -1, 1, 1) for layer in (self.mean, self.largest))
        return self.act(self.join(torch.cat([x * weight for weight in weights], 1))), logits


class Block(nn.Module):
    """Two convolutions, added to what they were given."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = _conv(width, width, dilation=dilation)
        self.second = _conv(width, width)
        self.norm = channel_norm(width)

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return x + self.norm(self.second(torch.relu(self.norm(self.first(x)))))


class AdaptiveBlock(nn.Module):
    """The same, normalised as AdaLIN does."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv(width, width), _conv(width, width)
        self.norm_first, self.norm_second = MixedNorm(width, _OWN), MixedNorm(width, _OWN)

    def forward(
        self, x: Features, scale: Float[torch.Tensor, "n c 1 1"], shift: torch.Tensor
    ) -> Features:
        """The same shape."""
        inner = torch.relu(scale * self.norm_first(self.first(x)) + shift)
        return x + scale * self.norm_second(self.second(inner)) + shift


class MixedNorm(nn.Module):
    """A normalisation of each channel mixed with one of all channels; each learns its share.

    The paper cuts shares at 0 and 1; here a sigmoid keeps them between, so that none gets stuck.
    """

    def __init__(self, channels: int, begins: float) -> None:
        super().__init__()
        self.own = channel_norm(channels)
        self.all = nn.GroupNorm(1, channels, affine=False)
        self.share = nn.Parameter(torch.full((1, channels, 1, 1), begins))

    def forward(self, x: Features) -> Features:
        """The same shape."""
        share = self.share.sigmoid()
        return share * self.own(x) + (1 - share) * self.all(x)


class Scaled(nn.Module):
    """A mixed normalisation, each channel scaled and shifted as it learns."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = MixedNorm(channels, _ALL)
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return self.scale * self.norm(x) + self.shift


class Doubling(nn.Module):
    """Twice the size with half of the channels."""

    def __init__(self, width: int, *, mixed: bool) -> None:
        super().__init__()
        self.conv = _conv(width, width // 2)
        self.norm = Scaled(width // 2) if mixed else channel_norm(width // 2)

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h2 w2"]:
        """Half as many channels, twice as high and wide."""
        return torch.relu(self.norm(self.conv(doubled(x))))


def _fall(channels: int, width: int, halvings: int) -> nn.Sequential:
    """The picture to `width` channels, doubled at each halving."""
    first = _edge(channels, width, bias=False)
    layers: list[nn.Module] = [first, channel_norm(width), nn.ReLU()]
    for k in range(halvings):
        wider = width << (k + 1)
        layers += [_conv(width << k, wider, stride=2), channel_norm(wider), nn.ReLU()]
    return nn.Sequential(*layers)


def _conv(inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    """A 3 x 3 convolution without the bias that a normalisation would take away."""
    return steady(
        nn.Conv2d(
            *(inputs, outputs, 3, stride),
            padding=dilation,
            dilation=dilation,
            bias=False,
            padding_mode="replicate",
        )
    )


def _head(channels: int) -> nn.Sequential:
    """Features of a place to the numbers by which it is compared."""
    return nn.Sequential(nn.Linear(channels, _COMPARED), nn.ReLU(), nn.Linear(_COMPARED, _COMPARED))


def _edge(inputs: int, outputs: int, *, bias: bool = True) -> nn.Conv2d:
    sides = {"padding": _EDGE // 2, "padding_mode": "replicate"}
    return steady(nn.Conv2d(inputs, outputs, _EDGE, bias=bias, **sides))


def _picture(last: nn.Conv2d, features: Features) -> Float[torch.Tensor, "n d h w"]:
    return (torch.tanh(last(features)) + 1) / 2
