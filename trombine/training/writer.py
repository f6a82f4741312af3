"""Writes a run's files as it goes: log, clock, samples, measures, checkpoints, page, board.

Only the first of several processes writes, and broadcasts what the others must know.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, final

from trombine.core.errors import shown
from trombine.core.progress import Account, log
from trombine.losses.alarms import Alert, Report
from trombine.models import save
from trombine.recipes.recipe import Recipe
from trombine.runs import checkpoints
from trombine.runs.board import MISSING, Board, open_board
from trombine.runs.film import write_film
from trombine.runs.folder import RunFolder
from trombine.runs.page import write_page
from trombine.training.config import TrainConfig
from trombine.training.evaluation import card_of, evaluate, protocol_of, sample_outputs, sheet
from trombine.training.material import Material
from trombine.training.state import Best, State
from trombine.training.steps import Plan, update_phases_by_measure

PAGE_SECONDS: Final = 20.0  # at least, between two pages
SAVE_SECONDS: Final = 30.0  # at most, and a step, between two checkpoints
TICK_SECONDS: Final = 30.0  # at least, between two lines of the clock


class AlarmError(Exception):
    """An alarm asks to stop or to go back."""

    def __init__(self, alert: Alert) -> None:
        super().__init__(alert.text)
        self.alert = alert


@final
class RunWriter:
    """The writer of one run."""

    def __init__(
        self,
        folder: RunFolder,
        plan: Plan,
        material: Material,
        config: TrainConfig,
    ) -> None:
        self.folder, self.plan, self.material, self.config = folder, plan, material, config
        self.account = Account()
        self.board: Board | None = None
        self._clock = config.clock
        self._began = self._saved = self._clock()
        self._cpu = time.process_time()
        self._paged = self._ticked = -math.inf
        self._waited = 0.0

    # The log ---------------------------------------------------------------------------------

    def log(self, state: State, kind: str, entry: Mapping[str, Any]) -> None:
        """Add a line to the log."""
        line = {"kind": kind, "pictures": state.pictures, **entry}
        state.lines += 1
        if self.plan.mesh.first:
            self.folder.append(line)
            if self.board:
                self.board.entry(line)

    def log_means(self, state: State) -> None:
        """A line with the means since the last one."""
        values = {name: total / count for name, (total, count) in sorted(state.sums.items())}
        state.sums.clear()
        if values:
            self.log(state, "train", {"values": values})
            self.run_alarms(state, Report(values=values))
        self.log_clock(state)

    def log_phases(self, state: State, changes: Iterable[tuple[str, str, str]]) -> None:
        """A line for each phase that begins or ends."""
        for phase, change, why in changes:
            self.log(state, "phase", {"phase": phase, "what": change, "why": why})

    def log_start(self, state: State) -> None:
        """Lines for the model that the main net begins with, and for its frozen parts."""
        start, freeze = self.plan.start, self.plan.freeze
        if start:
            self.log(state, "start", start.plain())
            log.info(str(start))
        if freeze.parts:
            until = "for ever" if freeze.until is None else f"until {freeze.until:,} pictures"
            self.log_phases(state, [(f"freeze of {freeze}", "began", until)])
            log.info(f"{freeze}: frozen {until}")

    def log_clock(self, state: State, event: str = "tick", *, now: bool = False) -> None:
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
        self.folder.clock(entry)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count what passes inside as waiting for pictures."""
        began = time.perf_counter()
        yield
        self._waited += time.perf_counter() - began

    # Samples and measures ----------------------------------------------------------------------

    def write_samples(self, state: State) -> None:
        """Sample the fixed faces."""
        samples = sample_outputs(self.plan, state, self.material) if self.plan.mesh.first else None
        output, fixed = samples or (None, {})
        self.run_alarms(state, Report(samples=output, truth=fixed.get("truth")))
        if output is None:
            return
        pixels = sheet(output)
        self.folder.write_sample(state.pictures, pixels)
        for row in fixed.keys() - self.folder.fixed_files().keys():
            self.folder.write_fixed(row, sheet(fixed[row]))
        if self.board:
            self.board.sample(state.pictures, pixels)

    def measure(self, state: State) -> None:
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
                self._keep(state)
        protocol = protocol_of(plan, self.material)
        entry = {"values": state.measured, "best": is_best, "protocol": protocol.hash}
        self.log(state, "measure", entry)
        log.info(_measured_line(state, plan.recipe, is_best))
        self.run_alarms(state, Report(measures=state.measured))
        self.log_phases(
            state, update_phases_by_measure(state, plan.phases, plan.objective.measures)
        )

    def _keep(self, state: State) -> None:
        for role in self.plan.objective.exports:
            main = role == self.plan.objective.main
            path = self.folder.best if main else self.folder.path / f"best-{role}.safetensors"
            net = {**state.nets, **state.averages}[role]
            card = card_of(
                self.plan, state, self.material, role, self.config.name, self.config.command
            )
            save(path, net, card)

    def run_alarms(self, state: State, report: Report) -> None:
        """Give every alarm the report; log their alerts and act on them."""
        report = replace(report, pictures=state.pictures, rollbacks=state.rollbacks)
        alerts: list[Alert] = []
        if self.plan.mesh.first:
            heard = [alarm.hear(report) for alarm in state.alarms.values()]
            alerts = [alert for alert in heard if alert]
        for alert in self.plan.mesh.broadcast(alerts):
            did = {"warn": "warned", "stop": "stopped", "roll back": "rolled back"}[alert.action]
            entry = {"alarm": alert.alarm, "text": alert.text, "did": did}
            self.log(state, "alarm", entry)
            self.account.notice(f"{state.pictures:,} pictures: {alert.alarm}: {alert.text}")
            if alert.action != "warn":
                raise AlarmError(alert)

    # Checkpoints and pages ---------------------------------------------------------------------

    @property
    def save_is_late(self) -> bool:
        """Whether so much time has gone since the last checkpoint that a kill would lose much."""
        return self._clock() - self._saved > SAVE_SECONDS

    def save(self, state: State, *, timed: bool = False) -> None:
        """Write a checkpoint; the log lines that it counts are on the disk before.

        `timed`: one that another run of the same command need not have.
        """
        if self.plan.mesh.first:
            tensors, plain = state.tensors(), state.plain()
            checkpoints.save(self.folder, state.pictures, tensors, plain, timed=timed)
            self._saved = self._clock()
            log.debug(f"{shown(self.folder.path)}: saved at {state.pictures:,} pictures")
            self.log_clock(state, "saved", now=True)  # a killed process counts up to here

    def write_index(self, *, now: bool = False) -> None:
        """Write index.html again, if the last one is old enough."""
        if self.plan.mesh.first and (now or self._clock() - self._paged > PAGE_SECONDS):
            write_page(self.folder)
            self._paged = self._clock()

    def finish(self, state: State, event: str) -> None:
        """Write the film and the page of a run that stops or ends."""
        if not self.plan.mesh.first:
            return
        self.log_clock(state, event, now=True)
        if self.board:
            self.board.settings(self.folder.read_recipe(), state.measured)
            self.board.close()
        write_film(self.folder)
        self.write_index(now=True)

    def open_board(self, pictures: int | None) -> None:
        """Open the board, resumed after so many pictures unless it is new."""
        self.board = open_board(self.folder, pictures)
        if not self.board:
            self.account.notice(MISSING)


def _is_better(value: float, best: Best | None, *, higher: bool) -> bool:
    if best is None:
        return True
    return value > best.value if higher else value < best.value


def _measured_line(state: State, recipe: Recipe, is_best: bool) -> str:
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in state.measured.items())
    best = " (the best so far)" if is_best and state.pictures else ""
    return f"{state.pictures:,} of {recipe.pictures:,} pictures: {numbers}{best}"
