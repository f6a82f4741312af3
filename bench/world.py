"""How many pictures the world makes in a second of one processor, and what two processes gain.

    python bench/world.py [--kinds KIND ...] [--rounds N] [--first-seed N] [--json]

Seconds are the processor's, not the clock's, so that other work on the machine counts little. The
goals are ratios: a face may take as long as so many flat portraits by Skia of the same size
(flat_portrait.py), painted between the rounds. Beside them stands the time to fill the picture's
memory with one grey.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
from flat_portrait import flat_portrait, grey
from table import Row, at_most, interleaved, ratio_of_medians, report

from trombine.world import STYLES, face, paint
from trombine.world.leaves import leaves

GOALS: Final = {64: 90, 128: 130, 256: 115, 512: 210}  # flat portraits that a photo face may take
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


def seconds_each(fill: Callable[[np.ndarray], None], size: int) -> float:
    """Processor seconds of a picture that is compared with: the mean of many, in one memory, since
    asking the system for it would take longer than painting."""
    pixels = np.zeros((size, size, 4), np.uint8)
    count = max(50, 10 * PIXELS // size**2)
    start = time.process_time()
    for _ in range(count):
        fill(pixels)
    return (time.process_time() - start) / count


def wall(workers: int, kind: str, size: int, seeds: Iterable[int]) -> float:
    """Seconds by the clock that so many processes take for these pictures."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        # Each process loads its compiled painter first: that is no part of painting.
        pool.map(partial(draw, kind, size), range(2 * workers), chunksize=1)
        start = time.perf_counter()
        pool.map(partial(draw, kind, size), seeds, chunksize=8)
        return time.perf_counter() - start


def main() -> int:
    """Measure every kind and size; 1 unless the goals for photo faces are met."""
    parser = argparse.ArgumentParser(description="Time the painters of faces and leaves.")
    kinds = (*STYLES, "leaves")
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds, metavar="KIND")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=2_000_000)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    measures: dict[str, Callable[[], float]] = {}
    for size in SIZES:
        measures[f"flat {size}"] = partial(seconds_each, flat_portrait, size)
        measures[f"grey {size}"] = partial(seconds_each, grey, size)
    for kind in arguments.kinds:
        draw(kind, 64, 0)  # compile, or load what is compiled
        for size in SIZES:
            measures[f"{kind} {size}"] = Timed(kind, size, arguments.first_seed)
    found = interleaved(measures, arguments.rounds)
    seconds = {name: statistics.median(values) for name, values in found.items()}
    rows = []
    for kind in arguments.kinds:
        rows += [
            Row(f"{kind} {size}", 1 / seconds[f"{kind} {size}"], "pictures a second")
            for size in SIZES
        ]
    if "photo" in arguments.kinds:
        rows += _ratios(found)
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


def _ratios(found: Mapping[str, Sequence[float]]) -> Iterator[Row]:
    """How long a photo face takes beside a flat portrait, and beside its memory."""
    for size in SIZES:
        flat = ratio_of_medians(found[f"photo {size}"], found[f"flat {size}"])
        name, unit = f"photo {size}, beside a flat portrait by Skia", "times as long"
        yield at_most(name, flat, unit, GOALS[size]) if size in GOALS else Row(name, flat, unit)
        filling = ratio_of_medians(found[f"photo {size}"], found[f"grey {size}"])
        yield Row(f"photo {size}, beside filling its memory", filling, unit)


if __name__ == "__main__":
    sys.exit(main())
