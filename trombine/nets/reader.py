"""Reading a face: where its parts and landmarks are, whether it is one, and what it is like.

A U-Net. With batch normalisation, whose statistics are fixed once it has learnt, its output for a
place depends on the surroundings of that place alone, in a window of 128 pixels as in a whole
photograph. It works at a half to a sixteenth of the picture's size; nothing is computed at full
size, which would cost more than all the rest. From the way back come

    parts       at a half, four pixels at once: a logit for each of the classes
    points      at a quarter: a heat map for each landmark, whose middle is the landmark (Sun et
                al., 2018), and how far off it may be, read where the heat is
    centres     at an eighth: whether the middle of a face is here, and how large that face is

and from the smallest size, pooled, from what is seen where the landmarks are, and from the shape
they make, the numbers of a whole window: whether it shows a face, what says who it is (`features`,
from which the traits are read), and its moment.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import nn
from torch.nn.functional import linear

from trombine.core.conventions import LANDMARK_COUNT, LANDMARK_GROUPS, PARTS
from trombine.nets.blocks import Conv, Features, doubled, padded
from trombine.nets.sizes import WIDEST, Net

MULTIPLE = 16  # of the sides that it works in
POINT_STEP = 4  # pixels from one place of a heat map to the next
POINT_CHANNELS = 4  # channels that are read where a landmark is
PART_CHANNELS = 8  # and over a part
POOLED = 96  # numbers that are made of all of these
NUMBERS = ("pooled", "face", "features", "traits", "moment")  # the layers that make and read them
# A factor of several hundred numbers together: without it a step of the layers that read them would
# move the output by more than it varies.
QUIET = 0.1
RIGHT_EYE, LEFT_EYE = (list(LANDMARK_GROUPS[name]) for name in ("right_eye", "left_eye"))
CENTRE_STEP = 8  # pixels from one place of the map of centres to the next
# The weight of a pixel of each group where parts are learned: small parts count more, or the large
# would drown them. The predicted parts lean to the small ones as much.
_COUNTS = {
    "background": 0.5,
    "skin": 0.8,
    "nose": 1.5,
    "eyes": 2.0,
    "brows": 3.0,
    "ears": 2.0,
    "mouth": 2.5,
    "hair": 0.7,
}
PART_COUNTS = tuple(_COUNTS[part.group] for part in PARTS)


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


class Reader(Net):
    """N x 3 x H x W within [0, 1] to a Reading."""

    tasks = ("read",)
    limits: ClassVar = {"width": range(4, WIDEST + 1), "norm": ("group", "batch")}

    def __init__(
        self,
        *,
        width: int = 24,
        features: int = 64,
        traits: int = 16,
        moment: int = 16,
        head: int = 32,
        norm: str = "batch",
    ) -> None:
        super().__init__()
        # In eights where there is a choice, as many as a register holds.
        sides = [width, max(8, round(width * 7 / 24) * 8), max(8, round(width * 10 / 24) * 8)]
        sides.append(4 * width)
        pairs = list(pairwise(sides))
        self.first = Pair(3, sides[0], norm, stride=2)
        self.down = nn.ModuleList(Pair(fine, coarse, norm, stride=2) for fine, coarse in pairs)
        self.deep = Conv(sides[3], sides[3], norm)
        self.up = nn.ModuleList(Up(coarse, fine, norm) for fine, coarse in reversed(pairs))
        self.head = Conv(width, head, norm)
        self.parts = nn.Sequential(Mix(head, 4 * len(PARTS)), nn.PixelShuffle(2))
        self.heat = Mix(sides[1], 2 * LANDMARK_COUNT)
        self.centres = Mix(sides[2], 2)
        # Without biases, which `scale` would take away.
        self.here = Mix(sides[1], POINT_CHANNELS, bias=False)
        self.there = Mix(sides[1], PART_CHANNELS, bias=False)
        numbers = (
            sides[3]
            + LANDMARK_COUNT * (POINT_CHANNELS + 2)
            + 2
            + len(PARTS) * (PART_CHANNELS + 3 + 3)
        )
        # Most of these numbers hardly differ from face to face: what differs is made larger.
        self.scale = (
            nn.BatchNorm1d(numbers, affine=False)
            if norm == "batch"
            else nn.LayerNorm(numbers, elementwise_affine=False)
        )
        self.pooled = nn.Linear(numbers, POOLED)
        self.face = nn.Linear(POOLED, 1)
        self.features = nn.Linear(numbers + POOLED, features)
        self.traits = nn.Linear(features, traits)
        self.moment = nn.Linear(numbers + POOLED, moment)
        self.act = nn.SiLU()

    def forward(self, x: Float[torch.Tensor, "n 3 h w"]) -> Reading:
        """Pictures of any size; faces are looked for as large as in windows of 128 pixels."""
        height, width = x.shape[-2:]
        x = 2 * padded(x, MULTIPLE) - 1
        half, quarter, eighth, deep = self._down(x)
        eighth = self.up[0](deep, eighth)
        quarter = self.up[1](eighth, quarter)
        half = self.up[2](quarter, half)
        share, spreads = _shares(self.heat(quarter))
        points = middles_of(share)
        logits = self.parts[0](self.head(half))
        values = [
            deep.mean((-2, -1)),
            _pooled(share, self.here(quarter)).flatten(1),
            *_shape(points),
            *_of_parts(logits, self.there(quarter), x, points),
        ]
        numbers = QUIET * self.scale(torch.cat(values, 1))
        pooled = self.act(self.pooled(numbers))
        joined = torch.cat([numbers, pooled], 1)
        features = self.features(joined)
        return Reading(
            parts=self.parts[1](logits)[..., :height, :width],
            points=points,
            spreads=spreads,
            centres=self.centres(eighth),
            face=self.face(pooled)[:, 0],
            features=features,
            traits=self.traits(features),
            moment=self.moment(joined),
        )

    def landmarks(
        self, x: Float[torch.Tensor, "n 3 h w"]
    ) -> tuple[Float[torch.Tensor, "n 68 2"], Float[torch.Tensor, "n 68"]]:
        """The points and spreads alone: at two thirds of the cost."""
        _, quarter, eighth, deep = self._down(2 * padded(x, MULTIPLE) - 1)
        share, spreads = _shares(self.heat(self.up[1](self.up[0](deep, eighth), quarter)))
        return middles_of(share), spreads

    def _down(self, x: Features) -> list[torch.Tensor]:
        """Features at a half, a quarter, an eighth and a sixteenth of the size."""
        passed = [self.first(x)]
        for down in self.down:
            passed.append(down(passed[-1]))
        return [*passed[:-1], passed[-1] + self.deep(passed[-1])]


class Mix(nn.Conv2d):
    """A convolution of single pixels: a product of matrices, which on few pictures is faster."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, 1, bias=bias)

    def forward(self, input: Features) -> Float[torch.Tensor, "n d h w"]:
        """The size that it is given."""
        return linear(input.movedim(1, -1), self.weight.flatten(1), self.bias).movedim(-1, 1)


class Pair(nn.Module):
    """A convolution, and a second one added to it."""

    def __init__(self, inputs: int, outputs: int, kind: str, *, stride: int = 1) -> None:
        super().__init__()
        self.first = Conv(inputs, outputs, kind, stride=stride)
        self.second = Conv(outputs, outputs, kind)

    def forward(self, x: Features) -> Float[torch.Tensor, "n d h2 w2"]:
        """The size, divided by the stride."""
        x = self.first(x)
        return x + self.second(x)


class Up(nn.Module):
    """Coarse features at twice the size, added to those of the way down; then a Pair."""

    def __init__(self, coarse: int, fine: int, kind: str) -> None:
        super().__init__()
        self.narrow = Mix(coarse, fine)
        self.pair = Pair(fine, fine, kind)

    def forward(
        self, coarse: Features, fine: Float[torch.Tensor, "n d h2 w2"]
    ) -> Float[torch.Tensor, "n d h2 w2"]:
        """The height and width of `fine`."""
        return self.pair(fine + doubled(self.narrow(coarse)))


def _shares(
    maps: Float[torch.Tensor, "n k h w"],
) -> tuple[Float[torch.Tensor, "n p h w"], Float[torch.Tensor, "n p"]]:
    """Each place's share of a landmark's heat, and the mean of the other maps by these shares."""
    heat, spread = maps.to(torch.promote_types(maps.dtype, torch.float32)).chunk(2, 1)
    share = share_of(heat)
    return share, (share * spread).sum((-2, -1))


def share_of(heat: Float[torch.Tensor, "n p h w"]) -> Float[torch.Tensor, "n p h w"]:
    """Each place's share of the heat of its map."""
    return heat.flatten(2).softmax(-1).unflatten(2, heat.shape[-2:])


def middles_of(
    share: Float[torch.Tensor, "n p h w"], step: float = POINT_STEP
) -> Float[torch.Tensor, "n p 2"]:
    """Where the middles of heat maps are, x and y, in pixels of the picture: `step` to a place."""
    x = (share.sum(-2) * _middles(share, -1, step)).sum(-1)
    y = (share.sum(-1) * _middles(share, -2, step)).sum(-1)
    return torch.stack([x, y], -1)


def _shrunk(
    x: Float[torch.Tensor, "n k h2 w2"], like: Features, times: int
) -> Float[torch.Tensor, "n k h w"]:
    """Means of squares of pixels, as many as the other has.

    Written out: ONNX has no pooling to a size, and a mean over two axes at once is slow.
    """
    height, width = like.shape[-2:]
    squares = x.unflatten(3, (width, times)).unflatten(2, (height, times))
    pixels = [squares[:, :, :, i, :, j] for i in range(times) for j in range(times)]
    return sum(pixels[1:], pixels[0]) / times**2


# No gradient goes from a window's numbers back to the places of landmarks and parts: those are
# learned from their own truth alone.


def _pooled(
    share: Float[torch.Tensor, "n p h w"], values: Features
) -> Float[torch.Tensor, "n p c"]:
    return share.detach().flatten(2) @ values.flatten(2).transpose(1, 2)


def _size(off: Float[torch.Tensor, "n p 2"]) -> Float[torch.Tensor, "n 1 1"]:
    """How far landmarks are from their middle on average, in pixels."""
    return off.square().sum(-1, keepdim=True).mean(1, keepdim=True).clamp(min=1.0).sqrt()


def _shape(points: Float[torch.Tensor, "n p 2"]) -> tuple[torch.Tensor, torch.Tensor]:
    """Landmarks from their own middle as the face stands upright, in units of how far they are from
    it on average; and where its eyes' line points."""
    off = (points - points.mean(1, keepdim=True)).detach()
    across = off[:, LEFT_EYE].mean(1) - off[:, RIGHT_EYE].mean(1)
    along = across / across.norm(dim=1, keepdim=True).clamp(min=1.0)
    cos, sin = along[:, :1], along[:, 1:]
    x, y = off.unbind(-1)
    upright = torch.stack([cos * x + sin * y, cos * y - sin * x], -1)
    return (upright / _size(off)).flatten(1), along


def _of_parts(
    logits: Float[torch.Tensor, "n k h2 w2"],
    values: Features,
    picture: Float[torch.Tensor, "n 3 h4 w4"],
    points: Float[torch.Tensor, "n p 2"],
) -> tuple[torch.Tensor, torch.Tensor]:
    """The means of values and colours over each part, and where and how large it is beside the
    face.

    Logits are those of four pixels at once, at a half of the size; values are at a quarter.
    """
    values = torch.cat([values, _shrunk(picture, values, 4)], 1)
    coarse = _shrunk(logits.detach(), values, 2).unflatten(1, (len(PARTS), -1)).mean(2)
    likely = coarse.to(torch.promote_types(coarse.dtype, torch.float32)).softmax(1)
    area = likely.sum((-2, -1), keepdim=True)
    share = likely / area.clamp(min=1.0)
    middle = points.mean(1, keepdim=True).detach()
    size = _size(points.detach() - middle)
    off = (middles_of(share) - middle * area[..., 0].clamp(max=1.0)) / size
    large = area[..., 0].sqrt() * POINT_STEP / size
    return _pooled(share, values).flatten(1), torch.cat([off, large], -1).flatten(1)


def _middles(
    maps: Float[torch.Tensor, "n k h w"], axis: int, step: float = POINT_STEP
) -> Float[torch.Tensor, "s"]:
    """Where the places of a heat map are along an axis, in pixels of the picture."""
    count = maps.shape[axis]
    return (torch.arange(count, device=maps.device, dtype=maps.dtype) + 0.5) * step
