"""`models list | show | export | blend | import`.

Models and their files are in models/.
"""

from __future__ import annotations

import json as jsons
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from trombine.commands.options import Overwrite, limits, verb
from trombine.core.errors import InputError, shown
from trombine.core.progress import Result, log
from trombine.core.texts import aligned
from trombine.io.inputs import refuse_to_write_over
from trombine.models import TASKS, Card, Model, find, load, save, shipped, zoo
from trombine.models.blending import between, card_of, check_alike
from trombine.models.exporting import check_extra, export
from trombine.models.importing import import_net
from trombine.nets import parameter_count
from trombine.recipes import NetSpec
from trombine.runs.log import LOWER_IS_BETTER, unit_and_direction, unit_of

_ON_CARD: Final = ("about", "task", "data")  # settings that the card itself says
_UNSCORED: Final = "–"
# What stands for a folder in the commands that made a model.
_FOLDERS: Final = {
    "$PORTRAITS": "a folder of portraits; ours are those of github.com/unitedstates/images",
    "$COLOUR": "a folder of photographs in colour; ours are the Face Research Lab's (CC BY 4.0),"
    " doi 10.6084/m9.figshare.5047666 and .4220517, and 59 scenes",
}
HEADS: Final = ("model", "task", "net", "parameters", "scores")


# The file to write.
Written = Annotated[Path, Parameter(alias="-o")]


@verb
def models_list(*, task: str | None = None) -> Result:
    """List the models that come with trombine: task, net, parameters, scores.

    For example:
      trombine models list

    Parameters
    ----------
    task
        Only those that do this: upscale, repair, generate, ...
    """
    if task is not None:
        _check_task(task)
    rows, measures, notices = list[tuple[str, ...]](), set[str](), list[str]()
    for name, path in shipped().items():
        try:
            model = load(name)
        except InputError as error:
            notices.append(str(error))
            log.warning(str(error))
            continue
        log.debug(model.described)
        card = model.card
        if task in (None, card.task):
            count = parameter_count(model.net)
            scores = ", ".join(f"{score.measure} {score.value:.4g}" for score in card.scores)
            rows.append((path.stem, card.task, card.net, f"{count:,}", scores or _UNSCORED))
            measures |= {score.measure for score in card.scores}
    which = f"for {task} " if task else ""
    nothing = f"no model {which}comes with trombine; trombine train makes them"
    table = aligned([HEADS, *([shown(cell) for cell in row] for row in rows)])
    lower = ", ".join(sorted(measures & LOWER_IS_BETTER))
    table.append(f"Higher scores are better{f'; of {lower} lower' if lower else ''}.")
    if any(row[-1] == _UNSCORED for row in rows):
        table.append("What has none was measured when its training was over: docs/log/measured.md.")
    return Result(summary="\n".join(table) if rows else nothing, notices=tuple(notices))


@verb
def models_show(model: str | Path, /, *, json: bool = False) -> Result:
    """Say what a model is, what it was trained on, and how good it is.

    For example:
      trombine models show upscale-fast-x2

    Parameters
    ----------
    model
        A model that comes with trombine, or a .safetensors file.
    json
        The whole card as JSON, in place of text.
    """
    read = load(str(model))
    log.debug(read.described)
    card = {**asdict(read.card), "hash": read.hash}
    facts = aligned((name, shown(fact)) for name, fact in _facts(read) if fact)
    text = jsons.dumps(card, indent=2, sort_keys=True) if json else "\n".join(facts)
    return Result(summary=text, found={read.path: card})


@verb
def models_export(
    model: str | Path,
    /,
    *,
    output: Written,
    half: bool = False,
    overwrite: Overwrite = False,
) -> Result:
    """Write a model as ONNX, for programs that know nothing of trombine or torch.

    For example:
      trombine models export upscale-fast-x2 -o enlarger.onnx
      trombine models export upscale-fast-x2 --half -o smaller.safetensors

    The file is tried with other numbers and sizes of pictures, and removed if its
    results differ from torch's by 1e-4 or more.

    Parameters
    ----------
    model
        A model that comes with trombine, or a .safetensors file.
    output
        The file to write: FILE.onnx.
    half
        Write FILE.safetensors instead, with kernels of 16 bits.
    """
    ending = ".safetensors" if half else ".onnx"
    _check_output(output, ending, [find(str(model))], overwrite=overwrite)
    if not half:
        check_extra()
        worst = export(load(str(model)), output)
        return _result(output, f"its results differ from torch's by {worst:.1e} at most")
    read = load(str(model))
    command = f"{read.card.command} && trombine models export RUN --half"
    save(output, read.net, replace(read.card, command=command), half=True)
    return _result(output, f"{output.stat().st_size:,} bytes")


@verb
def models_blend(
    first: str | Path,
    second: str | Path,
    /,
    *,
    output: Written,
    share: Annotated[float, limits(0, 1)] = 0.5,
    only: str = "",
    overwrite: Overwrite = False,
) -> Result:
    """Average two models of one origin, weight by weight.

    For example:
      trombine models blend upscale-x4 upscale-sharp-x4 --share 0.3 \\
        -o between.safetensors
      trombine models blend upscale-x4 upscale-sharp-x4 --share 0.5 --only body \\
        --overwrite -o between.safetensors

    If the second was trained further from the first, for something else, a model
    between them often keeps most of what both can do.

    Parameters
    ----------
    first
        The model that the other began with: a name, or a file.
    second
        The other.
    output
        The .safetensors file to write.
    share
        How far from the first to the second, 0 to 1. [0.5]
    only
        Parts of the net to blend: encoder+decoder; else all.
    """
    models = find(str(first)), find(str(second))
    _check_output(output, ".safetensors", models, overwrite=overwrite)
    one, other = map(load, models)
    check_alike(one, other)
    parts = tuple(filter(None, map(str.strip, only.split("+"))))
    net = between(one.net, other.net, share, parts)
    name, other_name = _called(one.path), _called(other.path)
    words = ["trombine", "models", "blend", name, "RUN", "--share", f"{share:g}"]
    words += ["--only", "+".join(parts)] if parts else []
    made = f"{other.card.command} && " if other.card.command else ""
    save(output, net, card_of(one, other, name, f"{made}{shlex.join(words)}"))
    within = f" in {' and '.join(parts)}" if parts else ""
    return _result(output, f"{share:g} of the way from {name} to {other_name}{within}")


@verb
def models_import(
    file: Path,
    /,
    *,
    net: str,
    task: str,
    output: Written,
    about: str = "",
    licence: str = "",
    overwrite: Overwrite = False,
) -> Result:
    """Make a model of a pickled checkpoint, without running what is in it.

    For example:
      trombine models import old.pth --net residual:width=16,depth=4 \\
        --task upscale --about "somebody's enlarger" --licence MIT \\
        -o mine.safetensors

    A .safetensors file without a card will do as well. The tensors must be those
    of the net, by name and shape.

    Parameters
    ----------
    file
        The checkpoint: .pth, .pt, .ckpt.
    net
        Whose weights they are: residual:width=32,depth=8.
    task
        What it does: upscale, restore, generate, ...
    output
        The .safetensors file to write.
    about
        What people should know of it: who trained it, on what.
    licence
        The licence that its maker gave it.
    """
    _check_task(task)
    _check_output(output, ".safetensors", [file], overwrite=overwrite)
    spec = NetSpec.parse(net)
    made = import_net(file, spec.name, spec.sizes)
    # How to do it again; as everywhere in cards, without where it was written to.
    words = ["trombine", "models", "import", shown(file.name), "--net", net, "--task", task]
    words += ["--about", about] if about else []
    words += ["--licence", licence] if licence else []
    card = Card(
        task=task,
        net=spec.name,
        sizes=made.sizes,
        about=about or f"imported from {shown(file.name)}",
        licence=licence,
        command=shlex.join(words),
    )
    save(output, made, card)
    return _result(output, f"{spec.name}, {parameter_count(made):,} parameters, for {task}")


def _check_output(output: Path, ending: str, reads: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse an output with another ending, that is an input, or that exists."""
    if output.suffix != ending:
        raise InputError(f"the output ends in {ending}; choose such a -o", path=output)
    refuse_to_write_over([output], reads)
    if output.is_file() and not overwrite:
        cure = "--overwrite writes over it, another -o leaves it"
        raise InputError(f"is there already; {cure}", path=output)


def _result(output: Path, says: str) -> Result:
    return Result(summary=f"{shown(output)} written: {says}", written=(output,))


def _called(path: Path) -> str:
    """A model's name; for the best model of a run, the run's."""
    return path.parent.name if path.stem == "best" else path.stem


def _check_task(task: str) -> None:
    if task not in TASKS:
        raise InputError(f"there is no task {shown(task)}; there are {', '.join(TASKS)}")


def _facts(model: Model) -> Iterator[tuple[str, str]]:
    """The lines of a model's card."""
    card, path = model.card, model.path
    shipped = zoo.recipes().get(path.stem) if path.parent == zoo.ZOO else None
    made = shipped or {"make": card.command}
    under = {s: f" (protocol {s.protocol})" if s.protocol else "" for s in card.scores}
    scores = [
        f"{one.measure} {one.value:.6g}{' ' if unit_of(one.measure) else ', '}"
        f"{unit_and_direction(one.measure)}{under[one]}"
        for one in card.scores
    ]
    yield "model", path.stem
    yield "about", card.about
    yield "task", f"{card.task}: {TASKS[card.task].says}"
    yield "net", f"{card.net}, {parameter_count(model.net):,} parameters"
    yield "sizes", ", ".join(f"{name} {value}" for name, value in model.net.sizes.items())
    yield from (("score", line) for line in scores)
    yield "data", card.data
    yield "pictures seen", f"{card.pictures:,}" if card.pictures else ""
    yield "recipe", card.recipe
    yield from _several("settings", _settings(card.settings))
    yield from _several("command", made["make"].splitlines())
    yield from ((name, text) for name, text in _FOLDERS.items() if name in made["make"])
    yield "differs", made.get("differs", "")
    yield "written by", f"trombine {card.version}"
    yield "licence", card.licence or "not stated"
    yield "hash", model.hash


def _several(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    return zip(chain([name], repeat("")), lines, strict=False)


def _settings(values: Mapping[str, object]) -> Iterator[str]:
    """A line for each setting that is not empty, also within mappings."""
    for name, value in sorted(values.items()):
        if isinstance(value, dict):
            yield from (f"{name}.{line}" for line in _settings(value))
        elif value not in ("", None) and name not in _ON_CARD:
            yield f"{name} {value if isinstance(value, str) else jsons.dumps(value)}"
