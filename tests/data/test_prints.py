"""Old prints: what each kind of wear does to a picture, and the map of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from trombine.core.rng import Rng
from trombine.data.degrade import HANDLING, Chain
from trombine.data.prints import (
    PAPER,
    VISIBLE_SHARE,
    Marked,
    creases,
    dust,
    fade,
    hairs,
    lines,
    scratches,
    spots,
    stains,
    tears,
    torn,
)
from trombine.world.leaves import leaves

MARKS = {
    "stains": stains,
    "scratches": scratches,
    "lines": lines,
    "dust": dust,
    "hairs": hairs,
    "creases": creases,
    "torn": torn,
    "tears": tears,
    "spots": spots,
}
COUNT, SIZE = 8, 96


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
    return fade(batch, np.full(len(batch), float(amount)), chance).pictures


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


DARK, LIGHT = 0.2, 0.6
CHANCE = Rng(seed=7, places=np.arange(COUNT, dtype=np.int64))


def even(level: float) -> torch.Tensor:
    return torch.full((COUNT, 3, SIZE, SIZE), level)


def after(chain: Chain, pictures: torch.Tensor) -> Marked:
    return chain.marked(pictures, CHANCE, by=HANDLING)


def prefix(chain: Chain, steps: int) -> Chain:
    return Chain(steps=chain.steps[:steps])


def test_creases_are_where_their_line_covers_the_picture() -> None:
    """Two grounds after the same chance give the share that the line covers: what is no longer a
    multiple of the ground. Light and shade beside a fold are one."""
    dark, light = (after(Chain.parse("creases:0.8"), even(level)) for level in (DARK, LIGHT))
    kept = (light.pictures - dark.pictures)[:, 0] / (LIGHT - DARK)
    share = (dark.pictures[:, 0] - DARK * kept) / float(PAPER[0])
    sure = (share - VISIBLE_SHARE).abs() > 1e-4
    assert torch.equal((share > VISIBLE_SHARE)[sure], (dark.damaged[:, 0] > 0)[sure])
    assert torch.equal(dark.damaged, light.damaged) and dark.damaged.any()


@pytest.mark.parametrize(
    "name", [name for name in HANDLING if name not in ("creases", "lines", "spots")]
)
def test_marks_are_where_they_cover_the_picture(name: str) -> None:
    """The same of marks that leave their surroundings alone: what is left of the ground's
    difference. Dirt lets a little through, and two marks may cover one pixel a little each."""
    dark, light = (after(Chain.parse(f"{name}:0.8"), even(level)) for level in (DARK, LIGHT))
    covered = 1 - (light.pictures - dark.pictures)[:, 0] / (LIGHT - DARK)
    damaged = dark.damaged[:, 0] > 0
    assert damaged.any() and torch.equal(dark.damaged, light.damaged)
    assert (covered[damaged] > 0.85 * VISIBLE_SHARE - 1e-4).all()
    assert damaged[covered > 1 - (1 - VISIBLE_SHARE) ** 2 + 1e-4].all()


def test_what_hands_did_is_what_their_steps_changed() -> None:
    """Of old-photo, step by step: a pixel that one of their steps changed by much is damaged, and
    none is that no such step changed; stains and fading are not theirs."""
    chain = Chain.parse("old-photo")
    pictures = torch.from_numpy(np.stack([leaves(seed, SIZE) for seed in range(COUNT)]))
    pictures = pictures.permute(0, 3, 1, 2).float() / 255
    change, other = (torch.zeros(COUNT, 1, SIZE, SIZE) for _ in range(2))
    for number, step in enumerate(chain.steps):
        before, later = (after(prefix(chain, count), pictures) for count in (number, number + 1))
        changed = (later.pictures - before.pictures).abs().amax(1, keepdim=True)
        into = change if step.terms[0].name in HANDLING else other
        torch.maximum(into, changed, out=into)
        if step.terms[0].name not in HANDLING:
            assert torch.equal(later.damaged, before.damaged)
    damaged = after(chain, pictures).damaged > 0
    assert (change[damaged] > 0).all()
    assert damaged[change > 0.35].all(), "more than light beside a fold and a thin rim"
    assert (other[~damaged] > 0.1).any(), "the other steps did nothing: nothing was shown"
