"""Organs drawn from landmarks: as the world has them, and in place of what was guessed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX, PARTS, to_picture
from trombine.inpainting.repairing import repaired
from trombine.inpainting.steering import UNKNOWN, Steering, organs, with_moved
from trombine.io.image import as_seen, picture_of
from trombine.models import loaded
from trombine.world import Painted, face, paint

LEAST = {  # overlap with the world's exact parts, the mean of some faces
    **dict.fromkeys(("left_eye", "right_eye"), 0.8),
    **dict.fromkeys(("left_brow", "right_brow"), 0.6),
    **dict.fromkeys(("upper_lip", "lower_lip", "mouth"), 0.65),
    "nose": 0.75,
}


@pytest.fixture(scope="module")
def faces() -> list[Painted]:
    return [paint(face(seed), 128, "photo") for seed in range(1_405_000, 1_405_012)]


def test_they_are_where_the_world_has_them(faces: list[Painted]) -> None:
    for name, least in LEAST.items():
        overlaps = []
        for painted in faces:
            drawn = organs(painted.points, 128, 128) == PART_INDEX[name]
            truth = painted.parts == PART_INDEX[name]
            if truth.sum() >= 25:
                overlaps.append((drawn & truth).sum() / (drawn | truth).sum())
        assert np.mean(overlaps) >= least, name


def certain(labels: list[str]) -> np.ndarray:
    return np.eye(len(PARTS), dtype=np.float32)[[PART_INDEX[name] for name in labels]].T


def test_what_was_guessed_of_a_moved_organ_is_skin_and_nothing_else_changes() -> None:
    guess = certain(["mouth", "skin", "nose", "glasses", "left_eye", "hair"])
    guess[:, 1] = 1 / len(PARTS)
    drawn = np.full(6, UNKNOWN, np.uint8)
    drawn[[1, 2, 3]] = PART_INDEX["upper_lip"]
    moved = np.isin(np.arange(68), list(LANDMARK_GROUPS["outer_lips"])[:1])
    found = with_moved(guess, drawn, moved)
    assert np.array_equal(
        found, certain(["skin", "upper_lip", "upper_lip", "glasses", "left_eye", "hair"])
    )
    assert np.array_equal(with_moved(guess, drawn, np.zeros(68, bool)), guess)


def test_of_a_moved_jaw_only_organs_are_known() -> None:
    drawn = np.array([UNKNOWN, PART_INDEX["nose"]], np.uint8)
    found = with_moved(certain(["skin", "skin"]), drawn, np.arange(68) == 8)
    assert not found[:, 0].any() and found[:, 1].argmax() == PART_INDEX["nose"]


def test_a_mouth_is_painted_where_its_landmarks_are_dragged_to() -> None:
    """By a tenth of the face; the reader finds at least half of that, as it does where the mouth's
    own pixels are moved."""
    model, reader, rises = loaded("inpaint", task="repair"), loaded("reader", task="read"), []
    for seed in (1_403_000, 1_403_001):
        painted = paint(face(seed), 128, "photo")
        points, by = painted.points, 0.1 * float(np.ptp(painted.points, axis=0).max())
        (left, top), (right, bottom) = points[48:].min(0), points[48:].max(0)
        hole = np.zeros((128, 128), bool)
        hole[int(top - by) - 8 : int(bottom) + 10, int(left) - 8 : int(right) + 8] = True
        dragged = points - np.array([0, by], np.float32) * (np.arange(68) >= 48)[:, None]
        rows = []
        for asked in (points, dragged):
            steering = Steering(points=[asked.astype(np.float32)])
            result = repaired(picture_of(painted.pixels), hole, model, steering=steering).image
            with torch.inference_mode():
                reading = reader(to_picture(as_seen(result))[None])
            rows.append(float(reading.points[0, 48:, 1].mean()))
        rises.append((rows[0] - rows[1]) / by)
    assert np.mean(rises) > 0.5
