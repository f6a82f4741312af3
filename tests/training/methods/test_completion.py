"""What a net that completes faces learns from: parts under holes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from families import bare_step, pictures
from torch.nn import functional

from trombine.core.conventions import PARTS
from trombine.data.columns import Batch
from trombine.losses.objective import Step
from trombine.nets.reader import PART_COUNTS
from trombine.training.methods import find
from trombine.training.methods.completion import Complete, CompleteObjective


class Says(torch.nn.Module):
    """A net that says always the same."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, x: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
        return self.logits


@pytest.fixture(scope="module")
def faces() -> Batch:
    return pictures("world:photo#12", 128, 12)


def objective_of() -> CompleteObjective:
    recipe = find("completion")
    assert isinstance(recipe, Complete)
    return CompleteObjective(replace(recipe, real="", grey=0.0, damage="hole:irregular:20-40"))


def step_of(faces: Batch, logits: torch.Tensor) -> Step:
    return bare_step({"net": Says(logits)}, {"data": faces})


def test_the_terms_are_those_of_the_true_parts(faces: Batch) -> None:
    """Cross-entropy by hand, over the whole picture and over the hole."""
    assert faces.parts is not None
    logits = torch.randn(
        len(faces), len(PARTS), 128, 128, generator=torch.Generator().manual_seed(1)
    )
    objective, step = objective_of(), step_of(faces, logits)
    terms = objective.terms(step)
    hole = objective.shown(step).hole[:, 0] > 0.5
    labels = faces.parts.long()
    losses = functional.cross_entropy(logits, labels, reduction="none")
    losses = losses * torch.tensor(PART_COUNTS)[labels]
    assert float(terms["parts"]) == pytest.approx(float(losses.mean()), rel=1e-5)
    each = torch.stack([one[under].mean() for one, under in zip(losses, hole, strict=True)])
    assert float(terms["hidden"]) == pytest.approx(float(each.mean()), rel=1e-4)


def test_only_hidden_parts_are_measured(faces: Batch) -> None:
    """Who is right in the hole alone has an IoU of 1; who is right elsewhere has hardly any."""
    assert faces.parts is not None
    right = 9 * functional.one_hot(faces.parts.long(), len(PARTS)).movedim(-1, 1).float()
    wrong = right.roll(5, 1)
    objective = objective_of()
    hole = objective.measured(step_of(faces, right), told=True).hole
    inside = torch.where(hole > 0.5, right, wrong)
    outside = torch.where(hole > 0.5, wrong, right)
    assert objective.measure([step_of(faces, inside)])["IoU"] == pytest.approx(1)
    assert objective.measure([step_of(faces, outside)])["IoU"] < 0.2
    assert float(objective.terms(step_of(faces, inside))["hidden"]) < 0.01
