"""Children: at 16 as grown ones, before that rounder, and the truth is of the picture."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.data.source import source
from trombine.world import Painted, face, paint, paint_child, paint_children
from trombine.world.people import GROWN

SIZE = 192
SEEDS = range(2_600_000, 2_600_004)
BARE = {"glasses": 0.0, "hat": 0.0, "fringe": 0.0, "hair_length": 0.0, "yaw": 0.0, "roll": 0.0}
AGES = (0.0, 2.0, 6.0, 11.0, 16.0)


def child(seed: int, age: float, **changes: float) -> Painted:
    return paint_child(replace(face(seed), **BARE | changes), SIZE, age=age)


def span(painted: Painted, first: int, last: int, axis: int) -> float:
    return float(painted.points[last, axis] - painted.points[first, axis])


def test_at_sixteen_it_is_the_youngest_of_the_others() -> None:
    gone = ("beard", "moustache", "stubble", "recession", "hair_grey", "lipstick", "eye_makeup")
    person = replace(face(SEEDS[0]), age=GROWN, **dict.fromkeys(gone, 0.0))
    ours, theirs = paint_child(face(SEEDS[0]), SIZE, age=GROWN), paint(person, SIZE)
    for name in ("pixels", "parts", "points", "visible"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name


@cache
def grown_up(seed: int) -> list[Painted]:
    """The same child at each of AGES."""
    return [child(seed, age) for age in AGES]


@pytest.mark.parametrize(
    ("what", "grows"),
    [
        (lambda p: span(p, 39, 36, 0) / span(p, 16, 0, 0), False),  # an eye's width, of the face's
        (lambda p: span(p, 27, 33, 1) / span(p, 16, 0, 0), True),  # a nose's length
        (lambda p: span(p, 27, 8, 1) / span(p, 0, 16, 0), True),  # from the eyes to the chin
        (lambda p: span(p, 48, 54, 0) / span(p, 0, 16, 0), True),  # a mouth's width
    ],
    ids=["eyes", "nose", "chin", "mouth"],
)
def test_proportions_change_one_way_with_the_years(what, grows: bool) -> None:
    """As Farkas (1994) has them: the younger, the larger the eyes, the smaller what is below."""
    for seed in SEEDS:
        values = np.array([abs(what(one)) for one in grown_up(seed)])
        steps = np.diff(values) if grows else -np.diff(values)
        assert (steps > 0).all(), values


@pytest.mark.parametrize(("seed", "age"), list(zip(SEEDS, (0.0, 3.0, 6.0, 9.0), strict=True)))
def test_landmarks_lie_on_their_parts(seed: int, age: float) -> None:
    """Found in the finished labels alone: the middles of eyes, and of the lips."""
    painted = child(seed, age, lid_open=0.7, mouth_open=0.0)
    lips = ("upper_lip", "lower_lip", "mouth")
    for rows, parts in (
        ("right_eye", ("right_eye",)),
        ("left_eye", ("left_eye",)),
        ("outer_lips", lips),
    ):
        labels = np.isin(painted.parts, [PART_INDEX[name] for name in parts])
        where = np.argwhere(labels)[:, ::-1] + 0.5
        points = painted.points[list(LANDMARK_GROUPS[rows])]
        low, high = points.min(0), points.max(0)
        assert np.abs(where.min(0) - low).max() < 2 and np.abs(where.max(0) - high).max() < 2
    jaw = painted.points[list(LANDMARK_GROUPS["jaw"])]
    chin = jaw[8]
    column = painted.parts[:, int(chin[0])]
    skin = np.flatnonzero(column == PART_INDEX["skin"])
    neck = np.flatnonzero(column == PART_INDEX["neck"])
    assert abs(skin.max() + 1 - chin[1]) < 2 or abs(neck.min() - chin[1]) < 2


def test_children_are_data() -> None:
    """Photos by class, of all ages below 16, without what only grown people have."""
    first, count = 2_600_100, 32
    data = source(f"world:children#{count}", 32, first_seed=first)
    assert data.classes == ("photo",)
    batch = data.batch(np.arange(count))
    assert batch.vectors is not None
    numbers = {
        name: batch.vectors[:, data.vector_names.index(name)].numpy()
        for name in ("age", "lid_open", "beard", "moustache", "recession", "hair_grey")
    }
    assert numbers["age"].min() < 2 and 14 < numbers["age"].max() <= GROWN
    assert 0.02 < (numbers["lid_open"] < 0.2).mean() < 0.4
    for name in ("beard", "moustache", "recession", "hair_grey"):
        assert not numbers[name].any(), name
    again, vector = paint_children(first + 3, 32)
    assert np.array_equal(batch.pixels[3].numpy(), again.pixels)
    assert np.allclose(batch.vectors[3].numpy(), vector)
