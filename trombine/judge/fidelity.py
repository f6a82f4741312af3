"""How two sets of pictures differ, as their features lie: distances, coverage, a test, diversity.

    figures(generated, real)          a Compared for each of FIGURES

Beside every figure stands the same one of real against real, so that it is seen what zero looks
like. What depends on how many pictures are compared (the Fréchet distance, and all that counts
neighbours) is computed with as many of either set, half of the smaller one, again and again from
other ones: the mean is the figure, and since each draw leaves half of the set out, the draws spread
as the figure would with other pictures (a jackknife that deletes half; Shao and Wu 1989). A
bootstrap would not do here: a picture that is there twice is its own neighbour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from trombine.draws import FIRST, Chance
from trombine.events import Tick
from trombine.judge.bootstrap import Estimate, Weights, drawn, estimate, interval
from trombine.refusal import InputError

FEWEST: Final = 50  # pictures of a set: with fewer every figure is mostly chance
HALVINGS: Final = 200  # draws of half of the pictures
SHUFFLES: Final = 999  # permutations of the classifier's test
NEAREST: Final = 3  # neighbours of precision and recall, as in Kynkäänniemi et al. 2019
NEAR: Final = 5  # neighbours of density and coverage, as in Naeem et al. 2020
_SIDES: Final = 1.96  # standard errors in half of a 95 % interval

Features = Float64[np.ndarray, "_ d"]
Table = Float64[np.ndarray, "_ _"]
Square = Float64[np.ndarray, "_ _"]
Rows = Int64[np.ndarray, "_"]
Values = Float64[np.ndarray, "_"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a figure says."""

    best: str  # what it would be if the generated pictures were real ones
    about: str


FIGURES: Final = {
    "Fréchet": Figure(best="as real", about="squared distance of two Gaussians; falls with size"),
    "KID": Figure(best="0", about="squared distance of mean kernels (Bińkowski et al. 2018)"),
    "precision": Figure(best="as real", about="share of generated that lie among the real"),
    "recall": Figure(best="as real", about="share of real that lie among the generated"),
    "density": Figure(best="1", about="how densely real ones lie where the generated are"),
    "coverage": Figure(best="as real", about="share of real that have a generated one near"),
    "accuracy": Figure(best="0.5", about="a classifier's, on pictures that it did not learn from"),
    "diversity": Figure(best="as real", about="mean distance between two pictures of one set"),
}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A figure of generated against real, and of real against real, and of how many of each."""

    value: Estimate
    real: Estimate
    sizes: tuple[int, int]
    real_sizes: tuple[int, int]
    error: float | None = None  # standard error, of KID
    p: float | None = None  # of the classifier's test
    real_p: float | None = None


def figures(
    generated: Features,
    real: Features,
    *,
    names: Collection[str] = tuple(FIGURES),
    draws: int = HALVINGS,
    tick: Tick | None = None,
) -> dict[str, Compared]:
    """The figures of these names of these features, which do not depend on the order of the
    pictures in a set but by the draws.

    What counts neighbours takes time and memory by the square of the number of pictures.
    """
    for features in (generated, real):
        if len(features) < FEWEST:
            raise InputError(f"there are {len(features)} pictures, and {FEWEST} are needed")
    results: dict[str, Compared] = {}
    if not _OF_HALVES.isdisjoint(names):
        results |= _of_halves(generated, real, draws, tick, not _OF_NEAR.isdisjoint(names))
    if "KID" in names:
        results["KID"] = _kid_compared(generated, real, draws)
    if "accuracy" in names:
        results["accuracy"] = _accuracies(generated, real)
    if "diversity" in names:
        results["diversity"] = diversities(apart(generated, generated), apart(real, real))
    return {name: results[name] for name in FIGURES if name in names}


# ---------------------------------------------------------------------------------------------
# Distances


def frechet(a: Features, b: Features) -> float:
    """The squared Fréchet distance between Gaussians of these means and covariances.

    The trace of the root of the product of two covariances is the sum of the singular values of
    the product of their factors, so that no root of a matrix is taken and fewer pictures than
    features will do.
    """
    (x, y), (n, m) = (_factor(features) for features in (a, b)), (len(a), len(b))
    shift = a.mean(0) - b.mean(0)
    traces = np.square(x).sum() / (n - 1) + np.square(y).sum() / (m - 1)
    both = np.linalg.svd(x @ y.T, compute_uv=False).sum() / math.sqrt((n - 1) * (m - 1))
    return max(float(shift @ shift + traces - 2 * both), 0.0)


def _factor(features: Features) -> Features:
    """R with R'R = X'X of the centred features X, and no more rows than needed."""
    return np.asarray(np.linalg.qr(features - features.mean(0), mode="r"))


def kid(a: Features, b: Features) -> tuple[float, float]:
    """The unbiased squared maximum mean discrepancy with KID's cubic kernel, and its standard
    error.

    It is a mean over pairs; the error is of each picture's own part in it. All pictures are used,
    where the first paper took means over blocks.
    """
    n, m = len(a), len(b)
    inside_a, inside_b = (_inside(kernel(x, x)) for x in (a, b))
    across = kernel(a, b)
    value = inside_a.mean() + inside_b.mean() - 2 * across.mean()
    of_a, of_b = 2 * (inside_a - across.mean(1)), 2 * (inside_b - across.mean(0))
    error = math.sqrt(of_a.var(ddof=1) / n + of_b.var(ddof=1) / m)
    return float(value), error


def kernel(a: Features, b: Features) -> Table:
    """(x·y / d + 1)³, for each two."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def _inside(values: Square) -> Values:
    """The mean of each row without its own place."""
    return (values.sum(1) - values.diagonal()) / (len(values) - 1)


def _kid_compared(generated: Features, real: Features, draws: int) -> Compared:
    value, error = kid(generated, real)
    reach = _SIDES * error
    half = len(real) // 2
    values = kernel(real, real)
    own = values.diagonal()
    marks = np.zeros((2, draws, len(real)))
    for draw, (a, b) in enumerate(_halves(len(real), half, draws)):
        marks[0, draw, a] = marks[1, draw, b] = 1
    sums = marks @ values
    pairs = half * (half - 1)
    inside = ((sums * marks).sum(2) - marks @ own).sum(0) / pairs
    floor = inside - 2 * (sums[0] * marks[1]).sum(1) / half**2
    return Compared(
        value=Estimate(value=value, low=value - reach, high=value + reach),
        real=interval(float(floor.mean()), floor),
        sizes=(len(generated), len(real)),
        real_sizes=(half, half),
        error=error,
    )


def _halves(count: int, half: int, draws: int, side: str = "real") -> Iterator[tuple[Rows, Rows]]:
    """Twice `half` of so many pictures of a side, none of them in both, again and again."""
    generator = Chance(seed=0, places=FIRST).generator(f"fidelity halves {side}")
    for _ in range(draws):
        order = generator.permutation(count)
        yield order[:half], order[half : 2 * half]


# ---------------------------------------------------------------------------------------------
# Neighbours


@dataclass(frozen=True)
class Near:
    """How two sets lie among each other."""

    precision: float
    recall: float
    density: float
    coverage: float


def near(across: Table, inside_a: Table, inside_b: Table) -> Near:
    """Precision and recall, density and coverage of a set against another, by the distances of
    each generated picture (row) to each real one, and of those inside of either set.

    A picture's neighbourhood reaches to the NEAREST or NEAR other one of its own set.
    """
    wide_a = _reaches(inside_a, (NEAREST,))[0]
    close_b, wide_b = _reaches(inside_b, (NEAREST, NEAR))
    within = across <= wide_b
    return Near(
        precision=float((across <= close_b).any(1).mean()),
        recall=float((across <= wide_a[:, None]).any(0).mean()),
        density=float(within.sum() / (NEAR * len(across))),
        coverage=float(within.any(0).mean()),
    )


def _reaches(distances: Table, counts: tuple[int, ...]) -> list[Values]:
    """How far each picture's so many nearest are; its own place is the first of them."""
    ranked = np.partition(distances, counts, axis=1)
    return [ranked[:, count] for count in counts]


def apart(a: Features, b: Features) -> Table:
    """The distance of each two."""
    middle = b.mean(0)  # near zero there is less to lose in the differences of squares
    x, y = a - middle, b - middle
    squares = np.square(x).sum(1)[:, None] + np.square(y).sum(1) - 2 * x @ y.T
    distances = np.sqrt(squares.clip(0))
    if a is b:
        np.fill_diagonal(distances, 0)
    return distances


_OF_NEAR: Final = frozenset(Near.__dataclass_fields__)
_OF_HALVES: Final = _OF_NEAR | {"Fréchet"}


def _of_halves(
    generated: Features, real: Features, draws: int, tick: Tick | None, with_near: bool
) -> dict[str, Compared]:
    """What depends on how many pictures are compared, with as many of each set."""
    half = min(len(generated), len(real)) // 2
    pairs_of = ((generated, real), (generated, generated), (real, real))
    tables = [apart(a, b) for a, b in pairs_of] if with_near else []
    names = ("Fréchet", *Near.__dataclass_fields__) if with_near else ("Fréchet",)
    ours, floors = (np.empty((draws, len(names))) for _ in range(2))
    rows = _halves(len(generated), half, draws, "generated")
    pairs = zip(rows, _halves(len(real), half, draws), strict=True)
    for draw, ((g, _), (a, b)) in enumerate(pairs):
        ours[draw, 0] = frechet(generated[g], real[a])
        floors[draw, 0] = frechet(real[b], real[a])
        if tables:
            across, among, alike = tables
            inside_a, inside_b = alike[np.ix_(a, a)], alike[np.ix_(b, b)]
            lie = near(across[np.ix_(g, a)], among[np.ix_(g, g)], inside_a)
            ours[draw, 1:] = list(vars(lie).values())
            lie = near(alike[np.ix_(b, a)], inside_b, inside_a)
            floors[draw, 1:] = list(vars(lie).values())
        if tick:
            tick(draw + 1, draws)
    return {
        name: Compared(
            value=interval(float(ours[:, k].mean()), ours[:, k]),
            real=interval(float(floors[:, k].mean()), floors[:, k]),
            sizes=(half, half),
            real_sizes=(half, half),
        )
        for k, name in enumerate(names)
    }


# ---------------------------------------------------------------------------------------------
# A classifier


@dataclass(frozen=True, eq=False)
class Classified:
    """How often a classifier was right, with its p-value, and of which pictures (1, 0 or 1/2)."""

    right: Values
    p: float

    @property
    def accuracy(self) -> Estimate:
        """The share that was right; the interval holds the classifiers as they are."""
        groups = np.repeat(np.arange(2, dtype=np.int64), len(self.right) // 2)
        return estimate(_mean_of(self.right), drawn(groups))


def _mean_of(values: Values) -> Callable[[Weights], Values]:
    return lambda weights: weights @ values / weights.sum(1)


def classify(a: Features, b: Features, *, seed: int = 0, shuffles: int = SHUFFLES) -> Classified:
    """Whether two sets can be told apart: a classifier two-sample test (Lopez-Paz and Oquab 2017).

    Half of either set trains a linear discriminant on features and their squares, which judges
    the other half, and the other way round. The p-value is exact: the labels are shuffled within
    each half, and everything is trained again. Where a shuffle is as often right, a draw of the
    seed says which counts as better, so that p is uniform if nothing differs.
    """
    count = min(len(a), len(b)) // 2
    generator = Chance(seed=seed, places=FIRST).generator("fidelity classifier")
    rows = [generator.permutation(len(features)) for features in (a, b)]
    pooled = _with_squares(np.concatenate([a[rows[0][: 2 * count]], b[rows[1][: 2 * count]]]))
    first = np.arange(4 * count) % (2 * count) < count
    signs = np.repeat([1.0, -1.0], count)
    labels = np.stack([[signs, *(generator.permutation(signs) for _ in range(shuffles))]] * 2)
    for shuffled in labels[1, 1:]:
        generator.shuffle(shuffled)
    right = np.empty((shuffles + 1, 4 * count))
    for train, judged, own, true in ((first, ~first, *labels), (~first, first, *labels[::-1])):
        scores = _discriminant(pooled[train], own, pooled[judged])
        right[:, judged] = (1 + np.sign(scores) * true) / 2
    totals = right.sum(1)
    better, as_good = (totals[1:] > totals[0]).sum(), (totals[1:] == totals[0]).sum()
    p = (better + generator.random() * (1 + as_good)) / (shuffles + 1)
    return Classified(right=right[0], p=float(p))


def _with_squares(features: Features) -> Table:
    """Features and their squares, scaled: a set that lies closer together is told by the latter."""
    scaled = _scaled(features)
    return np.concatenate([scaled, _scaled(np.square(scaled))], 1)


def _scaled(features: Features) -> Features:
    deviations = features.std(0)
    return (features - features.mean(0)) / np.where(deviations > 0, deviations, 1)


def _discriminant(train: Features, labels: Table, judged: Features) -> Table:
    """The scores, by a row of labels each, of linear discriminants; above 0 is called 1.

    As many of a row's labels are 1 as are -1, so the bound between them is the mean. The total
    covariance stands for that inside the classes: it gives the same direction. It is held up by
    as much as there are more features than pictures.
    """
    middle = train.mean(0)
    centred = train - middle
    count, width = train.shape
    covariance = centred.T @ centred / count + width / count * np.eye(width)
    directions = np.linalg.solve(covariance, (labels @ centred).T)
    return ((judged - middle) @ directions).T


def _accuracies(generated: Features, real: Features) -> Compared:
    a, b = next(_halves(len(real), len(real) // 2, 1))
    ours, floor = classify(generated, real), classify(real[a], real[b])
    sizes = [len(result.right) // 2 for result in (ours, floor)]
    return Compared(
        value=ours.accuracy,
        real=floor.accuracy,
        sizes=(sizes[0], sizes[0]),
        real_sizes=(sizes[1], sizes[1]),
        p=ours.p,
        real_p=floor.p,
    )


# ---------------------------------------------------------------------------------------------
# Diversity


def diversities(generated: Square, real: Square) -> Compared:
    """The mean over the pairs of either set, by all their distances or likenesses."""
    return Compared(
        value=mean_of_pairs(generated),
        real=mean_of_pairs(real),
        sizes=(len(generated), len(generated)),
        real_sizes=(len(real), len(real)),
    )


def mean_of_pairs(values: Square) -> Estimate:
    """The mean over the pairs of two different pictures; a resample's pairs of a picture with
    itself do not count."""
    own = values.diagonal()

    def figure(weights: Weights) -> Values:
        # A picture that is drawn twice is in one pair with itself: neither that nor w² counts.
        squares = np.square(weights)
        sums = ((weights @ values) * weights).sum(1) - squares @ own
        return sums / (np.square(weights.sum(1)) - squares.sum(1))

    return estimate(figure, drawn(np.zeros(len(values), np.int64)))
