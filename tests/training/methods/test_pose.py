"""Numbers read from pictures: compared with those of the data, which must know them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from families import bare_step

from trombine.core.errors import InputError
from trombine.data.columns import Batch
from trombine.losses.objective import Step
from trombine.training.methods import find
from trombine.training.methods.pose import Regress, RegressObjective

NAMES = ("age", "yaw", "pitch", "roll")


def step_of(vectors: torch.Tensor) -> Step:
    count = len(vectors)
    pixels = torch.zeros(count, 32, 32, 3, dtype=torch.uint8)
    batch = Batch(indices=np.arange(count), pixels=pixels, vectors=vectors)
    return bare_step({}, {"data": batch}, vector_names=NAMES)


def objective() -> RegressObjective:
    recipe = find("pose")
    assert isinstance(recipe, Regress)
    return RegressObjective(recipe)


def test_the_truth_has_the_recipes_order() -> None:
    vectors = torch.arange(8, dtype=torch.float64).reshape(2, 4)
    assert torch.equal(objective().truth(step_of(vectors)), vectors[:, 1:])


def test_a_number_that_some_pictures_lack_is_refused_by_name() -> None:
    """A pack of faces that were asked for one field knows no others of them: they are NaN."""
    vectors = torch.zeros(2, 4, dtype=torch.float64)
    vectors[:, 0] = math.nan
    assert objective().truth(step_of(vectors)).isfinite().all()
    vectors[1, 2] = math.nan
    with pytest.raises(InputError, match="no number for pitch; leave it out of --wanted"):
        objective().truth(step_of(vectors))
