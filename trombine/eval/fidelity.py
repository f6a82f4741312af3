"""How two sets of pictures differ, as their features lie: distances, neighbours, a test, diversity.

    figures(generated, real)          a Figure of each name of FIGURES

They are the papers': all pictures of both sets, no resampling; Fréchet's distance as clean-fid has
it of its own features, neighbours as the package prdc. Beside every figure stands the same one of
one half of the real set against the other, so that it is seen what zero looks like; and, as many
figures depend on how many pictures there are, that of as many generated ones against such a half.

All pictures are made alike: the middle square, resized once to the witness's window by the same
filter, for what differs in how it was resized is told apart by that alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float32, Float64, UInt8
from scipy import stats

from trombine.core.conventions import to_picture, to_pixels
from trombine.core.devices import CPU
from trombine.core.errors import InputError, shown
from trombine.core.progress import Account, Progress, silent
from trombine.core.rng import FIRST, Rng
from trombine.core.texts import counted
from trombine.core.tiles import cut, middle
from trombine.eval import witness
from trombine.eval.published import NETS, feature_net
from trombine.eval.sets import PictureSet, open_set
from trombine.faces import frames
from trombine.metrics import look
from trombine.report import Report, as_json

FEWEST: Final = 50  # pictures of a set: with fewer every figure is mostly chance
MOST: Final = 5000  # that are compared with one another; Fréchet's distance alone takes all
NEAREST: Final = 5  # neighbours of precision, recall, density and coverage
SHUFFLES: Final = 999  # permutations of the classifier's test
LOOK: Final = "look"
VIEWS: Final = (witness.WITNESS, LOOK)  # a set is as real as the worse of both says
SIGNIFICANT: Final = 0.01  # the p-value below which two sets differ
FIRST_SEEDS: Final = {"real": 2_000_000, "generated": 3_000_000}  # of painted sets: no net's
_AT_ONCE: Final = 128  # pictures that are read between two steps of the bar
_SAME: Final = 0.1  # of the distance between real neighbours: nearer is nearly the same picture
_SHOWN: Final = 8  # pictures of either kind, on the page

Pixels = UInt8[np.ndarray, "_ _ 3"]
Features = Float64[np.ndarray, "_ d"]
Table = Float64[np.ndarray, "_ _"]
Values = Float64[np.ndarray, "_"]
Batch = Float32[torch.Tensor, "n 3 128 128"]
Nearest = tuple[np.ndarray, np.ndarray]
"""Of each picture of a set the nearest one of the other, and how far it is: 1 is the median of a
real picture's distance to the nearest other real one."""


ALL: Final = "Fréchet of all"  # where more are asked for than are compared with one another
# What each figure would be if the generated pictures were real ones, and what it says.
FIGURES: Final = {
    "Fréchet": ("as real", "squared distance of two Gaussians; falls with size"),
    ALL: ("as real", "the same of all pictures, not of the drawn ones alone"),
    "KID": ("0", "squared distance of mean kernels (Bińkowski et al. 2018)"),
    "precision": ("as real", "share of generated that lie among the real"),
    "recall": ("as real", "share of real that lie among the generated"),
    "density": ("1", "how densely real ones lie where the generated are"),
    "coverage": ("as real", "share of real that have a generated one near"),
    "accuracy": ("0.5", "a classifier's, on pictures that it did not learn from"),
    "diversity": ("as real", "mean distance between two pictures of one set"),
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure of generated against real, and of real against real."""

    value: float
    half: float  # of as many as half of the real ones are, against such a half
    real: float  # of one half of the real ones against the other
    p: float | None = None  # of the classifier's test
    real_p: float | None = None


def figures(generated: Features, real: Features) -> dict[str, Figure]:
    """All of FIGURES. What counts neighbours takes time and memory by the square of the number of
    pictures."""
    for features in (generated, real):
        if len(features) < FEWEST:
            raise InputError(f"there are {len(features)} pictures, and {FEWEST} are needed")
    generator = Rng(seed=0, places=FIRST).generator("fidelity halves")
    real, generated = (each[generator.permutation(len(each))] for each in (real, generated))
    half = len(real) // 2
    some, others = real[:half], real[half : 2 * half]
    pairs = ((generated, real), (generated[:half], some), (others, some))
    ours, halves, floor = (_values(a, b) for a, b in pairs)
    tested = {"accuracy": {"p": ours.pop("p"), "real_p": floor.pop("p")}}
    return {
        name: Figure(value=ours[name], half=halves[name], real=floor[name], **tested.get(name, {}))
        for name in FIGURES
        if name in ours
    }


def _values(a: Features, b: Features) -> dict[str, float]:
    """The figures of one set against another, and the p-value of the accuracy."""
    accuracy, p = classify(a, b)
    diversity = float(apart(a, a)[np.triu_indices(len(a), 1)].mean())
    return {
        "Fréchet": frechet(a, b),
        "KID": kid(a, b),
        **prdc(a, b),
        "accuracy": accuracy,
        "p": p,
        "diversity": diversity,
    }


# Distances


def frechet(a: Features, b: Features) -> float:
    """The squared Fréchet distance between Gaussians of these means and covariances.

    The trace of the root of the product of two covariances is the sum of the singular values of
    the product of their factors, so that no root of a matrix is taken and fewer pictures than
    features will do.
    """
    return gaussians_apart(a.mean(0) - b.mean(0), _factor(a), _factor(b))


def gaussians_apart(shift: Values, x: Features, y: Features) -> float:
    """The squared Fréchet distance of Gaussians whose means differ by `shift`, and whose
    covariances are x'x and y'y."""
    both = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return max(float(shift @ shift + np.square(x).sum() + np.square(y).sum() - 2 * both), 0.0)


def _factor(features: Features) -> Features:
    """R with R'R the covariance of the features, and no more rows than needed."""
    centred = features - features.mean(0)
    return np.asarray(np.linalg.qr(centred, mode="r")) / math.sqrt(len(features) - 1)


def kid(a: Features, b: Features) -> float:
    """The unbiased squared maximum mean discrepancy with KID's cubic kernel, of all pictures."""
    inside = (_kernel(x, x) for x in (a, b))
    within = (values[~np.eye(len(values), dtype=np.bool_)].mean() for values in inside)
    return float(sum(within) - 2 * _kernel(a, b).mean())


def _kernel(a: Features, b: Features) -> Table:
    """(x·y / d + 1)³, for each two."""
    return (a @ b.T / a.shape[1] + 1) ** 3


# Neighbours


def prdc(generated: Features, real: Features) -> dict[str, float]:
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020).

    A picture's neighbourhood reaches to the NEAREST-th other one of its own set.
    """
    across = apart(generated, real)
    ours, theirs = (  # each picture's own place is the first
        np.partition(apart(each, each), NEAREST, axis=1)[:, NEAREST] for each in (generated, real)
    )
    within = across < theirs
    return {
        "precision": float(within.any(1).mean()),
        "recall": float((across < ours[:, None]).any(0).mean()),
        "density": float(within.sum() / (NEAREST * len(generated))),
        "coverage": float(within.any(0).mean()),
    }


def apart(a: Features, b: Features) -> Table:
    """The distance of each two."""
    middle = b.mean(0)  # near zero there is less to lose in the differences of squares
    x, y = a - middle, b - middle
    squares = np.square(x).sum(1)[:, None] + np.square(y).sum(1) - 2 * x @ y.T
    distances = np.sqrt(squares.clip(0))
    if a is b:
        np.fill_diagonal(distances, 0)
    return distances


# A classifier


def classify(a: Features, b: Features, *, seed: int = 0) -> tuple[float, float]:
    """Whether two sets can be told apart: a classifier two-sample test (Lopez-Paz and Oquab 2017).

    Half of either set trains a linear discriminant on features and their squares, which judges the
    other half: its accuracy there, and how likely one as good is with shuffled labels.
    """
    count = min(len(a), len(b)) // 2
    generator = Rng(seed=seed, places=FIRST).generator("fidelity classifier")
    ours, theirs = (features[generator.permutation(len(features))] for features in (a, b))
    scores = _discriminant(ours[:count], theirs[:count], ours[count:], theirs[count:])

    def accuracy(x: np.ndarray, y: np.ndarray, axis: int = -1) -> Any:
        return ((x > 0).mean(axis) + (y < 0).mean(axis)) / 2

    test = stats.permutation_test(
        scores,
        accuracy,
        vectorized=True,
        n_resamples=SHUFFLES,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return float(test.statistic), float(test.pvalue)


def _discriminant(
    a: Features, b: Features, judged_a: Features, judged_b: Features
) -> tuple[Values, Values]:
    """The scores of what is judged, above 0 for the kind of `a`, by Fisher's discriminant of as
    many of `a` as of `b`.

    The total covariance stands for that inside the classes: it gives the same direction. It is held
    up by as much as there are more features than pictures.
    """
    train = np.concatenate([a, b])
    middle, deviation = train.mean(0), train.std(0)
    deviation = np.where(deviation > 0, deviation, 1)

    def see(x: Features) -> Table:  # squares: a set that lies closer together is told by these
        scaled = (x - middle) / deviation
        return np.concatenate([scaled, np.square(scaled)], 1)

    seen = see(train)
    centre = seen.mean(0)
    centred = seen - centre
    count, width = seen.shape
    signs = np.repeat([1.0, -1.0], (len(a), len(b)))
    covariance = centred.T @ centred / count + width / count * np.eye(width)
    direction = np.linalg.solve(covariance, signs @ centred)
    return (see(judged_a) - centre) @ direction, (see(judged_b) - centre) @ direction


# ---------------------------------------------------------------------------------------------
# Sets


def read_set(
    text: str,
    side: str,
    account: Account,
    progress: Progress = silent,
    *,
    most: int,
    size: int | None = None,
) -> PictureSet:
    """The pictures of a path or a spec in the witness's window, at most so many, in the order of
    their hashes, so that no name matters.

    `size` is that of painted pictures, and of those that a spec takes from a folder.
    """
    found = open_set(
        text,
        size or witness.WINDOW,
        account,
        progress,
        most=most,
        first_seed=FIRST_SEEDS[side],
        window=in_window,
    )
    order = sorted(range(len(found)), key=lambda row: (found.hashes[row], found.name(row)))
    return replace(
        found,
        spec=shown(text),
        pictures=found.pictures[order],
        name=lambda row: found.name(order[row]),
        hashes=tuple(found.hashes[row] for row in order),
    )


def hash_of(each: PictureSet) -> str:
    """Of all pictures of a set, whatever their names."""
    return sha256("".join(each.hashes).encode()).hexdigest()[:12]


def in_window(pixels: Pixels) -> Pixels:
    """The middle square of a picture as the witness sees it."""
    square = cut(to_picture(pixels), middle(*pixels.shape[:2])).contiguous()
    return to_pixels(frames.in_window(square[None])[0])


def check_apart(generated: PictureSet, real: PictureSet) -> None:
    """Refuse a set that is compared with itself."""
    if set(generated.hashes) == set(real.hashes):
        remedy = "name the generated set, then the real one"
        raise InputError(f"{generated.spec} and {real.spec} show the same pictures", remedy)


def remarks(generated: PictureSet, real: PictureSet) -> Iterator[str]:
    """What a reader has to know of two sets before any figure."""
    for each in (generated, real):
        if each.total - each.skipped > len(each):
            yield f"{each.spec}: {len(each):,} of {each.total:,} pictures are compared"
        if copies := len(each.hashes) - len(set(each.hashes)):
            yield f"{each.spec}: {_are(copies)} there more than once"
    if both := len(set(generated.hashes) & set(real.hashes)):
        yield f"{_are(both)} in both sets"
    if (ours := _sizes(generated)) != (theirs := _sizes(real)):
        yield f"sizes differ: {ours} generated, {theirs} real; what is enlarged is softer"
    if generated.lossless != real.lossless:
        yield "one set is compressed (JPEG or the like) and the other is not, which may tell"


def _are(count: int) -> str:
    return f"{counted(count, 'picture')} {'is' if count == 1 else 'are'}"


def _sizes(each: PictureSet) -> str:
    (((width, height), _), *others) = each.sizes.most_common()
    return f"{width} x {height}" + (" and others" if others else "")


# ---------------------------------------------------------------------------------------------
# Judging


@dataclass(frozen=True, eq=False)
class Kind:
    """Features of one kind."""

    name: str
    label: str  # with the hash of their net; part of every number
    of: Callable[[Batch, witness.Seen], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Measured:
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
    tables: tuple[Measured, ...]

    @property
    def difference(self) -> tuple[str, float]:
        """The features by which the classifier separates the sets best, and its p-value, that of
        any of so many kinds (Bonferroni)."""
        tests = {table.features: table.figures["accuracy"].p or 0.0 for table in self.tables}
        best = min(tests, key=lambda name: tests[name])
        return best, min(1.0, len(tests) * tests[best])

    @property
    def verdict(self) -> str:
        """Whether the generated pictures pass for real ones, in a sentence."""
        name, p = self.difference
        if p >= SIGNIFICANT:
            return f"No difference from real ones is found (p {p:.3f})."
        return f"Differs from real ones by {name.partition(' ')[0]} (p {p:.3f})."


def feature_kinds(asked: Sequence[str], device: str = CPU) -> list[Kind]:
    """The features that are asked for: witness, look, or a published net's, computed on a
    device."""
    kinds = [_kind(text, device) for text in asked]
    if len({kind.name for kind in kinds}) < len(kinds):
        raise InputError("each of --features is named once")
    return kinds


def _kind(text: str, device: str) -> Kind:
    if text == witness.WITNESS:
        label = f"{witness.WITNESS} {witness.witness().hash}"
        return Kind(text, label, lambda _batch, seen: seen.features)
    if text == LOOK:
        return Kind(text, text, lambda batch, _seen: look(batch))
    if text.partition(":")[0] not in NETS:
        names = f"{witness.WITNESS}, {LOOK} or {', '.join(NETS)}"
        raise InputError(f"features are {names}, not {shown(text)}")
    net = feature_net(text, device)
    return Kind(net.name, f"{net.name} {net.hash}", lambda batch, _seen: net(batch))


def judge(
    generated: PictureSet,
    real: PictureSet,
    kinds: Sequence[Kind],
    progress: Progress = silent,
    *,
    of_all: Sequence[Figure] = (),
    device: str = CPU,
) -> Judged:
    """All of it; the features are those of `kinds`, each with a table of its own. `of_all` are
    Fréchet's distances of all pictures, by kind, where the sets are drawn from more."""
    notes, read, tables = list(remarks(generated, real)), [], []
    for side, each in (("generated pictures read", generated), ("real pictures read", real)):
        features, faces = read_features(
            each.pictures, kinds, lambda n, of, side=side: progress(n, of, side), device
        )
        read.append(features)
        if missing := len(each) - faces:
            text = f"in {missing:,} of {len(each):,} pictures the witness sees no face"
            notes.append(f"{each.spec}: {text}")
    for number, kind in enumerate(kinds):
        measured = _measured(kind, *(features[kind.name] for features in read))
        if of_all:
            found = measured.figures | {ALL: of_all[number]}
            measured = replace(measured, figures={n: found[n] for n in FIGURES if n in found})
        tables.append(measured)
        progress(len(tables), len(kinds), "kinds of features")
    # A generator that repeats what it learned from has the best figures of all.
    if same := int((tables[0].nearest[0][1] < _SAME).sum()):
        copies = f"{same:,} of {len(generated):,} pictures are nearly those of the real set"
        remedy = "`trombine judge originality` says which are copies"
        notes.append(f"{generated.spec}: {copies}; {remedy}")
    return Judged(generated, real, tuple(notes), tuple(tables))


def read_features(
    pictures: UInt8[np.ndarray, "n 128 128 3"],
    kinds: Sequence[Kind],
    tick: Callable[[int, int], None] = lambda done, of: None,
    device: str = CPU,
) -> tuple[dict[str, Features], int]:
    """The features of pictures by their kinds, and in how many the witness sees a face."""
    features: dict[str, list[Features]] = {kind.name: [] for kind in kinds}
    faces = 0
    for start in range(0, len(pictures), _AT_ONCE):
        batch = torch.stack([to_picture(each) for each in pictures[start : start + _AT_ONCE]])
        seen = witness.seen(batch, device)
        for kind in kinds:
            features[kind.name].append(kind.of(batch, seen).double().numpy())
        faces += int(seen.is_face.sum())
        tick(start + len(batch), len(pictures))
    return {name: np.concatenate(parts) for name, parts in features.items()}, faces


def _measured(kind: Kind, generated: Features, real: Features) -> Measured:
    across, inside = apart(generated, real), apart(real, real)
    np.fill_diagonal(inside, np.inf)
    unit = float(np.median(inside.min(1))) or 1.0
    nearest = tuple((far.argmin(1), far.min(1) / unit) for far in (across, across.T))
    return Measured(kind.label, figures(generated, real), (nearest[0], nearest[1]))


# ---------------------------------------------------------------------------------------------
# Numbers and report

_HEADS: Final = ("figure", "generated", "half of it", "real against real", "best")


def numbers_of(judged: Judged) -> dict[str, Any]:
    """All figures, and for each picture the nearest one of the other set, as JSON holds them."""
    sets = {"generated": judged.generated, "real": judged.real}
    name, p = judged.difference
    about = {
        side: {"set": s.spec, "hash": hash_of(s), "pictures": len(s), "of": s.total}
        for side, s in sets.items()
    }
    return as_json(
        about
        | {
            "verdict": {"differs": p < SIGNIFICANT, "by": name, "p": p},
            "notes": judged.remarks,
            "witness": witness.witness().hash,
            "tables": [{"features": t.features, "figures": t.figures} for t in judged.tables],
            "pictures": {name: _nearest(judged, side) for side, name in enumerate(sets)},
        }
    )


def _nearest(judged: Judged, side: int) -> list[dict[str, Any]]:
    """For each picture of a set the nearest of the other, by each kind of features."""
    ours, theirs = (judged.generated, judged.real)[:: -1 if side else 1]

    def of(row: int, table: Measured) -> dict[str, Any]:
        which, far = table.nearest[side]
        return {"name": theirs.name(which[row]), "distance": far[row]}

    return [
        {"name": ours.name(row), "nearest": {t.features: of(row, t) for t in judged.tables}}
        for row in range(len(ours))
    ]


def report_of(judged: Judged, *, pictures: bool) -> Report:
    """The figures, and with `pictures` those that stand out."""
    sets = {"generated": judged.generated, "real": judged.real}
    texts = [f"{len(s):,} {side} pictures ({s.spec}, {hash_of(s)})" for side, s in sets.items()]
    lead = f"{' against '.join(texts)}. {judged.verdict}"
    report = Report(title="Generated against real", lead=lead)
    report.section(
        "Figures",
        "All pictures of both sets. Beside it the same of one half of the real set against the"
        " other, which is what zero looks like, and of as many generated ones against such a half:"
        " figures depend on how many there are. Those of different features do not compare.",
    )
    for remark in judged.remarks:
        report.text(f"Note: {remark}", small=True)
    for n, table in enumerate(judged.tables):
        caption = f"By {table.features}"
        report.table(_HEADS, _rows(table), caption=caption, csv=not n, printed=True)
    figures = judged.tables[0].figures
    near = {name: figures[name].value for name in ("precision", "recall", "density", "coverage")}
    report.bars("How the sets lie among each other", near, y_label="of the generated pictures")
    about = [[name, FIGURES[name][1]] for name in figures]
    report.table(["figure", "what it is"], about, caption="What the figures are", words=True)
    for table in judged.tables if pictures else ():
        report.section(
            f"Far from the others, by {table.features.partition(' ')[0]}",
            "Generated pictures that are the farthest from any real one: what was made up. Real"
            " ones that no generated one is near: what is missing. A distance of 1 is that of a"
            " real picture to the nearest other real one, at the median.",
        )
        titles = "Generated, far from all real ones", "Real, far from all generated ones"
        for title, s, (_, far) in zip(titles, sets.values(), table.nearest, strict=True):
            rows = np.argsort(-far, kind="stable")[:_SHOWN].tolist()
            cells = [(s.pictures[row], f"{far[row]:.2f} {s.name(row)}") for row in rows]
            report.pictures(cells, columns=8, on_phone=4, title=title)
    return report


def _rows(table: Measured) -> Iterator[tuple[str, ...]]:
    for name, figure in table.figures.items():
        ours, theirs = _spelled(figure.value, figure.p), _spelled(figure.real, figure.real_p)
        yield name, ours, _spelled(figure.half), theirs, FIGURES[name][0]


def _spelled(value: float, p: float | None = None) -> str:
    """A figure with about three digits that count, and its p-value."""
    text = f"{value:.{3 if abs(value) >= 0.1 else 4}f}"
    return text if p is None else f"{text}, p {p:.3f}"
