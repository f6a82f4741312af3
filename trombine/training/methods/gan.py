"""GAN: a generator and a discriminator that learn from each other (Goodfellow et al., 2014).

Presets: the nets of DCGAN (Radford et al., 2016); the relativistic critic with R1 and R2 of R3GAN
(Huang et al., 2024); a generator by style (Karras et al., 2020); sparse codes (SDPC).

Where numbers are matched, the generator also learns to make each fractal of the numbers by which it
was painted, so that its latents may come to mean what they do (latent-space correspondence). Where
the nets have classes, each generated picture is of the class of a real one, and the discriminator
judges both by the logit of that class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from trombine.core.errors import InputError
from trombine.data.source import Source
from trombine.eval.views import DISTANCE, distance
from trombine.losses.adversary import Adversary, WithCritic
from trombine.losses.objective import (
    Objective,
    Phase,
    Pictures,
    Samples,
    Step,
    Terms,
    Until,
)
from trombine.losses.terms import l2, wide
from trombine.recipes import NetSpec, Recipe
from trombine.world.fractals import BENDS, SHARES, STARTS


@final
@dataclass(frozen=True, kw_only=True)
class Adversarial(WithCritic):
    """Invent pictures: a generator against a discriminator."""

    objective: ClassVar[str] = "adversarial"

    lr_discriminator: float = 1.0  # the discriminator's learning rate as a part of the generator's
    r2: float = 0.0  # weight of the gradient penalty on generated pictures
    # Weight of the squared difference of a fractal and what the generator makes of its
    # numbers (latent-space correspondence).
    matched: float = 0.0
    # These numbers, by name, with + between them: as many as the generator's latent.
    numbers: str = ""


_GENERATED: Final = "generated"
RANGES: Final = {"a": BENDS, "b": BENDS, "c": SHARES, "d": SHARES, "x": STARTS, "y": STARTS}
DEGENERATED: Final = 0.1  # of correspondence lost since its best: the run ends
_EDGE: Final = 1e-4  # shares of a range nearer to its ends count as this


@final
class AdversarialObjective(Objective[Adversarial]):
    """A generator against a discriminator."""

    main = "generator"
    invents = collapses = True
    roles = ("generator", "discriminator")
    adversary: Adversary

    def __init__(self, recipe: Adversarial) -> None:
        super().__init__(recipe)
        generator = recipe.nets["generator"]
        sizes = generator.all_sizes
        if "latent" not in sizes:
            raise InputError(f"{generator.name} makes nothing of latents: it is no generator")
        self.latent = int(sizes["latent"])
        self.count = self._classes(int(sizes.get("classes", 1)))
        of = self.labels if self.count > 1 else None
        self.adversary = Adversary(recipe, role="discriminator", of=of)
        self.measures = {DISTANCE: False}
        self.numbers = tuple(recipe.numbers.split("+")) if recipe.matched else ()
        if recipe.matched:
            self._check_numbers()
            self.measures = {"correspondence": True, **self.measures}
            self.required = self.numbers

    def _classes(self, count: int) -> int:
        judge = self.recipe.nets["discriminator"]
        logits = judge.all_sizes.get("classes", 1)
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
        super().check(sources)
        source = sources["data"]
        if self.count > 1 and len(source.classes) != self.count:
            raise InputError(
                f"{source.spec} has {len(source.classes)} classes, and the generator {self.count}:"
                f" give other data, or --generator.classes and --discriminator.classes"
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
        numbers = step.numbers(self.numbers)
        ranges = torch.tensor([RANGES[name] for name in self.numbers], dtype=numbers.dtype)
        latents = as_normals(numbers, ranges).to(step.device, step.dtype)
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
        apart = distance(torch.cat(generated), torch.cat(real))
        if not self.numbers:
            return {DISTANCE: apart}
        made = torch.cat([step.to_rgb(self.matching(step)).float() for step in steps])
        return {
            "correspondence": correspondence(made, torch.cat(real)),
            DISTANCE: apart,
        }


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


# Presets

DCGAN: Final = {
    "generator": NetSpec.parse("dcgan_generator:latent=64,width=64,size=64,norm=batch"),
    "discriminator": NetSpec("dcgan_discriminator", {"width": 64, "size": 64, "norm": "batch"}),
}
_MODERN: Final = Adversarial(
    about="invents pictures; no batch statistics, a relativistic critic and gradient penalties",
    task="generate",
    nets={
        "generator": DCGAN["generator"].resized("norm", "group"),
        "discriminator": DCGAN["discriminator"].resized("norm", "none"),
    },
    data="world:anime",
    pictures=1_000_000,
    batch=32,
    lr=2e-4,
    beta1=0.0,
    beta2=0.99,
    schedule="constant",
    ema=10_000,
    sample_every=2_500,
    critic="relativistic",
    r1=1.0,
    r2=1.0,
    pool=0.01,
)

PRESETS: Final[dict[str, Recipe]] = {
    "dcgan": Adversarial(
        about="invents pictures with the generator and discriminator of DCGAN",
        task="generate",
        nets=DCGAN,
        data="world:anime",
        pictures=1_000_000,
        batch=32,
        lr=2e-4,
        beta1=0.5,
        schedule="constant",
        ema=10_000,
        sample_every=2_500,
        real_label=0.9,
    ),
    "dcgan-r1": _MODERN,
    "stylegan": replace(
        _MODERN,
        about="invents pictures by style; a relativistic critic and gradient penalties, no tricks",
        nets={
            "generator": NetSpec("style_generator", {"latent": 64, "width": 32, "size": 64}),
            "discriminator": _MODERN.nets["discriminator"],
        },
    ),
    "class-gan": replace(
        _MODERN,
        about="invents pictures by style, told of which class each is to be",
        nets={
            "generator": NetSpec.parse("style_generator:latent=68,width=32,size=64,classes=4"),
            "discriminator": _MODERN.nets["discriminator"].resized("classes", 4),
        },
        data="world:photo#6000+world:anime#6000+world:cartoon#6000+world:sketch#6000",
        pool=0.0,
    ),
    "sdpc-gan": replace(
        _MODERN,
        about="invents pictures; its critic looks at sparse codes: deep predictive coding",
        nets={
            **_MODERN.nets,
            "discriminator": _MODERN.nets["discriminator"].resized("first", "sparse"),
        },
    ),
    "fractal-gan": replace(
        _MODERN,
        about="invents pictures, learning too what the numbers of each real one make",
        nets={**_MODERN.nets, "generator": _MODERN.nets["generator"].resized("latent", 4)},
        data="fractals#6000",
        pictures=400_000,
        pool=0.0,
        matched=10.0,
        numbers="a+b+c+d",
    ),
}
