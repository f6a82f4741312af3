"""What draws faces in other styles."""

from __future__ import annotations

from typing import Final

from trombine.recipes.recipe import NetSpec, Recipe, Restyle

# Photos and anime are what people ask for most, and what is hardest.
_PAIRS: Final = (
    "world:photo+anime#24000*4+world:photo+cartoon#24000*2+world:photo+sketch#24000*2"
    "+world:anime+cartoon#24000+world:anime+sketch#24000+world:cartoon+sketch#24000"
)

RESTYLE: Final[dict[str, Recipe]] = {
    "restyle": Restyle(
        about="draws faces in other styles: photos, anime, cartoons and sketches",
        task="restyle",
        nets={
            "net": NetSpec(
                "restyler",
                {
                    "size": 128,
                    "width": 32,
                    "latent": 64,
                    "blocks": 3,
                    "details": 20,
                    "levels": 2,
                    "finish": 5,
                    "norm": "batch",
                },
            )
        },
        data=_PAIRS,
        size=128,
        augment="zoom:1.15+mirror+rotate:5",
        pictures=80_000,
        soft=45_000,
        cycle=15_000,  # falls of 15,000 and 30,000, then the details' own
        batch=16,
        optimiser="muon",
        lr=5e-3,
        beta1=0.95,
        warmup=2_000,
        clip=1.0,
        ema=4_000,
        precision="auto",
        threads=1,
        perceptual=0.08,
        judge="reader",
        layers="first+down.0",
        log_every=1_000,
        sample_every=5_000,
        measure_every=15_000,
        save_every=5_000,
        judged=128,
    ),
}
