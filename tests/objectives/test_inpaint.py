"""What a painter learns from: holes alone, told the truth, guesses or nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from trombine.data.item import Batch
from trombine.data.source import source
from trombine.draws import Chance
from trombine.nets import Net, build
from trombine.objectives.inpaint import TOLD, InpaintObjective
from trombine.objectives.objective import Step
from trombine.recipes import Inpaint, find
from trombine.refusal import InputError

COUNT = 48
SIZES = {"width": 4, "levels": 2, "parts": "all", "points": True}


def recipe_of(told: str, *, real: str = "", grey: float = 0.0) -> Inpaint:
    recipe = find("inpaint")
    assert isinstance(recipe, Inpaint)
    return replace(recipe, told=told, real=real, grey=grey, damage="hole:irregular:20-40")


@pytest.fixture(scope="module")
def faces() -> Batch:
    return source(f"world:photo#{COUNT}", 128).batch(np.arange(COUNT))


def step_of(faces: Batch, net: Net | None = None) -> Step:
    return Step(
        nets={"net": net or build("painter", SIZES)},
        batches={"data": faces, "real": faces},
        chance=Chance(seed=3, places=np.arange(COUNT)),
        device=torch.device("cpu"),
    )


def test_a_net_is_told_the_truth_part_of_it_or_nothing(faces: Batch) -> None:
    """As the recipe says; with several, each in its share."""
    assert faces.parts is not None and faces.points is not None
    for told in ("none", "parts", "points", "both"):
        shown = InpaintObjective(recipe_of(told)).shown(step_of(faces))
        parts, points = told in ("parts", "both"), told in ("points", "both")
        assert torch.equal(shown.parts, faces.parts) if parts else (shown.parts == 255).all()
        assert torch.equal(shown.points, faces.points) if points else shown.points.isnan().all()
    shown = InpaintObjective(recipe_of("none*3+both")).shown(step_of(faces))
    assert 0.1 < float(shown.points.isfinite().all(-1).all(-1).float().mean()) < 0.45


def test_a_guess_knows_nothing_of_what_is_under_the_hole(faces: Batch) -> None:
    """Two pictures that differ under the hole alone lead to the same guess; and it is a guess."""
    objective = InpaintObjective(recipe_of("guessed"))
    step = step_of(faces.only(slice(0, 8)))
    step = replace(step, chance=Chance(seed=3, places=np.arange(8)))
    shown = objective.shown(step)
    under = (shown.hole[:, 0] > 0.5)[..., None].numpy()
    noise = np.random.default_rng(0).integers(0, 256, (*under.shape[:3], 3), np.uint8)
    other = replace(
        step.batches["data"],
        pixels=torch.from_numpy(np.where(under, noise, step.batches["data"].pixels.numpy())),
    )
    again = objective.shown(replace(step, batches={"data": other}, cache={}))
    assert torch.equal(shown.hole, again.hole)
    assert torch.equal(shown.parts, again.parts) and torch.equal(shown.points, again.points)
    assert torch.equal(shown.damaged, again.damaged) and not torch.equal(shown.truth, again.truth)
    assert step.batches["data"].points is not None
    off = (shown.points - step.batches["data"].points).norm(dim=-1)
    assert 0.1 < float(off.median()) < 5


def test_a_small_picture_is_read_at_the_readers_own_size() -> None:
    """What is guessed of pictures half as large is as near to the truth, in their own pixels."""
    count = 16
    faces = source(f"world:photo#{count}", 64).batch(np.arange(count))
    step = replace(step_of(faces), chance=Chance(seed=3, places=np.arange(count)))
    shown = InpaintObjective(recipe_of("guessed")).shown(step)
    assert faces.points is not None and faces.parts is not None
    assert shown.parts.shape == faces.parts.shape
    assert float((shown.points - faces.points).norm(dim=-1).median()) < 2.5
    assert float((shown.parts == faces.parts).float().mean()) > 0.85


def test_of_a_real_picture_a_reading_is_told(faces: Batch) -> None:
    """One of twelve is real; the rest keep their painted truth."""
    mirror = replace(faces, pixels=faces.pixels.flip(2), parts=None, points=None)
    step = step_of(faces)
    step = replace(step, batches={"data": faces, "real": mirror})
    shown = InpaintObjective(recipe_of("both", real="leaves#48")).shown(step)
    real = torch.arange(COUNT) % 12 == 0
    assert torch.equal(shown.truth[real], mirror.pictures()[real])
    assert torch.equal(shown.truth[~real], faces.pictures()[~real])
    assert faces.points is not None and torch.equal(shown.points[~real], faces.points[~real])
    jaw = 128 - faces.points[real][:, 8, 0]  # of the mirrored picture
    assert (shown.points[real][:, 8, 0] - jaw).abs().median() < 6


def test_pictures_that_lose_their_colours_are_grey(faces: Batch) -> None:
    """As many as the recipe says."""
    shown = InpaintObjective(recipe_of("none", grey=0.5)).shown(step_of(faces))
    grey = (shown.truth.amax(1) - shown.truth.amin(1)).flatten(1).amax(1) == 0
    assert 0.3 < float(grey.float().mean()) < 0.7


def test_only_what_is_in_the_hole_counts(faces: Batch) -> None:
    """A net that ruins everything outside has the loss of one that does not."""

    class Outside(torch.nn.Module):
        optional = ()

        def __init__(self, worth: float) -> None:
            super().__init__()
            self.worth = worth

        def forward(self, x: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
            return torch.where(hole > 0.5, torch.full_like(x, 0.5), torch.full_like(x, self.worth))

    objective = InpaintObjective(recipe_of("none"))
    losses = []
    for worth in (0.0, 9.0):
        step = replace(step_of(faces), nets={"net": Outside(worth)})
        losses.append(float(objective.terms(step)["l1"]))
        shown = objective.shown(step)
    assert losses[0] == losses[1]
    off = ((0.5 - shown.truth).abs() * shown.hole).sum((1, 2, 3)) / (3 * shown.hole.sum((1, 2, 3)))
    assert losses[0] == pytest.approx(float(off.mean()), rel=1e-5)


def test_every_weight_learns_and_the_reader_does_not(faces: Batch) -> None:
    """What is told is used: its weights have gradients too."""
    objective = InpaintObjective(recipe_of("none+both+guessed"))
    net = build("painter", SIZES)
    sum(objective.terms(step_of(faces, net)).values()).backward()  # pyright: ignore
    assert all(weight.grad is not None and weight.grad.any() for weight in net.parameters())
    reader = objective.helpers()["reader"]
    assert all(weight.grad is None for weight in reader.parameters())


def test_who_is_told_is_measured_beside_who_is_not(faces: Batch) -> None:
    """PSNR in the hole of both, as measures has it."""
    with torch.no_grad():
        measured = InpaintObjective(recipe_of("none")).measure([step_of(faces)])
    assert 10 < measured["PSNR"] < 30 and 10 < measured["steered"] < 30


def test_what_may_be_told_is_listed() -> None:
    """A wrong name is refused in a line with those that there are."""
    with pytest.raises(InputError, match="told: 'part' is not known; did you mean parts"):
        InpaintObjective(recipe_of("part"))
    assert set(TOLD) == {"none", "parts", "points", "both", "guessed"}
