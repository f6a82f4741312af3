"""Undo a known damage by comparison with the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar, final

import torch
from torch import Tensor, nn

from trombine.measures import psnr, ssim
from trombine.objectives.damage import Damage
from trombine.objectives.judges import Judge, judge_of
from trombine.objectives.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.objectives.terms import TERMS, total_variation
from trombine.recipes.recipe import Restore
from trombine.refusal import InputError

RestoreKind = TypeVar("RestoreKind", bound=Restore)

MEASURES: Final = {"PSNR": True, "SSIM": True}
FEATURES: Final = "features"  # the judge's distance from the truth
_JUDGED: Final = ("perceptual", "gram")  # terms that a judging net sees


class RestoringObjective(Objective[RestoreKind]):
    """Abstract: one net, compared with the truth by the recipe's terms."""

    main = "net"
    measures: Mapping[str, bool] = MEASURES

    def __init__(self, recipe: RestoreKind) -> None:
        super().__init__(recipe)
        self.damaging = Damage.parse(recipe.damage)
        self.damaging.check(recipe)
        self.damage = self.damaging.about
        self.weights = weights_of(recipe)
        self.judge = judge_in(recipe, self.weights)
        if self.judge:
            self.measures = {**MEASURES, FEATURES: False}

    def compared(self, step: Step, output: Pictures) -> Terms:
        """The net's output, compared with the truth."""
        truth = step.pictures()
        terms = {name: TERMS[name](output, truth) for name in self.weights if name in TERMS}
        if "total_variation" in self.weights:
            terms["total_variation"] = total_variation(output)
        if self.judge:
            terms |= self.judge(output, truth, self.weights)
        return terms

    def samples(self, step: Step) -> Samples:
        """The fixed faces, damaged and restored."""
        damaged = self.damaging(step)
        fixed = {"input": self.damaging.naive(damaged.float().clamp(0, 1))}
        return Samples(output=self.damaging.result(step), fixed={**fixed, "truth": step.pictures()})

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """PSNR and SSIM of the net's output for the choosing pictures, and the judge's distance."""
        scores: dict[str, list[Tensor]] = {name: [] for name in MEASURES}
        for step in steps:
            output, truth = self.damaging.result(step).float(), step.pictures().float()
            scores["PSNR"].append(psnr(output, truth))
            scores["SSIM"].append(ssim(output, truth))
            if self.judge:
                scores.setdefault(FEATURES, []).append(self.judge.each(output, truth))
        return {name: float(torch.cat(values).mean()) for name, values in scores.items()}

    def helpers(self) -> Mapping[str, nn.Module]:
        """The judging net, where a term needs it."""
        return {"judge": self.judge.perceptual.net} if self.judge else {}


@final
class RestoreObjective(RestoringObjective[Restore]):
    """One phase: from the damaged picture back to the original."""

    def phases(self) -> tuple[Phase, ...]:
        """The only phase."""
        return (Phase(name="restore", learns=("net",), terms=self.terms, weights=self.weights),)

    def terms(self, step: Step) -> Terms:
        """The net's output, compared with the truth."""
        return self.compared(step, self.damaging.output(step))


def weights_of(recipe: Restore, *more: str) -> dict[str, float]:
    """What the recipe gives each term, those with 0 left out; `more` names terms of its own."""
    names = (*TERMS, "total_variation", *_JUDGED, *more)
    weights = {name: weight for name in names if (weight := getattr(recipe, name))}
    if not weights:
        raise InputError("nothing to learn from: every term of the recipe has weight 0")
    return weights


def judge_in(recipe: Restore, weights: Mapping[str, float]) -> Judge | None:
    """The judge, where a term needs one."""
    return judge_of(recipe) if set(_JUDGED) & weights.keys() else None
