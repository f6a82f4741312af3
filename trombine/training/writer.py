"""Writes a run's files as it goes: log, clock, samples, measures, checkpoints, models, page.

Only the first of several processes writes, and broadcasts what the others must know.
"""

from __future__ import annotations

import dataclasses
import math
import shlex
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import torch
from jaxtyping import UInt8
from skimage.util import montage
from torch import Tensor

from trombine import __version__
from trombine.core.conventions import to_pixels
from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, log
from trombine.core.texts import counted, duration
from trombine.data.source import PAINTED, contents_of, parse
from trombine.losses.alarms import Alert, Report
from trombine.metrics import CHOOSING_SEEDS, Protocol
from trombine.models import Card, Score, save
from trombine.nets.frozen import frozen
from trombine.recipes import Recipe
from trombine.runs import checkpoints
from trombine.runs.board import MISSING, Board, open_board
from trombine.runs.folder import RunFolder, mapping
from trombine.runs.page import write_film, write_page
from trombine.training.config import Machine, TrainConfig
from trombine.training.material import Material, fixed_steps, room
from trombine.training.state import Best, State
from trombine.training.step import Plan, in_all, update_phases_by_measure

# Samples, measures and model cards at one moment; the nets are not changed


def sample_outputs(
    plan: Plan, state: State, material: Material
) -> tuple[Tensor, dict[str, Tensor]] | None:
    """The nets' outputs for the fixed faces, and the fixed rows beside them: input, truth."""
    with frozen(*state.nets.values()), torch.inference_mode(), plan.machine.autocast():
        steps = fixed_steps(plan, state, material, plan.recipe.faces)
        outputs = [plan.objective.samples(step) for step in steps]
    samples = [part for part in outputs if part is not None]
    if not samples:
        return None
    pictures = torch.cat([part.output.float() for part in samples]).clamp(0, 1).cpu()
    rows = samples[0].fixed
    return pictures, {
        row: torch.cat([part.fixed[row].float() for part in samples]).clamp(0, 1).cpu()
        for row in rows
    }


def evaluate(plan: Plan, state: State, material: Material) -> dict[str, float]:
    """The value of every measure on the choosing pictures."""
    with frozen(*state.nets.values()), torch.inference_mode(), plan.machine.autocast():
        steps = fixed_steps(plan, state, material, plan.recipe.judged)
        values = plan.objective.measure(steps)
    return {name: float(value) for name, value in values.items()}


def protocol_of(plan: Plan, material: Material) -> Protocol:
    """The protocol of the measures that a run takes of itself."""
    recipe, objective = plan.recipe, plan.objective
    first = CHOOSING_SEEDS.start
    pictures = " and ".join(source.spec for source in material.measured.values())
    return Protocol(
        name=f"choosing, while {recipe.about}",
        pictures=pictures,
        seeds=range(first, first + room(material.measured, recipe.judged)),
        size=recipe.size,
        degradations=(objective.damage,) if objective.damage else (),
        measures=tuple(objective.measures),
        fingerprint=material.fingerprint,
    )


def card_of(
    plan: Plan, state: State, material: Material, role: str, name: str, command: str
) -> Card:
    """The card of a model file."""
    recipe, protocol = plan.recipe, protocol_of(plan, material)
    net = recipe.nets[role]
    learned = material.learned.values()
    sources = [f"{each.spec} ({counted(len(each), 'picture')})" for each in learned]
    scores = (
        Score(measure=measure, value=value, protocol=protocol.hash)
        for measure, value in state.measured.items()
        if math.isfinite(value)  # else the alarms say so, and a card holds none
    )
    return Card(
        task=plan.objective.exports[role],
        net=net.name,
        sizes=dict(state.nets[role].sizes),
        recipe=name,
        settings=recipe.plain(),
        start=plan.start.hash if plan.start and role == plan.objective.main else "",
        data=" and ".join(source.spec for source in learned),
        pictures=state.pictures,
        scores=tuple(scores),
        licence=recipe.licence or licence_of(source.spec for source in learned),
        command=command,
        version=__version__,
        about=f"{recipe.about}; learns from {' and '.join(sources)}",
    )


def licence_of(specs: Iterable[str]) -> str:
    """The licence of a model that learned from these specs; "" where trombine cannot know it."""
    kinds = {term.kind for spec in specs for term in parse(spec)}
    return "MIT" if kinds <= {"world", *PAINTED} else ""


def sheet(pictures: Tensor) -> UInt8[np.ndarray, "h w 3"]:
    """Pictures side by side in a grid that is nearly square, at their true size."""
    columns = math.ceil(math.sqrt(len(pictures)))
    shape = math.ceil(len(pictures) / columns), columns
    pixels = np.stack([to_pixels(picture) for picture in pictures])
    return montage(pixels, fill=(0, 0, 0), grid_shape=shape, channel_axis=-1)


PAGE_SECONDS: Final = 20.0  # at least, between two pages
SAVE_SECONDS: Final = 30.0  # at most, and a step, between two checkpoints
TICK_SECONDS: Final = 30.0  # at least, between two lines of the clock
TELL_SECONDS: Final = 30.0  # after which a run says how long it takes; again after ten times that


@final
class RunWriter:
    """The writer of one run."""

    def __init__(
        self, folder: RunFolder, plan: Plan, material: Material, config: TrainConfig
    ) -> None:
        self.folder, self.plan, self.material, self.config = folder, plan, material, config
        self.account = Account()
        self.board: Board | None = None
        self._clock = config.clock
        self._began = self._saved = self._clock()
        self._cpu = time.process_time()
        self._paged = self._ticked = -math.inf
        self._from: int | None = None  # pictures that were seen before this process
        self._tell_at = TELL_SECONDS

    # The log

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
        self._from = state.pictures if self._from is None else self._from
        if self.plan.mesh.first and not now and seconds >= self._tell_at:
            self._tell_at = 10 * seconds  # hours of a run are not thousands of lines
            log.info(self._how_fast(state, state.pictures - self._from, seconds))
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
            "processes": self.plan.mesh.count,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self.folder.clock(entry)

    def _how_fast(self, state: State, new: int, seconds: float) -> str:
        """How far a run is, and how long the rest takes."""
        of, rate = in_all(self.plan.recipe, state), max(1, new) / seconds
        left = duration((of - state.pictures) / rate)
        return f"{state.pictures:,} of {of:,} pictures, {rate:.3g} a second: {left} left"

    # Samples and measures

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
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in state.measured.items())
        best = " (the best so far)" if is_best and state.pictures else ""
        seen = f"{state.pictures:,} of {in_all(plan.recipe, state):,} pictures"
        log.info(f"{seen}: {numbers}{best}")
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
        """Give every alarm the report, and log their alerts; one that stops ends the training, with
        its line as an InputError."""
        report = replace(report, pictures=state.pictures)
        alerts: list[Alert] = []
        if self.plan.mesh.first:
            heard = [alarm.hear(report) for alarm in state.alarms.values()]
            alerts = [alert for alert in heard if alert]
        for alert in self.plan.mesh.broadcast(alerts):
            did = "stopped" if alert.stops else "warned"
            entry = {"alarm": alert.alarm, "text": alert.text, "did": did}
            self.log(state, "alarm", entry)
            text = f"{state.pictures:,} pictures: {alert.alarm}: {alert.text}"
            if not alert.stops:
                self.account.notice(text)
                continue
            self.finish(state, "stopped")
            self.plan.mesh.any_process(True)  # one that left before the first is done would end it
            kept = state.best is not None and state.best.pictures > 0
            best = f"; the best model until then is kept: {self.folder.best.name}" if kept else ""
            raise InputError(f"stopped after {text}{best}", path=self.folder.path)

    # Checkpoints and pages

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


# What a run was begun with

DESCRIPTIVE: Final = ("about",)  # parts of a recipe that change nothing that is learned


def begun_with(folder: RunFolder, recipe: Recipe) -> dict[str, Any] | None:
    """The recipe.json of a run that has a checkpoint; without one, changed settings do no harm.

    A run of an older trombine lacks the settings that came since: they were as usual.
    """
    if not folder.exists or not checkpoints.any_in(folder):
        return None
    usual = {f.name: f.default for f in dataclasses.fields(recipe)}
    begun = folder.read_recipe()
    return {**begun, "settings": {**usual, **begun["settings"]}}


def machine_of(machine: Machine, recipe: Recipe, begun: Mapping[str, Any] | None) -> Machine:
    """The machine settings of a run: those it was begun with, unless others are given, which
    `check_same` refuses."""
    if begun is None:
        return machine
    asked, settings, resolved = recipe.plain(), begun["settings"], begun["resolved"]
    if any(settings.get(name) != asked[name] for name in machine.plain()):
        return machine
    return Machine(**{name: resolved[name] for name in machine.plain()})


def describe(config: TrainConfig, plan: Plan, material: Material) -> dict[str, Any]:
    """The contents of recipe.json: the settings as given and as resolved, data and version."""
    return {
        "recipe": config.name,
        "settings": config.recipe.plain(),
        "start": plan.start.plain() if plan.start else None,
        "resolved": {
            **plan.machine.plain(),
            "devices": plan.mesh.count,
            "best": plan.objective.best,
        },
        "data": {
            stream: {
                "spec": source.spec,
                "pictures": len(source),
                "learned": material.names[stream],
                "measured": material.fingerprint,
                "files": contents_of(source),
            }
            for stream, source in material.learned.items()
        },
        "protocol": protocol_of(plan, material).hash,
        "version": __version__,
        "commit": commit_of(Path(__file__).resolve().parents[2]),
        "command": f"{config.command} -o {shlex.quote(str(config.folder))}",
    }


def commit_of(checkout: Path) -> str | None:
    """The commit of a checkout, with + if it has changes; None where the folder is none."""
    if not (checkout / ".git").exists():
        return None
    head = _git(checkout, "rev-parse", "--verify", "--quiet", "HEAD")
    return head + "+" * bool(_git(checkout, "status", "--porcelain")) if head else None


def _git(checkout: Path, *words: str) -> str:
    # Without optional locks, so that a git command run by somebody else is never in the way.
    command = ["git", "--no-optional-locks", "-C", str(checkout), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git on this machine
        return ""


def _compared(description: Mapping[str, Any]) -> dict[str, Any]:
    """What makes one run another, by name."""
    settings = mapping(description.get("settings"))
    found = {"recipe": description.get("recipe"), **settings, **mapping(settings.get("nets"))}
    found["hash of start"] = mapping(description.get("start")).get("hash")
    for stream, data in mapping(description.get("data")).items():
        found |= {f"{stream}.{fact}": value for fact, value in data.items() if fact != "spec"}
    return {name: value for name, value in found.items() if name not in (*DESCRIPTIVE, "nets")}


def check_same(config: TrainConfig, begun: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with anything else than the run was begun with: an InputError that names the
    first difference of the two descriptions."""
    old = _compared(begun)
    for name, value in _compared(now).items():
        if old.get(name, value) != value:
            problem = f"was begun with {name} {old[name]} (now {value})"
            raise InputError(shown(problem), "give the same, or another -o", path=config.folder)
