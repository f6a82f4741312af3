"""Trains every family twice: by one process alone, and by two that share each batch.

Run by test_together.py as `python two.py RANK FOLDER`, for ranks 0 and 1 at once. The first says,
as JSON, by how much any weight, buffer, average or old picture differs in the end, and by how much
the training has moved them.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "conformance"))

import torch
from families import Kit, texts
from torch import distributed as dist

from trombine.recipes import Recipe, with_settings
from trombine.training.launch import Mesh
from trombine.training.methods import find
from trombine.training.state import State

STEPS = 8
SMALL = texts(
    "data=leaves#48 size=16 batch=8 width=4 ema=20 warmup=8 threads=1 precision=float64"
    " optimiser=sgd lr=0.01"
)
FAMILIES = {
    "restore": ("upscale-fast-x2", "depth=2 damage=wild-x2"),
    "sharpen": (
        "sharpener-x2",
        "depth=2 levels=2 alone=16 critic_alone=8 ramp=32 pool=0.5 r1=1 penalty_every=3"
        " damage=blur:motion:1-4?0.8+shrink:2/shrink:area:2+noise:gaussian:0.05+jpeg:40-90",
    ),
    "adversarial": ("dcgan-r1", "latent=4 pool=0.5 critic=logistic penalty_every=2"),
    "relativistic": ("dcgan-r1", "latent=4 pool=0.5 penalty_every=2"),
    "noise": ("diffusion", "levels=2 process=noise"),
    "flow": ("flow", "levels=2"),
    "restyle": (
        "restyle",
        "data=world:photo+anime#32+world:sketch+photo#32 size=32 latent=6 blocks=1 details=4"
        " levels=1 finish=2 norm=group perceptual=0 soft=32 lr=0.1",
    ),
    "invent": (
        "generate-anime",
        "data=world:photo#48 size=32 latent=6 outputs=6 hidden=8 details=4 levels=1 steps=1"
        " finish=1 coded=32 perceptual=0 net.norm=group",
    ),
    "encode": ("adversarial-autoencoder", "latent=4 outputs=4 inputs=4 pool=0.5 r1=1"),
    # faster, two nets that feed one another make much of rounding
    "translate": (
        "restyle-ugatit",
        "other=fractals#48 halvings=1 blocks=1 levels=1 pool=0.5 attention=1 lr=0.0001",
    ),
    "complete": ("completion", "data=world:photo#48 real=leaves#48 size=32 net.norm=group"),
    "detect": ("scratches", "levels=2"),
    "read": (
        "reader",
        "data=world:photo#48 other=leaves#48 real=leaves#48 size=32 net.norm=group net.features=8",
    ),
}


def recipe_of(family: str) -> Recipe:
    name, settings = FAMILIES[family]
    sizes = {size for net in find(name).nets.values() for size in net.sizes}
    known = {key: value for key, value in SMALL.items() if key in {*find(name).plain(), *sizes}}
    return with_settings(find(name), {**known, **texts(settings)})


def trained(recipe: Recipe, mesh: Mesh) -> State:
    """The state after some steps of this process's share."""
    kit = Kit(recipe, mesh=mesh)
    kit.take(STEPS)
    return kit.state


def difference(one: State, two: State) -> float:
    """The largest difference of any number; infinite where the two hold other things."""
    ours, theirs = one.tensors(), two.tensors()
    if ours.keys() != theirs.keys():
        return float("inf")
    apart = [(ours[n].double() - theirs[n].double()).abs().max() for n in ours if ours[n].numel()]
    return float(torch.stack(apart).max())


def moved(recipe: Recipe, state: State) -> float:
    """By how much the net that has learned least has moved."""
    before = Kit(recipe).state
    ways = []
    for role, net in state.nets.items():
        old = dict(before.nets[role].named_parameters())
        ways.append(
            max(float((p - old[n]).detach().abs().max()) for n, p in net.named_parameters())
        )
    return min(ways)


def main() -> None:
    torch.set_num_threads(1)
    rank, folder = int(sys.argv[1]), Path(sys.argv[2])
    meeting = f"file://{folder / 'meeting'}"
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
    found: dict[str, tuple[float, float]] = {}
    for family in FAMILIES:
        recipe = recipe_of(family)
        together = trained(recipe, Mesh(rank=rank, count=2))
        if rank == 0:
            alone = trained(recipe, Mesh())
            found[family] = difference(alone, together), moved(recipe, alone)
    if rank == 0:
        print(json.dumps(found), flush=True)
    dist.barrier()
    dist.destroy_process_group()
    # What is examined is said; gloo's threads have been seen to abort the interpreter as it ends.
    os._exit(0)


if __name__ == "__main__":
    main()
