"""What speaks against a reading, on readings that were made wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trombine.conventions import LANDMARK_GROUPS, to_picture
from trombine.reader.doubts import beyond, sure_style
from trombine.reader.faces import Face, read_faces
from trombine.weights import loaded
from trombine.world import face, paint


@pytest.fixture(scope="module", params=["photo", "anime"])
def sound(request: pytest.FixtureRequest) -> Face:
    pixels = paint(face(1_700_002), 160, request.param).pixels
    (found,) = read_faces(to_picture(pixels), loaded("reader", task="read"))
    return found


def test_a_sound_reading_has_no_doubts(sound: Face) -> None:
    assert sound.unsure == ()


@pytest.mark.parametrize("group", ["left_brow", "right_eye", "outer_lips"])
def test_landmarks_that_were_moved_are_noticed(sound: Face, group: str) -> None:
    """A brow on the forehead: by a fifth of the face."""
    points = sound.points.copy()
    points[list(LANDMARK_GROUPS[group])] -= (0, 0.2 * sound.size)
    (doubt,) = replace(sound, points=points).unsure
    assert doubt == f"landmarks and parts disagree about the {group.replace('_', ' ')}"


def test_parts_that_are_not_there_contradict_nothing(sound: Face) -> None:
    logits = sound.logits.clone()
    logits[1] = logits.max() + 1  # all skin
    assert replace(sound, logits=logits).unsure == ()


def test_a_style_is_said_where_it_is_sure_and_the_picture_agrees() -> None:
    def styled(photo: float, anime: float) -> dict[str, float]:
        return {"photo": photo, "anime": anime}

    assert sure_style(styled(0.95, 0.05), drawn=False) == "photo"
    assert sure_style(styled(0.95, 0.05), drawn=True) is None
    assert sure_style(styled(0.05, 0.95), drawn=True) == "anime"
    assert sure_style(styled(0.05, 0.95), drawn=False) is None
    assert sure_style(styled(0.8, 0.2), drawn=False) is None


def test_a_turn_beyond_what_is_learned() -> None:
    assert beyond("yaw", 0.34) and beyond("yaw", -0.33) and not beyond("yaw", 0.3)
    assert beyond("pitch", 0.2) and not beyond("roll", 3.0)
