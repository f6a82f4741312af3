"""How fast the loop of trainings is, beside the plainest loop over the same nets and pictures.

The plain loops below are what a tutorial has: no averages, checks, phases or log. Both sides take
steps in turn, in one process, so that whatever else the machine does meets both alike; the ratio is
that of the medians of the processor's time.

    python bench/engine.py
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from table import Row, at_least, cpu_seconds, interleaved, options, ratio_of_medians, report
from torch import Tensor
from torch.nn.functional import interpolate, l1_loss, softplus
from torch.optim import Adam

from trombine.data.source import batches
from trombine.data.split import prepare_split
from trombine.nets import build
from trombine.recipes import Recipe, with_settings
from trombine.training.config import Machine, choose, prepare
from trombine.training.launch import Mesh
from trombine.training.material import Material, feed_of, open_material, step_of
from trombine.training.methods import find, objective_of
from trombine.training.state import PhaseState, State, fresh
from trombine.training.step import Plan, advance, plan_of

Steps = Iterator[None]
COMMON: Final = {"data": "leaves#2000", "batch": "32", "size": "64", "warmup": "0", "threads": "1"}
LABEL: Final = 0.9  # of what is real, the recipe's


def main() -> int:
    """Time both sides; 1 unless every row meets its goal."""
    asked = options(__doc__, count=30)  # steps of each side
    return report(list(measure(asked.count)), json=asked.json)


def measure(count: int) -> Iterator[Row]:
    """All rows."""
    dcgan = with_settings(find("dcgan"), COMMON)
    unet = with_settings(find("cleaner"), {**COMMON, "ssim": "0"})
    prepare_split(dcgan.data, dcgan.size, dcgan.judged)
    for name, recipe, plain in (
        ("DCGAN", dcgan, plain_dcgan),
        ("U-Net", unet, partial(plain_restorer, damaged=noisy)),
    ):
        machine = choose(with_settings(recipe, {"precision": "float32"}))
        ours, times = in_turn(loop(recipe, machine), plain(recipe, machine), count)
        yield at_least(f"{name}: steps a second, the loop / the plainest", times, "x", 0.97)
        yield Row(f"{name}: steps a second of the loop", 1 / ours, "steps")
    auto = choose(with_settings(dcgan, {"precision": "auto"}))
    eager = choose(with_settings(dcgan, {"precision": "float32"}))
    _, times = in_turn(loop(dcgan, auto), plain_dcgan(dcgan, eager, fused=False), count)
    yield at_least("DCGAN: auto / plain eager float32", times, "x", 1.6)


def in_turn(ours: Steps, theirs: Steps, count: int) -> tuple[float, float]:
    """The processor's seconds of a step of ours in the middle, and how many times that theirs
    take; in turn, after three of each."""
    steps = {"ours": partial(next, ours), "theirs": partial(next, theirs)}
    times = {name: partial(cpu_seconds, step) for name, step in steps.items()}
    taken = interleaved(times, count, warm=3)
    return median(taken["ours"]), ratio_of_medians(taken["theirs"], taken["ours"])


def loop(recipe: Recipe, machine: Machine) -> Steps:
    """Steps as the loop takes them: all that it does between two lines of its log."""
    plan, state, material = begun(recipe, machine)
    for batch in feed_of(plan, state, material):
        advance(state, plan, step_of(plan, state, material, batch))
        yield


def begun(recipe: Recipe, machine: Machine) -> tuple[Plan, State, Material]:
    """A run before its first step, as if all its phases had begun."""
    objective = objective_of(recipe)
    prepare(machine)
    plan = plan_of(recipe, objective, machine, Mesh(device=torch.device(machine.device)))
    state = fresh(recipe, objective, machine, plan.mesh.device)
    state.phases = {phase.name: PhaseState(began=0) for phase in plan.phases}
    return plan, state, open_material(recipe, objective.streams)


def plain_dcgan(recipe: Recipe, machine: Machine, fused: bool = True) -> Steps:
    """A generator against a discriminator, as a tutorial writes it."""
    chosen = recipe.nets["generator"], recipe.nets["discriminator"]
    device = torch.device(machine.device)
    g, d = (machine.place(build(net.name, net.sizes), device) for net in chosen)
    adam = {"lr": recipe.lr, "betas": (recipe.beta1, recipe.beta2), "fused": fused}
    of_g, of_d = Adam(g.parameters(), **adam), Adam(d.parameters(), **adam)
    learned = open_material(recipe, ("data",)).learned["data"]
    for batch in batches(learned, seed=0, size=recipe.batch):
        real = batch.pictures().to(device, memory_format=torch.channels_last)
        d.requires_grad_(False)
        with machine.autocast():
            fake = g(torch.randn(recipe.batch, 64, device=device))
            loss = softplus(-d(fake)).mean()
        loss.backward()
        of_g.step()
        of_g.zero_grad()
        d.requires_grad_(True)
        with machine.autocast():
            said, of_fake = d(real), d(fake.detach())
            doubt = LABEL * softplus(-said) + (1 - LABEL) * softplus(said)
            loss = doubt.mean() + softplus(of_fake).mean()
        loss.backward()
        of_d.step()
        of_d.zero_grad()
        yield


def plain_restorer(recipe: Recipe, machine: Machine, damaged: Callable[[Tensor], Tensor]) -> Steps:
    """A net that makes good what was done to pictures, as a tutorial writes it."""
    chosen = recipe.nets["net"]
    device = torch.device(machine.device)
    net = machine.place(build(chosen.name, chosen.sizes), device)
    adam = Adam(net.parameters(), lr=recipe.lr, fused=True)
    learned = open_material(recipe, ("data",)).learned["data"]
    for batch in batches(learned, seed=0, size=recipe.batch):
        truth = batch.pictures().to(device, memory_format=torch.channels_last)
        with machine.autocast():
            loss = l1_loss(net(damaged(truth)), truth)
        loss.backward()
        adam.step()
        adam.zero_grad()
        yield


def noisy(pictures: Tensor) -> Tensor:
    """With noise of a tenth."""
    return pictures + 0.1 * torch.randn_like(pictures)


def small(pictures: Tensor) -> Tensor:
    """A quarter as large."""
    return interpolate(pictures, scale_factor=0.25, mode="bicubic", antialias=True)


def plain_cyclegan(recipe: Recipe, machine: Machine) -> Steps:
    """Two nets between two kinds of pictures, as a tutorial writes it."""
    device = torch.device(machine.device)
    nets = {r: machine.place(build(n.name, n.sizes), device) for r, n in recipe.nets.items()}
    there, back, ends, starts = (
        nets[role] for role in ("there", "back", "critic_there", "critic_back")
    )
    settings = {"lr": recipe.lr, "betas": (recipe.beta1, recipe.beta2), "fused": True}
    drawing = Adam([*there.parameters(), *back.parameters()], **settings)
    judging = Adam([*ends.parameters(), *starts.parameters()], **settings)
    learned = open_material(recipe, ("data", "other")).learned
    feeds = [batches(learned[name], seed=0, size=recipe.batch) for name in ("data", "other")]
    for pair in zip(*feeds, strict=True):
        x, y = (each.pictures().to(device, memory_format=torch.channels_last) for each in pair)
        for critic in (ends, starts):
            critic.requires_grad_(False)
        with machine.autocast():
            made_y, made_x = there(x), back(y)
            fooled = (ends(made_y) - 1).square().mean() + (starts(made_x) - 1).square().mean()
            ways = l1_loss(back(made_y), x) + l1_loss(there(made_x), y)
            same = l1_loss(there(y), y) + l1_loss(back(x), x)
            loss = fooled + 10 * ways + 5 * same
        loss.backward()
        drawing.step()
        drawing.zero_grad()
        for critic in (ends, starts):
            critic.requires_grad_(True)
        with machine.autocast():
            loss = torch.stack(
                [
                    (critic(real) - 1).square().mean() + critic(made.detach()).square().mean()
                    for critic, real, made in ((ends, y, made_y), (starts, x, made_x))
                ]
            ).sum()
        loss.backward()
        judging.step()
        judging.zero_grad()
        yield


PLAIN: Final = {
    "dcgan": plain_dcgan,
    "upscale-x4": partial(plain_restorer, damaged=small),
    "restyle-cyclegan": plain_cyclegan,
}

if __name__ == "__main__":
    sys.exit(main())
