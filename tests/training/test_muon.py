"""Muon against what it is to be: the polar factor of a matrix, and Adam for the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import Adam

from trombine.training.muon import Muon, orthogonal


def polar(matrix: torch.Tensor) -> torch.Tensor:
    """U V' by numpy's singular values."""
    left, _, right = np.linalg.svd(matrix.double().numpy(), full_matrices=False)
    return torch.from_numpy(left @ right)


@pytest.mark.parametrize("shape", [(8, 8), (6, 40), (40, 6), (1, 9), (9, 1)])
def test_a_matrix_becomes_nearly_orthogonal(shape: tuple[int, int]) -> None:
    draw = torch.Generator().manual_seed(sum(shape))
    matrix = torch.randn(shape, generator=draw, dtype=torch.float64)
    found = orthogonal(matrix)
    values = torch.linalg.svdvals(found)
    assert values.max() < 1.25
    assert values.median() > 0.6
    wanted = polar(matrix)
    alike = (found * wanted).sum() / found.norm() / wanted.norm()
    assert alike > 0.97
    torch.testing.assert_close(orthogonal(1e3 * matrix), found)  # only its direction counts


def test_one_step_moves_a_matrix_along_its_polar_factor_and_by_so_much() -> None:
    weight = nn.Parameter(torch.zeros(4, 3, 3, 3))
    slope = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(1))
    weight.grad = slope.clone()
    Muon([weight], lr=0.1, betas=(0.9, 0.99), eps=1e-8).step()
    moved = -weight.detach().flatten(1).double()
    wanted = polar(slope.flatten(1))
    assert (moved * wanted).sum() / moved.norm() / wanted.norm() > 0.97
    # As long as a step of Adam's whose mean square is .2 of its rate.
    assert moved.norm() == pytest.approx(0.1 * 0.2 * math.sqrt(27 * 4), rel=0.25)


def test_momentum_remembers() -> None:
    """By Nesterov's: after slopes a and b the direction is that of b + .9 (.1 b + .9 (.1 a))."""
    first, second = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(2))
    weight = nn.Parameter(torch.zeros(5, 7))
    muon = Muon([weight], lr=0.1, betas=(0.9, 0.99), eps=1e-8)
    weight.grad = first.clone()
    muon.step()
    before = weight.detach().clone()
    weight.grad = second.clone()
    muon.step()
    wanted = orthogonal(0.1 * second + 0.9 * (0.1 * second + 0.9 * 0.1 * first))
    moved = (before - weight.detach()) / (0.1 * 0.2 * math.sqrt(7))
    torch.testing.assert_close(moved, wanted, rtol=1e-4, atol=1e-5)


def test_what_is_no_matrix_moves_as_by_adam() -> None:
    own, other = nn.Parameter(torch.ones(6)), nn.Parameter(torch.ones(6))
    muon = Muon([own], lr=0.03, betas=(0.8, 0.9), eps=1e-8)
    adam = Adam([other], lr=0.03, betas=(0.8, 0.9), eps=1e-8)
    for seed in range(5):
        slope = torch.randn(6, generator=torch.Generator().manual_seed(seed))
        own.grad, other.grad = slope.clone(), slope.clone()
        muon.step()
        adam.step()
        torch.testing.assert_close(own, other)


def test_what_has_no_gradient_stays_and_is_not_remembered() -> None:
    frozen, free = nn.Parameter(torch.ones(3, 3)), nn.Parameter(torch.ones(3, 3))
    muon = Muon([frozen, free], lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.5)
    free.grad = torch.eye(3)
    muon.step()
    assert (frozen == 1).all()
    assert frozen not in muon.state
    assert float(free.detach()[0, 1]) == pytest.approx(1 - 0.1 * 0.5), (
        "decayed, and moved along the diagonal alone"
    )
    assert (free.detach().diagonal() < 0.95).all()
