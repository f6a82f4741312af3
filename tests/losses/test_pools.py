"""The pool: against a simulation in plain lists, in pieces, resumed, and what it must not do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.rng import Rng
from trombine.losses.pools import Pool


def made(*indices: int) -> torch.Tensor:
    """Pictures that hold their own index."""
    return torch.tensor(indices, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).clone()


def chance(seed: int, *places: int, rollbacks: int = 0) -> Rng:
    return Rng(seed=seed, places=np.array(places, np.int64), rollbacks=rollbacks)


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
    assert len(resumed) == 6
    empty = Pool(capacity=6, share=0.5)
    empty.load(Pool(capacity=6, share=0.5).state())
    assert len(empty) == 0


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


@pytest.mark.parametrize(("capacity", "share"), [(0, 0.5), (4, 0.0)])
def test_no_pool_is_no_pool(capacity: int, share: float) -> None:
    pool = Pool(capacity=capacity, share=share)
    fakes = made(*range(20))
    assert torch.equal(pool.swap(fakes, chance(0, *range(20))), fakes)
    assert len(pool) == 0
