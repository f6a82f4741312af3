"""Enlargers."""

from __future__ import annotations

from typing import Final

from trombine.recipes.recipe import Net, Recipe, Restore, Sharpen

UPSCALE: Final[dict[str, Recipe]] = {
    "enlarger-x2": Restore(
        about="enlarges twice; learns from leaves, which have what photographs have",
        task="upscale",
        nets={"net": Net("residual", {"width": 32, "depth": 8, "factor": 2})},
        data="leaves",
        damage="shrink:2",
        size=64,
        pictures=400_000,
        batch=16,
        lr=2e-3,
        warmup=2_000,
        clip=1.0,
        ema=10_000,
        precision="auto",
    ),
    "enlarger-wild-x4": Restore(
        about="enlarges four times what phones and web pages have blurred, grained and squeezed",
        task="upscale",
        nets={"net": Net("residual", {"width": 48, "depth": 12, "factor": 4})},
        data="world:photo*0.5+leaves*0.5",
        damage="wild-x4",
        size=128,
        pictures=400_000,
        batch=16,
        lr=1e-3,
        warmup=2_000,
        clip=1.0,
        ema=10_000,
        precision="auto",
    ),
    "sharpener-x2": Sharpen(
        about="enlarges twice, then learns from a discriminator to look sharp",
        task="upscale",
        nets={
            "net": Net("residual", {"width": 32, "depth": 8, "factor": 2}),
            "critic": Net("patch_discriminator", {"width": 32, "levels": 3, "norm": "spectral"}),
        },
        data="world:photo",
        damage="shrink:2",
        size=64,
        pictures=400_000,
        batch=16,
        lr=1e-3,
        clip=1.0,
        ema=10_000,
    ),
}
