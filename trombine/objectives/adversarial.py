"""Invent pictures: a generator and a discriminator that learn from each other.

Where numbers are matched, the generator also learns to make each fractal of the numbers by which it
was painted, so that its latents may come to mean what they do (latent-space correspondence). Where
the nets have classes, each generated picture is of the class of a real one, and the discriminator
judges both by the logit of that class.

`Adversary` is the discriminator's part, which restoring with a critic shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from trombine.data.source import Source
from trombine.measures import sliced_distance
from trombine.nets import sizes_of
from trombine.objectives import critics
from trombine.objectives.alarms import Alarm, Collapse, DiscriminatorWon
from trombine.objectives.critics import CRITICS, Discriminator
from trombine.objectives.objective import (
    Objective,
    Phase,
    Pictures,
    Samples,
    Step,
    Terms,
    Until,
)
from trombine.objectives.pools import Pool
from trombine.objectives.terms import l2, wide
from trombine.recipes.recipe import Adversarial, Criticised, Encode
from trombine.refusal import InputError
from trombine.world.fractals import BENDS, SHARES, STARTS

_GENERATED: Final = "generated"
_POOL: Final = "old"
_POOL_CAPACITY: Final = 256  # pictures
RANGES: Final = {"a": BENDS, "b": BENDS, "c": SHARES, "d": SHARES, "x": STARTS, "y": STARTS}
DEGENERATED: Final = 0.1  # of correspondence lost since its best: the run ends
_EDGE: Final = 1e-4  # shares of a range nearer to its ends count as this


@final
class Adversary:
    """A discriminator: its phases, its penalties, and the loss that it gives a generator."""

    def __init__(
        self,
        recipe: Adversarial | Criticised | Encode,
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
        self.critic = CRITICS[recipe.critic]
        if recipe.real_label != 1 and not self.critic.labels:
            choices = " and ".join(name for name, critic in CRITICS.items() if critic.labels)
            raise InputError(f"{recipe.critic} has no labels: real_label is for {choices}")

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

        def penalise(step: Step) -> Terms:
            return self._penalties(step, fakes)

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
        names = ("r1", "r2")
        weights = {name: getattr(self.recipe, name, 0.0) for name in names}
        return {name: weight for name, weight in weights.items() if weight}

    def _penalties(self, step: Step, generate: Callable[[Step], Pictures]) -> Terms:
        net, terms = self._net(step), {}
        weights = self._penalty_weights()
        if "r1" in weights:
            terms["r1"] = critics.r1(net, self.real(step))
        if "r2" in weights:
            terms["r2"] = critics.r2(net, generate(step).to(step.dtype))
        return terms

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


@final
class AdversarialObjective(Objective[Adversarial]):
    """A generator against a discriminator."""

    main = "generator"
    invents = True
    roles = ("generator", "discriminator")

    def __init__(self, recipe: Adversarial) -> None:
        super().__init__(recipe)
        generator = recipe.nets["generator"]
        sizes = {**sizes_of(generator.name), **generator.sizes}
        if "latent" not in sizes:
            raise InputError(f"{generator.name} makes nothing of latents: it is no generator")
        self.latent = int(sizes["latent"])
        self.count = self._classes(int(sizes.get("classes", 1)))
        of = self.labels if self.count > 1 else None
        self.adversary = Adversary(recipe, role="discriminator", of=of)
        self.measures = {"sliced distance": False}
        self.numbers = tuple(recipe.numbers.split("+")) if recipe.matched else ()
        if recipe.matched:
            self._check_numbers()
            self.measures = {"correspondence": True, **self.measures}
            self.required = self.numbers

    def _classes(self, count: int) -> int:
        """How many classes both nets have."""
        judge = self.recipe.nets["discriminator"]
        logits = {**sizes_of(judge.name), **judge.sizes}.get("classes", 1)
        if logits != count:
            problem = f"generator.classes is {count}, and discriminator.classes {logits}"
            raise InputError(f"{problem}: let both be the same (1: none)")
        if count > 1 and self.recipe.pool:
            raise InputError("pool: older pictures may be of other classes; set pool to 0")
        return count

    def _check_numbers(self) -> None:
        if unknown := [name for name in self.numbers if name not in RANGES]:
            raise InputError(f"numbers: {unknown[0]!r} is none of {', '.join(RANGES)}")
        if self.latent != len(self.numbers):
            problem = (
                f"generator.latent is {self.latent}, and there are {len(self.numbers)} numbers"
            )
            raise InputError(f"{problem}: let both be the same")

    def check(self, sources: Mapping[str, Source]) -> None:
        """The data must have the numbers that are matched, and the classes of the nets."""
        source = sources["data"]
        if self.count > 1 and len(source.classes) != self.count:
            raise InputError(
                f"{source.spec} has {len(source.classes)} classes, and the generator {self.count}:"
                f" give other data, or --generator.classes and --discriminator.classes"
            )
        if lacking := [name for name in self.numbers if name not in source.vector_names]:
            raise InputError(
                f"{source.spec} has no numbers called {', '.join(lacking)}; learn from fractals"
            )

    def phases(self) -> tuple[Phase, ...]:
        """The generator first: the discriminator learns from its pictures."""
        recipe = self.recipe
        generator = Phase(
            name="generator",
            learns=("generator",),
            terms=self.generator,
            weights={"matched": recipe.matched} if recipe.matched else {},
        )
        phases = (generator, *self.adversary.phases(self.generated, rate=recipe.lr_discriminator))
        if not self.numbers:
            return phases
        degenerated = Until(measure="correspondence", loses=DEGENERATED)
        return tuple(replace(phase, until=degenerated) for phase in phases)

    def generator(self, step: Step) -> Terms:
        """The term that makes the discriminator take generated pictures for real."""
        generated = step.nets["generator"](self.latents(step))
        step.cache[_GENERATED] = generated.detach()
        terms = {self.recipe.critic: self.adversary.generator_loss(step, generated)}
        if self.numbers:
            terms["matched"] = l2(self.matching(step), step.pictures())
        return terms

    def latents(self, step: Step) -> Float[Tensor, "n latent"]:
        """Drawn ones; where there are classes, each is of the class of a real picture."""
        latents = step.normals("latent", (self.latent,))
        if self.count == 1:
            return latents
        chosen = functional.one_hot(self.labels(step), self.count).to(latents.dtype)
        return torch.cat((latents[:, : -self.count], chosen), 1)

    def labels(self, step: Step) -> Int64[Tensor, "n"]:
        """The classes of the step's pictures."""
        labels = step.batches["data"].labels
        if labels is None:
            raise InputError("the data has no classes")
        return labels.to(step.device)

    def matching(self, step: Step) -> Pictures:
        """What the generator makes of the numbers by which the step's pictures were painted."""
        vectors = step.batches["data"].vectors
        if vectors is None:
            raise InputError("the data has no numbers to match")
        places = [step.vector_names.index(name) for name in self.numbers]
        ranges = torch.tensor([RANGES[name] for name in self.numbers], dtype=vectors.dtype)
        latents = as_normals(vectors[:, places], ranges).to(step.device, step.dtype)
        return wide(step.nets["generator"](latents))

    def generated(self, step: Step) -> Pictures:
        """The generator's pictures of this step, from before it learned."""
        if _GENERATED not in step.cache:
            with torch.no_grad():
                step.cache[_GENERATED] = step.nets["generator"](self.latents(step))
        return step.cache[_GENERATED]

    def samples(self, step: Step) -> Samples:
        """The generator's pictures of the fixed latents, beside real ones."""
        generated = step.nets["generator"](self.latents(step))
        return Samples(output=step.to_rgb(generated), fixed={"truth": step.to_rgb(step.pictures())})

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """The distance of generated pictures, as a set, from real ones; and where numbers are
        matched, how often a picture made of them is nearer to its own than to another's."""
        generated = [self.samples(step).output.float() for step in steps]
        real = [step.to_rgb(step.pictures()).float() for step in steps]
        distance = float(sliced_distance(torch.cat(generated), torch.cat(real)))
        if not self.numbers:
            return {"sliced distance": distance}
        made = torch.cat([step.to_rgb(self.matching(step)).float() for step in steps])
        return {
            "correspondence": correspondence(made, torch.cat(real)),
            "sliced distance": distance,
        }

    def own_alarms(self) -> tuple[Alarm, ...]:
        """Samples that are all alike, and a discriminator that has won."""
        return (Collapse(), *self.adversary.alarms())

    def pools(self) -> Mapping[str, Pool]:
        """Old pictures for the discriminator."""
        return self.adversary.pools()


def as_normals(numbers: Float[Tensor, "n k"], ranges: Float[Tensor, "k 2"]) -> Float[Tensor, "n k"]:
    """Numbers that were drawn evenly from ranges as if they had been drawn from a bell curve."""
    low, high = ranges.T
    share = ((numbers - low) / (high - low)).clamp(_EDGE, 1 - _EDGE)
    return torch.special.ndtri(share)


def correspondence(made: Pictures, real: Pictures) -> float:
    """The share of all other real pictures that a made one is farther from than from its own.

    The mean over the made ones; by chance it is a half.
    """
    apart = torch.cdist(made.flatten(1).double(), real.flatten(1).double())
    nearer = (apart > apart.diagonal()[:, None]).sum(1) / (len(real) - 1)
    return float(nearer.mean())
