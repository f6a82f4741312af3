"""Old prints: what each kind of wear does to a picture, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from trombine.core.rng import Rng
from trombine.data.degrade import Marked
from trombine.data.degrade.prints import creases, dust, fade, scratches, stains, torn

MARKS = {
    "stains": stains,
    "scratches": scratches,
    "dust": dust,
    "creases": creases,
    "torn": torn,
}
COUNT, SIZE = 8, 96


def depths(damaged: torch.Tensor) -> np.ndarray:
    """How far each damaged pixel is from one that is whole, in pixels; n x h x w."""
    return np.stack([np.asarray(ndimage.distance_transform_edt(one[0])) for one in damaged.numpy()])


def pieces(damaged: torch.Tensor) -> list[int]:
    """Of how many pieces the damage of each picture is."""
    found: Any = ndimage.label  # its annotations do not say that it gives two
    return [found(one[0])[1] for one in damaged.numpy()]


def grey(size: int = SIZE) -> torch.Tensor:
    return torch.full((COUNT, 3, size, size), 0.5)


def marked(name: str, amount: float, size: int = SIZE) -> Marked:
    chance = Rng(seed=1, places=np.arange(COUNT, dtype=np.int64))
    return MARKS[name](grey(size), np.full(COUNT, float(amount)), chance)


def faded(amount: float, batch: torch.Tensor) -> torch.Tensor:
    chance = Rng(seed=1, places=np.arange(len(batch), dtype=np.int64))
    return fade(batch, np.full(len(batch), float(amount)), chance)


@pytest.mark.parametrize("name", MARKS)
def test_more_is_more_and_nothing_is_nothing(name: str) -> None:
    shares = [marked(name, amount).damaged.mean().item() for amount in (0.1, 0.5, 1.0)]
    assert 0 < shares[0] < shares[1] < shares[2] < 0.6
    assert torch.equal(marked(name, 0).pictures, grey())


@pytest.mark.parametrize("name", MARKS)
def test_the_map_holds_what_is_changed_much(name: str) -> None:
    found = marked(name, 0.8)
    changed = (found.pictures - 0.5).abs().amax(dim=1, keepdim=True)
    assert changed[found.damaged == 0].max() < 0.16
    assert changed[found.damaged == 1].mean() > 0.04
    each = found.damaged.flatten(1).sum(dim=1)
    assert (each > 0).all(), "a picture without damage"


@pytest.mark.parametrize("name", MARKS)
def test_it_looks_the_same_at_any_size(name: str) -> None:
    """A mark of a small picture lies where it does in a large one, and covers as much."""
    small, large = marked(name, 0.8, 64), marked(name, 0.8, 192)
    pooled = torch.nn.functional.avg_pool2d(large.pictures, 3)
    apart = (pooled - small.pictures).abs().mean() / (small.pictures - 0.5).abs().mean()
    assert apart < 0.75, "half of it or more is elsewhere"


def test_stains_are_brown_soft_and_darkest_near_the_rim() -> None:
    found = marked("stains", 1.0)
    red, green, blue = found.pictures.unbind(1)
    assert (red >= green - 1e-6).all() and (green >= blue - 1e-6).all() and blue.min() < 0.4
    steps = found.pictures.diff(dim=-1).abs().amax()
    assert steps < 0.16, "no edge from one pixel to the next"
    inside = depths(found.damaged)[0]
    depth = 0.5 - blue[0].numpy()
    rim, middle = (inside > 0) & (inside <= 3), inside > 8
    assert depth[rim].max() > depth[middle].mean()


def test_creases_go_from_border_to_border() -> None:
    for one in marked("creases", 0.9).damaged[:, 0]:
        rows, columns = one.nonzero(as_tuple=True)
        spans = [(x.max() - x.min()).item() for x in (rows, columns)]
        assert max(spans) > 0.3 * SIZE
        assert not one[SIZE // 8 : -SIZE // 8, SIZE // 8 : -SIZE // 8].all()


def test_what_is_torn_is_a_corner() -> None:
    damaged = marked("torn", 0.9).damaged
    assert max(pieces(damaged)) <= 3, "one piece, and splinters"
    for one in damaged[:, 0]:
        corners = [one[0, 0], one[0, -1], one[-1, 0], one[-1, -1]]
        assert sum(corner.item() for corner in corners) == 1
        assert one[SIZE // 2, SIZE // 2] == 0


def test_fading_loses_contrast_and_colour_and_turns_warm() -> None:
    batch = torch.rand(COUNT, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    batch[..., :4, :4] = 0
    batch[..., -4:, -4:] = 1
    contrasts, colours = [], []
    for amount in (0.2, 0.6, 1.0):
        made = faded(amount, batch)
        contrasts.append(made.std().item())
        colours.append((made.amax(dim=1) - made.amin(dim=1)).std().item())
        assert made[..., 0, 0].min() > 0.01 * amount, "black is no longer black"
        white = made[..., -1, -1].mean(dim=0)
        assert white[0] > white[2], "paper is yellow or pink"
    assert contrasts[0] > contrasts[1] > contrasts[2]
    assert colours[0] > colours[1] > colours[2]
