"""Hidden halves of faces by the halves that are seen."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock, patch

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch.nn.functional import one_hot

from trombine.core.conventions import MIRRORED_LANDMARK, MIRRORED_PART
from trombine.core.tiles import Box
from trombine.faces import Face
from trombine.faces.frames import Frame
from trombine.inpainting import repairing
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.repairing import PASSES, repaired
from trombine.inpainting.steering import Steering
from trombine.inpainting.symmetry import is_frontal, other_side, paint_by_other_side
from trombine.inpainting.windows import Area
from trombine.io.image import as_seen, picture_of
from trombine.models import loaded
from trombine.world import face as person_of
from trombine.world import paint
from trombine.world.painting import Painted

SIDE = 256
EYE = (slice(90, 140), slice(140, 200))  # the left half is seen


@pytest.fixture(scope="module")
def painted() -> Painted:
    return paint(replace(person_of(1_200_003), yaw=0.0, roll=0.0, centre_x=0.0), SIDE, "photo")


def symmetric(painted: Painted) -> tuple[np.ndarray, Face]:
    """A picture whose right half is its left one, and its face as it is read without error."""
    left = painted.pixels[:, : SIDE // 2]
    points = painted.points
    other = points[MIRRORED_LANDMARK] * [-1, 1] + [SIDE, 0]
    parts = painted.parts[1::2, 1::2][:, :64]
    both = torch.from_numpy(np.concatenate([parts, MIRRORED_PART[parts[:, ::-1]]], 1)).long()
    face = Face(
        box=(0, 0, SIDE, SIDE),
        likely=1.0,
        points=((points + other) / 2).astype(np.float32),
        errors=np.ones(68, np.float32),
        frame=Frame(x=SIDE / 2, y=SIDE / 2, side=SIDE, angle=0.0),
        logits=10.0 * one_hot(both, 19).permute(2, 0, 1).float(),
    )
    return np.concatenate([left, left[:, ::-1]], 1), face


def test_the_map_takes_landmarks_to_their_partners_and_back(painted: Painted) -> None:
    _, face = symmetric(painted)
    face = replace(face, points=painted.points)  # of a face that is not the same on both sides
    whole = Box(top=0, left=0, bottom=SIDE, right=SIDE)
    there = other_side(face, whole).reshape(SIDE, SIDE, 2)
    columns, rows = face.points.astype(int).T
    off = there[rows, columns] - face.points[MIRRORED_LANDMARK]
    assert np.linalg.norm(off, axis=1).mean() < 0.02 * SIDE
    x, y = there[rows, columns].astype(int).clip(0, SIDE - 1).T
    assert np.linalg.norm(there[y, x] - face.points, axis=1).mean() < 0.02 * SIDE


def test_a_symmetric_face_comes_back_as_it_was(painted: Painted) -> None:
    """An oracle: the hidden half is known."""
    pixels, face = symmetric(painted)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[EYE] = True
    damaged = Damaged.of(picture_of(pixels), hole)
    soft = gaussian_filter(pixels / 255, (6, 6, 0)).astype(np.float32)  # as a net paints
    there = np.nonzero(hole)
    damaged.paint(there[0], there[1], soft[hole])
    whole = Box(top=0, left=0, bottom=SIDE, right=SIDE)
    area = Area.of(hole, whole)
    assert area is not None
    paint_by_other_side(damaged, face, area)
    rows, columns = EYE
    inner = slice(rows.start + 12, rows.stop - 12), slice(columns.start + 12, columns.stop - 12)
    made = damaged.known(whole)[inner][..., :3]
    off, before = (np.abs(one - pixels[inner] / 255).mean() for one in (made, soft[inner]))
    assert off < 0.25 * before
    assert not damaged.missing.any()


def test_a_face_that_is_turned_away_says_little_of_its_other_side(painted: Painted) -> None:
    _, face = symmetric(painted)
    assert is_frontal(face)
    points = face.points.copy()
    points[:8, 0] += 0.6 * (points[27, 0] - points[0, 0])
    assert not is_frontal(replace(face, points=points))


def slopes(pixels: np.ndarray) -> np.ndarray:
    down, across = np.gradient(pixels.astype(np.float64).mean(2))
    return np.hypot(down, across)


def test_what_lies_under_the_hole_changes_nothing_of_a_mirrored_eye() -> None:
    """Bit for bit: noise, or another face, in its place."""
    picture = paint(person_of(1_200_003), 448, "photo").pixels
    hole = np.zeros((448, 448), bool)
    hole[170:240, 240:330] = True
    noise = np.random.default_rng(0).integers(0, 256, picture.shape).astype(np.uint8)
    made, model = list[np.ndarray](), loaded("inpaint")
    with patch.object(
        repairing, "paint_by_other_side", side_effect=repairing.paint_by_other_side
    ) as mirror:
        for other in (picture, noise, paint(person_of(1_200_005), 448, "photo").pixels):
            image = picture_of(np.where(hole[..., None], other, picture))
            made.append(as_seen(repaired(image, hole, model).image))
    assert mirror.call_count == 3
    assert np.array_equal(made[0], made[1]) and np.array_equal(made[0], made[2])


def test_a_hidden_eye_of_a_large_face_is_as_sharp_as_the_other_unless_told_otherwise() -> None:
    picture = paint(person_of(1_200_003), 448, "photo")
    hole = np.zeros((448, 448), bool)
    x, y = picture.points[42:48].mean(0).astype(int)
    hole[y - 30 : y + 30, x - 40 : x + 40] = True
    image, model = picture_of(picture.pixels), loaded("inpaint")
    made = as_seen(repaired(image, hole, model).image)
    soft = as_seen(repaired(image, hole, model, without=PASSES).image)
    improve = Mock()
    with patch.object(repairing, "FACE_PASSES", {"organs": improve}):
        repaired(image, hole, model, steering=Steering(parts=picture.parts))
        improve.assert_not_called()
        repaired(image, hole, model)
        improve.assert_called_once()
    inner = slice(y - 24, y + 24), slice(x - 34, x + 34)
    true = slopes(picture.pixels)[inner]
    strong = true >= np.quantile(true, 0.8)
    sharp, by_net = (slopes(one)[inner][strong].mean() for one in (made, soft))
    assert sharp > 0.6 * true[strong].mean() and sharp > 1.2 * by_net
    assert np.array_equal(made[~hole], picture.pixels[~hole])
