"""Models: which there are, what one says of itself, as ONNX, of checkpoints, and between two.

What a model is, and how its file is read and written, is in weights/. Models are made by training;
its best one lies in the run's folder.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from trombine.batch.inputs import refuse_to_write_over
from trombine.events import Detail, Done, Event, Notice, Picture
from trombine.refusal import InputError, shown
from trombine.requests import Number, Request
from trombine.texts import aligned

if TYPE_CHECKING:
    from trombine.weights import Card, Model

_ON_CARD: Final = ("about", "task", "data")  # settings that the card itself says
HEADS: Final = ("model", "task", "net", "parameters", "scores")


@dataclass(frozen=True, kw_only=True)
class ModelsListRequest(Request):
    """List the models that come with trombine: task, net, parameters, scores."""

    task: str | None = None
    """Only those that do this: upscale, repair, generate ...; docs/models.md lists them."""


@dataclass(frozen=True, kw_only=True)
class ModelsShowRequest(Request):
    """Say what a model is, what it was trained on, and how good it is."""

    model: str
    """The name of a model that comes with trombine, or a .safetensors file."""
    json: bool = False
    """The whole card as JSON, for a program, in place of text."""


@dataclass(frozen=True, kw_only=True)
class ModelsExportRequest(Request):
    """Write a model as ONNX, for programs that know nothing of trombine or torch.

    Other counts and sizes of pictures than it was traced with are tried, and no file is
    left where the results differ from torch's by 1e-4 or more. With --half it is a model as before,
    half as large.
    """

    model: str
    """The name of a model that comes with trombine, or a .safetensors file."""
    output: Path
    """The file to write."""
    onnx: bool = False
    """Write ONNX, FILE.onnx."""
    half: bool = False
    """Write a model of half the size, FILE.safetensors: its kernels rounded to 16 bits."""
    overwrite: bool = False
    """Make again what is there."""


@dataclass(frozen=True, kw_only=True)
class ModelsImportRequest(Request):
    """Make a model of a pickled checkpoint, without running what is in it.

    A .safetensors file without a card will do as well. The tensors must be those of the net, by
    name and shape.
    """

    file: Path
    """The checkpoint: .pth, .pt, .ckpt."""
    net: str
    """The net that the weights are of, with its sizes: residual:width=32,depth=8."""
    task: str
    """What it does: upscale, restore, generate ...; docs/models.md lists them."""
    output: Path
    """The .safetensors file to write."""
    about: str = ""
    """What people should know of it: who trained it, on what."""
    licence: str = ""
    """The licence that its maker gave it."""
    overwrite: bool = False
    """Make again what is there."""


@dataclass(frozen=True, kw_only=True)
class ModelsBlendRequest(Request):
    """Make a model between two that began as one, weight by weight.

    Where a training went on from a model to learn something else, what lies between them has often
    most of what either can.
    """

    first: str
    """The model that the other began with: a name, or a .safetensors file."""
    second: str
    """The other."""
    output: Path
    """The .safetensors file to write."""
    share: Annotated[float, Number(0, 1)] = 0.5
    """How far from the first to the second, 0 to 1."""
    only: str = ""
    """Parts of the net that are blended, with + between them, as encoder+decoder; all others are
    the first's."""
    overwrite: bool = False
    """Make again what is there."""


WritingRequest = ModelsExportRequest | ModelsImportRequest | ModelsBlendRequest
AnyRequest = ModelsListRequest | ModelsShowRequest | WritingRequest


def run(request: AnyRequest) -> Iterator[Event]:
    """Do what is asked."""
    if isinstance(request, ModelsListRequest):
        return _list(request)
    if isinstance(request, ModelsShowRequest):
        return _show(request)
    return _written(request)


# list


def _list(request: ModelsListRequest) -> Iterator[Event]:
    from trombine.refusal import InputError
    from trombine.weights import load, shipped

    if request.task is not None:
        _check_task(request.task)
    rows: list[tuple[str, ...]] = []
    for name, path in shipped().items():
        try:
            model = load(name)
        except InputError as error:
            yield Notice(None, str(error))
            continue
        yield Detail(None, model.described)
        if request.task in (None, model.card.task):
            rows.append(_row(path.stem, model))
    which = f"for {request.task} " if request.task else ""
    nothing = f"no model {which}comes with trombine; trombine train makes them"
    yield Done(summary=columns(rows) if rows else nothing, written=0, skipped=0, kept=0)


def _check_task(task: str) -> None:
    from trombine.weights import TASKS

    if task not in TASKS:
        raise InputError(f"there is no task {shown(task)}; there are {', '.join(TASKS)}")


def _row(name: str, model: Model) -> tuple[str, ...]:
    from trombine.nets import parameter_count

    scores = ", ".join(f"{score.measure} {score.value:.4g}" for score in model.card.scores)
    return name, model.card.task, model.card.net, f"{parameter_count(model.net):,}", scores or "–"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows under the heads, in aligned columns."""
    cells = [HEADS, *([shown(cell) for cell in row] for row in rows)]
    return "\n".join(aligned(cells))


# show


def _show(request: ModelsShowRequest) -> Iterator[Event]:
    from trombine.weights import load

    model = load(request.model)
    yield Detail(None, model.described)
    summary = as_json(model) if request.json else as_text(model)
    yield Done(summary=summary, written=0, skipped=0, kept=0)


def as_json(model: Model) -> str:
    """The card, with the file's hash, as JSON."""
    import json

    return json.dumps({**asdict(model.card), "hash": model.hash}, indent=2, sort_keys=True)


def as_text(model: Model) -> str:
    """The card in aligned lines; what it does not say is left out."""
    return "\n".join(aligned((name, shown(fact)) for name, fact in _facts(model) if fact))


def _facts(model: Model) -> Iterator[tuple[str, str]]:
    from trombine.nets import parameter_count
    from trombine.weights import TASKS

    card = model.card
    yield "model", model.path.stem
    yield "about", card.about
    yield "task", f"{card.task}: {TASKS[card.task].says}"
    yield "net", f"{card.net}, {parameter_count(model.net):,} parameters"
    yield "sizes", _pairs(model.net.sizes)
    for score in card.scores:
        under = f" (protocol {score.protocol})" if score.protocol else ""
        yield "score", f"{score.measure} {score.value:.6g}{under}"
    yield from _origin(card)
    yield "hash", model.hash


def _origin(card: Card) -> Iterator[tuple[str, str]]:
    """What the model was made from, and by what."""
    yield "data", card.data
    yield "pictures seen", f"{card.pictures:,}" if card.pictures else ""
    yield "recipe", card.recipe
    for number, line in enumerate(_settings(card.settings)):
        yield "" if number else "settings", line
    yield "command", card.command
    yield "written by", f"trombine {card.version}"
    yield "licence", card.licence or "not stated"


def _settings(values: Mapping[str, object]) -> Iterator[str]:
    """A line for each that says something; of what is nested, one for each part."""
    for name, value in sorted(values.items()):
        if isinstance(value, dict):
            yield from (f"{name}.{line}" for line in _settings(value))
        elif value not in ("", None) and name not in _ON_CARD:
            yield f"{name} {_plain(value)}"


def _pairs(values: Mapping[str, object]) -> str:
    """`width 32, depth 8`."""
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items())


def _plain(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)


# export, import and blend


def _written(request: WritingRequest) -> Iterator[Event]:
    """Write the one output, which is not to be there unless it is to be written over."""
    _check(request)
    output = request.output
    refuse_to_write_over([output], _read_by(request))
    if output.is_file() and not request.overwrite:
        cure = "--overwrite writes over it, another -o leaves it"
        raise InputError(f"is there already; {cure}", path=output)
    if isinstance(request, ModelsExportRequest):
        says = _export(request)
    else:
        says = _blend(request) if isinstance(request, ModelsBlendRequest) else _import(request)
    yield Picture(output, output.name)
    yield Done(summary=f"{shown(output)} written: {says}", written=1, skipped=0, kept=0)


def _check(request: WritingRequest) -> None:
    ending = ".safetensors"
    if isinstance(request, ModelsExportRequest):
        if request.onnx == request.half:
            raise InputError("models are exported as ONNX or in 16 bits; say --onnx or --half")
        ending = ".onnx" if request.onnx else ending
    elif isinstance(request, ModelsImportRequest):
        _check_task(request.task)
    if request.output.suffix != ending:
        raise InputError(f"the output ends in {ending}; choose such a -o", path=request.output)


def _read_by(request: WritingRequest) -> list[Path]:
    from trombine.weights import find

    if isinstance(request, ModelsImportRequest):
        return [request.file]
    if isinstance(request, ModelsBlendRequest):
        return [find(request.first), find(request.second)]
    return [find(request.model)]


def _blend(request: ModelsBlendRequest) -> str:
    from trombine.weights import load, save
    from trombine.weights.blending import between, card_of, check_alike

    first, second = load(request.first), load(request.second)
    check_alike(first, second)
    only = tuple(filter(None, map(str.strip, request.only.split("+"))))
    net = between(first.net, second.net, request.share, only)
    one, other = (_called(model.path) for model in (first, second))
    words = ["trombine", "models", "blend", one, "RUN", "--share", f"{request.share:g}"]
    words += ["--only", "+".join(only)] if only else []
    made = f"{second.card.command} && " if second.card.command else ""
    card = card_of(first, second, one, f"{made}{shlex.join(words)}")
    save(request.output, net, card)
    parts = f" in {' and '.join(only)}" if only else ""
    return f"{request.share:g} of the way from {one} to {other}{parts}"


def _called(path: Path) -> str:
    """A model's name; that of the best of a run is its run's."""
    return path.parent.name if path.stem == "best" else path.stem


def _export(request: ModelsExportRequest) -> str:
    from trombine.weights import load, save
    from trombine.weights.exporting import check_extra, export

    if request.half:
        model = load(request.model)
        command = f"{model.card.command} && trombine models export RUN --half"
        save(request.output, model.net, replace(model.card, command=command), half=True)
        return f"{request.output.stat().st_size:,} bytes"
    check_extra()
    worst = export(load(request.model), request.output)
    return f"its results differ from torch's by {worst:.1e} at most"


def _import(request: ModelsImportRequest) -> str:
    from trombine.nets import parameter_count, parse
    from trombine.weights import Card, save
    from trombine.weights.importing import import_net

    name, sizes = parse(request.net)
    net = import_net(request.file, name, sizes)
    card = Card(
        task=request.task,
        net=name,
        sizes=net.sizes,
        about=request.about or f"imported from {request.file.name}",
        licence=request.licence,
        command=_command(request),
    )
    save(request.output, net, card)
    return f"{name}, {parameter_count(net):,} parameters, for {request.task}"


def _command(request: ModelsImportRequest) -> str:
    """How to do it again; as everywhere in cards, without where it was written to."""
    words = ["trombine", "models", "import", request.file.name]
    words += ["--net", request.net, "--task", request.task]
    words += ["--about", request.about] if request.about else []
    words += ["--licence", request.licence] if request.licence else []
    return shlex.join(words)
