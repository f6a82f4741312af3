"""The enlarger: it begins as bicubic interpolation, and puts its pixels where they belong."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from trombine.nets import build, parameter_count
from trombine.nets.superres import Residual


def smooth(height: int, width: int) -> torch.Tensor:
    """A picture without detail that interpolation could lose."""
    y, x = torch.meshgrid(torch.linspace(0, 3, height), torch.linspace(0, 2, width), indexing="ij")
    return torch.stack([0.5 + 0.4 * torch.sin(x + k * y) for k in range(3)])[None]


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_it_begins_near_the_interpolated_picture(factor: int) -> None:
    net = build("residual", {"factor": factor})
    x = smooth(12, 20)
    size = (12 * factor, 20 * factor)
    wanted = functional.interpolate(x, size=size, mode="bicubic", align_corners=False)
    error = net(x).detach() - wanted
    assert 0 < float(error.square().mean().sqrt()) < 0.05


def test_without_a_tail_it_is_bicubic_interpolation() -> None:
    net = build("residual", {})
    assert isinstance(net, Residual)
    torch.nn.init.zeros_(net.tail.weight)
    x = torch.rand(2, 3, 7, 9)
    wanted = functional.interpolate(x, size=(14, 18), mode="bicubic", align_corners=False)
    assert torch.equal(net(x), wanted)


def test_the_usual_size_is_small() -> None:
    assert 75_000 < parameter_count(build("residual", {})) < 90_000
    # By hand: 3 x 3 convolutions and their biases.
    width, depth, out = 32, 8, 12
    convolutions = [(3, width)] + depth * [(width, width)] + [(width, out)]
    assert parameter_count(build("residual", {})) == sum(9 * a * b + b for a, b in convolutions)


def test_a_shift_of_the_picture_shifts_the_result() -> None:
    """Away from the edges, by `factor` times as much: no pixel has a place of its own."""
    net = build("residual", {"width": 8, "depth": 2, "factor": 3})
    x = torch.rand(1, 3, 24, 24)
    moved = torch.roll(x, (1, 2), (2, 3))
    wanted = torch.roll(net(x), (3, 6), (2, 3))
    inside = (..., slice(27, -27), slice(27, -27))
    torch.testing.assert_close(net(moved)[inside], wanted[inside], rtol=1e-4, atol=1e-5)
