"""Invent pictures by taking noise away: noise prediction, v prediction and flow matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

import torch

from trombine.measures import sliced_distance
from trombine.objectives.alarms import Alarm, Collapse
from trombine.objectives.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.objectives.terms import l2
from trombine.recipes.recipe import Denoise
from trombine.samplers import sample
from trombine.schedules import Diffusion, Flow


def process_of(recipe: Denoise) -> Diffusion | Flow:
    """How noise is mixed in, and what the net predicts from the mixture."""
    if recipe.process == "flow":
        return Flow()
    return Diffusion(predicts=recipe.process)


METHODS: Final = {"flow": "heun", "noise": "ddim", "v": "ddim"}


@final
class DenoiseObjective(Objective[Denoise]):
    """One net: from a noisy picture and a time to what was mixed in."""

    main = "net"
    invents = True
    measures: Mapping[str, bool] = {"sliced distance": False, "loss": False}

    def __init__(self, recipe: Denoise) -> None:
        super().__init__(recipe)
        self.process = process_of(recipe)

    def phases(self) -> tuple[Phase, ...]:
        """The only phase."""
        return (Phase(name="denoise", learns=("net",), terms=self.terms),)

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
        return {"sliced distance": float(sliced_distance(generated, real)), "loss": loss}

    def own_alarms(self) -> tuple[Alarm, ...]:
        """Samples that are all alike."""
        return (Collapse(),)
