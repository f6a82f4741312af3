"""What speaks against a reading, on readings that were made wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch

from trombine.core.conventions import to_picture
from trombine.faces.faces import Face, read_faces
from trombine.faces.fields import beyond, sure_style
from trombine.models import loaded
from trombine.world import face, paint


@pytest.fixture(scope="module", params=["photo", "anime"])
def sound(request: pytest.FixtureRequest) -> Face:
    pixels = paint(face(1_700_002), 160, request.param).pixels
    (found,) = read_faces(to_picture(pixels), loaded("reader", task="read"))
    return found


def test_a_sound_reading_has_no_doubts(sound: Face) -> None:
    assert sound.unsure == ()


def seen(pixels: np.ndarray) -> Face:
    (found,) = read_faces(
        to_picture(np.ascontiguousarray(pixels)), loaded("reader", task="read"), largest=True
    )
    return found


PEOPLE = range(1_150_100, 1_150_108)
SEEN_IN_PART = "a part of it is outside the picture"
HIDDEN = "much of it is hidden or blurred"


def test_a_face_that_is_all_there_is_not_called_hidden() -> None:
    for style in ("photo", "sketch"):
        doubts = [seen(paint(face(seed), 160, style).pixels).unsure for seed in PEOPLE[:4]]
        assert not any({SEEN_IN_PART, HIDDEN} & set(one) for one in doubts)


@pytest.mark.parametrize("side", ["left", "above", "below"])
def test_a_face_shifted_out_of_the_picture_says_so(side: str) -> None:
    """By a fifth of its landmarks' box, below by a seventh: without a mouth it is none."""
    for seed, style in zip(PEOPLE, ("photo", "cartoon"), strict=False):
        one = paint(face(seed), 160, style)
        (left, top), (_, bottom) = one.points.min(0), one.points.max(0)
        fifth = 0.2 * np.ptp(one.points, axis=0)
        cut = {
            "left": one.pixels[:, int(left + fifth[0]) :],
            "above": one.pixels[int(top + fifth[1]) :],
            "below": one.pixels[: int(bottom - 0.7 * fifth[1])],
        }[side]
        assert SEEN_IN_PART in seen(cut).unsure


@pytest.mark.parametrize("side", ["left", "right", "above", "below"])
def test_a_photographed_face_that_the_border_cuts_is_found_and_says_so(side: str) -> None:
    """By a fifth of its landmarks' box and more; the reader itself calls faces cut in two none."""
    pixels = skimage.data.astronaut()
    (left, top), (right, bottom) = seen(pixels).points.min(0), seen(pixels).points.max(0)
    for share in (0.2, 0.25, 0.3):
        x, y = share * (right - left), share * (bottom - top)
        cut = {
            "left": pixels[:, int(left + x) :],
            "right": pixels[:, : int(right - x)],
            "above": pixels[int(top + y) :],
            "below": pixels[: int(bottom - y)],
        }[side]
        found = seen(cut)
        corner = np.array([pixels.shape[1] - cut.shape[1], pixels.shape[0] - cut.shape[0]])
        moved = corner * [side == "left", side == "above"]
        off = np.abs(found.points + moved - seen(pixels).points).mean()
        assert SEEN_IN_PART in found.unsure and off < 0.05 * (bottom - top)


@pytest.mark.parametrize(("landmark", "up"), [(8, 0), (27, 24)], ids=["chin", "forehead"])
def test_what_is_taken_for_background_is_doubted(sound: Face, landmark: int, up: int) -> None:
    """Whatever the landmarks say: nothing shows through a head."""
    place = torch.from_numpy(sound.points[landmark : landmark + 1])
    x, y = sound.frame.to_window(place)[0].round().int().tolist()
    logits = sound.logits.clone()
    logits[0, y - up - 14 : y - up, x - 10 : x + 10] = 100.0
    assert replace(sound, logits=logits).unsure == ("a part of it is taken for background",)


@pytest.mark.parametrize("half", ["left", "upper", "lower"])
def test_a_face_that_is_half_covered_says_so_or_is_none(half: str) -> None:
    """By a grey board over half of its landmarks' box."""
    said = []
    for seed, style in zip(PEOPLE, ("photo", "anime", "photo", "anime"), strict=False):
        one = paint(face(seed), 160, style)
        left, top = (one.points.min(0) - 4).clip(min=0).astype(int)
        right, bottom = (one.points.max(0) + 4).astype(int)
        x, y = (left + right) // 2, (top + bottom) // 2
        boards = {
            "left": np.s_[top:bottom, left:x],
            "upper": np.s_[top:y, left:right],
            "lower": np.s_[y:bottom, left:right],
        }
        pixels = one.pixels.copy()
        pixels[boards[half]] = 128
        faces = read_faces(to_picture(pixels), loaded("reader", task="read"), largest=True)
        said += [HIDDEN in found.unsure for found in faces]
    assert said and all(said)


def test_a_face_from_the_side_says_so(sound: Face) -> None:
    turned = replace(sound, moment={**sound.moment, "yaw": 1.05})
    assert turned.unsure == ("turned as far as the reader can tell",)
    assert turned.beyond == ("yaw",)
    assert beyond("yaw", -1.02) and not beyond("yaw", 0.9) and not beyond("roll", 3.0)


def test_a_style_is_said_where_it_is_sure_and_the_picture_agrees() -> None:
    def styled(photo: float, anime: float) -> dict[str, float]:
        return {"photo": photo, "anime": anime}

    assert sure_style(styled(0.95, 0.05), drawn=False) == "photo"
    assert sure_style(styled(0.95, 0.05), drawn=True) is None
    assert sure_style(styled(0.05, 0.95), drawn=True) == "anime"
    assert sure_style(styled(0.05, 0.95), drawn=False) is None
    assert sure_style(styled(0.8, 0.2), drawn=False) is None
