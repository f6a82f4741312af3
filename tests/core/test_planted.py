"""Bugs about parts and landmarks that misled people: planted again, and caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from trombine.core import conventions
from trombine.core.conventions import MIRRORED_LANDMARK, MIRRORED_PART, mirror_points

Ours = Callable[[str, str], Callable[..., None]]


def caught(
    test: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    planted: Any,
    **given: Any,
) -> None:
    """The test passes as things are, and fails once `name` is what was planted."""
    test(**given)
    monkeypatch.setitem(test.__globals__, name, planted)
    with pytest.raises(AssertionError):
        test(**given)


# --- landmarks off by half a pixel --------------------------------------------------------------


def by_index(points: np.ndarray, width: float) -> np.ndarray:
    """As if 0 were the centre of the first pixel: width - 1 - x, a whole pixel off in a mirror."""
    return mirror_points(points, width - 1)


def half_off(points: np.ndarray, width: float) -> np.ndarray:
    return mirror_points(points, width) - np.array([0.5, 0])


@pytest.mark.parametrize("planted", [by_index, half_off])
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("test_a_landmark_goes_where_its_pixel_goes", {}),
        ("test_a_symmetric_face_in_the_middle_mirrors_to_itself", {"width": 64}),
    ],
)
def test_landmarks_that_count_from_the_pixels_centre(
    planted: Any, name: str, given: dict[str, Any], ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught(ours("core/test_conventions.py", name), monkeypatch, "mirror_points", planted, **given)


def test_mirrored_twice_alone_would_not_have_seen_it(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why there is a geometric oracle: width - 1 - x is its own inverse as well."""
    test = ours("core/test_conventions.py", "test_mirrored_twice_is_as_before")
    monkeypatch.setitem(test.__globals__, "mirror_points", by_index)
    test()


# --- mirrored truth, read without swapping left and right ---------------------------------------


def only_flipped(parts: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(conventions.check_parts(parts)[:, ::-1])


def only_swapped(parts: np.ndarray) -> np.ndarray:
    return MIRRORED_PART[parts]


@pytest.mark.parametrize("planted", [only_flipped, only_swapped])
def test_parts_whose_sides_are_the_pictures(
    planted: Any, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours("core/test_conventions.py", "test_a_mirrored_map_is_the_map_seen_in_a_mirror")
    caught(test, monkeypatch, "mirror_parts", planted)


def not_permuted(points: np.ndarray, width: float) -> np.ndarray:
    """The points moved, but the person's right eye still called the right one."""
    return np.stack([width - points[:, 0], points[:, 1]], axis=1)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("test_a_landmark_goes_where_its_pixel_goes", {}),
        ("test_a_symmetric_face_in_the_middle_mirrors_to_itself", {"width": 64}),
    ],
)
def test_landmarks_that_keep_their_numbers(
    name: str, given: dict[str, Any], ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught(
        ours("core/test_conventions.py", name), monkeypatch, "mirror_points", not_permuted, **given
    )


def test_a_permutation_with_two_points_of_the_lips_exchanged(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind of slip that no eye finds in a list of 68 numbers."""
    slip = MIRRORED_LANDMARK.copy()
    slip[[61, 62]] = slip[[62, 61]]
    test = ours("core/test_conventions.py", "test_the_permutation_is_the_geometry_of_a_mirror")
    caught(test, monkeypatch, "MIRRORED_LANDMARK", slip)


def test_visibility_that_stays_on_its_side(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    test = ours("core/test_conventions.py", "test_visibility_moves_with_its_point")
    caught(test, monkeypatch, "mirror_visible", lambda visible: visible)


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("mirror_parts", only_flipped),
        ("mirror_points", not_permuted),
        ("mirror_visible", lambda visible: visible),
    ],
)
def test_one_truth_of_three_left_behind(
    name: str, planted: Any, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = ours("core/test_conventions.py", "test_a_left_eye_becomes_a_right_eye_in_all_three")
    caught(test, monkeypatch, name, planted)
