"""Fractals against independent truth: plain Python, scikit-image, brute force."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import skimage.exposure

from trombine.world.fractals import (
    CELLS,
    MARGIN,
    STEPS,
    TRANSIENT,
    Fractal,
    cells_hit,
    counted,
    equalised,
    fractal,
    orbit,
    paint_fractal,
    ramp,
)


def steps(one: Fractal, count: int) -> np.ndarray:
    """Points of the orbit from its start, by math.sin, one after another."""
    x, y, found = one.x, one.y, []
    for _ in range(count):
        x, y = (
            math.sin(one.b * y) + one.c * math.sin(one.b * x),
            math.sin(one.a * x) + one.d * math.sin(one.a * y),
        )
        found.append((x, y))
    return np.array(found)


@pytest.mark.parametrize("seed", range(3))
def test_the_first_30_points_are_those_of_plain_python(seed: int) -> None:
    one = fractal(seed)
    truth = steps(one, TRANSIENT + 30)[TRANSIENT:]
    assert np.abs(orbit(one, 30) - truth).max() < 1e-9


def test_the_orbit_is_chaotic_and_still_the_same() -> None:
    """A last bit grows to a whole within 1,000 points: what agrees here agrees to the last bit."""
    one = fractal(0)
    moved = dataclasses.replace(one, x=math.nextafter(one.x, 2))
    assert np.abs(orbit(moved, 30) - orbit(one, 30)).max() > 0.1
    assert (orbit(one, 500) == steps(one, TRANSIENT + 500)[TRANSIENT:]).all()


# --- counting ---


def brute_counts(points: np.ndarray, size: int, margin: float) -> np.ndarray:
    """The pixel of each point, one after another."""
    low, high = points.min(0), points.max(0)
    counts = np.zeros((size, size), int)
    for point in points:
        share = margin + (1 - 2 * margin) * (point - low) / (high - low)
        column, row = np.clip(np.floor(share * size), 0, size - 1).astype(int)
        counts[size - 1 - row, column] += 1
    return counts


@pytest.mark.parametrize(("size", "margin"), [(64, 0.0), (50, MARGIN)])
def test_points_are_counted_in_their_pixels(size: int, margin: float) -> None:
    points = orbit(fractal(4), 4000)
    counts, truth = counted(points, size, margin=margin), brute_counts(points, size, margin)
    assert counts.sum() == len(points)
    # A point that rounding puts across an edge is counted next to where it should be.
    assert np.abs(counts - truth).sum() <= 4


def test_cells_are_those_that_hold_a_point() -> None:
    points = orbit(fractal(4), 3000)
    assert abs(cells_hit(points) - (brute_counts(points, CELLS, 0.0) > 0).sum()) <= 2


# --- histogram equalisation ---


def test_equalisation_is_that_of_scikit_image() -> None:
    counts = counted(orbit(fractal(6), 60_000), 96, margin=MARGIN)
    hit = counts > 0
    ours = equalised(counts.astype(float), hit.astype(float))
    truth = skimage.exposure.equalize_hist(counts, mask=hit)
    assert np.abs(ours - truth)[hit].max() < 1e-12


def test_equalisation_weighs_what_is_half_covered() -> None:
    rng = np.random.default_rng(0)
    density, cover = rng.integers(0, 9, (12, 12)).astype(float), rng.random((12, 12))
    truth = [cover[density <= value].sum() / cover.sum() for value in density.ravel()]
    assert np.abs(equalised(density, cover).ravel() - truth).max() < 1e-12


# --- the whole ---


@pytest.mark.parametrize("seed", [0])
def test_a_bare_picture_is_palette_of_equalised_counts_on_white(seed: int) -> None:
    one, size = fractal(seed), 80
    counts = counted(orbit(one, 60_000), size, margin=MARGIN)
    hit = counts > 0
    tone = skimage.exposure.equalize_hist(counts, mask=hit)
    truth = np.full((size, size, 3), 255.0)
    stops = np.linspace(0, 1, STEPS)
    truth[hit] = 255 * np.stack([np.interp(tone[hit], stops, c) for c in ramp(one.palette).T], 1)
    picture = paint_fractal(one, size, smooth=0).astype(float)
    assert np.abs(picture - truth).max() <= 1.5
    assert (picture[~hit] == 255).all()
