"""Undo a known damage by comparison with the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

import torch
from torch import Tensor, nn

from trombine.measures import psnr, ssim
from trombine.objectives.alarms import Alarm, NoProgress, TintDrift
from trombine.objectives.damage import Damage
from trombine.objectives.judges import judge_of
from trombine.objectives.objective import Objective, Phase, Samples, Step, Terms
from trombine.objectives.terms import TERMS, total_variation
from trombine.recipes.recipe import Painting, Restore, Sharpen
from trombine.refusal import InputError

MEASURES: Final = {"PSNR": True, "SSIM": True}
MUCH_WORSE: Final = 3.0  # dB below the best: twice the squared error


@final
class RestoreObjective(Objective[Restore]):
    """One net, one phase: from the damaged picture back to the original."""

    main = "net"
    measures = MEASURES

    def __init__(self, recipe: Restore) -> None:
        super().__init__(recipe)
        self.damaging = Damage.parse(recipe.damage)
        self.damaging.check(recipe)
        self.damage = self.damaging.about
        weights = {name: getattr(recipe, name) for name in TERMS}
        for name in ("total_variation", "perceptual", "gram"):
            weights[name] = getattr(recipe, name)
        self.weights = {name: weight for name, weight in weights.items() if weight}
        if not self.weights:
            raise InputError("nothing to learn from: every term of the recipe has weight 0")
        wants_judge = {"perceptual", "gram"} & self.weights.keys()
        self.judge = judge_of(recipe) if wants_judge else None

    def phases(self) -> tuple[Phase, ...]:
        """The only phase."""
        return (Phase(name="restore", learns=("net",), terms=self.terms, weights=self.weights),)

    def terms(self, step: Step) -> Terms:
        """The net's output, compared with the truth."""
        output, truth = self.damaging.output(step), step.pictures()
        terms = {name: TERMS[name](output, truth) for name in self.weights if name in TERMS}
        if "total_variation" in self.weights:
            terms["total_variation"] = total_variation(output)
        if self.judge:
            terms |= self.judge(output, truth, self.weights)
        return terms

    def samples(self, step: Step) -> Samples:
        """The fixed faces, damaged and restored."""
        return restored(step, self.damaging)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """How near to the truth, the mean over pictures."""
        return nearness(steps, self.damaging)

    def helpers(self) -> Mapping[str, nn.Module]:
        """The judging net, where a term needs it."""
        return {"judge": self.judge.perceptual.net} if self.judge else {}

    def own_alarms(self) -> tuple[Alarm, ...]:
        """The alarms without a discriminator."""
        return restoring_alarms(self.recipe, self.measures)


def restored(step: Step, damage: Damage) -> Samples:
    """The net's output for the fixed faces, between its input and the truth."""
    damaged = damage(step)
    output = damage.result(step)
    fixed = {"input": damage.naive(damaged.float().clamp(0, 1)), "truth": step.pictures()}
    return Samples(output=output, fixed=fixed)


def nearness(steps: Sequence[Step], damage: Damage) -> dict[str, float]:
    """PSNR and SSIM of the net's output for the choosing pictures."""
    scores: dict[str, list[Tensor]] = {name: [] for name in MEASURES}
    for step in steps:
        output = damage.result(step).float()
        truth = step.pictures().float()
        scores["PSNR"].append(psnr(output, truth))
        scores["SSIM"].append(ssim(output, truth))
    return {name: float(torch.cat(values).mean()) for name, values in scores.items()}


def restoring_alarms(
    recipe: Restore | Sharpen | Painting, measures: Mapping[str, bool]
) -> tuple[Alarm, ...]:
    """The alarms of their own where nets are compared with the truth."""
    name, higher = next(iter(measures.items()))
    return (
        NoProgress(name, higher=higher, total=recipe.pictures, much=MUCH_WORSE),
        TintDrift(),
    )
