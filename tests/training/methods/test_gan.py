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

from trombine.core.errors import InputError
from trombine.data.source import source
from trombine.nets import build
from trombine.recipes import with_settings
from trombine.training.methods import find
from trombine.training.methods.gan import (
    Adversarial,
    AdversarialObjective,
    as_normals,
    correspondence,
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


def test_numbers_from_a_range_become_normal() -> None:
    drawn = np.random.default_rng(0).uniform([-3, -0.5], [3, 1.5], (4000, 2))
    ranges = torch.tensor([[-3.0, 3.0], [-0.5, 1.5]]).double()
    found = as_normals(torch.from_numpy(drawn), ranges).numpy()
    for column, numbers in zip(found.T, drawn.T, strict=True):
        assert stats.kstest(column, "norm").pvalue > 0.01
        assert (np.argsort(column) == np.argsort(numbers)).all()
    assert np.isfinite(as_normals(torch.tensor([[-3.0, 1.5]]).double(), ranges).numpy()).all()


def test_a_correspondence_is_counted_one_by_one() -> None:
    made, real = torch.rand(2, 7, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    ranks = []
    for own, picture in enumerate(made.numpy()):
        apart = [np.linalg.norm(picture - other) for other in real.numpy()]
        ranks.append(sum(a > apart[own] for a in apart) / 6)
    assert correspondence(made, real) == pytest.approx(np.mean(ranks))
    assert correspondence(real, real) == 1


def test_a_penalty_of_one_picture_is_not_for_a_norm_of_batches() -> None:
    recipe = replace(find("dcgan"), r1=1.0)
    assert isinstance(recipe, Adversarial)
    with pytest.raises(InputError) as refused:
        AdversarialObjective(recipe).phases()
    *_, remedy = str(refused.value).split("; ")
    assert remedy == "--discriminator.norm none, or spectral"
    for norm in ("none", "spectral"):  # which the remedy names
        other = with_settings(recipe, {"discriminator.norm": norm})
        assert isinstance(other, Adversarial)
        assert "penalty" in {phase.name for phase in AdversarialObjective(other).phases()}
        assert build("dcgan_discriminator", dict(other.nets["discriminator"].sizes))


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
    step = bare_step(nets, {"data": batch}, vector_names={"data": fractals.vector_names})
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
