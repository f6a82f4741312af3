"""What invents faces."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import Adversarial, Denoise, NetSpec, Recipe

_DCGAN: Final = {
    "generator": NetSpec(
        "dcgan_generator", {"latent": 64, "width": 64, "size": 64, "norm": "batch"}
    ),
    "discriminator": NetSpec("dcgan_discriminator", {"width": 64, "size": 64, "norm": "batch"}),
}

_FLOW: Final = Denoise(
    about="invents pictures by carrying noise to them, step by step",
    task="denoise",
    nets={"net": NetSpec("denoiser", {"width": 48, "levels": 3})},
    data="world:anime",
    size=32,
    pictures=1_000_000,
    batch=32,
    lr=1e-3,
    warmup=10_000,
    clip=1.0,
    ema=20_000,
    process="flow",
)

GENERATE: Final[dict[str, Recipe]] = {
    "dcgan": Adversarial(
        about="invents pictures with the generator and discriminator of DCGAN",
        task="generate",
        nets=_DCGAN,
        data="world:anime",
        size=64,
        pictures=1_000_000,
        batch=32,
        lr=2e-4,
        beta1=0.5,
        schedule="constant",
        ema=10_000,
        real_label=0.9,
    ),
    "dcgan-r1": Adversarial(
        about="invents pictures; no batch statistics, a relativistic critic and gradient penalties",
        task="generate",
        nets={
            "generator": _DCGAN["generator"].resized("norm", "group"),
            "discriminator": _DCGAN["discriminator"].resized("norm", "none"),
        },
        data="world:anime",
        size=64,
        pictures=1_000_000,
        batch=32,
        lr=2e-4,
        beta1=0.0,
        beta2=0.99,
        schedule="constant",
        ema=10_000,
        critic="relativistic",
        r1=1.0,
        r2=1.0,
        pool=0.01,
    ),
    "flow": _FLOW,
    "diffusion": replace(
        _FLOW,
        about="invents pictures by taking noise away, step by step",
        process="v",
        steps=50,
    ),
}
