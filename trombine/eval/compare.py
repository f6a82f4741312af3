"""Methods compared under a protocol: run on the same pictures, measured, kept, ranked.

A method is a function of methods/ (a baseline, a net by name or file) or a command in quotes that
reads a folder and writes a folder. All functions run in this process, on one thread and one picture
after the other, so that their pictures do not depend on how many cores there are. What a method's
pictures are worth is kept in the cache, by the hashes of protocol, pictures, method and code.

The protocol's files are in protocol_files.py; what is made of the numbers, in compare_report.py.
"""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from trombine import __version__
from trombine.core.computing import computing
from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, about, shown
from trombine.data.degrade import imresize_matlab
from trombine.data.spec import parse
from trombine.eval import witness
from trombine.eval.fidelity import Figure, figures
from trombine.eval.methods import TASKS
from trombine.eval.protocol_files import Asked, Case, ProtocolFile, cases, fingerprint
from trombine.eval.restoration import (
    BY_PIXELS,
    BY_WITNESS,
    by_pixels,
    by_witness,
    inside_of,
    multi_scale,
    rim,
)
from trombine.io.batch import find
from trombine.io.files import cache_folder, write_bytes
from trombine.io.image import as_seen, load_picture, save_picture
from trombine.io.record import versions
from trombine.models import loaded, read_card
from trombine.models.card import Card
from trombine.superres.pipelines import nets_of

Pixels = UInt8[np.ndarray, "_ _ 3"]
Row = dict[str, float | None]  # of one picture by measure; None where it has none
Run = Callable[[ProtocolFile, Sequence[Case]], list[Pixels]]

PACKAGE: Final = Path(__file__).parents[1]
_NEEDS: Final = ("torch", "scipy", "scikit-image")  # whose versions the cache minds
_PREFIX: Final = "command:"
MOST_DECIBELS: Final = 100.0  # what equal pictures count for, whose PSNR is infinite

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


@dataclass(frozen=True, kw_only=True)
class Method:
    """What is compared."""

    name: str  # as it was given
    kind: str  # baseline, net, command, function or reference
    run: Run  # its picture of each case
    weights: str = ""  # the hash of the net's file
    notes: tuple[str, ...] = ()  # what should be known of it

    @property
    def hash(self) -> str:
        """Of its weights and trombine's code; of a command, its text."""
        return _hash(self.kind, self.name if not self.weights else "", self.weights, _code())


def method_of(text: str, file: ProtocolFile) -> Method:
    """The method that this text names under a protocol; an InputError where it cannot be."""
    name = _whole_name(text.strip(), file)
    if name in references(file):
        return Method(name=name, kind="reference", run=REFERENCES[name])
    if name in TASKS[file.task].baselines:
        return of_function(name, TASKS[file.task].baselines[name], kind="baseline")
    if name.startswith(_PREFIX) or "{" in name:
        return _command(name, file)
    return _net(name, file)


def of_function(name: str, function: Callable[..., Any], **fields: Any) -> Method:
    """A function of methods/, or one like it, as a method."""

    def run(file: ProtocolFile, every: Sequence[Case]) -> list[Pixels]:
        with computing(1), torch.inference_mode():
            return [
                to_pixels(function(given, **options)[0]) for given, options in calls(file, every)
            ]

    return Method(**{"name": name, "kind": "function", "run": run, **fields})


def calls(file: ProtocolFile, every: Sequence[Case]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """What a function is given of each case: a picture, or of the task invent a seed; and what the
    task adds."""
    options: dict[str, Any] = {}
    if file.task == "upscale":
        options["factor"] = file.factor
    if file.task in ("restyle", "invent"):
        options["style"] = file.styles[-1]
    if file.task == "restyle":
        options["source"] = file.styles[0]
    if file.of_sets:
        options |= {"size": file.size} | ({"crop": file.crop} if file.crop else {})
        yield from (([seed], options) for seed in file.seeds)
        return
    for case in every:
        hole = (
            {} if case.hole is None else {"hole": torch.from_numpy(case.hole)[None, None].float()}
        )
        # As a file holds it.
        yield to_picture(to_pixels(case.given))[None], options | hole


def _whole_name(name: str, file: ProtocolFile) -> str:
    """The baseline or reference that alone has a word which begins so: of `mean`, `mean colour`."""
    known = (*TASKS[file.task].baselines, *references(file))
    found = [one for one in known if f" {name.lower()}" in f" {one.lower()}"]
    return found[0] if name and len(found) == 1 and not Path(name).exists() else name


# ---------------------------------------------------------------------------------------------
# References: what needs the truth itself


def _as_jpeg(file: ProtocolFile, every: Sequence[Case]) -> list[Pixels]:
    """The truth after a JPEG of quality 95 with all its colours."""
    results = []
    for case in every:
        buffer, image = io.BytesIO(), Image.fromarray(to_pixels(case.truth))
        image.save(buffer, "JPEG", quality=95, subsampling=0)
        results.append(_in_hole(case, np.array(Image.open(buffer))))
    return results


def _random(file: ProtocolFile, every: Sequence[Case]) -> list[Pixels]:
    """The truth of the next picture; of sets, as many real pictures of the seeds after these."""
    if file.of_sets:
        seeds = {"first": file.seeds.stop, "count": len(file.seeds)}
        other = ProtocolFile(**{**file.model_dump(exclude={"spans"}), "seeds": seeds})
        return [to_pixels(case.truth) for case in cases(other, None)]
    results = []
    for case, after in zip(every, [*every[1:], every[0]], strict=True):
        other = after.truth
        if other.shape != case.truth.shape:
            size = (case.truth.shape[-2], case.truth.shape[-1])
            other = imresize_matlab(other, size=size).clamp(0, 1)
        results.append(_in_hole(case, to_pixels(other)))
    return results


def _in_hole(case: Case, pixels: Pixels) -> Pixels:
    """Of a repair the picture in the hole alone."""
    if case.hole is None:
        return pixels
    return np.where(case.hole[..., None], pixels, to_pixels(case.truth))


REFERENCES: Final[Mapping[str, Run]] = {CEILING: _as_jpeg, RANDOM: _random}


def references(file: ProtocolFile) -> tuple[str, ...]:
    """Those of a protocol; what is invented has no truth."""
    return (RANDOM,) if file.of_sets else tuple(REFERENCES)


# ---------------------------------------------------------------------------------------------
# Nets


def _net(name: str, file: ProtocolFile) -> Method:
    try:
        function = TASKS[file.task].net(name)
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
    unique = tuple(dict.fromkeys(notes))
    return of_function(name, function, kind="net", weights=weights, notes=unique)


def _files(name: str, file: ProtocolFile) -> list[Path]:
    """The files of the nets that a name stands for."""
    if file.task == "upscale":
        nets = nets_of(name)
        return [nets[factor] for factor in sorted(nets)]
    task = {"restyle": None, "invent": "generate"}.get(file.task, file.task)
    return [loaded(name, task=task).path]


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _met(card: Card, file: ProtocolFile) -> Iterator[str]:
    """Refuse a model that has learnt from the protocol's pictures; say where nobody can know."""
    kinds = {term.kind for term in parse(file.pictures)} if file.is_painted else set()
    names = [str(card.settings.get(name, "")) for name in ("data", "other", "real")]
    # The data of a card may be a sentence of several specs.
    for spec in dict.fromkeys(filter(None, (*card.data.split(" and "), *names))):
        unknown = f"whether it has seen these pictures is not known: it learnt from {shown(spec)}"
        try:
            terms = parse(spec)
        except InputError:
            yield unknown
            continue
        for term in terms:
            if term.path and term.kind != "hub":
                yield unknown
            ours, theirs = file.seeds, term.seeds
            both = range(max(theirs.start, ours.start), min(theirs.stop, ours.stop))
            if term.kind in kinds and both:
                problem = f"has learnt from seeds {both[0]} to {both[-1]} of {file.name}"
                raise InputError(f"{problem}, by its card", "compare it under another protocol")


# ---------------------------------------------------------------------------------------------
# Commands


def _command(text: str, file: ProtocolFile) -> Method:
    try:
        words = shlex.split(text.removeprefix(_PREFIX))
    except ValueError as error:
        raise InputError(f"is no command ({error})", "mend its quotes", path=text) from error
    known = ["output"] if file.of_sets else ["input", "output"]
    needed = [f"{{{place}}}" for place in known]
    known += ["masks"] * bool(file.masks) + ["factor"] * (file.factor > 1)
    known += ["seeds", "size"] if file.of_sets else []
    if not all(any(place in word for word in words) for place in needed):
        remedy = f"a command names {' and '.join(needed)}"
        raise InputError("does not say where its folders go", remedy, path=text)
    for place in ("masks", "factor", "seeds", "size"):
        if place not in known and any(f"{{{place}}}" in word for word in words):
            problem = f"names {{{place}}}, which {file.name} does not have"
            raise InputError(problem, f"it has {{{'}, {'.join(known)}}}", path=text)

    def run(file: ProtocolFile, every: Sequence[Case]) -> list[Pixels]:
        with tempfile.TemporaryDirectory(prefix="trombine-compare-") as home:
            return _call(words, Path(home).resolve(), text, file, every)

    return Method(name=text, kind="command", run=run)


def _call(
    words: Sequence[str], folder: Path, name: str, file: ProtocolFile, every: Sequence[Case]
) -> list[Pixels]:
    """Run a command on a folder of the cases; its pictures."""
    for case in () if file.of_sets else every:
        save_picture(folder / "input" / f"{case.name}.png", to_pixels(case.given))
        if case.hole is not None:
            mask = np.repeat(np.uint8(255) * case.hole[..., None], 3, axis=2)
            save_picture(folder / "masks" / f"{case.name}.png", mask)
    (folder / "output").mkdir()
    places = {place: str(folder / place) for place in ("input", "output", "masks")}
    places |= {"factor": str(file.factor), "size": str(file.side)}
    places |= {"seeds": f"{file.seeds[0]}-{file.seeds[-1]}"} if file.is_painted else {}
    filled = list(words)
    for place, value in places.items():
        filled = [word.replace(f"{{{place}}}", value) for word in filled]
    if filled[0] == "trombine":  # this installation's
        filled = [sys.executable, "-m", *filled]
    try:
        done = subprocess.run(filled, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise InputError(f"cannot be run: {error.strerror}", path=name) from error
    if done.returncode:
        line = (done.stderr or b"it says nothing").decode(errors="replace").strip()[-300:]
        raise InputError(f"ended with exit code {done.returncode}: {shown(line)}", path=name)
    paths = sorted(path for path in find([folder / "output"]) if path != folder / "output")
    stems = {path.stem: path for path in paths}
    if len(paths) != len(every) or not (file.of_sets or stems.keys() == {c.name for c in every}):
        problem = f"wrote {len(paths)} pictures of {len(every)}, or others"
        remedy = "a result has its input's name, and any picture's ending"
        raise InputError(problem, remedy, path=name)
    if not file.of_sets:
        paths = [stems[case.name] for case in every]
    return [as_seen(load_picture(path)) for path in paths]


# ---------------------------------------------------------------------------------------------
# Measuring


def by_truth(file: ProtocolFile, every: Sequence[Case], results: Sequence[Pixels]) -> list[Row]:
    """The measures of each result against its truth, on one thread: the same on any machine."""
    with computing(1):
        return [
            _row(file.asked, case, to_picture(pixels), border=file.factor if file.damage else 0)
            for case, pixels in zip(every, results, strict=True)
        ]


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


def by_set(
    file: ProtocolFile, every: Sequence[Case], results: Sequence[Pixels]
) -> dict[str, Figure]:
    """The measures of these pictures as a set against the real ones, whatever their order."""
    with computing(1):
        truths = {_pixels_hash(to_pixels(case.truth)): case for case in every}
        order = sorted(results, key=_pixels_hash)
        if same := sum(_pixels_hash(pixels) in truths for pixels in order):
            problem = f"shows {same} of the real pictures that it is compared with"
            raise InputError(problem, "a method invents pictures")
        ours = [witness.seen(to_picture(pixels)[None]) for pixels in order]
        theirs = [truths[digest].seen for digest in sorted(truths)]
        seen = (torch.cat([one.features for one in each]) for each in (ours, theirs))
        found = figures(*(each.double().numpy() for each in seen), names=file.measures)
    # Of six digits: those after depend on the libraries of a machine.
    return {
        name: Figure(**{k: float(f"{v:.6g}") for k, v in vars(f).items() if v is not None})
        for name, f in found.items()
    }


def _pixels_hash(pixels: Pixels) -> str:
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()


# ---------------------------------------------------------------------------------------------
# Keeping


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of a method under a protocol: numbers of each picture, or of all as a set."""

    method: Method
    results: list[Pixels]
    seconds: float | None  # a picture; None of a reference
    rows: Sequence[Row] = ()  # of the cases, in their order
    figures: Mapping[str, Figure] = field(default_factory=dict)  # by measure
    is_new: bool  # not from the cache


def outcome(
    method: Method, file: ProtocolFile, every: Sequence[Case], *, fresh: bool = False
) -> Outcome:
    """The outcome of a method: kept from before, or run and measured now."""
    path = kept_at(method, file, every)
    if not fresh and method.kind != "function" and (before := _kept(path, method)) is not None:
        return before
    start = time.perf_counter()
    with about(method.name):
        results = method.run(file, every)
        seconds = (time.perf_counter() - start) / len(every)
        for case, pixels in zip(every, results, strict=True):
            height, width = case.truth.shape[-2:]
            if pixels.shape[:2] != (height, width):
                size = f"{pixels.shape[1]} x {pixels.shape[0]}"
                raise InputError(f"made {case.name} {size}, where {width} x {height} is wanted")
        result = Outcome(
            method=method,
            results=results,
            seconds=None if method.kind == "reference" else seconds,
            rows=() if file.of_sets else by_truth(file, every, results),
            figures=by_set(file, every, results) if file.of_sets else {},
            is_new=True,
        )
    if method.kind != "function":
        _keep(path, result)
    return result


def kept_at(method: Method, file: ProtocolFile, every: Sequence[Case]) -> Path:
    """Where an outcome is kept: by the hashes of all that it depends on."""
    read_by = witness.witness().hash if file.needs_witness else ""
    rest = _hash(fingerprint(tuple(every)), read_by, _code(), versions(_NEEDS))
    return cache_folder() / "compare" / file.protocol.hash / f"{method.hash}-{rest}.npz"


def _kept(path: Path, method: Method) -> Outcome | None:
    """What is in the cache; nothing where it is not there or is damaged."""
    try:
        with np.load(path) as file:
            content = json.loads(str(file["numbers"]))
            results = [file[f"{n:06d}"] for n in range(len(file) - 1)]
        found = {name: Figure(**one) for name, one in content.pop("figures").items()}
        return Outcome(method=method, results=results, figures=found, is_new=False, **content)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _keep(path: Path, result: Outcome) -> None:
    numbers = {
        "seconds": result.seconds,
        "rows": list(result.rows),
        "figures": {name: vars(figure) for name, figure in result.figures.items()},
    }
    named = {f"{number:06d}": pixels for number, pixels in enumerate(result.results)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, numbers=np.array(json.dumps(numbers)), **named)
    write_bytes(path, buffer.getvalue())


@cache
def _code() -> str:
    """A hash of all of trombine's code."""
    digest = hashlib.sha256(__version__.encode())
    for source in sorted(PACKAGE.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
