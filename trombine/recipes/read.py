"""What reads a face."""

from __future__ import annotations

from typing import Final

from trombine.recipes.recipe import Net, Recipe, Regress

READ: Final[dict[str, Recipe]] = {
    "pose": Regress(
        about="reads where a face turns, from a picture",
        task="regress",
        nets={"net": Net("encoder", {"width": 16, "levels": 4, "outputs": 3})},
        data="world:photo",
        size=64,
        wanted="yaw+pitch+roll",
        pictures=400_000,
        batch=32,
        lr=1e-3,
        warmup=2_000,
        clip=1.0,
        ema=10_000,
    ),
}
