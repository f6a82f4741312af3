"""Drawing without pairs: each term by nets of which is known what they do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from families import bare_step, pictures
from torch import nn

from trombine.losses.objective import Step
from trombine.nets import build
from trombine.nets.translator import Translator
from trombine.recipes import NetSpec
from trombine.training.methods import find
from trombine.training.methods.unpaired import Translate, TranslateObjective, contrast

COUNT = 4


class Negative(nn.Module):
    """Its own inverse."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 1 - x


class Half(nn.Module):
    """Pictures half as bright."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 2


class Bright(nn.Module):
    """A critic whose logit is the mean brightness, for each half of the picture."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x.chunk(2, -1)
        return torch.stack([left.mean((1, 2, 3)), right.mean((1, 2, 3))], 1)


def recipe_of(**changes: object) -> Translate:
    recipe = find("restyle-cyclegan")
    assert isinstance(recipe, Translate)
    return replace(recipe, size=16, **changes)  # pyright: ignore[reportArgumentType]


def step_of(there: nn.Module, back: nn.Module, critic: nn.Module | None = None) -> Step:
    critic = critic or Bright()
    nets = {"there": there, "back": back, "critic_there": critic, "critic_back": critic}
    kinds = {"data": "leaves#48", "other": "fractals#48"}
    return bare_step(nets, {name: pictures(spec, 16, COUNT) for name, spec in kinds.items()})


def test_what_goes_there_and_back_is_what_it_was() -> None:
    step = step_of(Negative(), Negative())
    terms = TranslateObjective(recipe_of()).nets(step)
    assert float(terms["there_and_back"]) == pytest.approx(0, abs=1e-6)
    kinds = [step.pictures(stream).numpy() for stream in ("data", "other")]
    wanted = sum(abs(1 - 2 * pictures).mean() for pictures in kinds)
    assert float(terms["identity"]) == pytest.approx(wanted, rel=1e-5)


def test_what_is_lost_on_the_way_is_seen() -> None:
    step = step_of(Half(), Half())
    kinds = [step.pictures(stream).numpy() for stream in ("data", "other")]
    found = TranslateObjective(recipe_of()).nets(step)["there_and_back"]
    assert float(found) == pytest.approx(sum(0.75 * one.mean() for one in kinds), rel=1e-5)


@pytest.mark.parametrize("critic", ["least squares", "logistic"])
def test_each_direction_is_judged_by_its_own_kind(critic: str) -> None:
    step = step_of(Negative(), Half())
    objective = TranslateObjective(recipe_of(critic=critic, pool=0.0))
    data, other = (step.pictures(stream).numpy() for stream in ("data", "other"))

    def of_generator(logits: np.ndarray) -> float:
        if critic == "logistic":
            return float(np.log1p(np.exp(-logits)).mean())
        return float(((logits - 1) ** 2).mean() / 2)

    def of_critic(real: np.ndarray, fake: np.ndarray) -> float:
        if critic == "logistic":
            return float((np.log1p(np.exp(-real)) + np.log1p(np.exp(fake))).mean())
        return float(((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2)

    def logits(pictures: np.ndarray) -> np.ndarray:
        return Bright()(torch.from_numpy(pictures)).numpy()

    found = float(objective.nets(step)["adversarial"])
    wanted = of_generator(logits(1 - data)) + of_generator(logits(other / 2))
    assert found == pytest.approx(wanted, rel=1e-5)
    found = float(objective.critics(step)[critic])
    there = of_critic(logits(other), logits(1 - data))
    back = of_critic(logits(data), logits(other / 2))
    assert found == pytest.approx((there + back) / 2, rel=1e-5)


def test_a_classifier_learns_which_kind_it_starts_from() -> None:
    sizes = {"width": 4, "halvings": 1, "blocks": 1}
    net = build("attentive_translator", sizes)
    with torch.no_grad():  # which now says nothing: the logits are 0
        net.attention.mean.weight.zero_()  # pyright: ignore
        net.attention.largest.weight.zero_()  # pyright: ignore
    nets = {
        role: NetSpec("attentive_translator", sizes) if role in ("there", "back") else spec
        for role, spec in recipe_of().nets.items()
    }
    objective = TranslateObjective(recipe_of(nets=nets, attention=1.0))
    found = objective.nets(step_of(net, net))["attention"].detach()
    assert float(found) == pytest.approx(4 * math.log(2), rel=1e-5)


def test_critics_learn_nothing_of_nets() -> None:
    """What the discriminators see is detached: no slope leads back to who drew it."""
    net = build("translator", {"width": 4, "halvings": 1, "blocks": 1})
    objective, step = TranslateObjective(recipe_of()), step_of(net, net)
    objective.nets(step)
    critic = build("patch_discriminator", {"width": 4, "levels": 1})
    step.nets.update(critic_there=critic, critic_back=critic)  # pyright: ignore
    objective.critics(step)["least squares"].backward()
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(parameter.grad is not None for parameter in critic.parameters())


def test_a_place_is_told_from_other_places() -> None:
    """The cross-entropy of each place, one after the other, by numpy."""
    net = build("translator", {"width": 4, "halvings": 1, "blocks": 2, "compares": True}).eval()
    assert isinstance(net, Translator)
    step = step_of(net, net)
    pictures, drawn = step.pictures("data")[:, :, :8, :8], step.pictures("other")[:, :, :8, :8]
    with torch.no_grad():
        found = float(contrast(step, net, pictures, drawn))
        losses = []
        for head, query, key in zip(
            net.heads, net.features(drawn), net.features(pictures), strict=True
        ):
            for asked, there in zip(query, key, strict=True):  # fewer places than are picked
                q, k = (head(x.flatten(1).T).numpy() for x in (asked, there))
                q, k = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, k))
                for place, one in enumerate(q):
                    likeness = np.exp(k @ one / 0.07)
                    losses.append(-np.log(likeness[place] / likeness.sum()) / len(q))
    assert found == pytest.approx(sum(losses) / COUNT / len(net.heads), rel=1e-4)


def test_what_a_place_is_compared_with_is_held_still() -> None:
    net = build("translator", {"width": 4, "halvings": 1, "blocks": 2, "compares": True})
    pictures = torch.rand(COUNT, 3, 8, 8, requires_grad=True)
    drawn = torch.rand(COUNT, 3, 8, 8, requires_grad=True)
    contrast(step_of(net, net), net, pictures, drawn).backward()
    assert pictures.grad is None and drawn.grad is not None
