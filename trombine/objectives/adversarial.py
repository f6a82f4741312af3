"""Invent pictures: a generator and a discriminator that learn from each other.

`Side` is the discriminator's side of it, which restoring with a critic shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

import torch
from torch import Tensor

from trombine.measures import sliced_distance
from trombine.nets import sizes_of
from trombine.objectives import critics
from trombine.objectives.alarms import Alarm, Collapse, DiscriminatorWon, NoGradient, NotFinite
from trombine.objectives.critics import CRITICS
from trombine.objectives.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.objectives.pools import Pool
from trombine.recipes.recipe import Adversarial, Sharpen
from trombine.refusal import InputError

_MADE: Final = "made"
_POOL: Final = "old"
_POOL_CAPACITY: Final = 256  # pictures


@final
class Side:
    """The discriminator: what it learns from, and what it makes others learn."""

    def __init__(self, recipe: Adversarial | Sharpen, *, role: str) -> None:
        self.recipe, self.role = recipe, role
        self.critic = CRITICS[recipe.critic]
        if recipe.real_label != 1 and not self.critic.labels:
            able = " and ".join(name for name, critic in CRITICS.items() if critic.labels)
            raise InputError(f"{recipe.critic} has no labels: real_label is for {able}")

    def fooled(self, step: Step, made: Pictures) -> Tensor:
        """The generator's term: how little real what it made looks."""
        net = step.nets[self.role]
        real = net(step.pictures()).detach() if self.critic.pairs else None
        return self.critic.generator(net(made), real)

    def phases(
        self, made: Callable[[Step], Pictures], *, start: int = 0, rate: float = 1.0
    ) -> tuple[Phase, ...]:
        """The discriminator's phases; `made` gives it generated pictures, detached."""

        def judge(step: Step) -> Terms:
            net = step.nets[self.role]
            real, fake = net(step.pictures()), net(step.pooled(_POOL, made(step)))
            show(step, "real", real)
            show(step, "fake", fake)
            label = self.recipe.real_label
            return {self.recipe.critic: self.critic.discriminator(real, fake, real_label=label)}

        def penalise(step: Step) -> Terms:
            return self._penalties(step, made)

        first = Phase(name=self.role, learns=(self.role,), terms=judge, start=start, rate=rate)
        weights = self._penalty_weights()
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

    def _penalty_weights(self) -> dict[str, float]:
        names = ("r1", "r2", "gradient_penalty")
        weights = {name: getattr(self.recipe, name, 0.0) for name in names}
        return {name: weight for name, weight in weights.items() if weight}

    def _penalties(self, step: Step, made: Callable[[Step], Pictures]) -> Terms:
        net, found = step.nets[self.role], {}
        weights = self._penalty_weights()
        if "r1" in weights:
            found["r1"] = critics.r1(net, step.pictures())
        if "r2" in weights:
            found["r2"] = critics.r2(net, made(step).to(step.dtype))
        if "gradient_penalty" in weights:
            fake, mixing = made(step).to(step.dtype), step.uniforms("mixing")
            found["gradient_penalty"] = critics.gradient_penalty(net, step.pictures(), fake, mixing)
        return found

    def alarms(self) -> tuple[Alarm, ...]:
        """What goes wrong with a discriminator."""
        label = self.recipe.real_label
        return (DiscriminatorWon(self.recipe.critic, real_label=label, phase=self.role),)

    def pools(self) -> Mapping[str, Pool]:
        """Old pictures, if any are to be shown again."""
        if not self.recipe.pool:
            return {}
        return {_POOL: Pool(capacity=_POOL_CAPACITY, share=self.recipe.pool)}


def show(step: Step, what: str, logits: Tensor) -> None:
    """Mean, spread and coefficient of variation of D's outputs, as curves."""
    values = logits.detach().float().flatten(1).mean(1) if logits.ndim > 1 else logits.detach()
    mean, spread = values.float().mean(), values.float().std(correction=0)
    step.show(f"D({what}) mean", mean)
    step.show(f"D({what}) std", spread)
    step.show(f"D({what}) coefficient of variation", spread / mean.abs().clamp(min=1e-6))


@final
class AdversarialObjective(Objective[Adversarial]):
    """A generator against a discriminator."""

    main = "generator"
    invents = True
    roles = ("generator", "discriminator")
    measures: Mapping[str, bool] = {"sliced distance": False}

    def __init__(self, recipe: Adversarial) -> None:
        super().__init__(recipe)
        self.side = Side(recipe, role="discriminator")
        generator = recipe.nets["generator"]
        sizes = {**sizes_of(generator.name), **generator.sizes}
        if "latent" not in sizes:
            raise InputError(f"{generator.name} makes nothing of latents: it is no generator")
        self.latent = int(sizes["latent"])

    def phases(self) -> tuple[Phase, ...]:
        """The generator first: what it made, the discriminator learns from."""
        recipe = self.recipe
        generator = Phase(
            name="generator",
            learns=("generator",),
            terms=self.generator,
            every=recipe.generator_every,
        )
        return (generator, *self.side.phases(self.made, rate=recipe.lr_discriminator))

    def generator(self, step: Step) -> Terms:
        """Let the discriminator take what is made for real."""
        made = step.nets["generator"](step.normals("latent", (self.latent,)))
        step.kept[_MADE] = made.detach()
        return {self.recipe.critic: self.side.fooled(step, made)}

    def made(self, step: Step) -> Pictures:
        """What the generator made in this step, before it learned from it."""
        if _MADE not in step.kept:
            with torch.no_grad():
                latents = step.normals("latent", (self.latent,))
                step.kept[_MADE] = step.nets["generator"](latents)
        return step.kept[_MADE]

    def samples(self, step: Step) -> Samples:
        """What the generator makes of the fixed latents; beside it, real pictures."""
        made = step.nets["generator"](step.normals("latent", (self.latent,)))
        return Samples(made=step.shown(made), still={"truth": step.shown(step.pictures())})

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """How far what is made is, as a whole, from what is real."""
        made = [self.samples(step).made.float() for step in steps]
        real = [step.shown(step.pictures()).float() for step in steps]
        return {"sliced distance": float(sliced_distance(torch.cat(made), torch.cat(real)))}

    def alarms(self) -> tuple[Alarm, ...]:
        """What goes wrong with two nets."""
        stop = self.recipe.on_nan == "stop"
        return (
            NotFinite(action="stop" if stop else "roll back"),
            Collapse(),
            *self.side.alarms(),
            NoGradient(),
        )

    def pools(self) -> Mapping[str, Pool]:
        """Old pictures for the discriminator."""
        return self.side.pools()
