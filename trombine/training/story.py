"""What is written of a run as it goes: log, clock, samples, measures, checkpoints, page, board.

Only the first of several processes writes; what it finds out and the others must know, it tells
them. A full disk makes the run wait, with a line that says so, and nothing is lost.
"""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, final

from torch import Tensor

from trombine.events import Event, Notice
from trombine.files import output_error
from trombine.objectives.alarms import Alert, Report
from trombine.recipes.recipe import Recipe
from trombine.refusal import OutputError
from trombine.runs import checkpoints
from trombine.runs.board import MISSING, Board, open_board
from trombine.runs.film import write_film
from trombine.runs.folder import RunFolder
from trombine.runs.page import write_page
from trombine.training.looking import card_of, measured, protocol_of, sampled, sheet
from trombine.training.material import Material
from trombine.training.state import Best, State
from trombine.training.steps import Plan, turn_by_measure
from trombine.training.stopping import Told
from trombine.weights import save

PAGE_SECONDS: Final = 20.0  # at least, between two pages
TICK_SECONDS: Final = 30.0  # at least, between two lines of the clock
WAIT_SECONDS: Final = 5.0  # until a full disk is tried again
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


@final
class Writer:
    """The writer of one run."""

    def __init__(
        self, folder: RunFolder, plan: Plan, material: Material, name: str, told: Told
    ) -> None:
        self.folder, self.plan, self.material, self.name = folder, plan, material, name
        self.told = told
        self.board: Board | None = None
        self.command = ""
        self._began = time.monotonic()
        self._cpu = time.process_time()
        self._paged = self._ticked = -math.inf
        self._waited = 0.0

    # The log ---------------------------------------------------------------------------------

    def log(self, state: State, kind: str, entry: Mapping[str, Any]) -> Iterator[Event]:
        """Add a line to the log."""
        line = {"kind": kind, "pictures": state.pictures, **entry}
        state.lines += 1
        if self.plan.mesh.first:
            yield from self.patiently(lambda: self.folder.append(line))
            yield from self.show(lambda board: board.entry(line))

    def means(self, state: State) -> Iterator[Event]:
        """A line with the means since the last one."""
        values = {name: total / count for name, (total, count) in sorted(state.sums.items())}
        state.sums.clear()
        if values:
            yield from self.log(state, "train", {"values": values})
            yield from self.hear(state, report_of(state, values=values))
        yield from self.tick(state)

    def turned(self, state: State, turns: Iterator[tuple[str, str, str]]) -> Iterator[Event]:
        """A line for each phase that begins or ends."""
        for phase, what, why in turns:
            yield from self.log(state, "phase", {"phase": phase, "what": what, "why": why})

    def starts(self, state: State) -> Iterator[Event]:
        """Lines for what the main net begins with, and for what of it stands still."""
        start, freeze = self.plan.start, self.plan.freeze
        if start:
            yield from self.log(state, "start", start.plain())
            yield Notice(None, str(start))
        if freeze.parts:
            until = "for ever" if freeze.until is None else f"until {freeze.until:,} pictures"
            turn = (f"freeze of {freeze}", "began", until)
            yield from self.turned(state, iter((turn,)))
            yield Notice(None, f"{freeze}: frozen {until}")

    def tick(self, state: State, event: str = "tick", *, now: bool = False) -> Iterator[Event]:
        """A line of the clock: what it has cost since this process began."""
        seconds = time.monotonic() - self._began
        if not self.plan.mesh.first or (not now and seconds - self._ticked < TICK_SECONDS):
            return
        self._ticked = seconds
        on_gpu = self.plan.machine.device == "cuda"
        entry = {
            "event": event,
            "pictures": state.pictures,
            "seconds": round(seconds, 3),
            "cpu": round((time.process_time() - self._cpu) * self.plan.mesh.count, 3),
            "gpu": round(seconds * self.plan.mesh.count, 3) if on_gpu else 0.0,
            "waited": round(self._waited, 3),  # for pictures
            "processes": self.plan.mesh.count,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        yield from self.patiently(lambda: self.folder.clock(entry))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count what passes inside as waiting for pictures."""
        began = time.perf_counter()
        yield
        self._waited += time.perf_counter() - began

    # Looking ---------------------------------------------------------------------------------

    def look(self, state: State) -> Iterator[Event]:
        """Sample the fixed faces."""
        samples = sampled(self.plan, state, self.material) if self.plan.mesh.first else None
        made, still = samples or (None, {})
        yield from self.hear(state, report_of(state, made=made, truth=still.get("truth")))
        if made is None:
            return
        pixels = sheet(made)
        yield from self.patiently(lambda: self.folder.write_sample(state.pictures, pixels))
        for row in still.keys() - self.folder.fixed_files().keys():
            fixed = sheet(still[row])
            yield from self.patiently(lambda row=row, p=fixed: self.folder.write_fixed(row, p))
        yield from self.show(lambda board: board.sample(state.pictures, pixels))

    def measure(self, state: State) -> Iterator[Event]:
        """Measure on the choosing pictures; keep the model if it is the best."""
        plan = self.plan
        found = measured(plan, state, self.material) if plan.mesh.first else None
        state.measured = dict(plan.mesh.tell(found))
        name = plan.objective.best
        value, higher = state.measured[name], plan.objective.measures[name]
        is_best = math.isfinite(value) and _is_better(value, state.best, higher=higher)
        if is_best:
            state.best = Best(measure=name, value=value, pictures=state.pictures)
            if plan.mesh.first:
                yield from self._keep(state)
        protocol = protocol_of(plan, self.material)
        entry = {"values": state.measured, "best": is_best, "protocol": protocol.hash}
        yield from self.log(state, "measure", entry)
        yield Notice(None, _measured_line(state, plan.recipe, is_best))
        yield from self.hear(state, report_of(state, measures=state.measured))
        yield from self.turned(state, turn_by_measure(state, plan.phases, plan.objective.measures))

    def _keep(self, state: State) -> Iterator[Event]:
        """Write the models as they are now."""
        for role in self.plan.objective.exports:
            main = role == self.plan.objective.main
            path = self.folder.best if main else self.folder.path / f"best-{role}.safetensors"
            net = {**state.nets, **state.averages}[role]
            card = card_of(self.plan, state, self.material, role, self.name, self.command)
            yield from self.patiently(lambda path=path, net=net, card=card: save(path, net, card))

    def hear(self, state: State, report: Report) -> Iterator[Event]:
        """Let every alarm hear what there is; what one says is in the log, and acted upon."""
        alerts: list[Alert] = []
        if self.plan.mesh.first:
            heard = [alarm.hear(report) for alarm in state.alarms.values()]
            alerts = [alert for alert in heard if alert]
        for alert in self.plan.mesh.tell(alerts):
            yield from self.act(state, alert)

    def act(self, state: State, alert: Alert) -> Iterator[Event]:
        """Do what an alarm asks for."""
        did = {"warn": "warned", "stop": "stopped", "end phase": "ended the phase"}
        done = did.get(alert.action, "rolled back")
        entry = {"alarm": alert.alarm, "text": alert.text, "did": done}
        yield from self.log(state, "alarm", entry)
        if self.plan.mesh.first:
            yield Notice(None, f"{state.pictures:,} pictures: {alert.alarm}: {alert.text}")
        if alert.action == "end phase":
            for phase in self.plan.phases:
                if alert.alarm in phase.ends_on:
                    state.phases[phase.name].ended = state.pictures
                    told = {"phase": phase.name, "what": "ended", "why": alert.text}
                    yield from self.log(state, "phase", told)
        elif alert.action != "warn":
            raise TroubleError(alert)

    # Keeping ---------------------------------------------------------------------------------

    def save(self, state: State) -> Iterator[Event]:
        """Write a checkpoint; the log it counts the lines of is on the disk before."""
        if self.plan.mesh.first:
            tensors, plain = state.tensors(), state.plain()
            yield from self.patiently(
                lambda: checkpoints.save(self.folder, state.pictures, tensors, plain)
            )
            yield from self.tick(state, "saved", now=True)  # a killed process counts up to here

    def page(self, state: State, *, now: bool = False) -> Iterator[Event]:
        """Write index.html again, if the last one is old enough."""
        if self.plan.mesh.first and (now or time.monotonic() - self._paged > PAGE_SECONDS):
            yield from self.patiently(lambda: write_page(self.folder))
            self._paged = time.monotonic()

    def finish(self, state: State, event: str) -> Iterator[Event]:
        """What is made when a run stops or ends: its film, its page."""
        if not self.plan.mesh.first:
            return
        yield from self.tick(state, event, now=True)
        settings = self.folder.read_recipe()
        yield from self.show(lambda board: board.settings(settings, state.measured))
        yield from self.show(lambda board: board.close())
        yield from self.patiently(lambda: write_film(self.folder))
        yield from self.page(state, now=True)

    def begin_board(self, pictures: int | None) -> Iterator[Event]:
        """Open the board, resumed after so many pictures unless it is new."""
        try:
            self.board = open_board(self.folder, pictures)
        except OSError as error:
            yield from self._no_board(error)
        except UnicodeEncodeError:
            why = "is no name in UTF-8, the only ones TensorBoard knows; no events are written"
            yield Notice(self.folder.board, why)
        else:
            yield from () if self.board else (Notice(None, MISSING),)

    def show(self, write: Callable[[Board], None]) -> Iterator[Event]:
        """Write to the board, if there is one; a copy that fails must not end the run."""
        if self.board is None:
            return
        try:
            write(self.board)
        except OSError as error:
            yield from self._no_board(error)

    def _no_board(self, error: OSError) -> Iterator[Event]:
        self.board = None
        why = output_error(self.folder.board, error).problem
        yield Notice(self.folder.board, f"{why}; no more TensorBoard events are written")

    def patiently(self, write: Callable[[], object]) -> Iterator[Event]:
        """Write; where the disk is full, say so once and try again until it is not."""
        said = False
        while True:
            try:
                write()
                return
            except OutputError as error:
                cause = error.__cause__
                if not isinstance(cause, OSError) or cause.errno not in _FULL:
                    raise
                if self.told.signals:
                    raise self.told.ending() from None
                if not said:
                    waits = "the run waits and loses nothing; free some space, or press Ctrl-C"
                    yield Notice(error.path, f"{error.problem}; {waits}")
                said = True
                time.sleep(WAIT_SECONDS)


def report_of(
    state: State,
    *,
    values: Mapping[str, float] | None = None,
    measures: Mapping[str, float] | None = None,
    gradients: Mapping[str, float] | None = None,
    made: Tensor | None = None,
    truth: Tensor | None = None,
) -> Report:
    """What alarms hear now."""
    return Report(
        pictures=state.pictures,
        rollbacks=state.rollbacks,
        values=values or {},
        measures=measures or {},
        gradients=gradients or {},
        made=made,
        truth=truth,
    )


class TroubleError(Exception):
    """An alarm asks to stop or to go back."""

    def __init__(self, alert: Alert) -> None:
        super().__init__(alert.text)
        self.alert = alert


def _is_better(value: float, best: Best | None, *, higher: bool) -> bool:
    if best is None:
        return True
    return value > best.value if higher else value < best.value


def _measured_line(state: State, recipe: Recipe, is_best: bool) -> str:
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in state.measured.items())
    best = " (the best so far)" if is_best and state.pictures else ""
    return f"{state.pictures:,} of {recipe.pictures:,} pictures: {numbers}{best}"
