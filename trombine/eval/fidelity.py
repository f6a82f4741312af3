"""How two sets of pictures differ, as their features lie: distances, neighbours, a test, diversity.

    figures(generated, real)          a Figure of each name of FIGURES

They are the papers': all pictures of both sets, no resampling; Fréchet's distance as clean-fid has
it of its own features, neighbours as the package prdc. Beside every figure stands the same one of
one half of the real set against the other, so that it is seen what zero looks like; and, as many
figures depend on how many pictures there are, that of as many generated ones against such a half.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float64
from scipy import stats

from trombine.core.errors import InputError
from trombine.core.rng import FIRST, Rng

FEWEST: Final = 50  # pictures of a set: with fewer every figure is mostly chance
NEAREST: Final = 5  # neighbours of precision, recall, density and coverage
SHUFFLES: Final = 999  # permutations of the classifier's test

Features = Float64[np.ndarray, "_ d"]
Table = Float64[np.ndarray, "_ _"]
Values = Float64[np.ndarray, "_"]


@dataclass(frozen=True)
class About:
    """What a figure says."""

    best: str  # what it would be if the generated pictures were real ones
    text: str


FIGURES: Final = {
    "Fréchet": About("as real", "squared distance of two Gaussians; falls with size"),
    "KID": About("0", "squared distance of mean kernels (Bińkowski et al. 2018)"),
    "precision": About("as real", "share of generated that lie among the real"),
    "recall": About("as real", "share of real that lie among the generated"),
    "density": About("1", "how densely real ones lie where the generated are"),
    "coverage": About("as real", "share of real that have a generated one near"),
    "accuracy": About("0.5", "a classifier's, on pictures that it did not learn from"),
    "diversity": About("as real", "mean distance between two pictures of one set"),
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure of generated against real, and of real against real."""

    value: float
    half: float  # of as many as half of the real ones are, against such a half
    real: float  # of one half of the real ones against the other
    p: float | None = None  # of the classifier's test
    real_p: float | None = None


def figures(
    generated: Features, real: Features, *, names: Collection[str] = tuple(FIGURES)
) -> dict[str, Figure]:
    """The figures of these names, in the order of FIGURES.

    What counts neighbours takes time and memory by the square of the number of pictures.
    """
    for features in (generated, real):
        if len(features) < FEWEST:
            raise InputError(f"there are {len(features)} pictures, and {FEWEST} are needed")
    generator = Rng(seed=0, places=FIRST).generator("fidelity halves")
    real, generated = (each[generator.permutation(len(each))] for each in (real, generated))
    half = len(real) // 2
    some, others = real[:half], real[half : 2 * half]
    pairs = ((generated, real), (generated[:half], some), (others, some))
    ours, halves, floor = (_values(a, b, names) for a, b in pairs)
    tested = {"accuracy": {"p": ours.pop("p", None), "real_p": floor.pop("p", None)}}
    return {
        name: Figure(value=ours[name], half=halves[name], real=floor[name], **tested.get(name, {}))
        for name in FIGURES
        if name in names
    }


def _values(a: Features, b: Features, names: Collection[str]) -> dict[str, Any]:
    """The figures of one set against another; the accuracy comes with its p-value."""
    values: dict[str, Any] = {}
    if "Fréchet" in names:
        values["Fréchet"] = frechet(a, b)
    if "KID" in names:
        values["KID"] = kid(a, b)
    if not {"precision", "recall", "density", "coverage"}.isdisjoint(names):
        values |= prdc(a, b)
    if "accuracy" in names:
        values["accuracy"], values["p"] = classify(a, b)
    if "diversity" in names:
        values["diversity"] = float(apart(a, a)[np.triu_indices(len(a), 1)].mean())
    return values


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
    ours, theirs = (_reach(features) for features in (generated, real))
    within = across < theirs
    return {
        "precision": float(within.any(1).mean()),
        "recall": float((across < ours[:, None]).any(0).mean()),
        "density": float(within.sum() / (NEAREST * len(generated))),
        "coverage": float(within.any(0).mean()),
    }


def _reach(features: Features) -> Values:
    """How far each picture's NEAREST-th is; its own place is the first."""
    return np.partition(apart(features, features), NEAREST, axis=1)[:, NEAREST]


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
