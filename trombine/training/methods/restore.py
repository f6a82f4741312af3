"""Undo a known damage by comparison with the truth: enlargers, cleaners, repairers.

SRResNet is as Ledig et al., 2017, have it. What was tried before the enlargers were chosen is in
docs/log/enlarge.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, TypeVar, final

import torch
from torch import Tensor

from trombine.core.errors import InputError
from trombine.data.source import Source
from trombine.losses.damage import PAIRS, Damage
from trombine.losses.objective import Objective, Pictures, Samples, Step, Terms
from trombine.losses.terms import TERMS, Judge, Judged, judge_of, total_variation
from trombine.metrics import psnr, ssim
from trombine.recipes import NetSpec, Recipe


@dataclass(frozen=True, kw_only=True)
class Restore(Judged):
    """Undo a known damage: one net, compared with the truth. Weights of 0 leave a term out."""

    objective: ClassVar[str] = "restore"
    any_size: ClassVar[bool] = True

    # What is undone: shrink:FACTOR, noise:STRENGTH, hole:MASKS or a chain (docs/data.md); or pairs,
    # where the data is of pictures before and after.
    damage: str = "shrink:2"
    l1: float = 1.0  # weight of the mean absolute difference
    l2: float = 0.0  # weight of the mean squared difference
    charbonnier: float = 0.0  # weight of the smooth absolute difference
    luma: float = 0.0  # weight of the mean absolute difference of the luma
    total_variation: float = 0.0  # weight of the result's own roughness
    ssim: float = 0.0  # weight of 1 - SSIM
    ms_ssim: float = 0.0  # weight of 1 - SSIM at several scales
    haar: float = 0.0  # weight of 1 - how alike the strengths of details are
    # Weight of the distance between the Gram matrices of a judging net's features.
    gram: float = 0.0


RestoreKind = TypeVar("RestoreKind", bound=Restore)

MEASURES: Final = {"PSNR": True, "SSIM": True}
FEATURES: Final = "features"  # the judge's distance from the truth
_JUDGED: Final = ("perceptual", "gram")  # terms that a judging net sees


class RestoringObjective(Objective[RestoreKind]):
    """Abstract: one net, compared with the truth by the recipe's terms."""

    measures: Mapping[str, bool] = MEASURES
    own: tuple[str, ...] = ()  # terms beside those of every net that restores

    def __init__(self, recipe: RestoreKind) -> None:
        super().__init__(recipe)
        self.damaging = Damage.parse(recipe.damage)
        self.damaging.check(recipe)
        self.damage, self.pairs = self.damaging.about, self.damaging.kind == PAIRS
        self.weights = weights_of(recipe, *self.own)
        self.judge = judge_in(recipe, self.weights)
        if self.judge:
            self.measures = {**MEASURES, FEATURES: False}

    def compared(self, step: Step, output: Pictures) -> Terms:
        """The net's output, compared with the truth."""
        return terms_beside(self, output, self.damaging.truth(step))

    def check(self, sources: Mapping[str, Source]) -> None:
        """Refuse single pictures where pairs are to be learned from."""
        super().check(sources)
        if self.pairs and not sources["data"].paired:
            problem = f"{sources['data'].spec} is of no pairs"
            raise InputError(problem, "give a folder with input/ and target/, or another --damage")

    def samples(self, step: Step) -> Samples:
        """The fixed faces, damaged and restored."""
        return self.damaging.samples(step)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """PSNR and SSIM of the net's output for the choosing pictures, and the judge's distance."""
        scores: dict[str, list[Tensor]] = {name: [] for name in MEASURES}
        for step in steps:
            output = self.damaging.result(step).float()
            truth = self.damaging.truth(step).float()
            scores["PSNR"].append(psnr(output, truth))
            scores["SSIM"].append(ssim(output, truth))
            if self.judge:
                scores.setdefault(FEATURES, []).append(self.judge.each(output, truth))
        return {name: float(torch.cat(values).mean()) for name, values in scores.items()}


@final
class RestoreObjective(RestoringObjective[Restore]):
    """One phase: from the damaged picture back to the original."""

    def terms(self, step: Step) -> Terms:
        """The net's output, compared with the truth."""
        return self.compared(step, self.damaging.output(step))


def weights_of(recipe: Restore, *more: str) -> dict[str, float]:
    """What the recipe gives each term, those with 0 left out; `more` names terms of its own."""
    weights = recipe.weights(*TERMS, "total_variation", *_JUDGED, *more)
    if not weights:
        raise InputError("nothing to learn from: every term of the recipe has weight 0")
    return weights


def terms_beside(objective: Objective[Any], output: Pictures, truth: Pictures) -> dict[str, Tensor]:
    """The output compared with the truth, by the terms that have a weight."""
    weights, judge = objective.weights, objective.judge
    terms = {name: TERMS[name](output, truth) for name in weights if name in TERMS}
    if "total_variation" in weights:
        terms["total_variation"] = total_variation(output)
    return terms | (judge(output, truth, weights) if judge else {})


def judge_in(recipe: Restore, weights: Mapping[str, float]) -> Judge | None:
    """The judge, where a term needs one."""
    return judge_of(recipe) if set(_JUDGED) & weights.keys() else None


# Presets

X2: Final = Restore(
    about="enlarges twice",
    task="upscale",
    nets={"net": NetSpec("residual", {"width": 64, "depth": 12, "factor": 2})},
    data="leaves#4000",  # they have what photographs have
    luma=2.0,
    size=240,  # a multiple of 2, 3, 4 and 8
    augment="mirror+crop:60",
    pictures=600_000,
    warmup=2_000,
    clip=1.0,
    ema=10_000,
    precision="auto",
    threads=1,
    sample_every=20_000,
    measure_every=20_000,
    save_every=20_000,
)
X4: Final = replace(
    X2,
    about="enlarges four times",
    nets={"net": NetSpec("residual", {"width": 64, "depth": 14, "factor": 4})},
    data="leaves#3000",
    damage="shrink:4",
    size=360,
    augment="mirror+crop:120",
)
# What is done to a small picture before it is saved as it is found: sharpened, saved once before,
# resized in between.
_BEFORE_SAVING: Final = "+sharpen:0.3-1.5?0.3+jpeg:60-95?0.25+resize:0.7-1?0.2"
# As wild-x4 (data/degrade.py), nearer to the usual: a JPEG of a picture that was sharp most
# often, blur in two of three, noise in half.
WILD: Final = (
    "blur:gaussian:0.4-1.8/blur:gaussian:0.4-1.8/blur:long:0.4-2.4:0.4-1.2/blur:motion:1-5?0.65"
    "+shrink:4/shrink:4/shrink:pillow:4/shrink:area:4"
    "+noise:gaussian:0.005-0.035/noise:gaussian:0.005-0.035/noise:grey:0.005-0.03"
    f"/noise:poisson:300-4000?0.5{_BEFORE_SAVING}"
    "+jpeg:60-95/jpeg:60-95/jpeg:30-70/webp:30-95?0.95"
)
# The same for two times, with less of all: what a phone takes is hardly damaged, and large.
_WILD_X2: Final = (
    "blur:gaussian:0.3-1.2/blur:gaussian:0.3-1.2/blur:long:0.3-1.6:0.3-0.8/blur:motion:1-4?0.5"
    "+shrink:2/shrink:2/shrink:pillow:2/shrink:area:2"
    "+noise:gaussian:0.003-0.03/noise:gaussian:0.003-0.03/noise:grey:0.003-0.03"
    f"/noise:poisson:300-4000?0.5{_BEFORE_SAVING}"
    "+jpeg:80-100/jpeg:60-97/jpeg:60-95/jpeg:30-70/webp:30-95?0.95"
)
# Of every size: a face that is large in one photograph is small in another.
WILD_X4: Final = replace(
    X4,
    about="enlarges four times what phones and web pages have blurred, grained and squeezed",
    nets={"net": NetSpec("residual", {"width": 96, "depth": 18, "factor": 4})},
    data="leaves#3000*6+world:photo#3000*2",
    damage=WILD,
    size=256,
    augment="zoom:0.55-1+mirror+crop:144",
    l1=0.0,
    charbonnier=1.0,
    luma=1.0,
    beta2=0.99,
    clip=0.5,
    ema=5_000,
    pictures=700_000,
)
WILD_X2: Final = replace(
    WILD_X4,
    about="enlarges twice what phones and web pages have blurred, grained and squeezed",
    nets=X2.nets,  # for 12 megapixels in minutes
    damage=_WILD_X2,
    augment="zoom:0.55-1+mirror+crop:96",
    start="upscale-x2",
)
# Faces that are 40 to 110 pixels wide before they are enlarged.
WILD_FACES: Final = replace(
    WILD_X4,
    about="enlarges faces four times in what phones and web pages have blurred and squeezed",
    data="world:photo#9000",
    size=384,
    augment="zoom:0.38-1+mirror+crop:144",
    start="upscale-wild-x4",
    batch=8,
    lr=3e-4,
    schedule="linear",
    warmup=300,
    ema=2_000,
    pictures=36_000,
    measure_every=6_000,
    sample_every=12_000,
    save_every=3_000,
)
_DRAWN: Final = "world:anime#1500+world:cartoon#1500+world:sketch#1500+leaves#1500*0.5"
_CLEANER: Final = Restore(
    about="takes noise out of pictures",
    task="restore",
    nets={"net": NetSpec("unet", {"width": 32, "levels": 3, "residual": True})},
    data="world:photo",
    damage="noise:0.1",
    pictures=400_000,
    warmup=2_000,
    clip=1.0,
    ema=10_000,
    ssim=0.1,
)

PRESETS: Final[dict[str, Recipe]] = {
    "upscale-x2": X2,
    "upscale-x4": X4,
    "upscale-fast-x2": replace(
        X2,
        about="enlarges twice, fast: a net a sixth as large",
        nets={"net": NetSpec("residual", {"width": 32, "depth": 8, "factor": 2})},
        pictures=250_000,
        lr=2e-3,
    ),
    "upscale-fast-x4": replace(
        X4,
        about="enlarges four times, fast: a net a sixth as large",
        nets={"net": NetSpec("residual", {"width": 32, "depth": 8, "factor": 4})},
        pictures=250_000,
        lr=2e-3,
    ),
    "upscale-drawings-x2": replace(
        X2,
        about="enlarges drawings twice",
        nets={"net": NetSpec("residual", {"width": 48, "depth": 8, "factor": 2})},
        data=_DRAWN,
        pictures=200_000,
    ),
    "upscale-drawings-x4": replace(
        X4,
        about="enlarges drawings four times",
        nets={"net": NetSpec("residual", {"width": 48, "depth": 10, "factor": 4})},
        data=_DRAWN,
        size=240,
        pictures=200_000,
    ),
    "upscale-wild-x4": WILD_X4,
    "upscale-wild-x2": WILD_X2,
    "upscale-wild-faces-x4": WILD_FACES,
    "upscale-grown-x4": replace(
        X4,
        about="enlarges four times, grown from the net that enlarges twice",
        start="upscale-x2",
    ),
    "srresnet-x2": replace(
        X2,
        about="enlarges twice by the net of the paper, SRResNet",
        nets={"net": NetSpec("srresnet", {"width": 64, "blocks": 16, "factor": 2, "norm": "none"})},
        lr=5e-4,
    ),
    "srresnet-x4": replace(
        X4,
        about="enlarges four times by the net of the paper, SRResNet",
        nets={"net": NetSpec("srresnet", {"width": 64, "blocks": 16, "factor": 4, "norm": "none"})},
        lr=5e-4,
    ),
    "cleaner": _CLEANER,
    "repairer": replace(
        _CLEANER,
        about="paints what is missing of pictures",
        task="repair",
        nets={"net": NetSpec("unet", {"width": 32, "levels": 5, "inputs": 4, "residual": True})},
        damage="hole:irregular:10-30*0.5+squares*0.5",
    ),
    "autoencoder": replace(
        _CLEANER,
        about="gives pictures back through a few numbers, so that losses compare by its features",
        nets={"net": NetSpec("autoencoder", {"width": 16, "levels": 4, "depth": 16})},
        damage="noise:0.05",
        pictures=100_000,
        optimiser="muon",
        lr=5e-3,
        beta1=0.95,
    ),
    "restorer": replace(
        _CLEANER,
        about="repairs scanned prints that faded, got stains and were scratched",
        nets={"net": NetSpec("unet", {"width": 32, "levels": 4, "residual": True})},
        data="world:photo*0.7+leaves*0.3",
        damage="old-photo",
    ),
}
