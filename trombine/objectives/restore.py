"""Undo a known damage by comparison with the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

import torch
from torch import Tensor, nn

from trombine.measures import psnr, ssim
from trombine.objectives.alarms import Alarm, NoGradient, NoProgress, NotFinite, TintDrift
from trombine.objectives.damage import Damage
from trombine.objectives.judges import judge_of
from trombine.objectives.objective import Objective, Phase, Samples, Step, Terms
from trombine.objectives.terms import TERMS, total_variation
from trombine.recipes.recipe import Restore, Sharpen
from trombine.refusal import InputError

MEASURES: Final = {"PSNR": True, "SSIM": True}
MUCH_WORSE: Final = 3.0  # dB below the best: the squared error is twice what it was


@final
class RestoreObjective(Objective[Restore]):
    """One net, one phase: what it makes of the damaged picture is to be the picture."""

    main = "net"
    measures = MEASURES

    def __init__(self, recipe: Restore) -> None:
        super().__init__(recipe)
        self.damaging = Damage.parse(recipe.damage)
        self.damaging.check(recipe)
        self.damage = self.damaging.about
        weights = {**{name: getattr(recipe, name) for name in TERMS}}
        for name in ("total_variation", "perceptual", "gram"):
            weights[name] = getattr(recipe, name)
        self.weights = {name: weight for name, weight in weights.items() if weight}
        if not self.weights:
            raise InputError("nothing to learn from: every term of the recipe has weight 0")
        wants_judge = {"perceptual", "gram"} & self.weights.keys()
        self.judge = judge_of(recipe) if wants_judge else None

    def phases(self) -> tuple[Phase, ...]:
        """The one there is."""
        return (Phase(name="restore", learns=("net",), terms=self.terms, weights=self.weights),)

    def terms(self, step: Step) -> Terms:
        """What the net made, compared with what was there."""
        made, truth = self.damaging.undone(step), step.pictures()
        found = {name: TERMS[name](made, truth) for name in self.weights if name in TERMS}
        if "total_variation" in self.weights:
            found["total_variation"] = total_variation(made)
        if self.judge:
            found |= self.judge(made, truth, self.weights)
        return found

    def samples(self, step: Step) -> Samples:
        """The fixed faces, damaged and restored."""
        return restored(step, self.damaging)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """How near to the truth, the mean over pictures."""
        return nearness(steps, self.damaging)

    def helpers(self) -> Mapping[str, nn.Module]:
        """The judging net, where a term needs it."""
        return {"judge": self.judge.perceptual.net} if self.judge else {}

    def alarms(self) -> tuple[Alarm, ...]:
        """What goes wrong without a discriminator."""
        return restoring_alarms(self.recipe, self.measures)


def restored(step: Step, damage: Damage) -> Samples:
    """What the net makes of the fixed faces, between what it was given and the truth."""
    damaged = damage(step)
    made = damage.result(step)
    still = {"input": damage.naive(damaged.float().clamp(0, 1)), "truth": step.pictures()}
    return Samples(made=made, still=still)


def nearness(steps: Sequence[Step], damage: Damage) -> dict[str, float]:
    """PSNR and SSIM of what the net makes of the choosing pictures."""
    found: dict[str, list[Tensor]] = {name: [] for name in MEASURES}
    for step in steps:
        made = damage.result(step).float()
        truth = step.pictures().float()
        found["PSNR"].append(psnr(made, truth))
        found["SSIM"].append(ssim(made, truth))
    return {name: float(torch.cat(values).mean()) for name, values in found.items()}


def restoring_alarms(recipe: Restore | Sharpen, measures: Mapping[str, bool]) -> tuple[Alarm, ...]:
    """What can go wrong where a net is compared with the truth."""
    name, higher = next(iter(measures.items()))
    return (
        NotFinite(action="stop" if recipe.on_nan == "stop" else "roll back"),
        NoProgress(name, higher=higher, total=recipe.pictures, much=MUCH_WORSE),
        TintDrift(),
        NoGradient(),
    )
