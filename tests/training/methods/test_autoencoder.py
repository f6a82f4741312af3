"""The adversarial auto-encoder: each term by nets of which is known what they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from families import bare_step, pictures
from torch import nn

from trombine.losses.objective import Step
from trombine.nets import build
from trombine.training.methods import find
from trombine.training.methods.autoencoder import Encode, EncodeObjective

COUNT = 4


class Means(nn.Module):
    """A picture's mean colour as its code."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


class Plain(nn.Module):
    """A picture of one colour."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, None, None].expand(-1, -1, 16, 16)


class Sums(nn.Module):
    """A critic that says the sum of a code."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum((1, 2, 3))


def recipe_of(**changes: object) -> Encode:
    recipe = find("adversarial-autoencoder")
    assert isinstance(recipe, Encode)
    sizes = {"generator": ("latent", 3), "encoder": ("outputs", 3), "critic": ("inputs", 3)}
    nets = {role: net.resized(*sizes[role]) for role, net in recipe.nets.items()}
    return replace(recipe, **{"nets": nets, "size": 16, **changes})  # pyright: ignore


@pytest.fixture
def step() -> Step:
    nets = {"encoder": Means(), "generator": Plain(), "critic": Sums()}
    return bare_step(nets, {"data": pictures("leaves#48", 16, COUNT)})


def test_pictures_come_back_through_their_codes(step: Step) -> None:
    truth = step.pictures().numpy()
    off = truth - truth.mean((2, 3), keepdims=True)
    terms = EncodeObjective(recipe_of(l2=1.0)).back(step)
    assert float(terms["l1"]) == pytest.approx(abs(off).mean(), rel=1e-5)
    assert float(terms["l2"]) == pytest.approx((off**2).mean(), rel=1e-5)


def test_codes_are_told_from_drawn_ones(step: Step) -> None:
    objective = EncodeObjective(recipe_of())
    codes = step.pictures().numpy().mean((2, 3)).sum(1)
    drawn = objective.drawn(step).numpy().sum((1, 2, 3))
    found = float(objective.deceive(step)["logistic"])
    assert found == pytest.approx(np.log1p(np.exp(-codes)).mean(), rel=1e-5)
    judge = next(phase for phase in objective.phases() if phase.name == "critic")
    wanted = (np.log1p(np.exp(-drawn)) + np.log1p(np.exp(codes))).mean()
    assert float(judge.terms(step)["logistic"]) == pytest.approx(wanted, rel=1e-5)


def test_each_loss_reaches_whom_it_should(step: Step) -> None:
    """What gives pictures back teaches encoder and generator; what deceives, the encoder alone
    (a detach once cut the first off, and the second moved the generator)."""
    nets = {
        "encoder": build("encoder", {"width": 4, "levels": 2, "outputs": 3}),
        "generator": build("dcgan_generator", {"latent": 3, "width": 4, "size": 16}),
        "critic": build("code_discriminator", {"inputs": 3, "width": 4}),
    }
    step.nets.update(nets)  # pyright: ignore[reportAttributeAccessIssue]
    objective = EncodeObjective(recipe_of())

    def moved(loss: torch.Tensor) -> set[str]:
        for net in nets.values():
            net.zero_grad()
        loss.backward()
        return {
            role
            for role, net in nets.items()
            if any(p.grad is not None and bool(p.grad.any()) for p in net.parameters())
        }

    assert moved(objective.back(step)["l1"]) == {"encoder", "generator"}
    assert moved(objective.deceive(step)["logistic"]) == {"encoder", "critic"}  # that only looks on
    assert [phase.learns for phase in objective.phases()] == [
        ("encoder", "generator"),
        ("encoder",),
        ("critic",),
    ]
    judge = next(phase for phase in objective.phases() if phase.name == "critic")
    assert moved(judge.terms(step)["logistic"]) == {"critic"}
