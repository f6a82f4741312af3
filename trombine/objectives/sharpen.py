"""Undo a known damage, then look real: a net, its truth, and a discriminator.

Three phases. The net learns alone; then the discriminator alone, of what the net makes; then both,
the discriminator's weight rising from 0 until the measure has lost what it may lose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

import torch

from trombine.measures import edge_energy
from trombine.objectives.adversarial import Adversary
from trombine.objectives.alarms import Alarm
from trombine.objectives.objective import Phase, Pictures, Ramp, Step, Terms, Until
from trombine.objectives.pools import Pool
from trombine.objectives.restore import RestoringObjective
from trombine.recipes.recipe import Criticised, Sharpen

_OUTPUT: Final = "output"
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

    def __init__(self, recipe: Sharpen) -> None:
        super().__init__(recipe)
        self.measures = {**self.measures, EDGES: False}
        self.adversary = Adversary(recipe, role="critic")

    def phases(self) -> tuple[Phase, ...]:
        """Alone, both, and the discriminator."""
        output = self.damaging.output
        return sharpening(self.recipe, self.adversary, self.weights, output, self.compared)

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """As restoring; and how far the result's edge energy is from the truth's, as a share."""
        results, truths = (
            torch.cat([pictures(step).float() for step in steps])
            for pictures in (self.damaging.result, Step.pictures)
        )
        return {**super().measure(steps), EDGES: edges_off(results, truths)}

    def own_alarms(self) -> tuple[Alarm, ...]:
        """A discriminator that has won."""
        return self.adversary.alarms()

    def pools(self) -> Mapping[str, Pool]:
        """Old pictures for the discriminator."""
        return self.adversary.pools()
