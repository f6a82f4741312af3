"""What restoring undoes: the old spellings bit for bit, chains beside them, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.columns import Batch
from trombine.data.degrade import Chain
from trombine.data.masks import draw_masks
from trombine.data.resize import enlarge, shrink
from trombine.losses.damage import Damage
from trombine.losses.objective import Step
from trombine.recipes import NetSpec
from trombine.training.methods.restore import Restore


def pictures(count: int = 4, size: int = 24) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(4))


def step(truth: torch.Tensor, *, start: int = 0, about: str = "", holes: bool = False) -> Step:
    places = np.arange(start, start + len(truth), dtype=np.int64)
    chance = Rng(seed=6, places=places, about=about)
    pixels = torch.zeros(len(truth), 1, 1, 3).byte()
    batches = {"data": Batch(indices=places, pixels=pixels)} if holes else {}
    made = Step(nets={}, batches=batches, chance=chance, device=torch.device("cpu"))
    made.cache["pictures of data"] = truth
    return made


@pytest.mark.parametrize("factor", [1, 3])
def test_shrinking_alone_is_as_it_was(factor: int) -> None:
    truth = pictures(size=30)
    damage = Damage.parse(f"shrink:{factor}")
    assert torch.equal(damage(step(truth)), shrink(truth, factor))
    assert str(damage) == f"shrink:{factor}" and damage.chain is None
    expected = f"shrunk {factor} times as MATLAB's bicubic imresize, rounded to 8 bits"
    assert damage.about == expected
    small = shrink(truth, factor)
    assert torch.equal(damage.naive(small), enlarge(small, factor))


def test_noise_alone_is_as_it_was() -> None:
    """Not cut off at black and white, and drawn under its old name."""
    truth, strength = pictures(), 2.0
    damage = Damage.parse(f"noise:{strength}")
    normals = Rng(seed=6, places=np.arange(4)).normals("damage", (3, 24, 24))
    assert torch.equal(damage(step(truth)), truth + strength * torch.from_numpy(normals).float())
    assert damage.about == f"normal noise of {strength:g}" and str(damage) == f"noise:{strength:g}"
    assert torch.equal(damage.naive(truth), truth)


@pytest.mark.parametrize("text", ["wild-x2", "blur:box:3+noise:grey:0.1?0.5"])
def test_a_chain_is_drawn_by_the_steps_chance(text: str) -> None:
    truth, damage = pictures(), Damage.parse(text)
    chain = Chain.parse(text)
    for start, about in [(0, ""), (8, ""), (0, "fixed ")]:
        at = np.arange(start, start + 4, dtype=np.int64)
        expected = chain(truth, Rng(seed=6, places=at, about=about))
        made = damage(step(truth, start=start, about=about))
        assert torch.equal(made, expected)


def test_holes_are_drawn_once_a_step_and_hide_what_is_under_them() -> None:
    """The same masks as draw_masks draws; the net sees grey, and where the hole is, by name."""
    truth, damage = pictures(size=24), Damage.parse("hole:squares")
    at = step(truth, holes=True)
    hole = draw_masks("squares", at.chance, size=24)
    assert 0 < hole.mean() < 1
    assert torch.equal(damage.inputs(at)["hole"], hole)
    assert torch.equal(damage(at), truth * (1 - hole) + 0.5 * hole)
    assert damage.about == "holes of squares, drawn for each picture"


def test_a_repaired_picture_keeps_what_is_outside_its_hole() -> None:
    class White(torch.nn.Module):
        def forward(self, x: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
            return torch.full_like(x, 2.0)

    truth, damage = pictures(size=24), Damage.parse("hole:squares")
    at = replace(step(truth, holes=True), nets={"net": White()})
    hole = damage.inputs(at)["hole"]
    assert torch.equal(damage.result(at), torch.where(hole > 0, torch.ones_like(truth), truth))


@pytest.mark.parametrize(
    ("damage", "task", "message"),
    [("hole:squares", "restore", "take repairer"), ("noise:0.1", "repair", "give --damage hole:")],
)
def test_holes_and_repairing_belong_together(damage: str, task: str, message: str) -> None:
    recipe = Restore(
        about="x", task=task, nets={"net": NetSpec("unet", {})}, data="leaves", damage=damage
    )
    with pytest.raises(InputError, match=message):
        Damage.parse(damage).check(recipe)
