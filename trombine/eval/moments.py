"""Fréchet's distance between sets of any size: features of a piece of a set give its moments,
these add up, and no feature is kept. Pieces are read by processes of this machine or by the nodes
of a cluster.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
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
    account: Account,
    cluster: str = "",
    progress: Progress = silent,
) -> list[Figure]:
    """For each kind of features the distance of all pictures, at most so many of each set; that of
    halves of both; and that between the halves of the real ones."""
    found = []
    for side, spec in (("generated", generated), ("real", real)):
        task = _Task(spec, side, tuple(features), size, token_hex(8))
        moments, unread = _read(task, most, cluster, progress)
        found.append(moments)
        if unread:
            account.notice(f"{unread:,} of its pictures are not in the distance of all", Path(spec))
    return [
        Figure(
            value=frechet(one + other, even + odd),
            half=frechet(one, even),
            real=frechet(odd, even),
        )
        for (one, other), (even, odd) in zip(*found, strict=True)
    ]


@dataclass(frozen=True)
class _Task:
    """Which features of which set are read."""

    spec: str
    side: str
    features: tuple[str, ...]
    size: int
    token: str  # of this call: a process keeps what it has opened no longer

    @cached_property
    def place(self) -> Place:
        return open_place(self.spec, self.size, Account(), first_seed=FIRST_SEEDS[self.side])


def _read(task: _Task, most: int, cluster: str, progress: Progress) -> tuple[list[Halves], int]:
    """The moments of a set by kinds of features, and how many pictures could not be read."""
    count = min(most, task.place.count)
    edges = np.linspace(0, count, max(1, math.ceil(count / _PIECE)) + 1).round().astype(int)
    pieces = list(pairwise(edges.tolist()))  # of nearly one size
    total, done, unread = list[Halves](), 0, 0
    work = partial(_of_piece, replace(task))
    for (start, stop), (made, lost) in spread(work, pieces, workers=None, cluster=cluster):
        if made:
            both = zip(total or made, made, strict=True)
            total = [(a + c, b + d) for (a, b), (c, d) in both] if total else made
        done, unread = done + stop - start, unread + lost
        progress(done, count, f"{task.side} pictures read for the distance of all")
    if not total or min(total[0][0].count, total[0][1].count) < 2:
        raise InputError(f"{task.spec} has too few pictures that can be read")
    return total, unread


def _of_piece(task: _Task, piece: tuple[int, int]) -> tuple[list[Halves], int]:
    """The moments of the pictures at these places, and how many have none."""
    opened = _opened(task)
    rows, kept = drawn_rows(opened.place, np.arange(*piece, dtype=np.int64)), list[np.ndarray]()
    for row in rows.tolist():
        with suppress(InputError):
            kept.append(in_window(opened.place.read(row)[0]))
    if len(kept) < 2:
        return [], len(rows)
    values, _ = read_features(np.stack(kept), feature_kinds(task.features))
    halves = [(Moments.of(v[::2]), Moments.of(v[1::2])) for v in values.values()]
    return halves, len(rows) - len(kept)


@lru_cache(maxsize=2)
def _opened(task: _Task) -> _Task:
    """The same one for all pieces of a process, with its place open."""
    return task
