"""Two nets against each other: the phases of a discriminator, and what they weigh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from families import bare_step
from scipy import stats
from torch import nn
from torch.nn import functional

from trombine.data.source import source
from trombine.recipes import with_settings
from trombine.training.methods import find
from trombine.training.methods.gan import (
    Adversarial,
    AdversarialObjective,
)


def phases(**settings: float) -> dict[str, tuple[int, dict[str, float]]]:
    """Of each phase: every how many steps it comes, and what its terms weigh."""
    recipe = find("dcgan-r1")
    assert isinstance(recipe, Adversarial)
    objective = AdversarialObjective(replace(recipe, **settings))
    return {one.name: (one.every, dict(one.weights)) for one in objective.phases()}  # pyright: ignore


def test_a_lazy_penalty_pulls_as_much_as_one_in_every_step() -> None:
    """It comes once in `every` steps, so each time it weighs as much as in so many steps."""
    comes, weights = phases(r1=2.0, r2=0.5, penalty_every=4)["penalty"]
    assert comes == 4
    each_step = {name: weight / comes for name, weight in weights.items()}
    assert each_step == {"r1": 2.0, "r2": 0.5}


class First(nn.Module):
    """A generator that paints the first of its numbers everywhere."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :1, None, None].sigmoid().expand(-1, 3, 16, 16)


def test_what_numbers_make_is_compared_with_their_own_picture() -> None:
    recipe = find("fractal-gan")
    assert isinstance(recipe, Adversarial)
    objective = AdversarialObjective(recipe)
    fractals = source("fractals#48", 16)
    nets = {"generator": First(), "discriminator": nn.Flatten()}
    batch = fractals.batch(np.arange(4))
    step = bare_step(nets, {"data": batch}, vector_names=fractals.vector_names)
    vectors, truth = step.batches["data"].vectors, step.pictures().numpy()
    assert vectors is not None
    squares = []
    for vector, picture in zip(vectors.numpy(), truth, strict=True):
        a = vector[fractals.vector_names.index("a")]
        painted = 1 / (1 + np.exp(-stats.norm.ppf((a + 3) / 6)))
        squares.append(((picture - painted) ** 2).mean())
    assert float(objective.generator(step)["matched"]) == pytest.approx(np.mean(squares), rel=1e-4)


class Told(nn.Module):
    """A generator that paints the last three of its numbers everywhere: the class, of three."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, -3:, None, None].expand(-1, 3, 8, 8)


class Corner(nn.Module):
    """A discriminator with three logits: a pixel's colours, each a hundred times larger."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, 0, 0] * torch.tensor([1.0, 100.0, 10_000.0])


def _classed() -> Adversarial:
    recipe = with_settings(find("class-gan"), {"classes": "3"})
    assert isinstance(recipe, Adversarial)
    return recipe


def test_pictures_are_made_and_judged_by_the_class_of_a_real_one() -> None:
    objective = AdversarialObjective(_classed())
    faces = source("world:photo#2+world:anime#2+world:sketch#2", 16)
    nets = {"generator": Told(), "discriminator": Corner()}
    batch = faces.batch(np.array([5, 0, 3]))
    step = bare_step(nets, {"data": batch}, classes=faces.classes)
    places = torch.tensor([2, 0, 1])
    assert objective.latents(step)[:, -3:].argmax(1).tolist() == places.tolist()
    scale = 100.0**places
    real = scale * step.pictures()[torch.arange(3), places, 0, 0]
    found = float(objective.generator(step)["relativistic"])
    assert found == pytest.approx(float(functional.softplus(real - scale).mean()), rel=1e-5)
    judged = objective.phases()[1].terms(step)["relativistic"]
    assert float(judged) == pytest.approx(float(functional.softplus(scale - real).mean()), rel=1e-5)
