"""Restyling by one code for two styles: each term by nets of which is known what they do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from families import bare_step, pictures
from scipy import ndimage
from torch import nn
from torch.nn import functional

from trombine.core.conventions import LANDMARK_COUNT, PARTS
from trombine.core.errors import InputError
from trombine.losses.objective import Step
from trombine.nets import build
from trombine.nets.reader import middles_of, share_of
from trombine.recipes import NetSpec
from trombine.training.methods import find
from trombine.training.methods.shared import RestyleShared, RestyleSharedObjective

SIDE, COUNT = 32, 3
CODES = torch.ones(2 * COUNT, 3, 4, 4)
NET = {"size": SIDE, "latent": 3, "styles": "photo+anime"}
DATA = {"data": "world:photo#32", "other": "world:anime#32-63"}


def recipe_of(**changes: object) -> RestyleShared:
    recipe = find("restyle-shared")
    assert isinstance(recipe, RestyleShared)
    nets = {
        "net": NetSpec("restyler", NET),
        "critic": NetSpec("code_discriminator", {"inputs": 3}),
        "reads": NetSpec("code_reader", {"inputs": 3}),
    }
    usual = {"nets": nets, "size": SIDE, **DATA}
    return replace(recipe, **{**usual, **changes})  # pyright: ignore[reportArgumentType]


class Shifted(nn.Module):
    """What comes in, so much brighter as its style says."""

    def __init__(self, off: float) -> None:
        super().__init__()
        self.off = nn.Parameter(torch.tensor([0.0, off]))

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return x + self.off[style][:, None, None, None]


def known(off: float = 0.0) -> nn.Module:
    """A net whose code is the picture, brighter in the second style; so nothing is lost."""
    net = build("restyler", {"width": 1, "latent": 3, "blocks": 1, "details": 2, "levels": 1})
    net.encoder, net.decoder = Shifted(off), Shifted(-off)
    return net


class Bright(nn.Module):
    """A judge whose logit is how bright a code is."""

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        return codes.mean((1, 2, 3))


class Told(nn.Module):
    """A reader of codes that was told what to say, whatever it sees."""

    def __init__(self, says: torch.Tensor) -> None:
        super().__init__()
        self.says = says

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        return self.says + 0 * codes.sum()


def step_of(net: nn.Module, **data: str) -> Step:
    batches = {name: pictures(spec, SIDE, COUNT) for name, spec in (DATA | data).items()}
    nets = {
        "net": net,
        "critic": Bright(),
        "reads": Told(torch.zeros(2 * COUNT, len(PARTS) + LANDMARK_COUNT, 8, 8)),
    }
    return bare_step(nets, batches)


def truth_of(step: Step) -> torch.Tensor:
    """What a reader says that sees all: parts, and heat at the landmarks' places alone."""
    sides = [step.batches[name] for name in DATA]
    labels = torch.cat([one.parts for one in sides if one.parts is not None]).long()
    parts = functional.one_hot(labels, len(PARTS)).permute(0, 3, 1, 2) * 200.0
    heat = torch.full((2 * COUNT, LANDMARK_COUNT, SIDE, SIDE), -200.0)
    points = torch.cat([one.points for one in sides if one.points is not None])
    for row, column in np.ndindex(*points.shape[:2]):
        x, y = points[row, column].floor().long().clamp(0, SIDE - 1).tolist()
        heat[row, column, y, x] = 200.0
    return torch.cat([parts, heat], 1)


def test_middles_are_centres_of_mass() -> None:
    """In pixels, of which a place has two."""
    heat = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (2, 3, 6, 9)))
    share = heat.flatten(2).softmax(-1).view_as(heat).numpy()
    for row, column in np.ndindex(2, 3):
        y, x = np.array(ndimage.center_of_mass(share[row, column]))
        found = middles_of(share_of(heat), 2)[row, column]
        np.testing.assert_allclose(found, [2 * x + 1, 2 * y + 1], rtol=1e-6)


def test_what_is_read_rightly_costs_nothing() -> None:
    step = step_of(known())
    objective = RestyleSharedObjective(recipe_of())
    right = objective.reading(replace(step, nets={"reads": Told(truth_of(step))}), CODES)
    wrong = objective.reading(step, CODES)
    assert float(right["parts"]) < 1e-4 < 0.5 < float(wrong["parts"])
    assert float(right["points"]) < 1 / SIDE < 0.1 < float(wrong["points"])  # within a place


def test_unknown_landmarks_cost_nothing_and_teach_nothing() -> None:
    step, says = step_of(known()), torch.zeros(2 * COUNT, 87, 8, 8, requires_grad=True)
    few = {}
    for name in DATA:
        points = step.batches[name].points
        assert points is not None
        first = torch.where(torch.arange(LANDMARK_COUNT)[:, None] < 1, points, math.nan)
        few[name] = replace(step.batches[name], points=first)
    step = replace(step, nets={"reads": Told(says)}, batches=few)
    points = RestyleSharedObjective(recipe_of()).reading(step, CODES)["points"]
    points.backward()
    assert says.grad is not None and float(points.detach()) > 0
    heat = says.grad[:, len(PARTS) :]
    assert heat[:, 0].abs().sum() > 0 and not heat[:, 1:].any()


def test_parts_are_those_in_the_middle_of_each_place() -> None:
    """A map of half the side is right if it says each second pixel."""
    step = step_of(known())
    says = truth_of(step)[:, :, 1::2, 1::2]
    terms = RestyleSharedObjective(recipe_of(points=0.0)).reading(
        replace(step, nets={"reads": Told(says)}), CODES
    )
    assert float(terms["parts"]) < 1e-4


def test_nothing_is_lost_by_a_net_that_loses_nothing() -> None:
    terms = RestyleSharedObjective(recipe_of()).soft(step_of(known(0.3)))
    for name in ("l1", "gradients", "there_and_back"):
        assert float(terms[name].detach()) == pytest.approx(0, abs=1e-6)


def test_codes_are_to_tell_no_style() -> None:
    """The judge's word costs least where it has none, and more the surer it is, either way."""
    said = {}
    for off in (-8.0, -1.0, 0.0, 1.0, 8.0):
        step = step_of(known(off))
        for name in DATA:
            step.cache[f"pictures of {name}"] = torch.zeros(COUNT, 3, SIDE, SIDE)
        said[off] = float(RestyleSharedObjective(recipe_of()).soft(step)["adversarial"].detach())
    assert said[0.0] == pytest.approx(math.log(2), rel=1e-6)
    assert said[-8.0] > said[-1.0] > said[0.0] < said[1.0] < said[8.0]
    assert said[8.0] == pytest.approx(said[-8.0])


def test_the_judge_learns_which_style_is_which() -> None:
    step = step_of(known(0.5))
    terms = RestyleSharedObjective(recipe_of()).judged(step)
    logits = torch.cat([step.pictures(), step.pictures("other") + 0.5]).mean((1, 2, 3))
    labels = torch.tensor([1.0] * COUNT + [0.0] * COUNT)  # 1: the first style
    wanted = 2 * functional.binary_cross_entropy_with_logits(logits, labels)
    assert float(terms["logistic"].detach()) == pytest.approx(float(wanted), rel=1e-5)


def test_pictures_without_truth_are_refused_with_what_to_give() -> None:
    with pytest.raises(InputError, match="give --parts 0 --points 0"):
        RestyleSharedObjective(recipe_of()).soft(step_of(known(), other="leaves#48"))
    none = RestyleSharedObjective(recipe_of(parts=0.0, points=0.0))
    assert "reads" not in {role for phase in none.phases() for role in phase.learns}
    none.soft(step_of(known(), other="leaves#48"))
