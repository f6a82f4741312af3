"""Walks between faces: what a film's frames are of.

A leg leads from a seed to the next in even steps, and its ends are the pictures that the seeds
have. Along it the painter's persons are blended, or a net's vectors and what it is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float64

from trombine.core.computing import in_turn
from trombine.core.errors import InputError
from trombine.generation.by_net import Inventing, Place
from trombine.generation.painting import Painting, Pixels, between
from trombine.io.image import picture_of
from trombine.io.video import Frames

LEAST: Final = 0.1  # the truncation at which a truncation walk begins
MOST: Final = 2_000  # frames of a walk
_MOST_PIXELS: Final = 1 << 28  # of all frames, which are held at once
MILLISECONDS: Final = 80  # of a frame

Vector = Float64[np.ndarray, "_"]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """From seed to seed by the painter, in even steps, or by a net; `frames` steps a leg."""

    inventing: Painting | Inventing
    seeds: tuple[int, ...]
    frames: int
    path: str = "linear"
    cycle: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no walk, or does not fit."""
        one = len(self.seeds) == 1
        if self.path == "truncation" and not one:
            raise InputError("a truncation walk is of one seed", "name one, or leave --path out")
        if one and self.path != "truncation":
            raise InputError("a walk has two seeds or more", "name another, or --path truncation")
        if self.cycle and not one and self.seeds[0] == self.seeds[-1]:
            problem = "a cycle goes back to its first seed by itself"
            raise InputError(problem, "leave the last seed out, or --cycle")
        if self.count > MOST:
            problem = f"this walk would have {self.count:,} frames, and {MOST:,} are the most"
            raise InputError(problem, "name fewer seeds, or give fewer --frames")
        size = self.inventing.size
        if self.count * size**2 > _MOST_PIXELS:
            problem = f"{self.count:,} frames of {size} pixels are more than fit"
            raise InputError(problem, "give a smaller --size, or fewer --frames")

    @property
    def legs(self) -> list[tuple[int, int]]:
        """From which seed to which."""
        if self.path == "truncation":
            return [(self.seeds[0], self.seeds[0])] * (1 + self.cycle)
        after = self.seeds[1:] + self.seeds[:1] * self.cycle
        return list(zip(self.seeds, after, strict=False))

    @property
    def count(self) -> int:
        """How many frames there are; the first is not there again at the end of a cycle."""
        return self.frames * len(self.legs) + (not self.cycle)

    def steps(self) -> list[tuple[int, float]]:
        """Of each frame its leg, and how far along it is, 0 to 1."""
        last = len(self.legs) - 1
        legs = [min(number // self.frames, last) for number in range(self.count)]
        return [(leg, (n - leg * self.frames) / self.frames) for n, leg in enumerate(legs)]

    def pixels(self, threads: int) -> Iterator[Pixels]:
        """The pictures of the frames, one after the other."""
        maker = self.inventing
        if isinstance(maker, Inventing):
            return in_turn(maker.pixels_at, self.places(maker), threads)
        person = cache(maker.person)

        def see(step: tuple[int, float]) -> Pixels:
            first, last = map(person, self.legs[step[0]])
            return maker.pixels_of(between(first, last, step[1]))

        return in_turn(see, self.steps(), threads)

    def places(self, maker: Inventing) -> list[Place]:
        """Those of the frames in a net's space, in their order."""
        return [self._place(maker, leg, share) for leg, share in self.steps()]

    def _place(self, maker: Inventing, leg: int, share: float) -> Place:
        first, last = (maker.place(seed) for seed in self.legs[leg])
        if self.path == "truncation":
            share = 1 - share if leg else share
            return replace(last, vector=(LEAST + (1 - LEAST) * share) * last.vector)
        blend = spherical if self.path == "spherical" else linear
        base = None
        if first.base is not None or last.base is not None:  # guidance adds nothing to it
            nothing = np.full_like(first.fields, math.nan)
            ends = [nothing if one.base is None else one.base for one in (first, last)]
            base = linear(ends[0], ends[1], share)
        return Place(
            vector=blend(first.vector, last.vector, share),
            fields=linear(first.fields, last.fields, share),
            base=base,
        )


def linear(
    first: Float64[np.ndarray, "k"], last: Float64[np.ndarray, "k"], share: float
) -> Float64[np.ndarray, "k"]:
    """Straight from one to the other; exactly these at the ends."""
    if share in (0, 1):  # what is not known of one end says nothing of the other
        return last if share else first
    return (1 - share) * first + share * last


def spherical(first: Vector, last: Vector, share: float) -> Vector:
    """Along the circle round the origin, the lengths blended; straight where there is none."""
    lengths = [float(np.linalg.norm(each)) for each in (first, last)]
    if not all(lengths):
        return linear(first, last, share)
    units = [each / length for each, length in zip((first, last), lengths, strict=True)]
    angle = math.acos(min(1.0, max(-1.0, float(units[0] @ units[1]))))
    if math.sin(angle) < 1e-6 or share in (0, 1):
        return linear(first, last, share)
    parts = math.sin((1 - share) * angle), math.sin(share * angle)
    along = (parts[0] * units[0] + parts[1] * units[1]) / math.sin(angle)
    return ((1 - share) * lengths[0] + share * lengths[1]) * along


def film_of(frames: Sequence[Pixels]) -> Frames:
    """The frames as a film that goes on for ever."""
    images = tuple(picture_of(pixels) for pixels in frames)
    return Frames(frames=images, durations=(MILLISECONDS,) * len(images), loops=0)
