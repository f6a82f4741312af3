"""Fractals on a page: a crowd, a few large ones, and what one number changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import UInt8

from trombine.demo.amounts import Demo
from trombine.pages import Page, fold, grid, picture, scrubber
from trombine.world.fractals import POINTS, VECTOR_NAMES, Fractal, fractal, paint_fractal

Pixels = UInt8[np.ndarray, "h w 3"]

# After the first seed, chosen by looking.
LARGE = (18, 4, 26)
MOVED = (11, 26, 10)
REACH = 0.3  # how far `a` moves, to either side


def add_fractals(demo: Demo, page: Page) -> None:
    """Fractals of many seeds at two sizes, and three whose first number moves."""
    seeds = range(demo.first_seed, demo.first_seed + demo.crowd)
    crowd = [
        picture(paint_fractal(fractal(seed), demo.small), f"The fractal of seed {seed}")
        for seed in seeds
    ]
    large = [
        picture(paint_fractal(fractal(seed), demo.portrait), f"The fractal of seed {seed}, large")
        for seed in (demo.first_seed + chosen for chosen in LARGE)
    ]
    moved = [(demo.first_seed + chosen, fractal(demo.first_seed + chosen)) for chosen in MOVED]
    strips = [
        (f"Seed {seed}", frames(start, demo.small * 3 // 2, demo.frames)) for seed, start in moved
    ]
    ends = (f"a less {REACH:g}", f"a and {REACH:g} more")
    page.section(
        "Fractals",
        f"Each shows where {POINTS:,} points of one orbit fall, and comes with the"
        f" {len(VECTOR_NAMES)} numbers that it was made from: whoever learns to draw them can be"
        " asked whether the numbers were found.\n\nMove the slider: one number of each changes."
        " Where little is left, the orbit has become a cycle; seeds whose picture would be nearly"
        " empty draw again.",
        grid(large, columns=len(large), tight=True),
        scrubber(strips, label="while its number a moves", ends=ends),
        fold(
            f"{demo.crowd} others", grid(crowd, columns=min(8, demo.crowd), on_phone=4, tight=True)
        ),
    )


def frames(start: Fractal, size: int, count: int) -> list[Pixels]:
    """The fractal while its number a moves from REACH less to REACH more."""
    moves = np.linspace(-REACH, REACH, count)
    return [paint_fractal(replace(start, a=start.a + float(move)), size) for move in moves]
