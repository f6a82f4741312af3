"""Faces of a film keep their numbers, and their landmarks lose noise, not movements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from trombine.conventions import LANDMARK_GROUPS, to_picture
from trombine.reader import Face, Frame, Tracked, Tracker, read_faces, track
from trombine.weights import load
from trombine.world import face, paint

NOISE = 0.3  # pixels
RATE = 25
LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))  # upper and lower, opposite one another
OPEN, SHUT = 0.65, 0.0


def seen(points: np.ndarray, person: int = 1, error: float = NOISE) -> Face:
    """A face that was read with these landmarks."""
    (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
    return Face(
        box=(left, top, right, bottom),
        likely=0.9,
        points=points.astype(np.float32),
        errors=np.full(68, error, np.float32),
        traits={},
        moment={},
        styles={},
        features=np.eye(8, dtype=np.float32)[person],
        frame=Frame(x=64, y=64, side=128),
        logits=torch.zeros(19, 128, 128),
    )


@cache
def painted(lid_open: float = OPEN, yaw: float = 0.0, seed: int = 1_720_000) -> np.ndarray:
    """The landmarks of a painted face, about 65 pixels large."""
    person = replace(face(seed), lid_open=lid_open, yaw=yaw, pitch=0.0, roll=0.0)
    return paint(person, 128, "photo").points.astype(np.float64)


def moved(points: np.ndarray, across: float, down: float = 0.0) -> np.ndarray:
    return points + np.array([across, down])


def noisy(truth: Sequence[np.ndarray], seed: int = 0, sigma: float = NOISE) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [points + sigma * generator.normal(size=points.shape) for points in truth]


def as_they_come(points: Sequence[np.ndarray], times: Sequence[float]) -> np.ndarray:
    """The steadied landmarks of one face, none of which knows the next frame."""
    tracker = Tracker()
    frames = [tracker.update([seen(one)], time) for one, time in zip(points, times, strict=True)]
    assert {tracked.number for (tracked,) in frames} == {1}
    return np.array([tracked.face.points for (tracked,) in frames])


def whole_film(points: Sequence[np.ndarray], times: Sequence[float]) -> np.ndarray:
    film = track((time, [seen(one)]) for one, time in zip(points, times, strict=True))
    assert {tracked.number for (tracked,) in film} == {1}
    return np.array([tracked.face.points for (tracked,) in film])


WAYS = pytest.mark.parametrize("steady", [as_they_come, whole_film])


def error(points: np.ndarray, truth: Sequence[np.ndarray] | np.ndarray) -> float:
    return float(np.linalg.norm(points - np.array(truth), axis=-1).mean())


def gap(points: np.ndarray) -> np.ndarray:
    """How far the eyes are open, in each frame."""
    return np.mean([np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in LIDS], 0)


def times_of(count: int, rate: float = RATE) -> list[float]:
    return [k / rate for k in range(count)]


def blinking(times: Sequence[float], starts: Sequence[float]) -> list[np.ndarray]:
    """A face whose eyes close in .1 s and open in .17 s."""
    shut = np.zeros(len(times))
    for start in starts:
        shut += np.interp(np.array(times) - start, [0, 0.1, 0.13, 0.3], [0, 1, 1, 0])
    return [painted(round(OPEN + (SHUT - OPEN) * float(part), 4)) for part in shut]


@pytest.mark.parametrize(("steady", "goal"), [(as_they_come, 0.6), (whole_film, 0.45)])
def test_a_still_face_is_steadier(steady, goal) -> None:
    """Noise that is new in each frame is less than half of what it was, as is known afterwards."""
    truth = [painted()] * 60
    points, times = noisy(truth), times_of(60)
    assert error(steady(points, times)[10:], truth[10:]) < goal * error(np.array(points), truth)


def test_the_error_of_a_still_face_falls_as_the_filter_says() -> None:
    """Of what moves with nothing, noise falls with the frames that were seen, as in a mean."""
    truth = [painted()] * 80
    steady = as_they_come(noisy(truth), times_of(80))
    early, late = (error(steady[k], truth[: len(steady[k])]) for k in (slice(0, 2), slice(60, 80)))
    assert late < 0.6 * early


@WAYS
def test_a_moving_face_is_not_behind(steady) -> None:
    """A face that moves at a steady speed is where it is read: it lags by less than a third of
    the noise of one landmark, though it moves by ten times as much."""
    speed = np.array([3.0, -1.0])  # pixels a frame
    truth = [painted() + k * speed for k in range(60)]
    behind = (steady(noisy(truth), times_of(60)) - np.array(truth))[10:-10].mean((0, 1))
    assert abs(behind @ speed) / np.linalg.norm(speed) < NOISE / 3


@WAYS
def test_a_face_that_turns_and_grows_is_followed(steady) -> None:
    times = times_of(75)
    truth = [
        (1 + 0.2 * np.sin(2 * time)) * painted(yaw=round(0.3 * float(np.sin(3 * time)), 4))
        for time in times
    ]
    points = noisy(truth)
    assert error(steady(points, times)[10:], truth[10:]) < 0.8 * error(np.array(points), truth)


@WAYS
@pytest.mark.parametrize("rate", [24, 60])
def test_a_blink_stays_a_blink(steady, rate: int) -> None:
    """Lids come at least nine tenths as near to one another as they do, at any rate of frames,
    and landmarks lose three tenths of their error beside."""
    times = times_of(2 * rate, rate)
    starts = (0.7, 1.4)
    truth = blinking(times, starts)
    depths = []
    for seed in range(2):
        points = noisy(truth, seed)
        steadied = steady(points, times)
        assert error(steadied[5:], truth[5:]) < 0.7 * error(np.array(points), truth)
        depths += [depth(steadied, times, s) / depth(np.array(truth), times, s) for s in starts]
    assert np.mean(depths) > 0.9


def depth(points: np.ndarray, times: Sequence[float], start: float) -> float:
    """Of a blink: by what share of their distance the lids come nearer to one another."""
    since = np.array(times) - start
    eyes = gap(points)
    usual = np.median(eyes[(since > -0.3) & (since < 0.6) & ((since < 0) | (since > 0.3))])
    return 1 - float(eyes[(since >= 0) & (since <= 0.3)].min() / usual)


def test_a_landmark_that_is_off_once_is_held_back_and_moves_no_other_part() -> None:
    """What one landmark's noise does to it is not taken for a movement of its part."""
    truth = [painted()] * 40
    points = noisy(truth)
    points[30][37] += (0, 6 * NOISE)
    shifted = as_they_come(points, times_of(40))
    usual = as_they_come(noisy(truth), times_of(40))
    assert 0 < shifted[30][37][1] - usual[30][37][1] < 0.9 * 6 * NOISE
    assert np.abs(shifted[30][48:] - usual[30][48:]).max() < NOISE / 3


@WAYS
def test_uneven_times_are_taken_as_they_are(steady) -> None:
    """Frames that were dropped do not make a steady movement jump."""
    times = [0.04 * k for k in range(80) if k % 7 not in (2, 3)]
    truth = [painted() + time * np.array([60.0, 20.0]) for time in times]
    points = noisy(truth)
    assert error(steady(points, times)[10:], truth[10:]) < 0.7 * error(np.array(points), truth)


def test_a_cut_is_followed_at_once_with_a_new_number() -> None:
    truth = [painted()] * 20 + [moved(painted(seed=1_720_001), 150, 40)] * 20
    points = noisy(truth)
    times = times_of(40)
    film = track((time, [seen(one)]) for one, time in zip(points, times, strict=True))
    assert [tracked.number for (tracked,) in film] == [1] * 20 + [2] * 20
    tracker = Tracker()
    frames = [tracker.update([seen(one)], time) for one, time in zip(points, times, strict=True)]
    assert [tracked.number for (tracked,) in frames] == [1] * 20 + [2] * 20
    for steady in (film, frames):
        assert error(steady[20][0].face.points, truth[20]) < 1.1 * error(points[20], truth[20])


def test_another_person_in_the_same_place_has_a_new_number() -> None:
    tracker = Tracker()
    first = tracker.update([seen(painted(), person=1)], 0.0)
    second = tracker.update([seen(painted(), person=2)], 0.04)
    assert [first[0].number, second[0].number] == [1, 2]


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


def summary(film: Sequence[Sequence[Tracked]]) -> list[list[tuple[int, bytes]]]:
    """What was read of each frame, by number."""
    return [sorted((one.number, one.face.points.tobytes()) for one in frame) for frame in film]


def test_the_order_of_faces_in_a_frame_does_not_matter() -> None:
    frames = [
        (k / RATE, [seen(noisy([points], k)[0], person) for person, points in people])
        for k, people in enumerate(crossing(hidden=True))
    ]
    backwards = [(time, faces[::-1]) for time, faces in frames]
    assert summary(track(frames)) == summary(track(backwards))


@pytest.mark.parametrize(("absent", "number"), [(5, 1), (20, 2)])
def test_a_face_that_is_back_soon_keeps_its_number(absent: int, number: int) -> None:
    film = [[seen(painted())]] * 10 + [[]] * absent + [[seen(moved(painted(), 5, 0))]] * 10
    found = track(zip(times_of(len(film)), film, strict=True))
    assert [len(frame) for frame in found] == [len(frame) for frame in film]
    assert [found[9][0].number, found[-1][0].number] == [1, number]


def test_faces_enter_and_leave() -> None:
    """Numbers go on from left to right, and are not given twice."""
    people = {1: painted(), 2: moved(painted(), 120, 0), 3: moved(painted(), 240, 0)}
    shown = [[1, 2]] * 5 + [[2]] * 20 + [[2, 3]] * 5 + [[1, 2, 3]] * 5
    film = [[seen(people[person], person) for person in frame] for frame in shown]
    found = track(zip(times_of(len(film)), film, strict=True))
    numbers = [[tracked.number for tracked in frame] for frame in found]
    assert numbers == [[1, 2]] * 5 + [[2]] * 20 + [[2, 3]] * 5 + [[4, 2, 3]] * 5


def test_what_was_read_of_a_face_stays_but_its_points() -> None:
    read = seen(painted())
    ((tracked,),) = track([(0.0, [read])])
    assert replace(tracked.face, points=read.points) == read
    assert np.allclose(tracked.face.points, read.points, atol=1e-3)


def test_an_empty_film_and_frames_without_faces() -> None:
    assert track([]) == []
    assert track([(0.0, []), (1.0, [])]) == [[], []]


def test_time_goes_on() -> None:
    tracker = Tracker()
    tracker.update([seen(painted())], 1.0)
    with pytest.raises(ValueError, match="frames follow one another"):
        tracker.update([seen(painted())], 1.0)


def test_landmarks_that_fall_on_one_place_are_no_error() -> None:
    film = [(k / RATE, [seen(np.full((68, 2), 5.0), error=0.0)]) for k in range(4)]
    assert all(np.isfinite(one.face.points).all() for frame in track(film) for one in frame)


def test_a_painted_film_is_read_and_tracked() -> None:
    """In noise, landmarks as they are read come nearer to the truth, and eyes close as far as
    they are read to close."""
    model = load("reader", task="read")
    generator = np.random.default_rng(3)
    times = times_of(36)
    frames, truth = [], []
    for time in times:
        shut = float(np.interp(time, [0.6, 0.7, 0.73, 0.9], [0, 1, 1, 0]))
        person = replace(
            face(1_720_000),
            lid_open=OPEN * (1 - shut),
            glasses=0.0,
            mouth_open=0.0,
            yaw=0.3 * float(np.sin(2.5 * time)),
            roll=0.1 * float(np.sin(2 * time)),
        )
        one = paint(person, 128, "photo")
        noise = generator.normal(0, 0.1 * 255, one.pixels.shape)
        picture = to_picture(np.clip(one.pixels + noise, 0, 255).astype(np.uint8))
        frames.append((time, read_faces(picture, model, largest=True)))
        truth.append(one.points)
    before = np.array([faces[0].points for _, faces in frames])
    film = track(frames)
    assert {tracked.number for (tracked,) in film} == {1}
    after = np.array([tracked.face.points for (tracked,) in film])
    assert error(after, truth) < 0.97 * error(before, truth)
    assert depth(after, times, 0.6) > 0.75 * depth(before, times, 0.6)


def test_parts_are_all_landmarks() -> None:
    """Every landmark is steadied, in one part."""
    from trombine.reader.steady import _PARTS, _landmarks

    every = [point for names in _PARTS for name in names for point in _landmarks(name)]
    assert sorted(every) == sorted(p for group in LANDMARK_GROUPS.values() for p in group)
