"""Train what queue.toml names, in its order, each on from where it was; keep what is better.

    python bench/run_queue.py --list
    python bench/run_queue.py --hours 2.5      on this machine, as far as that brings it
    python bench/run_queue.py --card 12 --out OUT   on a graphics card, within so many minutes
    python bench/run_queue.py --keep           put what is trained, and better, among the models
    python bench/run_queue.py --keep --out OUT      the same of what a card left there

Runs are in runs/queue/NAME. Better is who does better by the measure of the recipe, on the pictures
that the recipe measures on; both values go to docs/log/queue.md. What `bench` names in queue.toml
is for a person to run, and to look at, before that is committed.

The program is not called queue.py: beside the others it would hide Python's module of that name.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template
from typing import Final

import torch

from trombine.core.texts import flat
from trombine.models import load, read_card, save, shipped, zoo
from trombine.recipes import NetSpec, Recipe, settings_of, with_settings
from trombine.runs.folder import RunFolder
from trombine.training.config import choose, prepare
from trombine.training.launch import Mesh
from trombine.training.material import open_material, prepare_material
from trombine.training.methods import find, objective_of
from trombine.training.state import fresh
from trombine.training.step import plan_of
from trombine.training.writer import evaluate

ROOT: Final = Path(__file__).resolve().parent.parent
QUEUE: Final = Path(__file__).with_name("queue.toml")
RUNS: Final = ROOT / "runs" / "queue"
LOG: Final = ROOT / "docs" / "log" / "queue.md"
FOLDERS: Final = {"PORTRAITS": "portraits", "COLOUR": "colour"}  # below shared/data
LARGEST: Final = 16 * 2**20  # bytes of a file that a card leaves
LEAST: Final = 0.5  # minutes that are worth a start


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A training that ships a net."""

    name: str  # of the net
    recipe: str
    settings: Mapping[str, str] = field(default_factory=dict)
    hours: float
    minutes: float
    bench: str
    prepare: Mapping[str, str] = field(default_factory=dict)  # of `data prepare`, by its folder

    @property
    def folder(self) -> RunFolder:
        """Of its run."""
        return RunFolder(RUNS / self.name)

    def words(self, **more: object) -> list[str]:
        """The training as a command."""
        settings = {**self.settings, **{name: str(value) for name, value in more.items()}}
        named = [word for name, text in settings.items() for word in (f"--{name}", text)]
        return [*(sys.executable, "-m", "trombine", "train", self.recipe), *named]

    @property
    def is_over(self) -> bool:
        """Whether its run came to its end."""
        return any(line["kind"] == "end" for line in self.folder.entries())


def queue(path: Path = QUEUE) -> list[Entry]:
    """What is to be trained, in order."""
    entries = tomllib.loads(path.read_text())
    data = ROOT.parent / "shared" / "data"
    places = {name: os.environ.get(name, data / folder) for name, folder in FOLDERS.items()}
    return [
        Entry(
            **{
                "recipe": name,
                **asked,
                "name": name,
                "settings": filled(flat(asked.get("settings", {})), places),
                "prepare": filled(asked.get("prepare", {}).items(), places),
            }
        )
        for name, asked in entries.items()
    ]


def filled(values: Iterable[tuple[str, object]], places: Mapping[str, object]) -> dict[str, str]:
    """Settings as text, with the folders that they name."""
    return {key: Template(str(value)).substitute(places) for key, value in values}


def trained(entry: Entry, seconds: float, **more: object) -> bool:
    """Go on with a training for so long; it saves itself when it is ended. Whether it is over."""
    for made, words in entry.prepare.items():
        if not (ROOT / made).exists():
            command = [*(sys.executable, "-m", "trombine", "data", "prepare"), *shlex.split(words)]
            subprocess.run([*command, "-o", made], cwd=ROOT, check=True)
    words = entry.words(**more)
    process = subprocess.Popen([*words, "-o", str(entry.folder.path)], cwd=ROOT)
    try:
        process.wait(seconds)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as why:
        process.send_signal(signal.SIGTERM)
        process.wait()
        if isinstance(why, KeyboardInterrupt):
            raise
    if process.returncode not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
        print(f"{entry.name}: failed with {process.returncode}; the next one begins", flush=True)
    return entry.is_over


def by_cores(entries: list[Entry], hours: float) -> None:
    """Train in order, until the time is over."""
    end = time.monotonic() + 3600 * hours
    for entry in entries:
        if not entry.is_over and (left := end - time.monotonic()) > 60 * LEAST:
            trained(entry, left)


def by_card(entries: list[Entry], minutes: float, out: Path) -> None:
    """Train each for its minutes, as many as there are; leave models and logs in a folder."""
    end = time.monotonic() + 60 * minutes
    for entry in entries:
        left = (end - time.monotonic()) / 60
        if entry.is_over or left < LEAST:
            continue
        trained(entry, 60 * left, minutes=min(entry.minutes, left - LEAST / 2), device="cuda")
        leave(entry, out / entry.name)


def leave(entry: Entry, out: Path) -> None:
    """What is brought home of a run: the model, the log and the samples."""
    run = entry.folder
    out.mkdir(parents=True, exist_ok=True)
    for path in [run.best, *run.path.glob("*.json*"), *run.path.glob("samples/*.png")]:
        if path.is_file() and path.stat().st_size <= LARGEST:
            shutil.copy(path, out / path.name)


def value_of(recipe: Recipe, model: Path) -> tuple[str, float, bool]:
    """How good a model is by the measure of a recipe, on its choosing pictures; whether more is
    better."""
    main, card = objective_of(recipe).main, read_card(model)
    nets = {**recipe.nets, main: NetSpec(card.net, card.sizes)}
    recipe = replace(recipe, start=str(model), nets=nets)
    objective, machine = objective_of(recipe), choose(recipe)
    prepare(machine)
    prepare_material(recipe, objective.streams)
    material = open_material(recipe, objective.streams)
    mesh = Mesh(device=torch.device(machine.device))
    plan = plan_of(recipe, objective, machine, mesh)
    state = fresh(recipe, objective, machine, mesh.device)
    value = evaluate(plan, state, material)[objective.best]
    return objective.best, value, objective.measures[objective.best]


def keep(entry: Entry, best: Path, zoo_folder: Path = zoo.ZOO, log: Path = LOG) -> str:
    """Put a trained net among the models, if its measure is better than that of what is there."""
    recipe = with_settings(find(entry.recipe), settings_of(entry.settings))
    now = shipped().get(entry.name)
    measure, new, higher = value_of(recipe, best)
    old = value_of(recipe, now)[1] if now else None
    better = old is None or (new > old if higher else new < old)
    if better:
        model = load(best)
        command = f"{model.card.command} && trombine models export RUN --half"
        card = replace(model.card, command=command)
        save(zoo_folder / f"{entry.name}.safetensors", model.net, card, half=True)
    before = "none before" if old is None else f"{old:.4g} before"
    pictures = read_card(best).pictures
    text = f"{entry.name}: {measure} {new:.4g} after {pictures:,} pictures, {before}"
    line = f"- {text}: {'kept' if better else 'not kept'}."
    begun = log.read_text() if log.exists() else "# The queue of trainings\n\n"
    log.write_text(f"{begun}{line}\n")
    return line


def main() -> int:
    """Do what was asked for."""
    about = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=about)
    parser.add_argument("names", nargs="*", help="of the nets; all, unless given")
    parser.add_argument("--list", action="store_true", help="say what is next, and what is over")
    parser.add_argument("--hours", type=float, default=1e6, help="how long on this machine")
    parser.add_argument("--card", type=float, metavar="MINUTES", help="how long on a card")
    parser.add_argument("--out", type=Path, help="where a card leaves its models")
    parser.add_argument("--keep", action="store_true", help="keep what is better")
    asked = parser.parse_args()
    entries = [entry for entry in queue() if not asked.names or entry.name in asked.names]
    if asked.list:
        for entry in entries:
            state = "over" if entry.is_over else f"{entry.hours:g} h, or {entry.minutes:g} min"
            print(f"{entry.name}: {state}")
    elif asked.keep:
        for entry in entries:
            best = asked.out / entry.name / "best.safetensors" if asked.out else entry.folder.best
            if best.is_file():
                print(f"{keep(entry, best)}\n  before it is committed: {entry.bench}")
    elif asked.card:
        by_card(entries, asked.card, asked.out or Path("out"))
    else:
        by_cores(entries, asked.hours)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
