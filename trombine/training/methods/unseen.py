"""Learn to enlarge from small pictures alone, when how they became small is known.

No large picture is ever compared with. What is known instead: an enlargement that is shrunk again
is the small picture that it came from (AmbientGAN's measurement, Bora et al., 2018); and what is
seen from farther away looks like a picture, too, so that a small picture is the truth for itself
shrunk once more (Shocher et al., 2018), and an enlargement, made a little smaller, is the truth for
itself shrunk (equivariant imaging, Chen et al., 2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, final

import torch
from jaxtyping import Float
from torch import Tensor

from trombine.core.errors import InputError
from trombine.data.augment import Augment
from trombine.data.resize import imresize_matlab, shrink
from trombine.losses.damage import Damage
from trombine.losses.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.losses.terms import l1
from trombine.metrics import psnr, ssim
from trombine.recipes import Recipe
from trombine.training.methods.restore import X2, X4


@final
@dataclass(frozen=True, kw_only=True)
class Unseen(Recipe):
    """Learn to enlarge from small pictures alone: of the data only what is left when it is shrunk.

    Weights of 0 leave a term out.
    """

    objective: ClassVar[str] = "unseen"
    any_size: ClassVar[bool] = True

    damage: str = "shrink:2"  # how the small pictures came to be: shrink:FACTOR
    # Weight of the mean absolute difference of a small picture and its enlargement, shrunk.
    measured: float = 1.0
    smaller: float = 1.0  # weight of how a small picture, shrunk again, differs when it is enlarged
    # Weight of the same for an enlargement made two thirds as large, a scale between both.
    between: float = 1.0


SMALLER: Final = "PSNR, smaller"  # of the small picture, made of itself shrunk: needs no large one
TERMS: Final = ("measured", "smaller", "between")
_BETWEEN: Final = 2 / 3  # of the enlargement's side


@final
class UnseenObjective(Objective[Unseen]):
    """One phase: three ways of asking whether an enlargement is right without knowing it."""

    main = "net"
    roles = ("net",)
    measures: Mapping[str, bool] = {SMALLER: True, "PSNR": True, "SSIM": True}

    def __init__(self, recipe: Unseen) -> None:
        super().__init__(recipe)
        self.damaging = Damage.parse(recipe.damage)
        if self.damaging.kind != "shrink":
            raise InputError(f"damage: what is known is shrink:FACTOR, not {recipe.damage}")
        self.damaging.check(recipe)
        self.damage = self.damaging.about
        self.factor = self.damaging.factor
        self.weights = recipe.weights(*TERMS)
        if not self.weights:
            raise InputError("nothing to learn from: every term of the recipe has weight 0")
        for what, side in (("size", recipe.size), ("crop", Augment.parse(recipe.augment).crop)):
            if side % self.factor**2:
                near = side - side % self.factor**2 or self.factor**2
                problem = f"{what} {side} cannot be shrunk {self.factor} times, and as much again"
                raise InputError(f"{problem}; let it be {near}")

    def phases(self) -> tuple[Phase, ...]:
        """The only phase."""
        return (Phase(name="unseen", learns=("net",), terms=self.terms, weights=self.weights),)

    def terms(self, step: Step) -> Terms:
        """What is known of an enlargement. Of the step's pictures only the small ones are seen."""
        net, small = step.nets["net"], self.damaging(step)
        terms: dict[str, Tensor] = {}
        large = net(small) if {"measured", "between"} & self.weights.keys() else small
        if "measured" in self.weights:
            height, width = small.shape[-2:]
            measured = imresize_matlab(large.float(), (height, width)).to(small)  # not cut off
            terms["measured"] = l1(measured, small)
        if "smaller" in self.weights:
            terms["smaller"] = l1(self._again(step, small), small)
        if "between" in self.weights:
            between = self._between(large.detach())
            terms["between"] = l1(self._again(step, between), between)
        return terms

    def _again(self, step: Step, pictures: Pictures) -> Pictures:
        """Pictures shrunk, and enlarged again."""
        small = shrink(pictures.float(), self.factor).to(pictures)
        return step.nets["net"](small)

    def _between(self, large: Pictures) -> Float[Tensor, "n c h2 w2"]:
        """Pictures made two thirds as large, to multiples of the factor, within [0, 1]."""
        height, width = (
            round(side * _BETWEEN) // self.factor * self.factor for side in large.shape[-2:]
        )
        return imresize_matlab(large.float(), (height, width)).clamp(0, 1).to(large)

    def samples(self, step: Step) -> Samples:
        """The fixed pictures, shrunk and enlarged."""
        return self.damaging.samples(step)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """By what is best kept, of the small pictures; and beside the large ones, to look at."""
        scores: dict[str, list[Tensor]] = {name: [] for name in self.measures}
        for step in steps:
            small, truth = self.damaging(step).float(), step.pictures().float()
            result = self.damaging.result(step).float()
            scores[SMALLER].append(psnr(self._again(step, small).float().clamp(0, 1), small))
            scores["PSNR"].append(psnr(result, truth))
            scores["SSIM"].append(ssim(result, truth))
        return {name: float(torch.cat(values).mean()) for name, values in scores.items()}


# Presets

_UNSEEN_X2: Final = Unseen(
    about="enlarges twice, learning from small pictures alone",
    task="upscale",
    nets=X2.nets,
    data=X2.data,
    damage="shrink:2",
    size=240,
    augment="mirror+crop:120",
    pictures=100_000,
    batch=8,
    lr=1e-3,
    warmup=2_000,
    clip=1.0,
    ema=5_000,
    precision="auto",
    threads=1,
)

PRESETS: Final[dict[str, Recipe]] = {
    "upscale-unseen-x2": _UNSEEN_X2,
    "upscale-unseen-x4": replace(
        _UNSEEN_X2,
        about="enlarges four times, learning from small pictures alone",
        nets=X4.nets,
        damage="shrink:4",
        size=352,
        augment="mirror+crop:192",
    ),
}
