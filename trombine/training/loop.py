"""The loop of every kind of training, in the order in which it runs.

Its clock is pictures seen. It owns the order of phases, precision, averages, schedules, samples,
measures, checkpoints and what alarms ask for; what is learned is the objective's. It
yields events, and everything that changes is in State: a run that is killed at any instant and
resumed is, bit for bit, the run that was not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from trombine.data.source import contents_of
from trombine.events import Detail, Done, Event, Notice, Picture, Progress, Started
from trombine.nets import parameter_count
from trombine.objectives import objective_of
from trombine.objectives.objective import Objective
from trombine.refusal import InputError, shown
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.training.launch import Mesh, end_together, launch, shut_down
from trombine.training.machine import Machine, choose, prepare
from trombine.training.material import Material, endless, open_material, prepare_material, step_of
from trombine.training.orders import (
    DESCRIPTIVE,
    Order,
    changed_streams,
    check,
    check_folder,
    check_nothing_lost,
    check_same_pictures,
    check_same_start,
    check_settings,
    describe_run,
    has_begun,
    read_description,
    training_output,
    without_missing_streams,
)
from trombine.training.shares import notices
from trombine.training.start import start_of
from trombine.training.state import State, fresh
from trombine.training.steps import (
    BrokenStepError,
    Plan,
    advance,
    freeze_ended,
    plan_of,
    update_phases,
)
from trombine.training.stopping import StopRequest, catch_signals
from trombine.training.writer import AlarmError, RunWriter, report_of

Agreement = tuple[Machine, Mapping[str, str]]  # with the hashes of what pictures hold
SLOWER: Final = 0.5  # what a rollback multiplies the learning rate by


def train(order: Order) -> Iterator[Event]:
    """Begin a run, or go on with it, until it is over; the same order again goes on."""
    order, notice = without_missing_streams(order)
    machine = choose(order.recipe)
    objective = objective_of(order.recipe)
    check(order.recipe, objective)
    check_folder(order, objective)
    mesh = launch(order.recipe.devices, machine.device)
    try:
        with end_together(mesh):
            events = _train(order, objective, machine, mesh)
            if notice and mesh.first:
                yield Notice(None, notice)
            if mesh.first:
                yield from events
            else:  # the others compute, and print nothing
                for _ in events:
                    pass
    except InputError as error:
        if mesh.first or error.path not in (None, order.folder):  # else the first says the same
            raise
    finally:
        shut_down(mesh)


def _train(
    order: Order, objective: Objective[Any], machine: Machine, mesh: Mesh
) -> Iterator[Event]:
    folder = RunFolder(order.folder)
    if not mesh.first:
        yield from _follow(order, objective, mesh.broadcast(None), mesh, folder)
        return
    was_there = os.path.lexists(order.folder)
    with folder.alone():
        is_new = not folder.exists
        try:  # what is refused here is refused before the others go on
            machine = check_settings(order, folder, machine)
            check_same_start(order, folder, start_of(order.recipe, objective.main))
            prepare_material(order.recipe, objective.streams)
            material = open_material(order.recipe, objective.streams)
            objective.check(material.learned)
            contents = {name: contents_of(source) for name, source in material.learned.items()}
            check_same_pictures(order, folder, replace(material, contents=contents))
            agreement = mesh.broadcast((machine, contents))
            yield from _follow(order, objective, agreement, mesh, folder)
        finally:
            # It was refused, or stopped, before it began. What was there before stays.
            if is_new and not has_begun(folder) and not training_output(folder):
                folder.discard(keep_folder=was_there)


def _follow(
    order: Order, objective: Objective[Any], agreement: Agreement, mesh: Mesh, folder: RunFolder
) -> Iterator[Event]:
    """What every process does once the first has checked everything."""
    machine, contents = agreement
    prepare(machine)
    material = replace(open_material(order.recipe, objective.streams), contents=contents)
    plan = plan_of(order.recipe, objective, machine, mesh)
    if mesh.first and not has_begun(folder):
        folder.write_recipe(describe_run(order, plan, material))
    with catch_signals() as stop:
        writer = RunWriter(folder, plan, material, order.name, stop, order.clock)
        writer.command = order.command
        yield from _run(order, plan, material, writer, stop)


def _run(
    order: Order, plan: Plan, material: Material, writer: RunWriter, stop: StopRequest
) -> Iterator[Event]:
    """From where the run is to its end, or until it is asked to stop."""
    recipe, folder = plan.recipe, writer.folder
    state = fresh(recipe, plan.objective, plan.machine, plan.mesh.device)
    resumed = yield from _resume(order, plan, state, folder)
    if order.board and plan.mesh.first:
        yield from writer.open_board(state.pictures if resumed else None)
    was_over = over(plan, state)
    if plan.mesh.first and not was_over:
        yield from notices(plan.objective, material)
    yield from writer.log_clock(state, "resumed" if resumed else "started", now=True)
    if resumed and order.change:
        yield from _changed(order, plan, material, state, writer)
    yield from (Detail(folder.path, text) for text in _details(plan, state))
    yield Started(recipe.pictures, "pictures")
    yield Progress(state.pictures, recipe.pictures, "pictures")
    if not resumed:
        yield from _begin(state, writer)
    feed = endless(recipe, material, state)
    while not over(plan, state) and not plan.mesh.any_process(bool(stop.signals)):
        pictures_before = state.pictures
        try:
            yield from writer.log_phases(state, update_phases(state, plan.phases))
            yield from _step(plan, state, material, writer, feed)
            yield from _due(plan, state, writer, pictures_before)
        except AlarmError as error:
            yield from _back(plan, state, writer, error)
            feed = endless(recipe, material, state)
        yield Progress(state.pictures, recipe.pictures, "pictures")
        yield from writer.write_index()
    yield from _end(order, plan, state, writer, was_over=was_over)
    plan.mesh.any_process(True)  # one that left before the first has written all would end it
    if plan.mesh.first and not over(plan, state):
        raise stop.exception()


def _details(plan: Plan, state: State) -> Iterator[str]:
    """Which nets, where their weights come from, and what computes."""
    for role, net in state.nets.items():
        yield f"{role}: {plan.recipe.nets[role]}, {parameter_count(net):,} parameters"
    start = start_of(plan.recipe, plan.objective.main)
    yield str(start) if start else "begins with random weights"
    machine = plan.machine
    yield f"{machine.device}, {machine.precision}, {machine.threads} threads"


def _begin(state: State, writer: RunWriter) -> Iterator[Event]:
    """Samples, measures and a checkpoint before the first step: to compare with and go back to."""
    yield from writer.log_start(state)
    yield from writer.write_samples(state)
    yield from writer.measure(state)
    yield from writer.save(state)


def _step(
    plan: Plan, state: State, material: Material, writer: RunWriter, feed: Iterator[dict[str, Any]]
) -> Iterator[Event]:
    with writer.waiting():
        batch = next(feed)
    try:
        advance(state, plan, step_of(plan, state, material, batch))
    except BrokenStepError as error:
        yield from writer.run_alarms(state, report_of(state, values={error.name: error.value}))
        raise InputError(f"{error}; lower --lr, or set --clip") from error


def _due(plan: Plan, state: State, writer: RunWriter, before: int) -> Iterator[Event]:
    """What is due after a step, by the clock of the run; a checkpoint last: it counts log lines."""
    recipe, now = plan.recipe, state.pictures
    yield from writer.log_phases(state, update_phases(state, plan.phases))
    yield from writer.log_phases(state, freeze_ended(plan.freeze, before, now))
    works = {
        writer.log_means: recipe.log_every,
        writer.write_samples: recipe.sample_every,
        writer.measure: recipe.measure_every,
    }
    due = [work for work, every in works.items() if _crosses(before, now, every)]
    for work in due:
        yield from work(state)
    if is_over := over(plan, state):  # by the clock, or ended by a measure or an alarm
        for work in works:
            if work not in due:
                yield from work(state)
        yield from writer.log(state, "end", {})
    is_best = (
        state.best is not None and state.best.pictures == now
    )  # saved with the state that has it
    if is_over or is_best or _crosses(before, now, recipe.save_every):
        yield from writer.save(state)
    elif writer.save_is_late:
        yield from writer.save(state, timed=True)


def _crosses(before: int, after: int, every: int) -> bool:
    return after // every > before // every


def over(plan: Plan, state: State) -> bool:
    """Whether the pictures are seen, or no phase is left."""
    if state.pictures >= plan.recipe.pictures:
        return True
    return all(progress.ended is not None for progress in state.phases.values())


def _end(
    order: Order, plan: Plan, state: State, writer: RunWriter, *, was_over: bool
) -> Iterator[Event]:
    """Write a run's last files; a checkpoint too if it is not over."""
    done, run = over(plan, state), shown(order.folder)
    if not done:
        yield from writer.save(state, timed=True)
        saved = f"saved at {state.pictures:,} pictures; the same command goes on from there"
        yield Notice(order.folder, saved)
    yield from writer.finish(state, "ended" if done else "stopped")
    if not done:
        return
    best = ""
    if state.best:
        value = f"{state.best.measure} {state.best.value:.4g}"
        best = f"; best {value}, after {state.best.pictures:,}"
        facts = f"{value}, after {state.best.pictures:,} pictures"
        yield Picture(writer.folder.best, writer.folder.best.name, facts)
    page = shown(writer.folder.page)
    already = "was over already, nothing is done: " if was_over else ""
    yield Done(f"{run}: {already}{state.pictures:,} pictures seen{best}; {page}", 1, 0, 0)


# ---------------------------------------------------------------------------------------------
# Going on, and going back


def _resume(order: Order, plan: Plan, state: State, folder: RunFolder) -> Iterator[Event]:
    """Load the newest good checkpoint; returns whether there was one."""
    latest = checkpoints.latest(folder) if plan.mesh.first else None
    if latest and latest.path and not state.fits(latest.tensors, latest.plain):
        raise InputError(
            "other nets, optimisers or phases cannot go on where these were; give another -o",
            path=order.folder,
        )
    if latest and not latest.path:
        check_nothing_lost(folder)
    newest = latest and (latest.path, checkpoints.set_aside(latest.damaged))
    path, damaged = plan.mesh.broadcast(newest)
    instead = "the one before it is used" if path else "there is none before it: from the start"
    for file in damaged:
        yield Notice(file, f"is a damaged checkpoint; {instead}")
    if path is None:
        if plan.mesh.first and folder.log.exists():
            folder.cut(0)
            folder.cut_samples(-1)
        return False
    tensors, plain = checkpoints.load(path)
    state.load(tensors, plain)
    if plan.mesh.first:
        folder.cut(state.lines)
        folder.cut_samples(state.pictures)
        checkpoints.prune(folder, state.pictures)
    return True


def _back(plan: Plan, state: State, writer: RunWriter, error: AlarmError) -> Iterator[Event]:
    """Go back to the last good checkpoint, to try again with other chance at a lower rate."""
    if error.alert.action == "stop":
        yield from writer.finish(state, "stopped")
        raise InputError(f"{error.alert.alarm}: {error.alert.text}")
    at, tries, slower = state.pictures, state.rollbacks + 1, state.slower * SLOWER
    lines = state.lines
    # A timed one would be there or not by chance, and with it what is learned from here on.
    latest = checkpoints.latest(writer.folder, timed=False) if plan.mesh.first else None
    if latest and latest.path:
        checkpoints.set_aside(latest.damaged)
    path = plan.mesh.broadcast(latest and latest.path)
    if path is None:
        raise InputError(f"{error.alert.text}; and no checkpoint is whole to go back to")
    tensors, plain = checkpoints.load(path)
    state.load(tensors, plain)
    back = state.pictures
    state.rollbacks, state.slower, state.lines = tries, slower, lines
    if plan.mesh.first:
        writer.folder.cut_samples(back)
        checkpoints.prune(writer.folder, back)
    yield from writer.log(state, "rollback", {"from": at, "to": back, "rollbacks": tries})
    yield Notice(None, f"{at:,} pictures: back to {back:,}, at {slower:g} of the learning rate")


def _changed(
    order: Order, plan: Plan, material: Material, state: State, writer: RunWriter
) -> Iterator[Event]:
    """Write down that the run goes on with other settings or pictures, if it does."""
    new, mesh = describe_run(order, plan, material), plan.mesh
    old = mesh.broadcast(read_description(writer.folder) if mesh.first else None)
    settings = new["settings"].items()
    changes = {k: v for k, v in settings if k not in DESCRIPTIVE and old["settings"].get(k) != v}
    if changed_streams(old["data"], new["data"]):
        changes.setdefault("data", f"{order.recipe.data}, other pictures")
    if not changes:
        return
    if over(plan, state):
        raise InputError(
            f"has seen {state.pictures:,} pictures and is over; more"
            " --pictures than that would go on, anything else is another run: give another -o",
            path=order.folder,
        )
    yield from writer.log(state, "change", {"settings": changes})
    if old.get("protocol") != new["protocol"]:  # nothing measured or looked at compares any more
        state.best = None
        state.alarms = {alarm.name: alarm for alarm in plan.objective.alarms()}
        if mesh.first:
            writer.folder.set_samples_aside(state.pictures)
    yield from writer.save(state)
    if mesh.first:  # last: killed before, the same command changes the same again
        writer.folder.write_recipe(new)
