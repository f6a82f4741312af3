"""How fast the loop is, beside the plainest loop over the same nets, pictures and optimiser.

The plain loops below are what a tutorial has: no averages, checks, phases or log. Both sides take
steps in turn, in one process, so that whatever else the machine does meets both alike; the ratio
is that of the medians. Of the time that a run waits for pictures, the share is counted by the loop
itself, reading from a pack. Of the page of a run, with a log as long as days of training leave, it
is the processor's time.

    python bench/engine.py
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from table import Row, at_least, at_most, cpu_seconds, interleaved, report
from torch.nn.functional import l1_loss, softplus
from torch.optim import Adam

from trombine.data.source import Source, batches
from trombine.data.split import prepare_split
from trombine.nets import build
from trombine.objectives import objective_of
from trombine.recipes import Recipe, find, with_settings
from trombine.runs.folder import RunFolder
from trombine.runs.page import write_page
from trombine.training.launch import Mesh
from trombine.training.machine import Machine, choose, prepare
from trombine.training.material import endless, open_material, parts_of
from trombine.training.state import PhaseState, fresh
from trombine.training.steps import Plan, advance

DATA: Final = "leaves#2000"
BATCH: Final = 32
LABEL: Final = 0.9  # the recipe's
LINES: Final = 10_000
CPU: Final = torch.device("cpu")

Steps = Iterator[None]


def main() -> int:
    """Time both sides; 1 unless every row meets its goal."""
    parser = argparse.ArgumentParser(description="Time the training loop.")
    parser.add_argument("--steps", type=int, default=30, help="of each side, after the warm-up")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    return report(list(measure(asked.steps, asked.threads)), json=asked.json)


def measure(count: int, threads: int) -> Iterator[Row]:
    """All rows."""
    for name, recipe, plain in (
        ("DCGAN", recipe_of("dcgan"), plain_dcgan),
        ("U-Net", recipe_of("cleaner", ssim="0"), plain_unet),
    ):
        exact = with_settings(recipe, {"precision": "float32", "threads": str(threads)})
        machine = choose(exact)
        ours, theirs = loop(exact, machine), plain(exact, machine)
        a, b = in_turn(ours, theirs, count)
        yield at_least(f"{name}: steps a second, the loop / the plainest", b / a, "x", 0.97)
        yield Row(f"{name}: steps a second of the loop", 1 / a, "steps")
        waits = wait_share(exact, machine, count)
        yield at_most(f"{name}: time that the net waits for pictures", 100 * waits, "%", 2)
    recipe = with_settings(recipe_of("dcgan"), {"threads": str(threads)})
    auto = choose(with_settings(recipe, {"precision": "auto"}))
    eager = choose(with_settings(recipe, {"precision": "float32", "layout": "contiguous"}))
    a, b = in_turn(loop(recipe, auto), plain_dcgan(recipe, eager, fused=False), count)
    yield at_least("DCGAN: auto / plain eager float32", b / a, "x", 1.6)
    page, parsing = page_seconds(LINES)
    about = f"page of a run, its log of {LINES:,} lines"
    yield Row(about, page, "s")
    yield at_most(f"{about}, beside parsing these", page / parsing, "times as long", 10)


def recipe_of(name: str, **settings: str) -> Recipe:
    """A recipe on the pack that all rows read."""
    given = {"data": DATA, "batch": str(BATCH), "size": "64", "warmup": "0", **settings}
    return with_settings(find(name), given)


def in_turn(ours: Steps, theirs: Steps, count: int) -> tuple[float, float]:
    """The median seconds of a step of each side, taken in turn."""
    for _ in range(3):
        for side in (ours, theirs):
            next(side)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(count):
        for side, taken in zip((ours, theirs), times, strict=True):
            began = time.perf_counter()
            next(side)
            taken.append(time.perf_counter() - began)
    return median(times[0]), median(times[1])


def learned(recipe: Recipe) -> Source:
    """The pictures, painted if they are not there."""
    for _ in prepare_split(recipe.data, recipe.size, recipe.judged):
        pass
    return open_material(recipe, ("data",)).learned["data"]


def page_seconds(lines: int) -> tuple[float, float]:
    """The median time of the processor for writing the page of a run with so long a log, and for
    parsing that log's JSON alone."""
    with tempfile.TemporaryDirectory() as parent:
        folder = RunFolder.create(Path(parent) / "long", {})
        for i in range(lines):
            values = {f"repair/{term}": 1 / (i + 1) for term in ("total", "gradient", "l1", "ssim")}
            measured = {"kind": "measure", "protocol": "0123", "values": {"PSNR": 20 + i / lines}}
            trained = {"kind": "train", "values": values}
            folder.append({"pictures": 32 * i, **(trained if i % 20 else measured)})
        text = folder.log.read_text().splitlines()
        taken = interleaved(
            {
                "page": partial(cpu_seconds, partial(write_page, folder)),
                "parsing": partial(cpu_seconds, lambda: [json.loads(line) for line in text]),
            },
            5,
        )
    return median(taken["page"]), median(taken["parsing"])


# ---------------------------------------------------------------------------------------------
# The loop's own steps, all that it does between two lines of its log


def begin(recipe: Recipe, machine: Machine) -> tuple[Plan, Any, Any]:
    """A plan, its state, its pictures."""
    learned(recipe)
    objective = objective_of(recipe)
    prepare(machine)
    plan = Plan(
        recipe=recipe,
        objective=objective,
        phases=objective.phases(),
        machine=machine,
        mesh=Mesh(),
    )
    state = fresh(recipe, objective, machine, plan.mesh.device)
    state.phases = {phase.name: PhaseState(began=0) for phase in plan.phases}
    return plan, state, open_material(recipe, objective.streams)


def loop(recipe: Recipe, machine: Machine) -> Steps:
    """Steps as the loop takes them."""
    plan, state, material = begin(recipe, machine)
    feed = endless(recipe, material, state)
    while True:
        advance(state, plan, parts_of(plan, state, material, next(feed)))
        yield


def wait_share(recipe: Recipe, machine: Machine, count: int) -> float:
    """Which part of the loop's time passes until the next pictures are there."""
    plan, state, material = begin(recipe, machine)
    feed = endless(recipe, material, state)
    next(feed)
    waited, began = 0.0, time.perf_counter()
    for _ in range(count):
        before = time.perf_counter()
        whole = next(feed)
        waited += time.perf_counter() - before
        advance(state, plan, parts_of(plan, state, material, whole))
    return waited / (time.perf_counter() - began)


# ---------------------------------------------------------------------------------------------
# The plainest loops


def plain_dcgan(recipe: Recipe, machine: Machine, fused: bool = True) -> Steps:
    """A generator against a discriminator, as a tutorial writes it."""
    order = machine.memory_format
    chosen = recipe.nets["generator"], recipe.nets["discriminator"]
    g, d = (machine.place(build(net.name, net.sizes), CPU) for net in chosen)
    adam = {"lr": recipe.lr, "betas": (recipe.beta1, recipe.beta2), "fused": fused}
    of_g, of_d = Adam(g.parameters(), **adam), Adam(d.parameters(), **adam)
    for batch in batches(learned(recipe), seed=0, size=recipe.batch):
        real = batch.pictures().contiguous(memory_format=order)
        fake = g(torch.randn(recipe.batch, 64))
        d.requires_grad_(False)
        softplus(-d(fake)).mean().backward()
        of_g.step()
        of_g.zero_grad()
        d.requires_grad_(True)
        said, of_fake = d(real), d(fake.detach())
        doubt = LABEL * softplus(-said) + (1 - LABEL) * softplus(said)
        (doubt.mean() + softplus(of_fake).mean()).backward()
        of_d.step()
        of_d.zero_grad()
        yield


def plain_unet(recipe: Recipe, machine: Machine) -> Steps:
    """A net that takes noise away, as a tutorial writes it."""
    order = machine.memory_format
    chosen = recipe.nets["net"]
    net = machine.place(build(chosen.name, chosen.sizes), CPU)
    adam = Adam(net.parameters(), lr=recipe.lr, fused=True)
    for batch in batches(learned(recipe), seed=0, size=recipe.batch):
        truth = batch.pictures().contiguous(memory_format=order)
        l1_loss(net(truth + 0.1 * torch.randn_like(truth)), truth).backward()
        adam.step()
        adam.zero_grad()
        yield


if __name__ == "__main__":
    sys.exit(main())
