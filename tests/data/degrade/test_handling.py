"""The map of what hands did to a print, against what each step alone changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.rng import Rng
from trombine.data.degrade import Chain, Marked
from trombine.data.degrade.prints import PAPER, VISIBLE_SHARE
from trombine.data.degrade.terms import HANDLING
from trombine.world.leaves import leaves

COUNT, SIZE = 6, 96
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


@pytest.mark.parametrize("name", [name for name in HANDLING if name != "creases"])
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
