"""The pool: against a simulation in plain lists, in pieces, resumed, and what it must not do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.data.draws import uniforms
from trombine.objectives.pools import Pool


def made(*indices: int) -> torch.Tensor:
    """Pictures that hold their own index."""
    return torch.tensor(indices, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).clone()


def places(*indices: int) -> np.ndarray:
    return np.array(indices, np.int64)


def simulate(capacity: int, share: float, indices: list[int], seed: int) -> tuple[list, list]:
    """CycleGAN's buffer in Python's lists: what comes out, and what it holds at the end."""
    kept: list[int] = []
    out: list[int] = []
    for index in indices:
        if len(kept) < capacity:
            kept.append(index)
            out.append(index)
        elif uniforms(seed, "pool swap", places(index))[0] < share:
            place = int(uniforms(seed, "pool place", places(index))[0] * capacity)
            out.append(kept[place])
            kept[place] = index
        else:
            out.append(index)
    return out, kept


@pytest.mark.parametrize(("capacity", "share"), [(5, 0.5), (8, 0.2), (3, 1.0), (40, 0.5)])
def test_it_is_the_simulation(capacity: int, share: float) -> None:
    pool = Pool(capacity=capacity, share=share)
    out: list[float] = []
    for first in range(0, 96, 8):
        step = range(first, first + 8)
        out += pool.swap(made(*step), places(*step), seed=3)[:, 0, 0, 0].tolist()
    expected, kept = simulate(capacity, share, list(range(96)), 3)
    assert out == expected
    assert held(pool) == kept


def test_one_batch_is_its_consecutive_pieces() -> None:
    whole, pieces = Pool(capacity=4, share=0.5), Pool(capacity=4, share=0.5)
    at_once = whole.swap(made(*range(30)), places(*range(30)), seed=1)
    cuts = [range(1), range(1, 9), range(9, 30)]
    parts = [pieces.swap(made(*cut), places(*cut), seed=1) for cut in cuts]
    assert torch.equal(at_once, torch.cat(parts))
    assert torch.equal(whole.state()["pictures"], pieces.state()["pictures"])


def test_a_resumed_pool_goes_on_as_it_would_have() -> None:
    pool = Pool(capacity=6, share=0.5)
    assert len(pool.state()["pictures"]) == 0
    pool.swap(made(*range(20)), places(*range(20)), seed=2)
    resumed = Pool(capacity=6, share=0.5)
    resumed.load(pool.state())
    later = made(*range(20, 40)), places(*range(20, 40))
    assert torch.equal(pool.swap(*later, seed=2), resumed.swap(*later, seed=2))
    assert len(resumed) == 6
    empty = Pool(capacity=6, share=0.5)
    empty.load(Pool(capacity=6, share=0.5).state())
    assert len(empty) == 0


def test_what_it_holds_is_its_own() -> None:
    """Neither what is done with the pictures that went in or came out, nor a state, is shared."""
    pool = Pool(capacity=2, share=1.0)
    given = made(0, 1)
    pool.swap(given, places(0, 1), seed=0)
    given += 100
    assert held(pool) == [0, 1]
    state = pool.state()
    later = made(2, 3, 4)
    back = pool.swap(later, places(2, 3, 4), seed=0)
    later += 100
    back += 100
    assert state["pictures"][:, 0, 0, 0].tolist() == [0, 1]
    assert set(held(pool)) <= {0.0, 1.0, 2.0, 3.0, 4.0}
    pool.load(state)
    state["pictures"] += 100
    assert held(pool) == [0, 1]


def held(pool: Pool) -> list[float]:
    return pool.state()["pictures"][:, 0, 0, 0].tolist()


def test_about_the_share_comes_from_before() -> None:
    pool = Pool(capacity=50, share=0.01)
    pool.swap(made(*range(50)), places(*range(50)), seed=0)
    step = list(range(50, 4050))
    out = pool.swap(made(*step), places(*step), seed=0)[:, 0, 0, 0]
    old = int((out != torch.tensor(step)).sum())
    assert 20 <= old <= 60  # 40, and 3 standard deviations


def test_another_seed_or_rollback_draws_again() -> None:
    outs = []
    for seed, rollbacks in ((0, 0), (1, 0), (0, 1), (0, 0)):
        pool = Pool(capacity=4, share=0.5)
        outs.append(pool.swap(made(*range(60)), places(*range(60)), seed=seed, rollbacks=rollbacks))
    assert torch.equal(outs[0], outs[3])
    assert not torch.equal(outs[0], outs[1]) and not torch.equal(outs[0], outs[2])


def test_no_gradient_passes() -> None:
    fakes = made(0, 1, 2).requires_grad_()
    for pool in (Pool(capacity=2, share=0.5), Pool(capacity=0), Pool(share=0)):
        out = pool.swap(fakes, places(0, 1, 2), seed=0)
        assert not out.requires_grad and out.shape == fakes.shape


@pytest.mark.parametrize(("capacity", "share"), [(0, 0.5), (4, 0.0)])
def test_no_pool_is_no_pool(capacity: int, share: float) -> None:
    pool = Pool(capacity=capacity, share=share)
    fakes = made(*range(20))
    assert torch.equal(pool.swap(fakes, places(*range(20)), seed=0), fakes)
    assert len(pool) == 0


def test_what_makes_no_pool_is_refused() -> None:
    for capacity, share in ((-1, 0.5), (5, 1.5), (5, -0.1)):
        with pytest.raises(ValueError, match="no pool"):
            Pool(capacity=capacity, share=share)
    with pytest.raises(ValueError, match="for a pool of 2"):
        Pool(capacity=2).load({"pictures": made(0, 1, 2)})
