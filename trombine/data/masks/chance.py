"""What a mask is drawn from: a seed, the place in a run, and how often the run went back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from trombine.data.draws import choices, generator, uniforms

Hole = Bool[np.ndarray, "h w"]


@dataclass(frozen=True, kw_only=True)
class Chance:
    """The key of one mask's draws. A mask of a seed alone is at place 0."""

    seed: int
    place: int = 0
    rollbacks: int = 0
    about: str = ""  # what every draw's name begins with

    def named(self, what: str) -> str:
        """The name under which numbers are drawn for one use."""
        return f"{self.about}mask: {what}"

    def generator(self, what: str) -> np.random.Generator:
        """Many numbers for one use."""
        return generator(self.seed, self.named(what), self.place, rollbacks=self.rollbacks)

    def uniform(self, what: str) -> float:
        """A number in [0, 1)."""
        at = np.array([self.place])
        return float(uniforms(self.seed, self.named(what), at, rollbacks=self.rollbacks)[0])

    def choice(self, what: str, weights: Float64[np.ndarray, "k"]) -> int:
        """Which of the weights."""
        at = np.array([self.place])
        return int(choices(self.seed, self.named(what), weights, at, rollbacks=self.rollbacks)[0])
