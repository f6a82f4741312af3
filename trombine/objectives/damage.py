"""What is done to a picture before a net undoes it, by name: `shrink:2`, `noise:0.1`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final, final

import torch
from jaxtyping import Float

from trombine.data.degrade import enlarge, shrink
from trombine.nets import sizes_of
from trombine.objectives.objective import ObjectiveError, Step
from trombine.recipes.recipe import Net

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
        if kind not in KINDS or not 0 < strength < inf or (kind == "shrink" and strength % 1):
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

    def check(self, nets: Mapping[str, Net], size: int) -> None:
        """Refuse a net that cannot undo it, and pictures that cannot be shrunk so."""
        factor = int(self.strength) if self.kind == "shrink" else 1
        if "net" in nets:
            _check_net(self, nets["net"], factor)
        if size % factor:
            near = [side for side in (size - size % factor, size + factor - size % factor) if side]
            listed = " or ".join(f"--size {side}" for side in near)
            needs = f"is not a multiple of {factor}, as damage {self} needs"
            raise ObjectiveError(f"size {size} {needs}; give {listed}")

    def __call__(self, step: Step) -> Pictures:
        """What is left of a step's pictures."""
        return KINDS[self.kind](step, self.strength)

    def naive(self, damaged: Pictures) -> Float[torch.Tensor, "n c k l"]:
        """The best that no net is needed for: bicubic enlarging; the picture as it is."""
        return enlarge(damaged, int(self.strength)) if self.kind == "shrink" else damaged


def _check_net(damage: Damage, net: Net, factor: int) -> None:
    """Refuse a net whose pictures are larger or smaller than the truth."""
    sizes = {**sizes_of(net.name), **net.sizes}
    enlarges = sizes.get("factor", 1)
    if not isinstance(enlarges, int) or enlarges == factor:  # what is no number, nets/ refuses
        return
    does = f"enlarges {enlarges} times" if enlarges > 1 else "does not enlarge"
    needs = f"enlarges {factor} times" if factor > 1 else "does not enlarge"
    other = f"--damage shrink:{enlarges}" if enlarges > 1 else "--damage noise:0.1"
    cure = f"--net.factor {factor}" if "factor" in sizes else f"--net residual:factor={factor}"
    raise ObjectiveError(
        f"damage {damage} needs a net that {needs}, and {net.name} {does}; give {cure}, or {other}"
    )


def _shrink(step: Step, factor: float) -> Pictures:
    pictures = step.pictures()
    return shrink(pictures.float(), int(factor)).to(pictures.dtype)


def _noise(step: Step, strength: float) -> Pictures:
    pictures = step.pictures()
    noise = step.normals("damage", pictures.shape[1:])
    return pictures + strength * noise


KINDS: Final[dict[str, Callable[[Step, float], Pictures]]] = {"shrink": _shrink, "noise": _noise}
