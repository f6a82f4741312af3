"""What is read of invented faces: fields, parts in place, walks, by faces whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.conventions import PART_INDEX, to_picture
from trombine.eval import witness
from trombine.eval.witness import fields_read, in_place, score
from trombine.metrics.reading import IN_PLACE, organs_off
from trombine.world import face, paint

FIRST = 2_000_900


def painted(number: int, style: str = "anime") -> np.ndarray:
    """A face as generate frames it: the middle 96 of 128 pixels."""
    return np.ascontiguousarray(paint(face(FIRST + number), 128, style).pixels[16:112, 16:112])


def test_organs_are_off_by_as_much_as_they_are_moved() -> None:
    """Squares round the middles of landmarks, of which one is moved by a fifth of the distance
    between the pupils, one is taken away, and one is behind a dark lens."""
    points = torch.zeros(4, 68, 2)
    places = {"right_eye": (30, range(36, 42)), "left_eye": (70, range(42, 48))}
    for x, rows in places.values():
        points[:, list(rows)] = torch.tensor([x + 0.5, 40.5])
    points[:, 27:36] = torch.tensor([50.5, 60.5])
    points[:, 48:60] = torch.tensor([50.5, 80.5])
    parts = torch.zeros(4, 100, 100, dtype=torch.uint8)
    for name, (y, x) in {
        "right_eye": (40, 30),
        "left_eye": (40, 70),
        "nose": (60, 50),
        "mouth": (80, 50),
    }.items():
        moved = torch.tensor([0, 8 if name == "nose" else 0, 0, 0])
        for row in range(4):
            if row != 2 or name != "mouth":
                left = x + int(moved[row])
                part = "glasses" if (row, name) == (3, "left_eye") else name
                parts[row, y - 2 : y + 3, left - 2 : left + 3] = PART_INDEX[part]
    off = organs_off(parts, points)
    wanted = torch.tensor([[0.0, 0, 0, 0], [0, 0, 0.2, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    torch.testing.assert_close(off, wanted, rtol=0, atol=1e-6)


def test_parts_of_faces_are_in_place_and_of_what_is_scrambled_are_not() -> None:
    faces = [painted(number) for number in range(16)]
    scrambled = [np.ascontiguousarray(np.roll(each[::-1], 30, 1)) for each in faces]
    sound, lost = (
        in_place(witness.seen(torch.stack([to_picture(p) for p in each])))
        for each in (faces, scrambled)
    )
    assert float((sound >= 1 - IN_PLACE).float().mean()) > 0.8
    assert float((lost >= 1 - IN_PLACE).float().mean()) < 0.2


def test_fields_are_read_of_faces_alone() -> None:
    read = fields_read(painted(3), ("age", "glasses", "cloth_light"))
    assert set(read) <= {"age", "glasses", "cloth_light"} and 10 < read["age"] < 90
    assert fields_read(np.full((96, 96, 3), 128, np.uint8), ("age",)) == {}


def test_a_walk_is_scored_by_its_worst_frame_and_its_largest_step() -> None:
    faces = [painted(0), painted(0), painted(1)]
    found = score(faces)
    assert len(found.in_place) == 3 and found.steps[0] == pytest.approx(0, abs=1e-5)
    assert max(found.steps) == found.steps[1] > 0
    closed = score(faces, cycle=True)
    assert closed.steps[:2] == found.steps and closed.steps[2] == pytest.approx(found.steps[1])


def test_what_changes_at_once_in_a_walk_is_named() -> None:
    bare, hatted = (paint(face(FIRST, hat=hat, bun=0), 128, "anime").pixels for hat in (0, 1))
    found = score([bare, bare, hatted])
    assert found.jumps == ("hat",)
    assert found.text == "the face is whole in all 3 frames; from frame 1 to 2 it jumps: hat"
    assert score([bare, bare]).text == "the face is whole in all 2 frames"
