"""Faces of a film keep their numbers, and their landmarks lose noise and are hardly late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from trombine.faces import Face, Frame, Tracker
from trombine.faces.tracks import OneEuro
from trombine.world import face, paint

NOISE = 0.3  # pixels
RATE = 25


def seen(points: np.ndarray, person: int = 1, error: float = NOISE) -> Face:
    """A face that was read with these landmarks."""
    (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
    return Face(
        box=(left, top, right, bottom),
        likely=0.9,
        points=points.astype(np.float32),
        errors=np.full(68, error, np.float32),
        features=np.eye(8, dtype=np.float32)[person],
        frame=Frame(x=64, y=64, side=128),
        logits=torch.zeros(19, 128, 128),
    )


@cache
def painted(yaw: float = 0.0, seed: int = 1_720_000) -> np.ndarray:
    """The landmarks of a painted face, about 65 pixels large."""
    person = replace(face(seed), yaw=yaw, pitch=0.0, roll=0.0)
    return paint(person, 128, "photo").points.astype(np.float64)


def moved(points: np.ndarray, across: float, down: float = 0.0) -> np.ndarray:
    return points + np.array([across, down])


def noisy(truth: Sequence[np.ndarray], seed: int = 0, sigma: float = NOISE) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [points + sigma * generator.normal(size=points.shape) for points in truth]


def followed(points: Sequence[np.ndarray], times: Sequence[float]) -> np.ndarray:
    """The steadied landmarks of one face."""
    tracker = Tracker()
    frames = [tracker.update([seen(one)], time) for one, time in zip(points, times, strict=True)]
    assert {tracked.number for (tracked,) in frames} == {1}
    return np.array([tracked.face.points for (tracked,) in frames])


def error(points: np.ndarray, truth: Sequence[np.ndarray] | np.ndarray) -> float:
    return float(np.linalg.norm(points - np.array(truth), axis=-1).mean())


def times_of(count: int, rate: float = RATE) -> list[float]:
    return [k / rate for k in range(count)]


def test_the_filter_smooths_what_does_not_move() -> None:
    chance = np.random.default_rng(1)
    noisy = 0.05 * chance.normal(size=200)
    calm = OneEuro(np.zeros(1), 0.0)
    smooth = [float(calm.step(np.array([v]), 0.04 * (n + 1))[0]) for n, v in enumerate(noisy)]
    assert np.std(smooth[20:]) < 0.8 * np.std(noisy[20:])
    moving = OneEuro(np.zeros(1), 0.0)
    places = [float(moving.step(np.array([0.04 * n]), 0.04 * n)[0]) for n in range(1, 40)]
    assert abs(places[-1] - 0.04 * 39) < 0.06  # at one unit a second it is hardly late


def test_a_moving_face_is_not_behind() -> None:
    """A face that moves at a steady speed is where it is read, though frames are dropped."""
    times = [k / RATE for k in range(80) if k % 7 not in (2, 3)]
    truth = [painted() + 75 * time * np.array([1.0, -0.3]) for time in times]
    behind = (followed(noisy(truth), times) - np.array(truth))[10:].mean((0, 1))
    assert np.abs(behind).max() < NOISE / 3


def test_a_cut_is_followed_at_once_with_a_new_number() -> None:
    truth = [painted()] * 20 + [moved(painted(seed=1_720_001), 150, 40)] * 20
    points, tracker = noisy(truth), Tracker()
    frames = [tracker.update([seen(p)], t) for p, t in zip(points, times_of(40), strict=True)]
    assert [tracked.number for (tracked,) in frames] == [1] * 20 + [2] * 20
    assert np.array_equal(frames[20][0].face.points, points[20].astype(np.float32))


def crossing(hidden: bool) -> list[list[tuple[int, np.ndarray]]]:
    """Two people who pass one another, one behind the other for 5 frames where one is hidden."""
    film = []
    for k in range(50):
        people = [(1, moved(painted(), 4 * k, 0)), (2, moved(painted(), 196 - 4 * k, 6))]
        film.append(people[:1] if hidden and 22 <= k < 27 else people)
    return film


@pytest.mark.parametrize("hidden", [False, True])
def test_people_who_cross_keep_their_numbers(hidden: bool) -> None:
    """Whichever comes first in a frame."""
    orders = np.random.default_rng(5)
    tracker = Tracker()
    for k, people in enumerate(crossing(hidden)):
        mixed = [people[i] for i in orders.permutation(len(people))]
        faces = [seen(noisy([points], k)[0], person) for person, points in mixed]
        found = tracker.update(faces, k / RATE)
        assert [tracked.number for tracked in found] == [person for person, _ in mixed]


def test_likeness_decides_where_places_do_not() -> None:
    """Two who swap places while nobody looks keep their numbers."""
    tracker = Tracker()
    left, right = painted(), moved(painted(), 20, 0)
    tracker.update([seen(left, 1), seen(right, 2)], 0.0)
    found = tracker.update([seen(left, 2), seen(right, 1)], 0.2)
    assert [tracked.number for tracked in found] == [2, 1]


def test_faces_enter_and_leave_and_are_soon_back() -> None:
    """Numbers go on from left to right, and are not given twice; whoever is back in half a second
    keeps theirs."""
    tracker = Tracker()
    people = {1: painted(), 2: moved(painted(), 120, 0), 3: moved(painted(), 240, 0)}
    shown = [[1, 2]] * 5 + [[2]] * 5 + [[1, 2]] * 5 + [[2]] * 20 + [[2, 3]] * 5 + [[1, 2, 3]] * 5
    found = [
        [one.number for one in tracker.update([seen(people[n], n) for n in frame], time)]
        for frame, time in zip(shown, times_of(len(shown)), strict=True)
    ]
    assert found == shown[:40] + [[4, 2, 3]] * 5


def test_landmarks_that_fall_on_one_place_are_no_error() -> None:
    points = [np.full((68, 2), 5.0)] * 4
    assert np.isfinite(followed(points, times_of(4))).all()
