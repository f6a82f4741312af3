"""What a training would be, before it is begun: `train --dry-run`.

Time and memory are measured, not guessed: a few steps are taken, on grey pictures of the right
size, and thrown away. What training would refuse is refused here: settings, nets, a folder or a
pack that cannot be opened. Only worlds are not painted.
"""

from __future__ import annotations

import dataclasses
import math
import os
import resource
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Int64

from trombine.conventions import LANDMARK_COUNT
from trombine.data.augment import Augment
from trombine.data.columns import Columns
from trombine.data.item import Batch
from trombine.data.made import Maker
from trombine.data.source import SEED_RANGES, MixedSource, Source
from trombine.data.spec import Term, parse, spell
from trombine.data.split import split
from trombine.nets import parameter_count
from trombine.objectives import objective_of
from trombine.objectives.objective import Phase, Ramp
from trombine.recipes.recipe import Recipe
from trombine.recipes.settings import FIXED
from trombine.refusal import InputError, shown
from trombine.runs.folder import RunFolder
from trombine.training.launch import Mesh, check_room
from trombine.training.machine import choose, prepare
from trombine.training.material import Material, parts_of, streams_of
from trombine.training.orders import (
    Order,
    check,
    check_folder,
    check_settings,
    without_missing_streams,
)
from trombine.training.shares import shares, terms_of, warnings
from trombine.training.state import PhaseState, State, fresh
from trombine.training.steps import Plan, advance, plan_of

STEPS: Final = 3  # timed, after one that is not


def expectation(order: Order) -> str:
    """The resolved settings, nets, phases and data, and the expected time and memory, as lines."""
    order, notice = without_missing_streams(order)
    recipe, plan = order.recipe, _plan(order)
    objective, machine, phases = plan.objective, plan.machine, plan.phases
    with _enough_memory(recipe):
        opened = _open_all(order, plan)
        state = fresh(recipe, objective, machine, plan.mesh.device)
        seconds = _seconds_a_step(plan, state)
    steps = -(-recipe.pictures // recipe.batch)
    duration = seconds * steps / recipe.devices
    lines = [f"{order.name}: {recipe.about}", f"run: {_place(order, plan)}"]
    lines += ["", "nets"]
    lines += [
        f"  {role:<14} {recipe.nets[role]}  {parameter_count(net):,} parameters"
        for role, net in state.nets.items()
    ]
    if plan.start:
        lines += [f"  {plan.start}"]
    lines += ["", "phases", *(f"  {_phase_line(phase)}" for phase in phases)]
    lines += ["", "data"]
    for stream, spec in streams_of(recipe, objective.streams).items():
        window = f", windows of {_side(recipe)} px" if _side(recipe) < recipe.size else ""
        lines += [f"  {stream:<14} {spec}, {recipe.size} px{window}"]
        notes = [*shares(*opened[stream]), *warnings(objective, opened[stream][0])]
        lines += [f"    {line}" for line in notes]
    lines += [f"  {notice}"] if notice else []
    lines += ["", "resolved", *(f"  {name:<14} {v}" for name, v in machine.plain().items())]
    lines += ["", "settings"]
    lines += [
        f"  {item.name:<18} {_setting_text(getattr(recipe, item.name))}"
        for item in dataclasses.fields(recipe)
        if item.name not in FIXED
    ]
    lines += ["", "expected"]
    lines += [
        f"  time           {_duration_text(duration)}: {steps:,} steps of {1000 * seconds:.0f} ms"
    ]
    lines += [f"  memory         {_memory(machine.device):.1f} GB"]
    return "\n".join(map(shown, lines))


def _plan(order: Order) -> Plan:
    """The plan of a training by this process alone."""
    machine, objective = choose(order.recipe), objective_of(order.recipe)
    check(order.recipe, objective)
    prepare(machine)
    return plan_of(order.recipe, objective, machine, Mesh(device=torch.device(machine.device)))


# ---------------------------------------------------------------------------------------------
# What would be refused


def _open_all(order: Order, plan: Plan) -> dict[str, tuple[Source, Source]]:
    """The sources of each stream, to learn from and to be measured on.

    Refuses what training would: the run's folder, the pictures, too many processes.
    """
    recipe, objective = order.recipe, plan.objective
    check_folder(order, objective)
    if recipe.devices > 1:
        check_room(recipe.devices, plan.machine.device)
    specs = streams_of(recipe, objective.streams)
    opened = {stream: _open(spec, recipe) for stream, spec in specs.items()}
    objective.check({stream: pair[0] for stream, pair in opened.items()})
    return opened


def _place(order: Order, plan: Plan) -> str:
    """The run's folder, or why training would refuse it."""
    try:
        check_settings(order, RunFolder(order.folder), plan.machine)
    except InputError as error:
        return str(error)
    return shown(order.folder)


def _open(spec: str, recipe: Recipe) -> tuple[Source, Source]:
    """As `split` of data/split.py, but worlds are not painted."""
    size, count, terms = recipe.size, max(recipe.judged, recipe.faces), parse(spec)
    files = tuple(term for term in terms if term.path)  # together: they may share pictures
    opened_files = (
        zip(*map(terms_of, split(spell(files), size, count)), strict=True) if files else iter(())
    )
    pairs = [
        next(opened_files)
        if term.path
        else (Unpainted(term, size), Unpainted(replace(term, count=count), size))
        for term in terms
    ]
    if len(terms) == 1:
        return pairs[0]
    weights = [term.weight for term in terms]
    return MixedSource([pair[0] for pair in pairs], weights), MixedSource(
        [pair[1] for pair in pairs], weights
    )


@final
class Unpainted(Source):
    """Painted pictures or leaves that are not painted yet: their count and names, no pixels."""

    def __init__(self, term: Term, size: int) -> None:
        try:
            maker = Maker(kind=term.kind, styles=term.styles, size=size)
        except ValueError as error:
            raise InputError(f"{spell((term,))}: {error}") from error
        seeds = term.seeds
        if seeds.stop > (edge := SEED_RANGES[1]):
            raise InputError(
                f"seeds {seeds[0]} to {seeds[-1]} cross {edge}, where another use begins"
            )
        self.spec, self.size = spell((replace(term, weight=1.0),)), size
        self.lengths, self.weights = (len(seeds),), (1.0,)
        self.vector_names = maker.vector_names
        self.classes = term.classes
        self.paired = len(term.styles) > 1

    def take(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """Black pictures, as many as asked for."""
        pictures = np.zeros((len(indices), self.size, self.size, 3), np.uint8)
        return {"pictures": pictures, "vectors": np.zeros((len(indices), len(self.vector_names)))}

    def name(self, index: int) -> str:
        """Which seed it is of."""
        return str(index)


@contextmanager
def _enough_memory(recipe: Recipe) -> Iterator[None]:
    """Refuse a step that needs more memory than there is, at once where its pictures alone do."""
    side = _side(recipe)
    line = (
        f"a step of {recipe.batch} pictures of {side} px needs more memory than is here;"
        " give a lower --batch or --size, or compute it in several parts: --accumulate"
    )
    pictures = recipe.batch // recipe.accumulate * side**2 * 3 * 4  # bytes, as float32
    if pictures > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
        raise InputError(line)
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise InputError(line) from error
    except RuntimeError as error:  # torch's own for the processor's memory has no type
        if "allocate memory" not in str(error):
            raise
        raise InputError(line) from error


# ---------------------------------------------------------------------------------------------
# What it would take


def _setting_text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) or "-"


def _phase_line(phase: Phase) -> str:
    """A phase in a line."""
    when = f"from picture {phase.start:,} on"
    if phase.lasts is not None:
        when += f", for {phase.lasts:,}"
    often = "" if phase.every == 1 else f", one step in {phase.every}"
    weights = ", ".join(f"{name} {_weight(weight)}" for name, weight in phase.weights.items())
    terms = f": {weights}" if weights else ""
    learns = " and ".join(phase.learns)
    if phase.parts:
        learns = f"{', '.join(phase.parts)} of {learns}"
    return f"{phase.name:<14} {learns} learns {when}{often}{terms}"


def _weight(weight: float | Ramp) -> str:
    if isinstance(weight, Ramp):
        return f"{weight.low:g} to {weight.high:g} over {weight.over:,}"
    return f"{weight:g}"


def stretches(phases: Sequence[Phase], pictures: int) -> Iterator[tuple[int, frozenset[str]]]:
    """The run cut where phases begin or end: the number of pictures, and the phases active then. A
    phase that only a measure ends goes on."""
    by_name = {phase.name: phase for phase in phases}

    def span(phase: Phase) -> tuple[float, float]:
        ready = span(by_name[phase.after])[1] if phase.after else 0
        begin = max(phase.start, ready)
        return begin, math.inf if phase.lasts is None else begin + phase.lasts

    spans = {phase.name: span(phase) for phase in phases}
    marks = {int(mark) for span in spans.values() for mark in span if mark < pictures}
    for begin, end in pairwise(sorted({0, *marks, pictures})):
        yield end - begin, frozenset(n for n, (at, to) in spans.items() if at <= begin < to)


def _seconds_a_step(plan: Plan, state: State) -> float:
    """The mean over all steps of the run."""
    counts: dict[frozenset[str], int] = {}
    for count, names in stretches(plan.phases, plan.recipe.pictures):
        counts[names] = counts.get(names, 0) + count
    total = sum(count * median(_times(plan, state, names)) for names, count in counts.items())
    return total / sum(counts.values())


def _times(plan: Plan, state: State, names: Collection[str]) -> Iterator[float]:
    """Seconds of a few steps in which these phases take part."""
    state.phases = {n: PhaseState(began=0 if n in names else None) for n in state.phases}
    for number in range(STEPS + 1):
        began = time.perf_counter()
        batches = {stream: _grey_batch(plan) for stream in plan.objective.streams}
        advance(state, plan, parts_of(plan, state, _empty_material(plan), batches))
        if number:
            yield time.perf_counter() - began


def _grey_batch(plan: Plan) -> Batch:
    """A batch of nearly grey pictures, with every kind of truth that an objective may need."""
    recipe, side = plan.recipe, _side(plan.recipe)
    pixels = np.random.Generator(np.random.Philox(0)).integers(
        96, 160, (recipe.batch, side, side, 3), dtype=np.uint8
    )
    names, count = plan.objective.required, recipe.batch
    points = torch.linspace(side / 4, 3 * side / 4, 2 * LANDMARK_COUNT).reshape(1, -1, 2)
    batch = Batch(
        indices=np.arange(count, dtype=np.int64),
        pixels=torch.from_numpy(pixels),
        parts=torch.zeros(count, side, side, dtype=torch.uint8),
        points=points.repeat(count, 1, 1),
        visible=torch.ones(count, LANDMARK_COUNT, dtype=torch.bool),
        vectors=torch.zeros(count, len(names), dtype=torch.float64) if names else None,
        labels=torch.zeros(count, dtype=torch.int64),
    )
    return replace(batch, pair=batch) if plan.objective.pairs else batch


def _side(recipe: Recipe) -> int:
    """The side of the pictures, or of the windows cut from them, that are learned from."""
    return min(recipe.size, Augment.parse(recipe.augment).crop or recipe.size)


def _empty_material(plan: Plan) -> Material:
    """Material without pictures, that only names the numbers of vectors, and the classes."""
    return Material({}, {}, plan.objective.required, plan.objective.classes)


def _duration_text(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


def _memory(device: str) -> float:
    """Gigabytes at most so far."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9
