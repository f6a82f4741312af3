"""Heads turned further than the painters draw: the truth is of the picture, and nothing jumps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.data.painting import Maker
from trombine.data.source import source
from trombine.world import FURTHEST, PAINTED, Painted, face, paint, paint_further, paint_posed
from trombine.world.turned import LOWEST

SIZE = 160
SEEDS = range(2_500_000, 2_500_004)
FIRST = 2_500_100
EYES = ("left_eye", "right_eye")


def turned(seed: int, yaw: float, **changes: float) -> Painted:
    person = replace(face(seed), **changes)
    return paint_further(person, SIZE, turn=yaw - person.yaw)


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_at_the_painters_own_turn_it_is_the_painters_picture(seed: int) -> None:
    """Rays find the surface that the painter paints, so nothing but edges may differ."""
    person = replace(face(seed), yaw=PAINTED)
    ours, theirs = paint_further(person, SIZE, turn=0.0), paint(person, SIZE)
    assert np.abs(ours.points - theirs.points).max() < 0.4, "pixels"
    face_parts = [PART_INDEX[name] for name in ("skin", "nose", "left_eye", "right_eye", "mouth")]
    inside = np.isin(theirs.parts, face_parts)
    assert (ours.parts == theirs.parts)[inside].mean() > 0.95
    off = np.abs(ours.pixels.astype(int) - theirs.pixels.astype(int)).mean(-1)
    assert np.median(off[inside & (ours.parts == theirs.parts)]) < 4


@pytest.mark.parametrize(("seed", "yaw"), list(zip(SEEDS, (-1.0, -0.6, 0.6, 1.0), strict=True)))
def test_landmarks_of_eyes_lie_on_eyes(seed: int, yaw: float) -> None:
    """Landmarks and labels come from one surface by two ways; visible ones have to agree."""
    painted = turned(seed, yaw, lid_open=0.7, glasses=0.0, hat=0.0, fringe=0.0, hair_length=0.0)
    for name in EYES:
        rows = list(LANDMARK_GROUPS[name])
        if not painted.visible[rows].all():
            continue
        where = np.argwhere(painted.parts == PART_INDEX[name])[:, ::-1] + 0.5
        assert len(where)
        middle, points = where.mean(0), painted.points[rows]
        width = np.ptp(points[:, 0]) + np.ptp(points[:, 1])
        assert np.linalg.norm(points.mean(0) - middle) < 0.15 * width + 0.5


def test_the_far_side_is_hidden_and_the_near_one_is_seen() -> None:
    """At sixty degrees; positive turns show the face moved to the picture's right."""
    bare = {"glasses": 0.0, "hat": 0.0, "hair_length": 0.0, "beard": 0.0, "moustache": 0.0}
    near, far = [], []
    for seed in SEEDS:
        visible = turned(seed, 1.04, **bare).visible
        near.append(visible[0:8].mean())
        far.append(visible[9:17].mean())
    assert np.mean(near) > 0.8 and np.mean(far) < 0.35


def test_turns_by_the_angle() -> None:
    """The tip of the nose goes as a point of a ball would: by the sine of the turn."""
    for seed in SEEDS:
        tips = [turned(seed, yaw, pitch=0.0, roll=0.0).points for yaw in (-1.0, 0.0, 1.0)]
        pupils = [points[36:48].mean(0)[0] for points in tips]
        noses = [points[30][0] - eyes for points, eyes in zip(tips, pupils, strict=True)]
        assert noses[0] < noses[1] - 2 < noses[2] - 4
        assert abs(noses[0] + noses[2] - 2 * noses[1]) < 3, "the same to both sides"


def test_those_who_pose_are_data() -> None:
    """Photos by class; their numbers are of what is painted: turned to either side, up and down,
    every third with eyes nearly closed."""
    data = source("world:posed#40", 32, first_seed=FIRST)
    assert data.classes == ("photo",)
    batch = data.batch(np.arange(40))
    assert batch.vectors is not None
    numbers = {
        name: batch.vectors[:, data.vector_names.index(name)].numpy()
        for name in ("yaw", "pitch", "lid_open")
    }
    for name, most in {"yaw": FURTHEST, "pitch": LOWEST}.items():
        assert np.abs(numbers[name]).max() <= most
        assert numbers[name].min() < -most / 2 and most / 2 < numbers[name].max()
    assert 0.15 < (numbers["lid_open"] < 0.3).mean() < 0.6
    again, vector = paint_posed(FIRST + 3, 32)
    assert np.array_equal(batch.pixels[3].numpy(), again.pixels)
    assert np.allclose(batch.vectors[3].numpy(), vector)
    sample = Maker(kind="world", styles=("posed",), size=32).make(FIRST + 3)
    assert sample.styles == ("posed",)


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_a_nod_moves_the_nose_up_or_down(seed: int) -> None:
    """Against the eyes, as a point before them does; positive looks down."""
    person = replace(face(seed), roll=0.0)
    tips = []
    for pitch in (-0.44, 0.0, 0.44):
        nod = pitch - person.pitch
        points = paint_further(person, SIZE, turn=-person.yaw, nod=nod).points
        tips.append(points[30][1] - points[36:48, 1].mean())
    assert tips[0] < tips[1] - 2 < tips[2] - 4
