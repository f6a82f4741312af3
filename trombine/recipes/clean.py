"""Recipes that take damage out of pictures and keep their size."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import Detect, NetSpec, Recipe, Restore

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
    "autoencoder": replace(
        _CLEANER,
        about="gives pictures back through a few numbers, so that losses compare by its features",
        nets={"net": NetSpec("autoencoder", {"width": 16, "levels": 4, "depth": 16})},
        damage="noise:0.05",
        pictures=100_000,
        optimiser="muon",
        lr=5e-3,
        beta1=0.95,
    ),
    "restorer": replace(
        _CLEANER,
        about="repairs scanned prints that faded, got stains and were scratched",
        nets={"net": NetSpec("unet", {"width": 32, "levels": 4, "residual": True})},
        data="world:photo*0.7+leaves*0.3",
        damage="old-photo",
    ),
    # The terms of old-photo, each less often; prints that did not fade; scans that are noisy, soft
    # or faded over the marks, too.
    "scratches": Detect(
        about="detects scratches, dust, creases and torn corners of scanned prints",
        task="detect",
        nets={"net": NetSpec("unet", {"width": 16, "levels": 3, "outputs": 1})},
        data="leaves#3000*2+world:photo#9000+fractals#300*0.4",
        damage=(
            "blur:gaussian:0.3-1.2?0.6+resize:0.4-1?0.2"
            "+noise:grey:0.01-0.05/noise:gaussian:0.005-0.03?0.8+fade:0.1-1?0.6"
            "+stains:0.1-0.8?0.05+creases:0.1-0.8?0.35+scratches:0.1-0.9?0.8+dust:0.1-0.9?0.8"
            "+torn:0.3-1?0.25+fade:0.1-0.5?0.1+blur:gaussian:0.3-0.7?0.2"
            "+noise:grey:0.003-0.02?0.3+jpeg:75-98?0.3"
        ),
        size=128,
        pictures=36_000,
        batch=4,
        optimiser="muon",
        lr=5e-3,
        beta1=0.95,
        warmup=200,
        clip=1.0,
        ema=1_500,
        precision="auto",
        threads=1,
        sample_every=6_000,
        measure_every=6_000,
        save_every=6_000,
        log_every=1_000,
        judged=128,
    ),
}
