"""Augmentation and colour spaces in trainings: what they reach, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from families import Kit, contents, order, stop_after

from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.augment import UNTRUE, Augment, augmented
from trombine.losses.objective import Step
from trombine.metrics import psnr
from trombine.models import load, read_card
from trombine.nets.spaces import Within, from_space, to_space
from trombine.recipes import with_settings
from trombine.runs.folder import RunFolder
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.material import feed_of, fixed_steps
from trombine.training.methods import find, objective_of
from trombine.training.methods.restore import RestoreObjective
from trombine.training.methods.srgan import SharpenObjective
from trombine.world import VECTOR_NAMES
from trombine.world.fractals import VECTOR_NAMES as OF_FRACTALS

ALL = "zoom:1.2+shift:0.05+mirror+rotate:15+colour:0.1"


def asked(family: str, run: Path, **settings: str) -> TrainConfig:
    one = order(family, run)
    return replace(one, recipe=with_settings(one.recipe, {"augment": "none", **settings}))


def kit(family: str, **settings: str) -> Kit:
    return Kit(asked(family, Path("unused"), **settings).recipe)


def fixed(one: Kit) -> list[Step]:
    return list(fixed_steps(one.plan, one.state, one.material, 8))


def damage(one: Kit, step: Step) -> torch.Tensor:
    assert isinstance(one.plan.objective, RestoreObjective | SharpenObjective)
    return one.plan.objective.damaging(step)


# --- augmentation -------------------------------------------------------------------------------


def test_what_is_learned_from_is_changed_by_its_place_and_what_is_measured_on_stays() -> None:
    ours, plain = kit("restore", augment=ALL), kit("restore")
    feeds = [feed_of(one.plan, one.state, one.material) for one in (ours, plain)]
    for number, (changed, as_it_was) in enumerate(islice(zip(*feeds, strict=False), 3)):
        chance = Rng(seed=0, places=np.arange(4 * number, 4 * number + 4, dtype=np.int64))
        wanted = augmented(as_it_was["data"], Augment.parse(ALL), chance)
        assert torch.equal(changed["data"].pixels, wanted.pixels)
        assert not torch.equal(changed["data"].pixels, as_it_was["data"].pixels)
    for one, other in zip(fixed(ours), fixed(plain), strict=True):
        assert torch.equal(one.pictures(), other.pictures())
    assert ours.material.fingerprint == plain.material.fingerprint


def test_what_it_is_measured_on_is_damaged_the_same_in_every_run() -> None:
    """At any moment and whatever the run's seed: their numbers stand under one protocol."""

    def measured(pictures: int, seed: str) -> torch.Tensor:
        one = kit("restore", damage="wild-x2", seed=seed)
        one.state.pictures = pictures
        return torch.cat([damage(one, step) for step in fixed(one)])

    first = measured(0, "0")
    assert torch.equal(measured(48, "0"), first)
    assert torch.equal(measured(0, "7"), first)


def test_what_it_is_measured_on_is_damaged_otherwise_than_what_it_learns_from() -> None:
    """The same pictures at the same places of the same seed."""
    one = kit("restore", damage="shrink:2+noise:grey:0.1")
    measured = fixed(one)[0]
    learned = replace(measured, chance=replace(measured.chance, about=""), cache={})
    assert not torch.equal(damage(one, learned), damage(one, measured))


def test_killed_and_gone_on_with_both_is_the_same_run(tmp_path: Path) -> None:
    settings = {"augment": ALL, "space": "hsv", "damage": "wild-x2"}
    train(asked("restore", tmp_path / "whole", **settings))
    killed = asked("restore", tmp_path / "killed", **settings)
    stop_after(killed, 52)
    train(killed)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("recipe", "change", "name"),
    [
        ("reader", "rotate:5", "roll"),
        ("reader", "mirror", "yaw"),
        ("generate-photo", "faces:1", "jaw_width"),
        ("fractal-gan", "mirror", "a"),
        ("reader", "zoom:1.1", None),
        ("restyle", "faces:1+mirror", None),
    ],
)
def test_whatever_learns_numbers_refuses_to_learn_untrue_ones(
    recipe: str, change: str, name: str | None
) -> None:
    """A mirrored face turns the other way."""
    settings = replace(find(recipe), augment=change)
    if name is None:
        objective_of(settings)
        return
    with pytest.raises(InputError, match=rf"augment \w+ changes the .*\b{name}\b.* of a picture"):
        objective_of(settings)


def test_what_changes_make_untrue_are_numbers_that_there_are() -> None:
    assert UNTRUE.keys() == vars(Augment()).keys()
    named = {name for names in UNTRUE.values() for name in names}
    assert named <= {*VECTOR_NAMES, *OF_FRACTALS}


# --- colour spaces ------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["adversarial", "denoise"])
def test_what_is_invented_is_learned_in_the_space_and_shown_in_rgb(family: str) -> None:
    one = kit(family, space="hsv")
    step = one.next_step()
    plain = step.batches["data"].pictures()
    assert torch.equal(step.pictures(), to_space(plain, "hsv"))
    assert all(not isinstance(net, Within) for net in step.nets.values())
    samples = one.plan.objective.samples(step)
    assert samples is not None
    torch.testing.assert_close(samples.fixed["truth"], plain, rtol=0, atol=1e-6)
    if family == "adversarial":
        made = step.nets["generator"](step.normals("latent", (8,)))
        torch.testing.assert_close(samples.output, from_space(made, "hsv"))
        assert not torch.allclose(samples.output, made, atol=0.05)


def test_pictures_invented_in_hsv_are_measured_in_rgb() -> None:
    """A generator that gives the real pictures, in HSV, is at no distance from them."""
    one = kit("adversarial", space="hsv")
    step = one.next_step()
    hsv = step.pictures()

    def distance(made: torch.Tensor) -> float:
        class Says(torch.nn.Module):
            def forward(self, _latents: torch.Tensor) -> torch.Tensor:
                return made

        says = replace(step, nets={**step.nets, "generator": Says()})
        return one.plan.objective.measure([says])["distance"]

    assert distance(hsv) < 1e-4
    assert distance(step.to_rgb(hsv)) > 0.01


@pytest.mark.parametrize(
    ("family", "space"), [("restore", "hsv"), ("sharpen", "imagenet"), ("detect", "hsv")]
)
def test_a_net_is_shown_the_space_and_the_rest_is_rgb(family: str, space: str) -> None:
    one = kit(family, space=space)
    step, net = one.next_step(), one.state.nets["net"]
    pictures = step.pictures()
    assert torch.equal(pictures, step.batches["data"].pictures())
    seen: list[torch.Tensor] = []
    hook = net.register_forward_pre_hook(lambda _net, given: seen.extend(given))
    damaged = pictures if family == "detect" else damage(one, step)
    made = step.nets["net"](damaged)
    hook.remove()
    assert torch.equal(seen[0], to_space(damaged, space))
    inner = net(seen[0])
    torch.testing.assert_close(made, inner if family == "detect" else from_space(inner, space))
    if family == "sharpen":
        assert step.nets["critic"] is one.state.nets["critic"]


def test_a_net_that_changes_nothing_restores_nothing() -> None:
    """What goes through a space and out again is the damaged picture, measured in RGB."""
    one = kit("restore", space="hsv", damage="noise:0.05", net="unet:levels=1")
    step = fixed(one)[0]
    inner = step.nets["net"]
    assert isinstance(inner, Within)
    inner.net = torch.nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    wanted = psnr(damage(one, step).clamp(0, 1), step.pictures()).mean()
    assert abs(one.plan.objective.measure([step])["PSNR"] - float(wanted)) < 0.01


@pytest.mark.parametrize(
    ("family", "space"), [("restore", "hsv"), ("adversarial", "hsv"), ("detect", "imagenet")]
)
def test_the_models_of_a_run_give_rgb(family: str, space: str, tmp_path: Path) -> None:
    """The card carries the space, and what is loaded converts."""
    train(asked(family, tmp_path / "run", space=space, pictures="8"))
    model = load(RunFolder(tmp_path / "run").best)
    assert model.space == space and read_card(model.path).settings["space"] == space
    generator = torch.Generator().manual_seed(0)
    if family == "adversarial":
        given = torch.randn(2, 8, generator=generator)
        wanted = from_space(model.net(given), space)
    else:
        given = torch.rand(2, 3, 32, 32, generator=generator)
        wanted = model.net(to_space(given, space))
        wanted = from_space(wanted, space).clamp(0, 1) if family == "restore" else wanted
    torch.testing.assert_close(model(given), wanted.detach())
