"""Fréchet's distance between sets of any size: features of a piece of a set give its moments,
these add up, and no feature is kept. Pieces are read by processes of this machine or by the nodes
of a cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

import numpy as np
from jaxtyping import Float64

from trombine.core.cluster import spread
from trombine.core.errors import InputError
from trombine.core.progress import Account, Progress, silent
from trombine.eval.fidelity import FIRST_SEEDS, Figure, feature_kinds, in_window, read_features
from trombine.eval.sets import Place, drawn_rows, open_place

_PIECE: Final = 1024  # pictures that a process reads at a time
Halves = tuple["Moments", "Moments"]  # of pictures in even places, and in odd ones


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean, and sum of outer products of the deviations from it, of some features."""

    count: int
    mean: Float64[np.ndarray, "d"]
    scatter: Float64[np.ndarray, "d d"]

    @classmethod
    def of(cls, features: Float64[np.ndarray, "n d"]) -> Moments:
        """The moments of these features, of one picture or more."""
        mean = features.mean(0)
        centred = features - mean
        return cls(len(features), mean, centred.T @ centred)

    def __add__(self, other: Moments) -> Moments:
        """Of both together (Chan et al. 1979)."""
        count, shift = self.count + other.count, other.mean - self.mean
        between = np.outer(shift, shift) * (self.count * other.count / count)
        mean = self.mean + shift * (other.count / count)
        return Moments(count, mean, self.scatter + other.scatter + between)

    def factor(self) -> Float64[np.ndarray, "d d"]:
        """R with R'R the covariance."""
        values, vectors = np.linalg.eigh(self.scatter / (self.count - 1))
        return np.sqrt(values.clip(0))[:, None] * vectors.T


def frechet(a: Moments, b: Moments) -> float:
    """The squared Fréchet distance between Gaussians of these moments."""
    x, y, shift = a.factor(), b.factor(), a.mean - b.mean
    both = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return max(float(shift @ shift + np.square(x).sum() + np.square(y).sum() - 2 * both), 0.0)


def of_all(
    generated: str,
    real: str,
    features: Sequence[str],
    *,
    most: int,
    size: int,
    cluster: str = "",
    progress: Progress = silent,
) -> list[Figure]:
    """For each kind of features the distance of all pictures, at most so many of each set; that of
    halves of both; and that between the halves of the real ones."""
    ours, theirs = (
        _read(spec, side, features, most=most, size=size, cluster=cluster, progress=progress)
        for side, spec in (("generated", generated), ("real", real))
    )
    return [
        Figure(
            value=frechet(one + other, even + odd),
            half=frechet(one, even),
            real=frechet(odd, even),
        )
        for (one, other), (even, odd) in zip(ours, theirs, strict=True)
    ]


def _read(
    spec: str,
    side: str,
    features: Sequence[str],
    *,
    most: int,
    size: int,
    cluster: str,
    progress: Progress,
) -> list[Halves]:
    """The moments of a set by kinds of features."""
    count = min(most, _place(spec, size, FIRST_SEEDS[side]).count)
    starts, total, done = range(0, count, _PIECE), list[Halves](), 0
    work = partial(_of_piece, spec, side, tuple(features), most, size)
    for _, made in spread(work, starts, workers=None, cluster=cluster):
        if made:
            both = zip(total or made, made, strict=True)
            total = [(a + c, b + d) for (a, b), (c, d) in both] if total else made
        done = min(done + _PIECE, count)
        progress(done, count, f"{side} pictures read for the distance of all")
    if not total or min(total[0][0].count, total[0][1].count) < 2:
        raise InputError(f"{spec} has too few pictures that can be read")
    return total


def _of_piece(
    spec: str, side: str, features: tuple[str, ...], most: int, size: int, start: int
) -> list[Halves]:
    """The moments of the pictures from this one on; [] where none can be read."""
    place = _place(spec, size, FIRST_SEEDS[side])
    rows, kept = drawn_rows(place, most)[start : start + _PIECE], list[np.ndarray]()
    for row in rows.tolist():
        try:
            kept.append(in_window(place.read(row)[0]))
        except InputError:  # the sample's reading has named such
            continue
    if len(kept) < 2:
        return []
    values, _ = read_features(np.stack(kept), _kinds(features))
    return [(Moments.of(v[::2]), Moments.of(v[1::2])) for v in values.values()]


@cache
def _place(spec: str, size: int, first_seed: int) -> Place:
    return open_place(spec, size, Account(), first_seed=first_seed)


_kinds = cache(feature_kinds)
