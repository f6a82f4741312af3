"""Walks between faces: what a film's frames are of, and a net's ways round bad zones.

A leg leads from a seed to the next, and its ends are the pictures that the seeds have. Along it the
painter's persons are blended, or a net's vectors and what it is told. Where an even blend would
make a net's picture jump, as where a hat appears, an even walk has more frames: they lie where the
reader sees as much change. A leg of a net may be bent: `bends_of` looks along a few bent ones where
the reader finds that parts are not where parts are, and takes the best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
from jaxtyping import Float64, UInt8

from trombine.codecs import Frames
from trombine.computing import computing, in_turn
from trombine.conventions import to_picture
from trombine.draws import Chance
from trombine.images import image_of
from trombine.inventing import PATHS
from trombine.inventing.looking import features, looked_at
from trombine.inventing.making import Inventing, Place
from trombine.inventing.painting import Painting, between
from trombine.measures.reading import IN_PLACE, organs_off
from trombine.pages import Sheet
from trombine.provenance import shortened
from trombine.refusal import InputError

LEAST: Final = 0.1  # the truncation at which a truncation walk begins
MOST: Final = 2_000  # frames of a walk
_MOST_PIXELS: Final = 1 << 28  # of all frames, which are held at once
MILLISECONDS: Final = 80  # of a frame
COLUMNS: Final = 12  # of a sheet
BENDS: Final = 7  # ways from a seed to the next: straight on; near the average face; anywhere
_INWARD: Final = (0.0, 0.3, 0.6)  # how much nearer the first of them come
_ASIDE: Final = 0.6  # how far aside the others go, of a drawn vector
_LOOKS: Final = 11  # at which a way is judged
_FINE: Final = 2  # looks for each frame of an even walk, and as many more where much changes
_NARROW: Final = 2.0**-16  # of a leg: what is nearer is not looked at

Vector = Float64[np.ndarray, "_"]
Pixels = UInt8[np.ndarray, "_ _ 3"]


@dataclass(frozen=True, kw_only=True)
class Course:
    """From seed to seed, `frames` steps a leg."""

    seeds: tuple[int, ...]
    frames: int
    path: str = "linear"
    cycle: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no walk."""
        if self.path not in PATHS:
            raise InputError(f"a walk has no path {shortened(self.path)}")
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

    def steps(self) -> list[tuple[int, int]]:
        """Of each frame its leg, and which frame of that it is."""
        last = len(self.legs) - 1
        legs = [min(number // self.frames, last) for number in range(self.count)]
        return [(leg, number - leg * self.frames) for number, leg in enumerate(legs)]

    def options(self) -> dict[str, Any]:
        """What a record says of it."""
        options: dict[str, Any] = {"seeds": ",".join(map(str, self.seeds)), "frames": self.frames}
        return options | {"path": self.path, "cycle": int(self.cycle)}


@dataclass(frozen=True, kw_only=True)
class PaintedWalk(Course):
    """By the painter, in even steps."""

    inventing: Painting

    def __post_init__(self) -> None:
        """Refuse also what would not fit."""
        super().__post_init__()
        if self.path != "linear":
            raise InputError(f"the painter's walks are linear, not {self.path}")
        size = self.inventing.size
        if self.count * size**2 > _MOST_PIXELS:
            problem = f"{self.count:,} frames of {size} pixels are more than fit"
            raise InputError(problem, "give a smaller --size, or fewer --frames")

    def options(self) -> dict[str, Any]:
        """What a record says of it, people of files by their names."""
        files = self.inventing.files
        names = [str(seed) if seed >= 0 else files[-1 - seed].name for seed in self.seeds]
        return {**super().options(), "seeds": ",".join(names)}

    def pixels(self, threads: int, some: slice = slice(None)) -> Iterator[Pixels]:
        """The pictures of the frames, or of some of them, one after the other."""
        person = cache(self.inventing.person)

        def see(step: tuple[int, int]) -> Pixels:
            first, last = map(person, self.legs[step[0]])
            return self.inventing.pixels_of(between(first, last, step[1] / self.frames))

        return in_turn(see, self.steps()[some], threads)


@dataclass(frozen=True, kw_only=True)
class Walk(Course):
    """By a net."""

    inventing: Inventing
    bends: tuple[int, ...] = ()  # of each leg; none is straight on
    even: bool = False  # whether frames lie where the picture has changed as much as before

    def __post_init__(self) -> None:
        """Refuse also bends that there are not."""
        super().__post_init__()
        if self.bends and len(self.bends) != len(self.legs):
            raise InputError(f"a walk of {len(self.legs)} legs has as many bends")
        if not set(self.bends) <= set(range(BENDS)):
            raise InputError(f"bends are from 0 to {BENDS - 1}")

    def places(self, some: slice = slice(None)) -> Iterator[Place]:
        """Those of the frames, or of some of them, in their order."""
        for leg, step in self.steps()[some]:
            yield self.place(leg, self.shares(leg)[step])

    def shares(self, leg: int) -> tuple[float, ...]:
        """How far along a leg its frames are, from 0 to 1."""
        if not self.even:
            return tuple(step / self.frames for step in range(self.frames + 1))
        if leg not in self._shares:
            own = self.inventing.unenlarged
            with computing(1):

                def see(share: float) -> Vector:
                    pixels = own.pixels_at(self.place(leg, share))
                    return features(looked_at(to_picture(pixels)[None]))

                self._shares[leg] = evened(see, self.frames)
        return self._shares[leg]

    @cached_property
    def _shares(self) -> dict[int, tuple[float, ...]]:
        """What is known of each leg's."""
        return {}

    def place(self, leg: int, share: float, bend: int | None = None) -> Place:
        """The place so far along a leg, 0 to 1."""
        first, last = (self.inventing.place(seed) for seed in self.legs[leg])
        if self.path == "truncation":
            share = 1 - share if leg else share
            return replace(last, vector=(LEAST + (1 - LEAST) * share) * last.vector)
        blend = spherical if self.path == "spherical" else linear
        vector = blend(first.vector, last.vector, share)
        if bend is None:
            bend = self.bends[leg] if self.bends else 0
        return Place(
            vector=bent(vector, share, bend, self.legs[leg]),
            fields=linear(first.fields, last.fields, share),
            base=_bases(first, last, share),
        )

    def pixels(self, threads: int, some: slice = slice(None)) -> Iterator[Pixels]:
        """The pictures of the frames, or of some of them, one after the other."""
        legs = sorted({leg for leg, _ in self.steps()[some]})
        for _ in in_turn(self.shares, legs, threads):
            pass
        return in_turn(self.inventing.pixels_at, list(self.places(some)), threads)

    def options(self) -> dict[str, Any]:
        """What a record says of it."""
        options = super().options() | ({"even": 1} if self.even else {})
        return options | ({"bends": ",".join(map(str, self.bends))} if any(self.bends) else {})


def linear(
    first: Float64[np.ndarray, "k"], last: Float64[np.ndarray, "k"], share: float
) -> Float64[np.ndarray, "k"]:
    """Straight from one to the other; exactly these at the ends."""
    if share in (0, 1):  # what is not known of one end says nothing of the other
        return last if share else first
    return (1 - share) * first + share * last


def _bases(first: Place, last: Place, share: float) -> Vector | None:
    """What guidance adds nothing to between two places; nothing, where that is so of both."""
    if first.base is None and last.base is None:
        return None
    nothing = np.full_like(first.fields, math.nan)
    ends = [nothing if place.base is None else place.base for place in (first, last)]
    return linear(ends[0], ends[1], share)


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


def bent(vector: Vector, share: float, bend: int, leg: tuple[int, int]) -> Vector:
    """A vector of a leg as the bend has it: as it is at the ends, furthest off in the middle."""
    much = math.sin(math.pi * share)
    if not bend or share in (0, 1):
        return vector
    if bend < len(_INWARD):
        return (1 - _INWARD[bend] * much) * vector
    chance = Chance(seed=leg[1], places=np.array([leg[0]], np.int64))
    aside = vector + _ASIDE * much * chance.normals(f"walk's bend {bend}", vector.shape)[0]
    return aside * (np.linalg.norm(vector) / np.linalg.norm(aside))


def evened(see: Callable[[float], Vector], frames: int) -> tuple[float, ...]:
    """Shares of a way, from 0 to 1, from each of which to the next what is seen changes as much.

    The way is looked at in even steps; then, while there are looks left, where most changes.
    """
    shares = [look / (_FINE * frames) for look in range(_FINE * frames + 1)]
    views = [see(share) for share in shares]
    steps = [float(np.linalg.norm(b - a)) for a, b in pairwise(views)]
    for _ in range(_FINE * frames):
        wide = [step if shares[k + 1] - shares[k] > _NARROW else 0 for k, step in enumerate(steps)]
        if max(wide) <= sum(steps) / (_FINE * frames):
            break
        at = wide.index(max(wide))
        shares.insert(at + 1, (shares[at] + shares[at + 1]) / 2)
        views.insert(at + 1, see(shares[at + 1]))
        steps[at : at + 1] = [float(np.linalg.norm(b - a)) for a, b in pairwise(views[at : at + 3])]
    if not sum(steps):
        return tuple(step / frames for step in range(frames + 1))
    wanted = np.arange(1, frames) * (sum(steps) / frames)
    return (0.0, *np.interp(wanted, np.cumsum([0, *steps]), shares).tolist(), 1.0)


def bends_of(walk: Walk, threads: int) -> tuple[int, ...]:
    """Of each leg the bend on which the reader finds the worst place best; straight on where that
    has no bad zone."""
    if walk.path == "truncation":
        raise InputError("a truncation walk has no other way", "leave --detour out")
    looks = [(look + 1) / (_LOOKS + 1) for look in range(_LOOKS)]
    own = walk.inventing.unenlarged

    def worst(leg: int, bend: int) -> float:
        places = [walk.place(leg, share, bend) for share in looks]
        return max(in_turn(lambda place: off(own.pixels_at(place)), places, threads))

    def best(leg: int) -> int:
        straight = worst(leg, 0)
        if straight <= IN_PLACE:
            return 0
        found = [straight, *(worst(leg, bend) for bend in range(1, BENDS))]
        return found.index(min(found))

    return tuple(best(leg) for leg in range(len(walk.legs)))


def off(pixels: Pixels) -> float:
    """How far the worst of a face's parts is from its place, as the reader finds it; 2 where it
    finds no face."""
    reading = looked_at(to_picture(pixels)[None])
    if float(reading.face) <= 0:
        return 2.0
    return float(organs_off(reading.parts.argmax(1), reading.points.float()).max())


def film(frames: Sequence[Pixels]) -> Frames:
    """The frames as a film that goes on for ever."""
    images = tuple(image_of(pixels) for pixels in frames)
    return Frames(frames=images, durations=(MILLISECONDS,) * len(images), loops=0)


def sheet(frames: Sequence[Pixels], title: str, note: str) -> Pixels:
    """All frames, row after row."""
    rows = [frames[start : start + COLUMNS] for start in range(0, len(frames), COLUMNS)]
    return Sheet(rows=rows, title=title, note=note).pixels()
