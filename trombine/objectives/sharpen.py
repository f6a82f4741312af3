"""Undo a known damage, then look real: a net, its truth, and a discriminator.

Three phases. The net learns alone; then the discriminator alone, of what the net makes; then both,
the discriminator's weight rising from 0 until the measure has lost what it may lose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

import torch

from trombine.objectives.adversarial import Adversary
from trombine.objectives.alarms import Alarm
from trombine.objectives.damage import Damage
from trombine.objectives.objective import (
    Objective,
    Phase,
    Pictures,
    Ramp,
    Samples,
    Step,
    Terms,
    Until,
)
from trombine.objectives.pools import Pool
from trombine.objectives.restore import MEASURES, nearness, restored, restoring_alarms
from trombine.objectives.terms import l1
from trombine.recipes.recipe import Sharpen

_OUTPUT: Final = "output"


@final
class SharpenObjective(Objective[Sharpen]):
    """Restoration with a critic."""

    main = "net"
    measures = MEASURES
    roles = ("net", "critic")

    def __init__(self, recipe: Sharpen) -> None:
        super().__init__(recipe)
        self.damaging = Damage.parse(recipe.damage)
        self.damaging.check(recipe)
        self.damage = self.damaging.about
        self.adversary = Adversary(recipe, role="critic")

    def phases(self) -> tuple[Phase, ...]:
        """Alone, both, and the discriminator, which begins before both."""
        recipe, start = self.recipe, self.recipe.alone + self.recipe.critic_alone
        stops = Until(measure="PSNR", loses=recipe.worst)
        ramp = Ramp(high=recipe.adversarial, over=recipe.ramp, stops=stops)
        truth = {"l1": recipe.l1}
        return (
            Phase(
                name="alone", learns=("net",), terms=self.alone, weights=truth, lasts=recipe.alone
            ),
            Phase(
                name="sharpen",
                learns=("net",),
                terms=self.sharpen,
                weights={**truth, "adversarial": ramp},
                start=start,
            ),
            *self.adversary.phases(self.output, start=recipe.alone),
        )

    def alone(self, step: Step) -> Terms:
        """Nearness to the truth."""
        return {"l1": l1(self.damaging.output(step), step.pictures())}

    def sharpen(self, step: Step) -> Terms:
        """Nearness to the truth, and the discriminator's loss."""
        output = self.damaging.output(step)
        step.cache[_OUTPUT] = output.detach()
        return {
            "l1": l1(output, step.pictures()),
            "adversarial": self.adversary.generator_loss(step, output),
        }

    def output(self, step: Step) -> Pictures:
        """The net's output, for the discriminator to learn from."""
        if _OUTPUT not in step.cache:
            with torch.no_grad():
                step.cache[_OUTPUT] = self.damaging.output(step)
        return step.cache[_OUTPUT]

    def samples(self, step: Step) -> Samples:
        """The fixed faces, damaged and restored."""
        return restored(step, self.damaging)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """How near to the truth, the mean over pictures."""
        return nearness(steps, self.damaging)

    def alarms(self) -> tuple[Alarm, ...]:
        """Those of restoring, and a discriminator that has won."""
        return (*restoring_alarms(self.recipe, self.measures), *self.adversary.alarms())

    def pools(self) -> Mapping[str, Pool]:
        """Old pictures for the discriminator."""
        return self.adversary.pools()
