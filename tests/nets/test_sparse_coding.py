"""The steps of sparse coding against their equations, dense matrices and a solver."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import lsq_linear
from torch.nn import functional

from trombine.nets import build
from trombine.nets.sparse_coding import SparseCoding, largest, predicted


def coding(steps: int, *, sparsity: float = 0.02) -> SparseCoding:
    torch.manual_seed(3)
    return SparseCoding((3, 6, 5), steps=steps, sparsity=sparsity).double()


def pictures(side: int = 16) -> torch.Tensor:
    return 2 * torch.rand(2, 3, side, side, dtype=torch.float64) - 1


def test_every_step_makes_the_energy_smaller() -> None:
    x = pictures()
    nets = [coding(steps) for steps in range(12)]
    found = [float(net.energy(x, net.codes(x)).detach()) for net in nets]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)


def test_a_step_is_the_slope_that_autograd_finds() -> None:
    net, x = coding(3), pictures()
    codes = [code.detach().requires_grad_() for code in net.codes(x)]
    smooth = net.energy(x, codes) - net.sparsity * sum(code.sum() for code in codes)
    slopes = torch.autograd.grad(smooth, codes)
    atoms = [one.atoms() for one in net._dictionaries()]
    for place, slope in enumerate(slopes):
        torch.testing.assert_close(net._slope(x, codes, atoms, place).detach(), slope)


def test_many_steps_end_where_a_solver_does() -> None:
    """One layer, no sparsity: least squares without numbers below zero."""
    torch.manual_seed(0)
    net = SparseCoding((1, 2), steps=3000, sparsity=0.0).double()
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    atoms = net._dictionaries()[0].atoms().detach()
    unit = torch.eye(2 * 4 * 4, dtype=torch.float64).view(-1, 2, 4, 4)
    matrix = predicted(unit, atoms).flatten(1).T.numpy()
    wanted = lsq_linear(matrix, x.flatten().numpy(), (0, np.inf), tol=1e-12).x
    found = net.codes(x)[0].detach().flatten().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_largest_eigenvalue_is_that_of_the_matrix() -> None:
    atoms = coding(1)._dictionaries()[1].atoms().detach()
    unit = torch.eye(5 * 8 * 8, dtype=torch.float64).view(-1, 5, 8, 8)
    matrix = predicted(unit, atoms).flatten(1)
    exact = float(torch.linalg.matrix_norm(matrix, 2).square())
    assert exact <= float(largest(atoms)) <= 1.12 * exact


def test_a_discriminator_learns_through_all_steps() -> None:
    torch.manual_seed(1)
    net = build("dcgan_discriminator", {"width": 4, "size": 32, "first": "sparse"})
    x = pictures(32).float().requires_grad_()
    (slope,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
    functional.softplus(net(x)).mean().backward(retain_graph=True)
    slope.square().sum().backward()  # R1 asks for second derivatives
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and float(parameter.grad.abs().max()) > 0, name
