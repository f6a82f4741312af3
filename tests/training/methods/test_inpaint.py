"""What a painter learns from: holes alone, told the truth, guesses or nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from families import bare_step, pictures

from trombine.core.conventions import PARTS
from trombine.data.columns import Batch
from trombine.losses.objective import Step
from trombine.losses.reading import reader_terms
from trombine.models import load
from trombine.models.tasks import emptied
from trombine.nets import Net, build
from trombine.training.methods import find
from trombine.training.methods.inpaint import Inpaint, InpaintObjective

COUNT = 48
SIZES = {"width": 4, "levels": 2, "parts": "all", "points": True}


def recipe_of(told: str, *, real: str = "", grey: float = 0.0) -> Inpaint:
    recipe = find("inpaint")
    assert isinstance(recipe, Inpaint)
    plain = replace(recipe, window=0, organs=0.0, real_every=12, damage="hole:irregular:20-40")
    return replace(plain, told=told, real=real, grey=grey)


@pytest.fixture(scope="module")
def faces() -> Batch:
    return pictures(f"world:photo#{COUNT}", 128, COUNT)


def step_of(faces: Batch, net: Net | None = None) -> Step:
    return bare_step({"net": net or build("painter", SIZES)}, {"data": faces, "real": faces})


def test_a_net_is_told_the_truth_part_of_it_or_nothing(faces: Batch) -> None:
    """As the recipe says; with several, each in its share."""
    assert faces.parts is not None and faces.points is not None
    for told in ("none", "parts", "points", "both"):
        shown = InpaintObjective(recipe_of(told)).shown(step_of(faces))
        parts, points = told in ("parts", "both"), told in ("points", "both")
        if parts:
            assert torch.equal(shown.parts.argmax(1), faces.parts.long())
        assert (shown.parts.sum(1) == parts).all() and shown.parts.amax() == parts
        assert torch.equal(shown.points, faces.points) if points else shown.points.isnan().all()
    shown = InpaintObjective(recipe_of("none*3+both")).shown(step_of(faces))
    assert 0.1 < float(shown.points.isfinite().all(-1).all(-1).float().mean()) < 0.45


def test_a_guess_knows_nothing_of_what_is_under_the_hole(faces: Batch) -> None:
    """Two pictures that differ under the hole alone lead to the same guess; and it is a guess."""
    objective = InpaintObjective(recipe_of("guessed"))
    step = step_of(faces.only(slice(0, 8)))
    shown = objective.shown(step)
    under = (shown.hole[:, 0] > 0.5)[..., None].numpy()
    noise = np.random.default_rng(0).integers(0, 256, (*under.shape[:3], 3), np.uint8)
    other = replace(
        step.batches["data"],
        pixels=torch.from_numpy(np.where(under, noise, step.batches["data"].pixels.numpy())),
    )
    again = objective.shown(replace(step, batches={"data": other}, cache={}))
    assert torch.equal(shown.hole, again.hole)
    assert torch.equal(shown.parts, again.parts) and shown.points.isnan().all()
    assert torch.equal(shown.damaged, again.damaged) and not torch.equal(shown.truth, again.truth)
    parts = step.batches["data"].parts
    assert parts is not None and torch.allclose(shown.parts.sum(1), torch.ones(()))
    truth = shown.parts.gather(1, parts[:, None].long())[:, 0]
    inside = shown.hole[:, 0] > 0.5
    assert 0.4 < float(truth[inside].mean()) < 0.96 < float(truth[~inside].mean())


def test_of_a_real_picture_a_reading_is_told(faces: Batch) -> None:
    """One of twelve is real; the rest keep their painted truth."""
    mirror = replace(faces, pixels=faces.pixels.flip(2), parts=None, points=None)
    step = replace(step_of(faces), batches={"data": faces, "real": mirror})
    shown = InpaintObjective(recipe_of("both", real="leaves#48")).shown(step)
    real = torch.arange(COUNT) % 12 == 0
    assert torch.equal(shown.truth[real], mirror.pictures()[real])
    assert torch.equal(shown.truth[~real], faces.pictures()[~real])
    assert faces.points is not None and torch.equal(shown.points[~real], faces.points[~real])
    jaw = 128 - faces.points[real][:, 8, 0]  # of the mirrored picture
    assert (shown.points[real][:, 8, 0] - jaw).abs().median() < 6


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


def test_eyes_may_count_more(faces: Batch) -> None:
    """As the recipe says, of what is known to be one; by hand."""
    faces = faces.only(slice(0, 12))
    step = step_of(faces, build("painter", SIZES, seed=1))
    recipe = replace(recipe_of("none"), organs=3.0)
    objective = InpaintObjective(recipe)
    with torch.no_grad():
        found = float(objective.terms(step)["l1"])
        shown, output = objective.seen(step), objective.output(step)
    assert faces.parts is not None
    groups = np.array([part.group for part in PARTS])[faces.parts.numpy()]
    counts = 1 + 3 * torch.from_numpy(np.isin(groups, ["eyes", "brows", "nose", "mouth"])).float()
    off = counts * (output - shown.truth).abs().mean(1) * shown.hole[:, 0]
    wanted = (off.sum((1, 2)) / shown.hole.sum((1, 2, 3))).mean()
    assert found == pytest.approx(float(wanted), rel=1e-4)


def test_what_a_reader_sees_is_compared_with_the_truth(faces: Batch) -> None:
    """The cross-entropy of the hole's pixels one by one, and distances one by one; the nearer the
    picture is to the truth, the smaller are both."""
    few = faces.only(slice(0, 3))
    assert few.parts is not None and few.points is not None
    reader, pictures = load("reader", task="read").net, few.pictures()
    hole = torch.zeros(3, 1, 128, 128)
    hole[..., 50:90, 40:90] = 1
    parts, points = few.parts.clone(), few.points.clone()
    parts[0, 60], points[1, 5] = 255, torch.nan
    with torch.no_grad():
        terms = reader_terms(reader, pictures, hole, parts, points)
        reading = reader(pictures)
        spoiled = reader_terms(reader, emptied(pictures, hole), hole, parts, points)
    shares = reading.parts.log_softmax(1)
    losses = []
    for number in range(3):
        places = [(row, column) for row in range(50, 90) for column in range(40, 90)]
        known = [place for place in places if parts[number][place] != 255]
        assert len(known) == len(places) - (50 if number == 0 else 0)
        each = [-shares[number, int(parts[number][place])][place] for place in known]
        losses.append(torch.stack(each).mean())
    assert float(terms["read_parts"]) == pytest.approx(float(torch.stack(losses).mean()), rel=1e-4)
    off = (reading.points - points).norm(dim=-1).nan_to_num(0.0)
    assert float(terms["read_points"]) == pytest.approx(float(off.mean()) / 128, rel=1e-3)
    assert all(spoiled[name] > 1.2 * terms[name] for name in terms)


def test_terms_of_a_reader_teach_the_net_alone(faces: Batch) -> None:
    """Their gradient goes through the reader, at another size than its own too."""
    small = pictures("world:photo#4", 64, 4)
    recipe = replace(recipe_of("none"), l1=0.0, read_parts=1.0, read_points=1.0)
    objective, net = InpaintObjective(recipe), build("painter", {"width": 4, "levels": 2})
    terms = objective.terms(step_of(small, net))
    assert terms.keys() == {"read_parts", "read_points"}
    for term in terms.values():
        slopes = torch.autograd.grad(term, list(net.parameters()), retain_graph=True)
        assert all(bool(slope.isfinite().all()) and bool(slope.any()) for slope in slopes)
    reader = objective.helpers()["reader"]
    assert all(weight.grad is None for weight in reader.parameters())


def test_a_critic_sees_what_the_net_is_compared_with(faces: Batch) -> None:
    """Real to it is the truth that is shown, grey where that is; made is the net's, detached; of
    both it sees where the hole is."""
    recipe = find("inpaint-sharp")
    assert isinstance(recipe, Inpaint)
    recipe = replace(recipe, real="", told="none", grey=1.0, damage="hole:half", alone=0)
    objective = InpaintObjective(recipe)
    seen: list[torch.Tensor] = []

    class Critic(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            seen.append(pictures)
            return pictures.mean((1, 2, 3))

    step = step_of(faces.only(slice(0, 4)))
    step = replace(step, nets={**step.nets, "critic": Critic()})
    phases = {phase.name: phase for phase in objective.phases()}
    assert phases.keys() == {"alone", "sharpen", "critic"}
    terms = phases["sharpen"].terms(step)
    assert terms.keys() == {"l1", "adversarial"} and seen[0].requires_grad
    phases["critic"].terms(step)
    real, fake = seen[1], seen[2]
    shown = objective.shown(replace(step, cache={}))
    assert all(torch.equal(pictures[:, 3:], shown.hole) for pictures in seen)
    real, fake, made = real[:, :3], fake[:, :3], seen[0][:, :3]
    assert torch.equal(real, shown.truth) and float((real.amax(1) - real.amin(1)).max()) == 0
    assert torch.equal(fake, made.detach()) and not fake.requires_grad
    kept = shown.hole.expand_as(fake) < 0.5
    assert torch.equal(fake[kept], real[kept]) and not torch.equal(fake, real)
    assert "discriminator has won" in {alarm.name for alarm in objective.alarms()}
