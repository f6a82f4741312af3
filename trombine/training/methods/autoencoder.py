"""Adversarial auto-encoder (Makhzani et al., 2016): codes look as if drawn from a bell curve.

Encoder and generator learn to give pictures back; then the encoder, alone, to deceive a
discriminator of codes; then that, to tell codes from what is drawn. So drawn codes invent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, final

import torch
from jaxtyping import Float
from torch import Tensor

from trombine.core.errors import InputError
from trombine.eval.views import DISTANCE, distance
from trombine.losses.adversary import Adversary, WithCritic
from trombine.losses.objective import Objective, Phase, Pictures, Samples, Step, Terms
from trombine.losses.terms import TERMS, wide
from trombine.metrics import psnr
from trombine.recipes import NetSpec, Recipe
from trombine.training.methods.gan import DCGAN


@final
@dataclass(frozen=True, kw_only=True)
class Encode(WithCritic):
    """Give pictures back through codes that look drawn: an adversarial auto-encoder.

    Weights of 0 leave a term out.
    """

    objective: ClassVar[str] = "encode"

    l1: float = 1.0  # weight of the mean absolute difference of pictures and what came back
    l2: float = 0.0  # weight of the mean squared difference
    ssim: float = 0.0  # weight of 1 - SSIM
    ms_ssim: float = 0.0  # weight of 1 - SSIM at several scales
    adversarial: float = 0.1  # weight of how far from drawn the codes look


_NAMES: Final = ("l1", "l2", "ssim", "ms_ssim")


@final
class EncodeObjective(Objective[Encode]):
    """An encoder, a generator, and a discriminator of codes."""

    main = "generator"
    roles = ("generator", "encoder", "critic")
    adversary: Adversary
    invents = collapses = True
    measures: Mapping[str, bool] = {DISTANCE: False, "PSNR": True}

    def __init__(self, recipe: Encode) -> None:
        super().__init__(recipe)
        lengths = {
            f"{role}.{size}": net.all_sizes.get(size)
            for role, size in (
                ("generator", "latent"),
                ("encoder", "outputs"),
                ("critic", "inputs"),
            )
            if (net := recipe.nets.get(role)) is not None
        }
        if len(set(lengths.values())) > 1 or None in lengths.values():
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise InputError(f"codes are of one length: {listed}; let all be the same")
        self.latent = int(lengths.get("generator.latent") or 0)
        self.weights = recipe.weights(*_NAMES)
        if not self.weights:
            raise InputError("nothing to give pictures back by: l1, l2, ssim and ms_ssim are all 0")
        self.adversary = Adversary(recipe, role="critic", real=self.drawn)

    @property
    def exports(self) -> Mapping[str, str]:
        """What invents, and what gives a picture its code."""
        return {"generator": self.recipe.task, "encoder": "regress"}

    def phases(self) -> tuple[Phase, ...]:
        """Pictures back, codes that deceive, and who is to be deceived."""
        back = Phase(
            name="back", learns=("encoder", "generator"), terms=self.back, weights=self.weights
        )
        deceive = Phase(
            name="deceive",
            learns=("encoder",),
            terms=self.deceive,
            weights={self.recipe.critic: self.recipe.adversarial},
        )
        return back, deceive, *self.adversary.phases(self.codes_now)

    def back(self, step: Step) -> Terms:
        """Pictures through their codes, compared with themselves."""
        truth = step.pictures()
        output = wide(step.nets["generator"](step.nets["encoder"](truth)))
        return {name: TERMS[name](output, truth) for name in self.weights}

    def deceive(self, step: Step) -> Terms:
        """How far from drawn ones codes look."""
        codes = _planes(step.nets["encoder"](step.pictures()))
        return {self.recipe.critic: self.adversary.generator_loss(step, codes)}

    def codes_now(self, step: Step) -> Float[Tensor, "n latent 1 1"]:
        """The codes of the step's pictures, for the discriminator to learn from."""
        with torch.no_grad():
            return _planes(step.nets["encoder"](step.pictures()))

    def drawn(self, step: Step) -> Float[Tensor, "n latent 1 1"]:
        """What codes are to look like."""
        return _planes(step.normals("codes", (self.latent,)))

    def invented(self, step: Step) -> Pictures:
        """Pictures of drawn codes."""
        made = step.nets["generator"](step.normals("latent", (self.latent,)))
        return step.to_rgb(made).float()

    def samples(self, step: Step) -> Samples:
        """Pictures of the fixed codes, beside real ones."""
        return Samples(output=self.invented(step), fixed={"truth": step.to_rgb(step.pictures())})

    def measure(self, steps: Sequence[Step]) -> Mapping[str, float]:
        """How far invented pictures are from real ones, as sets; how near those come back."""
        real = [step.to_rgb(step.pictures()).float() for step in steps]
        invented = [self.invented(step) for step in steps]
        back = [step.nets["generator"](step.nets["encoder"](step.pictures())) for step in steps]
        near = [
            psnr(step.to_rgb(one).float(), truth)
            for step, one, truth in zip(steps, back, real, strict=True)
        ]
        apart = distance(torch.cat(invented), torch.cat(real))
        return {DISTANCE: apart, "PSNR": float(torch.cat(near).mean())}


def _planes(codes: Float[Tensor, "n k"]) -> Float[Tensor, "n k 1 1"]:
    """Codes as a net that judges takes them."""
    return codes[:, :, None, None]


# Presets

PRESETS: Final[dict[str, Recipe]] = {
    "adversarial-autoencoder": Encode(
        about="invents pictures by an auto-encoder whose codes are to look drawn",
        task="generate",
        nets={
            "generator": DCGAN["generator"].resized("norm", "group"),
            "encoder": NetSpec("encoder", {"width": 32, "levels": 4, "outputs": 64}),
            "critic": NetSpec("code_discriminator", {"inputs": 64, "width": 256}),
        },
        data="world:anime",
        pictures=400_000,
        batch=32,
        lr=5e-4,
        beta1=0.5,
        warmup=2_000,
        ema=10_000,
    ),
}
