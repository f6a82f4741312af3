"""Inventing: what each phase makes small, against sums over single numbers, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
import torch
from families import bare_step, pictures
from net_cases import INVENTOR, ONE_STEP

from trombine.core.conventions import ORGANS, PART_INDEX, PARTS
from trombine.data.columns import Batch
from trombine.losses.objective import Step
from trombine.losses.reading import counts
from trombine.nets import build
from trombine.nets.inventor import SPREAD, Inventor, normed
from trombine.recipes import NetSpec
from trombine.training.methods import find
from trombine.training.methods.invent import Invent, InventObjective, gradient_distance
from trombine.world import VECTOR_NAMES

COUNT = 6
NET = {**INVENTOR, **ONE_STEP, "fields": "age+smile+glasses"}
ORGAN_PARTS = [part.name for part in PARTS if part.group in ORGANS]
ENCODER = {"width": 4, "levels": 2, "outputs": 6}


def recipe_of(**changes: object) -> Invent:
    recipe = find("generate-anime")
    assert isinstance(recipe, Invent)
    nets = {"net": NetSpec("inventor", NET), "encoder": NetSpec("encoder", ENCODER)}
    return replace(recipe, nets=nets, size=48, perceptual=0.0, **changes)  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def faces() -> Batch:
    return pictures("world:anime#48", 48, COUNT)


@pytest.fixture
def step(faces: Batch) -> Step:
    nets = {"net": build("inventor", NET), "encoder": build("encoder", ENCODER)}
    return bare_step(nets, {"data": faces}, vector_names={"data": VECTOR_NAMES})


def test_steps_to_the_next_pixel_are_compared() -> None:
    one, two = torch.rand(2, 2, 3, 5, 4, generator=torch.Generator().manual_seed(0)).numpy()
    down = np.mean([abs(d) for d in (np.diff(one, axis=2) - np.diff(two, axis=2)).ravel()])
    across = np.mean([abs(d) for d in (np.diff(one, axis=3) - np.diff(two, axis=3)).ravel()])
    found = gradient_distance(torch.from_numpy(one), torch.from_numpy(two))
    assert float(found) == pytest.approx((down + across) / 2, rel=1e-5)


def counting(faces: Batch, organs: float, around: int = 0) -> np.ndarray:
    """How much each pixel counts, N x 32 x 32: organs so much more, each picture 1 in the mean."""
    assert faces.parts is not None
    parts = faces.parts.numpy()[:, 8:40, 8:40]
    more = np.isin(parts, [PART_INDEX[name] for name in ORGAN_PARTS]).astype(float)
    for reach, of_all in ((2 * around, np.nanmax), (around, np.nanmean)):
        edged = np.pad(more, ((0, 0), *[(reach, reach)] * 2), constant_values=np.nan)
        near = np.lib.stride_tricks.sliding_window_view(edged, (2 * reach + 1,) * 2, (1, 2))
        more = of_all(near, axis=(-2, -1))
    weights = 1 + organs * more
    return weights / weights.mean((1, 2), keepdims=True)


@pytest.mark.parametrize(("organs", "around"), [(0.0, 0), (6.0, 0), (4.0, 2)])
def test_organs_count_as_much_more_as_asked(
    organs: float, around: int, step: Step, faces: Batch
) -> None:
    objective = InventObjective(recipe_of(organs=organs, around=around))
    net = cast(Inventor, step.nets["net"])
    with torch.no_grad():
        found = {name: float(term) for name, term in objective.code(step).items()}
        codes = normed(step.nets["encoder"](objective.truth(step)))
        output = net.decoder(codes + 0.12 * step.normals("noise of codes", (6,)))
    off = (output - objective.truth(step)).abs().mean(1).numpy()
    wanted = (counting(faces, organs, around) * off).mean()
    assert found["l1"] == pytest.approx(wanted, rel=1e-5)


def test_an_edge_that_is_not_sure_is_drawn_where_it_is_in_the_mean() -> None:
    """A brow ends in column 10 or in 11: the best guess there is half of a brow, if both count."""
    ends = torch.full((2, 24, 24), PART_INDEX["skin"], dtype=torch.uint8)
    for brow, end in zip(ends, (10, 11), strict=True):
        brow[8:12, 4:end] = PART_INDEX["left_brow"]
    is_brow = (ends == PART_INDEX["left_brow"]).double()

    def guess(around: int) -> torch.Tensor:
        weights = counts(ends, organs=6.0, around=around)[:, 0].double()
        return (weights * is_brow).sum(0) / weights.sum(0)

    assert guess(0)[9, 10].item() == pytest.approx(7 / 8)
    for around in (1, 2, 3):
        assert guess(around)[9, 10].item() == pytest.approx(0.5)


@pytest.mark.parametrize(("organs", "around"), [(0.0, 0), (6.0, 2)])
def test_a_flow_of_details_that_says_nothing_errs_by_all_of_the_pace(
    organs: float, around: int, step: Step, faces: Batch
) -> None:
    """The last layer begins at 0, so the loss is the mean square of noise less details."""
    objective = InventObjective(recipe_of(organs=organs, around=around))
    net = cast(Inventor, step.nets["net"])
    with torch.no_grad():
        found = float(objective.flow(step)["details"])
        codes = normed(step.nets["encoder"](objective.truth(step)))
        codes = codes + 0.12 * step.normals("noise of codes", (6,))
        soft = net.eval().decoder(codes).numpy()
    rest = (objective.truth(step).numpy() - soft) * 2 / SPREAD  # N x 3 x 32 x 32
    noise = step.normals("details", (12, 16, 16)).numpy()
    total, weights = 0.0, counting(faces, organs, around)
    for n in range(COUNT):
        for plane in range(12):
            colour, row, column = plane // 4, plane % 4 // 2, plane % 2
            squares = (noise[n, plane] - rest[n, colour, row::2, column::2]) ** 2
            total += (weights[n, row::2, column::2] * squares).mean()
    assert found == pytest.approx(total / COUNT / 12, rel=1e-3)


def test_how_much_a_flow_of_codes_is_told_is_drawn(step: Step) -> None:
    """Nothing of some, all of others, and never what is not so."""
    objective, net = InventObjective(recipe_of()), cast(Inventor, step.nets["net"])
    given: list[torch.Tensor] = []
    times: list[torch.Tensor] = []
    flow = net.codes.forward

    def seen(x: torch.Tensor, t: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        given.append(told)
        times.append(t)
        return flow(x, t, told)

    net.codes.forward = seen  # pyright: ignore[reportAttributeAccessIssue]
    objective.flow(step)
    told, known = given[0][:, :3], given[0][:, 3:]
    truth = net.told(objective.fields(step))[:, :3].repeat_interleave(16, 0)
    assert torch.equal(told, torch.where(known > 0, truth, 0))
    counts = known.sum(1).long().bincount(minlength=4)
    assert (counts > 8).all()
    for one in times[0].reshape(COUNT, 16):  # spread evenly over all times
        assert one.sort().values.diff().sub(1 / 16).abs().max() < 1e-5


def test_a_retold_flow_of_details_is_told_of_true_fields_once_a_face(step: Step) -> None:
    """More of one and less of another, as the flow of codes is; and it learns from that."""
    sizes = NET | {"retold": True}
    step = replace(step, nets={**step.nets, "net": build("inventor", sizes)})
    nets = {**recipe_of().nets, "net": NetSpec("inventor", sizes)}
    objective, net = InventObjective(replace(recipe_of(), nets=nets)), step.nets["net"]
    net = cast(Inventor, net)
    torch.nn.init.normal_(net.details.last.weight, generator=torch.Generator().manual_seed(1))
    given: list[torch.Tensor] = []
    assert net.details.fields is not None
    net.details.fields.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    objective.flow(step)["details"].backward()
    told, known = given[0][:, :3], given[0][:, 3:]
    truth = net.told(objective.fields(step))[:, :3]
    assert torch.equal(told, torch.where(known > 0, truth, 0))
    assert 0 < known.mean() < 1
    assert net.details.fields.weight.grad is not None
    assert net.details.fields.weight.grad[:, :3].abs().max() > 0
