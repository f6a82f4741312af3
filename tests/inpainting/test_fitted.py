"""Organs of large faces under a hole, by the person of the world who looks like the face."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
import pytest

from trombine.core.conventions import LANDMARK_GROUPS, to_picture
from trombine.core.tiles import Box
from trombine.faces import read_faces
from trombine.inpainting import repairing
from trombine.inpainting.damaged import Damaged
from trombine.inpainting.fitted import draw_organs
from trombine.inpainting.repairing import repaired
from trombine.inpainting.windows import Area
from trombine.io.image import as_seen, picture_of
from trombine.models import loaded
from trombine.world import face, paint
from trombine.world.painting import Painted

SIDE = 448
EYES = [*LANDMARK_GROUPS["right_eye"], *LANDMARK_GROUPS["left_eye"]]


def without_eyes(painted: Painted) -> np.ndarray:
    hole = np.zeros((SIDE, SIDE), bool)
    left, top = (painted.points[EYES].min(0) - 24).astype(int)
    right, bottom = (painted.points[EYES].max(0) + 20).astype(int)
    hole[top:bottom, left:right] = True
    return hole


def repaired_twice(painted: Painted, hole: np.ndarray) -> Iterator[np.ndarray]:
    """By all that is done, and by the net alone."""
    image, model = picture_of(painted.pixels), loaded("inpaint")
    yield as_seen(repaired(image, hole, model).image)
    with patch.object(repairing, "draw_organs"):
        yield as_seen(repaired(image, hole, model).image)


def slopes(pixels: np.ndarray) -> np.ndarray:
    return np.hypot(*np.gradient(pixels.astype(np.float64).mean(2)))


def test_hidden_eyes_have_lids_and_lashes() -> None:
    painted = paint(face(1_200_005), SIDE, "photo")
    hole = without_eyes(painted)
    made, by_net = repaired_twice(painted, hole)
    true = slopes(painted.pixels)
    strong = hole & (true >= np.quantile(true[hole], 0.9))
    ours, theirs = (slopes(one)[strong].mean() for one in (made, by_net))
    assert ours > 1.25 * theirs
    changed = (made != by_net).any(2)
    assert changed[hole].any() and not changed[~hole].any()


def test_what_lies_under_the_hole_changes_nothing() -> None:
    """Bit for bit: noise in place of the eyes."""
    painted, model = paint(face(1_200_005), SIDE, "photo"), loaded("inpaint")
    hole, made = without_eyes(painted), list[np.ndarray]()
    noise = np.random.default_rng(0).integers(0, 256, painted.pixels.shape).astype(np.uint8)
    with patch.object(repairing, "draw_organs", side_effect=draw_organs) as draw:
        for other in (painted.pixels, noise):
            image = picture_of(np.where(hole[..., None], other, painted.pixels))
            made.append(as_seen(repaired(image, hole, model).image))
    assert draw.call_count == 2 and np.array_equal(made[0], made[1])


@pytest.mark.parametrize("style", ["anime", "sketch"])
def test_drawings_keep_what_the_net_painted(style: str) -> None:
    painted = paint(face(1_200_003), SIDE, style)
    made, by_net = repaired_twice(painted, without_eyes(painted))
    assert np.array_equal(made, by_net)


def test_a_picture_in_which_no_face_is_read_stays_as_painted() -> None:
    painted = paint(face(1_200_003), SIDE, "photo")
    (found,) = read_faces(to_picture(painted.pixels), loaded("reader"), largest=True)
    hole = without_eyes(painted)
    damaged = Damaged.of(picture_of(np.full_like(painted.pixels, 128)), hole)
    rows, columns = np.nonzero(hole)
    damaged.paint(rows, columns, np.full((len(rows), 3), 0.5, np.float32))
    area = Area.of(hole, Box(top=0, left=0, bottom=SIDE, right=SIDE))
    assert area is not None
    draw_organs(damaged, found, area, loaded("reader"))
    assert (damaged.painted == 0.5).all()
