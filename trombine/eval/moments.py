"""Fréchet's distance between sets of any size: features of a piece of a set give its moments,
these add up, and no feature is kept. Pieces are read by processes of this machine or by the nodes
of a cluster.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from typing import Final

import numpy as np
from jaxtyping import Float64

from trombine.core.cluster import spread
from trombine.core.devices import CPU
from trombine.core.errors import InputError
from trombine.core.progress import Account, Progress, Tick, silent
from trombine.eval.fidelity import (
    FIRST_SEEDS,
    Figure,
    Kind,
    feature_kinds,
    gaussians_apart,
    in_window,
    read_features,
)
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
    return gaussians_apart(a.mean - b.mean, a.factor(), b.factor())


def of_all(
    generated: str,
    real: str,
    features: Sequence[str],
    *,
    most: int,
    size: int,
    account: Account,
    device: str = CPU,
    cluster: str = "",
    progress: Progress = silent,
) -> list[Figure]:
    """For each kind of features the distance of all pictures, at most so many of each set; that of
    halves of both; and that between the halves of the real ones. By a device, by one process for
    each core, or by a cluster."""
    found = []
    for side, spec in (("generated", generated), ("real", real)):
        which = spec, size, FIRST_SEEDS[side], token_hex(8)

        def tick(done: int, total: int, side: str = side) -> None:
            progress(done, total, f"{side} pictures read for the distance of all")

        moments, unread = _read(which, tuple(features), most, device, cluster, tick)
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


Set = tuple[str, int, int, str]
"""Spec, size, first seed, and a mark of the call: what a process opened for another may be old."""


@lru_cache(maxsize=2)
def _place(spec: str, size: int, first_seed: int, mark: str) -> Place:
    return open_place(spec, size, Account(), first_seed=first_seed)


@lru_cache(maxsize=2)
def _kinds(features: tuple[str, ...], device: str, mark: str) -> list[Kind]:
    return feature_kinds(features, device)


def _read(
    which: Set, features: tuple[str, ...], most: int, device: str, cluster: str, tick: Tick
) -> tuple[list[Halves], int]:
    """The moments of a set by kinds of features, and how many pictures could not be read."""
    count = min(most, _place(*which).count)
    edges = np.linspace(0, count, max(1, math.ceil(count / _PIECE)) + 1).round().astype(int)
    pieces = list(pairwise(edges.tolist()))  # of nearly one size
    total, done, unread = list[Halves](), 0, 0
    work = partial(_of_piece, which, features, CPU if cluster else device)
    workers = None if device == CPU else 1  # more would each want the card's memory
    for (start, stop), (made, lost) in spread(work, pieces, workers=workers, cluster=cluster):
        if total and made:
            total = [(a + c, b + d) for (a, b), (c, d) in zip(total, made, strict=True)]
        total = total or made
        done, unread = done + stop - start, unread + lost
        tick(done, count)
    if not total or min(total[0][0].count, total[0][1].count) < 2:
        raise InputError(f"{which[0]} has too few pictures that can be read")
    return total, unread


def _of_piece(
    which: Set, features: tuple[str, ...], device: str, piece: tuple[int, int]
) -> tuple[list[Halves], int]:
    """The moments of the pictures at these places, and how many have none."""
    place, kept = _place(*which), list[np.ndarray]()
    rows = drawn_rows(place, np.arange(*piece, dtype=np.int64))
    for row in rows.tolist():
        with suppress(InputError):
            kept.append(in_window(place.read(row)[0]))
    if len(kept) < 2:
        return [], len(rows)
    kinds = _kinds(features, device, which[-1])
    values, _ = read_features(np.stack(kept), kinds, device=device)
    halves = [(Moments.of(v[::2]), Moments.of(v[1::2])) for v in values.values()]
    return halves, len(rows) - len(kept)
