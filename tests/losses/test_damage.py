"""What restoring undoes: the old spellings bit for bit, chains beside them, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.degrade import PRESETS, Chain, enlarge, shrink
from trombine.data.item import Batch
from trombine.data.masks import draw_masks
from trombine.losses.damage import Damage
from trombine.losses.objective import Step
from trombine.recipes.recipe import NetSpec
from trombine.training.methods.restore import Restore


def pictures(count: int = 4, size: int = 24) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(4))


def step(
    truth: torch.Tensor, *, start: int = 0, rollbacks: int = 0, about: str = "", holes: bool = False
) -> Step:
    places = np.arange(start, start + len(truth), dtype=np.int64)
    chance = Rng(seed=6, rollbacks=rollbacks, places=places, about=about)
    pixels = torch.zeros(len(truth), 1, 1, 3).byte()
    batches = {"data": Batch(indices=places, pixels=pixels)} if holes else {}
    made = Step(nets={}, batches=batches, chance=chance, device=torch.device("cpu"))
    made.cache["pictures of data"] = truth
    return made


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
def test_shrinking_alone_is_as_it_was(factor: int) -> None:
    truth = pictures(size=30)
    damage = Damage.parse(f"shrink:{factor}")
    assert torch.equal(damage(step(truth)), shrink(truth, factor))
    assert str(damage) == f"shrink:{factor}" and damage.chain is None
    expected = f"shrunk {factor} times as MATLAB's bicubic imresize, rounded to 8 bits"
    assert damage.about == expected
    small = shrink(truth, factor)
    assert torch.equal(damage.naive(small), enlarge(small, factor))


@pytest.mark.parametrize("strength", [0.1, 2.0])
def test_noise_alone_is_as_it_was(strength: float) -> None:
    """Not cut off at black and white, and drawn under its old name."""
    truth = pictures()
    damage = Damage.parse(f"noise:{strength}")
    normals = Rng(seed=6, places=np.arange(4)).normals("damage", (3, 24, 24))
    assert torch.equal(damage(step(truth)), truth + strength * torch.from_numpy(normals).float())
    assert damage.about == f"normal noise of {strength:g}" and str(damage) == f"noise:{strength:g}"
    assert torch.equal(damage.naive(truth), truth)


def test_noise_alone_is_known_by_its_numbers() -> None:
    """As the version before chains made them."""
    made = Damage.parse("noise:0.1")(step(torch.full((2, 3, 2, 2), 0.5), start=7, about="fixed "))
    expected = Rng(seed=6, places=np.array([7, 8])).normals("fixed damage", (3, 2, 2)) * 0.1 + 0.5
    assert made.numpy() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("text", ["wild-x2", "old-photo", "blur:box:3+noise:grey:0.1?0.5"])
def test_a_chain_is_drawn_by_the_steps_chance(text: str) -> None:
    truth, damage = pictures(), Damage.parse(text)
    chain = Chain.parse(text)
    for start, rollbacks, about in [(0, 0, ""), (8, 0, ""), (0, 1, ""), (0, 0, "fixed ")]:
        at = np.arange(start, start + 4, dtype=np.int64)
        expected = chain(truth, Rng(seed=6, places=at, rollbacks=rollbacks, about=about))
        made = damage(step(truth, start=start, rollbacks=rollbacks, about=about))
        assert torch.equal(made, expected)


def test_a_step_is_damaged_once() -> None:
    """Phases that follow one another learn from the same; its type is that of the pictures."""
    one = step(pictures())
    damage = Damage.parse("noise:gaussian:0.1")
    assert damage(one) is damage(one)
    double = step(pictures().double())
    assert damage(double).dtype == torch.float64
    assert torch.equal(damage(double).float(), damage(one))


def test_a_protocol_tells_the_chain_not_the_presets_name() -> None:
    for name in PRESETS:
        about = Damage.parse(name).about
        assert about == f"degraded by {Chain.parse(name)}, drawn for each picture"
        assert "\n" not in about


def test_the_naive_answer_to_a_chain() -> None:
    small = shrink(pictures(), 4)
    assert torch.equal(Damage.parse("wild-x4").naive(small), enlarge(small, 4))
    assert torch.equal(Damage.parse("old-photo").naive(small), small)


@pytest.mark.parametrize(
    ("text", "net", "size", "said"),
    [
        ("wild-x4", "residual:factor=2", 64, "wild-x4 needs a net that enlarges 4 times"),
        ("wild-x4", "unet", 64, "give --net residual:factor=4, or --damage noise:0.1$"),
        ("old-photo", "residual:factor=2", 64, "old-photo needs a net that does not enlarge"),
        ("wild-x3", "residual:factor=3", 64, "size 64 is not a multiple of 3, .*wild-x3 needs"),
    ],
)
def test_nets_and_sizes_that_do_not_fit(text: str, net: str, size: int, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        Damage.parse(text).check(asked(net, size))
    assert "\n" not in str(caught.value)


def test_windows_that_do_not_fit() -> None:
    said = "augment crop:30 is not a multiple of 4, .*; give crop:28 or crop:32$"
    with pytest.raises(InputError, match=said):
        Damage.parse("shrink:4").check(asked("residual:factor=4", 64, "mirror+crop:30"))


def test_nets_and_sizes_that_fit() -> None:
    Damage.parse("wild-x4").check(asked("residual:factor=4", 64))
    Damage.parse("wild-x4").check(asked("residual:factor=4", 64, "crop:32"))
    Damage.parse("old-photo").check(asked("unet", 33))
    Damage.parse("jpeg:30+shrink:area:2").check(asked("residual", 64))


def asked(net: str, size: int, augment: str = "none") -> Restore:
    """A recipe of this net, for pictures of this size."""
    return Restore(
        about="",
        task="upscale",
        nets={"net": NetSpec.parse(net)},
        data="leaves",
        size=size,
        augment=augment,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("blur:2", "there is no degradation 'blur:2'; write blur:box:WIDTH or "),
        ("noise:-1", "write noise:STRENGTH, a number above 0 such as noise:0.1, not 'noise:-1'$"),
        ("noise:inf", "write noise:STRENGTH, a number above 0"),
        ("noise:-1+jpeg:5", "there is no degradation 'noise:-1'; write noise:gaussian:STRENGTH or"),
        ("blur:box:foo", "width of blur:box is a number .*, not 'foo'$"),
        ("shrink:2.5", "factor of shrink is a whole number"),
        ("wild", r"there is no degradation 'wild'; did you mean wild-x\d or wild-x\d"),
    ],
)
def test_what_is_refused_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(InputError, match=f"^damage: {said}"):
        Damage.parse(text)


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
