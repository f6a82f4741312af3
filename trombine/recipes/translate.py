"""Recipes that draw pictures of one kind as another, without pairs, by names of their papers."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trombine.recipes.recipe import NetSpec, Recipe, Translate

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

TRANSLATE: Final[dict[str, Recipe]] = {
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
}
