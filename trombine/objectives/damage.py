"""What is done to a picture before a net undoes it, by name: `shrink:2`, `noise:0.1`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Float

from trombine.data.degrade import enlarge, shrink
from trombine.objectives.objective import ObjectiveError, Step

Pictures = Float[torch.Tensor, "n c h w"]


@final
@dataclass(frozen=True, kw_only=True)
class Damage:
    """A kind of damage and how strong it is."""

    kind: str
    strength: float

    @classmethod
    def parse(cls, text: str) -> Damage:
        """The damage that a recipe spells KIND:STRENGTH."""
        kind, _, rest = text.partition(":")
        try:
            strength = float(rest)
        except ValueError:
            strength = -1.0
        if kind not in KINDS or strength <= 0 or (kind == "shrink" and strength % 1):
            raise ObjectiveError(f"damage is shrink:FACTOR or noise:STRENGTH, not {text!r}")
        return cls(kind=kind, strength=strength)

    def __str__(self) -> str:
        return f"{self.kind}:{self.strength:g}"

    @property
    def about(self) -> str:
        """In words, as a protocol tells it."""
        if self.kind == "shrink":
            factor = int(self.strength)
            return f"shrunk {factor} times as MATLAB's bicubic imresize, rounded to 8 bits"
        return f"normal noise of {self.strength:g}"

    def __call__(self, step: Step) -> Pictures:
        """What is left of a step's pictures."""
        return KINDS[self.kind](step, self.strength)

    def naive(self, damaged: Pictures) -> Float[torch.Tensor, "n c k l"]:
        """The best that no net is needed for: bicubic enlarging; the picture as it is."""
        return enlarge(damaged, int(self.strength)) if self.kind == "shrink" else damaged


def _shrink(step: Step, factor: float) -> Pictures:
    pictures = step.pictures()
    return shrink(pictures.float(), int(factor)).to(pictures.dtype)


def _noise(step: Step, strength: float) -> Pictures:
    pictures = step.pictures()
    noise = step.normals("damage", pictures.shape[1:])
    return pictures + strength * noise


KINDS: Final[dict[str, Callable[[Step, float], Pictures]]] = {"shrink": _shrink, "noise": _noise}
