"""Two nets against each other: the phases of a discriminator, and what they weigh."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trombine.objectives.adversarial import AdversarialObjective
from trombine.recipes import find
from trombine.recipes.recipe import Adversarial


def phases(**settings: float) -> dict[str, tuple[int, dict[str, float]]]:
    """Of each phase: every how many steps it comes, and what its terms weigh."""
    recipe = find("dcgan-r1")
    assert isinstance(recipe, Adversarial)
    objective = AdversarialObjective(replace(recipe, **settings))
    return {one.name: (one.every, dict(one.weights)) for one in objective.phases()}  # pyright: ignore


@pytest.mark.parametrize("every", [1, 4, 16])
def test_a_lazy_penalty_pulls_as_much_as_one_in_every_step(every: int) -> None:
    """It comes once in `every` steps, so each time it weighs as much as in so many steps."""
    comes, weights = phases(r1=2.0, r2=0.5, gradient_penalty=3.0, penalty_every=every)["penalty"]
    assert comes == every
    each_step = {name: weight / comes for name, weight in weights.items()}
    assert each_step == {"r1": 2.0, "r2": 0.5, "gradient_penalty": 3.0}


def test_without_a_penalty_there_is_no_phase_of_it() -> None:
    assert phases(r1=0.0, r2=0.0, gradient_penalty=0.0).keys() == {"generator", "discriminator"}
