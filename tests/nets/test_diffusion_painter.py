"""The painter that takes noise away: its noise, its seeds, and what it says by Bayes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from trombine.models import TASKS
from trombine.nets import build
from trombine.nets.diffusion_painter import DiffusionPainter, Known, normals

SIDE = 32


def repaired(net: DiffusionPainter, *given: torch.Tensor, **named: torch.Tensor) -> torch.Tensor:
    """As the task has it."""
    found = TASKS["repair"].run(net, given, named)
    assert isinstance(found, torch.Tensor)
    return found


def painter(steps: int = 4) -> DiffusionPainter:
    net = build("diffusion_painter", {"width": 8, "levels": 2, "points": True, "steps": steps})
    assert isinstance(net, DiffusionPainter)
    return net.eval()


def test_the_noise_is_normal_and_nothing_in_it_hangs_together() -> None:
    """Kolmogorov and Smirnov's test; neighbours, planes and neighbouring seeds are unrelated."""
    noise = normals(torch.tensor([0, 1, 2, 2**32]), torch.zeros(4, 3, 96, 96)).double().numpy()
    for one in noise:
        assert stats.kstest(one.ravel(), "norm").pvalue > 1e-3
    pairs = {
        "right": (noise[..., 1:], noise[..., :-1]),
        "below": (noise[..., 1:, :], noise[..., :-1, :]),
        "diagonal": (noise[..., 1:, 1:], noise[..., :-1, :-1]),
        "plane": (noise[:, 1:], noise[:, :-1]),
        "seed": (noise[1:], noise[:-1]),
    }
    for one, other in pairs.values():
        bound = 5 / np.sqrt(one.size)  # five deviations of what is unrelated
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < bound
        assert abs(np.corrcoef(one.ravel() ** 2, other.ravel() ** 2)[0, 1]) < bound


def test_noise_is_of_a_seed_and_a_place_alone() -> None:
    """Batch mates and the picture's size change nothing; another seed changes all."""
    both = normals(torch.tensor([7, 9]), torch.zeros(2, 3, 16, 24))
    assert torch.equal(both[1:], normals(torch.tensor([9]), torch.zeros(1, 3, 16, 24)))
    assert torch.equal(both[:, :, :9, :5], normals(torch.tensor([7, 9]), torch.zeros(2, 3, 9, 5)))
    assert not (both[0] == both[1]).any()


def test_before_it_learns_it_says_what_bayes_says_of_a_gaussian() -> None:
    """The mean of what normal numbers and noise were mixed of."""
    known = Known(torch.zeros(1, 3, 4, 4), torch.ones(1, 1, 4, 4), torch.zeros(1, 8, 4, 4))
    for t in (0.2, 0.6, 0.9):
        said = painter().rest(known, torch.full((1, 3, 4, 4), 0.4), torch.tensor([t]))
        mean = 0.4 * (1 - t) / ((1 - t) ** 2 + t**2)
        assert said.detach().numpy() == pytest.approx(mean, abs=1e-5)


def test_a_seed_is_an_answer() -> None:
    """The same seed paints the same, none is 0, and no answer leaves what is kept or its range."""
    net = painter()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.1 * torch.randn(
                parameter.shape, generator=torch.Generator().manual_seed(1)
            )
    pictures, hole = TASKS["repair"].examples(net.sizes, (3, SIDE, SIDE + 5))
    assert net.optional == ("points", "seed")
    seeds = torch.tensor([0, 0, 5])
    found = repaired(net, pictures, hole, seed=seeds)
    assert torch.equal(
        found[:2], net(pictures, hole).clamp(0, 1)[:2].where(hole[:2] > 0, pictures[:2])
    )
    alone = repaired(net, pictures[2:], hole[2:], seed=seeds[2:])
    assert torch.allclose(found[2:], alone, atol=1e-5)
    other = repaired(net, pictures, hole, seed=seeds + 1)
    changed = (found != other).any(1, keepdim=True)
    assert torch.equal(changed, hole > 0.5)


def test_it_sees_nothing_under_the_hole() -> None:
    """Whatever was there, the answer is the same."""
    net = painter()
    pictures, hole = TASKS["repair"].examples(net.sizes, (2, SIDE, SIDE))
    other = torch.where(hole > 0.5, 1 - pictures, pictures)
    first, second = (repaired(net, one, hole) for one in (pictures, other))
    assert torch.equal(first, second)
