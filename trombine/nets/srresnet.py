"""Enlarging as in SRResNet (Ledig et al., 2017), the generator of SRGAN, in any of its sizes.

A wide first convolution, residual blocks with a shortcut over all of them, then for each doubling
four times the channels, shuffled into a picture of twice the side. Unlike `residual` it has no
interpolated picture to begin from: it learns all that it gives. Since each doubling is a part of
its own, one for four times takes over all but one from one for two times (training/start.py).
"""

from __future__ import annotations

from typing import Final, final

import torch
from jaxtyping import Float
from torch import nn

from trombine.core.errors import InputError
from trombine.nets.blocks import Features, begin_small, conv3, norm, normed
from trombine.nets.sizes import DEEPEST, WIDEST, Net, check_choice, check_whole

FACTORS: Final = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}  # each a row of smaller ones
WIDEST_KERNEL: Final = 31


@final
class SRResNet(Net):
    """A picture to one `factor` times as large; `blocks` of two convolutions of `width` channels.

    `kernel` is the side of the first and the last convolution.
    """

    tasks = ("upscale",)

    def __init__(
        self,
        *,
        width: int = 64,
        blocks: int = 16,
        kernel: int = 9,
        factor: int = 2,
        norm: str = "batch",
        channels: int = 3,
    ) -> None:
        check_whole("width", width, 1, WIDEST)
        check_whole("blocks", blocks, 1, DEEPEST)
        _check_kernel(kernel)
        _check_factor(factor)
        check_choice("norm", norm, ("batch", "none", "spectral"))
        check_whole("channels", channels, 1, WIDEST)
        super().__init__()
        self.factor, self.blocks, self.kernel = factor, blocks, kernel
        self.head = nn.Conv2d(channels, width, kernel, padding=kernel // 2)
        self.act = Slope(width)
        self.body = nn.Sequential(*(Block(width, norm) for _ in range(blocks)))
        self.join = Joint(width, norm)
        self.rise = nn.Sequential(*(Rise(width, times) for times in FACTORS[factor]))
        self.tail = nn.Conv2d(width, channels, kernel, padding=kernel // 2)
        begin_small(self.tail, 0.1)

    @property
    def reach(self) -> int:
        """How many pixels of the small picture, to each side, a pixel of the large depends on.

        Followed back from the right-most of the large pixels that lie in one small pixel: what
        the last convolution sees of the large picture, then what each doubling adds.
        """
        place = self.factor - 1 + self.kernel // 2
        for times in reversed(FACTORS[self.factor]):
            place = place // times + 1
        return place + 1 + 2 * self.blocks + self.kernel // 2

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c fh fw"]:
        """Small pictures, range [0, 1], to large ones, range about [0, 1]."""
        first = self.act(self.head(2 * x - 1))  # so that the padding, 0, is grey
        features = first + self.join(self.body(first))
        return (self.tail(self.rise(features)) + 1) / 2


def _check_kernel(kernel: int) -> None:
    check_whole("kernel", kernel, 1, WIDEST_KERNEL)
    if kernel % 2 == 0:
        raise InputError(f"kernel is odd, so that it has a middle; not {kernel}")


def _check_factor(factor: int) -> None:
    if factor not in FACTORS:
        raise InputError(f"factor is one of {', '.join(map(str, FACTORS))}, not {factor}")


@final
class Block(nn.Module):
    """Two convolutions, added to what they were given."""

    def __init__(self, width: int, kind: str) -> None:
        super().__init__()
        self.conv1, self.norm1 = _conv(width, kind), norm(kind, width)
        self.act = Slope(width)
        self.conv2, self.norm2 = _conv(width, kind), norm(kind, width)
        if kind == "none":  # else what passes would grow from block to block
            begin_small(self.conv2, 0.1)

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return x + self.norm2(self.conv2(self.act(self.norm1(self.conv1(x)))))


@final
class Joint(nn.Module):
    """The convolution below the long shortcut."""

    def __init__(self, width: int, kind: str) -> None:
        super().__init__()
        self.conv, self.norm = _conv(width, kind), norm(kind, width)

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return self.norm(self.conv(x))


@final
class Rise(nn.Module):
    """A convolution to `times` squared as many channels, shuffled into `times` the side."""

    def __init__(self, width: int, times: int) -> None:
        super().__init__()
        self.conv = conv3(width, width * times**2)
        self.shuffle = nn.PixelShuffle(times)
        self.act = Slope(width)

    def forward(self, x: Features) -> Float[torch.Tensor, "n c fh fw"]:
        """As many channels, `times` the height and width."""
        return self.act(self.shuffle(self.conv(x)))


@final
class Slope(nn.PReLU):
    """PReLU (He et al., 2015): below zero each channel has a slope that is learnt."""

    def forward(self, input: Features) -> Features:
        """The same shape, computed in the precision of what comes in."""
        return nn.functional.prelu(input, self.weight.to(input.dtype))


def _conv(width: int, kind: str) -> nn.Conv2d:
    """No bias before batch norm, which would take it away again."""
    return normed(conv3(width, width, bias=kind != "batch"), kind)
