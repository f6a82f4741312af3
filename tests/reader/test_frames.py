"""Windows on pictures: there and back, and what is seen in them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trombine.reader.frames import WINDOW, Frame, crop_windows, round_face
from trombine.world import face, paint

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


@pytest.mark.parametrize("times", [2, 3, 5])
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


def test_white_stays_white() -> None:
    drawn = np.random.default_rng(0).uniform((60, 60, 20, -0.5), (120, 120, 400, 0.5), (40, 4))
    frames = [Frame(x=x, y=y, side=side, angle=turn) for x, y, side, turn in drawn.tolist()]
    windows = crop_windows(torch.ones(3, 200, 180), frames)
    assert windows.amax() <= 1
    assert windows.amin() > 1 - 1e-5


def test_no_frames_no_windows() -> None:
    assert crop_windows(torch.rand(3, 9, 9), []).shape == (0, 3, WINDOW, WINDOW)


@pytest.mark.parametrize("turn", [0.0, 0.4, -1.0])
def test_a_face_stands_in_its_frame_as_painted_faces_stand(turn: float) -> None:
    """The landmarks of painted faces are where a frame round them puts them."""
    low, high = [], []
    for seed in range(900_000, 900_020):
        points = torch.from_numpy(paint(face(seed), 128, "photo").points)
        box_low, box_high = points.amin(0), points.amax(0)
        middle, size = (box_low + box_high) / 2, float((box_high - box_low).max())
        frame = round_face(float(middle[0]), float(middle[1]), size, turn)
        if turn:  # the box's middle stays where it was in the window, whatever the turn
            straight = round_face(float(middle[0]), float(middle[1]), size)
            there = frame.to_window(middle[None])
            torch.testing.assert_close(there, straight.to_window(middle[None]), atol=1e-4, rtol=0)
            continue
        found = frame.to_window(points)
        low.append(found.amin(0))
        high.append(found.amax(0))
    if not turn:
        wanted = torch.tensor([[34.0, 48.0], [95.0, 112.0]]).double()
        means = torch.stack([torch.stack(low).mean(0), torch.stack(high).mean(0)])
        torch.testing.assert_close(means, wanted, atol=6.0, rtol=0)
