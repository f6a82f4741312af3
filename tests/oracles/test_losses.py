"""Losses against other implementations: MS-SSIM in scipy, torch's own cross-entropy and norms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn
from torch.nn import functional

from trombine.losses.adversary import CRITICS, slope_penalty
from trombine.losses.terms import charbonnier, l1, l2
from trombine.metrics.similarity import ms_ssim

PUBLISHED = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def smooth(x: np.ndarray) -> np.ndarray:
    """The Gaussian mean where the whole window of 11 is inside."""
    return gaussian_filter(x, 1.5, truncate=3.5)[5:-5, 5:-5]


def plane_ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang, Simoncelli and Bovik's equation 7 on one plane, in the plainest numpy."""
    structures: list[float] = []
    whole = 1.0
    while min(a.shape) >= 11 and len(structures) < 5:
        mean_a, mean_b = smooth(a), smooth(b)
        deviation_a = smooth(a * a) - mean_a**2
        deviation_b = smooth(b * b) - mean_b**2
        together = smooth(a * b) - mean_a * mean_b
        structure = (2 * together + 0.0009) / (deviation_a + deviation_b + 0.0009)
        light = (2 * mean_a * mean_b + 0.0001) / (mean_a**2 + mean_b**2 + 0.0001)
        structures.append(float(structure.mean()))
        whole = float((light * structure).mean())
        a, b = (
            (x[0::2, 0::2] + x[1::2, 0::2] + x[0::2, 1::2] + x[1::2, 1::2]) / 4
            for x in (p[: p.shape[0] // 2 * 2, : p.shape[1] // 2 * 2] for p in (a, b))
        )
    weights = np.array(PUBLISHED[: len(structures)]) / sum(PUBLISHED[: len(structures)])
    return float(np.prod(np.array([*structures[:-1], whole]) ** weights))


@pytest.mark.parametrize("sides", [(11, 13), (64, 64), (90, 181), (177, 180)])
def test_ms_ssim_is_scipys(sides: tuple[int, int]) -> None:
    draw = np.random.default_rng(sum(sides))
    clean = gaussian_filter(draw.uniform(size=(2, 3, *sides)), (0, 0, 1, 1))
    other = np.clip(0.9 * clean + draw.normal(0, 0.04, clean.shape), 0, 1)
    expected = [
        sum(plane_ms_ssim(clean[i, j], other[i, j]) for j in range(3)) / 3 for i in range(2)
    ]
    found = ms_ssim(torch.from_numpy(clean), torch.from_numpy(other))
    assert found.numpy() == pytest.approx(np.array(expected), abs=1e-10)
    assert max(expected) < 0.99  # equal pictures would prove little


def test_plain_terms_are_torchs() -> None:
    a, b = (torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(i)) for i in (0, 1))
    assert l1(a, b).item() == pytest.approx(functional.l1_loss(a, b).item())
    assert l2(a, b).item() == pytest.approx(functional.mse_loss(a, b).item())
    smooth_l1 = functional.smooth_l1_loss(a, b, beta=1e-4).item()
    assert charbonnier(a, b, eps=1e-5).item() == pytest.approx(smooth_l1, abs=1e-4)


@pytest.mark.parametrize("label", [1.0, 0.9])
def test_the_logistic_critic_is_torchs_cross_entropy(label: float) -> None:
    real, fake = (
        4 * torch.randn(6, 1, 3, 3, generator=torch.Generator().manual_seed(i)) for i in (2, 3)
    )
    entropy = functional.binary_cross_entropy_with_logits
    expected = entropy(real, torch.full_like(real, label)) + entropy(fake, torch.zeros_like(fake))
    critic = CRITICS["logistic"]
    assert critic.discriminator(real, fake, label).item() == pytest.approx(expected.item())
    expected = entropy(fake, torch.ones_like(fake))
    assert critic.generator(fake).item() == pytest.approx(expected.item())


def small_critic() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.Conv2d(4, 1, 2))
    return net.double()


def test_r1_is_that_of_finite_differences() -> None:
    """Every sample of every picture moved a little, alone: the slope without autograd."""
    net = small_critic()
    real = torch.rand(3, 2, 4, 5, generator=torch.Generator().manual_seed(6)).double()
    squares = torch.zeros(3).double()
    with torch.no_grad():
        for place in np.ndindex(2, 4, 5):
            step = torch.zeros(2, 4, 5).double()
            step[place] = 1e-4
            rise = (net(real + step) - net(real - step)).mean((1, 2, 3)) / 2e-4
            squares += rise.square()
    assert slope_penalty(net, real).item() == pytest.approx(squares.mean().item() / 2, rel=1e-6)
