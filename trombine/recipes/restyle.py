"""What draws faces in other styles, from pairs and without."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import NetSpec, Recipe, Restyle, RestyleShared, Translate

# Photos and anime are what people ask for most, and what is hardest.
_PAIRS: Final = (
    "world:photo+anime#24000*4+world:photo+cartoon#24000*2+world:photo+sketch#24000*2"
    "+world:anime+cartoon#24000+world:anime+sketch#24000+world:cartoon+sketch#24000"
)

_CRITIC: Final = NetSpec("patch_discriminator", {"width": 32, "levels": 3})
_DRAWS: Final = NetSpec(
    "translator", {"width": 24, "halvings": 2, "blocks": 6, "dilation": 1, "compares": False}
)
_ATTENDS: Final = NetSpec("attentive_translator", {"width": 24, "halvings": 2, "blocks": 3})
_JUDGES: Final = NetSpec("attentive_discriminator", {"width": 24, "levels": 3})

_CYCLE: Final = Translate(
    about="draws pictures of one kind as another, and back, without pairs: CycleGAN",
    task="restore",
    nets={"there": _DRAWS, "back": _DRAWS, "critic_there": _CRITIC, "critic_back": _CRITIC},
    data="world:photo",
    other="world:anime",
    augment="mirror",
    size=64,
    pictures=200_000,
    batch=4,
    lr=2e-4,
    beta1=0.5,
    schedule="linear",
    ema=10_000,
    pool=0.5,
)

RESTYLE: Final[dict[str, Recipe]] = {
    "restyle": Restyle(
        about="draws faces in other styles, each in every other one",
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
    # Without pairs, by names of their papers.
    "restyle-cyclegan": _CYCLE,
    "restyle-ugatit": replace(
        _CYCLE,
        about="the same with attention to what tells them apart: U-GAT-IT",
        nets={"there": _ATTENDS, "back": _ATTENDS, "critic_there": _JUDGES, "critic_back": _JUDGES},
        lr=1e-4,
        weight_decay=1e-4,
        identity=10.0,
        attention=1000.0,
        pool=0.0,
    ),
    "restyle-cut": replace(
        _CYCLE,
        about="draws pictures of one kind as another without pairs, by one net: CUT",
        nets={"there": _DRAWS.resized("compares", True), "critic_there": _CRITIC},
        there_and_back=0.0,
        identity=0.0,
        contrast=1.0,
        pool=0.0,
    ),
    "restyle-shared": RestyleShared(
        about="draws faces in another style, and back, without pairs: one code for both",
        task="restyle",
        nets={
            "net": NetSpec(
                "restyler",
                {
                    "styles": "photo+anime",
                    "size": 64,
                    "width": 32,
                    "latent": 32,
                    "blocks": 2,
                    "details": 20,
                    "levels": 2,
                    "finish": 5,
                    "norm": "batch",
                },
            ),
            "critic": NetSpec(
                "patch_discriminator", {"inputs": 32, "width": 64, "levels": 2, "norm": "spectral"}
            ),
            "reads": NetSpec("code_reader", {"inputs": 32, "width": 32}),
        },
        data="world:photo#12000",
        other="world:anime#12000-23999",  # other people
        size=64,
        augment="mirror",
        pictures=80_000,
        soft=50_000,
        batch=16,
        optimiser="muon",
        lr=3e-3,
        beta1=0.95,
        warmup=1_000,
        clip=1.0,
        ema=4_000,
        precision="auto",
        threads=1,
    ),
}
