"""What a picture, a hole, the parts and the landmarks are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import TypeCheckError

from trombine.core.conventions import (
    GROUP_OF_PART,
    GROUPS,
    LANDMARK_COUNT,
    LANDMARK_GROUPS,
    MIRRORED_LANDMARK,
    PART_COLOURS,
    PART_INDEX,
    PARTS,
    check_hole,
    check_parts,
    check_picture,
    check_points,
    group_parts,
    mirror_parts,
    mirror_points,
    mirror_visible,
    to_picture,
    to_pixels,
)
from trombine.core.errors import InputError

RNG = np.random.default_rng(9)
# The annotations refuse some of what the checks refuse; under test they come first.
REFUSALS = (InputError, TypeCheckError, BeartypeCallHintViolation)


# --- pictures and holes ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 4, 5), (2, 3, 4, 5), (0, 3, 4, 5)])
def test_a_picture_passes_as_it_is(shape: tuple[int, ...]) -> None:
    picture = torch.rand(shape)
    assert check_picture(picture) is picture


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (torch.rand(3, 4, 5).double(), "float32"),
        (torch.zeros(3, 4, 5, dtype=torch.uint8), "float32"),
        (torch.rand(4, 5), "C x H x W"),
        (torch.rand(4, 5, 3), "C x H x W"),
        (torch.rand(3, 4, 5) * 2 - 1, r"within \[0, 1\]"),
        (torch.full((3, 4, 5), 1.001), r"within \[0, 1\]"),
        (torch.tensor([0.5, float("nan"), 0.1] * 4).reshape(3, 2, 2), r"within \[0, 1\]"),
    ],
)
def test_what_is_no_picture_is_refused(wrong: torch.Tensor, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_picture(wrong)


@pytest.mark.parametrize("lead", [(), (2,)])
def test_a_hole_passes_as_it_is(lead: tuple[int, ...]) -> None:
    hole = (torch.rand(*lead, 1, 4, 5) > 0.5).float()
    assert check_hole(hole, torch.rand(*lead, 3, 4, 5)) is hole


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (torch.full((1, 4, 5), 255.0), "nothing between"),
        (torch.full((1, 4, 5), float("nan")), "nothing between"),
        (torch.zeros(3, 4, 5), "one channel"),
        (torch.zeros(1, 5, 4), "size"),
    ],
)
def test_what_is_no_hole_is_refused(wrong: torch.Tensor, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_hole(wrong, torch.rand(3, 4, 5))


@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 16)])
def test_every_sample_survives_the_way_to_a_picture_and_back(dtype: type, bits: int) -> None:
    every = np.arange(2**bits).astype(dtype).reshape(2 ** (bits // 2), -1, 1)
    assert np.array_equal(to_pixels(to_picture(every), bits), every)


def test_a_picture_is_planes_of_shares() -> None:
    """Against a loop: channel, row and column end where the convention says, in its range."""
    samples = RNG.integers(0, 256, (4, 5, 3), np.uint8)
    picture = to_picture(samples)
    assert picture.shape == (3, 4, 5) and picture.dtype == torch.float32
    for row, column, channel in np.ndindex(4, 5, 3):
        share = picture[channel, row, column].item()
        assert share == pytest.approx(samples[row, column, channel] / 255)
    check_picture(picture)


def test_pixels_are_rounded_to_the_nearest() -> None:
    shares = torch.tensor([0.0, 0.499, 0.501, 1.499, 254.6]) / 255
    assert to_pixels(shares.float().reshape(1, 1, 5))[0, :, 0].tolist() == [0, 0, 1, 1, 255]
    with pytest.raises(InputError):
        to_pixels(torch.full((3, 2, 2), 1.5))


# --- parts -------------------------------------------------------------------------------------


def test_the_classes_are_celebamask_hqs() -> None:
    """Its names, in its order, with l and r of the person."""
    theirs = (
        "background skin nose eye_g l_eye r_eye l_brow r_brow l_ear r_ear mouth u_lip l_lip"
        " hair hat ear_r neck_l neck cloth"
    )
    ours = {
        "eye_g": "glasses",
        "u_lip": "upper_lip",
        "l_lip": "lower_lip",
        "ear_r": "earring",
        "neck_l": "necklace",
    }
    sides = {"l": "left", "r": "right"}

    def name(word: str) -> str:
        side, _, rest = word.partition("_")
        return ours.get(word) or (f"{sides[side]}_{rest}" if side in sides else word)

    assert [part.name for part in PARTS] == [name(word) for word in theirs.split()]


def test_the_tables_agree_with_the_list() -> None:
    assert {PARTS[i].name: i for i in range(19)} == PART_INDEX
    assert [GROUPS[g] for g in GROUP_OF_PART] == [part.group for part in PARTS]
    assert PART_COLOURS.tolist() == [list(part.colour) for part in PARTS]
    assert len({part.colour for part in PARTS}) == 19
    assert set(GROUP_OF_PART) == set(range(8))


def test_a_mirrored_map_is_the_map_seen_in_a_mirror() -> None:
    """Against a loop over pixels and names."""
    parts = RNG.integers(0, 19, (7, 9), np.uint8)
    mirrored = mirror_parts(parts)
    for row, column in np.ndindex(7, 9):
        name = PARTS[parts[row, 8 - column]].name
        side, _, rest = name.partition("_")
        other = {"left": "right", "right": "left"}.get(side)
        assert PARTS[mirrored[row, column]].name == (f"{other}_{rest}" if other else name)
    assert np.array_equal(mirror_parts(mirrored), parts)


def test_groups_are_what_the_parts_say() -> None:
    parts = np.arange(19, dtype=np.uint8)[None]
    assert [GROUPS[g] for g in group_parts(parts)[0]] == [part.group for part in PARTS]


@pytest.mark.parametrize("door", [check_parts, mirror_parts, group_parts])
def test_what_are_no_parts_is_refused(door: Callable[..., object]) -> None:
    for wrong in (np.full((4, 5), 19, np.uint8), np.zeros((4, 5), np.int64)):
        with pytest.raises(REFUSALS):
            door(wrong)


# --- landmarks ---------------------------------------------------------------------------------


def drawn_face() -> np.ndarray:
    """68 points where iBUG's figure has them, of a face that is its own mirror image.

    Each curve is a formula of its own, drawn in the order of the figure; nothing here knows of
    the permutation. The face is centred on x = 0.
    """

    def arc(start: float, end: float, count: int, wide: float, high: float, x: float, y: float):
        turn = np.radians(np.linspace(start, end, count))
        return np.stack([x + wide * np.cos(turn), y + high * np.sin(turn)], axis=1)

    jaw = arc(180, 0, 17, 40, 60, 0, 0)  # from the picture's left, below, to its right
    brows = [arc(200, 340, 5, 12, 6, x, -25) for x in (-20, 20)]
    bridge = np.stack([np.zeros(4), np.linspace(-15, 5, 4)], axis=1)
    wings = np.stack([np.linspace(-8, 8, 5), [8, 9, 10, 9, 8]], axis=1)
    # An eye: corner, two of the upper lid, corner, two of the lower lid, clockwise.
    eyes = [arc(180, 480, 6, 8, 4, x, -12) for x in (-20, 20)]
    lips = [arc(180, 510, 12, 15, 8, 0, 30), arc(180, 495, 8, 10, 4, 0, 30)]
    return np.concatenate([jaw, *brows, bridge, wings, *eyes, *lips])


def test_the_drawn_face_has_every_point_once() -> None:
    face = drawn_face()
    assert face.shape == (LANDMARK_COUNT, 2)
    assert [i for group in LANDMARK_GROUPS.values() for i in group] == list(range(68))


def test_the_permutation_is_the_geometry_of_a_mirror() -> None:
    """Mirror each point by hand, and look which point of the same face lies there."""
    face = drawn_face()
    reflected = face * [-1, 1]
    distance = np.linalg.norm(face[:, None] - reflected, axis=2)
    assert distance.min(axis=1).max() < 1e-9
    assert np.array_equal(distance.argmin(axis=1), MIRRORED_LANDMARK)


@pytest.mark.parametrize("width", [64, 101, 30.5])
def test_a_symmetric_face_in_the_middle_mirrors_to_itself(width: float) -> None:
    face = drawn_face() + np.array([width / 2, 70])
    assert np.abs(mirror_points(face, width) - face).max() < 1e-9


def test_a_landmark_goes_where_its_pixel_goes() -> None:
    """A lit pixel, mirrored by numpy, is where the mirrored landmark says: half a pixel counts."""
    width, height = 23, 17
    points = np.stack([RNG.integers(0, width, 68), RNG.integers(0, height, 68)], axis=1) + 0.5
    mirrored = mirror_points(points, width)
    for index in range(68):
        picture = np.zeros((height, width))
        column, row = np.floor(points[MIRRORED_LANDMARK[index]]).astype(int)
        picture[row, column] = 1
        ((lit_row, lit_column),) = np.argwhere(picture[:, ::-1])
        assert mirrored[index].tolist() == [lit_column + 0.5, lit_row + 0.5]


def test_mirrored_twice_is_as_before() -> None:
    points, visible = RNG.random((68, 2)) * 100, RNG.random(68) > 0.5
    before = points.copy()
    assert np.abs(mirror_points(mirror_points(points, 100), 100) - points).max() < 1e-12
    assert np.array_equal(mirror_visible(mirror_visible(visible)), visible)
    assert np.array_equal(points, before), "it leaves what it was given"


def test_a_left_eye_becomes_a_right_eye_in_all_three() -> None:
    """A face whose left eye alone is drawn and seen: mirrored, it is the right one, elsewhere."""
    parts = np.zeros((8, 10), np.uint8)
    parts[2:4, 6:8] = PART_INDEX["left_eye"]
    points = np.full((68, 2), 5.0)
    points[42:48] = [7.0, 3.0]
    visible = np.zeros(68, bool)
    visible[42:48] = True
    mirrored, seen = mirror_parts(parts), mirror_visible(visible)
    assert np.argwhere(mirrored).tolist() == [[2, 2], [2, 3], [3, 2], [3, 3]]
    assert (mirrored[2:4, 2:4] == PART_INDEX["right_eye"]).all()
    assert np.flatnonzero(seen).tolist() == list(range(36, 42))
    assert np.array_equal(mirror_points(points, 10)[seen], np.full((6, 2), 3.0))


def test_what_are_no_landmarks_is_refused() -> None:
    for wrong in (np.zeros((67, 2)), np.where(np.arange(136).reshape(68, 2) == 5, np.inf, 0)):
        for door in (check_points, lambda points: mirror_points(points, 10)):
            with pytest.raises(REFUSALS):
                door(wrong)
