"""What a training would be, before it is begun: `train --dry-run`.

Its configuration and parameters; and time and memory, measured in three steps that are thrown away,
on the pictures of its data. Of what is painted only the first pictures are.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace
from statistics import fmean
from typing import Final

import torch

from trombine.core.errors import shown
from trombine.data.spec import parse, spell
from trombine.nets import parameter_count
from trombine.recipes.recipe import Recipe
from trombine.recipes.settings import FIXED
from trombine.training.config import TrainConfig, check
from trombine.training.launch import Mesh
from trombine.training.machine import choose, prepare
from trombine.training.material import endless, open_material, step_of, streams_of
from trombine.training.methods import objective_of
from trombine.training.state import PhaseState, fresh
from trombine.training.steps import advance, plan_of

STEPS: Final = 3  # timed, after one that is not
_PAINTED: Final = 2  # pictures of each term that is painted


def dry_run(config: TrainConfig) -> str:
    """What training would do, as lines; an InputError where it would refuse."""
    recipe, machine, objective = config.recipe, choose(config.recipe), objective_of(config.recipe)
    check(config, objective)
    prepare(machine)
    plan = plan_of(recipe, objective, machine, Mesh(device=torch.device(machine.device)))
    material = open_material(_with_few(recipe, objective.streams), objective.streams)
    objective.check(material.learned)
    state = fresh(recipe, objective, machine, plan.mesh.device)
    state.phases = {phase.name: PhaseState(began=0) for phase in plan.phases}  # as if all had begun
    feed, times = endless(recipe, material, state), []
    for _ in range(STEPS + 1):
        began = time.perf_counter()
        advance(state, plan, step_of(plan, state, material, next(feed)))
        times.append(time.perf_counter() - began)
    seconds, steps = fmean(times[1:]), -(-recipe.pictures // recipe.batch)
    nets = {
        role: f"{recipe.nets[role]}  {parameter_count(net):,} parameters"
        for role, net in state.nets.items()
    }
    specs = streams_of(recipe, objective.streams)
    duration = f"{_duration(seconds * steps / recipe.devices)}: {steps:,} steps of"
    lines = [f"{config.name}: {recipe.about}", f"run: {config.folder}"]
    for title, entries in {
        "nets": nets | ({"start": str(plan.start)} if plan.start else {}),
        "data": {name: f"{spec}, {recipe.size} px" for name, spec in specs.items()},
        "resolved": machine.plain(),
        "settings": {k: v for k, v in recipe.plain().items() if k not in FIXED},
        "expected": {
            "time": f"{duration} {1000 * seconds:.0f} ms",
            "memory": f"{_memory(machine.device):.1f} GB",
        },
    }.items():
        lines += ["", title, *(f"  {name:<18} {text}" for name, text in entries.items())]
    return "\n".join(map(shown, lines))


def _with_few(recipe: Recipe, streams: tuple[str, ...]) -> Recipe:
    """The recipe with few pictures of what is painted."""
    specs = {
        stream: spell(
            tuple(
                term if term.path else replace(term, count=_PAINTED)
                for term in parse(getattr(recipe, stream))
            )
        )
        for stream in streams
    }
    return replace(recipe, **specs, judged=_PAINTED, faces=_PAINTED)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _memory(device: str) -> float:
    """Gigabytes at most so far."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9
