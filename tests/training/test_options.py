"""Augmentation and colour spaces in trainings: what they reach, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from families import contents, order, stop_after

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
from trombine.training.launch import Mesh
from trombine.training.loop import train
from trombine.training.machine import choose
from trombine.training.material import Material, endless, fixed_steps, open_material, step_of
from trombine.training.methods import find, objective_of
from trombine.training.methods.restore import RestoreObjective
from trombine.training.methods.srgan import SharpenObjective
from trombine.training.state import State, fresh
from trombine.training.steps import Plan
from trombine.world import VECTOR_NAMES
from trombine.world.fractals import VECTOR_NAMES as OF_FRACTALS

ALL = "zoom:1.2+shift:0.05+mirror+rotate:15+colour:0.1"
INVENT, COMPARE = ("adversarial", "denoise"), ("restore", "sharpen")


def asked(family: str, run: Path, **settings: str) -> TrainConfig:
    one = order(family, run)
    return replace(one, recipe=with_settings(one.recipe, {"augment": "none", **settings}))


def begun(family: str, **settings: str) -> tuple[Plan, State, Material]:
    recipe = asked(family, Path("unused"), **settings).recipe
    objective, machine = objective_of(recipe), choose(recipe)
    plan = Plan(
        recipe=recipe,
        objective=objective,
        phases=objective.phases(),
        machine=machine,
        mesh=Mesh(device=torch.device("cpu")),
    )
    state = fresh(recipe, objective, machine, torch.device("cpu"))
    return plan, state, open_material(recipe, objective.streams)


def first(family: str, **settings: str) -> tuple[Plan, State, Material, dict[str, object]]:
    plan, state, material = begun(family, **settings)
    return plan, state, material, dict(next(endless(plan.recipe, material, state)))


def damage(plan: Plan, step: Step) -> torch.Tensor:
    assert isinstance(plan.objective, RestoreObjective | SharpenObjective)
    return plan.objective.damaging(step)


# --- augmentation -------------------------------------------------------------------------------


def test_what_is_learned_from_is_changed_by_its_place() -> None:
    plan, state, material = begun("restore", augment=ALL)
    _, _, plain = begun("restore")
    several = zip(
        endless(plan.recipe, material, state), endless(plan.recipe, plain, state), strict=False
    )
    for number, (changed, as_it_was) in enumerate(islice(several, 3)):
        places = np.arange(4 * number, 4 * number + 4, dtype=np.int64)
        chance = Rng(seed=0, places=places)
        wanted = augmented(as_it_was["data"], Augment.parse(ALL), chance)
        assert torch.equal(changed["data"].pixels, wanted.pixels)
        assert not torch.equal(changed["data"].pixels, as_it_was["data"].pixels)


def test_what_it_is_measured_on_stays_as_it_is() -> None:
    plan, state, material = begun("restore", augment=ALL)
    plain_plan, plain_state, plain = begun("restore")
    ours = fixed_steps(plan, state, material, 8)
    theirs = fixed_steps(plain_plan, plain_state, plain, 8)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one.pictures(), other.pictures())
    assert material.fingerprint == plain.fingerprint


def measured_damage(pictures: int, rollbacks: int, seed: str) -> torch.Tensor:
    """What a run of this seed, at this moment, is measured on."""
    settings = {"damage": "wild-x2", "seed": seed, "batch": "4"}
    plan, state, material = begun("restore", **settings)
    state.pictures, state.rollbacks = pictures, rollbacks
    return torch.cat([damage(plan, step) for step in fixed_steps(plan, state, material, 8)])


def test_what_it_is_measured_on_is_damaged_the_same_in_every_run() -> None:
    """At any moment and whatever the run's seed: their numbers stand under one protocol."""
    fixed = measured_damage(0, 0, "0")
    assert torch.equal(measured_damage(48, 2, "0"), fixed)
    assert torch.equal(measured_damage(0, 0, "7"), fixed)


def test_what_it_is_measured_on_is_damaged_otherwise_than_what_it_learns_from() -> None:
    """The same pictures at the same places of the same seed."""
    plan, state, material = begun("restore", damage="shrink:2+noise:grey:0.1", batch="4")
    (fixed, *_) = fixed_steps(plan, state, material, 4)
    places = replace(fixed.chance, about="")
    learned = replace(fixed, chance=places, cache={})
    assert not torch.equal(damage(plan, learned), damage(plan, fixed))


@pytest.mark.parametrize(
    ("family", "space"),
    [("adversarial", "hsv"), ("adversarial", "grey"), ("restore", "imagenet"), ("sharpen", "hsv")],
)
def test_killed_and_gone_on_with_it_is_the_same_run(
    family: str, space: str, tmp_path: Path
) -> None:
    settings = {"augment": ALL, "space": space}
    settings |= {"damage": "wild-x2"} if family in COMPARE else {}
    train(asked(family, tmp_path / "whole", **settings))
    killed = asked(family, tmp_path / "killed", **settings)
    for pictures in (20, 52):
        stop_after(killed, pictures)
    train(killed)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_it_is_another_run_than_without(tmp_path: Path) -> None:
    train(asked("restore", tmp_path / "with", pictures="24", augment="mirror"))
    train(asked("restore", tmp_path / "without", pictures="24"))
    with_it, without = contents(tmp_path / "with"), contents(tmp_path / "without")
    assert with_it["log.jsonl"] != without["log.jsonl"]
    with pytest.raises(InputError, match="was begun with augment mirror"):
        train(asked("restore", tmp_path / "with", pictures="24", augment="none"))


def test_a_run_from_before_there_were_options_goes_on(tmp_path: Path) -> None:
    """Its recipe.json has neither: what is not there is off."""
    one = asked("restore", tmp_path / "run")
    stop_after(one, 20)
    folder = RunFolder(tmp_path / "run")
    old = folder.read_recipe()
    del old["settings"]["augment"], old["settings"]["space"]
    folder.write_recipe(old)
    train(one)
    assert load(folder.best).card.pictures


def test_it_is_refused_early_in_a_line() -> None:
    with pytest.raises(InputError, match=r"augment flip: .*; write .*mirror"):
        asked("restore", Path("unused"), augment="flip")


@pytest.mark.parametrize("change", ["mirror", "rotate:5", "zoom:1.1"])
def test_numbers_that_would_no_longer_be_true_are_refused(change: str) -> None:
    """The recipe reads yaw, pitch and roll: a mirrored face turns the other way."""
    recipe = asked("regress", Path("unused"), augment=change).recipe
    if change == "zoom:1.1":
        objective_of(recipe)
        return
    with pytest.raises(InputError) as error:
        objective_of(recipe)
    name = change.partition(":")[0]
    assert str(error.value).startswith(f"augment {name} changes the ")
    assert "roll" in str(error.value) and str(error.value).endswith(f"leave {name} out")


@pytest.mark.parametrize(
    ("recipe", "change", "name"),
    [
        ("reader", "mirror", "yaw"),
        ("reader", "faces:1", "smile"),
        ("generate-photo", "faces:1", "jaw_width"),
        ("fractal-gan", "mirror", "a"),
        ("restyle", "faces:1+mirror", None),
    ],
)
def test_whatever_learns_numbers_refuses_to_learn_untrue_ones(
    recipe: str, change: str, name: str | None
) -> None:
    settings = replace(find(recipe), augment=change)
    if name is None:
        objective_of(settings)
        return
    with pytest.raises(InputError, match=rf"augment \w+ changes the .*\b{name}\b.* of a picture"):
        objective_of(settings)


def test_numbers_that_stay_true_may_be_read_from_changed_pictures() -> None:
    settings = {"augment": ALL, "wanted": "age+smile", "net.outputs": "2"}
    _, _, _, whole = first("regress", **settings)
    assert set(whole) == {"data"}


def test_what_changes_make_untrue_are_numbers_that_there_are() -> None:
    assert UNTRUE.keys() == vars(Augment()).keys()
    named = {name for names in UNTRUE.values() for name in names}
    assert named <= {*VECTOR_NAMES, *OF_FRACTALS}


# --- colour spaces ------------------------------------------------------------------------------


def test_recipes_know_the_spaces_that_there_are() -> None:
    with pytest.raises(InputError, match="space is one of rgb, grey, hsv, imagenet; not 'lab'"):
        asked("restore", Path("unused"), space="lab")


@pytest.mark.parametrize("family", INVENT)
def test_what_is_invented_is_learned_in_the_space(family: str) -> None:
    plan, state, material, whole = first(family, space="hsv")
    step = step_of(plan, state, material, whole)  # pyright: ignore[reportArgumentType]
    plain = step.batches["data"].pictures()
    assert torch.equal(step.pictures(), to_space(plain, "hsv"))
    assert all(not isinstance(net, Within) for net in step.nets.values())
    samples = plan.objective.samples(step)
    assert samples is not None
    torch.testing.assert_close(samples.fixed["truth"], plain, rtol=0, atol=1e-6)


def test_samples_of_a_generator_in_hsv_are_its_pictures_in_rgb() -> None:
    plan, state, material, whole = first("adversarial", space="hsv")
    step = step_of(plan, state, material, whole)  # pyright: ignore[reportArgumentType]
    made = step.nets["generator"](step.normals("latent", (8,)))
    samples = plan.objective.samples(step)
    assert samples is not None
    torch.testing.assert_close(samples.output, from_space(made, "hsv"))
    assert not torch.allclose(samples.output, made, atol=0.05)


class Says(torch.nn.Module):
    """A generator that always makes the same pictures."""

    def __init__(self, pictures: torch.Tensor) -> None:
        super().__init__()
        self.pictures = pictures

    def forward(self, _latents: torch.Tensor) -> torch.Tensor:
        return self.pictures


def test_pictures_invented_in_hsv_are_measured_in_rgb() -> None:
    """A generator that gives the real pictures, in HSV, is at no distance from them."""
    plan, state, material, whole = first("adversarial", space="hsv")
    step = step_of(plan, state, material, whole)  # pyright: ignore[reportArgumentType]
    hsv = step.pictures()
    honest = replace(step, nets={**step.nets, "generator": Says(hsv)})
    assert plan.objective.measure([honest])["sliced distance"] < 1e-4
    forgets = replace(step, nets={**step.nets, "generator": Says(step.to_rgb(hsv))})
    assert plan.objective.measure([forgets])["sliced distance"] > 0.01


@pytest.mark.parametrize("family", INVENT)
def test_no_pictures_are_invented_in_a_normalisation(family: str) -> None:
    with pytest.raises(
        InputError, match=r"space imagenet: .*give --space rgb or --space grey or --space hsv"
    ):
        objective_of(asked(family, Path("unused"), space="imagenet").recipe)


@pytest.mark.parametrize("space", ["hsv", "imagenet"])
@pytest.mark.parametrize("family", [*COMPARE, "regress"])
def test_a_net_is_shown_the_space_and_the_rest_is_rgb(family: str, space: str) -> None:
    plan, state, material, whole = first(family, space=space)
    step = step_of(plan, state, material, whole)  # pyright: ignore[reportArgumentType]
    pictures = step.pictures()
    assert torch.equal(pictures, step.batches["data"].pictures())
    seen: list[torch.Tensor] = []
    hook = state.nets["net"].register_forward_pre_hook(lambda _net, given: seen.extend(given))
    damaged = damage(plan, step) if family in COMPARE else pictures
    made = step.nets["net"](damaged)
    hook.remove()
    assert torch.equal(seen[0], to_space(damaged, space))
    inner = state.nets["net"](seen[0])
    wanted = from_space(inner, space) if family in COMPARE else inner
    torch.testing.assert_close(made, wanted)
    if family == "sharpen":
        assert step.nets["critic"] is state.nets["critic"]


@pytest.mark.parametrize("space", ["hsv", "imagenet"])
def test_a_net_that_changes_nothing_restores_nothing(space: str) -> None:
    """What goes through a space and out again is the damaged picture, measured in RGB."""
    plan, state, material = begun("restore", space=space, damage="noise:0.05", net="unet:levels=1")
    (step, *_) = fixed_steps(plan, state, material, 8)
    inner = step.nets["net"]
    assert isinstance(inner, Within)
    inner.net = torch.nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    damaged = damage(plan, step).clamp(0, 1)
    wanted = psnr(damaged, step.pictures()).mean()
    assert abs(plan.objective.measure([step])["PSNR"] - float(wanted)) < 0.01


@pytest.mark.parametrize(
    ("family", "space"),
    [("restore", "hsv"), ("adversarial", "hsv"), ("regress", "imagenet"), ("denoise", "hsv")],
)
def test_the_models_of_a_run_give_rgb(family: str, space: str, tmp_path: Path) -> None:
    """The card carries the space, and what is loaded converts."""
    train(asked(family, tmp_path / "run", space=space, pictures="24"))
    model = load(RunFolder(tmp_path / "run").best)
    assert model.space == space and read_card(model.path).settings["space"] == space
    generator = torch.Generator().manual_seed(0)
    if family == "denoise":  # noise is in the space: who samples asks `model.space`
        noisy = torch.rand(2, 3, 16, 16, generator=generator)
        assert model(noisy, torch.ones(2)).shape == noisy.shape
        return
    if family == "adversarial":
        given = torch.randn(2, 8, generator=generator)
        wanted = from_space(model.net(given), space)
    else:
        side = 32 if family == "regress" else 16
        given = torch.rand(2, 3, side, side, generator=generator)
        wanted = model.net(to_space(given, space))
        wanted = from_space(wanted, space).clamp(0, 1) if family == "restore" else wanted
    torch.testing.assert_close(model(given), wanted.detach())


def test_a_batch_is_cut_with_its_space() -> None:
    _, _, material = begun("restore")
    source = material.learned["data"]
    source.space = "hsv"
    whole = source.batch(np.arange(4))
    part = whole.only(slice(1, 3))
    assert part.space == "hsv" and len(part) == 2
    assert torch.equal(part.pictures(), whole.pictures()[1:3])
