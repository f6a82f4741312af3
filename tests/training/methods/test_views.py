"""Views of a step's pictures: colours, labels and landmarks of the same place."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from families import bare_step, pictures

from trombine.core.conventions import LANDMARK_GROUPS
from trombine.losses.objective import Step
from trombine.training.methods import find
from trombine.training.methods.inpaint import Inpaint, InpaintObjective, Views

COUNT, WHOLE, SIDE = 24, 96, 64


@pytest.fixture(scope="module")
def step() -> Step:
    return bare_step({}, {"data": pictures(f"world:photo#{COUNT}", WHOLE, COUNT)})


def test_a_view_is_all_made_smaller_or_the_very_pixels_of_the_middle(step: Step) -> None:
    views, whole = Views.drawn(step, SIDE), step.pictures()
    seen = views.soft(whole)
    assert 4 < int(views.closer.sum()) < COUNT - 4
    for number, closer in enumerate(views.closer.tolist()):
        top, left = int(views.top[number]), int(views.left[number])
        if closer:
            part = whole[number, :, top : top + SIDE, left : left + SIDE]
            assert torch.equal(seen[number], part)
            assert abs(left - 16) <= 8 and -8 <= top - 10 <= 8
        else:
            assert torch.allclose(seen[number].mean((1, 2)), whole[number].mean((1, 2)), atol=0.01)
    assert len({(int(top), int(left)) for top, left in zip(views.top, views.left, strict=True)}) > 8


def test_labels_and_landmarks_go_with_the_pictures(step: Step) -> None:
    """Where the left eye is labelled in a view, there its landmarks are, too."""
    views, batch = Views.drawn(step, SIDE), step.batches["data"]
    assert batch.parts is not None and batch.points is not None
    labels = views.sharp(batch.parts[:, None])[:, 0]
    points = views.moved(batch.points, WHOLE)
    assert labels.dtype == torch.uint8 and labels.shape == (COUNT, SIDE, SIDE)
    nose = 2
    compared = 0
    for label, place in zip(labels, points, strict=True):
        rows, columns = torch.nonzero(label == nose, as_tuple=True)
        tips = place[list(LANDMARK_GROUPS["nose"])]
        if len(rows) < 12:
            continue
        compared += 1
        assert float(columns.min()) - 3 < float(tips[:, 0].mean()) < float(columns.max()) + 3
        assert float(rows.min()) - 3 < float(tips[:, 1].mean()) < float(rows.max()) + 3
    assert compared > 10


def test_what_is_shown_through_a_window_is_as_large_as_it(step: Step) -> None:
    """Guesses are made of the whole picture, and seen through the same window as the truth."""
    recipe = find("inpaint")
    assert isinstance(recipe, Inpaint)
    recipe = replace(recipe, real="", told="guessed", damage="hole:irregular:5-10", window=SIDE)
    shown = InpaintObjective(replace(recipe, grey=0.0)).shown(step)
    assert shown.truth.shape[-2:] == shown.hole.shape[-2:] == shown.parts.shape[-2:] == (SIDE, SIDE)
    assert set(shown.hole.unique().tolist()) == {0.0, 1.0}
    views = Views.drawn(step, SIDE)
    assert torch.equal(shown.truth, views.soft(step.pictures().float()))
    right = (shown.parts.argmax(1) == shown.labels).float().mean((1, 2))
    assert float(right.min()) > 0.6 and float(right.mean()) > 0.85
