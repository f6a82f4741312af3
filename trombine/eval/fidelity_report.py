"""Two sets of pictures judged (fidelity.py), by features of several kinds; its text and page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64, UInt8

from trombine.core.conventions import to_picture
from trombine.core.errors import InputError, shown
from trombine.core.progress import Progress, silent
from trombine.core.texts import aligned
from trombine.eval import witness
from trombine.eval.fidelity import FIGURES, Figure, apart, figures
from trombine.eval.fidelity_sets import PictureSet, remarks
from trombine.eval.published import NETS, feature_net
from trombine.metrics.distances import COARSE
from trombine.report import Report

PIXELS: Final = "pixels"
FEATURES: Final = (witness.WITNESS, PIXELS)  # those that need no file
_AT_ONCE: Final = 128  # pictures that are read between two steps of the bar
_SAME: Final = 0.1  # of the distance between real neighbours: nearer is nearly the same picture
_SHOWN: Final = 8  # pictures of either kind, on the page

Values = Float64[np.ndarray, "_"]
Features = Float64[np.ndarray, "_ _"]
Batch = Float32[torch.Tensor, "n 3 128 128"]


@dataclass(frozen=True, eq=False)
class Kind:
    """Features of one kind."""

    name: str
    label: str  # with the hash of their net; part of every number
    of: Callable[[Batch, witness.Seen], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each picture of a set the nearest one of the other, and how far it is."""

    rows: Int64[np.ndarray, "_"]
    distances: Values  # 1: the median of a real picture's distance to the nearest other real one


@dataclass(frozen=True, eq=False)
class Table:
    """All that is said by features of one kind."""

    features: str  # their name and hash
    figures: dict[str, Figure]
    to_real: Nearest
    to_generated: Nearest


@dataclass(frozen=True, eq=False)
class Judged:
    """Two sets, judged."""

    generated: PictureSet
    real: PictureSet
    remarks: tuple[str, ...]
    tables: tuple[Table, ...]


def feature_kinds(asked: Sequence[str]) -> list[Kind]:
    """The features that are asked for: witness, pixels, or a published net's."""
    kinds = [_kind(text) for text in asked]
    if len({kind.name for kind in kinds}) < len(kinds) or not kinds:
        raise InputError("each kind of --features is named once")
    return kinds


def _kind(text: str) -> Kind:
    if text == witness.WITNESS:
        label = f"{witness.WITNESS} {witness.witness().hash}"
        return Kind(text, label, lambda _batch, seen: seen.features)
    if text == PIXELS:
        return Kind(text, f"{text} {COARSE} x {COARSE}", lambda batch, _seen: _colours(batch))
    if text.partition(":")[0] not in NETS:
        names = f"{', '.join(FEATURES)} or {', '.join(NETS)}"
        raise InputError(f"features are {names}, not {shown(text)}")
    net = feature_net(text)
    return Kind(net.name, f"{net.name} {net.hash}", lambda batch, _seen: net(batch))


def _colours(batch: Batch) -> torch.Tensor:
    return torch.nn.functional.adaptive_avg_pool2d(batch.double(), COARSE).flatten(1)


def judge(
    generated: PictureSet, real: PictureSet, kinds: Sequence[Kind], progress: Progress = silent
) -> Judged:
    """All of it; the features are those of `kinds`, each with a table of its own."""
    (ours, our_faces), (theirs, their_faces) = (
        read_features(each.pictures, kinds, lambda n, of, side=side: progress(n, of, side))
        for side, each in (("generated pictures read", generated), ("real pictures read", real))
    )
    notes = list(remarks(generated, real))
    for each, faces in ((generated, our_faces), (real, their_faces)):
        if missing := len(each) - faces:
            notes.append(
                f"{each.name}: in {missing:,} of {len(each):,} pictures the witness sees no face"
            )
    tables = []
    for kind in kinds:
        tables.append(_table(kind, ours[kind.name], theirs[kind.name]))
        progress(len(tables), len(kinds), "kinds of features")
    # A generator that repeats what it learned from has the best figures of all.
    if same := int((tables[0].to_real.distances < _SAME).sum()):
        copies = f"{same:,} of {len(generated):,} pictures are nearly those of the real set"
        remedy = "`trombine judge originality` says which are copies"
        notes.append(f"{generated.name}: {copies}; {remedy}")
    return Judged(generated, real, tuple(notes), tuple(tables))


def read_features(
    pictures: UInt8[np.ndarray, "n 128 128 3"],
    kinds: Sequence[Kind],
    tick: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[dict[str, Features], int]:
    """The features of pictures by their kinds, and in how many the witness sees a face."""
    features: dict[str, list[Features]] = {kind.name: [] for kind in kinds}
    faces = 0
    for start in range(0, len(pictures), _AT_ONCE):
        batch = torch.stack([to_picture(each) for each in pictures[start : start + _AT_ONCE]])
        seen = witness.seen(batch)
        for kind in kinds:
            features[kind.name].append(kind.of(batch, seen).double().numpy())
        faces += int(seen.is_face.sum())
        tick(start + len(batch), len(pictures))
    return {name: np.concatenate(parts) for name, parts in features.items()}, faces


def _table(kind: Kind, generated: Features, real: Features) -> Table:
    across, inside = apart(generated, real), apart(real, real)
    np.fill_diagonal(inside, np.inf)
    unit = float(np.median(inside.min(1))) or 1.0
    return Table(
        features=kind.label,
        figures=figures(generated, real),
        to_real=Nearest(across.argmin(1), across.min(1) / unit),
        to_generated=Nearest(across.argmin(0), across.min(0) / unit),
    )


# ---------------------------------------------------------------------------------------------
# As text and JSON

_HEADS: Final = ("figure", "generated", "half of it", "real against real", "best")


def text_of(judged: Judged) -> str:
    """The sets, what a reader has to know of them, and the figures."""
    sets = (("generated", judged.generated), ("real", judged.real))
    lines = [f"{side}: {each.name}, {len(each):,} pictures, {each.hash}" for side, each in sets]
    lines += [f"note: {text}" for text in judged.remarks]
    for table in judged.tables:
        lines += ["", f"by {table.features}", *aligned([_HEADS, *_rows(table)])]
    return "\n".join(lines)


def _rows(table: Table) -> Iterator[tuple[str, ...]]:
    for name, figure in table.figures.items():
        ours, theirs = _spelled(figure.value, figure.p), _spelled(figure.real, figure.real_p)
        yield name, ours, _spelled(figure.half), theirs, FIGURES[name].best


def _spelled(value: float, p: float | None = None) -> str:
    """A figure with about three digits that count, and its p-value."""
    text = f"{value:.{3 if abs(value) >= 0.1 else 4}f}"
    return text if p is None else f"{text}, p {p:.3f}"


def numbers_of(judged: Judged) -> dict[str, Any]:
    """All numbers, those of each picture too."""
    return _plain(
        {
            "generated": _set_record(judged.generated),
            "real": _set_record(judged.real),
            "notes": list(judged.remarks),
            "witness": witness.witness().hash,
            "tables": [
                {"features": t.features, "figures": {n: asdict(f) for n, f in t.figures.items()}}
                for t in judged.tables
            ],
            "pictures": {"generated": _pictures(judged, 0), "real": _pictures(judged, 1)},
        }
    )


def _set_record(each: PictureSet) -> dict[str, Any]:
    return {"set": each.name, "hash": each.hash, "pictures": len(each), "of": each.total}


def _pictures(judged: Judged, side: int) -> list[dict[str, Any]]:
    """Each picture with the nearest one of the other set, by each kind of features."""
    ours, other = ((judged.generated, judged.real), (judged.real, judged.generated))[side]
    nears = {table.features: (table.to_real, table.to_generated)[side] for table in judged.tables}
    return [
        {
            "name": name,
            "hash": digest[:12],
            "nearest": {
                features: {
                    "name": other.names[int(near.rows[row])],
                    "distance": float(near.distances[row]),
                }
                for features, near in nears.items()
            },
        }
        for row, (name, digest) in enumerate(zip(ours.names, ours.hashes, strict=True))
    ]


def _plain(value: Any) -> Any:
    """Numbers of six digits; what is not finite is None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


# ---------------------------------------------------------------------------------------------
# The report


def report_of(judged: Judged) -> Report:
    """The figures, and the pictures that stand out."""
    generated, real = judged.generated, judged.real
    report = Report(
        title="Generated against real",
        lead=f"{len(generated):,} generated pictures ({generated.name}) against {len(real):,} real"
        f" ones ({real.name}).",
        foot=f"Sets {generated.hash} and {real.hash}.",
    )
    report.section(
        "Figures",
        "All pictures of both sets. Beside it the same of one half of the real set against the"
        " other, which is what zero looks like, and of as many generated ones against such a half:"
        " figures depend on how many there are. Those of different features do not compare.",
    )
    for remark in judged.remarks:
        report.text(remark, small=True)
    for n, table in enumerate(judged.tables):
        report.table(_HEADS, _rows(table), caption=f"By {table.features}", csv=not n)
    shares = {name: figure.value for name, figure in judged.tables[0].figures.items()}
    near = {name: shares[name] for name in ("precision", "recall", "density", "coverage")}
    report.bars("How the sets lie among each other", near, y_label="of the generated pictures")
    about = [[name, figure.text] for name, figure in FIGURES.items()]
    report.table(["figure", "what it is"], about, caption="What the figures are", words=True)
    for table in judged.tables:
        report.section(
            f"Far from the others, by {table.features.partition(' ')[0]}",
            "Generated pictures that are the farthest from any real one: what was made up. Real"
            " ones that no generated one is near: what is missing. A distance of 1 is that of a"
            " real picture to the nearest other real one, at the median.",
        )
        _show_far(report, generated, table.to_real, "Generated, far from all real ones")
        _show_far(report, real, table.to_generated, "Real, far from all generated ones")
    return report


def _show_far(report: Report, each: PictureSet, near: Nearest, title: str) -> None:
    far = np.argsort(-near.distances, kind="stable")[:_SHOWN].tolist()
    cells = ((each.pictures[row], f"{near.distances[row]:.2f} {each.names[row]}") for row in far)
    report.pictures(cells, columns=8, on_phone=4, title=title)
