"""Painting what is missing by taking noise away: each seed paints another answer.

A hole is filled first: smoothly (`pull_push`), or by a painter (nets/painter.py), which says what
is where and leaves it blurred. What is to be added, in units of its usual size (`spread`), is r. It
is mixed with noise along straight lines, (1 - t)·r + t·noise (flow matching), and the net says what
of a mixture is r: most of it where little noise is left, little of it at first, as the best linear
guess for normal numbers has it, so that the net learns what that guess lacks (Karras et al., 2022).
To paint, it walks from noise to r in a few straight steps.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar, Final, NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from trombine.nets.blocks import padded
from trombine.nets.denoiser import Timed, Times
from trombine.nets.painter import Stage, pull_push, sides_of
from trombine.nets.schedules import over
from trombine.nets.sizes import WIDEST
from trombine.nets.steering import LABELS, Labels, Parts, plane_count, planes_of, steered_by

SPREAD: Final = 0.3  # about how far colours in [-1, 1] are from the smooth fill
_NEARER: Final = 0.15  # and from what a painter makes of it
_CALM: Final = 0.8  # what of the noise answers are made of: with all of it some of it stays
_FILL_LEVELS: Final = 4
_PRIME: Final = 2**31 - 1
_STRIDE: Final = 48271  # between the places of a plane

Planes = Float[Tensor, "n 3 h w"]


class Known(NamedTuple):
    """What the net knows of a picture besides its noise; colours in [-1, 1]."""

    filled: Planes  # smoothly, or by a painter
    hole: Float[Tensor, "n 1 h w"]
    steer: Float[Tensor, "n p h w"] | None


class DiffusionPainter(Timed):
    """N x 3 x H x W in [0, 1] and holes to N x 3 x H x W, for any H and W, in `steps` steps.

    `painted`: holes are filled by a painter, which is a `halved` Painter of width `painter` and
    `widest`, its weights by the same names; else they are filled smoothly. `halved`: noise is
    taken away at half the size, where four pixels are one with four times the channels.

    Outside the hole what comes out means nothing: the task keeps the picture there.
    """

    tasks = ("repair",)
    limits: ClassVar = {**Timed.limits, "inputs": range(4, 5), "parts": LABELS}

    def __init__(
        self,
        *,
        width: int = 24,
        levels: int = 3,
        inputs: int = 4,
        parts: str = "none",
        points: bool = False,
        steps: int = 8,
        painted: bool = False,
        painter: int = 48,
        widest: int = WIDEST,
        halved: bool = False,
    ) -> None:
        embedding = None if parts == "none" else Labels(parts)
        planes, pixels = plane_count(embedding, points), 4 if halved else 1
        super().__init__(width, levels, pixels * (3 + inputs) + planes, pixels * 3)
        self.embedding, self.points, self.steps, self.halved = embedding, points, steps, halved
        sides = sides_of(painter, widest, _FILL_LEVELS - 1)
        stage = (Stage(sides, planes, "plain", "batch", "repeat", halved=True),) if painted else ()
        self.stages = nn.ModuleList(stage)
        self.spread = _NEARER if painted else SPREAD
        self.optional = (*steered_by(embedding, points), "seed")

    def forward(
        self,
        x: Planes,
        hole: Float[Tensor, "n 1 h w"],
        parts: Parts | None = None,
        points: Float[Tensor, "n 68 2"] | None = None,
        seed: Int64[Tensor, "n"] | None = None,
    ) -> Planes:
        """`parts` and `points` (landmarks in pixels, NaN where unknown) say what belongs where;
        `seed`: of each picture, 0 or more: which of the possible answers is painted."""
        height, width = x.shape[-2:]
        known = self.known(x, hole, parts, points)
        seeds = hole.new_zeros(x.shape[0], dtype=torch.int64) if seed is None else seed
        mixed = _CALM * normals(seeds, known.filled)
        for t, s in pairwise(step / self.steps for step in range(self.steps, -1, -1)):
            rest = self.rest(known, mixed, mixed.new_full((x.shape[0],), t))
            mixed = rest + s / t * (mixed - rest)  # a step along the line from the noise to it
        painted = (known.filled + self.spread * mixed + 1) / 2
        return painted[..., :height, :width]

    def known(
        self,
        x: Planes,
        hole: Float[Tensor, "n 1 h w"],
        parts: Parts | None = None,
        points: Float[Tensor, "n 68 2"] | None = None,
    ) -> Known:
        """What there is to go by, of sides that can be halved."""
        multiple = 2 ** max(_FILL_LEVELS, self.multiple.bit_length() - 1 + self.halved)
        picture, hole = padded(x, multiple), padded(hole, multiple)
        steer = planes_of(picture, self.embedding, parts, self.points, points)
        filled = pull_push(picture, hole, _FILL_LEVELS)
        for stage in self.stages:
            filled = torch.where(hole > 0.5, stage(filled, hole, steer), picture)
        return Known(2 * filled - 1, hole, steer)

    def rest(self, known: Known, mixed: Planes, t: Times) -> Planes:
        """What is to be added to the fill, in spreads, as a mixture with noise shows it at this t;
        it stays within what colours can be."""
        data, noise, total = (over(level, mixed) for level in _levels(t))
        rest = data / total.square() * mixed + noise / total * self.lacking(known, mixed, t)
        return ((known.filled + self.spread * rest).clamp(-1, 1) - known.filled) / self.spread

    def lacking(self, known: Known, mixed: Planes, t: Times) -> Planes:
        """What the best linear guess lacks, as large at every t."""
        total = over(_levels(t)[2], mixed)
        seen, steer = (
            torch.cat([mixed / total * known.hole, known.filled, known.hole], 1),
            known.steer,
        )
        if self.halved:
            seen = functional.pixel_unshuffle(seen, 2)
            steer = None if steer is None else functional.avg_pool2d(steer, 2)
        said = self.predict(seen if steer is None else torch.cat([seen, steer], 1), t)
        return functional.pixel_shuffle(said, 2) if self.halved else said

    def lacks(self, rest: Planes, noise: Planes, t: Times) -> Planes:
        """What `lacking` is to say of the mixture of these two; 1 large, at every t, where the rest
        is as large as usual."""
        data, level, total = (over(one, rest) for one in _levels(t))
        return (level * rest - data * noise) / total


def _levels(t: Times) -> tuple[Times, Times, Times]:
    """How large in a mixture the rest is, the noise, and both together."""
    return 1 - t, t, ((1 - t).square() + t.square()).sqrt()


def normals(seeds: Int64[Tensor, "n"], like: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Normal numbers, each a function of its picture's seed and its place alone.

    Written in whole numbers that every device and exported net computes alike: x^5 is a permutation
    of the numbers below this prime. Two of them make a normal one (Box and Muller, 1958).
    """
    _, channels, height, width = like.shape
    rows, columns, planes = (
        torch.arange(length, device=like.device) for length in (height, width, 2 * channels)
    )
    places = (planes[:, None, None] * _STRIDE + rows[:, None]) * _STRIDE + columns
    starts = _stirred(_stirred(seeds % _PRIME) + seeds // _PRIME)
    numbers = _stirred(_stirred(_stirred(starts[:, None, None, None] + places)) + 1)
    shares = (numbers.to(like.dtype) + 0.5) / _PRIME
    first, second = shares[:, :channels], shares[:, channels:]
    # In float32 the largest share is 1; none is 0.
    return (-2 * first.log()).clamp(min=0).sqrt() * (2 * math.pi * second).cos()


def _stirred(numbers: Int64[Tensor, "*n"]) -> Int64[Tensor, "*n"]:
    numbers = (numbers + 1) % _PRIME
    square = numbers * numbers % _PRIME
    return square * square % _PRIME * numbers % _PRIME
