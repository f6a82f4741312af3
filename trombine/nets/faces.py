"""Small nets round the reader: finder, refiner, completer."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Final

import torch
from jaxtyping import Float
from torch import nn
from torch.nn.functional import interpolate, pixel_unshuffle

from trombine.core.conventions import PARTS
from trombine.nets.blocks import Conv, padded
from trombine.nets.painter import pull_push
from trombine.nets.reader import QUIET, Mix, Pair, Up
from trombine.nets.sizes import WIDEST, Net

# ---------------------------------------------------------------------------------------------
# Finding faces: a picture to where the middles of small faces are.
#
# A small net, for pictures at several sizes: it knows faces whose landmarks' box is `SMALLEST` to
# `LARGEST` pixels long, and faces/scan.py shows it the picture at half the size, and half of that,
# so that each face comes into that range. Its features lie at an eighth of the picture's size, with
# what surrounds them seen at a sixteenth.


SMALLEST: Final = 11.0  # pixels: the longer side of the box of a face's landmarks
LARGEST: Final = 34.0
_FINDER_MULTIPLE: Final = 16  # of the sides that it works in


class Finder(Net):
    """N x 3 x H x W within [0, 1] to N x 2 x K x L: at every eighth pixel a logit of a face having
    its middle there, and the log of its size in pixels."""

    tasks = ("find",)
    limits: ClassVar = {"width": range(4, WIDEST + 1)}

    def __init__(self, *, width: int = 16) -> None:
        super().__init__()
        fine, middle, coarse = width * 3 // 2, width * 2, width * 3
        self.first = Conv(3, width, "batch", stride=2)
        self.second = Conv(width, fine, "batch", stride=2)
        self.third = nn.Sequential(
            Pair(fine, middle, "batch", stride=2), Pair(middle, middle, "batch")
        )
        self.round = Pair(middle, coarse, "batch", stride=2)
        self.up = Up(coarse, middle, "batch")
        self.last = Mix(middle, 2)

    def forward(self, x: Float[torch.Tensor, "n 3 h w"]) -> Float[torch.Tensor, "n 2 k l"]:
        """Pictures of any size."""
        x = self.third(self.second(self.first(2 * padded(x, _FINDER_MULTIPLE) - 1)))
        return self.last(self.up(self.round(x), x))


# ---------------------------------------------------------------------------------------------
# Refining what is where: parts that are known at half of a picture's size, at all of it.
#
# What a reader says of a window of 128 pixels is true to a third of a pixel there, which in a
# large photograph is several. This net sees the photograph's own pixels beside what is known. It
# is small, for the reader has decided what everything is: where edges run is seen close to them.
# Asked again of what it said it goes from a size to twice that, as often as there are pixels.


_REFINER_MULTIPLE: Final = 4  # of the sides that it works in
_LEAST: Final = 1e-3  # likely, where a logarithm is taken


class Refiner(Net):
    """N x 3 x H x W within [0, 1], and how likely each part is at every second pixel, N x 19 x H/2
    x W/2 (rounded up), to the logits of the parts, N x 19 x H x W."""

    tasks = ("refine",)
    limits: ClassVar = {"width": range(4, WIDEST + 1), "norm": ("group", "batch")}

    def __init__(self, *, width: int = 24, head: int = 32, norm: str = "batch") -> None:
        super().__init__()
        self.first = Pair(4 * 3 + len(PARTS), width, norm)
        self.down = Pair(width, 2 * width, norm, stride=2)
        self.deep = Conv(2 * width, 2 * width, norm)
        self.up = Up(2 * width, width, norm)
        self.head = Conv(width, head, norm)
        self.parts = nn.Sequential(Mix(head, 4 * len(PARTS)), nn.PixelShuffle(2))

    def forward(
        self, x: Float[torch.Tensor, "n 3 h w"], parts: Float[torch.Tensor, "n 19 h2 w2"]
    ) -> Float[torch.Tensor, "n 19 h w"]:
        """Pictures of any size."""
        height, width = x.shape[-2:]
        pixels = pixel_unshuffle(2 * padded(x, _REFINER_MULTIPLE) - 1, 2)
        known = padded(parts.clamp(min=_LEAST).log(), _REFINER_MULTIPLE // 2)
        fine = self.first(torch.cat([pixels, known], 1))
        coarse = self.down(fine)
        fine = self.up(coarse + self.deep(coarse), fine)
        said = QUIET * self.parts(self.head(fine))
        # What is known goes on where nothing speaks against it.
        on = interpolate(known, scale_factor=2.0, mode="bilinear", align_corners=False)
        return (on + said)[..., :height, :width]


# ---------------------------------------------------------------------------------------------
# Completing a face: which part is where, under its hole too.
#
# A U-Net as that of nets/reader.py: it works at a half to a sixteenth of the picture's size. It
# sees the hole filled smoothly from its border, and where the hole is: what a reader, which is
# shown no hole, takes for dark glasses.


MULTIPLE = 16  # of the sides that it works in
_LEVELS = 4  # halvings of the smooth fill


class Completer(Net):
    """N x 3 x H x W within [0, 1] and holes to the logits of the parts, N x 19 x H x W."""

    tasks = ("complete",)
    limits: ClassVar = {
        "width": range(4, WIDEST + 1),
        "inputs": range(4, 5),  # colours and the hole
        "norm": ("group", "batch"),
    }

    def __init__(
        self, *, width: int = 24, inputs: int = 4, head: int = 32, norm: str = "batch"
    ) -> None:
        super().__init__()
        sides = [width, 2 * width, 3 * width, 4 * width]
        pairs = list(pairwise(sides))
        self.first = Pair(inputs, sides[0], norm, stride=2)
        self.down = nn.ModuleList(Pair(fine, coarse, norm, stride=2) for fine, coarse in pairs)
        self.deep = nn.ModuleList(Conv(sides[3], sides[3], norm) for _ in range(2))
        self.up = nn.ModuleList(Up(coarse, fine, norm) for fine, coarse in reversed(pairs))
        self.head = Conv(width, head, norm)
        self.parts = nn.Sequential(Mix(head, 4 * len(PARTS)), nn.PixelShuffle(2))

    def forward(
        self, x: Float[torch.Tensor, "n 3 h w"], hole: Float[torch.Tensor, "n 1 h w"]
    ) -> Float[torch.Tensor, "n 19 h w"]:
        """Pictures of any size; faces are looked for as large as in windows of 128 pixels."""
        height, width = x.shape[-2:]
        hole = padded(hole, MULTIPLE)
        filled = pull_push(padded(x, MULTIPLE), hole, _LEVELS)
        passed = [self.first(torch.cat([2 * filled - 1, hole], 1))]
        for down in self.down:
            passed.append(down(passed[-1]))
        deep = passed.pop()
        for layer in self.deep:
            deep = deep + layer(deep)
        for up in self.up:
            deep = up(deep, passed.pop())
        return self.parts(self.head(deep))[..., :height, :width]
