"""Bugs that would mislead a reader's training, planted and caught."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from trombine.data import staging
from trombine.training.methods import reader as read

Ours = Callable[[str, str], Callable[..., None]]
STAGING = "data/test_staging.py"
TEACHING = "training/methods/test_reader.py"


def as_it_was(cells: np.ndarray, *_rest: object) -> np.ndarray:
    """Mirrored, but the left eye is still called the left eye."""
    return cells


MIRRORED = "test_with_nothing_done_it_is_the_face_or_its_mirror_image"


@pytest.mark.parametrize(
    ("name", "wrong", "test"),
    [
        ("permuted", as_it_was, MIRRORED),
        ("MIRRORED_LABEL", np.arange(256, dtype=np.uint8), MIRRORED),
        ("inverse", lambda maps: maps, "test_landmarks_lie_where_their_pixels_went"),
        ("LUMA", np.array([1.0, 0.0, 0.2]), "test_grey_and_other_colours"),
        ("_holed", lambda chance, stage, windows: windows, "test_under_a_hole_the_truth_stays"),
    ],
)
def test_staging_that_forgets_the_truth(
    name: str, wrong: Any, test: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window is changed, and what is known of it is not."""
    ours(STAGING, test)()
    monkeypatch.setattr(staging, name, wrong)
    with pytest.raises(AssertionError):
        ours(STAGING, test)()


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        (
            {"_in_place": lambda labels, points: torch.ones(len(labels), dtype=torch.bool)},
            "test_one_lost_picture_takes_nothing_from_the_others",
        ),
        ({"LOST": math.inf}, "test_a_picture_whose_landmarks_are_not_found_teaches_nothing"),
    ],
)
def test_a_net_that_teaches_itself_that_all_is_skin(
    wrong: dict[str, Any], test: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was sure, so it learned it: on painted faces all was well, on photographs nothing."""
    ours(TEACHING, test)()
    for name, value in wrong.items():
        monkeypatch.setattr(read, name, value)
    with pytest.raises(AssertionError):
        ours(TEACHING, test)()
