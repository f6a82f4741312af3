"""Faces cut out of pictures: against the frame's own arithmetic, and against plain cropping."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import trombine
from trombine.core.conventions import LANDMARK_GROUPS
from trombine.data.listing import Listing, Record, View
from trombine.data.pack import Pack
from trombine.data.reading import FRAMED, face_frame, framed_parts, move_points, read_row, resize
from trombine.faces.frames import EYES_APART, EYES_DOWN, Frame, aligned
from trombine.io.image import load_picture, save_picture
from trombine.models import load
from trombine.world import face, paint
from trombine.world.leaves import leaves

EYES = "right_eye", "left_eye"


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_a_square_that_is_not_turned_is_cut_out_as_it_is() -> None:
    pixels = noise(60, 80)
    frame = Frame(x=40, y=30, side=32)
    assert np.array_equal(resize(pixels, frame, 32), pixels[14:46, 24:56])
    labels = pixels[..., 0]
    assert np.array_equal(framed_parts(labels, frame, 32), labels[14:46, 24:56])


def test_a_quarter_turn_is_one() -> None:
    """Turned clockwise by so much, the face lies with its top to the right: it is set upright."""
    pixels = noise(40, 40)
    frame = Frame(x=20, y=20, side=40, angle=math.pi / 2)
    assert np.array_equal(resize(pixels, frame, 40), np.rot90(pixels))


def test_outside_the_picture_is_its_mirror() -> None:
    pixels = noise(32, 32)
    made = resize(pixels, Frame(x=8, y=16, side=32), 32)
    assert np.array_equal(made[:, 8:], pixels[:, :24])
    assert np.array_equal(made[:, :8], pixels[:, 7::-1])


def test_labels_of_another_size_than_the_picture() -> None:
    """A map of half the picture's size, its places multiplied by so much."""
    labels = noise(20, 20)[..., 0]
    twice = labels.repeat(2, 0).repeat(2, 1)
    frame = Frame(x=21, y=18, side=19, angle=0.3)
    found = framed_parts(labels, frame, 24, 0.5)
    assert np.array_equal(found, framed_parts(twice, frame, 24))


def test_eyes_land_in_their_places() -> None:
    painted = paint(face(3), 200, "photo")
    right, left = (
        painted.points[eye].mean(0).astype(np.float64) for eye in (range(36, 42), range(42, 48))
    )
    frame = aligned(right, left)
    there = move_points(np.stack([right, left]).astype(np.float32), frame, 100)
    middle = 50 - 50 * EYES_APART, 50 + 50 * EYES_APART
    np.testing.assert_allclose(there, [[x, 100 * EYES_DOWN] for x in middle], atol=1e-3)


def test_an_aligned_face_shows_what_the_picture_shows_there() -> None:
    """Pixels, labels and points by one map: what is at a point stays what it was."""
    painted = paint(face(5), 256, "photo")
    frame = Frame(x=120, y=140, side=180, angle=0.2)
    made = resize(painted.pixels, frame, 256)
    labels = framed_parts(painted.parts, frame, 256)
    points = move_points(painted.points, frame, 256)
    same = []  # corners of eyes lie between two labels
    for old, new in zip(painted.points, points, strict=True):
        here, there = (tuple(np.floor(place[::-1]).astype(int)) for place in (old, new))
        same.append(labels[there] == painted.parts[here])
    assert np.mean(same) > 0.85
    inside = np.abs(made.astype(float).mean((0, 1)) - painted.pixels[50:230, 30:210].mean((0, 1)))
    assert (inside < 6).all()


def test_prepare_makes_aligned_faces_of_scenes(tmp_path: Path) -> None:
    """The eyes land within 2 px of their places at 128 px on average; of the largest face."""
    folder, wanted = tmp_path / "scenes", []
    for number in range(3):
        draw = np.random.default_rng(number)
        scene = leaves(1_350_000 + number, 400)[:300].copy()
        size = int(draw.integers(120, 240))
        left, top = int(draw.integers(400 - size)), int(draw.integers(300 - size))
        made = paint(face(1_350_000 + number), size, "photo")
        scene[top : top + size, left : left + size] = made.pixels
        eyes = [made.points[list(LANDMARK_GROUPS[name])].mean(0) for name in EYES]
        wanted.append(np.add(eyes, (left, top)))
        save_picture(folder / f"{number:02d}.png", scene)
    save_picture(folder / "none.png", np.full((200, 200, 3), 90, np.uint8))
    skipped = trombine.data_prepare(folder, output=tmp_path / "pack", crop="face").skipped
    assert [(path.name, why.partition(";")[0]) for path, why in skipped.items()] == [
        ("none.png", "shows no face")
    ]
    pack = Pack(tmp_path / "pack")
    assert pack.about["reader"] == load("reader").hash, "another would find them elsewhere"
    assert pack.columns["pictures"].shape == (3, 128, 128, 3)
    off = []
    for number, eyes in enumerate(wanted):
        frame = face_frame(load_picture(folder / f"{number:02d}.png").samples)
        assert frame is not None
        pixels = load_picture(folder / f"{number:02d}.png").samples
        assert np.array_equal(pack.columns["pictures"][number], resize(pixels, frame, 128))
        there = move_points(eyes.astype(np.float32), frame, 128)
        places = [[64 - 64 * EYES_APART, 128 * EYES_DOWN], [64 + 64 * EYES_APART, 128 * EYES_DOWN]]
        off.append(np.linalg.norm(there - places, axis=1).mean())
    assert np.mean(off) < 2


@pytest.mark.parametrize("crop", FRAMED)
def test_both_sides_of_a_pair_are_cut_alike(tmp_path: Path, crop: str) -> None:
    """What lies in one place of the first lies there in the second, if that is larger, too."""
    sides = paint(face(8), 160, "photo"), paint(face(8), 320, "anime")
    views = []
    for name, one in zip(("a.png", "b.png"), sides, strict=True):
        save_picture(tmp_path / name, one.pixels)
        views.append(View(picture=name, points=one.points.tolist()))
    record = Record(sides=tuple(views))
    row = read_row(tmp_path, Listing(layout="", records=[record]), record, 96, crop)
    frame = face_frame(load_picture(tmp_path / "a.png").samples)
    assert frame is not None
    room = 2 * min(frame.x, 160 - frame.x, frame.y, 160 - frame.y)
    frame = replace(frame, side=max(frame.side, min(FRAMED[crop] * frame.side, room)))
    assert np.array_equal(row["pictures"], resize(sides[0].pixels, frame, 96))
    twice = replace(frame, x=2 * frame.x, y=2 * frame.y, side=2 * frame.side)
    assert np.array_equal(row["pair_pictures"], resize(sides[1].pixels, twice, 96))
    shape = move_points(sides[1].points.astype(np.float32), twice, 96)
    np.testing.assert_allclose(row["pair_points"], shape, atol=1e-3)


def test_what_is_cut_away_is_not_visible(tmp_path: Path) -> None:
    save_picture(tmp_path / "wide.png", noise(40, 100))
    points = np.stack([np.linspace(0, 100, 68), np.full(68, 20.0)], 1)
    seen = [number % 5 > 0 for number in range(68)]
    record = Record(sides=(View(picture="wide.png", points=points.tolist(), visible=seen),))
    row = read_row(tmp_path, Listing(layout="", records=[record]), record, 40)
    inside = (points[:, 0] > 30) & (points[:, 0] < 70)
    assert np.array_equal(row["visible"], inside & np.array(seen))
