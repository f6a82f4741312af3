"""The damage that a net learns to undo: `shrink:2`, `hole:squares`, a chain, or that of `pairs`.

Shrinking alone and normal noise alone are older than chains and stay as they were, bit for bit:
nets that are shipped learned from them. Everything else is spelled and drawn by data/degrade.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final, final

import torch
from jaxtyping import Float

from trombine.core.errors import InputError
from trombine.core.grammar import number_of
from trombine.data.augment import Augment
from trombine.data.degrade import Chain
from trombine.data.masks import draw_masks
from trombine.data.masks import parse as parse_masks
from trombine.data.resize import enlarge, shrink
from trombine.io.color import LUMA
from trombine.losses.objective import Samples, Step
from trombine.models.tasks import emptied
from trombine.recipes import NetSpec, Recipe

Pictures = Float[torch.Tensor, "n c h w"]

_HOLE: Final = "hole"
PAIRS: Final = "pairs"  # of pictures before and after: the first side is what the net gets
_DAMAGED: Final = "damaged"  # the name of the damaged pictures in a step's cache


@final
@dataclass(frozen=True, kw_only=True)
class Damage:
    """A kind of damage and how strong it is, or a chain of degradations."""

    text: str
    kind: str = ""  # one of KINDS; none of a chain
    strength: float = 0.0
    chain: Chain | None = None
    masks: str = ""  # of holes

    @classmethod
    def parse(cls, text: str) -> Damage:
        """The damage that is spelled: KIND:STRENGTH, hole:MASKS, a preset, a chain, or pairs."""
        if text == PAIRS:
            return cls(text=text, kind=PAIRS)
        kind, _, argument = text.partition(":")
        if kind == _HOLE:
            parse_masks(argument)
            return cls(text=text, kind=kind, masks=argument)
        strength = number_of(argument)
        if kind in KINDS and 0 < strength < inf and not (kind == "shrink" and strength % 1):
            return cls(text=f"{kind}:{strength:g}", kind=kind, strength=strength)
        try:
            return cls(text=text, chain=Chain.parse(text))
        except InputError as error:
            raise InputError(f"damage: {error}") from error

    def __str__(self) -> str:
        return self.text

    @property
    def factor(self) -> int:
        """How many times smaller the damaged pictures are."""
        if self.chain:
            return self.chain.scale
        return int(self.strength) if self.kind == "shrink" else 1

    @property
    def about(self) -> str:
        """In words, for a protocol."""
        if self.kind == PAIRS:
            return "as the first of each pair is"
        if self.chain:  # spelled out, for what a preset's name means may change
            return f"degraded by {self.chain}, drawn for each picture"
        if self.masks:
            return f"holes of {self.masks}, drawn for each picture"
        if self.kind == "shrink":
            return f"shrunk {self.factor} times as MATLAB's bicubic imresize, rounded to 8 bits"
        return f"normal noise of {self.strength:g}"

    def check(self, recipe: Recipe) -> None:
        """Refuse nets that cannot undo the damage, and picture sizes that it does not divide."""
        factor, crop = self.factor, Augment.parse(recipe.augment).crop
        if "net" in recipe.nets:
            _check_net(self, recipe.nets["net"], factor)
            _check_task(self, recipe.task)
        for what, side in (("size ", recipe.size), ("augment crop:", crop)):
            if side % factor:
                near = side - side % factor or factor
                needed = f"is not a multiple of {factor}, as damage {self} needs"
                raise InputError(f"{what}{side} {needed}; give {near}")

    def __call__(self, step: Step) -> Pictures:
        """A step's pictures, damaged."""
        if self.masks:
            return emptied(step.pictures(), self.inputs(step)["hole"])
        if self.kind == PAIRS:
            return step.pictures()
        return _degraded(step, self.chain) if self.chain else KINDS[self.kind](step, self.strength)

    def truth(self, step: Step) -> Pictures:
        """What the damaged pictures of a step were, or the second of each pair."""
        if self.kind != PAIRS:
            return step.pictures()
        if PAIRS not in step.cache:
            pair = step.batches["data"].pair
            if pair is None:
                raise InputError("the data has no pairs to learn from")
            step.cache[PAIRS] = pair.pictures(step.device).to(step.dtype)
        return step.cache[PAIRS]

    def inputs(self, step: Step) -> dict[str, Pictures]:
        """The net's other inputs beside the damaged pictures, by name."""
        return {"hole": _holes(step, self.masks)} if self.masks else {}

    def output(self, step: Step) -> Float[torch.Tensor, "n c k l"]:
        """The output of the step's net for the damaged pictures."""
        return step.nets["net"](self(step), **self.inputs(step))

    def result(self, step: Step) -> Float[torch.Tensor, "n c k l"]:
        """The output as a user gets it: within [0, 1], and unchanged outside a hole."""
        output = self.output(step).clamp(0, 1)
        if not self.masks:
            return output
        return torch.where(self.inputs(step)["hole"] > 0.5, output, step.pictures())

    def samples(self, step: Step) -> Samples:
        """A step's pictures, damaged and restored."""
        fixed = {"input": self.naive(self(step).float().clamp(0, 1)), "truth": self.truth(step)}
        return Samples(output=self.result(step), fixed=fixed)

    def naive(self, damaged: Pictures) -> Float[torch.Tensor, "n c k l"]:
        """The baseline without a net: bicubic enlarging, or the picture as it is."""
        smaller = self.factor > 1 or self.kind == "shrink"
        return enlarge(damaged, self.factor) if smaller else damaged


def _check_net(damage: Damage, net: NetSpec, factor: int) -> None:
    """Refuse a net whose pictures are larger or smaller than the truth."""
    enlarges = net.all_sizes.get("factor", 1)
    if not isinstance(enlarges, int) or enlarges == factor:  # nets/ refuses what is no number
        return
    actual = f"enlarges {enlarges} times" if enlarges > 1 else "does not enlarge"
    needed = f"enlarges {factor} times" if factor > 1 else "does not enlarge"
    other = f"--net residual:factor={factor}" if factor > 1 else "a recipe such as cleaner"
    message = f"damage {damage} needs a net that {needed}, and {net.name} {actual}"
    raise InputError(f"{message}; give another --damage, or {other}")


def _check_task(damage: Damage, task: str) -> None:
    """Refuse holes for a net that does not get them as input, and a repairer without holes."""
    holes = ("repair", "complete")  # the tasks that get them
    if damage.masks and task not in holes:
        raise InputError(f"damage {damage} is for the task repair, not for {task}; take repairer")
    if task in holes and not damage.masks:
        raise InputError(
            f"a net for the task {task} learns from holes: give --damage hole:squares, not {damage}"
        )


def _shrink(step: Step, factor: float) -> Pictures:
    pictures = step.pictures()
    return shrink(pictures.float(), int(factor)).to(pictures.dtype)


def _noise(step: Step, strength: float) -> Pictures:
    pictures = step.pictures()
    noise = step.normals("damage", pictures.shape[1:])
    return pictures + strength * noise


def _degraded(step: Step, chain: Chain) -> Pictures:
    """Computed once a step: all its phases see the same."""
    if _DAMAGED not in step.cache:
        pictures = step.pictures()
        step.cache[_DAMAGED] = chain(pictures.float(), step.chance).to(pictures.dtype)
    return step.cache[_DAMAGED]


def _holes(step: Step, masks: str) -> Pictures:
    """The holes, computed once a step. Masks over parts need the pictures' parts."""
    if _HOLE not in step.cache:
        pictures, parts = step.pictures(), step.batches["data"].parts
        part_maps = None if parts is None else parts.numpy()
        height, width = pictures.shape[-2:]
        holes = draw_masks(masks, step.chance, size=(height, width), parts=part_maps)
        step.cache[_HOLE] = holes.to(pictures)
    return step.cache[_HOLE]


KINDS: Final[dict[str, Callable[[Step, float], Pictures]]] = {"shrink": _shrink, "noise": _noise}


# What spoils pictures before a net sees them, beside what it is to undo


def chain_of(damage: str, whose: str) -> Chain | None:
    """The chain that a recipe names, None for none; it must leave pictures their size."""
    try:
        chain = None if damage == "none" else Chain.parse(damage)
    except InputError as error:
        raise InputError(f"damage: {error}") from error
    if chain and chain.scale > 1:
        raise InputError(f"damage: {whose} stay as large as they are; no shrink")
    return chain


def greyed(pictures: Pictures, share: float, step: Step) -> Pictures:
    """The pictures of a step, this share of them without their colours."""
    grey = (step.uniforms("grey") < share).to(pictures.device)[:, None, None, None]
    luma = (pictures * pictures.new_tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)
    return torch.where(grey, luma, pictures)
