"""Fractals: numbers that say all, pictures that fill their frame, and none that is nearly empty."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from trombine.world.fractals import (
    FEWEST,
    MARGIN,
    POINTS,
    STRETCHES,
    VECTOR_NAMES,
    Fractal,
    cells_hit,
    fractal,
    from_vector,
    is_nearly_empty,
    orbit,
    paint_fractal,
    to_vector,
    tries,
)

SEEDS = (0, 1, 7, 999_999, 2**40)
# Known without a computer: both sines pull every point to (0, 0), as |a| + |d a| and |b| + |c b|
# are below 1.
FIXED = Fractal(a=0.3, b=0.3, c=0.5, d=0.5, x=0.7, y=-0.4, palette=0)


def digest(seed: int, size: int) -> str:
    return hashlib.sha256(paint_fractal(fractal(seed), size).tobytes()).hexdigest()


def ink(picture: np.ndarray) -> np.ndarray:
    """Whether a pixel is not white."""
    return np.asarray((picture < 250).any(-1))


# --- numbers ---


def test_a_seed_has_one_fractal_the_first_try_that_shows_something() -> None:
    assert len({fractal(seed) for seed in range(20)}) == len(set(islice(tries(5), 20))) == 20
    for seed in range(6):
        first = next(one for one in tries(seed) if not is_nearly_empty(one))
        assert fractal(seed) == first


def test_a_vector_and_back() -> None:
    one = fractal(11)
    vector = to_vector(one)
    assert vector.shape == (len(VECTOR_NAMES),)
    assert from_vector(vector) == one
    assert from_vector(np.array(json.loads(json.dumps(vector.tolist())))) == one
    assert from_vector(vector + np.eye(7)[6] * 0.9) == one  # on the way to another palette
    with pytest.raises(ValueError, match="7 numbers"):
        from_vector(vector[:6])


@pytest.mark.parametrize(("name", "value"), [("a", np.nan), ("c", 101.0), ("palette", 5)])
def test_numbers_that_cannot_be_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is "):
        from_vector(to_vector(FIXED) * 0 + [value if n == name else 0 for n in VECTOR_NAMES])


# --- what is nearly empty ---


def test_fixed_points_cycles_and_loops_are_rejected() -> None:
    """With c = d = 0, x'' = sin(b sin(a x)): two steps are a map of one number."""
    assert np.abs(orbit(FIXED, 3000)[-1]).max() < 1e-9
    assert is_nearly_empty(FIXED)
    cycle = dataclasses.replace(FIXED, a=2.0, b=2.0, c=0.0, d=0.0)
    assert len(np.unique(orbit(cycle, 6000)[-1000:].round(6), axis=0)) <= 4
    assert is_nearly_empty(cycle)


def test_what_falls_into_a_cycle_late_is_rejected() -> None:
    """A try whose first stretch alone would have passed."""
    late = next(tries(119))
    first, last = (cells_hit(orbit(late, s.stop)[s.start :]) for s in STRETCHES)
    assert first >= FEWEST > last and is_nearly_empty(late)


def test_about_four_of_five_draws_are_rejected_and_no_picture_is_nearly_empty() -> None:
    """As the dataset card says."""
    drawn = [next(tries(seed)) for seed in range(100)]
    assert 0.66 < np.mean([is_nearly_empty(one) for one in drawn]) < 0.92
    covered = [ink(paint_fractal(fractal(seed), 64)).mean() for seed in range(20)]
    assert min(covered) > 0.08


# --- pictures ---


def test_the_same_bytes_in_a_fresh_process_and_another_order() -> None:
    """Which paints without numba until it has to."""
    here = [digest(seed, 48) for seed in SEEDS]
    code = (
        "import hashlib, sys; from trombine.world.fractals import fractal, paint_fractal\n"
        "assert 'numba' not in sys.modules\n"
        f"for seed in reversed({SEEDS}):\n"
        "    picture = paint_fractal(fractal(seed), 48)\n"
        "    print(hashlib.sha256(picture.tobytes()).hexdigest())"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == here[::-1]


@pytest.mark.parametrize("smooth", [0.0, 24.0])
def test_a_picture_fills_its_frame_but_for_the_margin(smooth: float) -> None:
    size = 200
    for seed in range(4):
        marked = ink(paint_fractal(fractal(seed), size, smooth=smooth))
        for axis in (0, 1):
            found = np.flatnonzero(marked.any(axis))
            room = 3 if smooth else 1  # pixels: a soft edge, or rounding
            assert MARGIN * size - room <= found[0] <= MARGIN * size + 1 + room
            assert (1 - MARGIN) * size - 2 - room <= found[-1] <= (1 - MARGIN) * size + room


def test_y_goes_up() -> None:
    one = fractal(8)
    points = orbit(one, POINTS)
    middle = (points.min(0) + points.max(0)) / 2
    right_and_up = ((points > middle).all(1)).sum()
    left_and_up = ((points[:, 0] < middle[0]) & (points[:, 1] > middle[1])).sum()
    marked = ink(paint_fractal(one, 64, smooth=0))
    corners = marked[:32, 32:].sum(), marked[:32, :32].sum()
    assert (right_and_up > left_and_up) == (corners[0] > corners[1])
    assert right_and_up != left_and_up


def test_a_fixed_point_is_one_dot_in_the_middle() -> None:
    picture = paint_fractal(dataclasses.replace(FIXED, x=0.0, y=0.0), 33, smooth=0)
    assert np.argwhere(ink(picture)).tolist() == [[16, 16]]


def test_another_size_shows_the_same() -> None:
    pairs = [(seed, fractal(seed)) for seed in range(8)]
    small = [paint_fractal(one, 64).astype(float) for _, one in pairs]
    large = [
        paint_fractal(one, 256).reshape(64, 4, 64, 4, 3).mean((1, 3)).astype(float)
        for _, one in pairs
    ]
    likeness = np.corrcoef([p.ravel() for p in small + large])[:8, 8:]
    assert np.diag(likeness).min() > 0.85
    assert (np.diag(likeness) >= likeness.max(1)).all()


# --- colours ---


def test_a_palette_changes_the_colours_only() -> None:
    one = fractal(2)
    masks = [ink(paint_fractal(dataclasses.replace(one, palette=p), 64, smooth=0)) for p in (0, 1)]
    assert (masks[0] == masks[1]).mean() > 0.99
    pictures = [paint_fractal(dataclasses.replace(one, palette=p), 64) for p in range(5)]
    assert len({picture.tobytes() for picture in pictures}) == 5
