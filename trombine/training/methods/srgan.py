"""SRGAN (Ledig et al., 2017) and ESRGAN (Wang et al., 2018): undo a damage, then look real.

Three phases. The net learns alone; then the discriminator alone, of what the net makes; then both,
the discriminator's weight rising from 0 until the measure has lost what it may lose.
What was tried is in docs/log/enlarge.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, final

import torch

from trombine.core.errors import InputError
from trombine.losses.adversary import Adversary, WithCritic
from trombine.losses.objective import Phase, Pictures, Ramp, Step, Terms, Until
from trombine.losses.terms import BANDS, artefacts, bands
from trombine.metrics import edge_energy
from trombine.recipes import NetSpec, Recipe
from trombine.training.methods.restore import (
    WILD_FACES,
    WILD_X4,
    X4,
    Restore,
    RestoringObjective,
)


@dataclass(frozen=True, kw_only=True)
class Criticised(WithCritic):
    """Compared with the truth, then also with what a discriminator says.

    Phases: the net alone, the discriminator alone, then both, with the discriminator's weight
    rising while the measure allows.
    """

    alone: int = 50_000  # pictures before the discriminator begins
    critic_alone: int = 5_000  # pictures during which only the discriminator learns
    adversarial: float = 0.01  # the discriminator's weight at the end of its ramp
    ramp: int = 50_000  # pictures over which this weight rises from 0
    worst: float = 1.0  # Decibels the measure may lose before the weight stops rising


@final
@dataclass(frozen=True, kw_only=True)
class Sharpen(Criticised, Restore):
    """Undo a known damage, then learn from a discriminator to make it look real."""

    objective: ClassVar[str] = "sharpen"

    # Levels of wavelets whose high bands the discriminator sees, three a level, without the finest:
    # that is a camera's noise, which a net can only answer by a grid. 0: the picture.
    bands: int = 0
    artefacts: float = 0.0  # weight of errors that vary, where the averaged net makes less


_OUTPUT: Final = "output"
_GAIN: Final = 16  # of bands, so that spectral norm leaves them as much as whole pictures
EDGES: Final = "edges"  # how far the edge energy is from the truth's


def edges_off(results: Pictures, truths: Pictures) -> float:
    """How far the edge energy of results is from that of their truths, as a share of it."""
    ours, theirs = (float(edge_energy(pictures).sum()) for pictures in (results, truths))
    return abs(1 - ours / max(theirs, 1e-9))


def sharpening(
    recipe: Criticised,
    adversary: Adversary,
    weights: Mapping[str, float],
    output: Callable[[Step], Pictures],
    compared: Callable[[Step, Pictures], Terms],
) -> tuple[Phase, ...]:
    """The phases: alone, both, and the discriminator, which begins before both.

    `output` is what the net makes of a step, `compared` its terms beside the truth.
    """

    def alone(step: Step) -> Terms:
        return compared(step, output(step))

    def sharpen(step: Step) -> Terms:
        made = output(step)
        step.cache[_OUTPUT] = made.detach()
        return {**compared(step, made), "adversarial": adversary.generator_loss(step, made)}

    def generated(step: Step) -> Pictures:
        """The net's output, for the discriminator to learn from."""
        if _OUTPUT not in step.cache:
            with torch.no_grad():
                step.cache[_OUTPUT] = output(step)
        return step.cache[_OUTPUT]

    stops = Until(measure="PSNR", loses=recipe.worst)
    ramp = Ramp(high=recipe.adversarial, over=recipe.ramp, stops=stops)
    start = recipe.alone + recipe.critic_alone
    return (
        Phase(name="alone", learns=("net",), terms=alone, weights=weights, lasts=recipe.alone),
        Phase(
            name="sharpen",
            learns=("net",),
            terms=sharpen,
            weights={**weights, "adversarial": ramp},
            start=start,
        ),
        *adversary.phases(generated, start=recipe.alone),
    )


@final
class SharpenObjective(RestoringObjective[Sharpen]):
    """Restoration with a critic."""

    roles = ("net", "critic")
    own = ("artefacts",)
    adversary: Adversary

    def __init__(self, recipe: Sharpen) -> None:
        super().__init__(recipe)
        self.measures = {**self.measures, EDGES: False}
        critic, inputs = recipe.nets["critic"].all_sizes, BANDS * (recipe.bands or 1)
        if critic.get("inputs", 3) != inputs:
            problem = f"a discriminator that sees {inputs} planes is needed for --bands"
            raise InputError(f"{problem} {recipe.bands}", f"--critic.inputs {inputs}")
        if recipe.artefacts and not recipe.ema:
            raise InputError("artefacts are beside those of the averaged net", "--ema 1000")
        self.adversary = Adversary(
            recipe, role="critic", real=self.damaging.truth, shown=self._shown
        )

    def _shown(self, _: Step, pictures: Pictures) -> torch.Tensor:
        """As the discriminator sees it; a plane of bands is .5 where the picture is flat."""
        levels = self.recipe.bands
        return 0.5 + _GAIN * bands(pictures, levels + 1)[:, BANDS:] if levels else pictures

    def phases(self) -> tuple[Phase, ...]:
        """Alone, both, and the discriminator."""
        output = self.damaging.output
        return sharpening(self.recipe, self.adversary, self.weights, output, self.compared)

    def compared(self, step: Step, output: Pictures) -> Terms:
        """As restoring; and the artefacts that the averaged net does not make."""
        terms = super().compared(step, output)
        if "artefacts" not in self.weights:
            return terms
        with torch.no_grad():
            mean = self.damaging.output(replace(step, nets=step.averages))
        truth = self.damaging.truth(step)
        return {**terms, "artefacts": artefacts(output, truth, mean)}

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """As restoring; and how far the result's edge energy is from the truth's, as a share."""
        results, truths = (
            torch.cat([pictures(step).float() for step in steps])
            for pictures in (self.damaging.result, self.damaging.truth)
        )
        return {**super().measure(steps), EDGES: edges_off(results, truths)}


# Presets

# What all that enlarge four times have in common. The papers' features are VGG's (--judge vgg19).
_X4: Final[dict[str, Any]] = {
    "task": "upscale",
    "data": "leaves#3000*2+world:photo#1500",
    "damage": "shrink:4",
    "size": 360,
    "augment": "mirror+crop:96",
    "judge": "reader",
    "layers": "first.first+first+down.0+down.1",
    "best": "edges",  # PSNR only falls
    "critic_alone": 2_000,
    "ramp": 10_000,
    "worst": 1.2,
    "batch": 8,
    "lr": 4e-4,
    "warmup": 1_000,
    "clip": 1.0,
    "ema": 3_000,
    "precision": "auto",
    "threads": 1,
    **dict.fromkeys(("sample_every", "measure_every", "save_every"), 4_000),
}
# As in SRGAN: squares first, then a discriminator alone, then both, with smooth labels and old
# pictures.
_SRGAN_X4: Final = Sharpen(
    **_X4,
    about="enlarges four times as SRGAN does: SRResNet, then a discriminator of eight convolutions",
    nets={
        "net": NetSpec("srresnet", {"width": 64, "blocks": 16, "factor": 4, "norm": "none"}),
        "critic": NetSpec("srgan_discriminator", {"width": 32, "norm": "batch"}),
    },
    l1=0.0,
    l2=1.0,
    perceptual=0.02,
    alone=40_000,
    real_label=0.9,
    pool=0.01,
    adversarial=0.001,
    pictures=60_000,
)
# As Real-ESRGAN: of damaged pictures, by a discriminator that judges each pixel; begun from the net
# that is near to the truth, so that both blend.
_PIXELS: Final = NetSpec("pixel_discriminator", {"width": 32})
_WILD_X4: Final = Sharpen(
    **{
        **vars(WILD_X4),
        "about": f"{WILD_X4.about}, and looks sharp",
        "nets": {**WILD_X4.nets, "critic": _PIXELS},
        "start": "upscale-wild-x4",
        "judge": "reader",
        "layers": _X4["layers"],
        "perceptual": 0.06,
        "alone": 500,
        "critic_alone": 4_000,
        "adversarial": 0.25,
        "ramp": 4_000,
        "worst": 2.0,
        "best": "edges",
        "lr": 2e-4,
        "schedule": "linear",
        "batch": 8,
        "pictures": 100_000,
        **dict.fromkeys(("sample_every", "measure_every", "save_every"), 10_000),
    }
)

PRESETS: Final[dict[str, Recipe]] = {
    "upscale-sharp-x4": Sharpen(
        **_X4,
        about="enlarges four times, then learns to look as sharp as what is real",
        nets={
            **X4.nets,
            "critic": NetSpec("patch_discriminator", {"width": 32, "levels": 3, "norm": "none"}),
        },
        start="upscale-x4",  # so that both nets blend
        perceptual=0.04,
        alone=1_000,
        critic="relativistic",
        adversarial=0.3,
        r1=1.0,
        penalty_every=2,  # paid less often, the critic's output grew to hundreds
        pictures=28_000,
    ),
    "upscale-wild-sharp-x4": _WILD_X4,
    # By a discriminator that sees fine detail alone, no light and no colour.
    "upscale-wild-faces-sharp-x4": replace(
        _WILD_X4,
        about=f"{WILD_FACES.about}, and looks sharp",
        nets={**WILD_X4.nets, "critic": NetSpec("pixel_discriminator", {"width": 16, "inputs": 6})},
        data=WILD_FACES.data,
        size=WILD_FACES.size,
        augment=WILD_FACES.augment,
        start="upscale-wild-faces-x4",
        bands=2,
        artefacts=20.0,
        adversarial=0.1,
        critic_alone=2_000,
        ramp=3_000,
        ema=1_500,
        pictures=14_000,
        **dict.fromkeys(("sample_every", "measure_every", "save_every"), 2_000),
    ),
    "srgan-x2": replace(
        _SRGAN_X4,
        about="enlarges twice as SRGAN does: SRResNet, then a discriminator of eight convolutions",
        nets={
            "net": NetSpec("srresnet", {"width": 64, "blocks": 16, "factor": 2, "norm": "none"}),
            "critic": _SRGAN_X4.nets["critic"],
        },
        damage="shrink:2",
        size=240,
    ),
    "srgan-x4": _SRGAN_X4,
    "esrgan-x4": replace(
        _SRGAN_X4,
        about="enlarges four times as ESRGAN does: dense blocks, then a relativistic discriminator",
        # The paper's has 23 blocks of 64 channels that grow by 32: 16,700,000 parameters.
        nets={
            "net": NetSpec("rrdb", {"width": 48, "blocks": 4, "growth": 24, "factor": 4}),
            "critic": _SRGAN_X4.nets["critic"],
        },
        l1=1.0,
        l2=0.0,
        perceptual=0.04,
        critic="relativistic",
        real_label=1.0,
        adversarial=0.2,
    ),
    "sharpener-x2": Sharpen(
        about="enlarges twice, then learns from a discriminator to look sharp",
        task="upscale",
        nets={
            "net": NetSpec("residual", {"width": 32, "depth": 8, "factor": 2}),
            "critic": NetSpec.parse("patch_discriminator:width=32,levels=3,norm=spectral"),
        },
        data="world:photo",
        pictures=400_000,
        clip=1.0,
        ema=10_000,
    ),
}
