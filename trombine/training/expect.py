"""What a training would be, before it is begun: `train --dry-run`.

Its settings and nets; and time and memory, measured in a few steps that are thrown away, on
the pictures of its data. Of what is painted only the first pictures are.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from statistics import fmean
from typing import Final

import torch

from trombine.data.spec import parse, spell
from trombine.nets import parameter_count
from trombine.objectives import objective_of
from trombine.recipes.recipe import Recipe
from trombine.recipes.settings import FIXED
from trombine.refusal import shown
from trombine.runs.folder import RunFolder
from trombine.training.launch import Mesh, check_room
from trombine.training.machine import choose, prepare
from trombine.training.material import endless, open_material, step_of, streams_of
from trombine.training.orders import (
    Order,
    check,
    check_folder,
    check_settings,
    without_missing_streams,
)
from trombine.training.state import PhaseState, State, fresh
from trombine.training.steps import Plan, advance, is_active, plan_of, update_phases

STEPS: Final = 3  # timed, after one that is not
_PAINTED: Final = 2  # pictures of each term that is painted
_PLACES: Final = 200  # of a run, at which it is asked which phases are active


def expectation(order: Order) -> str:
    """What training would do, as lines; an InputError where it would refuse."""
    order, notice = without_missing_streams(order)
    recipe, plan = order.recipe, _plan(order)
    check_folder(order, plan.objective)
    check_settings(order, RunFolder(order.folder), plan.machine)
    if recipe.devices > 1:
        check_room(recipe.devices, plan.machine.device)
    state = fresh(recipe, plan.objective, plan.machine, plan.mesh.device)
    seconds, steps = _seconds_a_step(plan, state), -(-recipe.pictures // recipe.batch)
    specs = streams_of(recipe, plan.objective.streams)
    nets = {
        role: f"{recipe.nets[role]}  {parameter_count(net):,} parameters"
        for role, net in state.nets.items()
    }
    duration = f"{_duration(seconds * steps / recipe.devices)}: {steps:,} steps of"
    lines = [f"{order.name}: {recipe.about}", f"run: {order.folder}"]
    for title, entries in {
        "nets": nets | ({"start": str(plan.start)} if plan.start else {}),
        "data": {name: f"{spec}, {recipe.size} px" for name, spec in specs.items()},
        "resolved": plan.machine.plain(),
        "settings": {k: v for k, v in recipe.plain().items() if k not in FIXED},
        "expected": {
            "time": f"{duration} {1000 * seconds:.0f} ms",
            "memory": f"{_memory(plan.machine.device):.1f} GB",
        },
    }.items():
        lines += ["", title, *(f"  {name:<18} {text}" for name, text in entries.items())]
    return "\n".join(map(shown, lines + (["", notice] if notice else [])))


def _plan(order: Order) -> Plan:
    """The plan of a training by this process alone."""
    machine, objective = choose(order.recipe), objective_of(order.recipe)
    check(order.recipe, objective)
    prepare(machine)
    return plan_of(order.recipe, objective, machine, Mesh(device=torch.device(machine.device)))


def _seconds_a_step(plan: Plan, state: State) -> float:
    """The mean over all steps of the run: a few are taken with each set of phases that it has."""
    active: Counter[frozenset[str]] = Counter()
    for place in range(_PLACES):
        state.pictures = place * plan.recipe.pictures // _PLACES
        list(update_phases(state, plan.phases))
        active[frozenset(n for n, one in state.phases.items() if is_active(one))] += 1
    state.pictures = 0
    recipe = _with_few(plan.recipe, plan.objective.streams)
    material = open_material(recipe, plan.objective.streams)
    plan.objective.check(material.learned)
    feed, seconds = endless(recipe, material, state), 0.0
    for names, count in active.items():
        state.phases = {n: PhaseState(began=0 if n in names else None) for n in state.phases}
        times = []
        for _ in range(STEPS + 1):
            began = time.perf_counter()
            advance(state, plan, step_of(plan, state, material, next(feed)))
            times.append(time.perf_counter() - began)
        seconds += fmean(times[1:]) * count / _PLACES
    return seconds


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
