"""The loop of every kind of training, in the order in which it runs.

Its clock is pictures seen. It owns the order of phases, precision, averages, schedules, samples,
measures, checkpoints and what alarms ask for; what is learned is the objective's. Everything that
changes is in State: a run that is killed at any instant and resumed is, bit for bit, the run that
was not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from trombine.data.source import contents_of
from trombine.nets import parameter_count
from trombine.objectives import objective_of
from trombine.objectives.alarms import Report
from trombine.objectives.objective import Objective
from trombine.progress import Progress, Result, log, silent
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
from trombine.training.shares import shares_of, warnings
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
from trombine.training.writer import AlarmError, RunWriter

Agreement = tuple[Machine, Mapping[str, str]]  # with the hashes of what pictures hold
SLOWER: Final = 0.5  # what a rollback multiplies the learning rate by


def train(order: Order, progress: Progress | None = None) -> Result:
    """Begin a run, or go on with it, until it is over; the same order again goes on."""
    order, missing = without_missing_streams(order)
    machine = choose(order.recipe)
    objective = objective_of(order.recipe)
    check(order.recipe, objective)
    check_folder(order, objective)
    mesh = launch(order.recipe.devices, machine.device)
    log.disabled = not mesh.first  # the others compute, and print nothing
    try:
        with end_together(mesh):
            return _train(order, objective, machine, mesh, missing, progress or silent)
    except InputError as error:
        if mesh.first or error.path not in (None, order.folder):  # else the first says the same
            raise
        return Result()
    finally:
        shut_down(mesh)
        log.disabled = False


def _train(
    order: Order,
    objective: Objective[Any],
    machine: Machine,
    mesh: Mesh,
    missing: str,
    progress: Progress,
) -> Result:
    folder = RunFolder(order.folder)
    if not mesh.first:
        return _follow(order, objective, mesh.broadcast(None), mesh, folder, missing, silent)
    was_there = os.path.lexists(order.folder)
    with folder.alone():
        is_new = not folder.exists
        try:  # what is refused here is refused before the others go on
            machine = check_settings(order, folder, machine)
            check_same_start(order, folder, start_of(order.recipe, objective.main))
            prepare_material(order.recipe, objective.streams, progress)
            material = open_material(order.recipe, objective.streams)
            objective.check(material.learned)
            contents = {name: contents_of(source) for name, source in material.learned.items()}
            check_same_pictures(order, folder, replace(material, contents=contents))
            agreement = mesh.broadcast((machine, contents))
            return _follow(order, objective, agreement, mesh, folder, missing, progress)
        finally:
            # It was refused, or stopped, before it began. What was there before stays.
            if is_new and not has_begun(folder) and not training_output(folder):
                folder.discard(keep_folder=was_there)


def _follow(
    order: Order,
    objective: Objective[Any],
    agreement: Agreement,
    mesh: Mesh,
    folder: RunFolder,
    missing: str,
    progress: Progress,
) -> Result:
    """What every process does once the first has checked everything."""
    machine, contents = agreement
    prepare(machine)
    material = replace(open_material(order.recipe, objective.streams), contents=contents)
    plan = plan_of(order.recipe, objective, machine, mesh)
    if mesh.first and not has_begun(folder):
        folder.write_recipe(describe_run(order, plan, material))
    with catch_signals() as stop:
        writer = RunWriter(
            folder, plan, material, name=order.name, command=order.command, clock=order.clock
        )
        if missing:
            writer.notice(missing)
        return _run(order, plan, material, writer, stop, progress)


def _run(
    order: Order,
    plan: Plan,
    material: Material,
    writer: RunWriter,
    stop: StopRequest,
    progress: Progress,
) -> Result:
    """From where the run is to its end, or until it is asked to stop."""
    recipe = plan.recipe
    state = fresh(recipe, plan.objective, plan.machine, plan.mesh.device)
    resumed = _resume(order, plan, state, writer)
    if order.board and plan.mesh.first:
        writer.open_board(state.pictures if resumed else None)
    was_over = over(plan, state)
    if not was_over:
        for stream, learned in material.learned.items():
            log.info(shown("; ".join(map(str, shares_of(learned, material.measured[stream])))))
            for text in warnings(plan.objective, learned):
                writer.notice(shown(text))
    writer.log_clock(state, "resumed" if resumed else "started", now=True)
    if resumed and order.change:
        _changed(order, plan, material, state, writer)
    for text in _details(plan, state):
        log.debug(f"{shown(order.folder)}: {text}")
    progress(state.pictures, recipe.pictures, "pictures")
    if not resumed:  # to compare with and go back to
        writer.log_start(state)
        writer.write_samples(state)
        writer.measure(state)
        writer.save(state)
    feed = endless(recipe, material, state)
    while not over(plan, state) and not plan.mesh.any_process(bool(stop.signals)):
        pictures_before = state.pictures
        try:
            writer.log_phases(state, update_phases(state, plan.phases))
            _step(plan, state, material, writer, feed)
            _due(plan, state, writer, pictures_before)
        except AlarmError as error:
            _back(plan, state, writer, error)
            feed = endless(recipe, material, state)
        progress(state.pictures, recipe.pictures, "pictures")
        writer.write_index()
    result = _end(order, plan, state, writer, was_over=was_over)
    plan.mesh.any_process(True)  # one that left before the first has written all would end it
    if plan.mesh.first and not over(plan, state):
        raise stop.exception()
    return result


def _details(plan: Plan, state: State) -> Iterator[str]:
    """Which nets, where their weights come from, and what computes."""
    for role, net in state.nets.items():
        yield f"{role}: {plan.recipe.nets[role]}, {parameter_count(net):,} parameters"
    yield str(plan.start) if plan.start else "begins with random weights"
    machine = plan.machine
    yield f"{machine.device}, {machine.precision}, {machine.threads} threads"


def _step(
    plan: Plan, state: State, material: Material, writer: RunWriter, feed: Iterator[dict[str, Any]]
) -> None:
    with writer.waiting():
        batch = next(feed)
    try:
        advance(state, plan, step_of(plan, state, material, batch))
    except BrokenStepError as error:
        writer.run_alarms(state, Report(values={error.name: error.value}))
        raise InputError(f"{error}; lower --lr, or set --clip") from error


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
    """Whether the pictures are seen, or no phase is left."""
    if state.pictures >= plan.recipe.pictures:
        return True
    return all(progress.ended is not None for progress in state.phases.values())


def _end(order: Order, plan: Plan, state: State, writer: RunWriter, *, was_over: bool) -> Result:
    """Write a run's last files; a checkpoint too if it is not over."""
    done, best = over(plan, state), ""
    if not done:
        writer.save(state, timed=True)
        saved = f"saved at {state.pictures:,} pictures; the same command goes on from there"
        writer.notice(saved, order.folder)
    writer.finish(state, "ended" if done else "stopped")
    if state.best:
        value = f"{state.best.measure} {state.best.value:.4g}"
        best = f"; best {value}, after {state.best.pictures:,}"
        log.info(f"{shown(writer.folder.best)}: {value}, after {state.best.pictures:,} pictures")
    already = "was over already, nothing is done: " if was_over else ""
    seen = f"{already}{state.pictures:,} pictures seen{best}"
    return Result(
        summary=f"{shown(order.folder)}: {seen}; {shown(writer.folder.page)}",
        written=(writer.folder.best,) if state.best else (),
        notices=tuple(writer.notices),
    )


# ---------------------------------------------------------------------------------------------
# Going on, and going back


def _resume(order: Order, plan: Plan, state: State, writer: RunWriter) -> bool:
    """Load the newest good checkpoint; returns whether there was one."""
    folder = writer.folder
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
        writer.notice(f"is a damaged checkpoint; {instead}", file)
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


def _back(plan: Plan, state: State, writer: RunWriter, error: AlarmError) -> None:
    """Go back to the last good checkpoint, to try again with other chance at a lower rate."""
    if error.alert.action == "stop":
        writer.finish(state, "stopped")
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
    writer.log(state, "rollback", {"from": at, "to": back, "rollbacks": tries})
    writer.notice(f"{at:,} pictures: back to {back:,}, at {slower:g} of the learning rate")


def _changed(order: Order, plan: Plan, material: Material, state: State, writer: RunWriter) -> None:
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
    writer.log(state, "change", {"settings": changes})
    if old.get("protocol") != new["protocol"]:  # nothing measured or looked at compares any more
        state.best = None
        state.alarms = {alarm.name: alarm for alarm in plan.objective.alarms()}
        if mesh.first:
            writer.folder.set_samples_aside(state.pictures)
    writer.save(state)
    if mesh.first:  # last: killed before, the same command changes the same again
        writer.folder.write_recipe(new)
