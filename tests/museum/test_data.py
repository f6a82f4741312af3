"""Bugs of data that misled people who trained on it: planted again, and caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from trombine.data import augment

Ours = Callable[[str, str], Callable[..., None]]


# --- a picture is changed, and what is known of it is not ---------------------------------------


def left_where_they_were(points: torch.Tensor, *_rest: object) -> torch.Tensor:
    """The landmarks of the picture as it was."""
    return points


def not_renamed(cells: np.ndarray, *_rest: object) -> np.ndarray:
    """Moved, but the left eye of a mirrored face is still called the left eye."""
    return cells


def not_relabelled(parts: torch.Tensor, *_rest: object) -> torch.Tensor:
    """The parts of the picture as it was."""
    return parts


FORGOTTEN: dict[str, Any] = {
    "_moved": left_where_they_were,
    "_permuted": not_renamed,
    "_relabelled": not_relabelled,
}


@pytest.mark.parametrize("text", ["mirror", "zoom:0.8-1.2+shift:0.05+mirror+rotate:25"])
@pytest.mark.parametrize("name", FORGOTTEN)
def test_an_augmentation_that_forgets_the_truth(
    name: str, text: str, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures were zoomed and mirrored in training, and their segmentation stayed as it was."""
    test = ours("oracles/test_augment.py", "test_landmarks_stay_with_the_parts")
    test(text=text)
    monkeypatch.setattr(augment, name, FORGOTTEN[name])
    with pytest.raises(AssertionError):
        test(text=text)
