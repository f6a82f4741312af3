"""A discriminator: what it and a generator each make smaller, its phases, penalties and pool.

A critic is a pair of losses of logits: N of them, or N x 1 x h x w from a discriminator of
patches, whose mean over the patches is the picture's value. Each loss is the mean over pictures
of a value of each picture alone (the relativistic one: of each pair of a real and a made one), as
in terms.py. No loss cuts a gradient: whoever trains the discriminator detaches the pictures.
Spectral norm is in the nets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import relu, softplus

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.losses.alarms import Alarm, DiscriminatorWon
from trombine.losses.objective import Phase, Pictures, Step, Terms
from trombine.nets import sizes_of
from trombine.recipes import Recipe

Scalar = Float[Tensor, ""]
Discriminator = Callable[[Tensor], Tensor]  # pictures to logits


@dataclass(frozen=True, kw_only=True)
class Critic:
    """Two losses that belong together."""

    # Of D(real), D(fake) and the label of the real: .9 keeps the discriminator from being too sure
    # (one-sided label smoothing, Salimans et al. 2016).
    discriminator: Callable[..., Tensor]
    generator: Callable[..., Tensor]  # of D(fake), and D(real) where `pairs` is true
    labels: bool = False  # whether the real can have another label than 1
    pairs: bool = False  # whether the generator's loss looks at D(real)


CRITICS: Final[dict[str, Critic]] = {
    # Binary cross-entropy of `label` on the real and 0 on the fake (Goodfellow et al. 2014); of the
    # generator -log D(fake), not log(1 - D(fake)): it has a slope where the generator is bad.
    "logistic": Critic(
        discriminator=lambda real, fake, label=1.0: (
            (label * softplus(-real) + (1 - label) * softplus(real)).mean() + softplus(fake).mean()
        ),
        generator=lambda fake, _=None: softplus(-fake).mean(),
        labels=True,
    ),
    # Lim and Ye 2017.
    "hinge": Critic(
        discriminator=lambda real, fake, _=1.0: relu(1 - real).mean() + relu(1 + fake).mean(),
        generator=lambda fake, _=None: -fake.mean(),
    ),
    # Mao et al. 2017.
    "least squares": Critic(
        discriminator=lambda real, fake, label=1.0: (
            ((real - label).square().mean() + fake.square().mean()) / 2
        ),
        generator=lambda fake, _=None: (fake - 1).square().mean() / 2,
        labels=True,
    ),
    # Of pairs (Jolicoeur-Martineau 2018, without the batch's mean).
    "relativistic": Critic(
        discriminator=lambda real, fake, _=1.0: softplus(fake - real).mean(),
        generator=lambda fake, real: softplus(real - fake).mean(),
        pairs=True,
    ),
}


def critic_of(name: str, real_label: float = 1.0) -> Critic:
    """The critic of this name; an InputError where it knows no such label of what is real."""
    if real_label != 1 and not CRITICS[name].labels:
        choices = " and ".join(other for other, critic in CRITICS.items() if critic.labels)
        raise InputError(f"{name} has no labels: real_label is for {choices}")
    return CRITICS[name]


def slope_penalty(discriminator: Discriminator, pictures: Float[Tensor, "n *s"]) -> Scalar:
    """Half the mean of |slope of D|² at these pictures: R1 at real ones, R2 at generated ones
    (Mescheder et al. 2018).

    The half is the convention of that paper and of StyleGAN: their gamma is the weight here. Paid
    every k-th step only ("lazy"), it is given k times the weight.
    """
    return slopes(discriminator, pictures).square().sum(1).mean() / 2


def slopes(discriminator: Discriminator, pictures: Float[Tensor, "n *s"]) -> Float[Tensor, "n m"]:
    """The slope of each picture's mean logit in its own samples, flat; differentiable again.

    With batch norm in D a picture's logit depends on its neighbours, and this is not its own
    slope: penalties are for discriminators without.
    """
    pictures = pictures.detach().requires_grad_()
    with torch.enable_grad():
        logits = discriminator(pictures).reshape(len(pictures), -1)
        total = logits.mean(1).sum()
        (slope,) = torch.autograd.grad(total, pictures, create_graph=True)
    return slope.flatten(1)


_STATE: Final = "pictures"


@final
class Pool:
    """Up to `capacity` old pictures; a `share` of the new ones is exchanged for one of them.

    A capacity of 50 and a share of .5 is CycleGAN's (Shrivastava et al. 2017). Nothing comes back
    before the pool is full.
    """

    def __init__(self, *, capacity: int = 50, share: float = 0.01) -> None:
        self.capacity, self.share = capacity, share
        self._pictures: list[Tensor] = []  # C x H x W each, never changed in place

    def swap(self, fakes: Float[Tensor, "n *s"], chance: Rng) -> Float[Tensor, "n *s"]:
        """These pictures, detached, some of them exchanged for old ones.

        The pictures pass one by one, in order: the pool takes them until it is full; from then on
        each, with the probability `share`, takes the place of one in the pool, which comes out
        instead.

        So one call with a batch does exactly what calls with its consecutive pieces do. It is not
        so for pieces in another order, nor for pools that each see a part: processes that share a
        batch each call this with the whole batch, gathered, and keep equal pools.
        """
        swapped = chance.uniforms("pool swap") < self.share
        places = chance.uniforms("pool place") * self.capacity
        passed = zip(fakes.detach(), swapped.tolist(), places.astype(int).tolist(), strict=True)
        return torch.stack([self._pass(*one) for one in passed])

    def _pass(self, picture: Tensor, swapped: bool, place: int) -> Tensor:
        if len(self._pictures) < self.capacity:
            self._pictures.append(picture.clone())
            return picture
        if not swapped:
            return picture
        old, self._pictures[place] = self._pictures[place], picture.clone()
        return old.to(picture)

    def state(self) -> dict[str, Tensor]:
        """All that changes: the pictures, in their places (empty before the first)."""
        return {_STATE: torch.stack(self._pictures) if self._pictures else torch.empty(0)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a `state`."""
        self._pictures = [picture.clone() for picture in state[_STATE]]


_POOL: Final = "old"
_POOL_CAPACITY: Final = 256  # pictures


@dataclass(frozen=True, kw_only=True)
class WithCritic(Recipe):
    """Abstract: learned against a discriminator."""

    critic: str = "logistic"  # logistic, hinge, least squares or relativistic
    # What the discriminator is to say of what is real (.9: one-sided smoothing).
    real_label: float = 1.0
    pool: float = 0.0  # share of what the discriminator is shown as made that is older
    r1: float = 0.0  # weight of the gradient penalty on what is real
    # Steps from one gradient penalty to the next; its weight is multiplied by as much.
    penalty_every: int = 16


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
            return {self.recipe.critic: self.critic.discriminator(real, fake, label)}

        weights = self.recipe.weights("r1", "r2")
        net = self.recipe.nets[self.role]
        if weights and {**sizes_of(net.name), **net.sizes}.get("norm") == "batch":
            problem = "r1 and r2 are for a discriminator whose logits are of one picture each"
            raise InputError(problem, f"--{self.role}.norm none, or spectral")

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
    step.curves[f"D({kind}) mean"] = mean
    step.curves[f"D({kind}) std"] = spread
    step.curves[f"D({kind}) coefficient of variation"] = spread / mean.abs().clamp(min=1e-6)
