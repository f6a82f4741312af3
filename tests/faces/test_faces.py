"""From what a net says to faces of a picture: boxes, parts, none twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.transform import rotate
from torch.nn.functional import one_hot

from trombine.core.conventions import PART_INDEX, to_picture
from trombine.faces import Face, Frame, parts_map, read_faces
from trombine.faces.faces import _box, _once, upright
from trombine.faces.scan import covered, shared
from trombine.models import load
from trombine.world import face, paint


def as_face(parts: np.ndarray, frame: Frame) -> Face:
    """A face whose window holds these parts."""
    logits = 10 * one_hot(torch.from_numpy(parts).long(), 19).permute(2, 0, 1).float()
    return Face(
        box=(0.0, 0.0, 1.0, 1.0),
        likely=0.9,
        points=np.zeros((68, 2), np.float32),
        errors=np.zeros(68, np.float32),
        frame=frame,
        logits=logits,
    )


def test_the_parts_of_a_window_lie_where_it_looks() -> None:
    painted = paint(face(900_001), 128, "photo")
    frame = Frame(x=40 + 64, y=20 + 64, side=128)
    whole = parts_map([as_face(painted.parts, frame)], 200, 220)
    assert np.array_equal(whole[20:148, 40:168], painted.parts)
    whole[20:148, 40:168] = 0
    assert not whole.any()


def test_a_turned_window_and_back() -> None:
    """Parts in a window that is turned and twice as large, read out along the window's pixels."""
    painted = paint(face(900_002), 128, "photo")
    frame = Frame(x=300.0, y=260.0, side=256, angle=0.5)
    whole = parts_map([as_face(painted.parts, frame)], 600, 640)
    down, across = np.mgrid[0:128, 0:128] + 0.5
    there = frame.to_picture(torch.from_numpy(np.stack([across, down], -1).reshape(-1, 2)))
    x, y = np.floor(there.numpy()).astype(int).T
    assert (whole[y, x].reshape(128, 128) == painted.parts).mean() > 0.98


def test_a_window_at_the_edge_is_cut_and_the_smaller_face_lies_in_front() -> None:
    painted = paint(face(900_001), 128, "photo")
    whole = parts_map([as_face(painted.parts, Frame(x=0, y=64, side=128))], 128, 90)
    assert np.array_equal(whole[:, :64], painted.parts[:, 64:]) and not whole[:, 64:].any()
    skin, hair = (np.full((128, 128), PART_INDEX[name], np.uint8) for name in ("skin", "hair"))
    large, small = (Frame(x=64, y=64, side=side) for side in (128, 32))
    whole = parts_map([as_face(skin, small), as_face(hair, large)], 128, 128)
    assert (whole[49:79, 49:79] == PART_INDEX["skin"]).all()
    assert whole[10, 10] == PART_INDEX["hair"]


def within(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Landmarks that fill a box."""
    places = np.random.default_rng(1).uniform((left, top), (right, bottom), (68, 2))
    places[:2] = (left, top), (right, bottom)
    return places.astype(np.float32)


def test_the_box_is_of_what_is_near_the_landmarks_and_of_the_largest_piece() -> None:
    """Of an ear behind hair, too; not of specks, nor of another's face."""
    parts = np.zeros((128, 128), np.uint8)
    parts[40:100, 30:90] = PART_INDEX["skin"]
    parts[10:40, 20:100] = PART_INDEX["hair"]
    parts[100:128, 40:80] = PART_INDEX["neck"]
    parts[40:100, 90:96] = PART_INDEX["hair"]
    parts[60:70, 96:102] = PART_INDEX["left_ear"]
    parts[70:72, 20:22] = PART_INDEX["right_ear"]
    parts[120:125, 2:7] = PART_INDEX["skin"]  # of another
    points = within(35, 50, 95, 95)
    assert _box(parts, points, Frame(x=64, y=64, side=128)) == pytest.approx((30, 40, 102, 100))
    assert _box(parts, points, Frame(x=0, y=0, side=256)) == pytest.approx((-68, -48, 76, 72))
    assert _box(np.zeros((128, 128), np.uint8), points, Frame(x=0, y=0, side=9)) is None


@pytest.mark.parametrize("turn", [-0.7, 2.0])
def test_a_turned_face_is_set_upright(turn: float) -> None:
    points = torch.from_numpy(paint(face(900_003), 128, "photo").points).double()
    frame, (cos, sin) = upright(points), (np.cos(turn), np.sin(turn))
    turned = (points - 64) @ torch.tensor([[cos, -sin], [sin, cos]]).T.double() + 64
    torch.testing.assert_close(upright(turned).to_window(turned), frame.to_window(points))


def test_boxes_that_share_and_lie_in_one_another() -> None:
    assert shared((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert shared((0, 0, 2, 2), (5, 5, 6, 6)) == covered((0, 0, 2, 2), (2, 2, 3, 3)) == 0
    assert covered((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 2)
    assert covered((0, 0, 9, 9), (2, 3, 4, 4)) == covered((2, 3, 4, 4), (0, 0, 9, 9)) == 1


def test_of_faces_in_one_another_the_likeliest_stays_and_the_window_that_fits() -> None:
    """Of one that is read twice all are sure; one has seen a part of the face alone."""
    points = paint(face(900_003), 128, "photo").points
    frame = upright(torch.from_numpy(points))
    parts = np.full((128, 128), PART_INDEX["skin"], np.uint8)
    whole, cut, wide = (
        replace(as_face(parts, replace(frame, side=times * frame.side)), points=points, likely=sure)
        for times, sure in ((1.02, 0.9991), (0.68, 0.9995), (1.5, 0.9993))
    )
    assert _once([cut, whole, wide]) == [whole]
    boxes = [(0.0, 0.0, 90.0, 100.0), (20.0, 30.0, 50.0, 60.0), (80.0, 0.0, 170.0, 100.0)]
    likely = (0.8, 0.7, 0.9)
    faces = [replace(whole, box=box, likely=sure) for box, sure in zip(boxes, likely, strict=True)]
    assert _once(faces) == [faces[2], faces[0]]


def test_faces_are_found_in_the_dark() -> None:
    """An eighth of the light: each is found where it is found in the light; in the black nobody."""
    model = load("reader", task="read")
    for seed in range(900_010, 900_014):
        pixels = paint(face(seed), 128, "photo").pixels
        light = read_faces(to_picture(pixels), model, largest=True)
        dark = read_faces(to_picture(pixels // 8), model, largest=True)
        apart = np.linalg.norm(light[0].points - dark[0].points, axis=1)
        assert apart.mean() < 2, "pixels"
    assert read_faces(torch.zeros(3, 64, 64), model) == []


@pytest.mark.parametrize("side", [0, 1, 2])  # left, top, right
def test_the_box_of_a_face_that_is_cut_lies_in_the_picture(side: int) -> None:
    """What the net says of what it cannot see is no part of the picture."""
    pixels = paint(face(900_014), 256, "photo").pixels
    cut = (pixels[:, 75:], pixels[75:], pixels[:, :-75])[side]
    (found,) = read_faces(to_picture(np.ascontiguousarray(cut)), load("reader", task="read"))
    left, top, right, bottom = found.box
    assert 0 <= left < right <= cut.shape[1] and 0 <= top < bottom <= cut.shape[0]
    assert (left, top, right - cut.shape[1])[side] == 0, "up to the edge, where it was cut"


@pytest.mark.parametrize("turn", [-35, 15])
def test_a_turned_face_has_its_roll(turn: int) -> None:
    """It is set upright before its numbers are read; what they say of roll is of the picture."""
    model = load("reader", task="read")
    pixels = paint(face(900_021), 256, "photo").pixels
    (upright,) = read_faces(to_picture(pixels), model, largest=True)
    turned = rotate(pixels, turn, resize=False, mode="edge", preserve_range=True)
    (found,) = read_faces(to_picture(turned.astype(np.uint8)), model, largest=True)
    # skimage turns counter-clockwise, which is negative where y points down.
    assert found.moment["roll"] - upright.moment["roll"] == pytest.approx(
        -np.deg2rad(turn), abs=0.1
    )


def test_only_the_faces_in_wanted_frames_are_read() -> None:
    """Where many are in a picture and one is to be repaired, the others cost nothing."""
    model = load("reader", task="read")
    two = [paint(face(seed), 160, "photo").pixels for seed in (900_021, 900_014)]
    picture = to_picture(np.concatenate(two, axis=1))
    left, right = read_faces(picture, model)
    (found,) = read_faces(picture, model, wanted=lambda frame: frame.x > 160)
    assert np.allclose(found.points, right.points, atol=1e-3)
    assert np.allclose(left.frame.x, 80, atol=20) and found.frame.x > 160
