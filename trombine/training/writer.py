"""Writes a run's files as it goes: log, clock, samples, measures, checkpoints, page, board.

Only the first of several processes writes, and broadcasts what the others must know. If the disk is
full the run says so and waits; nothing is lost.
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

from trombine.events import Detail, Event, Notice
from trombine.io.files import output_error
from trombine.objectives.alarms import Alert, Report
from trombine.recipes.recipe import Recipe
from trombine.refusal import OutputError
from trombine.runs import checkpoints
from trombine.runs.board import MISSING, Board, open_board
from trombine.runs.film import write_film
from trombine.runs.folder import RunFolder
from trombine.runs.page import write_page
from trombine.training.evaluation import card_of, evaluate, protocol_of, sample_outputs, sheet
from trombine.training.material import Material
from trombine.training.state import Best, State
from trombine.training.steps import Plan, update_phases_by_measure
from trombine.training.stopping import StopRequest
from trombine.weights import save

PAGE_SECONDS: Final = 20.0  # at least, between two pages
SAVE_SECONDS: Final = 30.0  # at most, and a step, between two checkpoints
TICK_SECONDS: Final = 30.0  # at least, between two lines of the clock
WAIT_SECONDS: Final = 5.0  # until a full disk is tried again
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


@final
class RunWriter:
    """The writer of one run."""

    def __init__(
        self,
        folder: RunFolder,
        plan: Plan,
        material: Material,
        name: str,
        stop: StopRequest,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.plan, self.material, self.name = folder, plan, material, name
        self.stop = stop
        self.board: Board | None = None
        self.command = ""
        self._clock = clock
        self._began = self._saved = clock()
        self._cpu = time.process_time()
        self._paged = self._ticked = -math.inf
        self._waited = 0.0

    # The log ---------------------------------------------------------------------------------

    def log(self, state: State, kind: str, entry: Mapping[str, Any]) -> Iterator[Event]:
        """Add a line to the log."""
        line = {"kind": kind, "pictures": state.pictures, **entry}
        state.lines += 1
        if self.plan.mesh.first:
            yield from self.retry(lambda: self.folder.append(line))
            yield from self.to_board(lambda board: board.entry(line))

    def log_means(self, state: State) -> Iterator[Event]:
        """A line with the means since the last one."""
        values = {name: total / count for name, (total, count) in sorted(state.sums.items())}
        state.sums.clear()
        if values:
            yield from self.log(state, "train", {"values": values})
            yield from self.run_alarms(state, report_of(state, values=values))
        yield from self.log_clock(state)

    def log_phases(self, state: State, changes: Iterator[tuple[str, str, str]]) -> Iterator[Event]:
        """A line for each phase that begins or ends."""
        for phase, change, why in changes:
            yield from self.log(state, "phase", {"phase": phase, "what": change, "why": why})

    def log_start(self, state: State) -> Iterator[Event]:
        """Lines for the model that the main net begins with, and for its frozen parts."""
        start, freeze = self.plan.start, self.plan.freeze
        if start:
            yield from self.log(state, "start", start.plain())
            yield Notice(None, str(start))
        if freeze.parts:
            until = "for ever" if freeze.until is None else f"until {freeze.until:,} pictures"
            change = (f"freeze of {freeze}", "began", until)
            yield from self.log_phases(state, iter((change,)))
            yield Notice(None, f"{freeze}: frozen {until}")

    def log_clock(self, state: State, event: str = "tick", *, now: bool = False) -> Iterator[Event]:
        """A line of the clock: what it has cost since this process began."""
        seconds = self._clock() - self._began
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
        yield from self.retry(lambda: self.folder.clock(entry))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count what passes inside as waiting for pictures."""
        began = time.perf_counter()
        yield
        self._waited += time.perf_counter() - began

    # Samples and measures ----------------------------------------------------------------------

    def write_samples(self, state: State) -> Iterator[Event]:
        """Sample the fixed faces."""
        samples = sample_outputs(self.plan, state, self.material) if self.plan.mesh.first else None
        output, fixed = samples or (None, {})
        yield from self.run_alarms(
            state, report_of(state, samples=output, truth=fixed.get("truth"))
        )
        if output is None:
            return
        pixels = sheet(output)
        yield from self.retry(lambda: self.folder.write_sample(state.pictures, pixels))
        for row in fixed.keys() - self.folder.fixed_files().keys():
            grid = sheet(fixed[row])
            yield from self.retry(lambda row=row, p=grid: self.folder.write_fixed(row, p))
        yield from self.to_board(lambda board: board.sample(state.pictures, pixels))

    def measure(self, state: State) -> Iterator[Event]:
        """Measure on the choosing pictures; keep the model if it is the best."""
        plan = self.plan
        values = evaluate(plan, state, self.material) if plan.mesh.first else None
        state.measured = dict(plan.mesh.broadcast(values))
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
        yield from self.run_alarms(state, report_of(state, measures=state.measured))
        yield from self.log_phases(
            state, update_phases_by_measure(state, plan.phases, plan.objective.measures)
        )

    def _keep(self, state: State) -> Iterator[Event]:
        """Write the models as they are now."""
        for role in self.plan.objective.exports:
            main = role == self.plan.objective.main
            path = self.folder.best if main else self.folder.path / f"best-{role}.safetensors"
            net = {**state.nets, **state.averages}[role]
            card = card_of(self.plan, state, self.material, role, self.name, self.command)
            yield from self.retry(lambda path=path, net=net, card=card: save(path, net, card))

    def run_alarms(self, state: State, report: Report) -> Iterator[Event]:
        """Give every alarm the report; log their alerts and act on them."""
        alerts: list[Alert] = []
        if self.plan.mesh.first:
            heard = [alarm.hear(report) for alarm in state.alarms.values()]
            alerts = [alert for alert in heard if alert]
        for alert in self.plan.mesh.broadcast(alerts):
            yield from self._act(state, alert)

    def _act(self, state: State, alert: Alert) -> Iterator[Event]:
        """Do what an alarm asks for."""
        did = {"warn": "warned", "stop": "stopped", "roll back": "rolled back"}[alert.action]
        entry = {"alarm": alert.alarm, "text": alert.text, "did": did}
        yield from self.log(state, "alarm", entry)
        if self.plan.mesh.first:
            yield Notice(None, f"{state.pictures:,} pictures: {alert.alarm}: {alert.text}")
        if alert.action != "warn":
            raise AlarmError(alert)

    # Checkpoints and pages ---------------------------------------------------------------------

    @property
    def save_is_late(self) -> bool:
        """Whether so much time has gone since the last checkpoint that a kill would lose much."""
        return self._clock() - self._saved > SAVE_SECONDS

    def save(self, state: State, *, timed: bool = False) -> Iterator[Event]:
        """Write a checkpoint; the log lines that it counts are on the disk before.

        `timed`: one that another run of the same command need not have.
        """
        if self.plan.mesh.first:
            tensors, plain = state.tensors(), state.plain()
            yield from self.retry(
                lambda: checkpoints.save(self.folder, state.pictures, tensors, plain, timed=timed)
            )
            self._saved = self._clock()
            yield Detail(self.folder.path, f"saved at {state.pictures:,} pictures")
            yield from self.log_clock(
                state, "saved", now=True
            )  # a killed process counts up to here

    def write_index(self, *, now: bool = False) -> Iterator[Event]:
        """Write index.html again, if the last one is old enough."""
        if self.plan.mesh.first and (now or self._clock() - self._paged > PAGE_SECONDS):
            yield from self.retry(lambda: write_page(self.folder))
            self._paged = self._clock()

    def finish(self, state: State, event: str) -> Iterator[Event]:
        """Write the film and the page of a run that stops or ends."""
        if not self.plan.mesh.first:
            return
        yield from self.log_clock(state, event, now=True)
        settings = self.folder.read_recipe()
        yield from self.to_board(lambda board: board.settings(settings, state.measured))
        yield from self.to_board(lambda board: board.close())
        yield from self.retry(lambda: write_film(self.folder))
        yield from self.write_index(now=True)

    def open_board(self, pictures: int | None) -> Iterator[Event]:
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

    def to_board(self, write: Callable[[Board], None]) -> Iterator[Event]:
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

    def retry(self, write: Callable[[], object]) -> Iterator[Event]:
        """Write; while the disk is full, say so once and try again."""
        notified = False
        while True:
            try:
                write()
                return
            except OutputError as error:
                cause = error.__cause__
                if not isinstance(cause, OSError) or cause.errno not in _FULL:
                    raise
                if self.stop.signals:
                    raise self.stop.exception() from None
                if not notified:
                    waits = "the run waits and loses nothing; free some space, or press Ctrl-C"
                    yield Notice(error.path, f"{error.problem}; {waits}")
                notified = True
                time.sleep(WAIT_SECONDS)


def report_of(
    state: State,
    *,
    values: Mapping[str, float] | None = None,
    measures: Mapping[str, float] | None = None,
    samples: Tensor | None = None,
    truth: Tensor | None = None,
) -> Report:
    """The report for the alarms."""
    return Report(
        pictures=state.pictures,
        rollbacks=state.rollbacks,
        values=values or {},
        measures=measures or {},
        samples=samples,
        truth=truth,
    )


class AlarmError(Exception):
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
