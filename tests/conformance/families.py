"""Tiny trainings: a run of each family of objectives, and steps one by one in this process."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from torch import nn

from trombine.core.rng import Rng
from trombine.data.columns import Batch
from trombine.data.source import source
from trombine.io.image import save_picture
from trombine.losses.objective import Step
from trombine.recipes import Recipe, with_settings
from trombine.runs import checkpoints
from trombine.training.config import TrainConfig, choose
from trombine.training.launch import Mesh
from trombine.training.loop import train
from trombine.training.material import feed_of, open_material, step_of
from trombine.training.methods import find, objective_of
from trombine.training.state import PhaseState, fresh
from trombine.training.step import advance, plan_of, update_phases


def texts(words: str) -> dict[str, str]:
    """Settings as they are written on a command line."""
    return dict(word.split("=", 1) for word in words.split())


SMALL: Final = texts(
    "data=leaves#48 size=16 batch=4 pictures=96 log_every=8 sample_every=24 measure_every=24"
    " save_every=12 faces=4 judged=8 width=4 ema=20 warmup=0 threads=1"
)
FAMILIES: Final = {
    "restore": ("upscale-fast-x2", texts("size=32 depth=2 precision=float32")),
    "sharpen": (
        "sharpener-x2",
        texts(
            "size=32 depth=2 levels=2 alone=24 critic_alone=12 ramp=40 r1=1 penalty_every=3"
            " pool=0.5"
        ),
    ),
    "adversarial": ("dcgan", texts("pool=0.5 latent=8")),
    "denoise": ("flow", texts("levels=2 steps=3")),
    "restyle": (
        "restyle",
        texts(
            "data=world:photo+anime#48 size=32 latent=6 blocks=1 details=4 levels=1 finish=2"
            " perceptual=0 soft=48"
        ),
    ),
    "detect": ("scratches", texts("size=32 levels=2")),
    "read": ("reader", texts("data=world:photo#48 other=leaves#48 real=leaves#48 size=32")),
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


ENLARGER: Final = texts(
    "size=16 pictures=32 batch=8 width=4 depth=1 threads=1 judged=4 faces=4 precision=float32"
    " warmup=0 log_every=8 sample_every=16 measure_every=16 save_every=16"
)


def enlarger(place: Path, data: str = "leaves#48", **settings: str) -> TrainConfig:
    """The tiniest run: four steps of an enlarger, looked at after two."""
    recipe = with_settings(find("upscale-fast-x2"), {**ENLARGER, "data": data, **settings})
    return TrainConfig(name="upscale-fast-x2", recipe=recipe, folder=place, tensorboard=False)


def noise(folder: Path, numbers: range, *, seed: int = 0, size: int = 16) -> Path:
    """Pictures of noise; those of one number and seed are equal."""
    for number in numbers:
        pixels = np.random.default_rng((seed, number)).integers(0, 256, (size, size, 3), np.uint8)
        save_picture(folder / f"{number:02d}.png", pixels)
    return folder


@functools.cache
def pictures(spec: str, size: int, count: int) -> Batch:
    """The first pictures of a source, for all who only read them."""
    return source(spec, size).batch(np.arange(count))


def bare_step(
    nets: Mapping[str, nn.Module],
    batches: Mapping[str, Batch],
    *,
    seed: int = 3,
    first: int = 0,
    **more: Any,
) -> Step:
    """A step of these nets on these pictures, at the places from `first` on."""
    count = len(next(iter(batches.values())))
    chance = Rng(seed=seed, places=np.arange(first, first + count))
    cpu = torch.device("cpu")
    return Step(nets={**nets}, batches={**batches}, chance=chance, device=cpu, **more)


class Kit:
    """A training without a folder: its plan, its state and its pictures."""

    def __init__(self, recipe: Recipe, *, mesh: Mesh | None = None, begun: bool = False) -> None:
        """`begun`: with every phase under way."""
        objective, machine, mesh = objective_of(recipe), choose(recipe), mesh or Mesh()
        self.plan = plan_of(recipe, objective, machine, mesh)
        self.state = fresh(recipe, objective, machine, mesh.device)
        if begun:
            self.state.phases = {name: PhaseState(began=0) for name in self.state.phases}
        self.material = open_material(recipe, objective.streams)

    def next_step(self) -> Step:
        """What the next step is computed from."""
        whole = next(feed_of(self.plan, self.state, self.material))
        return step_of(self.plan, self.state, self.material, whole)

    def take(self, steps: int = 1) -> bytes:
        """Take so many steps; all of the state after them."""
        for _ in range(steps):
            list(update_phases(self.state, self.plan.phases))
            advance(self.state, self.plan, self.next_step())
        return checkpoints.encode(self.state.tensors(), self.state.plain())

    def tensors(self) -> dict[str, torch.Tensor]:
        """Copies of all that the state holds."""
        return {name: tensor.detach().clone() for name, tensor in self.state.tensors().items()}


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
