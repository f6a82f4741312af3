"""Nets that enlarge pictures: residual, srresnet, rrdb."""

from __future__ import annotations

from typing import ClassVar, Final

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.nets.blocks import Features, begin_small, conv3, doubled, norm, normed
from trombine.nets.sizes import Net

# ---------------------------------------------------------------------------------------------
# Enlarging: 3 x 3 convolutions with shortcuts at the small size, then pixel shuffle.
#
# The net adds to the bicubically enlarged picture (Kim et al., 2016, VDSR) what is missing; nearly
# all work is done at the small size (Shi et al., 2016), without normalisation (Lim et al., 2017).


class Residual(Net):
    """A picture to one `factor` times as large; `depth` 3 x 3 convolutions of `width` channels."""

    tasks = ("upscale", "restore")

    def __init__(
        self, *, width: int = 32, depth: int = 8, factor: int = 2, channels: int = 3
    ) -> None:
        super().__init__()
        self.factor, self.depth = factor, depth
        self.head = conv3(channels, width)
        self.body = nn.Sequential(*(Step(width) for _ in range(depth)))
        self.tail = conv3(width, channels * factor**2)
        begin_small(self.tail, 0.1)

    @property
    def reach(self) -> int:
        """One pixel for each convolution: more than the two that bicubic interpolation looks at."""
        return self.depth + 2

    def forward(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c fh fw"]:
        """Small pictures, range [0, 1], to large ones, range about [0, 1]."""
        features = self.body(self.head(x - 0.5))  # so that the padding, 0, is grey
        return self.enlarged(x) + functional.pixel_shuffle(self.tail(features), self.factor)

    def enlarged(self, x: Float[torch.Tensor, "n c h w"]) -> Float[torch.Tensor, "n c fh fw"]:
        """The picture enlarged without learning: bicubic interpolation."""
        if self.factor == 1:
            return x
        return functional.interpolate(
            x, scale_factor=float(self.factor), mode="bicubic", align_corners=False
        )


class Step(nn.Module):
    """One convolution, added to what it was given."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.act = nn.ReLU()
        self.conv = conv3(width, width)

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return x + self.conv(self.act(x))


# ---------------------------------------------------------------------------------------------
# Enlarging as in SRResNet (Ledig et al., 2017), the generator of SRGAN, in any of its sizes.
#
# A wide first convolution, residual blocks with a shortcut over all of them, then for each doubling
# four times the channels, shuffled into a picture of twice the side. Unlike `residual` it has no
# interpolated picture to begin from: it learns all that it gives. Since each doubling is a part of
# its own, one for four times takes over all but one from one for two times (training/state.py).


FACTORS: Final = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}  # each a row of smaller ones


class SRResNet(Net):
    """A picture to one `factor` times as large; `blocks` of two convolutions of `width` channels.

    `kernel` is the side of the first and the last convolution.
    """

    tasks = ("upscale",)
    limits: ClassVar = {
        "factor": tuple(FACTORS),
        "kernel": range(1, 32),
        "norm": ("batch", "none", "spectral"),
    }

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
        if kernel % 2 == 0:
            raise InputError(f"kernel is odd, so that it has a middle; not {kernel}")
        super().__init__()
        self.factor, self.blocks, self.kernel = factor, blocks, kernel
        self.head = nn.Conv2d(channels, width, kernel, padding=kernel // 2)
        self.act = Slope(width)
        self.body = nn.Sequential(*(PlainBlock(width, norm) for _ in range(blocks)))
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


class PlainBlock(nn.Module):
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


class Joint(nn.Module):
    """The convolution below the long shortcut."""

    def __init__(self, width: int, kind: str) -> None:
        super().__init__()
        self.conv, self.norm = _conv(width, kind), norm(kind, width)

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return self.norm(self.conv(x))


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


class Slope(nn.PReLU):
    """PReLU (He et al., 2015): below zero each channel has a slope that is learnt."""

    def forward(self, input: Features) -> Features:
        """The same shape, computed in the precision of what comes in."""
        return nn.functional.prelu(input, self.weight.to(input.dtype))


def _conv(width: int, kind: str) -> nn.Conv2d:
    """No bias before batch norm, which would take it away again."""
    return normed(conv3(width, width, bias=kind != "batch"), kind)


# ---------------------------------------------------------------------------------------------
# Enlarging as in ESRGAN (Wang et al., 2018): residual blocks of residual dense blocks, no norm.
#
# In a dense block each convolution sees what all before it gave. What a block adds, and what three
# of them add together, counts a fifth, so that many blocks in a row begin within bounds.


DOUBLINGS: Final = {2: 1, 4: 2, 8: 3}
PART: Final = 0.2  # of what is added


class RRDB(Net):
    """A picture to one `factor` times as large; `blocks`, each of three dense ones.

    A dense block has five convolutions: four that give `growth` channels, and one that gives
    `width`.
    """

    tasks = ("upscale",)
    limits: ClassVar = {"factor": tuple(DOUBLINGS)}

    def __init__(
        self,
        *,
        width: int = 64,
        blocks: int = 23,
        growth: int = 32,
        factor: int = 4,
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.factor, self.blocks = factor, blocks
        self.head = conv3(channels, width)
        self.body = nn.Sequential(*(DenseBlocks(width, growth) for _ in range(blocks)))
        self.join = conv3(width, width)
        self.rise = nn.Sequential(*(DoubleUp(width) for _ in range(DOUBLINGS[factor])))
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


class DenseBlocks(nn.Module):
    """Three dense blocks in a row, a fifth of them added to what they were given."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(Dense(width, growth) for _ in range(3)))

    def forward(self, x: Features) -> Features:
        """The same shape."""
        return x + PART * self.dense(x)


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


class DoubleUp(nn.Module):
    """Twice the size, each pixel repeated, then a convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv, self.act = conv3(width, width), _act()

    def forward(self, x: Features) -> Float[torch.Tensor, "n c h2 w2"]:
        """As many channels, twice the height and width."""
        return self.act(self.conv(doubled(x)))


def _act() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.2)
