"""What a painter that takes noise away learns from: holes alone, and a target in closed form."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from families import bare_step, pictures
from net_cases import CASES

from trombine.data.columns import Batch
from trombine.losses.objective import Step
from trombine.nets import build
from trombine.nets.diffusion_painter import SPREAD, DiffusionPainter
from trombine.recipes import NetSpec
from trombine.training.methods import find
from trombine.training.methods.inpaint import psnr_in_holes
from trombine.training.methods.inpaint_diffusion import InpaintDiffusion, InpaintDiffusionObjective

COUNT = 12
SIZES = {"width": 4, "levels": 2, "parts": "all", "points": True, "steps": 2}
PAINTER = {"width": 4, "widest": 8, "parts": "groups", "halved": True}
OVER_PAINTER = CASES["diffusion_painter, over a painter"].sizes


def recipe_of(told: str = "none") -> InpaintDiffusion:
    recipe = find("inpaint-diffusion")
    assert isinstance(recipe, InpaintDiffusion)
    return replace(
        recipe,
        nets={"net": NetSpec("diffusion_painter", SIZES)},
        start="",
        told=told,
        real="",
        window=0,
        grey=0.0,
        damage="hole:irregular:20-40",
    )


@pytest.fixture(scope="module")
def faces() -> Batch:
    return pictures("world:photo#48", 64, COUNT)


def painter() -> DiffusionPainter:
    net = build("diffusion_painter", SIZES)
    assert isinstance(net, DiffusionPainter)
    return net


def step_of(faces: Batch, net: torch.nn.Module, first: int = 0) -> Step:
    return bare_step({"net": net}, {"data": faces}, first=first)


def test_the_loss_is_that_of_single_pixels(faces: Batch) -> None:
    """A net that says nothing yet errs by all of its target: how far the truth is from the best
    linear guess, given the mixture, by how far a Gaussian's would be."""
    objective, step = InpaintDiffusionObjective(recipe_of()), step_of(faces, painter())
    with torch.no_grad():
        loss = float(objective.terms(step)["flow"])
    shown = objective.shown(step)
    filled = painter().known(shown.damaged, shown.hole).filled
    noise, times = step.normals("noise", (3, 64, 64)).numpy(), step.uniforms("time").numpy()
    total = 0.0
    for number, t in enumerate(times.tolist()):
        inside = shown.hole[number, 0].numpy() > 0.5
        lacks = (2 * shown.truth[number] - 1 - filled[number]).numpy()[:, inside].astype(float)
        rest = lacks / SPREAD
        mixed = (1 - t) * rest + t * noise[number][:, inside]
        variance = (1 - t) ** 2 + t**2
        guess = (1 - t) / variance * mixed  # of a Gaussian, by Bayes
        deviation = t / math.sqrt(variance)
        total += float((((rest - guess) / deviation) ** 2).mean())
    assert loss == pytest.approx(total / COUNT, rel=1e-3)


def test_what_is_outside_the_hole_is_neither_seen_as_noise_nor_counts(faces: Batch) -> None:
    """Noise and errors there change nothing; inside, both do."""
    objective, net = InpaintDiffusionObjective(recipe_of()), painter()
    with torch.no_grad():
        for parameter in net.parameters():  # the last layer begins at 0
            parameter += 0.05
    shown = objective.shown(step_of(faces, net))
    known = net.known(shown.damaged, shown.hole)
    mixed = torch.randn(COUNT, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    times = torch.full((COUNT,), 0.5)
    outside, inside = (torch.where(shown.hole == one, mixed + 1, mixed) for one in (0, 1))
    said = net.lacking(known, mixed, times)
    assert torch.equal(said, net.lacking(known, outside, times))
    assert not torch.allclose(said, net.lacking(known, inside, times))
    losses = []
    for where in (None, 0, 1):

        class Ruined(torch.nn.Module):
            spread, known, lacks = net.spread, net.known, net.lacks

            def lacking(self, *given: torch.Tensor, where: int | None = where) -> torch.Tensor:
                worse = net.lacking(*given)  # pyright: ignore[reportArgumentType]
                return worse if where is None else worse + 9 * (shown.hole == where)

        losses.append(float(objective.terms(step_of(faces, Ruined()))["flow"].detach()))
    assert losses[0] == losses[1] and losses[2] > 2 * losses[0]


def test_sharpness_is_1_for_the_truth_and_0_for_one_colour(faces: Batch) -> None:
    """Measured of whole repairs, by nets that know the answer or say grey; answers that are all
    alike have a mean that is no better."""
    net = painter()

    class Says(torch.nn.Module):
        optional = ("seed",)
        spread, known, lacking, lacks = net.spread, net.known, net.lacking, net.lacks

        def __init__(self, answer: torch.Tensor) -> None:
            super().__init__()
            self.answer = answer

        def forward(self, x: torch.Tensor, hole: torch.Tensor, seed: torch.Tensor) -> torch.Tensor:
            return self.answer

    objective = InpaintDiffusionObjective(recipe_of())
    truth = faces.pictures()
    grey = objective.measure([step_of(faces, Says(torch.full_like(truth, 0.5)))])
    near = objective.measure([step_of(faces, Says((truth + 0.1).clamp(0, 1)))])
    assert grey["sharpness"] == 0 and near["sharpness"] == pytest.approx(1, abs=0.1)
    assert near["PSNR"] == pytest.approx(20, abs=0.7) and near["PSNR"] == near["mean PSNR"]


def test_a_painter_that_fills_stands_still(faces: Batch) -> None:
    """It fills as it does by itself, nothing of it learns, and what takes noise away does."""
    alone = build("painter", PAINTER)
    recipe = replace(
        recipe_of(), nets={"net": NetSpec("diffusion_painter", OVER_PAINTER)}, start="inpaint"
    )
    net = build("diffusion_painter", OVER_PAINTER)
    assert isinstance(net, DiffusionPainter)
    copied = net.load_state_dict(alone.state_dict(), strict=False)
    assert not copied.unexpected_keys
    objective = InpaintDiffusionObjective(recipe)
    step = step_of(faces, net.train())
    shown = objective.shown(step)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    known = objective.known(step, shown)
    filled = alone.eval()(shown.damaged, hole=shown.hole, parts=shown.parts)
    assert torch.allclose((known.filled + 1) / 2, filled, atol=1e-6)
    objective.terms(step)["flow"].backward()
    (phase,) = objective.phases()
    for name, parameter in net.named_parameters():
        moves = parameter.grad is not None and bool(parameter.grad.any())
        # At first the last layer is 0, and passes nothing on.
        assert moves == name.startswith("last.")
        assert name.startswith(phase.parts) != name.startswith(("stages.", "embedding."))
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_a_view_without_its_hole_is_not_measured(faces: Batch) -> None:
    """A hole may lie outside of what is seen; the others are measured as before."""
    objective = InpaintDiffusionObjective(recipe_of())
    shown = objective.measured(step_of(faces, painter()), told=False)
    output = (shown.truth + 0.1).clamp(0, 1)
    every = psnr_in_holes(output, shown)
    hole = shown.hole.clone()
    hole[2] = 0
    assert torch.equal(
        psnr_in_holes(output, replace(shown, hole=hole)), torch.cat([every[:2], every[3:]])
    )
