"""What degradations draw from: numbers of its own for each picture, whatever batch it comes in.

The draws themselves are those of data/draws.py; here they are bound to the places of a batch's
pictures in the whole run, and to names that two terms of a chain never share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from trombine.data import draws


@final
@dataclass(frozen=True, kw_only=True)
class Chances:
    """Chance for the pictures at these places of a run."""

    seed: int
    places: Int64[np.ndarray, "n"]
    rollbacks: int = 0
    about: str = ""  # what every draw's name begins with

    def named(self, name: str) -> Chances:
        """The same pictures, other numbers."""
        return replace(self, about=f"{self.about}{name} ")

    def only(self, chosen: Bool[np.ndarray, "n"]) -> Chances:
        """Some of the pictures."""
        return replace(self, places=self.places[chosen])

    def uniforms(self, what: str) -> Float64[np.ndarray, "n"]:
        """A number in [0, 1) for each picture."""
        return draws.uniforms(self.seed, self.about + what, self.places, rollbacks=self.rollbacks)

    def normals(self, what: str, shape: tuple[int, ...]) -> Float64[np.ndarray, "n ..."]:
        """Standard normal numbers in this shape for each picture."""
        name = self.about + what
        return draws.normals(self.seed, name, self.places, shape, rollbacks=self.rollbacks)

    def generators(self, what: str) -> Iterator[np.random.Generator]:
        """A generator of its own for each picture, in their order."""
        for place in self.places.tolist():
            yield draws.generator(self.seed, self.about + what, place, rollbacks=self.rollbacks)
