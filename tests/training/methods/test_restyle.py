"""Restyling: what is shown and wanted, what each phase makes small, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
import torch
from families import bare_step

from trombine.core.conventions import PARTS
from trombine.data.columns import Batch
from trombine.data.degrade import Chain
from trombine.data.source import source
from trombine.losses.objective import Step
from trombine.nets import build
from trombine.nets.inventor import SPREAD, lacking
from trombine.nets.restyler import Restyler
from trombine.nets.spaces import to_space
from trombine.recipes import NetSpec
from trombine.training.methods import find
from trombine.training.methods.invent import details_off
from trombine.training.methods.restyle import Restyle, RestyleObjective
from trombine.world import STYLES, face, paint

SIDE, COUNT = 32, 12
NET = {"size": SIDE, "width": 4, "latent": 6, "blocks": 1, "details": 4, "levels": 1, "finish": 1}
DATA = "world:photo+anime#32+world:sketch+photo#32"


def recipe_of(**changes: object) -> Restyle:
    recipe = find("restyle")
    assert isinstance(recipe, Restyle)
    nets = {"net": NetSpec("restyler", NET)}
    usual = {"nets": nets, "size": SIDE, "perceptual": 0.0, "grey": 0.0, "data": DATA}
    return replace(recipe, **{**usual, **changes})  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def pairs() -> Batch:
    return source(DATA, SIDE).batch(np.arange(26, 26 + COUNT))


@pytest.fixture
def step(pairs: Batch) -> Step:
    nets = {"net": build("restyler", NET)}
    return bare_step(nets, {"data": pairs}, classes=("photo", "anime", "sketch"))


def test_each_pair_is_shown_from_one_side(step: Step, pairs: Batch) -> None:
    """What is shown and what is wanted are the same face, painted in the styles that are told."""
    shown = RestyleObjective(recipe_of()).shown(step)
    assert pairs.seeds is not None
    ways = set()
    for row, seed in enumerate(pairs.seeds.tolist()):
        styles = [STYLES[int(one[row])] for one in (shown.source, shown.target)]
        for pictures, style in zip((shown.pictures, shown.truth), styles, strict=True):
            painted = paint(face(seed), SIDE, style).pixels
            wanted = torch.from_numpy(painted.copy()).permute(2, 0, 1) / 255
            assert torch.equal(pictures[row], wanted)
        ways.add(tuple(styles))
    assert len(ways) == 4  # both of each kind of pair


def test_grey_pictures_have_a_truth_in_colours(step: Step) -> None:
    plain = RestyleObjective(recipe_of()).shown(step)
    grey = RestyleObjective(recipe_of(grey=1.0)).shown(step)
    assert torch.equal(grey.truth, plain.truth)
    luma = (plain.pictures * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1)
    for channel in range(3):
        torch.testing.assert_close(grey.pictures[:, channel], luma)


def test_soft_pictures_are_compared_with_the_truth(step: Step) -> None:
    objective, net = RestyleObjective(recipe_of()), cast(Restyler, step.nets["net"])
    shown = objective.shown(step)
    terms = objective.soft(step)
    off = (net.soft(shown.pictures, shown.source, shown.target) - shown.truth).detach()
    assert terms["l1"].item() == pytest.approx(float(off.abs().mean()), rel=1e-5)
    steps = [np.abs(np.diff(off.numpy(), axis=axis)).mean() for axis in (2, 3)]
    assert terms["gradients"].item() == pytest.approx(np.mean(steps), rel=1e-4)


def test_a_flow_of_details_that_says_nothing_errs_by_all_of_the_pace(step: Step) -> None:
    """The last layer begins at 0, so the loss is the mean square of noise less details. The soft
    pictures are those of the finished net, whatever the batch."""
    objective, net = RestyleObjective(recipe_of()), cast(Restyler, step.nets["net"])
    shown = objective.shown(step)
    with torch.no_grad():
        found = float(objective.details(step)["details"])
        soft = net.eval().soft(shown.pictures, shown.source, shown.target)
    lack = torch.nn.functional.pixel_unshuffle((shown.truth - soft) * (2 / SPREAD), 2)
    noise = step.normals("details", lack.shape[1:])
    assert found == pytest.approx(float((noise - lack).square().mean()), rel=1e-4)


def test_what_is_shown_is_spoiled_and_what_is_wanted_is_not(step: Step) -> None:
    plain = RestyleObjective(recipe_of()).shown(step)
    spoiled = RestyleObjective(recipe_of(damage="blur:gaussian:2-2")).shown(step)
    assert torch.equal(spoiled.truth, plain.truth)
    wanted = Chain.parse("blur:gaussian:2-2")(plain.pictures, step.chance)
    assert torch.equal(spoiled.pictures, wanted)
    assert not torch.allclose(spoiled.pictures, plain.pictures, atol=0.05)


def test_colours_are_taken_out_and_spoiled_in_rgb_whatever_the_space(step: Step) -> None:
    recipe = recipe_of(grey=1.0, damage="blur:gaussian:2-2")
    plain, other = (
        RestyleObjective(recipe).shown(replace(step, space=space)) for space in ("rgb", "hsv")
    )
    assert torch.equal(other.pictures, to_space(plain.pictures, "hsv"))
    assert torch.equal(other.truth, to_space(plain.truth, "hsv"))


def half_known(pairs: Batch) -> Batch:
    """As with likenesses: of the first sides no part is known, of the others those of the left
    half."""
    assert pairs.parts is not None and pairs.pair is not None and pairs.pair.parts is not None
    parts = pairs.pair.parts.clone()
    parts[:, :, SIDE // 2 :] = 255
    first = torch.full_like(pairs.parts, 255)
    return replace(pairs, parts=first, pair=replace(pairs.pair, parts=parts))


def test_nothing_becomes_what_is_of_no_known_part(step: Step, pairs: Batch) -> None:
    """A photograph of a real person is shown, never the truth."""
    step = replace(step, batches={"data": half_known(pairs)})
    shown = RestyleObjective(recipe_of()).shown(step)
    assert pairs.pair is not None
    assert torch.equal(shown.pictures, pairs.pictures())
    assert torch.equal(shown.truth, pairs.pair.pictures())


def test_what_is_drawn_where_no_part_is_known_is_free(
    step: Step, pairs: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No slope reaches it, across the border neither: steps and a judge look at both sides. What is
    measured counts none of it."""
    objective = RestyleObjective(recipe_of(perceptual=0.1, judge="reader", layers="first"))
    step = replace(step, batches={"data": half_known(pairs)})
    drawn = torch.rand_like(pairs.pictures()).requires_grad_()
    net = cast(Restyler, step.nets["net"])
    monkeypatch.setattr(net, "soft", lambda *_: drawn)
    torch.stack(list(objective.soft(step).values())).sum().backward()
    assert drawn.grad is not None
    slopes = drawn.grad.abs().amax((0, 1, 2))
    assert float(slopes[: SIDE // 2].min()) > 0 and float(slopes[SIDE // 2 :].max()) == 0
    with torch.no_grad():
        truth = objective.shown(step).truth
        wrong = torch.where(torch.arange(SIDE) < SIDE // 2, truth, 1 - truth)
        monkeypatch.setattr(net, "soft", lambda *_: wrong)
        monkeypatch.setattr(net, "forward", lambda *_: wrong)
        found = objective.measure([step])
    assert found["PSNR"] == found["soft PSNR"] == math.inf and found["SSIM"] == pytest.approx(1)


def test_details_are_learned_where_they_are_known_alone(step: Step) -> None:
    """What is learned of one half and of the other is what is learned of both: so nothing is
    learned elsewhere, not even that there are no details."""
    objective = RestyleObjective(recipe_of())
    net, shown = cast(Restyler, step.nets["net"]), objective.shown(step)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.02
        soft = net.soft(shown.pictures, shown.source, shown.target)
        told, details = net.told_by(soft, shown.target), lacking(soft, shown.truth)
    left = torch.zeros_like(details)
    left[..., : left.shape[-1] // 2] = 1
    known = (left, 1 - left, torch.ones_like(left), None, torch.zeros_like(left))
    one, other, both, usual, none = (
        float(details_off(step, net.details, told, details, mask).detach()) for mask in known
    )
    assert one > 0 and other > 0 and none == 0
    assert one + other == pytest.approx(both, rel=1e-5) and both == usual


def test_pixels_count_by_their_part_of_the_truth(step: Step) -> None:
    """Painted anew: whichever side is the truth, its own organs count four times, its ground .3."""
    objective = RestyleObjective(recipe_of(organs=3.0, ground=0.3))
    net, shown = cast(Restyler, step.nets["net"]), objective.shown(step)
    seeds = step.batches["data"].seeds
    assert seeds is not None
    weights = np.ones((COUNT, SIDE, SIDE))
    for row, seed in enumerate(seeds.tolist()):
        parts = paint(face(seed), SIDE, STYLES[int(shown.target[row])]).parts
        groups = np.array([part.group for part in PARTS])[parts]
        weights[row][np.isin(groups, ["eyes", "brows", "nose", "mouth"])] = 4
        weights[row][parts == 0] = 0.3
    assert 0.01 < (weights == 4).mean() < 0.2 < (weights == 0.3).mean()
    terms = objective.soft(step)
    output = net.soft(shown.pictures, shown.source, shown.target)
    off = (output - shown.truth).detach().double().numpy()
    weights = weights[:, None]
    assert terms["l1"].item() == pytest.approx(float((weights * abs(off)).mean()), rel=1e-5)
    down = (weights[:, :, 1:] * abs(np.diff(off, axis=2))).mean()
    across = (weights[..., 1:] * abs(np.diff(off, axis=3))).mean()
    assert terms["gradients"].item() == pytest.approx((down + across) / 2, rel=1e-4)
