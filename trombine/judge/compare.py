"""Methods compared under a protocol: run as their users run them, measured, kept, ranked.

Every method is a command that reads a folder and writes a folder: one in quotes as it is, one of
methods/ or a model's file through compare_child.py. So all are timed alike, and a tool in any
language can be compared. What a method's pictures are worth per picture is kept in the cache by the
hashes of the protocol and of the method.

The protocol's files are in protocol_files.py; what is made of the numbers, in compare_page.py.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from trombine import __version__
from trombine.computing import computing
from trombine.conventions import to_picture, to_pixels
from trombine.data.degrade import imresize_matlab
from trombine.data.spec import parse
from trombine.io.batch import find
from trombine.io.files import cache_folder, write_bytes
from trombine.io.image import as_seen, load_picture, save_picture
from trombine.judge import witness
from trombine.judge.compare_sets import SetFigure, by_set, other_real
from trombine.judge.protocol_files import Asked, Case, ProtocolFile, fingerprint
from trombine.judge.restoration import (
    BY_PIXELS,
    BY_WITNESS,
    by_pixels,
    by_witness,
    inside_of,
    multi_scale,
    rim,
)
from trombine.methods import TASKS
from trombine.record import versions
from trombine.refusal import InputError, about, shown
from trombine.upscaling.pipelines import nets_of
from trombine.weights import loaded, read_card
from trombine.weights.card import Card

Pixels = UInt8[np.ndarray, "_ _ 3"]
Row = dict[str, float | None]  # of one picture by measure; None where it has none

PACKAGE: Final = Path(__file__).parents[1]
# Whose code a method's hash covers, besides its weights.
CODE: Final = (
    "methods",
    "inpainting",
    "inventing",
    "upscaling",
    "nets",
    "weights",
    "data/degrade",
    "world",
    "reader",
    "canvas.py",
    "io/color.py",
    "conventions.py",
    "draws.py",
)
MEASURING_CODE: Final = (
    "judge/compare.py",
    "judge/protocol_files.py",
    "judge/restoration.py",
    "judge/witness.py",
    "measures",
    "reader",
    "conventions.py",
)
SETS_CODE: Final = ("judge/compare_sets.py", "judge/fidelity.py", "judge/bootstrap.py", "draws.py")
_NEEDS: Final = ("torch", "scipy", "scikit-image")  # whose versions the cache minds
_PREFIX: Final = "command:"
_FORMAT: Final = 2
MOST_DECIBELS: Final = 100.0  # what equal pictures count for, whose PSNR is infinite


# ---------------------------------------------------------------------------------------------
# References: what needs the truth itself

CEILING: Final = "truth as JPEG 95"
RANDOM: Final = "random real picture"
FLOORS: Final = {
    "repair": "mean colour",
    "upscale": "nearest pixel",
    "restyle": "input",
    "invent": "Gaussian of pixels",
}
# What is compared where no method is named and there are several protocols.
USUAL: Final = {
    "repair": "inpaint",
    "upscale": "upscale",
    "restyle": "restyle",
    "invent": "generate-{}",  # in the protocol's style
}
CEILINGS: Final = {"repair": CEILING, "upscale": CEILING, "restyle": CEILING, "invent": RANDOM}


def _as_jpeg(cases: Sequence[Case], number: int) -> Pixels:
    """The truth after a JPEG of quality 95 with all its colours."""
    buffer = io.BytesIO()
    Image.fromarray(to_pixels(cases[number].truth)).save(buffer, "JPEG", quality=95, subsampling=0)
    return np.array(Image.open(buffer))


def _random(cases: Sequence[Case], number: int) -> Pixels:
    """The truth of the next picture."""
    truth, other = cases[number].truth, cases[(number + 1) % len(cases)].truth
    if other.shape != truth.shape:
        size = (truth.shape[-2], truth.shape[-1])
        other = imresize_matlab(other, size=size).clamp(0, 1)
    return to_pixels(other)


REFERENCES: Final[Mapping[str, Callable[[Sequence[Case], int], Pixels]]] = {
    CEILING: _as_jpeg,
    RANDOM: _random,
}


def references(file: ProtocolFile) -> tuple[str, ...]:
    """Those of a protocol; what is invented has no truth, so real pictures are of other seeds."""
    return (RANDOM,) if file.of_sets else tuple(REFERENCES)


def _reference(name: str, cases: Sequence[Case]) -> list[Pixels]:
    """What a reference has for each case; of a repair, in the hole alone."""
    results = [REFERENCES[name](cases, number) for number in range(len(cases))]
    return [
        pixels
        if case.hole is None
        else np.where(case.hole[..., None], pixels, to_pixels(case.truth))
        for pixels, case in zip(results, cases, strict=True)
    ]


# ---------------------------------------------------------------------------------------------
# Methods


@dataclass(frozen=True, kw_only=True)
class Method:
    """What is compared."""

    name: str  # as it was given
    kind: str  # baseline, net, command or reference
    hash: str  # of its weights and code; of a command, its text and trombine's version
    weights: str = ""  # the hash of the net's file
    notes: tuple[str, ...] = ()  # what should be known of it
    command: tuple[str, ...] = ()  # the words of a command, with what stands for its folders


def method_of(text: str, file: ProtocolFile) -> Method:
    """The method that this text names under a protocol; an InputError where it cannot be."""
    name = _whole_name(text.strip(), file)
    if name in references(file):
        code = _code("judge/compare.py", *(SETS_CODE if file.of_sets else ()))
        return Method(name=name, kind="reference", hash=_hash("reference", name, code))
    if name in TASKS[file.task].baselines:
        of = _hash("baseline", file.task, name, _code(*CODE))
        return Method(name=name, kind="baseline", hash=of)
    if name.startswith(_PREFIX) or "{" in name:
        return _command(name, file)
    return _net(name, file)


def _whole_name(name: str, file: ProtocolFile) -> str:
    """The baseline or reference that alone has a word which begins so: of `mean`, `mean colour`."""
    known = (*TASKS[file.task].baselines, *references(file))
    found = [one for one in known if f" {name.lower()}" in f" {one.lower()}"]
    return found[0] if name and len(found) == 1 and not Path(name).exists() else name


def _command(text: str, file: ProtocolFile) -> Method:
    of_pictures = not file.of_sets
    places = {
        "output": True,
        "input": of_pictures,
        "masks": bool(file.masks),
        "factor": file.factor > 1,
        "seeds": file.of_sets,
        "size": file.of_sets,
    }
    try:
        words = shlex.split(text.removeprefix(_PREFIX))
    except ValueError as error:
        raise InputError(f"is no command ({error})", "mend its quotes", path=text) from error
    known = [f"{{{place}}}" for place, there in places.items() if there]
    needed = known[: 1 + of_pictures]
    if not all(any(place in word for word in words) for place in needed):
        remedy = "a command " + ("reads the folder {input} and " * of_pictures) + "writes {output}"
        raise InputError("does not say where its folders go", remedy, path=text)
    for place, there in places.items():
        if not there and any(f"{{{place}}}" in word for word in words):
            problem = f"names {{{place}}}, which {file.name} does not have"
            raise InputError(problem, f"it has {', '.join(known)}", path=text)
    of = _hash("command", words, __version__)
    return Method(name=text, kind="command", hash=of, command=tuple(words))


def _net(name: str, file: ProtocolFile) -> Method:
    try:
        paths = _files(name, file)
    except InputError as error:
        if error.path is None or Path(name).exists():
            raise
        names = ", ".join((*TASKS[file.task].baselines, *references(file)))
        problem = f"is no method to {file.task}; there are {names}, models by name or file"
        folders = "{output}" if file.of_sets else "{input} and {output}"
        problem += f", and commands with {folders}"
        raise InputError(problem, path=name) from error
    notes = []
    for path in paths:
        with about(name):
            notes += _met(read_card(path), file)
    weights = "+".join(_digest(path) for path in paths)
    of = _hash("net", file.task, weights, _code(*CODE))
    return Method(
        name=name, kind="net", hash=of, weights=weights, notes=tuple(dict.fromkeys(notes))
    )


def _files(name: str, file: ProtocolFile) -> list[Path]:
    """The files of the nets that a name stands for."""
    if file.task == "upscale":
        nets = nets_of(name)
        return [nets[factor] for factor in sorted(nets)]
    if file.task == "restyle":
        TASKS[file.task].net(name)  # which refuses a net that does not
    task = {"restyle": None, "invent": "generate"}.get(file.task, file.task)
    return [loaded(name, task=task).path]


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _met(card: Card, file: ProtocolFile) -> list[str]:
    """Refuse a model that has learnt from the protocol's pictures; say where nobody can know."""
    notes = []
    for model in _with_starts(card):
        specs = [str(model.settings.get(name, "")) for name in ("data", "other", "real")]
        # The data of a card may be a sentence of several specs.
        for spec in dict.fromkeys((*model.data.split(" and "), *specs)):
            notes += _met_data(spec, file)
    if card.start and not card.settings.get("start"):
        notes.append(f"it began with a model ({card.start}) whose data is not known here")
    return notes


def _with_starts(card: Card) -> list[Card]:
    """A card, and those of the models that its net began with, as far as they are at hand."""
    cards = [card]
    while (name := cards[-1].settings.get("start")) and len(cards) < 10:
        try:
            cards.append(read_card(str(name)))
        except InputError:
            break
    return cards


def _met_data(spec: str, file: ProtocolFile) -> list[str]:
    if not spec:
        return []
    try:
        terms = parse(spec)
    except InputError:
        return [f"whether it has seen these pictures is not known: it learnt from {shown(spec)}"]
    kinds = {term.kind for term in parse(file.pictures)} if file.is_painted else set()
    notes = []
    for term in terms:
        if term.path and term.kind != "hub":
            notes.append(f"whether it has seen these pictures is not known: its data is {spec}")
        both = range(max(term.seeds.start, file.seeds.start), min(term.seeds.stop, file.seeds.stop))
        if term.kind in kinds and both:
            problem = f"has learnt from seeds {both[0]} to {both[-1]} of {file.name}, by its card"
            raise InputError(problem, "compare it under a protocol of other seeds")
    return notes


@cache
def _code(*places: str) -> str:
    """A hash of the code in these places of the package."""
    digest = hashlib.sha256()
    for place in places:
        path = PACKAGE / place
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            name = source.relative_to(PACKAGE).as_posix()
            digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


# ---------------------------------------------------------------------------------------------
# Running


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a run took; of no use to who wants the same numbers again."""

    seconds: float | None  # a picture, of the whole command
    inside: float | None  # a picture, of the method alone; None of a command, which does not say
    memory: int | None  # bytes, at most, of its largest process


NO_COST: Final = Cost(seconds=None, inside=None, memory=None)


def run(method: Method, file: ProtocolFile, cases: Sequence[Case]) -> tuple[list[Pixels], Cost]:
    """What a method makes of the cases, checked, and what that took."""
    if method.kind == "reference":
        return other_real(file) if file.of_sets else _reference(method.name, cases), NO_COST
    with tempfile.TemporaryDirectory(prefix="trombine-compare-") as home:
        folder = Path(home).resolve()
        for case in () if file.of_sets else cases:
            save_picture(folder / "input" / f"{case.name}.png", to_pixels(case.given))
            if case.hole is not None:
                mask = np.repeat(np.uint8(255) * case.hole[..., None], 3, axis=2)
                save_picture(folder / "masks" / f"{case.name}.png", mask)
        (folder / "output").mkdir()
        words = _words(method, file, folder)
        printed = launch(words, folder, method.name)
        usage = json.loads((folder / "usage.json").read_text())
        inside = None if method.command else float(printed) / len(cases)
        cost = Cost(seconds=usage["seconds"] / len(cases), inside=inside, memory=usage["memory"])
        with about(method.name):
            work = _invented if file.of_sets else _collected
            return work(folder / "output", cases), cost


def _words(method: Method, file: ProtocolFile, folder: Path) -> list[str]:
    """The command to run; trombine's own is that of this installation."""
    places = {name: str(folder / name) for name in ("input", "output", "masks")}
    if not method.command:
        job: dict[str, Any] = {"task": file.task, "method": method.name, **places}
        job |= {"factor": file.factor} if file.task == "upscale" else {}
        job |= {"style": file.styles[-1]} if file.task in ("restyle", "invent") else {}
        job |= {"source": file.styles[0]} if file.task == "restyle" else {}
        job |= {"seeds": [file.seeds.start, file.seeds.stop], "size": file.size}
        job |= {"crop": file.crop} if file.of_sets and file.crop else {}
        job["masks"] = places["masks"] if file.masks else ""
        return [sys.executable, "-P", "-m", "trombine.judge.compare_child", json.dumps(job)]
    values = {**places, "factor": str(file.factor), "size": str(file.side)}
    values |= {"seeds": f"{file.seeds[0]}-{file.seeds[-1]}"} if file.is_painted else {}
    words = list(method.command)
    for name, value in values.items():
        words = [word.replace(f"{{{name}}}", value) for word in words]
    own = [sys.executable, "-P", "-m", "trombine"] if words[0] == "trombine" else words[:1]
    return [*own, *words[1:]]


def launch(words: Sequence[str], folder: Path, name: str) -> str:
    """Run a command to its end; the last line that it prints. The folder's usage.json then says
    what it took."""
    launcher = Path(__file__).with_name("launcher.py")
    call = [sys.executable, "-I", "-S", str(launcher), str(folder / "usage.json"), *words]
    own = str(PACKAGE.parent)
    path = os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path}
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            call,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=environment,
            start_new_session=True,
        )
        try:
            code = process.wait()
        except BaseException:  # Ctrl-C reaches only this process: the command is in another group
            _end(process)
            raise
    if code:
        line = _last_line(folder / "err") or "it says nothing"
        raise InputError(f"ended with exit code {code}: {shown(line[-300:])}", path=name)
    return _last_line(folder / "out")


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    process.wait()


def _last_line(path: Path) -> str:
    lines = path.read_bytes()[-10_000:].decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _collected(folder: Path, cases: Sequence[Case]) -> list[Pixels]:
    """The results by the names of the cases; an InputError where there are others, or of another
    size."""
    paths = {path.stem: path for path in find([folder]) if path != folder}
    missing = [case.name for case in cases if case.name not in paths]
    if missing or len(paths) != len(cases):
        lacks = f"; {missing[0]} is missing" if missing else ""
        problem = f"wrote {len(paths)} pictures of {len(cases)}{lacks}"
        raise InputError(problem, "a result has its input's name, and any picture's ending")
    return [_result(paths[case.name], case) for case in cases]


def _invented(folder: Path, cases: Sequence[Case]) -> list[Pixels]:
    """As many results as there are cases, whatever their names, in the order of these."""
    paths = sorted(path for path in find([folder]) if path != folder)
    if len(paths) != len(cases):
        raise InputError(f"wrote {len(paths)} pictures of {len(cases)}", "a seed is a picture")
    return [_result(path, case) for path, case in zip(paths, cases, strict=True)]


def _result(path: Path, case: Case) -> Pixels:
    """A picture; an InputError where it is of another size than it should be."""
    pixels = as_seen(load_picture(path))
    height, width = case.truth.shape[-2:]
    if pixels.shape[:2] != (height, width):
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise InputError(f"made {path.name} {size}, where {width} x {height} is wanted")
    return pixels


# ---------------------------------------------------------------------------------------------
# Measuring


def by_truth(file: ProtocolFile, cases: Sequence[Case], results: Sequence[Pixels]) -> list[Row]:
    """The measures of each result against its truth, on one thread: the same on any machine."""
    with computing(1):
        return [
            _row(file.asked, case, to_picture(pixels), border=file.factor if file.damage else 0)
            for case, pixels in zip(cases, results, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What was measured: of each picture by itself, or of all as a set."""

    rows: list[Row] = field(default_factory=list)  # of the cases, in their order
    figures: dict[str, SetFigure] = field(default_factory=dict)  # by measure


def measured(file: ProtocolFile, cases: Sequence[Case], results: Sequence[Pixels]) -> Numbers:
    """The measures of what a method made."""
    if file.of_sets:
        return Numbers(figures=by_set(file, cases, results))
    return Numbers(rows=by_truth(file, cases, results))


def _row(asked: Mapping[str, Asked], case: Case, result: torch.Tensor, *, border: int) -> Row:
    whole = np.ones(case.truth.shape[-2:], np.bool_)
    regions = {"whole": whole}
    if case.hole is not None:
        regions |= {"hole": case.hole, "rim": rim(case.hole)}
    read_by = {}
    if any(item.name in BY_WITNESS for item in asked.values()):
        read_by = by_witness(witness.seen(result[None]), case.seen)
    row: Row = {}
    for text, item in asked.items():
        if item.name in BY_PIXELS:
            region = regions[item.region]
            if item.name == "PSNR-Y" and item.region == "whole":
                region = inside_of(region, border)
            value = by_pixels(result, case.truth, region, (item.name,)).get(item.name)
        elif item.name in BY_WITNESS:
            value = read_by.get(item.name)
        else:
            value = multi_scale(result, case.truth)
        row[text] = min(value, MOST_DECIBELS) if value and "PSNR" in text else value
    return row


# ---------------------------------------------------------------------------------------------
# Keeping


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of a method under a protocol."""

    method: Method
    rows: list[Row] = field(default_factory=list)  # as in Numbers
    figures: dict[str, SetFigure] = field(default_factory=dict)
    results: list[Pixels]
    cost: Cost
    is_new: bool  # not from the cache


def outcome(
    method: Method, file: ProtocolFile, cases: Sequence[Case], *, fresh: bool = False
) -> Outcome:
    """The outcome of a method: kept from before, or run and measured now."""
    path = kept_at(method, file, cases)
    if not fresh and (before := _kept(path, method, file, cases)) is not None:
        return before
    results, cost = run(method, file, cases)
    with about(method.name):
        numbers = measured(file, cases, results)
    _keep(path, numbers, results, cost)
    return Outcome(method=method, **vars(numbers), results=results, cost=cost, is_new=True)


def kept_at(method: Method, file: ProtocolFile, cases: Sequence[Case]) -> Path:
    """Where an outcome is kept: by the hashes of all that it depends on."""
    read_by = witness.witness().hash if file.needs_witness else ""
    code = _code(*MEASURING_CODE, *(SETS_CODE if file.of_sets else ()))
    rest = (fingerprint(tuple(cases)), read_by, code, versions(_NEEDS), _FORMAT)
    name = f"{method.hash}-{_hash(*rest)}.json"
    return cache_folder() / "compare" / file.protocol.hash / name


def _kept(path: Path, method: Method, file: ProtocolFile, cases: Sequence[Case]) -> Outcome | None:
    """What is in the cache; nothing where it is not there or is damaged."""
    try:
        content = json.loads(path.read_text())
        with np.load(path.with_suffix(".npz")) as pictures:
            results = [pictures[case.name] for case in cases]
        cost = Cost(**content["cost"])
        numbers = Numbers(rows=content["rows"], figures=content["figures"])
        if len(numbers.rows) != (0 if file.of_sets else len(cases)):
            return None
        if list(numbers.figures) != (list(file.measures) if file.of_sets else []):
            return None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    return Outcome(method=method, **vars(numbers), results=results, cost=cost, is_new=False)


def _keep(path: Path, numbers: Numbers, results: Iterable[Pixels], cost: Cost) -> None:
    """The pictures first: without its numbers an outcome is not there."""
    buffer = io.BytesIO()
    named = {f"{number:06d}": pixels for number, pixels in enumerate(results)}
    np.savez_compressed(buffer, allow_pickle=False, **named)
    write_bytes(path.with_suffix(".npz"), buffer.getvalue())
    content = {"format": _FORMAT, "cost": asdict(cost), **vars(numbers)}
    write_bytes(path, json.dumps(content, allow_nan=False).encode())
