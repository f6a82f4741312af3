"""Parts and landmarks are drawn where they are."""

from __future__ import annotations

import numpy as np

from trombine.core.conventions import PART_COLOURS, PART_INDEX
from trombine.io.overlays import draw_parts, draw_points

GREY = np.full((120, 120, 3), 128, np.uint8)


def spread() -> np.ndarray:
    """68 landmarks on a 9 x 8 grid, ten pixels apart, far from the borders."""
    places = [(20.5 + 10 * (i % 9), 20.5 + 10 * (i // 9)) for i in range(68)]
    return np.array(places, np.float32)


def test_each_part_has_its_colour() -> None:
    parts = np.zeros((120, 120), np.uint8)
    parts[:, 60:] = PART_INDEX["hair"]
    drawn = draw_parts(GREY, parts, strength=1.0)
    assert (drawn[:, :60] == PART_COLOURS[0]).all()
    assert (drawn[:, 60:] == PART_COLOURS[PART_INDEX["hair"]]).all()
    assert np.array_equal(draw_parts(GREY, parts, strength=0.0), GREY)


def test_a_landmark_is_red_at_its_place() -> None:
    """(20.5, 20.5) is the middle of pixel 20: the dot covers it, and its mean place is there."""
    points = spread()
    drawn = draw_points(GREY, points, strength=0.0)
    for x, y in points:
        red, green, blue = drawn[int(y), int(x)].astype(int)
        assert red > 150 and green < 90 and blue < 60
    y, x = np.mgrid[:120, :120]
    redness = np.clip(drawn[..., 0].astype(float) - 128, 0, None)
    first = redness * (np.hypot(x - 20, y - 20) < 4)
    centre = (first * (x + 0.5)).sum() / first.sum(), (first * (y + 0.5)).sum() / first.sum()
    assert np.abs(np.array(centre) - 20.5).max() < 0.35


def test_a_hidden_landmark_is_a_ring() -> None:
    """Drawn large enough for a ring to have an inside."""
    large = np.full((600, 600, 3), 128, np.uint8)
    points = spread() * 5
    visible = np.ones(68, bool)
    visible[67] = False
    drawn = draw_points(large, points, visible)
    (x, y), (seen_x, seen_y) = points[67].astype(int), points[66].astype(int)
    assert (drawn[y, x] == 255).all()
    assert drawn[seen_y, seen_x, 1] < 90
