"""A tiny run of each family of objectives, for the tests of what becomes of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from trombine.recipes import with_settings
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods import find

SMALL: Final = {
    "data": "leaves#48",
    "size": "16",
    "batch": "4",
    "pictures": "96",
    "log_every": "8",
    "sample_every": "24",
    "measure_every": "24",
    "save_every": "12",
    "faces": "4",
    "judged": "8",
    "width": "4",
    "ema": "20",
    "warmup": "0",
    "threads": "1",
}
FAMILIES: Final = {
    "restore": ("upscale-fast-x2", {"size": "32", "depth": "2", "precision": "float32"}),
    "sharpen": (
        "sharpener-x2",
        {
            "size": "32",
            "depth": "2",
            "levels": "2",
            "alone": "24",
            "critic_alone": "12",
            "ramp": "40",
            "r1": "1",
            "penalty_every": "3",
            "pool": "0.5",
        },
    ),
    "adversarial": ("dcgan", {"pool": "0.5", "latent": "8"}),
    "denoise": ("flow", {"levels": "2", "steps": "3"}),
    "restyle": (
        "restyle",
        {
            "data": "world:photo+anime#48",
            "size": "32",
            "latent": "6",
            "blocks": "1",
            "details": "4",
            "levels": "1",
            "finish": "2",
            "perceptual": "0",
            "soft": "48",
        },
    ),
    "regress": ("pose", {"data": "world:photo#48", "size": "32"}),
    "read": (
        "reader",
        {"data": "world:photo#48", "other": "leaves#48", "real": "leaves#48", "size": "32"},
    ),
}


def order(family: str, place: Path) -> TrainConfig:
    """The tiny run of a family; of SMALL the settings that its recipe has."""
    name, settings = FAMILIES[family]
    recipe = find(name)
    known = {size for net in recipe.nets.values() for size in net.sizes} | set(recipe.plain())
    given = {key: value for key, value in {**SMALL, **settings}.items() if key in known}
    return TrainConfig(
        name=name, recipe=with_settings(recipe, given), folder=place, tensorboard=False
    )


class Killed(BaseException):
    """Ends a training as a kill does: nothing is saved."""


def stop_after(asked: TrainConfig, pictures: int) -> None:
    """Train until so many pictures are seen, and end there as a killed process does: unsaved."""

    def progress(done: float, _total: float, what: str) -> None:
        if what == "pictures" and done >= pictures:
            raise Killed

    with pytest.raises(Killed):
        train(asked, progress)


def contents(place: Path) -> dict[str, bytes]:
    """Every file of a run whose bytes must not depend on when it was killed."""
    kept = ("checkpoints/*.safetensors", "best*.safetensors", "log.jsonl", "samples/*")
    paths = sorted(path for pattern in kept for path in place.glob(pattern))
    return {str(path.relative_to(place)): path.read_bytes() for path in paths}
