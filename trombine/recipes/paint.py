"""What paints what is missing: what each net shows was tried is in docs/inpaint-study.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import Inpaint, NetSpec, Recipe

_FACES: Final = "world:photo#9000*8+world:anime#3000+world:cartoon#3000+world:sketch#3000"

_INPAINT: Final = Inpaint(
    about="paints what is missing, told what belongs there or not",
    task="repair",
    nets={"net": NetSpec("painter", {"width": 18, "levels": 4, "parts": "all", "points": True})},
    data=f"{_FACES}+world:posed#6000+leaves#3000*3",
    real="plain:../shared/data/portraits",
    damage=(
        "hole:irregular:5-50*5+parts*2+half*0.3+squares*0.5+huge:50-70*0.4+scratches*0.8+text*0.2"
    ),
    augment="zoom:1.15+mirror+rotate:10",
    size=128,
    pictures=140_000,
    batch=16,
    optimiser="muon",
    lr=5e-3,
    beta1=0.95,
    warmup=2_000,
    clip=1.0,
    ema=6_000,
    precision="auto",
    threads=1,
    sample_every=20_000,
    measure_every=10_000,
    save_every=10_000,
    log_every=1_000,
    judged=128,
)

PAINT: Final[dict[str, Recipe]] = {
    "inpaint": _INPAINT,
    "inpaint-sharp": replace(
        _INPAINT,
        about="the same, then learns from a discriminator to look real",
        nets={**_INPAINT.nets, "critic": NetSpec("patch_discriminator", {"norm": "spectral"})},
        adversarial=0.01,
        alone=100_000,
        ramp=20_000,
    ),
}
