"""What is asked for when a run is begun or gone on with, and what of it is refused.

A run goes on under the settings, with the pictures and by the machine settings it was begun with;
others are refused, each in one line, unless the order says that they may change.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from trombine import __version__
from trombine.data.spec import parse
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
from trombine.training.looking import protocol_of
from trombine.training.machine import DTYPES, Machine
from trombine.training.material import Material, streams_of
from trombine.training.start import Start, start_of
from trombine.training.steps import Plan
from trombine.weights import read_card

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


def with_what_is_there(order: Order) -> tuple[Order, str]:
    """The order without the pictures that its recipe can do without, if they are not there; and
    what to say of it. Pictures that were asked for must be there."""
    own = RECIPES.get(order.name)
    for stream in order.recipe.may_lack:
        spec = getattr(order.recipe, stream)
        if own is None or spec != getattr(own, stream, ""):
            continue
        missing = [term.path for term in parse(spec) if term.path and not Path(term.path).exists()]
        if missing:
            recipe = dataclasses.replace(order.recipe, **{stream: ""})
            message = f"{shown(missing[0])}: is not there; learns without --{stream}"
            return dataclasses.replace(order, recipe=recipe), message
    return order, ""


def agreed(order: Order, folder: RunFolder, machine: Machine) -> Machine:
    """The machine settings a run was begun with; refuse other settings unless told, and a run that
    can only begin anew and would lose what it made."""
    if not has_begun(folder):
        refuse_to_lose(folder)
        return machine
    kept = begun_with(folder)
    # A run of an older trombine lacks the settings that came since: they were off.
    old, new = {**_usual(order.recipe), **kept["settings"]}, order.recipe.plain()
    other = [name for name in new if old.get(name) != new[name]]
    if kept["recipe"] != order.name:
        raise InputError(
            f"is a run of {shown(kept['recipe'])}; choose another name with -o", path=order.folder
        )
    if other and not order.change:
        named = shown(", ".join(_told(name, old.get(name), new[name]) for name in other))
        raise InputError(
            f"was begun with {named}; give the same settings,"
            " another -o, or --change to go on with the new ones",
            path=order.folder,
        )
    if other:
        return machine
    return Machine(**{name: kept["resolved"][name] for name in machine.plain()})


def _usual(recipe: Recipe) -> dict[str, Any]:
    """What each setting is unless given."""
    fields = dataclasses.fields(recipe)
    return {one.name: one.default for one in fields if one.default is not dataclasses.MISSING}


def _told(name: str, before: Any, now: Any) -> str:
    """One setting that differs; of nets only those that do."""
    if isinstance(before, dict) and isinstance(now, dict):
        other = [role for role in now if before.get(role) != now[role]]
        return ", ".join(f"{role} {before.get(role)} (now {now[role]})" for role in other)
    return f"{name} {before} (now {now})"


def has_begun(folder: RunFolder) -> bool:
    """Whether there is anything to go on from; without, other settings do no harm."""
    return folder.exists and checkpoints.any_in(folder)


def trained(folder: RunFolder) -> Path | None:
    """What training has made beyond what is there before the first step: a model, a sample or a
    line of the log. Where there is none, a run may begin anew with nothing lost."""
    if models := [path for path in folder.best_files() if not _is_untrained(path)]:
        return models[0]
    if any(pictures_of(entry.get("pictures")) for entry in folder.entries()):
        return folder.log
    return next((path for number, path in folder.sample_files().items() if number), None)


def _is_untrained(model: Path) -> bool:
    """Whether a model is that of a run's beginning, which the next beginning makes again."""
    try:
        return not read_card(model).pictures
    except InputError:  # nobody knows
        return False


def refuse_to_lose(folder: RunFolder) -> None:
    """Refuse to begin a run anew where its checkpoints are gone and what it made is still there."""
    if path := trained(folder):
        raise InputError(
            f"has {shown(path.name)} of a training, and no whole checkpoint"
            " to go on from; put its checkpoints back, or give another -o",
            path=folder.path,
        )


def begun_with(folder: RunFolder) -> dict[str, Any]:
    """What recipe.json says of a run that goes on; an InputError where it is damaged."""
    kept = folder.read_recipe()
    wrong = [name for name, kind in _PARTS.items() if not isinstance(kept.get(name), kind)]
    if not wrong:
        wrong += [f"data of {n}" for n, of in kept["data"].items() if not isinstance(of, dict)]
        wrong += [n for n, some in _MACHINES.items() if not _is_one(kept["resolved"].get(n), some)]
    start = kept.get("start")
    if start is not None and not _has_texts(start, "model", "hash"):
        wrong.append("start")
    if wrong:
        what = f"is damaged: its {shown(wrong[0])} is not what a run was begun with"
        raise InputError(
            what, "put it back from a copy, or begin another run with -o", path=folder.recipe
        )
    return kept


def _is_one(value: object, choices: Sequence[object]) -> bool:
    return isinstance(value, str | int) and value in choices


def _has_texts(value: object, *names: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in names)


def place(order: Order, objective: Objective[Any]) -> None:
    """Refuse a folder in which the run would mix with other files, or with its own pictures."""
    run = order.folder.resolve()
    folder = RunFolder(order.folder)
    for spec in streams_of(order.recipe, objective.streams).values():
        for term in parse(spec):
            if term.kind == "folder" and run.is_relative_to(Path(term.path).resolve()):
                raise InputError(
                    f"is inside {shown(term.path)}, and its samples would"
                    " become pictures to learn from; give another -o",
                    path=order.folder,
                )
    others = order.folder.is_dir() and any(
        not path.name.startswith(".") for path in order.folder.iterdir()
    )
    if others and not folder.exists:
        raise InputError(
            "holds other files, and a run has a folder of its own; give another -o",
            path=order.folder,
        )


def same_pictures(order: Order, folder: RunFolder, material: Material) -> None:
    """Refuse to go on where files of a folder or a pack have come or gone, unless told."""
    if not has_begun(folder) or order.change:
        return
    kept = begun_with(folder)["data"]
    now = described(material)
    for stream in other_pictures(kept, now):
        spec, count = now[stream]["spec"], now[stream]["pictures"]
        before = kept.get(stream, {}).get("pictures")
        how = f"{count}, before {before}" if count != before else "under the same names"
        raise InputError(
            f"{shown(spec)} has other pictures than those it was begun"
            f" with ({how}); put them back, give another -o, or --change",
            path=order.folder,
        )


def other_pictures(kept: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The streams whose pictures are others than they were.

    A run of an older trombine says less of its pictures: what it does not say is not compared.
    """
    return [
        stream
        for stream, known in now.items()
        if stream not in kept or any(kept[stream].get(n, v) != v for n, v in known.items())
    ]


def same_start(order: Order, folder: RunFolder, start: Start | None) -> None:
    """Refuse to go on where the run was begun with other weights; --change cannot help there."""
    if not has_begun(folder):
        return
    before, now = begun_with(folder).get("start"), start.plain() if start else None
    if (before or {}).get("hash") != (now or {}).get("hash"):
        raise InputError(
            f"was begun with the weights of {_named(before)}, not of"
            f" {_named(now)}, and what a run begins with stays; give another -o",
            path=order.folder,
        )


def _named(start: dict[str, Any] | None) -> str:
    return shown(f"{start['model']} ({start['hash']})") if start else "no model"


def described(material: Material) -> dict[str, dict[str, Any]]:
    """What the pictures of each stream are known by."""
    return {
        stream: {
            "spec": source.spec,
            "pictures": len(source),
            "learned": material.names[stream],
            "measured": material.fingerprint,
            **({"contents": material.contents[stream]} if stream in material.contents else {}),
        }
        for stream, source in material.learned.items()
    }


def description(order: Order, plan: Plan, material: Material) -> dict[str, Any]:
    """What recipe.json holds: all that was asked for, and all that was chosen."""
    return {
        "recipe": order.name,
        "settings": order.recipe.plain(),
        "start": plan.start.plain() if plan.start else None,
        "resolved": {
            **plan.machine.plain(),
            "devices": plan.mesh.count,
            "best": plan.objective.best,
        },
        "data": described(material),
        "protocol": protocol_of(plan, material).hash,
        "version": __version__,
        "commit": commit_of(CHECKOUT) if (CHECKOUT / ".git").exists() else None,
        "command": f"{order.command} -o {shlex.quote(str(order.folder))}",
    }


def check(recipe: Recipe, objective: Objective[Any]) -> None:
    """Refuse, before anything is begun, what no run could be of."""
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


def _check_taught(freeze: Freeze, start: Start) -> None:
    """Refuse to freeze what the model that is begun with does not have."""
    for name in start.fresh:
        if any(name.startswith(f"{part}.") for part in freeze.parts):
            lacks = f"{shown(start.model)} has no {name}, which would stay as chance made it"
            raise InputError(f"freeze: {lacks}; freeze less")


def _check_freeze(freeze: Freeze, net: Net, start: Start | None) -> None:
    """Refuse parts that the net does not have, that nobody has taught, and to freeze all of it."""
    known = {name for name, part in net.named_modules() if name and list(part.parameters())}
    if unknown := [part for part in freeze.parts if part not in known]:
        there = ", ".join(name for name, _ in net.named_children() if name in known)
        raise InputError(f"freeze: the net has no part {shown(unknown[0])}; it has {there}")
    if start is not None:
        _check_taught(freeze, start)
    held = {id(one) for part in freeze.parts for one in net.get_submodule(part).parameters()}
    if len(held) == len(list(net.parameters())):
        raise InputError(f"freeze: without {freeze} nothing of the net is left to learn")
