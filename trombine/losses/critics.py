"""What discriminator and generator each make smaller, and what keeps a discriminator smooth.

A critic is a pair of losses of logits: N of them, or N x 1 x h x w from a discriminator of
patches, whose mean over the patches is the picture's value. Each loss is the mean over pictures
of a value of each picture alone (the relativistic one: of each pair of a real and a made one), as
in terms.py. Nothing here cuts a gradient: whoever trains the discriminator detaches the pictures.

Which nets there are, in what order they learn, and how often a penalty is paid, is the
objective's; spectral norm is in the nets; old generated pictures are in pools.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch.nn.functional import relu, softplus

from trombine.core.errors import InputError

Logits = Float[torch.Tensor, "n *patches"]
Scalar = Float[torch.Tensor, ""]
Discriminator = Callable[[torch.Tensor], torch.Tensor]  # pictures to logits

# (D(real), D(fake), the label of the real) and (D(fake), D(real)).
DiscriminatorLoss = Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]
GeneratorLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Critic:
    """Two losses that belong together."""

    of_discriminator: DiscriminatorLoss
    of_generator: GeneratorLoss
    labels: bool = False  # whether the real can have another label than 1
    pairs: bool = False  # whether the generator's loss looks at D(real)

    def discriminator(self, real: Logits, fake: Logits, *, real_label: float = 1.0) -> Scalar:
        """The discriminator's loss; a `real_label` of .9 keeps it from being too sure (one-sided
        label smoothing, Salimans et al. 2016)."""
        return self.of_discriminator(real, fake, real_label)

    def generator(self, fake: Logits, real: Logits | None = None) -> Scalar:
        """The generator's loss; D(real) is needed where `pairs` is true, ignored elsewhere."""
        return self.of_generator(fake, fake if real is None else real)


CRITICS: Final[dict[str, Critic]] = {
    # Binary cross-entropy of `label` on the real and 0 on the fake (Goodfellow et al. 2014); of the
    # generator -log D(fake), not log(1 - D(fake)): it has a slope where the generator is bad.
    "logistic": Critic(
        of_discriminator=lambda real, fake, label: (
            (label * softplus(-real) + (1 - label) * softplus(real)).mean() + softplus(fake).mean()
        ),
        of_generator=lambda fake, _: softplus(-fake).mean(),
        labels=True,
    ),
    # Lim and Ye 2017.
    "hinge": Critic(
        of_discriminator=lambda real, fake, _: relu(1 - real).mean() + relu(1 + fake).mean(),
        of_generator=lambda fake, _: -fake.mean(),
    ),
    # Mao et al. 2017.
    "least squares": Critic(
        of_discriminator=lambda real, fake, label: (
            ((real - label).square().mean() + fake.square().mean()) / 2
        ),
        of_generator=lambda fake, _: (fake - 1).square().mean() / 2,
        labels=True,
    ),
    # Of pairs (Jolicoeur-Martineau 2018, without the batch's mean).
    "relativistic": Critic(
        of_discriminator=lambda real, fake, _: softplus(fake - real).mean(),
        of_generator=lambda fake, real: softplus(real - fake).mean(),
        pairs=True,
    ),
}


def critic_of(name: str, real_label: float = 1.0) -> Critic:
    """The critic of this name; an InputError where it knows no such label of what is real."""
    if real_label != 1 and not CRITICS[name].labels:
        choices = " and ".join(other for other, critic in CRITICS.items() if critic.labels)
        raise InputError(f"{name} has no labels: real_label is for {choices}")
    return CRITICS[name]


# ---------------------------------------------------------------------------------------------
# Penalties on a discriminator's slope


def slope_penalty(discriminator: Discriminator, pictures: Float[torch.Tensor, "n *s"]) -> Scalar:
    """Half the mean of |slope of D|² at these pictures: R1 at real ones, R2 at generated ones
    (Mescheder et al. 2018).

    The half is the convention of that paper and of StyleGAN: their gamma is the weight here. Paid
    every k-th step only ("lazy"), it is given k times the weight.
    """
    return slopes(discriminator, pictures).square().sum(1).mean() / 2


def slopes(
    discriminator: Discriminator, pictures: Float[torch.Tensor, "n *s"]
) -> Float[torch.Tensor, "n m"]:
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
