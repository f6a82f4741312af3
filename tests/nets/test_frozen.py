"""A net held still: nothing of it changes inside, and all is as before afterwards."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from trombine.nets.frozen import frozen


def a_net() -> nn.Sequential:
    layers = [
        spectral_norm(nn.Conv2d(3, 4, 3)),
        nn.BatchNorm2d(4),
        nn.Dropout(),
        nn.Conv2d(4, 1, 3),
    ]
    net = nn.Sequential(*layers)
    net[3].requires_grad_(False)  # as if frozen by somebody else
    return net.train()


def flags(net: nn.Module) -> list[object]:
    tracked = [one.track_running_stats for one in net.modules() if isinstance(one, nn.BatchNorm2d)]
    learned = [one.requires_grad for one in net.parameters()]
    return [[one.training for one in net.modules()], tracked, learned]


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_nothing_changes_inside_and_all_is_as_before(batch_statistics: bool) -> None:
    net, before = a_net(), flags(a_net())
    held = {name: one.clone() for name, one in net.state_dict().items()}
    x = torch.randn(4, 3, 8, 8, requires_grad=True)
    with pytest.raises(ZeroDivisionError), frozen(net, batch_statistics=batch_statistics):
        net(x).sum().backward()
        assert all(one.grad is None for one in net.parameters()) and x.grad is not None
        raise ZeroDivisionError
    assert flags(net) == before
    assert all(torch.equal(one, held[name]) for name, one in net.state_dict().items())


def test_it_computes_as_a_finished_model_or_with_the_batchs_statistics() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    x = torch.randn(4, 3, 8, 8)
    with frozen(net):
        finished = net(x)
    with frozen(net, batch_statistics=True):
        of_batch = net(x)
    assert torch.allclose(of_batch.mean((0, 2, 3)), torch.zeros(4), atol=1e-5)
    assert not torch.allclose(finished, of_batch)
    net.eval()
    assert torch.equal(net(x), finished)
