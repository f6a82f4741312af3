"""A picture in the style of another: the statistics, and what changes and what stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from trombine.core.conventions import to_picture
from trombine.faces import read_faces
from trombine.io.image import picture_of
from trombine.models import loaded
from trombine.nets.vgg import VGG
from trombine.restyling.like import (
    READER,
    drawn_like,
    eye,
    gram,
    luma_of,
    restyled_like,
    with_colours,
)
from trombine.world import face, paint

SEED = 2_000_041


def painted(style: str, seed: int = SEED, size: int = 128) -> torch.Tensor:
    return to_picture(paint(face(seed), size, style).pixels)


def test_gram_is_the_mean_of_products() -> None:
    seen = torch.randn(1, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    flat = seen[0].reshape(3, 35).double().numpy()
    brute = [[np.mean([a * b for a, b in zip(x, y, strict=True)]) for y in flat] for x in flat]
    torch.testing.assert_close(gram(seen).double(), torch.tensor(brute), atol=1e-5, rtol=1e-5)


def test_colours_have_the_other_ones_moments() -> None:
    """Mean and covariance, where nothing is cut off; of the same colours nothing changes."""
    chance = torch.Generator().manual_seed(3)
    one = 0.5 + 0.03 * torch.randn(3, 40, 50, generator=chance)
    mixed = torch.tensor([[1.0, 0.5, 0], [0, 1, 0.3], [0.2, 0, 0.7]])
    other = 0.4 + 0.04 * torch.einsum(
        "ij,jhw->ihw", mixed, torch.randn(3, 30, 30, generator=chance)
    )
    made = with_colours(one, other)
    found, wanted = (np.cov(x.flatten(1).double().numpy(), bias=True) for x in (made, other))
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    torch.testing.assert_close(made.mean((1, 2)), other.mean((1, 2)), atol=1e-5, rtol=0)
    torch.testing.assert_close(with_colours(one, one), one, atol=1e-5, rtol=0)


def test_the_style_comes_nearer_and_landmarks_stay() -> None:
    """By the reader's own Gram matrices it is nearer than colours alone make it; by the painter's
    truth and the reader no landmark moves far."""
    by, picture, style = eye(), painted("photo"), painted("sketch", SEED + 7)
    assert by.name == READER
    made = drawn_like(picture, style, by).clamp(0, 1)

    def off(one: torch.Tensor) -> float:
        pairs = ((gram(by.see(one)[n]), gram(by.see(style)[n])) for n in by.layers)
        return sum(float((a - b).square().sum() / b.square().sum()) for a, b in pairs)

    with torch.no_grad():
        assert off(made) < 0.5 * off(with_colours(picture, style))
    reader = loaded("reader", task="read")
    (before,), (after,) = (read_faces(one, reader, largest=True) for one in (picture, made))
    apart = np.linalg.norm(before.points[36] - before.points[45])
    assert np.linalg.norm(after.points - before.points, axis=1).mean() < 0.05 * apart
    assert all(weights.grad is None for weights in by.net.parameters())


def test_vgg_is_taken_where_its_weights_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thin one stands for it, where torch would keep it."""
    net = VGG(width=2)
    (tmp_path / "checkpoints").mkdir()
    torch.save(net.state_dict(), tmp_path / "checkpoints" / "vgg16-397923af.pth")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    by = eye()
    assert by.name == "vgg16" and len(by.see(torch.rand(3, 32, 32))) == 4
    drawn = drawn_like(torch.rand(3, 32, 40), torch.rand(3, 50, 32), by, steps=2)
    assert drawn.shape == (3, 32, 40)


def test_strength_and_kept_colours() -> None:
    """Half the strength is half of the way; of kept colours only the luma changes."""
    samples = paint(face(SEED), 64, "photo").pixels
    style = painted("cartoon", SEED + 3, 64)
    full, half, none = (
        restyled_like(picture_of(samples), style, eye(), strength=s) for s in (1.0, 0.5, 0.0)
    )
    inside = (full.samples > 0) & (full.samples < 255)
    ways = [one.samples.astype(float) - samples for one in (full, half)]
    assert abs(2 * ways[1] - ways[0])[inside].max() <= 2  # of 255, by rounding
    assert np.array_equal(none.samples, samples)
    change = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(4))
    kept = luma_of(change)
    weights = torch.tensor([0.299, 0.587, 0.114])
    assert torch.equal(kept[0], kept[2])
    torch.testing.assert_close(kept[1], (weights[:, None, None] * change).sum(0))
