"""The loop of every kind of training, in the order in which it runs; and its dry run.

Its clock is pictures seen. It owns the order of phases, precision, averages, schedules, samples,
measures, checkpoints and alarms; what is learned is the objective's. Everything that
changes is in State: a run that is killed at any instant and resumed is, bit for bit, the run that
was not.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import Any, Final

import torch

from trombine.core.errors import InputError, shown
from trombine.core.progress import Progress, Result, log, silent
from trombine.core.texts import duration
from trombine.data.source import parse, spell
from trombine.losses.alarms import Report
from trombine.losses.objective import Objective, Samples
from trombine.nets import Net, parameter_count
from trombine.recipes import FIXED, Recipe, settings_of, with_settings
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.training.config import Machine, TrainConfig, check, choose, prepare, streams_of
from trombine.training.launch import Mesh, catch_signals, ended_by, launch
from trombine.training.material import (
    Material,
    feed_of,
    fixed_steps,
    open_material,
    prepare_material,
    step_of,
    warnings,
)
from trombine.training.methods import find, objective_of
from trombine.training.state import PhaseState, State, fresh
from trombine.training.step import (
    BrokenStepError,
    Plan,
    advance,
    clock_of,
    freeze_ended,
    plan_of,
    update_phases,
)
from trombine.training.writer import RunWriter, begun_with, check_same, describe, machine_of


def train(config: TrainConfig, progress: Progress | None = None) -> Result:
    """Begin a run, or go on with it until it is over; the same config again goes on.

    Ctrl-C and SIGTERM end it after the present step, saved, as they end any command.
    """
    recipe, folder, progress = config.recipe, RunFolder(config.folder), progress or silent
    objective = objective_of(recipe)
    check(config, objective)
    begun = begun_with(folder, recipe)
    machine = machine_of(choose(recipe), recipe, begun)
    with launch(recipe.devices, machine.device) as mesh:
        prepare(machine)
        if mesh.first:
            prepare_material(recipe, objective.streams, progress)
        mesh.any_process(False)  # the others wait for what is painted
        plan, state, material = _opened(recipe, objective, machine, mesh)
        description = describe(config, plan, material)
        if begun:
            check_same(config, begun, description)
        with folder.alone() if mesh.first else nullcontext(), catch_signals() as signals:
            writer = RunWriter(folder, plan, material, config)
            resumed = _resume(plan, state, writer)
            was_over = over(plan, state)
            if mesh.first and config.tensorboard:
                writer.open_board(state.pictures if resumed else None)
            writer.log_clock(state, "resumed" if resumed else "started", now=True)
            if not resumed:
                if mesh.first:
                    folder.write_recipe(description)
                _begin(plan, state, material, writer)
            progress(clock_of(recipe, state), recipe.pictures, "pictures")
            steps = _steps(plan, state, material, partial(writer.log_phases, state), config.clock)
            try:
                while not mesh.any_process(bool(signals)):
                    before = state.pictures
                    if next(steps, None) is None:
                        break
                    _due(plan, state, writer, before)
                    progress(clock_of(recipe, state), recipe.pictures, "pictures")
                    writer.write_index()
            except BrokenStepError as error:
                writer.run_alarms(state, Report(values={error.name: error.value}))
                raise InputError(f"{error}; lower --lr, or set --clip") from error
            result = _end(plan, state, writer, was_over=was_over)
            mesh.any_process(True)  # one that left before the first has written all would end it
            if mesh.first and not over(plan, state):
                raise ended_by(signals)
            return result


def _opened(
    recipe: Recipe, objective: Objective[Any], machine: Machine, mesh: Mesh
) -> tuple[Plan, State, Material]:
    """What a training is computed from, as it is before the first step."""
    material = open_material(recipe, objective.streams)
    objective.check(material.learned)
    plan = plan_of(recipe, objective, machine, mesh)
    return plan, fresh(recipe, objective, machine, mesh.device), material


def _begin(plan: Plan, state: State, material: Material, writer: RunWriter) -> None:
    """Log what is trained; sample, measure and save, to compare with."""
    for stream, learned in material.learned.items():
        held = len(material.measured[stream])
        log.info(shown(f"{learned.spec}: {len(learned):,} to learn from, {held:,} to measure on"))
    for text in warnings(plan.objective, material):
        writer.account.notice(text)
    for role, net in state.nets.items():
        log.debug(f"{role}: {plan.recipe.nets[role]}, {parameter_count(net):,} parameters")
    log.debug(f"computed by {plan.machine}")
    writer.log_start(state)
    writer.write_samples(state)
    writer.measure(state)
    writer.save(state)


def _steps(
    plan: Plan,
    state: State,
    material: Material,
    begin: Callable[[Iterator[tuple[str, str, str]]], object],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[State]:
    """Steps until the training is over; `begin` takes what `update_phases` yields before each."""
    feed = feed_of(plan, state, material)
    before = clock() - state.seconds
    while not over(plan, state):
        begin(update_phases(state, plan.phases))
        advance(state, plan, step_of(plan, state, material, next(feed)))
        if plan.recipe.minutes:  # the same for all processes, or their rates would differ
            state.seconds = plan.mesh.broadcast(clock() - before)
        yield state


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A training after one of its steps."""

    plan: Plan
    state: State  # all that changes: nets, averages, optimisers, phases
    material: Material
    losses: Mapping[str, float]  # the terms, gradients and rates of the step, by phase/term

    @property
    def pictures(self) -> int:
        """How many pictures were seen."""
        return self.state.pictures

    @property
    def nets(self) -> Mapping[str, Net]:
        """The nets by role, the averaged ones where the recipe keeps an average."""
        return {**self.state.nets, **self.state.averages}

    def samples(self, count: int = 8) -> list[Samples]:
        """What the nets make of fixed pictures that they do not learn from, a batch at a time."""
        with torch.no_grad():
            steps = fixed_steps(self.plan, self.state, self.material, count)
            made = [self.plan.objective.samples(step) for step in steps]
        return [one for one in made if one is not None]

    def measures(self) -> Mapping[str, float]:
        """How good the nets are on pictures that they do not learn from."""
        with torch.no_grad():
            steps = fixed_steps(self.plan, self.state, self.material, self.plan.recipe.judged)
            return self.plan.objective.measure(steps)


def steps(
    recipe: str | Recipe, data: str = "", *, progress: Progress | None = None, **settings: Any
) -> Iterator[Trained]:
    """Train by a recipe, step by step and in memory: for loops of one's own.

    `recipe` is a name or a Recipe, `data` a source as `trombine train --data` takes it, `settings`
    are those of the recipe. Nothing is written: logging, saving and stopping is the caller's.
    `progress` hears of pictures that are painted first. A step that gives no finite number raises
    a BrokenStepError.
    """
    base = find(recipe) if isinstance(recipe, str) else recipe
    recipe = with_settings(base, settings_of(({"data": data} if data else {}) | settings))
    objective, machine = objective_of(recipe), choose(recipe)
    prepare(machine)
    prepare_material(recipe, objective.streams, progress)
    mesh = Mesh(device=torch.device(machine.device))
    plan, state, material = _opened(recipe, objective, machine, mesh)
    for _ in _steps(plan, state, material, list):
        losses = {name: total / count for name, (total, count) in state.sums.items()}
        state.sums.clear()
        yield Trained(plan=plan, state=state, material=material, losses=losses)


def _due(plan: Plan, state: State, writer: RunWriter, before: int) -> None:
    """What is due after a step, by the clock of the run; a checkpoint last: it counts log lines."""
    recipe, now = plan.recipe, state.pictures
    writer.log_phases(state, update_phases(state, plan.phases))
    writer.log_phases(state, freeze_ended(plan.freeze, before, now))
    works = {
        writer.log_means: recipe.log_every,
        writer.write_samples: recipe.sample_every,
        writer.measure: recipe.measure_every,
    }
    due = [work for work, every in works.items() if _crosses(before, now, every)]
    for work in due:
        work(state)
    if is_over := over(plan, state):  # by the clock, or ended by a measure or an alarm
        for work in works:
            if work not in due:
                work(state)
        writer.log(state, "end", {})
    # The best is saved with the state that has it.
    is_best = state.best is not None and state.best.pictures == now
    if is_over or is_best or _crosses(before, now, recipe.save_every):
        writer.save(state)
    elif writer.save_is_late:
        writer.save(state, timed=True)


def _crosses(before: int, after: int, every: int) -> bool:
    return after // every > before // every


def over(plan: Plan, state: State) -> bool:
    """Whether the pictures are seen, the minutes are over, or no phase is left."""
    if clock_of(plan.recipe, state) >= plan.recipe.pictures:
        return True
    return all(progress.ended is not None for progress in state.phases.values())


def _end(plan: Plan, state: State, writer: RunWriter, *, was_over: bool) -> Result:
    """Write a run's last files; a checkpoint too if it is not over."""
    done, best, folder = over(plan, state), "", writer.folder
    if not done:
        writer.save(state, timed=True)
        saved = f"saved at {state.pictures:,} pictures; the same command goes on from there"
        writer.account.notice(saved, folder.path)
    writer.finish(state, "ended" if done else "stopped")
    if not plan.mesh.first:
        return Result()
    if state.best:
        value = f"{state.best.measure} {state.best.value:.4g}"
        best = f"; best {value}, after {state.best.pictures:,}"
        log.info(f"{shown(folder.best)}: {value}, after {state.best.pictures:,} pictures")
        writer.account.written.append(folder.best)
    already = "was over already, nothing is done: " if was_over else ""
    seen = f"{already}{state.pictures:,} pictures seen{best}"
    return writer.account.result(f"{shown(folder.path)}: {seen}; {shown(folder.page)}")


def _resume(plan: Plan, state: State, writer: RunWriter) -> bool:
    """Load the newest whole checkpoint; returns whether there was one."""
    folder, first = writer.folder, plan.mesh.first
    path = plan.mesh.broadcast(checkpoints.latest(folder) if first else None)
    if path is None:
        if first and any(entry.get("pictures") for entry in folder.entries()):
            raise InputError(
                "has been trained, and has no whole checkpoint to go on from;"
                " put its checkpoints back, or give another -o",
                path=folder.path,
            )
    elif not state.load(*checkpoints.load(path)):
        raise InputError(
            "other nets, optimisers or phases cannot go on where these were; give another -o",
            path=folder.path,
        )
    if first:
        folder.cut(state.lines)
        folder.cut_samples(state.pictures if path else -1)
        checkpoints.prune(folder, state.pictures)
    return path is not None


# What a training would be, before it is begun

STEPS: Final = 3  # timed, after one that is not
_PAINTED: Final = 2  # pictures of each term that is painted


def dry_run(config: TrainConfig) -> str:
    """What training would do, as lines; an InputError where it would refuse."""
    recipe, machine, objective = config.recipe, choose(config.recipe), objective_of(config.recipe)
    check(config, objective)
    prepare(machine)
    few, mesh = _with_few(recipe, objective.streams), Mesh(device=torch.device(machine.device))
    plan, state, material = _opened(few, objective, machine, mesh)
    state.phases = {phase.name: PhaseState(began=0) for phase in plan.phases}  # as if all had begun
    feed, times = feed_of(plan, state, material), []
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
    takes = f"{duration(seconds * steps / recipe.devices)}: {steps:,} steps of"
    lines = [f"{config.name}: {recipe.about}", f"run: {config.folder}"]
    for title, entries in {
        "nets": nets | ({"start": str(plan.start)} if plan.start else {}),
        "data": {name: f"{spec}, {recipe.size} px" for name, spec in specs.items()},
        "resolved": machine.plain(),
        "settings": {k: v for k, v in recipe.plain().items() if k not in FIXED},
        "expected": {
            "time": f"{takes} {1000 * seconds:.0f} ms",
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


def _memory(device: str) -> float:
    """Gigabytes at most so far."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9
