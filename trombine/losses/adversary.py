"""A discriminator: its phases, its penalties, and the loss that it gives a generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from jaxtyping import Int64
from torch import Tensor

from trombine.losses.alarms import Alarm, DiscriminatorWon
from trombine.losses.critics import Discriminator, critic_of, slope_penalty
from trombine.losses.objective import (
    Phase,
    Pictures,
    Step,
    Terms,
)
from trombine.losses.pools import Pool
from trombine.recipes.recipe import Recipe

_POOL: Final = "old"

_POOL_CAPACITY: Final = 256  # pictures


@dataclass(frozen=True, kw_only=True)
class WithCritic(Recipe):
    """Abstract: learned against a discriminator."""

    critic: str = "logistic"
    """logistic, hinge, least squares or relativistic."""
    real_label: float = 1.0
    """What the discriminator is to say of what is real (.9: one-sided smoothing)."""
    pool: float = 0.0
    """Share of what the discriminator is shown as made that is older."""
    r1: float = 0.0
    """Weight of the gradient penalty on what is real."""
    penalty_every: int = 16
    """Steps from one gradient penalty to the next; its weight is multiplied by as much."""


@final
class Adversary:
    """A discriminator: its phases, its penalties, and the loss that it gives a generator."""

    def __init__(
        self,
        recipe: WithCritic,
        *,
        role: str,
        real: Callable[[Step], Pictures] = Step.pictures,
        shown: Callable[[Step, Pictures], Tensor] = lambda _, pictures: pictures,
        of: Callable[[Step], Int64[Tensor, "n"]] | None = None,
    ) -> None:
        """`real`: what generated pictures are to look like; `shown`: either as it is judged; `of`:
        which of its logits is each picture's, where it has more than one."""
        self.recipe, self.role, self.shown, self.of = recipe, role, shown, of
        self.real = lambda step: shown(step, real(step))
        self.critic = critic_of(recipe.critic, recipe.real_label)

    def generator_loss(self, step: Step, generated: Pictures) -> Tensor:
        """The generator's term: how far from real its pictures look."""
        net = self._net(step)
        real = net(self.real(step)).detach() if self.critic.pairs else None
        return self.critic.generator(net(self.shown(step, generated)), real)

    def _net(self, step: Step) -> Discriminator:
        """The discriminator, as what gives each picture one logit."""
        net, of = step.nets[self.role], self.of
        if of is None:
            return net
        return lambda pictures: net(pictures).gather(1, of(step)[:, None])[:, 0]

    def phases(
        self, generate: Callable[[Step], Pictures], *, start: int = 0, rate: float = 1.0
    ) -> tuple[Phase, ...]:
        """The discriminator's phases; `generate` gives it generated pictures, detached."""

        def fakes(step: Step) -> Tensor:
            return self.shown(step, generate(step))

        def judge(step: Step) -> Terms:
            net = self._net(step)
            real, fake = net(self.real(step)), net(step.pooled(_POOL, fakes(step)))
            add_output_curves(step, "real", real)
            add_output_curves(step, "fake", fake)
            label = self.recipe.real_label
            return {self.recipe.critic: self.critic.discriminator(real, fake, real_label=label)}

        weights = self.recipe.weights("r1", "r2")

        def penalise(step: Step) -> Terms:
            net, at = self._net(step), {"r1": self.real, "r2": fakes}
            return {name: slope_penalty(net, at[name](step).to(step.dtype)) for name in weights}

        first = Phase(name=self.role, learns=(self.role,), terms=judge, start=start, rate=rate)
        if not weights:
            return (first,)
        every = self.recipe.penalty_every
        penalty = Phase(
            name="penalty",
            learns=(self.role,),
            terms=penalise,
            weights={name: every * weight for name, weight in weights.items()},
            every=every,
            start=start,
            rate=rate,
            exact=True,
        )
        return (first, penalty)

    def alarms(self) -> tuple[Alarm, ...]:
        """The alarm of a discriminator."""
        label = self.recipe.real_label
        return (DiscriminatorWon(self.recipe.critic, real_label=label, phase=self.role),)

    def pools(self) -> Mapping[str, Pool]:
        """The pool of old generated pictures, if the recipe has one."""
        if not self.recipe.pool:
            return {}
        return {_POOL: Pool(capacity=_POOL_CAPACITY, share=self.recipe.pool)}


def add_output_curves(step: Step, kind: str, logits: Tensor) -> None:
    """Mean, spread and coefficient of variation of D's outputs, as curves."""
    values = logits.detach().float().flatten(1).mean(1) if logits.ndim > 1 else logits.detach()
    mean, spread = values.float().mean(), values.float().std(correction=0)
    step.add_curve(f"D({kind}) mean", mean)
    step.add_curve(f"D({kind}) std", spread)
    step.add_curve(f"D({kind}) coefficient of variation", spread / mean.abs().clamp(min=1e-6))
