"""Contextual attention against a loop over patches."""

from __future__ import annotations

import numpy as np
import torch

from trombine.nets import build
from trombine.nets.deepfill import attended

HEIGHT, WIDTH, CHANNELS = 6, 7, 3


def by_hand(x: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """One picture: every patch of the hole, every whole patch, every pixel of them."""
    wide = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    holes = np.pad(hole, 1)
    places = [(row, column) for row in range(HEIGHT) for column in range(WIDTH)]
    patches = {(r, c): wide[:, r : r + 3, c : c + 3] for r, c in places}
    known = [(r, c) for r, c in places if not holes[r : r + 3, c : c + 3].any()]
    total, times = np.zeros_like(wide), np.zeros(holes.shape)
    for row, column in places:
        own = patches[row, column]
        alike = [
            (own * patches[one]).sum() / np.sqrt((own**2).sum() * (patches[one] ** 2).sum())
            for one in known
        ]
        shares = np.exp(10 * np.array(alike))
        shares /= shares.sum()
        pasted = sum(share * patches[one] for share, one in zip(shares, known, strict=True))
        total[:, row : row + 3, column : column + 3] += pasted
        times[row : row + 3, column : column + 3] += 1
    return np.where(hole, (total / times)[:, 1:-1, 1:-1], x)


def some() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, CHANNELS, HEIGHT, WIDTH, generator=generator, dtype=torch.float64)
    hole = torch.zeros(2, 1, HEIGHT, WIDTH, dtype=torch.float64)
    hole[0, 0, 2:4, 1:3] = 1
    hole[1, 0, :3, 4:] = 1  # at a corner
    return x, hole


def test_attention_is_a_loop_over_patches() -> None:
    x, hole = some()
    found = attended(x, hole)
    for number in range(2):
        wanted = by_hand(x[number].numpy(), hole[number, 0].numpy() > 0.5)
        assert np.allclose(found[number].numpy(), wanted, atol=1e-10)
    assert torch.equal(found[hole.expand_as(x) < 0.5], x[hole.expand_as(x) < 0.5])


def test_what_lies_in_a_hole_is_taken_from_nowhere() -> None:
    """No patch that touches the hole is pasted: a mark in it does not spread."""
    x, hole = some()
    marked = torch.where(hole > 0.5, 100 * x, x)
    assert attended(marked, hole).abs().max() <= x[hole.expand_as(x) < 0.5].abs().max()


def test_without_a_whole_patch_features_stay() -> None:
    x, _ = some()
    x.requires_grad_()
    found = attended(x, torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.float64))
    assert torch.equal(found, x)
    found.sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()


def test_a_hole_over_everything_gives_numbers() -> None:
    net = build("deepfill", {"width": 4})
    painted = net(torch.rand(1, 3, 17, 22), torch.ones(1, 1, 17, 22))
    painted.mean().backward()
    assert painted.shape == (1, 3, 17, 22) and painted.isfinite().all()
    gradients = [weight.grad for weight in net.parameters() if weight.grad is not None]
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)
