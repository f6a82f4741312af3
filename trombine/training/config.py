"""What is to be trained: the config, what no run can have, and what makes it another run.

A run goes on with the settings, pictures and start that it was begun with: its recipe.json is
compared with what is asked for now, and the first line of a refusal names what differs.
"""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from trombine import __version__
from trombine.core.errors import InputError, shown
from trombine.data.source import contents_of
from trombine.data.spec import parse
from trombine.data.tiles import TILES
from trombine.losses.objective import Objective
from trombine.metrics import CHECKOUT, commit_of
from trombine.nets import build, has_batch_statistics
from trombine.recipes.recipe import Freeze, Recipe
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder, mapping
from trombine.training.evaluation import protocol_of
from trombine.training.machine import Machine
from trombine.training.material import Material, streams_of
from trombine.training.steps import Plan

DESCRIPTIVE: Final = ("about",)  # parts of a recipe that change nothing that is learned


@final
@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What is to be trained, and where its run is kept."""

    name: str  # of the recipe
    recipe: Recipe
    folder: Path
    override: bool = False  # go on with other settings than the run was begun with
    tensorboard: bool = True  # write its events too
    command: str = ""  # by which it was asked for, without the run's folder
    clock: Callable[[], float] = time.monotonic  # in seconds; no result depends on it


# ---------------------------------------------------------------------------------------------
# What no run can have


def check(config: TrainConfig, objective: Objective[Any]) -> None:
    """Refuse settings that no run can have, and a folder that is not for a run."""
    recipe = config.recipe
    if recipe.best and recipe.best not in objective.measures:
        listed = ", ".join(objective.measures)
        raise InputError(f"best is one of {listed}; not {recipe.best!r}")
    if bool(recipe.other) != ("other" in objective.streams):
        kinds = "one kind of pictures, --data" if recipe.other else "two kinds: --data and --other"
        raise InputError(f"other: this recipe learns from {kinds}")
    nets = {role: build(net.name, net.sizes) for role, net in recipe.nets.items()}
    layers = dict(nets[objective.main].named_modules())
    if unknown := [part for part in Freeze.parse(recipe.freeze).parts if part not in layers]:
        listed = ", ".join(name for name, _ in nets[objective.main].named_children())
        raise InputError(f"freeze: the net has no part {shown(unknown[0])}; it has {listed}")
    bad = [role for role, net in nets.items() if has_batch_statistics(net)]
    if bad and recipe.devices > 1:
        raise InputError(
            f"{' and '.join(bad)}: batch norm on {recipe.devices} processes would see a part of"
            " each batch and learn something else; set norm=group, or train on one device"
        )
    _check_folder(config, objective)


def _check_folder(config: TrainConfig, objective: Objective[Any]) -> None:
    """Refuse a folder in which the run would mix with other files, or with its own pictures."""
    run = config.folder.resolve()
    for spec in streams_of(config.recipe, objective.streams).values():
        for term in parse(spec):
            if term.kind in ("folder", TILES) and run.is_relative_to(Path(term.path).resolve()):
                raise InputError(
                    f"is inside {shown(term.path)}, and its samples would"
                    " become pictures to learn from; give another -o",
                    path=config.folder,
                )
    if RunFolder(config.folder).exists or not config.folder.is_dir():
        return
    if any(not path.name.startswith(".") for path in config.folder.iterdir()):
        raise InputError("holds other files; give another -o", path=config.folder)


# ---------------------------------------------------------------------------------------------
# What a run was begun with


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
    """The machine settings of a run: those it was begun with, unless others are asked for."""
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
        "commit": commit_of(CHECKOUT) if (CHECKOUT / ".git").exists() else None,
        "command": f"{config.command} -o {shlex.quote(str(config.folder))}",
    }


def differences(begun: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What two descriptions of runs differ in, by name: as it was begun, and now."""
    old, new = _compared(begun), _compared(now)
    return {name: (old[name], new[name]) for name in new if old.get(name, new[name]) != new[name]}


def _compared(description: Mapping[str, Any]) -> dict[str, Any]:
    """What makes one run another, by name."""
    settings = mapping(description.get("settings"))
    start = mapping(description.get("start"))
    found = {name: value for name, value in settings.items() if name not in (*DESCRIPTIVE, "nets")}
    found |= dict(mapping(settings.get("nets")))
    found |= {"recipe": description.get("recipe"), "hash of start": start.get("hash")}
    for stream, data in mapping(description.get("data")).items():
        found |= {f"{stream}.{fact}": value for fact, value in data.items() if fact != "spec"}
    return found


def check_same(config: TrainConfig, changes: Mapping[str, tuple[Any, Any]]) -> None:
    """Refuse to go on with anything else than the run was begun with, unless told to."""
    if changes and not config.override:
        named = ", ".join(f"{name} {old} (now {new})" for name, (old, new) in changes.items())
        raise InputError(
            f"was begun with {shown(named)}; give the same,"
            " another -o, or --override to go on with the new ones",
            path=config.folder,
        )
