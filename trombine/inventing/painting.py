"""The picture of a seed by the world's painter: a person of the world, as asked for, painted.

The same seed is the same person in every style, and by every net.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from trombine.computing import in_turn
from trombine.inventing import PAINTER, REDRAWN, STYLES
from trombine.inventing.asking import OF_MEN, SEX, fields_in, spelled
from trombine.inventing.files import SHOWN, VERB, Pixels, sheet_of
from trombine.io.image import encode_png
from trombine.provenance import record
from trombine.refusal import InputError, shortened
from trombine.world import Face, from_vector, paint, people, to_vector
from trombine.world.faces import VECTOR_NAMES
from trombine.world.painting import LARGEST, SMALLEST

PEOPLE: Final = 2_000_000  # the person of seed 0: trainings and protocols have lower ones
_ON_SHEET: Final = 256  # pixels of a picture, at most
# What is there or not, or of a kind: between two faces it is one's or the other's.
_SWITCHED: Final = np.array(
    [
        name in ("texture", "ground_texture", "ground_kind", "glasses", "hat", "bun", "collar",
                 "necklace", "earrings")
        for name in VECTOR_NAMES
    ]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Known:
    """A person out of a file: a photograph, or a character's numbers."""

    name: str  # of the file
    digest: str
    person: Face
    model: str = ""  # by which a photograph was read


@dataclass(frozen=True, kw_only=True)
class Painting:
    """What is asked of every picture of a command."""

    size: int
    style: str
    asked: Mapping[str, float]
    files: Sequence[Known] = ()  # people who are no seed's: the first is -1, the next -2

    def __post_init__(self) -> None:
        if not SMALLEST <= self.size <= LARGEST:
            raise InputError(f"pictures of {self.size} pixels are not painted")
        if self.style not in (*STYLES, *REDRAWN):
            raise InputError(f"nobody paints in the style {shortened(self.style)}")

    def person(self, seed: int) -> Face:
        """A seed's person: what is asked as it is asked, and what would belie it made to fit. Of
        one who is known all else stays."""
        if seed < 0:
            return replace(self.files[-1 - seed].person, **self.asked)
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

    def record(self, seed: int | None = None, *, verb: str = VERB, **more: Any) -> dict[str, Any]:
        """What determines a picture: of a seed, or by `more` options."""
        options = {"method": PAINTER, "style": self.style, "size": self.size}
        options |= {"with": spelled(self.asked)} if self.asked else {}
        inputs = {one.name: one.digest for one in self.files}
        model = "+".join(dict.fromkeys(one.model for one in self.files if one.model)) or None
        needs = ("torch", "scipy", "numba") if model else ("numba",)
        return record(verb, options | more, seed=seed, inputs=inputs, model=model, needs=needs)

    def png(self, seed: int) -> bytes:
        """The file of a seed."""
        return encode_png(self.pixels(seed), self.record(seed))

    def sheet(self, seeds: Sequence[int], text: str, threads: int = 1) -> bytes:
        """The file of a sheet of these seeds, the first of them if there are many."""
        small = Painting(size=min(self.size, _ON_SHEET), style=self.style, asked=self.asked)
        pictures = list(in_turn(small.pixels, seeds[:SHOWN], threads))
        note = f"with {spelled(self.asked)}" if self.asked else ""
        return encode_png(sheet_of(pictures, text, note), self.record(seeds=text))


def painting_of(options: Mapping[str, Any], files: Sequence[Known] = ()) -> Painting:
    """What a record's options ask of every picture."""
    asked = fields_in(options.get("with", ""))
    return Painting(size=options["size"], style=options["style"], asked=asked, files=files)


def between(first: Face, last: Face, share: float) -> Face:
    """A person so far on the way from one to another: straight on in the numbers; what is there or
    not changes in the middle."""
    a, b = to_vector(first), to_vector(last)
    mixed = np.clip((1 - share) * a + share * b, np.minimum(a, b), np.maximum(a, b))
    return from_vector(np.where(_SWITCHED, b if share >= 0.5 else a, mixed))
