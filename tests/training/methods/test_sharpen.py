"""Learning to look sharp: what the discriminator sees, and what is counted as an artefact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.losses.objective import Step
from trombine.losses.terms import artefacts, bands
from trombine.nets import build
from trombine.recipes import with_settings
from trombine.training.methods import find
from trombine.training.methods.srgan import Sharpen, SharpenObjective

SMALL = {"net.width": "4", "net.depth": "2", "critic.width": "4", "size": "32", "augment": "none"}
BANDS = {"bands": "2", "critic": "logistic", "critic.inputs": "6"}


def objective(**settings: str) -> SharpenObjective:
    recipe = with_settings(find("upscale-wild-sharp-x4"), {**SMALL, "perceptual": "0", **settings})
    assert isinstance(recipe, Sharpen)
    return SharpenObjective(replace(recipe, damage="shrink:4"))


def step(learning: SharpenObjective) -> Step:
    nets = {
        role: build(spec.name, spec.sizes, seed=place)
        for place, (role, spec) in enumerate(learning.recipe.nets.items())
    }
    mean = build("residual", learning.recipe.nets["net"].sizes, seed=8)
    chance = Rng(seed=1, places=np.arange(2))
    made = Step(
        nets=nets, averages={"net": mean}, batches={}, chance=chance, device=torch.device("cpu")
    )
    generator = torch.Generator().manual_seed(8)
    made.cache["pictures of data"] = torch.rand(2, 3, 32, 32, generator=generator)
    return made


def test_a_discriminator_of_bands_asks_for_detail_alone() -> None:
    """What it says moves no light, no slope and no colour: only what it sees."""
    learning = objective(**BANDS)
    made = step(learning)
    seen: list[Tensor] = []
    made.nets["critic"].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    picture = torch.rand(2, 3, 32, 32, requires_grad=True)
    (slope,) = torch.autograd.grad(learning.adversary.generator_loss(made, picture), picture)
    torch.testing.assert_close(seen[0], 0.5 + 16 * bands(picture, 3)[:, 3:])
    assert slope.abs().max() > 0
    assert slope.sum((2, 3)).abs().max() < 1e-4 * slope.abs().sum()


def test_every_parameter_learns_with_bands_and_artefacts() -> None:
    learning = objective(**BANDS, artefacts="2")
    for phase in learning.phases():
        made = step(learning)
        terms = phase.terms(made)
        torch.stack([*terms.values()]).sum().backward()
        for role in phase.learns:
            for name, parameter in made.nets[role].named_parameters():
                assert parameter.grad is not None, (phase.name, role, name)
                assert parameter.grad.abs().max() > 0, (phase.name, role, name)
        assert all(parameter.grad is None for parameter in made.averages["net"].parameters())


def test_the_artefacts_are_beside_the_averaged_net() -> None:
    learning = objective(artefacts="2")
    made = step(learning)
    term = learning.phases()[0].terms(made)["artefacts"]
    small = learning.damaging(made)
    with torch.no_grad():
        ours, mean = made.nets["net"](small), made.averages["net"](small)
    torch.testing.assert_close(term, artefacts(ours, made.pictures(), mean))


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(InputError, match=r"6 planes is needed for --bands 2.*--critic.inputs 6"):
        objective(bands="2")
    with pytest.raises(InputError, match="the averaged net"):
        objective(artefacts="1", ema="0")
