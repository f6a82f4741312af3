"""Windows on pictures: there and back, and what is seen in them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import least_squares

from trombine.core.conventions import LANDMARK_GROUPS
from trombine.faces.frames import WINDOW, Frame, as_painted, crop_windows, round_face
from trombine.world import STYLES, face, paint
from trombine.world.painting import points_of
from trombine.world.shape import shape

PLACES = torch.tensor([[0.0, 0.0], [64.0, 64.0], [128.0, 0.0], [13.5, 100.25]])


@given(
    st.floats(-500, 2000), st.floats(-500, 2000), st.floats(4, 3000), st.floats(-math.pi, math.pi)
)
def test_there_and_back(x: float, y: float, side: float, turn: float) -> None:
    frame = Frame(x=x, y=y, side=side, angle=turn)
    again = frame.to_window(frame.to_picture(PLACES))
    torch.testing.assert_close(again, PLACES.double(), rtol=0, atol=1e-6)


def test_a_turn_is_clockwise() -> None:
    """The right of a window that is turned by a quarter lies below its middle."""
    frame = Frame(x=50, y=60, side=128, angle=math.pi / 2)
    there = frame.to_picture(torch.tensor([[128.0, 64.0]]))
    torch.testing.assert_close(there, torch.tensor([[50.0, 124.0]]).double())


def test_a_window_of_its_own_size_shows_the_picture() -> None:
    picture = torch.rand(3, 200, 300)
    frame = Frame(x=30 + 64, y=20 + 64, side=128)
    wanted = picture[:, 20:148, 30:158]
    torch.testing.assert_close(crop_windows(picture, [frame])[0], wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("times", [2, 3])
def test_a_larger_square_is_averaged(times: int) -> None:
    picture = torch.rand(3, 128 * times, 128 * times)
    half = 64.0 * times
    found = crop_windows(picture, [Frame(x=half, y=half, side=128.0 * times)])[0]
    wanted = torch.nn.functional.avg_pool2d(picture, times)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)


def test_nothing_aliases() -> None:
    """Fine stripes that a window cannot show become grey, at any size."""
    stripes = (torch.arange(600) % 2).float().expand(3, 600, 600).contiguous()
    for side in (200.0, 256.0, 300.0, 400.0, 555.0):
        found = crop_windows(stripes, [Frame(x=300.3, y=299.6, side=side)])
        assert float((found - 0.5).abs().max()) < 0.26


def test_beyond_the_edge_the_last_row_goes_on() -> None:
    picture = torch.rand(3, 40, 50)
    found = crop_windows(picture, [Frame(x=-500, y=20, side=64), Frame(x=25, y=700, side=64)])
    assert float(found[0].std(-1).max()) < 1e-6
    assert float(found[1].std(-2).max()) < 1e-6


def test_a_face_stands_in_its_frame_as_painted_faces_stand() -> None:
    """The landmarks of painted faces are where a frame round them puts them; however it is turned,
    the middle of their box stays where it was in the window."""
    boxes = []
    for seed in range(900_000, 900_020):
        points = torch.from_numpy(paint(face(seed), 64, "photo").points)
        low, high = points.amin(0), points.amax(0)
        middle, size = (low + high) / 2, float((high - low).max())
        x, y = middle.tolist()
        straight, turned = (round_face(x, y, size, turn) for turn in (0.0, -1.0))
        there = straight.to_window(middle[None])
        torch.testing.assert_close(turned.to_window(middle[None]), there, atol=1e-4, rtol=0)
        found = straight.to_window(points)
        boxes.append(torch.stack([found.amin(0), found.amax(0)]))
    wanted = torch.tensor([[34.0, 48.0], [95.0, 112.0]]).double()
    torch.testing.assert_close(torch.stack(boxes).mean(0), wanted, atol=6.0, rtol=0)


PARTS = ("jaw", "right_brow", "left_brow", "nose", "right_eye", "left_eye", "outer_lips")
SEEDS = range(400)


@cache
def landmarks(style: str) -> np.ndarray:
    """Those of many people, in sides of their pictures."""
    return np.stack([points_of(shape(face(seed), style))[0] for seed in SEEDS])


@pytest.mark.parametrize("style", STYLES)
def test_painted_faces_are_framed_by_their_pictures(style: str) -> None:
    """In the mean of many, and each nearly."""
    frames = [as_painted(points, style) for points in landmarks(style)]
    places = np.array([(one.x, one.y, one.side, 1 + one.angle) for one in frames])
    np.testing.assert_allclose(places.mean(0), (0.5, 0.5, 1, 1), atol=0.015)
    assert places.std(0).max() < 0.08


@pytest.mark.parametrize("style", STYLES)
def test_no_frame_fits_a_face_better(style: str) -> None:
    """The fit is the least of squares, whatever the face's proportions: beside scipy's search."""
    everyone = landmarks(style)
    groups = [list(LANDMARK_GROUPS[name]) for name in PARTS]
    usual = torch.from_numpy(np.stack([everyone.mean(0)[group].mean(0) for group in groups]))
    points = everyone[3] * (90, 120) + (40, -20)
    here = np.stack([points[group].mean(0) for group in groups])

    def off(numbers: np.ndarray) -> np.ndarray:
        x, y, side, angle = (float(one) for one in numbers)
        frame = Frame(x=x, y=y, side=side, angle=angle)
        return (frame.to_picture(WINDOW * usual).numpy() - here).ravel()

    found = as_painted(points, style)
    best = least_squares(off, [50.0, 50.0, 100.0, 0.0], x_scale=[1, 1, 1, 0.01], diff_step=1e-3)
    wanted = found.x, found.y, found.side, 100 * found.angle
    np.testing.assert_allclose(wanted, best.x * (1, 1, 1, 100), atol=0.6)
