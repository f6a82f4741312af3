"""Enlarging as in ESRGAN (Wang et al., 2018): residual blocks of residual dense blocks, no norm.

In a dense block each convolution sees what all before it gave. What a block adds, and what three
of them add together, counts a fifth, so that many blocks in a row begin within bounds.
"""

from __future__ import annotations

from typing import Final, final

import torch
from jaxtyping import Float
from torch import nn

from trombine.core.errors import InputError
from trombine.nets.blocks import Features, begin_small, conv3, doubled
from trombine.nets.sizes import DEEPEST, WIDEST, Net, check_whole

DOUBLINGS: Final = {2: 1, 4: 2, 8: 3}
PART: Final = 0.2  # of what is added


@final
class RRDB(Net):
    """A picture to one `factor` times as large; `blocks`, each of three dense ones.

    A dense block has five convolutions: four that give `growth` channels, and one that gives
    `width`.
    """

    tasks = ("upscale",)

    def __init__(
        self,
        *,
        width: int = 64,
        blocks: int = 23,
        growth: int = 32,
        factor: int = 4,
        channels: int = 3,
    ) -> None:
        check_whole("width", width, 1, WIDEST)
        check_whole("blocks", blocks, 1, DEEPEST)
        check_whole("growth", growth, 1, WIDEST)
        if factor not in DOUBLINGS:
            raise InputError(f"factor is one of {', '.join(map(str, DOUBLINGS))}, not {factor}")
        check_whole("channels", channels, 1, WIDEST)
        super().__init__()
        self.factor, self.blocks = factor, blocks
        self.head = conv3(channels, width)
        self.body = nn.Sequential(*(Block(width, growth) for _ in range(blocks)))
        self.join = conv3(width, width)
        self.rise = nn.Sequential(*(Rise(width) for _ in range(DOUBLINGS[factor])))
        self.finish, self.act = conv3(width, width), _act()
        self.tail = conv3(width, channels)
        begin_small(self.tail, 0.1)

    @property
    def reach(self) -> int:
        """How many pixels of the small picture, to each side, a pixel of the large depends on.

        Followed back from the right-most of the large pixels that lie in one small pixel.
        """
        place = self.factor - 1 + 2
        for _ in self.rise:
            place = (place + 1) // 2
        return place + 1 + 15 * self.blocks + 1

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c fh fw"]:
        """Small pictures, range [0, 1], to large ones, range about [0, 1]."""
        first = self.head(x - 0.5)  # so that the padding, 0, is grey
        features = self.rise(first + self.join(self.body(first)))
        return self.tail(self.act(self.finish(features))) + 0.5


@final
class Block(nn.Module):
    """Three dense blocks in a row, a fifth of them added to what they were given."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(Dense(width, growth) for _ in range(3)))

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return x + PART * self.dense(x)


@final
class Dense(nn.Module):
    """Five convolutions, each of what it was given and what those before it gave."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        outputs = [growth] * 4 + [width]
        self.convs = nn.ModuleList(
            conv3(width + growth * number, output) for number, output in enumerate(outputs)
        )
        self.act = _act()

    def forward(self, x: Features) -> Features:
        """The same shape."""
        seen = x
        *grows, last = self.convs
        for conv in grows:
            seen = torch.cat((seen, self.act(conv(seen))), 1)
        return x + PART * last(seen)


@final
class Rise(nn.Module):
    """Twice the size, each pixel repeated, then a convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv, self.act = conv3(width, width), _act()

    def forward(self, x: Features) -> Float[torch.Tensor, "n c h2 w2"]:
        """As many channels, twice the height and width."""
        return self.act(self.conv(doubled(x)))


def _act() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.2)
