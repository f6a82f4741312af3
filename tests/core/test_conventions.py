"""What a picture, a hole, the parts and the landmarks are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.conventions import (
    GROUP_OF_PART,
    GROUPS,
    MIRRORED_LANDMARK,
    MIRRORED_PART,
    PART_COLOURS,
    PART_INDEX,
    PARTS,
    check_hole,
    check_picture,
    to_picture,
    to_pixels,
)
from trombine.core.errors import InputError

RNG = np.random.default_rng(9)


# --- pictures and holes ------------------------------------------------------------------------


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
    for part, other in zip(PARTS, MIRRORED_PART, strict=True):
        side, _, rest = part.name.partition("_")
        sides = {"left": f"right_{rest}", "right": f"left_{rest}"}
        assert PARTS[other].name == sides.get(side, part.name)
    assert set(GROUP_OF_PART) == set(range(8))


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


def test_the_permutation_is_the_geometry_of_a_mirror() -> None:
    """Mirror each point by hand, and look which point of the same face lies there."""
    face = drawn_face()
    reflected = face * [-1, 1]
    distance = np.linalg.norm(face[:, None] - reflected, axis=2)
    assert distance.min(axis=1).max() < 1e-9
    assert np.array_equal(distance.argmin(axis=1), MIRRORED_LANDMARK)
