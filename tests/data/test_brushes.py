"""The moving brush against a brute force: a great many discs along the way."""

from __future__ import annotations

import numpy as np
import pytest

from trombine.data.brushes import FINEST_LINE, _painted
from trombine.data.kernel_brush import NEVER, brush, reached

SIZE = 48


def brute_force(one: np.ndarray, two: np.ndarray, slack: float) -> np.ndarray:
    """The pixels within any of 4,000 discs between two spots, grown by `slack` pixels."""
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    hole = np.zeros((SIZE, SIZE), bool)
    for share in np.linspace(0, 1, 4000):
        cx, cy, radius = one + share * (two - one)
        hole |= (x - cx) ** 2 + (y - cy) ** 2 <= max(radius + slack, 0) ** 2
    return hole


def swept(spots: np.ndarray, lifts: np.ndarray) -> np.ndarray:
    times = np.full((SIZE, SIZE), NEVER)
    brush(spots, lifts, 0.0, SIZE * SIZE, times)
    return times


LINES = [
    ((10.0, 12.0, 3.0), (36.0, 30.0, 3.0)),  # even
    ((10.0, 12.0, 1.0), (36.0, 30.0, 7.5)),  # growing
    ((40.0, 8.0, 9.0), (9.5, 8.0, 0.3)),  # shrinking to nearly nothing
    ((20.0, 20.0, 2.0), (23.0, 21.0, 12.0)),  # the second disc holds the first
    ((20.0, 20.0, 12.0), (23.0, 21.0, 2.0)),  # the first holds the second
    ((20.0, 20.0, 4.0), (20.0, 20.0, 4.0)),  # no way at all
    ((20.0, 20.0, 2.0), (23.0, 20.0, 5.0)),  # grows as fast as it moves
    ((-6.0, 20.0, 8.0), (60.0, 55.0, 10.0)),  # over the edges
]


@pytest.mark.parametrize(("one", "two"), LINES)
def test_what_a_brush_covers(one: tuple, two: tuple) -> None:
    spots = np.array([one, two])
    hole = swept(spots, np.array([True, False])) < NEVER
    assert not (hole & ~brute_force(spots[0], spots[1], 1e-3)).any()
    assert not (brute_force(spots[0], spots[1], -1e-3) & ~hole).any()
    assert hole.sum() > 10


@pytest.mark.parametrize(("one", "two"), LINES)
def test_when_a_point_is_reached(one: tuple, two: tuple) -> None:
    """At the time that is told the disc touches the point, and a moment before it does not."""
    spots, draw = np.array([one, two]), np.random.default_rng(0)
    for x, y in draw.uniform(0, SIZE, (300, 2)):
        share = reached(x, y, *spots)
        if not 0 < share <= 1:
            continue
        at, before = (spots[0] + s * (spots[1] - spots[0]) for s in (share, share * 0.999))
        assert np.hypot(x - at[0], y - at[1]) == pytest.approx(at[2], abs=1e-6)
        assert np.hypot(x - before[0], y - before[1]) > before[2]


@pytest.mark.parametrize("angle", np.linspace(0, np.pi, 5))
def test_the_finest_line_has_no_gap(angle: float) -> None:
    """Every row or column that it crosses has a pixel, at any size."""
    along = np.linspace(-0.4, 0.4, 5)
    line = np.stack([0.5 + along * np.cos(angle), 0.5 + along * np.sin(angle), 0 * along + 1e-4], 1)
    for size in (16, 33, 128):
        hole = _painted([line], size, size)
        longest = max(abs(np.cos(angle)), abs(np.sin(angle)))
        crossed = hole.any(0).sum() if longest == abs(np.cos(angle)) else hole.any(1).sum()
        assert crossed >= 0.8 * longest * size - 1
        assert hole.sum() < 0.8 * size * 4 * FINEST_LINE + 4
