"""Painting what is missing: U-Nets over a smooth fill, told what belongs there or not.

A hole is first filled smoothly from its border (`pull_push`); the net learns what to add.
Beside the picture it may be given labels of the parts and landmarks; where either is unknown,
the net goes by what it sees. Convolutions of four kinds, to be compared: `plain`; `gated` (Yu
et al., 2019); `partial` (Liu et al., 2018), which see nothing of the fill, only what is known,
and pass on how far that has spread; `dilated` ones at the coarsest size. Several stages in a
row each paint over what the one before put into the hole.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from trombine.nets.blocks import Features, Normed, begin_small, doubled, padded, widths
from trombine.nets.sizes import WIDEST, Net
from trombine.nets.steering import LABELS, Labels, Parts, plane_count, planes_of, steered_by

_COARSEST: Final = (4, 2, 1)  # pixels a side: what a fill begins with


def pull_push(
    picture: Float[Tensor, "n c h w"], hole: Float[Tensor, "n 1 h w"], levels: int
) -> Float[Tensor, "n c h w"]:
    """The picture with its hole filled from its border, the smoother the farther (Gortler et al.,
    1996); grey where nothing is known. Height and width can be halved `levels` times."""
    known = (1 - hole).to(picture.dtype)
    pyramid = [torch.cat([picture * known, known], 1)]
    for _ in range(levels):
        pyramid.append(functional.avg_pool2d(pyramid[-1], 2))
    for side in _COARSEST:  # by interpolation, since these may not be halves
        pyramid.append(functional.interpolate(pyramid[-1], size=(side, side), mode="bilinear"))
    total, share = pyramid[-1][:, :-1], pyramid[-1][:, -1:]
    grey = torch.full_like(total, 0.5)
    filled = torch.where(share > 0, total / share.clamp(min=1e-6), grey)
    for level in reversed(pyramid):
        total, share = level[:, :-1], level[:, -1:]
        filled = functional.interpolate(filled, size=total.shape[-2:], mode="bilinear")
        # Half a pixel that is known says all of its colour.
        trust = (2 * share).clamp(max=1.0)
        filled = trust * total / share.clamp(min=1e-6) + (1 - trust) * filled
    return torch.where(hole > 0.5, filled, picture)


KINDS: Final = ("plain", "gated", "partial", "dilated")
NORMS: Final = ("none", "group", "batch")
UPS: Final = ("repeat", "shuffle")  # how coarse features become fine ones
FINE: Final = 16  # channels of the last layer of a net that works at half the size
_COARSE: Final = 2  # layers at the coarsest size, besides those of every size

Valid = Float[Tensor, "n 1 h w"]


class Painter(Net):
    """N x 3 x H x W in [0, 1] and holes to N x 3 x H x W, for any H and W; `levels` times halved.

    Outside the hole what comes out means nothing: the task keeps the picture there.
    """

    tasks = ("repair",)
    limits: ClassVar = {
        "inputs": range(4, 5),  # colours and the hole
        "stages": range(1, 5),
        "convolution": KINDS,
        "norm": NORMS,
        "parts": LABELS,
        "up": UPS,
    }

    def __init__(
        self,
        *,
        width: int = 20,
        levels: int = 4,
        inputs: int = 4,
        convolution: str = "plain",
        norm: str = "batch",
        parts: str = "none",
        points: bool = False,
        stages: int = 1,
        up: str = "repeat",
        halved: bool = False,
        widest: int = WIDEST,
    ) -> None:
        if halved and convolution == "partial":
            raise ValueError("halved: partial convolutions need pixels, one by one")
        super().__init__()
        self.levels, self.multiple = levels, 2**levels
        self.embedding = None if parts == "none" else Labels(parts)
        self.points = points
        self.optional = steered_by(self.embedding, points)
        planes = plane_count(self.embedding, points)
        sides = sides_of(width, widest, levels - halved)
        self.stages = nn.ModuleList(
            Stage(sides, planes, convolution, norm, up, halved=halved) for _ in range(stages)
        )

    def forward(
        self,
        x: Float[Tensor, "n 3 h w"],
        hole: Float[Tensor, "n 1 h w"],
        parts: Parts | None = None,
        points: Float[Tensor, "n 68 2"] | None = None,
    ) -> Float[Tensor, "n 3 h w"]:
        """`parts`: labels, 255 where unknown, or how likely each is, which is less than 1 in all
        where unknown; `points`: landmarks in pixels, NaN where unknown."""
        height, width = x.shape[-2:]
        picture = padded(x, self.multiple)
        hole = padded(hole, self.multiple)
        steer = planes_of(picture, self.embedding, parts, self.points, points)
        painted = pull_push(picture, hole, self.levels)
        for stage in self.stages:
            painted = torch.where(hole > 0.5, stage(painted, hole, steer), picture)
        return painted[..., :height, :width]


def sides_of(width: int, widest: int, halvings: int) -> list[int]:
    """The channels of a stage at each size, its first size first."""
    return [min(side, widest) for side in widths(width, halvings)]


class Stage(nn.Module):
    """One U-Net: what it adds to a picture whose holes are filled already.

    `halved`: it works at half the size, where four pixels are one with four times the channels; a
    last layer at full size sees all that the first sees, so that edges stay where they are told.
    """

    def __init__(
        self, sides: list[int], planes: int, kind: str, norm: str, up: str, *, halved: bool = False
    ) -> None:
        super().__init__()
        self.kind = kind
        seen = 3 if kind == "partial" else 4 + planes  # which sees no hole: nothing is known there
        self.first = Layer(4 * seen if halved else seen, sides[0], kind, norm)
        # What belongs where is known everywhere, so it must not pass through a partial layer.
        self.steer = (
            Layer(planes, sides[0], "plain", norm) if kind == "partial" and planes else None
        )
        self.second = Layer(sides[0], sides[0], kind, norm)
        pairs = list(pairwise(sides))
        self.down = nn.ModuleList(Two(fine, coarse, kind, norm) for fine, coarse in pairs)
        dilations = [2**n for n in range(1, _COARSE + 1)] if kind == "dilated" else [1] * _COARSE
        self.coarse = nn.ModuleList(
            Layer(sides[-1], sides[-1], kind, norm, dilation=dilation) for dilation in dilations
        )
        shuffles = up == "shuffle"
        self.up = nn.ModuleList(
            Two((fine if shuffles else coarse) + fine, fine, kind, norm)
            for fine, coarse in reversed(pairs)
        )
        self.shuffles = (
            nn.ModuleList(Shuffle(coarse, fine) for fine, coarse in reversed(pairs))
            if shuffles
            else None
        )
        fine = FINE if halved else sides[0]
        self.narrow = nn.Conv2d(sides[0], fine, 1) if halved else None
        self.fine = Layer(fine + seen, fine, kind, norm) if halved else None
        self.last = nn.Conv2d(fine, 3, 1)
        begin_small(self.last, 0.1)

    def forward(
        self, filled: Float[Tensor, "n 3 h w"], hole: Valid, steer: Float[Tensor, "n p h w"] | None
    ) -> Float[Tensor, "n 3 h w"]:
        """The filled pictures, painted; height and width are multiples of the net's."""
        valid = 1 - hole
        planes = [2 * filled - 1, hole] if steer is None else [2 * filled - 1, hole, steer]
        seen = torch.cat(planes, 1)
        if self.kind == "partial":
            x, valid = self.first((2 * filled - 1) * valid, valid)
            if self.steer is not None and steer is not None:
                x = x + self.steer(steer, valid)[0]
                valid = torch.ones_like(valid)
        elif self.fine is not None:
            seen = seen.contiguous(memory_format=torch.channels_last)  # by a quarter faster
            valid = functional.avg_pool2d(valid, 2)
            x, valid = self.first(functional.pixel_unshuffle(seen, 2), valid)
        else:
            x, valid = self.first(seen, valid)
        x, valid = self.second(x, valid)
        passed = [(x, valid)]
        for down in self.down:
            x, valid = passed[-1]
            # A coarse pixel is known as far as the fine ones are; what is unknown is 0.
            passed.append(down(functional.avg_pool2d(x, 2), functional.avg_pool2d(valid, 2)))
        x, valid = passed.pop()
        for layer in self.coarse:
            x, valid = layer(x, valid)
        for number, up in enumerate(self.up):
            fine, fine_valid = passed.pop()
            x = doubled(x) if self.shuffles is None else self.shuffles[number](x)
            share = fine.shape[1] / (fine.shape[1] + x.shape[1])
            known = share * fine_valid + (1 - share) * doubled(valid)
            x, valid = up(torch.cat([x, fine], 1), known)
        if self.narrow is not None and self.fine is not None:
            x, _ = self.fine(torch.cat([doubled(self.narrow(x)), seen], 1), doubled(valid))
        return filled + self.last(x)


class Shuffle(nn.Module):
    """Twice the size: each pixel's channels become those of four (Shi et al., 2016).

    Without a bias: where nothing is known, nothing comes out.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 4 * outputs, 1, bias=False)

    def forward(self, x: Features) -> Float[Tensor, "n d h2 w2"]:
        """Twice the height and width."""
        return functional.pixel_shuffle(self.conv(x), 2)


class Two(nn.Module):
    """Two layers, the second beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, kind: str, norm: str) -> None:
        super().__init__()
        self.layer1 = Layer(inputs, outputs, kind, norm)
        self.layer2 = Layer(outputs, outputs, kind, norm)

    def forward(self, x: Features, valid: Valid) -> tuple[Float[Tensor, "n d h w"], Valid]:
        """The same height and width."""
        x, valid = self.layer1(x, valid)
        more, valid = self.layer2(x, valid)
        return x + more, valid


class Layer(Normed):
    """A convolution of a kind, normalised and activated.

    `valid` says how much of each pixel is known. Only partial layers go by it: they take what is
    unknown to be 0 in `x`, weigh what is known the more, and know a pixel where they saw any.
    """

    def __init__(
        self, inputs: int, outputs: int, kind: str, norm: str, *, dilation: int = 1
    ) -> None:
        channels = 2 * outputs if kind == "gated" else outputs
        super().__init__(inputs, channels, norm, dilation=dilation)
        self.kind = kind

    def forward(self, x: Features, valid: Valid) -> tuple[Float[Tensor, "n d h w"], Valid]:
        """The same height and width."""
        if self.kind == "gated":
            x, gate = self.norm(self.conv(x)).chunk(2, 1)
            return self.act(x) * 2 * gate.sigmoid(), valid  # half of the gates begin closed
        if self.kind != "partial":
            return self.act(self.norm(self.conv(x))), valid
        share = functional.avg_pool2d(valid, 3, stride=1, padding=1)
        known = (share > 0).to(share.dtype)
        bias = 0.0 if self.conv.bias is None else self.conv.bias.view(1, -1, 1, 1)
        x = (self.conv(x) - bias) / share.clamp(min=1e-3) + bias
        return self.act(self.norm(x)) * known, known
