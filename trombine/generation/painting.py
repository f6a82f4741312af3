"""The picture of a seed by the world's painter: a person of the world, as asked for, painted.

The same seed is the same person in every style, and by every net.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import Final

import numpy as np
from jaxtyping import UInt8

from trombine.generation.asking import OF_MEN, SEX
from trombine.io.sheets import Sheet
from trombine.world import Face, from_vector, paint, people, to_vector
from trombine.world.faces import VECTOR_NAMES

PEOPLE: Final = 2_000_000  # the person of seed 0: trainings and protocols have lower ones
# What is there or not, or of a kind: between two faces it is one's or the other's.
_SWITCHED: Final = np.array(
    [
        name in ("texture", "ground_texture", "ground_kind", "glasses", "hat", "bun", "collar",
                 "necklace", "earrings")
        for name in VECTOR_NAMES
    ]
)  # fmt: skip
Pixels = UInt8[np.ndarray, "_ _ 3"]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A person out of a file: a photograph, or a character's numbers."""

    person: Face
    model: str = ""  # by which a photograph was read


@dataclass(frozen=True, kw_only=True)
class Painting:
    """What is asked of every picture of a command."""

    size: int
    style: str
    asked: Mapping[str, float]
    people: Sequence[Known] = ()  # who are no seed's: the first is -1, the next -2

    def person(self, seed: int) -> Face:
        """A seed's person: what is asked as it is asked, and what would belie it made to fit. Of
        one who is known all else stays."""
        if seed < 0:
            return replace(self.people[-1 - seed].person, **self.asked)
        asked, drawn = dict(self.asked), people.face(PEOPLE + seed)
        if any(asked.get(name, 0) > 0 for name in OF_MEN) and drawn.masculine < 0.5:
            asked.setdefault(SEX, 1 - drawn.masculine)
        if asked.get("beard", 0) > 0:  # with which the world's men have a moustache
            asked.setdefault("moustache", drawn.moustache or asked["beard"])
        for one, other in (("hat", "bun"), ("bun", "hat")):
            if asked.get(one, 0) > 0.5:
                asked.setdefault(other, 0.0)
        if asked.keys() & {"hair_light", "hair_red"}:
            asked.setdefault("hair_grey", 0.0)
        if asked.keys() & {"hair_light", "hair_red", "hair_grey"}:
            asked.setdefault("hair_dye", 0.0)
        return people.person(PEOPLE + seed, **asked)

    def pixels(self, seed: int) -> Pixels:
        """The picture of a seed."""
        return self.pixels_of(self.person(seed))

    def pixels_of(self, person: Face) -> Pixels:
        """The picture of a person."""
        return paint(person, self.size, self.style).pixels

    @property
    def hash(self) -> str | None:
        """Of the models by which people were read."""
        return "+".join(dict.fromkeys(one.model for one in self.people if one.model)) or None


def sheet_of(pictures: Sequence[Pixels], title: str, note: str) -> Pixels:
    """A sheet of faces."""
    columns = ceil(sqrt(len(pictures)))
    rows = [pictures[start : start + columns] for start in range(0, len(pictures), columns)]
    return Sheet(rows=rows, title=title, note=note).pixels()


def between(first: Face, last: Face, share: float) -> Face:
    """A person so far on the way from one to another: straight on in the numbers; what is there or
    not changes in the middle."""
    a, b = to_vector(first), to_vector(last)
    mixed = np.clip((1 - share) * a + share * b, np.minimum(a, b), np.maximum(a, b))
    return from_vector(np.where(_SWITCHED, b if share >= 0.5 else a, mixed))
