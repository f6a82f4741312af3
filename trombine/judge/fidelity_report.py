"""Two sets of pictures, judged: figures of their features, and their fields; as text, as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64, UInt8

from trombine.conventions import to_picture
from trombine.events import Event, Progress, ticked
from trombine.judge import witness
from trombine.judge.bootstrap import Estimate
from trombine.judge.fidelity import Compared, apart, diversities, figures
from trombine.judge.fidelity_fields import Field, columns, compare, findings
from trombine.judge.fidelity_sets import PictureSet, remarks
from trombine.judge.published import NETS, feature_net
from trombine.judge.similar import References
from trombine.measures.distances import COARSE
from trombine.refusal import InputError, shown
from trombine.texts import aligned

PIXELS: Final = "pixels"
FEATURES: Final = (witness.WITNESS, PIXELS)  # those that need no file
LIKENESS: Final = "likeness"
_AT_ONCE: Final = 128  # pictures that are read between two steps of the bar
_ALIKE: Final = 150  # pictures of a set of which each two are compared by SSIM
_SAME: Final = 0.1  # of the distance between real neighbours: nearer is nearly the same picture
_SMALL: Final = 64  # pixels a side, of these

Values = Float64[np.ndarray, "_"]
Features = Float64[np.ndarray, "_ _"]
Pictures = UInt8[np.ndarray, "n 128 128 3"]
Batch = Float32[torch.Tensor, "n 3 128 128"]


@dataclass(frozen=True, eq=False)
class Kind:
    """Features of one kind."""

    name: str
    label: str  # with the hash of their net; part of every number
    of: Callable[[Batch, witness.Seen], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Read:
    """What is known of the pictures of a set."""

    features: dict[str, Features]  # by their kinds
    fields: dict[str, Values]  # of the faces among them
    faces: Int64[np.ndarray, "_"]  # which are faces


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each picture of a set the nearest one of the other, and how far it is."""

    rows: Int64[np.ndarray, "_"]
    distances: Values  # 1: the median of a real picture's distance to the nearest other real one


@dataclass(frozen=True, eq=False)
class Table:
    """All that is said by features of one kind."""

    kind: str
    features: str  # their name and hash, part of every number
    figures: dict[str, Compared]
    to_real: Nearest
    to_generated: Nearest
    places: tuple[Features, Features]  # of both sets, on the real set's two principal axes
    share: float  # of the real set's variance, on these


@dataclass(frozen=True, eq=False)
class Report:
    """Two sets, judged."""

    generated: PictureSet
    real: PictureSet
    remarks: tuple[str, ...]
    tables: tuple[Table, ...]
    alike: Compared  # mean SSIM of two pictures of one set
    fields: list[Field]
    real_fields: list[Field]  # of two halves of the real set
    reads: tuple[Read, Read]


def witness_name() -> str:
    """What stands with every number that the witness gives."""
    return f"{witness.WITNESS} {witness.witness().hash}"


def feature_kinds(asked: Sequence[str]) -> list[Kind]:
    """The features that are asked for: witness, pixels, or a published net's."""
    kinds = [_kind(text) for text in asked]
    if len({kind.name for kind in kinds}) < len(kinds) or not kinds:
        raise InputError("each kind of --features is named once")
    return kinds


def _kind(text: str) -> Kind:
    if text == witness.WITNESS:
        return Kind(text, witness_name(), lambda _batch, seen: seen.features)
    if text == PIXELS:
        return Kind(text, f"{text} {COARSE} x {COARSE}", lambda batch, _seen: _colours(batch))
    if text.partition(":")[0] not in NETS:
        raise InputError(
            f"features are {', '.join(FEATURES)} or {', '.join(NETS)}, not {shown(text)}"
        )
    net = feature_net(text)
    return Kind(net.name, f"{net.name} {net.hash}", lambda batch, _seen: net(batch))


def _colours(batch: Batch) -> torch.Tensor:
    return torch.nn.functional.adaptive_avg_pool2d(batch.double(), COARSE).flatten(1)


def judge(
    generated: PictureSet, real: PictureSet, kinds: Sequence[Kind]
) -> Generator[Event, None, Report]:
    """All of it; the features are those of `kinds`, each with a table of its own."""
    reads = []
    for side, each in (("generated", generated), ("real", real)):
        reads.append((yield from _read(each.pictures, side, kinds)))
    ours, theirs = reads
    tables = []
    for kind in kinds:
        job = partial(figures, ours.features[kind.name], theirs.features[kind.name])
        results = yield from ticked("draws", lambda tick, job=job: job(tick=tick))
        tables.append(_table(kind, results, ours, theirs))
    return Report(
        generated=generated,
        real=real,
        remarks=(
            *remarks(generated, real),
            *_faceless((generated, real), (ours, theirs)),
            *_nearly_same(generated, tables[0]),
        ),
        tables=tuple(tables),
        alike=diversities(*(_alike(each.pictures) for each in (generated, real))),
        fields=compare(ours.fields, theirs.fields),
        real_fields=compare(*_halves(theirs)),
        reads=(ours, theirs),
    )


def _read(pictures: Pictures, side: str, kinds: Sequence[Kind]) -> Generator[Event, None, Read]:
    parts, faces = [], []
    features: dict[str, list[Features]] = {kind.name: [] for kind in kinds}
    for start in range(0, len(pictures), _AT_ONCE):
        several = pictures[start : start + _AT_ONCE]
        batch = torch.stack([to_picture(pixels) for pixels in several])
        seen = witness.seen(batch)
        for kind in kinds:
            features[kind.name].append(kind.of(batch, seen).double().numpy())
        parts.append(columns(seen))
        faces.append(start + np.flatnonzero(seen.is_face.numpy()))
        yield Progress(start + len(several), len(pictures), f"{side} pictures read")
    return Read(
        features={name: np.concatenate(several) for name, several in features.items()},
        fields={name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        faces=np.concatenate(faces),
    )


def _faceless(sets: Sequence[PictureSet], reads: Sequence[Read]) -> Iterator[str]:
    for each, read in zip(sets, reads, strict=True):
        if missing := len(each) - len(read.faces):
            yield f"{each.name}: in {missing:,} of {len(each):,} pictures the witness sees no face"


def _nearly_same(generated: PictureSet, table: Table) -> Iterator[str]:
    """A generator that repeats what it learned from has the best figures of all."""
    if same := int((table.to_real.distances < _SAME).sum()):
        copies = f"{same:,} of {len(generated):,} pictures are nearly those of the real set"
        yield f"{generated.name}: {copies}; `trombine judge originality` says which are copies"


def _halves(read: Read) -> tuple[dict[str, Values], dict[str, Values]]:
    """The fields of every other picture, and those of the rest: a set's order is by hashes."""
    first, second = ({name: v[k::2] for name, v in read.fields.items()} for k in (0, 1))
    return first, second


def _alike(pictures: Pictures) -> Features:
    """SSIM of each two of the first pictures, which are any, small."""
    batch = torch.stack([to_picture(pixels) for pixels in pictures[:_ALIKE]])
    small = torch.nn.functional.adaptive_avg_pool2d(batch, _SMALL).mul(255).round()
    pixels = np.ascontiguousarray(small.permute(0, 2, 3, 1).to(torch.uint8).numpy())
    return References(pixels, threads=1).scores(pixels).astype(np.float64)


def _table(kind: Kind, results: dict[str, Compared], ours: Read, theirs: Read) -> Table:
    generated, real = ours.features[kind.name], theirs.features[kind.name]
    across, inside = apart(generated, real), apart(real, real)
    np.fill_diagonal(inside, np.inf)
    unit = float(np.median(inside.min(1))) or 1.0
    middle = real.mean(0)
    _, lengths, axes = np.linalg.svd(real - middle, full_matrices=False)
    places = [(features - middle) @ axes[:2].T for features in (generated, real)]
    return Table(
        kind=kind.name,
        features=kind.label,
        figures=results,
        to_real=Nearest(across.argmin(1), across.min(1) / unit),
        to_generated=Nearest(across.argmin(0), across.min(0) / unit),
        places=(places[0], places[1]),
        share=float(np.square(lengths[:2]).sum() / max(np.square(lengths).sum(), 1e-300)),
    )


# ---------------------------------------------------------------------------------------------
# As text

HEADS: Final = ("figure", "generated", "real", "pictures")


def as_text(report: Report) -> str:
    """Tables of figures, what is missing or overdone, and which fields differ."""
    return "\n".join(
        (
            f"generated: {_described(report.generated)}",
            f"real: {_described(report.real)}",
            *(f"note: {text}" for text in report.remarks),
            *(line for table in report.tables for line in ("", *_table_lines(table))),
            "",
            f"SSIM of two pictures of one set, {_SMALL} pixels: {_row(LIKENESS, report.alike)[1]}"
            f" generated, {_row(LIKENESS, report.alike)[2]} real ({sizes_of(report.alike)})",
            "",
            *_field_lines(report),
        )
    )


def _described(each: PictureSet) -> str:
    return f"{each.name}, {len(each):,} pictures, hash {each.hash}"


def _table_lines(table: Table) -> list[str]:
    rows = [HEADS, *(_row(name, result) for name, result in table.figures.items())]
    return [f"features: {table.features}", *aligned(rows)]


def _row(name: str, result: Compared) -> tuple[str, str, str, str]:
    error = "" if result.error is None else f" ± {result.error:.2g}"
    ours, theirs = (spell(value) for value in (result.value, result.real))
    if result.p is not None and result.real_p is not None:
        ours, theirs = f"{ours}, p {spell_p(result.p)}", f"{theirs}, p {spell_p(result.real_p)}"
    return name, ours + error, theirs, sizes_of(result)


def sizes_of(result: Compared) -> str:
    """How many pictures of either set; those of real against real, where they are fewer."""
    ours, theirs = (f"{a} + {b}" for a, b in (result.sizes, result.real_sizes))
    return ours if ours == theirs else f"{ours}; {theirs}"


def digits_of(value: float) -> int:
    """After the point, so that there are about three that count."""
    return 3 if abs(value) >= 0.1 else 4


def spell(result: Estimate) -> str:
    """A figure and its interval."""
    if result.value is None or result.low is None or result.high is None:
        return "–"
    digits = max(digits_of(end) for end in (result.value, result.high))
    return f"{result.value:.{digits}f} ({result.low:.{digits}f} to {result.high:.{digits}f})"


def spell_p(p: float) -> str:
    """A p-value, never as zero."""
    if p < 1e-99:
        return "below 1e-99"
    return f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"


def _field_lines(report: Report) -> Iterator[str]:
    yield counted(report)
    for finding in findings(report.fields):
        yield f"  {finding}"
    for field in report.fields:
        if field.differs:
            shifts = (" ".join(f"{v:.3g}" for v in q) for q in (field.generated, field.real))
            ours, theirs = shifts
            yield (
                f"  differs: {field.name}, by {field.distance:.2f}, p {spell_p(field.p)};"
                f" 10 %, half, 90 % below {ours}; real {theirs}"
            )


def counted(report: Report) -> str:
    """How many fields differ, and of the real halves, where none should."""
    if len(report.fields) < 2:
        return "fields: too few faces to compare what the witness reads"
    differ, own = (sum(f.differs for f in fields) for fields in (report.fields, report.real_fields))
    text = f"fields: {differ} of {len(report.fields)} that {witness_name()} reads differ"
    if len(report.real_fields) < 2:
        return f"{text}; halves of the real set have too few faces to be compared"
    return f"{text}; {own} of {len(report.real_fields)} between two halves of the real set"


# ---------------------------------------------------------------------------------------------
# As JSON


def as_json(report: Report) -> str:
    """All numbers, those of each picture too. What is not finite is null."""
    return json.dumps(_plain(_record(report)), indent=1, allow_nan=False)


def _record(report: Report) -> dict[str, Any]:
    return {
        "generated": _set_record(report.generated),
        "real": _set_record(report.real),
        "notes": report.remarks,
        "tables": [
            {
                "features": table.features,
                "figures": {name: vars_of(result) for name, result in table.figures.items()},
            }
            for table in report.tables
        ],
        "ssim": vars_of(report.alike),
        "witness": witness.witness().hash,
        "findings": [vars(finding) | {"text": str(finding)} for finding in findings(report.fields)],
        "fields": [_field_record(field) for field in report.fields],
        "real_fields": [_field_record(field) for field in report.real_fields],
        "pictures": {
            "generated": _pictures(report, 0),
            "real": _pictures(report, 1),
        },
    }


def _set_record(each: PictureSet) -> dict[str, Any]:
    return {"set": each.name, "hash": each.hash, "pictures": len(each), "of": each.total}


def vars_of(result: Compared) -> dict[str, Any]:
    """A figure as JSON holds it."""
    return vars(result) | {"value": vars(result.value), "real": vars(result.real)}


def _field_record(field: Field) -> dict[str, Any]:
    bins = [vars(part) | {"verdict": part.verdict} for part in field.bins]
    return vars(field) | {"bins": bins}


def _pictures(report: Report, side: int) -> list[dict[str, Any]]:
    ours, other = ((report.generated, report.real), (report.real, report.generated))[side]
    read = report.reads[side]
    place_of = {row: place for place, row in enumerate(read.faces.tolist())}
    records = []
    for row, (name, digest) in enumerate(zip(ours.names, ours.hashes, strict=True)):
        nearest = {}
        for table in report.tables:
            near = (table.to_real, table.to_generated)[side]
            other_name = other.names[int(near.rows[row])]
            distance = float(near.distances[row])
            nearest[table.features] = {"name": other_name, "distance": distance}
        record: dict[str, Any] = {"name": name, "hash": digest[:12], "nearest": nearest}
        if row in place_of:
            place = place_of[row]
            record["fields"] = {
                field: float(read.fields[field][place]) for field in witness.field_names()
            }
        records.append(record)
    return records


def _plain(value: Any) -> Any:
    """Numbers of few digits; what is not finite is None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
