"""Which of many pictures are most like a picture: exact SSIM against every one of them.

    references = References(pictures)                  N x H x W x C, uint8; a memory map will do
    matches = references.search(queries, top=4)

SSIM is that of metrics/similarity.py, to 1e-6. `screened` looks at every sixth row of windows
first, and compares exactly with the best 200 of each query: not proven to be the same, so who
shows such a result says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from trombine.core.errors import InputError
from trombine.core.progress import Tick
from trombine.metrics import SSIM_RADIUS

Pictures = UInt8[np.ndarray, "n h w c"]
Queries = UInt8[np.ndarray, "q _ _ _"]

SCREEN_STEP: Final = 6  # rows from one that is looked at to the next, in a first look
SCREEN_KEEPS: Final = 200  # pictures that are then compared exactly
_AT_ONCE: Final = 25  # queries that are compared while a reference is in the cache
_CHUNK: Final = 256  # references that a thread takes at a time


@dataclass(frozen=True, eq=False)
class Matches:
    """The most similar references of each query, best first, and of all references the mean."""

    indices: Int64[np.ndarray, "q k"]
    scores: Float32[np.ndarray, "q k"]
    means: Float32[np.ndarray, "q"]
    screened: bool


@dataclass(frozen=True, eq=False)
class _Moments:
    """Of pictures less their middles the means and variances in every window."""

    middles: Float32[np.ndarray, "n"]
    means: Float32[np.ndarray, "n rows places"]
    variances: Float32[np.ndarray, "n rows places"]


class References:
    """Pictures to search in."""

    def __init__(self, pictures: Pictures, *, threads: int = 2, keep: bool = False) -> None:
        """Pictures of one size, read as they are needed.

        With `keep` what does not depend on the query is computed once and kept, about six times
        the pictures' bytes: faster where single queries come one after the other.
        """
        if min(pictures.shape[1:3]) <= 2 * SSIM_RADIUS:
            raise InputError(f"SSIM needs pictures of at least {2 * SSIM_RADIUS + 1} pixels a side")
        self.pictures, self.threads = pictures, threads
        self._keep = keep
        self._kept: dict[int, _Moments] = {}

    def __len__(self) -> int:
        return len(self.pictures)

    def search(
        self,
        queries: Queries,
        *,
        top: int = 4,
        screened: bool = False,
        skip: Int64[np.ndarray, "q"] | None = None,
        tick: Tick | None = None,
    ) -> Matches:
        """The `top` most similar references of each query.

        `skip` names for each query a reference that does not count: itself, where pictures are
        compared with one another.
        """
        if queries.shape[1:] != self.pictures.shape[1:]:
            raise InputError(
                f"pictures of {queries.shape[1:]} and {self.pictures.shape[1:]} do not compare"
            )
        parts = []
        for start in range(0, len(queries), _AT_ONCE):
            several = slice(start, start + _AT_ONCE)
            alone = None if skip is None else skip[several]
            parts.append(self._best(queries[several], top, screened, alone))
            if tick:
                tick(min(start + _AT_ONCE, len(queries)), len(queries))
        columns = zip(*parts, strict=True)
        indices, scores, means = (np.concatenate(column) for column in columns)
        return Matches(indices, scores, means, screened)

    def scores(self, queries: Queries, *, step: int = 1) -> Float32[np.ndarray, "q _"]:
        """SSIM of each query with every reference."""
        return self._scores(queries, np.arange(len(self)), step)

    def _scores(
        self, queries: Queries, which: Int64[np.ndarray, "n"], step: int = 1
    ) -> Float32[np.ndarray, "q n"]:
        """SSIM of each query with these references."""
        from trombine.eval.kernel_ssim import all_moments, compare

        channels = queries.shape[3]
        known = _room(len(queries), queries.shape, step)
        all_moments(_flat(queries), channels, step, known.middles, known.means, known.variances)
        rows = _flat(queries).astype(np.float32) - known.middles[:, None, None]
        kept = self._moments(step) if self._keep else _room(0, queries.shape, step)
        pictures = np.ascontiguousarray(_flat(self.pictures))
        out = np.empty((len(queries), len(which)), np.float32)

        def work(part: slice) -> None:
            compare(
                rows,
                known.middles,
                known.means,
                known.variances,
                pictures,
                which[part],
                kept.middles,
                kept.means,
                kept.variances,
                channels,
                step,
                out[:, part],
            )

        self._in_threads(work, len(which))
        return out

    def _best(
        self,
        queries: Queries,
        top: int,
        screened: bool,
        skip: Int64[np.ndarray, "q"] | None,
    ) -> tuple[Int64[np.ndarray, "q k"], Float32[np.ndarray, "q k"], Float32[np.ndarray, "q"]]:
        scores = self.scores(queries, step=SCREEN_STEP if screened else 1)
        means = scores.mean(1, dtype=np.float64).astype(np.float32)
        if skip is not None:
            scores[np.arange(len(scores)), skip] = -np.inf
        if not screened:
            return (*_highest(scores, top), means)
        indices, _ = _highest(scores, max(top, SCREEN_KEEPS))
        exact = np.stack(
            [
                self._scores(query[None], np.sort(row))[0]
                for row, query in zip(indices, queries, strict=True)
            ]
        )
        order, best = _highest(exact, top)
        return np.take_along_axis(np.sort(indices, 1), order, 1), best, means

    def _moments(self, step: int) -> _Moments:
        from trombine.eval.kernel_ssim import all_moments

        if step not in self._kept:
            room, flat = _room(len(self), self.pictures.shape, step), _flat(self.pictures)
            channels = self.pictures.shape[3]

            def work(part: slice) -> None:
                pictures = np.ascontiguousarray(flat[part])
                all_moments(
                    pictures,
                    channels,
                    step,
                    room.middles[part],
                    room.means[part],
                    room.variances[part],
                )

            self._in_threads(work, len(self))
            self._kept[step] = room
        return self._kept[step]

    def _in_threads(self, work: Callable[[slice], None], count: int) -> None:
        """Do it for each part of so many references."""
        parts = list(_parts(count))
        if self.threads == 1 or len(parts) == 1:
            for part in parts:
                work(part)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(work, parts))


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK))


def _flat(pictures: Pictures) -> UInt8[np.ndarray, "n h wc"]:
    return pictures.reshape(*pictures.shape[:2], -1)


def _room(count: int, shape: tuple[int, ...], step: int) -> _Moments:
    """Room for the moments of so many pictures."""
    _, height, width, channels = shape
    size = (
        count,
        len(range(0, height - 2 * SSIM_RADIUS, step)),
        (width - 2 * SSIM_RADIUS) * channels,
    )
    return _Moments(*(np.empty(shape, np.float32) for shape in (count, size, size)))


def _highest(
    scores: Float32[np.ndarray, "q _"], count: int
) -> tuple[Int64[np.ndarray, "q k"], Float32[np.ndarray, "q k"]]:
    """The places of the highest scores of each row and these scores, highest first; of equal
    ones the first comes first."""
    count = min(count, scores.shape[1])
    border = scores.shape[1] - count
    chosen = np.sort(np.argpartition(scores, border, axis=1)[:, border:], axis=1)
    values = np.take_along_axis(scores, chosen, 1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(chosen, order, 1), np.take_along_axis(values, order, 1)
