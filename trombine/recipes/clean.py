"""Recipes that take damage out of pictures and keep their size."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import NetSpec, Recipe, Restore

_CLEANER: Final = Restore(
    about="takes noise out of pictures",
    task="restore",
    nets={"net": NetSpec("unet", {"width": 32, "levels": 3, "residual": True})},
    data="world:photo",
    damage="noise:0.1",
    size=64,
    pictures=400_000,
    batch=16,
    lr=1e-3,
    warmup=2_000,
    clip=1.0,
    ema=10_000,
    ssim=0.1,
)

CLEAN: Final[dict[str, Recipe]] = {
    "cleaner": _CLEANER,
    "repairer": replace(
        _CLEANER,
        about="paints what is missing of pictures",
        task="repair",
        nets={"net": NetSpec("unet", {"width": 32, "levels": 5, "inputs": 4, "residual": True})},
        damage="hole:irregular:10-30*0.5+squares*0.5",
    ),
    "restorer": replace(
        _CLEANER,
        about="repairs scanned prints that faded, got stains and were scratched",
        nets={"net": NetSpec("unet", {"width": 32, "levels": 4, "residual": True})},
        data="world:photo*0.7+leaves*0.3",
        damage="old-photo",
    ),
}
