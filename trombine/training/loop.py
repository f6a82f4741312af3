"""The loop: one for every kind of training, told in order.

Its clock is pictures seen. It owns the order of phases, precision, averages, schedules, samples,
measures, checkpoints and what alarms ask for; what is learned, it is told by an objective. It
yields events, and everything that changes is in State: a run that is killed at any instant and
resumed is, bit for bit, the run that was not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from trombine.data.contents import contents_of
from trombine.events import Done, Event, Notice, Picture, Progress, Started
from trombine.objectives import objective_of
from trombine.objectives.objective import Objective
from trombine.refusal import InputError, shown
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.training.launch import Mesh, launch, leave, together
from trombine.training.machine import Machine, choose, prepare
from trombine.training.material import Material, endless, open_material, parts_of, prepare_material
from trombine.training.orders import (
    Order,
    agreed,
    begun_with,
    check,
    description,
    has_begun,
    other_pictures,
    place,
    refuse_to_lose,
    same_pictures,
    same_start,
    trained,
    with_what_is_there,
)
from trombine.training.shares import notices
from trombine.training.start import start_of
from trombine.training.state import State, fresh
from trombine.training.steps import BrokenStepError, Plan, advance, plan_of, thawed, turn
from trombine.training.stopping import Told, listening
from trombine.training.story import TroubleError, Writer, report_of

Agreement = tuple[Machine, Mapping[str, str]]  # with the hashes of what pictures hold
SLOWER: Final = 0.5  # what a rollback multiplies the learning rate by


def train(order: Order) -> Iterator[Event]:
    """Begin a run, or go on with it, until it is over; the same order again goes on."""
    order, said = with_what_is_there(order)
    machine = choose(order.recipe)
    objective = objective_of(order.recipe)
    check(order.recipe, objective)
    place(order, objective)
    mesh = launch(order.recipe.devices, machine.device)
    try:
        with together(mesh):
            events = _train(order, objective, machine, mesh)
            if said and mesh.first:
                yield Notice(None, said)
            if mesh.first:
                yield from events
            else:  # the others compute, and say nothing
                for _ in events:
                    pass
    except InputError as error:
        if mesh.first or error.path not in (None, order.folder):  # else the first says the same
            raise
    finally:
        leave(mesh)


def _train(
    order: Order, objective: Objective[Any], machine: Machine, mesh: Mesh
) -> Iterator[Event]:
    folder = RunFolder(order.folder)
    if not mesh.first:
        yield from _follow(order, objective, mesh.tell(None), mesh, folder)
        return
    was_there = os.path.lexists(order.folder)
    with folder.alone():
        is_new = not folder.exists
        try:  # what is refused here is refused before the others go on
            machine = agreed(order, folder, machine)
            same_start(order, folder, start_of(order.recipe, objective.main))
            yield from prepare_material(order.recipe, objective.streams)
            found = open_material(order.recipe, objective.streams)
            objective.check(found.learned)
            contents = yield from contents_of(found.learned)
            same_pictures(order, folder, replace(found, contents=contents))
            agreement = mesh.tell((machine, contents))
            yield from _follow(order, objective, agreement, mesh, folder)
        finally:
            # It was refused, or stopped, before it began. What was there before stays.
            if is_new and not has_begun(folder) and not trained(folder):
                folder.discard(keep_folder=was_there)


def _follow(
    order: Order, objective: Objective[Any], agreement: Agreement, mesh: Mesh, folder: RunFolder
) -> Iterator[Event]:
    """What every process does once the first has seen that it can be done."""
    machine, contents = agreement
    prepare(machine)
    material = replace(open_material(order.recipe, objective.streams), contents=contents)
    plan = plan_of(order.recipe, objective, machine, mesh)
    if mesh.first and not has_begun(folder):
        folder.write_recipe(description(order, plan, material))
    with listening() as told:
        story = Writer(folder, plan, material, order.name, told)
        story.command = order.command
        yield from _run(order, plan, material, story, told)


def _run(
    order: Order, plan: Plan, material: Material, story: Writer, told: Told
) -> Iterator[Event]:
    """From where the run is to its end, or until it is told to end."""
    recipe, folder = plan.recipe, story.folder
    state = fresh(recipe, plan.objective, plan.machine, plan.mesh.device)
    resumed = yield from _resume(order, plan, state, folder)
    if order.board and plan.mesh.first:
        yield from story.begin_board(state.pictures if resumed else None)
    was_over = over(plan, state)
    if plan.mesh.first and not was_over:
        yield from notices(plan.objective, material)
    yield from story.tick(state, "resumed" if resumed else "started", now=True)
    if resumed and order.change:
        yield from _changed(order, plan, material, state, story)
    yield Started(recipe.pictures, "pictures")
    yield Progress(state.pictures, recipe.pictures, "pictures")
    if not resumed:
        yield from _begin(plan, state, story)
    feed = endless(recipe, material, state)
    while not over(plan, state) and not plan.mesh.agree(bool(told.signals)):
        before = state.pictures
        try:
            yield from story.turned(state, turn(state, plan.phases))
            yield from _step(plan, state, material, story, feed)
            yield from _due(plan, state, story, before)
        except TroubleError as trouble:
            yield from _back(plan, state, story, trouble)
            feed = endless(recipe, material, state)
        yield Progress(state.pictures, recipe.pictures, "pictures")
        yield from story.page(state)
    yield from _end(order, plan, state, story, was_over=was_over)
    plan.mesh.agree(True)  # one that left before the first has written all would end it
    if plan.mesh.first and not over(plan, state):
        raise told.ending()


def _begin(plan: Plan, state: State, story: Writer) -> Iterator[Event]:
    """What there is before the first step: to compare with, and to go back to."""
    yield from story.starts(state)
    yield from story.look(state)
    yield from story.measure(state)
    yield from story.save(state)


def _step(
    plan: Plan, state: State, material: Material, story: Writer, feed: Iterator[dict[str, Any]]
) -> Iterator[Event]:
    with story.waiting():
        whole = next(feed)
    checked = _crosses(state.pictures - plan.recipe.batch, state.pictures, plan.recipe.log_every)
    try:
        parts = parts_of(plan, state, material, whole)
        gradients = advance(state, plan, parts, checked=checked)
    except BrokenStepError as error:
        yield from story.hear(state, report_of(state, values={error.name: error.value}))
        raise InputError(f"{error}; lower --lr, or set --clip") from error
    if gradients:
        yield from story.hear(state, report_of(state, gradients=gradients))


def _due(plan: Plan, state: State, story: Writer, before: int) -> Iterator[Event]:
    """What is due after a step, by the run's clock; a checkpoint last, so that it has the rest."""
    recipe, now = plan.recipe, state.pictures
    yield from story.turned(state, turn(state, plan.phases))
    yield from story.turned(state, thawed(plan.freeze, before, now))
    works = {
        story.means: recipe.log_every,
        story.look: recipe.sample_every,
        story.measure: recipe.measure_every,
    }
    due = [work for work, every in works.items() if _crosses(before, now, every)]
    for work in due:
        yield from work(state)
    if last := over(plan, state):  # by the clock, or since a measure or an alarm said so
        for work in works:
            if work not in due:
                yield from work(state)
        yield from story.log(state, "end", {})
    best = state.best is not None and state.best.pictures == now  # with the state that knows of it
    if last or best or _crosses(before, now, recipe.save_every):
        yield from story.save(state)


def _crosses(before: int, after: int, every: int) -> bool:
    return after // every > before // every


def over(plan: Plan, state: State) -> bool:
    """Whether the pictures are seen, or no phase is left."""
    if state.pictures >= plan.recipe.pictures:
        return True
    return all(progress.ended is not None for progress in state.phases.values())


def _end(
    order: Order, plan: Plan, state: State, story: Writer, *, was_over: bool
) -> Iterator[Event]:
    """Leave a run so that it can be looked at, and gone on with if it is not over."""
    done, run = over(plan, state), shown(order.folder)
    if not done:
        yield from story.save(state)
        saved = f"saved at {state.pictures:,} pictures; the same command goes on from there"
        yield Notice(order.folder, saved)
    yield from story.finish(state, "ended" if done else "stopped")
    if not done:
        return
    best = ""
    if state.best:
        value = f"{state.best.measure} {state.best.value:.4g}"
        best = f"; best {value}, after {state.best.pictures:,}"
        yield Picture(story.folder.best, story.folder.best.name)
    page = shown(story.folder.page)
    already = "was over already, nothing is done: " if was_over else ""
    yield Done(f"{run}: {already}{state.pictures:,} pictures seen{best}; {page}", 1, 0, 0)


# ---------------------------------------------------------------------------------------------
# Going on, and going back


def _resume(order: Order, plan: Plan, state: State, folder: RunFolder) -> Iterator[Event]:
    """Become the state of the newest good checkpoint; returns whether there was one."""
    found = checkpoints.latest(folder) if plan.mesh.first else None
    if found and found.path and not state.fits(found.tensors, found.plain):
        raise InputError(
            "other nets, optimisers, phases or alarms cannot go on where"
            " these were; give another -o",
            path=order.folder,
        )
    if found and not found.path:
        refuse_to_lose(folder)
    newest = found and (found.path, checkpoints.set_aside(found.damaged))
    path, damaged = plan.mesh.tell(newest)
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


def _back(plan: Plan, state: State, story: Writer, trouble: TroubleError) -> Iterator[Event]:
    """Go back to the last good checkpoint, to try again with other chance at a lower rate."""
    if trouble.alert.action == "stop":
        yield from story.finish(state, "stopped")
        raise InputError(f"{trouble.alert.alarm}: {trouble.alert.text}")
    at, tries, slower = state.pictures, state.rollbacks + 1, state.slower * SLOWER
    lines = state.lines
    found = checkpoints.latest(story.folder) if plan.mesh.first else None
    if found and found.path:
        checkpoints.set_aside(found.damaged)
    path = plan.mesh.tell(found and found.path)
    if path is None:
        raise InputError(f"{trouble.alert.text}; and no checkpoint is whole to go back to")
    tensors, plain = checkpoints.load(path)
    state.load(tensors, plain)
    back = state.pictures
    state.rollbacks, state.slower, state.lines = tries, slower, lines
    if plan.mesh.first:
        story.folder.cut_samples(back)
    yield from story.log(state, "rollback", {"from": at, "to": back, "rollbacks": tries})
    yield Notice(None, f"{at:,} pictures: back to {back:,}, at {slower:g} of the learning rate")


def _changed(
    order: Order, plan: Plan, material: Material, state: State, story: Writer
) -> Iterator[Event]:
    """Write down that the run goes on with other settings or pictures, if it does."""
    new, mesh = description(order, plan, material), plan.mesh
    old = mesh.tell(begun_with(story.folder) if mesh.first else None)
    changes = {k: v for k, v in new["settings"].items() if old["settings"].get(k) != v}
    if other_pictures(old["data"], new["data"]):
        changes.setdefault("data", f"{order.recipe.data}, other pictures")
    if not changes:
        return
    if over(plan, state):
        raise InputError(
            f"has seen {state.pictures:,} pictures and is over; more"
            " --pictures than that would go on, anything else is another run: give another -o",
            path=order.folder,
        )
    yield from story.log(state, "change", {"settings": changes})
    if old.get("protocol") != new["protocol"]:  # nothing measured or looked at compares any more
        state.best = None
        state.alarms = {alarm.name: alarm for alarm in plan.objective.alarms()}
        if mesh.first:
            story.folder.set_samples_aside(state.pictures)
    yield from story.save(state)
    if mesh.first:  # last: killed before, the same command changes the same again
        story.folder.write_recipe(new)
