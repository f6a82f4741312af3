"""Two sets of pictures judged (fidelity.py), by features of several kinds; its text and page.

All pictures are made alike: the middle square, resized once to the witness's window by the same
filter, for what differs in how it was resized is told apart by that alone.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, Progress, silent
from trombine.core.rng import Rng
from trombine.core.texts import aligned
from trombine.eval import witness
from trombine.eval.fidelity import FIGURES, Figure, apart, figures
from trombine.eval.published import NETS, feature_net
from trombine.eval.sets import open_place
from trombine.faces import frames
from trombine.metrics.distances import COARSE
from trombine.report import Report

PIXELS: Final = "pixels"
FIRST_SEEDS: Final = {"real": 2_000_000, "generated": 3_000_000}  # of painted sets: no net's
_AT_ONCE: Final = 128  # pictures that are read between two steps of the bar
_SAME: Final = 0.1  # of the distance between real neighbours: nearer is nearly the same picture
_SHOWN: Final = 8  # pictures of either kind, on the page

Pixels = UInt8[np.ndarray, "_ _ 3"]
Features = Float64[np.ndarray, "_ _"]
Batch = Float32[torch.Tensor, "n 3 128 128"]
Nearest = tuple[np.ndarray, np.ndarray]
"""Of each picture of a set the nearest one of the other, and how far it is: 1 is the median of a
real picture's distance to the nearest other real one."""


# ---------------------------------------------------------------------------------------------
# Sets


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures in the witness's window, in the order of their hashes, so that no name matters."""

    name: str
    names: tuple[str, ...]
    hashes: tuple[str, ...]  # of what each shows, before it was resized
    pictures: UInt8[np.ndarray, "n 128 128 3"]
    sizes: tuple[tuple[int, int], ...]  # width and height, those of most pictures first
    total: int  # how many there are, of which these were drawn
    skipped: int  # that could not be read
    lossless: bool
    files: tuple[Path, ...]  # that it may be read from

    def __len__(self) -> int:
        return len(self.names)

    @property
    def hash(self) -> str:
        """Of all pictures, whatever their names."""
        return hashlib.sha256("".join(self.hashes).encode()).hexdigest()[:12]


def read_set(
    text: str,
    side: str,
    account: Account,
    progress: Progress = silent,
    *,
    most: int,
    size: int | None = None,
) -> PictureSet:
    """The pictures of a path or a spec, at most so many; those that cannot be read are named.

    `size` is that of painted pictures, and of those that a spec takes from a folder.
    """
    first = FIRST_SEEDS[side]
    place = open_place(text, size or witness.WINDOW, account, progress, first_seed=first)
    drawn = Rng(seed=0, places=np.arange(min(most, place.count), dtype=np.int64))
    rows = drawn.order("fidelity set", place.count) if place.count else drawn.places
    items: list[tuple[str, str, Pixels]] = []
    sizes: Counter[tuple[int, int]] = Counter()
    lossless = True
    for number, row in enumerate(rows.tolist(), 1):
        try:
            pixels, is_exact = place.read(row)
        except InputError as error:
            account.skip(error.path or place.path, error)
            continue
        digest = hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()
        items.append((digest, place.name(row), in_window(pixels)))
        sizes[pixels.shape[1], pixels.shape[0]] += 1
        lossless = lossless and is_exact
        progress(number, len(rows), f"{side} pictures")
    items.sort(key=lambda item: item[:2])
    windows = [window for *_, window in items]
    return PictureSet(
        name=shown(text),
        names=tuple(name for _, name, _ in items),
        hashes=tuple(digest for digest, *_ in items),
        pictures=np.stack(windows) if windows else np.zeros((0, 128, 128, 3), np.uint8),
        sizes=tuple(shape for shape, _ in sizes.most_common()),
        total=place.count,
        skipped=len(rows) - len(windows),
        lossless=lossless,
        files=place.files,
    )


def in_window(pixels: Pixels) -> Pixels:
    """The middle square of a picture as the witness sees it."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    return to_pixels(frames.in_window(to_picture(square)[None])[0])


def check_apart(generated: PictureSet, real: PictureSet) -> None:
    """Refuse a set that is compared with itself."""
    if set(generated.hashes) == set(real.hashes):
        remedy = "name the generated set, then the real one"
        raise InputError(f"{generated.name} and {real.name} show the same pictures", remedy)


def remarks(generated: PictureSet, real: PictureSet) -> Iterator[str]:
    """What a reader has to know of two sets before any figure."""
    for each in (generated, real):
        if each.total - each.skipped > len(each):
            yield f"{each.name}: {len(each):,} of {each.total:,} pictures are compared"
        if copies := len(each.hashes) - len(set(each.hashes)):
            yield f"{each.name}: {_pictures(copies)} there more than once"
    if both := len(set(generated.hashes) & set(real.hashes)):
        yield f"{_pictures(both)} in both sets"
    ours, theirs = (_sizes(each.sizes) for each in (generated, real))
    if ours != theirs:
        yield (
            f"sizes differ: {ours} generated, {theirs} real; the middle square of each is resized"
            f" to {witness.WINDOW} pixels, and what is enlarged is softer"
        )
    if generated.lossless != real.lossless:
        yield "one set is compressed (JPEG or the like) and the other is not, which may tell"


def _pictures(count: int) -> str:
    return f"{count:,} {'picture is' if count == 1 else 'pictures are'}"


def _sizes(sizes: Sequence[tuple[int, int]]) -> str:
    width, height = sizes[0]
    return f"{width} x {height}" + (" and others" if len(sizes) > 1 else "")


# ---------------------------------------------------------------------------------------------
# Judging


@dataclass(frozen=True, eq=False)
class Kind:
    """Features of one kind."""

    name: str
    label: str  # with the hash of their net; part of every number
    of: Callable[[Batch, witness.Seen], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Table:
    """All that is said by features of one kind."""

    features: str  # their name and hash
    figures: dict[str, Figure]
    nearest: tuple[Nearest, Nearest]  # of the generated, and of the real pictures


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
    if len({kind.name for kind in kinds}) < len(kinds):
        raise InputError("each of --features is named once")
    return kinds


def _kind(text: str) -> Kind:
    if text == witness.WITNESS:
        label = f"{witness.WITNESS} {witness.witness().hash}"
        return Kind(text, label, lambda _batch, seen: seen.features)
    if text == PIXELS:
        pool = torch.nn.functional.adaptive_avg_pool2d
        label = f"{text} {COARSE} x {COARSE}"
        return Kind(text, label, lambda batch, _: pool(batch.double(), COARSE).flatten(1))
    if text.partition(":")[0] not in NETS:
        names = f"{witness.WITNESS}, {PIXELS} or {', '.join(NETS)}"
        raise InputError(f"features are {names}, not {shown(text)}")
    net = feature_net(text)
    return Kind(net.name, f"{net.name} {net.hash}", lambda batch, _seen: net(batch))


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
    if same := int((tables[0].nearest[0][1] < _SAME).sum()):
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
    nearest = tuple((far.argmin(1), far.min(1) / unit) for far in (across, across.T))
    return Table(kind.label, figures(generated, real), (nearest[0], nearest[1]))


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
    """All numbers, those of each picture too, with the nearest one of the other set."""
    sets = {"generated": judged.generated, "real": judged.real}
    pictures: dict[str, Any] = {}
    for side, ours, other in ((0, *sets.values()), (1, judged.real, judged.generated)):
        pictures[[*sets][side]] = [
            {
                "name": name,
                "hash": digest[:12],
                "nearest": {
                    table.features: {
                        "name": other.names[int(table.nearest[side][0][row])],
                        "distance": float(table.nearest[side][1][row]),
                    }
                    for table in judged.tables
                },
            }
            for row, (name, digest) in enumerate(zip(ours.names, ours.hashes, strict=True))
        ]
    return _plain(
        {
            **{
                side: {"set": s.name, "hash": s.hash, "pictures": len(s), "of": s.total}
                for side, s in sets.items()
            },
            "notes": list(judged.remarks),
            "witness": witness.witness().hash,
            "tables": [
                {"features": t.features, "figures": {n: asdict(f) for n, f in t.figures.items()}}
                for t in judged.tables
            ],
            "pictures": pictures,
        }
    )


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
        _show_far(report, generated, table.nearest[0], "Generated, far from all real ones")
        _show_far(report, real, table.nearest[1], "Real, far from all generated ones")
    return report


def _show_far(report: Report, each: PictureSet, near: Nearest, title: str) -> None:
    far = np.argsort(-near[1], kind="stable")[:_SHOWN].tolist()
    cells = ((each.pictures[row], f"{near[1][row]:.2f} {each.names[row]}") for row in far)
    report.pictures(cells, columns=8, on_phone=4, title=title)
