"""How many pictures the world makes in a second of one processor, and what two processes gain.

    python bench/world.py [--rounds N] [--first-seed N] [--json]

Seconds are the processor's, not the clock's, so that other work on the machine counts little. A
fixed piece of numpy work is timed between the rounds: its figure says how fast the machine was.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import numpy as np
from table import Row, at_least, at_most, interleaved, report

from trombine.world import STYLES, face, paint
from trombine.world.leaves import leaves

GOALS: Final = {64: 168, 128: 54, 256: 54, 512: 14}  # photo faces a second
SIZES: Final = (64, 128, 256, 512, 1024)
# Pixels a round paints of each kind and size; faces of one round differ from the next round's.
PIXELS: Final = 2_500_000


def draw(kind: str, size: int, seed: int) -> None:
    """One picture of a style, or of leaves."""
    if kind == "leaves":
        leaves(seed, size)
    else:
        paint(face(seed), size, kind)


class Timed:
    """Processor seconds a picture, over other seeds at each call."""

    def __init__(self, kind: str, size: int, first_seed: int) -> None:
        self.kind, self.size, self.next = kind, size, first_seed

    def __call__(self) -> float:
        count = max(2, min(40, PIXELS // self.size**2))
        start = time.process_time()
        for seed in range(self.next, self.next + count):
            draw(self.kind, self.size, seed)
        self.next += count
        return (time.process_time() - start) / count


def numpy_work() -> float:
    """Processor seconds of a fixed piece of array work."""
    values = np.linspace(0, 1, 1_000_000)
    start = time.process_time()
    for _ in range(10):
        np.sqrt(values * values + 0.5).sum()
    return time.process_time() - start


def wall(workers: int, kind: str, size: int, seeds: Iterable[int]) -> float:
    """Seconds by the clock that so many processes take for these pictures."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        # Each process loads its compiled painter first: that is no part of painting.
        pool.map(partial(draw, kind, size), range(2 * workers), chunksize=1)
        start = time.perf_counter()
        pool.map(partial(draw, kind, size), seeds, chunksize=8)
        return time.perf_counter() - start


def main() -> int:
    """Measure every style and size; 1 unless the goals for photo faces are met."""
    parser = argparse.ArgumentParser(description="Time the painters of faces and leaves.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=2_000_000)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    kinds = (*STYLES, "leaves")
    measures: dict[str, Callable[[], float]] = {"numpy": numpy_work}
    for kind in kinds:
        draw(kind, 64, 0)  # compile, or load what is compiled
        for size in SIZES:
            measures[f"{kind} {size}"] = Timed(kind, size, arguments.first_seed)
    found = interleaved(measures, arguments.rounds)
    seconds = {name: statistics.median(values) for name, values in found.items()}
    rows = [Row("fixed numpy work", 1000 * seconds["numpy"], "ms")]
    for kind in kinds:
        rows += [_rate(kind, size, 1 / seconds[f"{kind} {size}"]) for size in SIZES]
    growth = seconds["photo 1024"] / seconds["photo 256"] / 16
    rows.append(at_most("photo 1024 against 256, a pixel", growth, "times", 1.15))
    seeds = range(arguments.first_seed, arguments.first_seed + 320)
    alone, both = (
        statistics.median(values)
        for values in interleaved(
            {
                "1": partial(wall, 1, "photo", 128, seeds),
                "2": partial(wall, 2, "photo", 128, seeds),
            },
            3,
        ).values()
    )
    rows.append(Row("speed-up of 2 processes", alone / both, "times"))
    return report(rows, json=arguments.json)


def _rate(kind: str, size: int, rate: float) -> Row:
    name, unit = f"{kind} {size}", "pictures a second"
    if kind == "photo" and size in GOALS:
        return at_least(name, rate, unit, GOALS[size])
    return Row(name, rate, unit)


if __name__ == "__main__":
    sys.exit(main())
