"""What is done to a picture before a net undoes it: `shrink:2`, `hole:squares`, or a chain.

Shrinking alone and normal noise alone are older than chains and stay as they were, bit for bit:
nets that are shipped learned from them. Everything else is spelled and drawn by data/degrade.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final, final

import torch
from jaxtyping import Float

from trombine.data.augment import Augment
from trombine.data.degrade import Chain, enlarge, shrink
from trombine.data.masks import Masks, draw_masks
from trombine.data.masks import parse as parse_masks
from trombine.grammar import number_of
from trombine.nets import sizes_of
from trombine.objectives.objective import Step
from trombine.recipes.recipe import NetSpec, Restore, Sharpen
from trombine.refusal import InputError
from trombine.weights.tasks import emptied

Pictures = Float[torch.Tensor, "n c h w"]

_HOLE: Final = "hole"
_DAMAGED: Final = "damaged"  # under this name a step keeps what a chain made


@final
@dataclass(frozen=True, kw_only=True)
class Damage:
    """A kind of damage and how strong it is, or a chain of degradations."""

    text: str
    kind: str = ""  # one of KINDS; none of a chain
    strength: float = 0.0
    chain: Chain | None = None
    masks: Masks | None = None  # of holes

    @classmethod
    def parse(cls, text: str) -> Damage:
        """The damage that a recipe spells: KIND:STRENGTH, hole:MASKS, a preset, or a chain."""
        kind, _, rest = text.partition(":")
        if kind == _HOLE:
            return cls(text=text, kind=kind, masks=parse_masks(rest))
        strength = number_of(rest)
        if kind in KINDS and 0 < strength < inf and not (kind == "shrink" and strength % 1):
            return cls(text=f"{kind}:{strength:g}", kind=kind, strength=strength)
        try:
            return cls(text=text, chain=Chain.parse(text))
        except InputError as error:
            raise InputError(f"damage: {_why(kind, rest) or error}") from error

    def __str__(self) -> str:
        return self.text

    @property
    def in_chain(self) -> str:
        """As it is spelled within a chain."""
        return f"noise:gaussian:{self.strength:g}" if self.kind == "noise" else self.text

    @property
    def factor(self) -> int:
        """How many times smaller the damaged pictures are."""
        if self.chain:
            return self.chain.scale
        return int(self.strength) if self.kind == "shrink" else 1

    @property
    def about(self) -> str:
        """In words, as a protocol tells it."""
        if self.chain:  # spelled out, for what a preset's name means may change
            return f"degraded by {self.chain}, drawn for each picture"
        if self.masks:
            return f"holes of {self.text.partition(':')[2]}, drawn for each picture"
        if self.kind == "shrink":
            return f"shrunk {self.factor} times as MATLAB's bicubic imresize, rounded to 8 bits"
        return f"normal noise of {self.strength:g}"

    def check(self, recipe: Restore | Sharpen) -> None:
        """Refuse a net that cannot undo it, and pictures that cannot be shrunk so."""
        factor, nets, size = self.factor, recipe.nets, recipe.size
        if "net" in nets:
            _check_net(self, nets["net"], factor)
            _check_task(self, recipe.task)
        if size % factor:
            listed = " or ".join(f"--size {side}" for side in _multiples(size, factor))
            needs = f"is not a multiple of {factor}, as damage {self} needs"
            raise InputError(f"size {size} {needs}; give {listed}")
        if (crop := Augment.parse(recipe.augment).crop) % factor:
            listed = " or ".join(f"crop:{side}" for side in _multiples(crop, factor))
            needs = f"is not a multiple of {factor}, as damage {self} needs"
            raise InputError(f"augment crop:{crop} {needs}; give {listed}")

    def __call__(self, step: Step) -> Pictures:
        """A step's pictures, damaged."""
        if self.masks:
            return emptied(step.pictures(), self.inputs(step)["hole"])
        return _degraded(step, self.chain) if self.chain else KINDS[self.kind](step, self.strength)

    def inputs(self, step: Step) -> dict[str, Pictures]:
        """What a net is given besides the damaged pictures, by name."""
        return {"hole": _holes(step, self.masks)} if self.masks else {}

    def undone(self, step: Step) -> Float[torch.Tensor, "n c k l"]:
        """The result of the step's net for the damaged pictures."""
        return step.nets["net"](self(step), **self.inputs(step))

    def result(self, step: Step) -> Float[torch.Tensor, "n c k l"]:
        """The same as a user gets it: within [0, 1], and outside a hole as it was."""
        made = self.undone(step).clamp(0, 1)
        if not self.masks:
            return made
        return torch.where(self.inputs(step)["hole"] > 0.5, made, step.pictures())

    def naive(self, damaged: Pictures) -> Float[torch.Tensor, "n c k l"]:
        """The best that no net is needed for: bicubic enlarging; the picture as it is."""
        smaller = self.factor > 1 or self.kind == "shrink"
        return enlarge(damaged, self.factor) if smaller else damaged


def _multiples(side: int, factor: int) -> list[int]:
    """Those next to a side that is none."""
    return [near for near in (side - side % factor, side + factor - side % factor) if near]


def _why(kind: str, rest: str) -> str:
    """What is wrong with plain noise, which chains know nothing of; nothing if it is none."""
    if kind != "noise" or set(rest) & set("+/?:"):
        return ""
    return f"write noise:STRENGTH, a number above 0 such as noise:0.1, not 'noise:{rest}'"


def _check_net(damage: Damage, net: NetSpec, factor: int) -> None:
    """Refuse a net whose pictures are larger or smaller than the truth."""
    sizes = {**sizes_of(net.name), **net.sizes}
    enlarges = sizes.get("factor", 1)
    if not isinstance(enlarges, int) or enlarges == factor:  # what is no number, nets/ refuses
        return
    does = f"enlarges {enlarges} times" if enlarges > 1 else "does not enlarge"
    needs = f"enlarges {factor} times" if factor > 1 else "does not enlarge"
    wrong = f"damage {damage} needs a net that {needs}, and {net.name} {does}"
    raise InputError(f"{wrong}; {_cure(damage, sizes, enlarges, factor)}")


def _check_task(damage: Damage, task: str) -> None:
    """Refuse holes for a net that is not shown them, and a repairer without any."""
    if damage.masks and task != "repair":
        raise InputError(f"damage {damage} is for the task repair, not for {task}; take repairer")
    if task == "repair" and not damage.masks:
        raise InputError(f"a repairer learns from holes: give --damage hole:squares, not {damage}")


def _cure(damage: Damage, sizes: Mapping[str, object], enlarges: int, factor: int) -> str:
    """What to give for a net that enlarges so many times and damage of another factor."""
    if factor == 1:  # whoever took a net that enlarges wants it to
        added = f"{damage.in_chain}+shrink:{enlarges}"
        return f"give --damage {added}, or train a recipe that does not enlarge, such as cleaner"
    other = f"--damage shrink:{enlarges}" if enlarges > 1 else "--damage noise:0.1"
    cure = f"--net.factor {factor}" if "factor" in sizes else f"--net residual:factor={factor}"
    return f"give {cure}, or {other}"


def _shrink(step: Step, factor: float) -> Pictures:
    pictures = step.pictures()
    return shrink(pictures.float(), int(factor)).to(pictures.dtype)


def _noise(step: Step, strength: float) -> Pictures:
    pictures = step.pictures()
    noise = step.normals("damage", pictures.shape[1:])
    return pictures + strength * noise


def _degraded(step: Step, chain: Chain) -> Pictures:
    """Once a step: phases that follow one another see the same."""
    if _DAMAGED not in step.kept:
        pictures = step.pictures()
        step.kept[_DAMAGED] = chain(pictures.float(), step.chance).to(pictures.dtype)
    return step.kept[_DAMAGED]


def _holes(step: Step, masks: Masks) -> Pictures:
    """Once a step. Masks over parts need the parts of the pictures."""
    if _HOLE not in step.kept:
        pictures, parts = step.pictures(), step.batches["data"].parts
        own = None if parts is None else parts.numpy()
        height, width = pictures.shape[-2:]
        holes = draw_masks(masks, step.chance, size=(height, width), parts=own)
        step.kept[_HOLE] = holes.to(pictures)
    return step.kept[_HOLE]


KINDS: Final[dict[str, Callable[[Step, float], Pictures]]] = {"shrink": _shrink, "noise": _noise}
