"""Detecting damage: what is learned from, and how it is measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from families import bare_step, pictures
from torch import nn

from trombine.core.errors import InputError
from trombine.data.degrade import Chain
from trombine.losses.objective import Step
from trombine.metrics.detection import near
from trombine.training.methods import find
from trombine.training.methods.scratches import Detect, DetectObjective, mirrored

COUNT, SIZE = 12, 48


class Truth(nn.Module):
    """Says what is damaged, `moved` pixels to the right, and nothing of every second window."""

    def __init__(self, damaged: torch.Tensor, moved: int = 0) -> None:
        super().__init__()
        self.logits = 10 * damaged.roll(moved, -1) - 5
        self.logits[1::2] = -5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits


@pytest.fixture(scope="module")
def recipe() -> Detect:
    recipe = find("scratches")
    assert isinstance(recipe, Detect)
    return replace(recipe, size=SIZE)


def step_of(net: nn.Module) -> Step:
    return bare_step({"net": net}, {"data": pictures(f"leaves#{COUNT}", SIZE, COUNT)})


def test_windows_are_a_part_and_the_whole_at_half_its_size(recipe: Detect) -> None:
    """With a chain that only marks, undamaged pixels are those of the picture and its mirrors."""
    objective = DetectObjective(replace(recipe, damage="scratches:0.5+torn:0.5", grey=0.0))
    step = step_of(nn.Identity())
    pictures, damaged = objective.windows(step)
    assert pictures.shape == (2 * COUNT, 3, SIZE, SIZE) and damaged.shape == (
        2 * COUNT,
        1,
        SIZE,
        SIZE,
    )
    assert 0 < float(damaged.mean()) < 0.3 and set(damaged.unique().tolist()) == {0, 1}
    whole = mirrored(step.pictures())
    assert torch.equal(whole[..., SIZE:, :SIZE], step.pictures().flip(-2))
    halves = torch.nn.functional.avg_pool2d(whole, 2)
    # Rims beside a damaged pixel, up to an eighth covered, are not.
    far = ~near(damaged[COUNT:, 0] > 0, 3)[:, None].expand(-1, 3, -1, -1)
    off = (pictures[COUNT:] - halves).abs()[far]
    assert (off < 0.15).all() and (off == 0).float().mean() > 0.9
    for number in range(COUNT):
        corners = whole[number].unfold(1, SIZE, 1).unfold(2, SIZE, 1)
        keep = ~near(damaged[number] > 0, 3)[0]
        apart = ((corners - pictures[number, :, None, None]).abs() * keep).amax((0, 3, 4))
        assert apart.min() < 0.15, "it is no part of its print"


def test_half_of_the_damage_that_is_detected_is_half(recipe: Detect) -> None:
    objective = DetectObjective(recipe)
    _, damaged = objective.windows(step_of(nn.Identity()))
    share = float(damaged[::2].sum() / damaged.sum())
    for moved, precise in ((0, True), (2, True), (9, False)):
        measured = objective.measure([step_of(Truth(damaged, moved))])
        assert (measured["precision"] > 0.97) == precise
        if not moved:
            assert measured["precision"] == 1 and measured["recall"] == pytest.approx(share)
    assert measured["F1"] < 0.7


def test_what_hands_did_is_learned_and_no_stains(recipe: Detect) -> None:
    objective = DetectObjective(replace(recipe, damage="stains:0.8"))
    pictures, damaged = objective.windows(step_of(nn.Identity()))
    assert not damaged.any() and pictures.shape == (2 * COUNT, 3, SIZE, SIZE)
    assert Chain.parse(recipe.damage).scale == 1
    with pytest.raises(InputError, match="no shrink"):
        DetectObjective(replace(recipe, damage="shrink:2"))
