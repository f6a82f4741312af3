"""The order of a training: its recipe, its folder, and what is refused before it begins.

A run goes on under the settings, with the pictures and by the machine settings it was begun with;
others are refused, each in one line, unless the order says that they may change.
"""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from trombine import __version__
from trombine.data.spec import parse
from trombine.data.tiles import TILES
from trombine.measures import CHECKOUT, commit_of
from trombine.nets import Net, build, has_batch_statistics
from trombine.objectives.objective import Objective
from trombine.recipes import RECIPES
from trombine.recipes.freeze import Freeze
from trombine.recipes.recipe import Recipe
from trombine.refusal import InputError, shown
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.runs.log import pictures_of
from trombine.training.evaluation import protocol_of
from trombine.training.machine import DTYPES, Machine
from trombine.training.material import Material, streams_of
from trombine.training.start import Start, start_of
from trombine.training.steps import Plan
from trombine.weights import read_card

DESCRIPTIVE: Final = ("about",)  # parts of a recipe that change nothing that is learned
_PARTS: Final = {"recipe": str, "settings": dict, "resolved": dict, "data": dict}
_MACHINES: Final = {  # what each of a machine's settings may be
    "device": ("cpu", "cuda"),
    "precision": tuple(DTYPES),
    "layout": ("contiguous", "channels_last"),
    "threads": range(1, 1025),
}


@final
@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be trained, and where its run is kept."""

    name: str  # of the recipe
    recipe: Recipe
    folder: Path
    change: bool = False  # go on with other settings than the run was begun with
    board: bool = True  # TensorBoard's events too
    command: str = ""  # by which it was asked for, without the run's folder
    clock: Callable[[], float] = time.monotonic  # in seconds; no result depends on it


def without_missing_streams(order: Order) -> tuple[Order, str]:
    """The order without the optional streams of its recipe whose pictures are missing, and a notice
    of it. Pictures that the user named must exist."""
    shipped = RECIPES.get(order.name)
    for stream in order.recipe.may_lack:
        spec = getattr(order.recipe, stream)
        if shipped is None or spec != getattr(shipped, stream, ""):
            continue
        missing = [term.path for term in parse(spec) if term.path and not Path(term.path).exists()]
        if missing:
            recipe = dataclasses.replace(order.recipe, **{stream: ""})
            message = f"{shown(missing[0])}: is not there; learns without --{stream}"
            return dataclasses.replace(order, recipe=recipe), message
    return order, ""


def check_settings(order: Order, folder: RunFolder, machine: Machine) -> Machine:
    """The machine settings of the run. Refuses changed settings without --override, and a run that
    could only begin anew and lose its output."""
    if not has_begun(folder):
        check_nothing_lost(folder)
        return machine
    saved = read_description(folder)
    # A run of an older trombine lacks the settings that came since: they were off.
    defaults = _default_settings(order.recipe)
    old, new = ({**defaults, **plain} for plain in (saved["settings"], order.recipe.plain()))
    changed = [name for name in new if name not in DESCRIPTIVE and old.get(name) != new[name]]
    if saved["recipe"] != order.name:
        raise InputError(
            f"is a run of {shown(saved['recipe'])}; choose another name with -o", path=order.folder
        )
    if changed and not order.change:
        named = shown(
            ", ".join(_changed_setting(name, old.get(name), new[name]) for name in changed)
        )
        raise InputError(
            f"was begun with {named}; give the same settings,"
            " another -o, or --override to go on with the new ones",
            path=order.folder,
        )
    if changed:
        return machine
    return Machine(**{name: saved["resolved"][name] for name in machine.plain()})


def _default_settings(recipe: Recipe) -> dict[str, Any]:
    """The default of each setting."""
    fields = dataclasses.fields(recipe)
    return {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}


def _changed_setting(name: str, old: Any, new: Any) -> str:
    """A changed setting, old and new; of the nets only the changed ones."""
    if isinstance(old, dict) and isinstance(new, dict):
        changed = [role for role in new if old.get(role) != new[role]]
        return ", ".join(f"{role} {old.get(role)} (now {new[role]})" for role in changed)
    return f"{name} {old} (now {new})"


def has_begun(folder: RunFolder) -> bool:
    """Whether the run has a checkpoint; without one, changed settings do no harm."""
    return folder.exists and checkpoints.any_in(folder)


def training_output(folder: RunFolder) -> Path | None:
    """A file that training wrote after the first step: a model, a sample or the log; None if there
    is none, and the run may begin anew with nothing lost."""
    if models := [path for path in folder.best_files() if not _is_untrained(path)]:
        return models[0]
    if any(pictures_of(entry.get("pictures")) for entry in folder.entries()):
        return folder.log
    return next((path for number, path in folder.sample_files().items() if number), None)


def _is_untrained(model: Path) -> bool:
    """Whether a model is the one from before the first step, which a new beginning makes again."""
    try:
        return not read_card(model).pictures
    except InputError:  # nobody knows
        return False


def check_nothing_lost(folder: RunFolder) -> None:
    """Refuse to begin a run anew whose checkpoints are gone and whose other output is not."""
    if path := training_output(folder):
        raise InputError(
            f"has {shown(path.name)} of a training, and no whole checkpoint"
            " to go on from; put its checkpoints back, or give another -o",
            path=folder.path,
        )


def read_description(folder: RunFolder) -> dict[str, Any]:
    """The contents of the run's recipe.json; an InputError where it is damaged."""
    description = folder.read_recipe()
    wrong = [name for name, kind in _PARTS.items() if not isinstance(description.get(name), kind)]
    if not wrong:
        wrong += [
            f"data of {n}"
            for n, entry in description["data"].items()
            if not isinstance(entry, dict)
        ]
        wrong += [
            n
            for n, choices in _MACHINES.items()
            if not _is_choice(description["resolved"].get(n), choices)
        ]
    start = description.get("start")
    if start is not None and not _has_texts(start, "model", "hash"):
        wrong.append("start")
    if wrong:
        message = f"is damaged: its {shown(wrong[0])} is not what a run was begun with"
        raise InputError(
            message, "put it back from a copy, or begin another run with -o", path=folder.recipe
        )
    return description


def _is_choice(value: object, choices: Sequence[object]) -> bool:
    return isinstance(value, str | int) and value in choices


def _has_texts(value: object, *names: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in names)


def check_folder(order: Order, objective: Objective[Any]) -> None:
    """Refuse a folder in which the run would mix with other files, or with its own pictures."""
    run = order.folder.resolve()
    folder = RunFolder(order.folder)
    for spec in streams_of(order.recipe, objective.streams).values():
        for term in parse(spec):
            if term.kind in ("folder", TILES) and run.is_relative_to(Path(term.path).resolve()):
                raise InputError(
                    f"is inside {shown(term.path)}, and its samples would"
                    " become pictures to learn from; give another -o",
                    path=order.folder,
                )
    other_files = order.folder.is_dir() and any(
        not path.name.startswith(".") for path in order.folder.iterdir()
    )
    if other_files and not folder.exists:
        raise InputError(
            "holds other files, and a run has a folder of its own; give another -o",
            path=order.folder,
        )


def check_same_pictures(order: Order, folder: RunFolder, material: Material) -> None:
    """Refuse to go on with other pictures than the run was begun with, unless --override."""
    if not has_begun(folder) or order.change:
        return
    saved = read_description(folder)["data"]
    now = describe_data(material)
    for stream in changed_streams(saved, now):
        spec, count = now[stream]["spec"], now[stream]["pictures"]
        count_before = saved.get(stream, {}).get("pictures")
        change = (
            f"{count}, before {count_before}" if count != count_before else "under the same names"
        )
        raise InputError(
            f"{shown(spec)} has other pictures than those it was begun"
            f" with ({change}); put them back, give another -o, or --override",
            path=order.folder,
        )


def changed_streams(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The streams whose pictures have changed.

    A run of an older trombine recorded less: what it did not record is not compared.
    """
    return [
        stream
        for stream, data in now.items()
        if stream not in saved or any(saved[stream].get(n, v) != v for n, v in data.items())
    ]


def check_same_start(order: Order, folder: RunFolder, start: Start | None) -> None:
    """Refuse to go on where the run was begun with other weights; --override cannot help there."""
    if not has_begun(folder):
        return
    old, new = read_description(folder).get("start"), start.plain() if start else None
    if (old or {}).get("hash") != (new or {}).get("hash"):
        raise InputError(
            f"was begun with the weights of {_name_of(old)}, not of"
            f" {_name_of(new)}, and what a run begins with stays; give another -o",
            path=order.folder,
        )


def _name_of(start: dict[str, Any] | None) -> str:
    return shown(f"{start['model']} ({start['hash']})") if start else "no model"


def describe_data(material: Material) -> dict[str, dict[str, Any]]:
    """The spec, count and hashes of each stream's pictures."""
    return {
        stream: {
            "spec": source.spec,
            "pictures": len(source),
            "learned": material.names[stream],
            "measured": material.fingerprint,
            **({"files": files} if (files := material.contents.get(stream)) else {}),
        }
        for stream, source in material.learned.items()
    }


def describe_run(order: Order, plan: Plan, material: Material) -> dict[str, Any]:
    """The contents of recipe.json: the settings as given and as resolved, data and version."""
    return {
        "recipe": order.name,
        "settings": order.recipe.plain(),
        "start": plan.start.plain() if plan.start else None,
        "resolved": {
            **plan.machine.plain(),
            "devices": plan.mesh.count,
            "best": plan.objective.best,
        },
        "data": describe_data(material),
        "protocol": protocol_of(plan, material).hash,
        "version": __version__,
        "commit": commit_of(CHECKOUT) if (CHECKOUT / ".git").exists() else None,
        "command": f"{order.command} -o {shlex.quote(str(order.folder))}",
    }


def check(recipe: Recipe, objective: Objective[Any]) -> None:
    """Refuse settings that no run can have, before anything is begun."""
    if recipe.best and recipe.best not in objective.measures:
        listed = ", ".join(objective.measures)
        raise InputError(f"best is one of {listed}; not {recipe.best!r}")
    if recipe.other and "other" not in objective.streams:
        raise InputError("other: this recipe learns from one kind of pictures, --data")
    if not recipe.other and "other" in objective.streams:
        raise InputError("this recipe learns from two kinds of pictures: --data and --other")
    nets = {role: build(net.name, net.sizes) for role, net in recipe.nets.items()}
    start = start_of(recipe, objective.main)
    _check_freeze(Freeze.parse(recipe.freeze), nets[objective.main], start)
    bad = [role for role, net in nets.items() if has_batch_statistics(net)]
    if bad and recipe.devices > 1:
        raise InputError(
            f"{' and '.join(bad)}: batch norm on {recipe.devices} processes would see a part of"
            " each batch and learn something else; set norm=group, or train on one device"
        )


def _check_start_has(freeze: Freeze, start: Start) -> None:
    """Refuse to freeze tensors that the start model does not have."""
    for name in start.fresh:
        if any(name.startswith(f"{part}.") for part in freeze.parts):
            lacks = f"{shown(start.model)} has no {name}, which would stay as chance made it"
            raise InputError(f"freeze: {lacks}; freeze less")


def _check_freeze(freeze: Freeze, net: Net, start: Start | None) -> None:
    """Refuse to freeze unknown parts, parts with random weights, and the whole net."""
    layers = {name for name, part in net.named_modules() if name and list(part.parameters())}
    if unknown := [part for part in freeze.parts if part not in layers]:
        listed = ", ".join(name for name, _ in net.named_children() if name in layers)
        raise InputError(f"freeze: the net has no part {shown(unknown[0])}; it has {listed}")
    if start is not None:
        _check_start_has(freeze, start)
    held = {
        id(parameter) for part in freeze.parts for parameter in net.get_submodule(part).parameters()
    }
    if len(held) == len(list(net.parameters())):
        raise InputError(f"freeze: without {freeze} nothing of the net is left to learn")
