"""Critics by hand, penalties of a discriminator known, the pool beside a simulation of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from trombine.core.rng import Rng
from trombine.losses.adversary import CRITICS, Pool, slope_penalty, slopes


def logits(seed: int, *shape: int) -> torch.Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def soft(x: float) -> float:
    return math.log1p(math.exp(x))


# The two losses by hand, of one real and one fake logit.
BY_HAND = {
    "logistic": (lambda r, f: soft(-r) + soft(f), lambda r, f: soft(-f)),
    "hinge": (lambda r, f: max(0, 1 - r) + max(0, 1 + f), lambda r, f: -f),
    "least squares": (lambda r, f: ((r - 1) ** 2 + f**2) / 2, lambda r, f: (f - 1) ** 2 / 2),
    "relativistic": (lambda r, f: soft(f - r), lambda r, f: soft(r - f)),
}


@pytest.mark.parametrize("name", CRITICS)
def test_a_critic_is_its_equation_averaged(name: str) -> None:
    real, fake = logits(0, 7, 1, 3, 2), logits(1, 7, 1, 3, 2)
    pairs = list(zip(real.flatten().tolist(), fake.flatten().tolist(), strict=True))
    of_discriminator, of_generator = BY_HAND[name]
    expected = sum(of_discriminator(r, f) for r, f in pairs) / len(pairs)
    assert CRITICS[name].discriminator(real, fake).item() == pytest.approx(expected, rel=1e-12)
    expected = sum(of_generator(r, f) for r, f in pairs) / len(pairs)
    assert CRITICS[name].generator(fake, real).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", CRITICS)
def test_the_two_pull_opposite_ways(name: str) -> None:
    """The discriminator wants D(real) up and D(fake) down, the generator D(fake) up."""
    real = torch.tensor([-0.3, 0.2]).double().requires_grad_()
    fake = torch.tensor([0.4, -0.1]).double().requires_grad_()
    critic = CRITICS[name]
    up, down = torch.autograd.grad(critic.discriminator(real, fake), (real, fake))
    assert (up < 0).all() and (down[0] > 0).all()
    (raised,) = torch.autograd.grad(critic.generator(fake, real.detach()), fake)
    assert (raised < 0).all()


@pytest.mark.parametrize("name", CRITICS)
def test_equal_slices_average_to_the_whole(name: str) -> None:
    real, fake = logits(4, 6, 1, 2, 2), logits(5, 6, 1, 2, 2)
    critic = CRITICS[name]
    halves = [slice(0, 3), slice(3, 6)]
    cut = sum(critic.discriminator(real[half], fake[half]).item() for half in halves) / 2
    assert critic.discriminator(real, fake).item() == pytest.approx(cut, rel=1e-12)
    cut = sum(critic.generator(fake[half], real[half]).item() for half in halves) / 2
    assert critic.generator(fake, real).item() == pytest.approx(cut, rel=1e-12)


def test_large_logits_stay_finite() -> None:
    extreme = torch.tensor([-1e4, 1e4])
    for critic in CRITICS.values():
        assert critic.discriminator(extreme, extreme.flip(0)).isfinite()
        assert critic.generator(extreme, extreme.flip(0)).isfinite()


def test_smoothed_labels_are_one_sided() -> None:
    """The optimum of D(real) moves to where its share is .9; the fake's label stays 0."""
    fake = torch.tensor([-50.0]).double()
    for name, optimum in {"logistic": math.log(9), "least squares": 0.9}.items():
        real = torch.tensor([optimum], dtype=torch.float64, requires_grad=True)
        loss = CRITICS[name].discriminator(real, fake, 0.9)
        (slope,) = torch.autograd.grad(loss, real)
        assert abs(slope.item()) < 1e-12
        plain = CRITICS[name].discriminator(real, fake)
        moved = CRITICS[name].discriminator(real, fake + 1)
        smoothed = CRITICS[name].discriminator(real, fake + 1, 0.9)
        assert (moved - plain).item() == pytest.approx((smoothed - loss).item())


# --- penalties ----------------------------------------------------------------------------------


class Known(nn.Module):
    """D(x) = sum of x ** power times a weight, for each picture."""

    def __init__(self, weight: torch.Tensor, power: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.power = power

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.weight * x**self.power).flatten(1).sum(1)


def pictures(seed: int, n: int = 3) -> torch.Tensor:
    return torch.rand(n, 2, 3, 3, generator=torch.Generator().manual_seed(seed)).double()


def test_penalties_of_a_linear_discriminator() -> None:
    weight = pictures(0, 1)[0]
    net = Known(weight)
    square = weight.square().sum().item()
    assert slope_penalty(net, pictures(1)).item() == pytest.approx(square / 2)
    assert slope_penalty(net, pictures(2)).item() == pytest.approx(square / 2)


def test_r1_is_paid_at_real_pictures() -> None:
    """D = sum of x²/2 has the slope x: what comes out says where it was taken."""
    net = Known(torch.full((2, 3, 3), 0.5).double(), power=2)
    real = pictures(3)
    assert slope_penalty(net, real).item() == pytest.approx(
        real.square().sum((1, 2, 3)).mean().item() / 2
    )


def test_penalties_teach_the_discriminator_and_only_it() -> None:
    net = Known(pictures(5, 1)[0])
    real, fake = pictures(6).requires_grad_(), pictures(7).requires_grad_()
    for penalty in (slope_penalty(net, real), slope_penalty(net, fake)):
        net.zero_grad()
        penalty.backward()
        assert net.weight.grad is not None and net.weight.grad.abs().sum() > 0
    assert real.grad is None and fake.grad is None
    slope_penalty(net, real).backward()
    with torch.no_grad():
        assert slope_penalty(net, real).item() > 0  # whoever only looks has no graph round it


def test_patches_count_as_their_mean() -> None:
    """D of patches has the slope of its mean logit: more patches are not more penalty."""
    weight = pictures(13, 1)[0]
    one = Known(weight)

    def patches(x: torch.Tensor) -> torch.Tensor:
        return one(x).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)

    assert torch.allclose(slopes(patches, pictures(14)), slopes(one, pictures(14)))


# The pool


def made(*indices: int) -> torch.Tensor:
    """Pictures that hold their own index."""
    return torch.tensor(indices, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).clone()


def chance(seed: int, *places: int) -> Rng:
    return Rng(seed=seed, places=np.array(places, np.int64))


def simulate(capacity: int, share: float, indices: list[int], seed: int) -> tuple[list, list]:
    """CycleGAN's buffer in Python's lists: what comes out, and what it holds at the end."""
    kept: list[int] = []
    out: list[int] = []
    for index in indices:
        if len(kept) < capacity:
            kept.append(index)
            out.append(index)
        elif chance(seed, index).uniforms("pool swap")[0] < share:
            place = int(chance(seed, index).uniforms("pool place")[0] * capacity)
            out.append(kept[place])
            kept[place] = index
        else:
            out.append(index)
    return out, kept


@pytest.mark.parametrize(("capacity", "share"), [(5, 0.5), (3, 1.0), (40, 0.5)])
def test_it_is_the_simulation(capacity: int, share: float) -> None:
    pool = Pool(capacity=capacity, share=share)
    out: list[float] = []
    for first in range(0, 96, 8):
        step = range(first, first + 8)
        out += pool.swap(made(*step), chance(3, *step))[:, 0, 0, 0].tolist()
    expected, kept = simulate(capacity, share, list(range(96)), 3)
    assert out == expected
    assert held(pool) == kept


def test_a_resumed_pool_goes_on_as_it_would_have() -> None:
    pool = Pool(capacity=6, share=0.5)
    assert len(pool.state()["pictures"]) == 0
    pool.swap(made(*range(20)), chance(2, *range(20)))
    resumed = Pool(capacity=6, share=0.5)
    resumed.load(pool.state())
    later = made(*range(20, 40)), chance(2, *range(20, 40))
    assert torch.equal(pool.swap(*later), resumed.swap(*later))
    assert len(held(resumed)) == 6
    empty = Pool(capacity=6, share=0.5)
    empty.load(Pool(capacity=6, share=0.5).state())
    assert len(empty.state()["pictures"]) == 0


def test_what_it_holds_is_its_own() -> None:
    """Neither what is done with the pictures that went in or came out, nor a state, is shared."""
    pool = Pool(capacity=2, share=1.0)
    given = made(0, 1)
    pool.swap(given, chance(0, 0, 1))
    given += 100
    assert held(pool) == [0, 1]
    state = pool.state()
    later = made(2, 3, 4)
    back = pool.swap(later, chance(0, 2, 3, 4))
    later += 100
    back += 100
    assert state["pictures"][:, 0, 0, 0].tolist() == [0, 1]
    assert set(held(pool)) <= {0.0, 1.0, 2.0, 3.0, 4.0}
    pool.load(state)
    state["pictures"] += 100
    assert held(pool) == [0, 1]


def held(pool: Pool) -> list[float]:
    return pool.state()["pictures"][:, 0, 0, 0].tolist()


def test_no_gradient_passes() -> None:
    fakes = made(0, 1, 2).requires_grad_()
    for pool in (Pool(capacity=2, share=0.5), Pool(capacity=0), Pool(share=0)):
        out = pool.swap(fakes, chance(0, 0, 1, 2))
        assert not out.requires_grad and out.shape == fakes.shape
