"""Reading a face: where its parts and landmarks are, whether it is one, and what it is like.

A U-Net without normalisation, so that what it says of a place depends on what lies round it and on
nothing else, in a window of 128 pixels as in a whole photograph. It works at a half to a sixteenth
of the picture's size; nothing is computed at full size, which would cost more than all the rest.
From the way back come

    parts       at a half, four pixels at once: a logit for each of the classes
    points      at a quarter: a heat map for each landmark, whose middle is the landmark (Sun et
                al., 2018), and how far off it may be, read where the heat is
    centres     at an eighth: whether the middle of a face is here, and how large that face is

and from the smallest size, pooled, the numbers of a whole window: whether it shows a face, what
says who it is (`features`, from which the traits are read), and its moment.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import nn

from trombine.conventions import LANDMARK_COUNT, PARTS
from trombine.nets.blocks import SILU, Features, conv3, doubled, padded, steady
from trombine.nets.encoder import moments
from trombine.nets.sizes import WIDEST, Net, check_whole

HALF = math.sqrt(0.5)  # keeps the sum of two as large as each
MULTIPLE = 16  # of the sides that it works in
POINT_STEP = 4  # pixels from one place of a heat map to the next
CENTRE_STEP = 8  # pixels from one place of the map of centres to the next


class Reading(NamedTuple):
    """What a reader says of N pictures of H x W pixels."""

    parts: Float[torch.Tensor, "n p h w"]  # logits
    points: Float[torch.Tensor, "n 68 2"]  # x and y in pixels
    spreads: Float[torch.Tensor, "n 68"]  # log of the error that is to be expected, of the width
    centres: Float[torch.Tensor, "n 2 k l"]  # logit of a face's middle here; log of its size
    face: Float[torch.Tensor, "n"]  # logit of the window showing one face in its middle
    features: Float[torch.Tensor, "n f"]  # of whoever it is
    traits: Float[torch.Tensor, "n t"]  # read from the features alone
    moment: Float[torch.Tensor, "n m"]  # pose, expression, light, read from the window


@final
class Reader(Net):
    """N x 3 x H x W within [0, 1] to a Reading."""

    def __init__(
        self, *, width: int = 24, features: int = 64, traits: int = 16, moment: int = 16
    ) -> None:
        check_whole("width", width, 4, WIDEST)
        check_whole("features", features, 1, WIDEST)
        check_whole("traits", traits, 1, WIDEST)
        check_whole("moment", moment, 1, WIDEST)
        super().__init__()
        sides = [width, width * 7 // 3, width * 10 // 3, 4 * width]
        self.first = Pair(3, sides[0], stride=2)
        self.down = nn.ModuleList(Pair(a, b, stride=2) for a, b in pairwise(sides))
        self.deep = Pair(sides[3], sides[3])
        self.up = nn.ModuleList(Up(b, a) for a, b in reversed(list(pairwise(sides))))
        self.parts = nn.Sequential(nn.Conv2d(width, 4 * len(PARTS), 1), nn.PixelShuffle(2))
        self.heat = nn.Conv2d(sides[1], 2 * LANDMARK_COUNT, 1)
        self.centres = nn.Conv2d(sides[2], 2, 1)
        self.norm = nn.LayerNorm(3 * sides[3])  # of each window's own numbers
        self.pooled = nn.Linear(3 * sides[3], 2 * features)
        self.face = nn.Linear(2 * features, 1)
        self.features = nn.Linear(2 * features, features)
        self.traits = nn.Linear(features, traits)
        self.moment = nn.Linear(2 * features, moment)
        self.act = nn.SiLU()

    def forward(self, x: Float[torch.Tensor, "n 3 h w"]) -> Reading:
        """Pictures of any size; faces are looked for as large as in windows of 128 pixels."""
        height, width = x.shape[-2:]
        x = 2 * padded(x, MULTIPLE) - 1
        half, quarter, eighth, deep = self._down(x)
        eighth = self.up[0](deep, eighth)
        quarter = self.up[1](eighth, quarter)
        half = self.up[2](quarter, half)
        points, spreads = _points(self.heat(quarter))
        pooled = self.act(self.pooled(self.norm(moments(deep))))
        features = self.features(pooled)
        return Reading(
            parts=self.parts(half)[..., :height, :width],
            points=points,
            spreads=spreads,
            centres=self.centres(eighth),
            face=self.face(pooled)[:, 0],
            features=features,
            traits=self.traits(self.act(features)),
            moment=self.moment(pooled),
        )

    def scan(self, x: Float[torch.Tensor, "n 3 h w"]) -> Float[torch.Tensor, "n 2 k l"]:
        """The map of centres alone: for pictures of whole scenes, at half the cost."""
        _, _, eighth, deep = self._down(2 * padded(x, MULTIPLE) - 1)
        return self.centres(self.up[0](deep, eighth))

    def _down(self, x: Features) -> list[torch.Tensor]:
        """Features at a half, a quarter, an eighth and a sixteenth of the size."""
        passed = [self.first(x)]
        for down in self.down:
            passed.append(down(passed[-1]))
        return [*passed[:-1], self.deep(passed[-1])]


@final
class Pair(nn.Module):
    """A convolution, and a second one added to it."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = steady(conv3(inputs, outputs, stride=stride), gain=SILU)
        self.conv2 = steady(conv3(outputs, outputs), gain=SILU)
        self.act = nn.SiLU()

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h2 w2"]:
        """The size, divided by the stride."""
        x = self.act(self.conv1(x))
        return HALF * (x + self.act(self.conv2(x)))


@final
class Up(nn.Module):
    """Coarse features at twice the size, added to those of the way down; then a Pair."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.narrow = steady(nn.Conv2d(coarse, fine, 1), gain=1.0)
        self.pair = Pair(fine, fine)

    def forward(
        self, coarse: Features, fine: Float[torch.Tensor, "n d h2 w2"]
    ) -> Float[torch.Tensor, "n d h2 w2"]:
        """The height and width of `fine`."""
        return self.pair(HALF * (fine + doubled(self.narrow(coarse))))


def _points(
    maps: Float[torch.Tensor, "n k h w"],
) -> tuple[Float[torch.Tensor, "n p 2"], Float[torch.Tensor, "n p"]]:
    """The middle of each heat map, in pixels of the picture, and what the other maps say there."""
    heat, spread = maps.to(torch.promote_types(maps.dtype, torch.float32)).chunk(2, 1)
    share = heat.flatten(2).softmax(-1).unflatten(2, heat.shape[-2:])
    x = (share.sum(-2) * _middles(share, -1)).sum(-1)
    y = (share.sum(-1) * _middles(share, -2)).sum(-1)
    return torch.stack([x, y], -1), (share * spread).sum((-2, -1))


def _middles(maps: Float[torch.Tensor, "n k h w"], axis: int) -> Float[torch.Tensor, "s"]:
    """Where the places of a heat map are along an axis, in pixels of the picture."""
    count = maps.shape[axis]
    return (torch.arange(count, device=maps.device, dtype=maps.dtype) + 0.5) * POINT_STEP
