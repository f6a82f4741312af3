"""Invent pictures by taking noise away, step by step.

The net says what the noise is (DDPM, Ho et al., 2020), v (Salimans and Ho, 2022), or which way a
picture lies (flow matching, Lipman et al., 2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, final

import torch

from trombine.eval.views import DISTANCE, distance
from trombine.losses.objective import Objective, Pictures, Samples, Step, Terms
from trombine.losses.terms import l2
from trombine.nets.samplers import sample
from trombine.nets.schedules import Diffusion, Flow
from trombine.recipes import NetSpec, Recipe


@final
@dataclass(frozen=True, kw_only=True)
class Denoise(Recipe):
    """Invent pictures: a net that takes noise away, step by step."""

    objective: ClassVar[str] = "denoise"

    process: str = "flow"  # what the net says of a noisy picture: noise, v or flow
    steps: int = 20  # steps of sampling


def process_of(recipe: Denoise) -> Diffusion | Flow:
    """How noise is mixed in, and what the net predicts from the mixture."""
    if recipe.process == "flow":
        return Flow()
    return Diffusion(predicts=recipe.process)


METHODS: Final = {"flow": "heun", "noise": "ddim", "v": "ddim"}


@final
class DenoiseObjective(Objective[Denoise]):
    """One net: from a noisy picture and a time to what was mixed in."""

    invents = collapses = True
    measures: Mapping[str, bool] = {DISTANCE: False, "loss": False}

    def __init__(self, recipe: Denoise) -> None:
        super().__init__(recipe)
        self.process = process_of(recipe)

    def terms(self, step: Step) -> Terms:
        """The net's prediction from a noisy picture, compared with the target."""
        clean = 2 * step.pictures() - 1  # noise space: as wide as the noise
        noise = step.normals("noise", clean.shape[1:])
        time = step.uniforms("time")
        prediction = step.nets["net"](self.process.mix(clean, noise, time), time)
        return {self.recipe.process: l2(prediction, self.process.target(clean, noise, time))}

    def samples(self, step: Step) -> Samples:
        """Pictures from the fixed noises, beside real ones."""
        return Samples(output=self.generated(step), fixed={"truth": step.to_rgb(step.pictures())})

    def generated(self, step: Step) -> Pictures:
        """Pictures from noise; the sampler draws nothing more."""
        side = self.recipe.size
        noise = step.normals("noise", (3, side, side))
        method = METHODS[self.recipe.process]
        walk = sample(step.nets["net"], self.process, noise, steps=self.recipe.steps, method=method)
        *_, last = walk
        return step.to_rgb((last + 1).div(2)).clamp(0, 1)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """The distance of generated pictures, as a set, from real ones; and the loss on those."""
        generated = torch.cat([self.generated(step).float() for step in steps])
        real = torch.cat([step.to_rgb(step.pictures()).float() for step in steps])
        losses = [len(step) * float(self.terms(step)[self.recipe.process]) for step in steps]
        loss = sum(losses) / len(real)  # the last step may be a shorter one
        return {DISTANCE: distance(generated, real), "loss": loss}


# Presets

_FLOW: Final = Denoise(
    about="invents pictures by carrying noise to them, step by step",
    task="denoise",
    nets={"net": NetSpec("denoiser", {"width": 48, "levels": 3})},
    data="world:anime",
    size=32,
    pictures=1_000_000,
    batch=32,
    warmup=10_000,
    clip=1.0,
    ema=20_000,
)

PRESETS: Final[dict[str, Recipe]] = {
    "flow": _FLOW,
    "diffusion": replace(
        _FLOW,
        about="invents pictures by taking noise away, step by step",
        process="v",
        steps=50,
    ),
}
