"""Who teaches a reader on real pictures, and when nobody does.

The teacher here knows the truth of painted faces that are called real, or says something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import bare_step
from torch import Tensor, nn
from torch.nn import functional

from trombine.core.conventions import LANDMARK_GROUPS, PART_INDEX
from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.columns import Batch, to_pictures
from trombine.data.source import source
from trombine.data.staging import StageOptions, staged
from trombine.faces import Fields
from trombine.faces.twice import parts_back, points_back
from trombine.io.image import save_picture
from trombine.losses.objective import Step
from trombine.losses.reading import Population
from trombine.nets import Net, build
from trombine.nets.frozen import frozen
from trombine.nets.reader import NUMBERS, Reading
from trombine.training.methods import find
from trombine.training.methods.reader import CURVES, Read, ReadObjective, pseudo_labels
from trombine.world import VECTOR_NAMES, face, paint, to_vector

SIDE, COUNT = 64, 4
SURE, LOST = 0.005, 0.05  # of the width: what is said of the landmarks' errors
Wrong = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # parts and points, as they are said


class Teacher(nn.Module):
    """Says what is true, or what `wrong` makes of it; of mirrored pictures the same, mirrored."""

    def __init__(self, batch: Batch, wrong: Wrong | None = None, error: float = SURE) -> None:
        super().__init__()
        assert batch.parts is not None and batch.points is not None
        parts, points = batch.parts.long(), batch.points
        if wrong is not None:
            parts, points = wrong(parts.clone(), points.clone())
        logits = 20 * functional.one_hot(parts, 19).permute(0, 3, 1, 2).float()
        self.said = [(logits, points), (parts_back(logits), points_back(points, SIDE))]
        self.error, self.asked = error, 0

    def forward(self, pictures: Tensor) -> Reading:
        parts, points = self.said[self.asked % 2]
        self.asked += 1
        nothing = torch.zeros(len(pictures))
        spreads = torch.full((len(pictures), 68), self.error).log()
        return Reading(parts, points, spreads, nothing, nothing, nothing, nothing, nothing)


def painted() -> Batch:
    """Faces as a source would give them."""
    made = [paint(face(seed), SIDE, "photo") for seed in range(COUNT)]
    vectors = [torch.from_numpy(to_vector(face(seed))) for seed in range(COUNT)]
    return Batch(
        indices=np.arange(COUNT),
        pixels=torch.from_numpy(np.stack([one.pixels for one in made])),
        parts=torch.from_numpy(np.stack([one.parts for one in made])),
        points=torch.from_numpy(np.stack([one.points for one in made])).float(),
        visible=torch.from_numpy(np.stack([one.visible for one in made])),
        vectors=torch.stack(vectors).double(),
        labels=torch.zeros(COUNT, dtype=torch.int64),
    )


def test_numbers_learn_alone_only_where_they_are_learned() -> None:
    recipe = find("reader")
    assert isinstance(recipe, Read)
    real = replace(recipe, real="folder:portraits", population="age:57,11")
    whole, numbers = ReadObjective(real).phases()
    assert (whole.lasts, numbers.start) == (recipe.numbers_after, recipe.numbers_after)
    assert set(numbers.parts) == set(NUMBERS)
    assert numbers.weights.keys() == {*("face", "fields", "agree", "known", "population")}, (
        "real faces stay faces"
    )
    _, painted = ReadObjective(replace(recipe, real="")).phases()
    assert painted.weights.keys() == {"face", "fields"}
    (only,) = ReadObjective(replace(recipe, numbers_after=0)).phases()
    assert only.lasts is None


def small(recipe: Read) -> Net:
    """What learns here; how wide it is says nothing of who teaches."""
    return build("reader", {**recipe.nets["net"].sizes, "width": 8}, seed=0).train()


def step_of(net: nn.Module, batch: Batch, bare: Batch, **more: Any) -> Step:
    batches = {"data": batch, "other": bare, "real": bare}
    names = {"data": VECTOR_NAMES, "real": ("age", "masculine")}
    more = {"vector_names": names, "classes": ("photo",), **more}
    return bare_step({"net": net}, batches, seed=1, **more)


def taught(teacher: nn.Module, *, averaged: bool = True) -> tuple[float, float]:
    """The share of real pictures that teach, and what the net differs by from what they teach."""
    recipe = find("reader")
    assert isinstance(recipe, Read)
    objective = ReadObjective(replace(recipe, size=SIDE, damage="none", real="folder:portraits"))
    batch = painted()
    net = small(recipe)
    bare = Batch(indices=batch.indices, pixels=batch.pixels)
    step = step_of(net, batch, bare, averages={"net": teacher} if averaged else {})
    step = replace(step, chance=Rng(seed=1, places=16 * np.arange(COUNT)))  # which all are used
    agree = objective.terms(step)["agree"]
    return float(step.curves["real pictures that teach"]) / 16, float(agree.detach())


def all_skin(parts: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """What a net says that has taught itself too long."""
    return torch.full_like(parts, PART_INDEX["skin"]), points


def elsewhere(parts: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Landmarks off by a third of the picture."""
    return parts, points + torch.tensor([0.0, SIDE / 3])


def without(*groups: str) -> Wrong:
    """Skin where these organs are."""

    def gone(parts: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        for one, of in enumerate(points):
            for group in groups:
                low = of[list(LANDMARK_GROUPS[group])].amin(0).long() - 3
                high = of[list(LANDMARK_GROUPS[group])].amax(0).long() + 4
                parts[one, low[1] : high[1], low[0] : high[0]] = PART_INDEX["skin"]
        return parts, points

    return gone


def test_what_is_read_well_is_taught() -> None:
    share, agree = taught(Teacher(painted()))
    assert share == 1 and agree > 0


def test_no_landmarks_are_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taught by itself a net drifts: real mouths came to be read as wider than they are."""
    asked: list[set[str]] = []
    terms = ReadObjective._terms

    def record(self, reading, windows, names):
        asked.append(set(names))
        return terms(self, reading, windows, names)

    monkeypatch.setattr(ReadObjective, "_terms", record)
    assert taught(Teacher(painted()))[0] == 1
    painted_ones, real_ones = asked
    assert painted_ones - real_ones == {"points", "spread"} and "parts" in real_ones


@pytest.mark.parametrize("wrong", [all_skin, elsewhere, without("right_eye", "inner_lips")])
def test_a_picture_whose_parts_and_landmarks_are_at_odds_teaches_nothing(wrong: Wrong) -> None:
    assert taught(Teacher(painted(), wrong)) == (0, 0)


@pytest.mark.parametrize("outlined", [False, True])
def test_what_people_placed_is_taught_whatever_the_teacher_says(outlined: bool) -> None:
    """Landmarks and outlines are true; organs outside of outlines are skin, the rest as it says."""
    truth = painted()
    assert truth.parts is not None and truth.points is not None and truth.visible is not None
    eyes = torch.isin(truth.parts, torch.tensor([PART_INDEX["left_eye"], PART_INDEX["right_eye"]]))
    lines = torch.where(eyes, truth.parts, 255) if outlined else torch.full_like(truth.parts, 255)
    known = torch.tensor([True, True, False, True])
    placed = truth.points.clone()
    placed[~known] = torch.nan
    lines[~known] = 255
    batch = replace(truth, parts=lines, points=placed, visible=truth.visible & known[:, None])
    wrong = truth.parts.long().roll(3, 1)
    teacher = Teacher(replace(truth, parts=wrong.byte()), lambda parts, points: (parts, points + 9))
    cpu, number = torch.device("cpu"), torch.float32
    found, _ = pseudo_labels(teacher, batch, cpu, number)
    assert found.parts is not None and found.points is not None and found.visible is not None
    assert torch.equal(found.points[known], truth.points[known])
    assert torch.equal(found.visible[known], truth.visible[known])
    assert (found.points[~known] - truth.points[~known]).abs().max() > 5
    for row in np.flatnonzero(known.numpy()):
        here = eyes[row] & outlined
        assert torch.equal(found.parts[row][here], truth.parts[row][here])
        for name in ("left_eye", "right_eye", "lower_lip"):
            outside = (found.parts[row] == PART_INDEX[name]) & ~here
            assert not (outlined and outside.any())


def test_faces_with_landmarks_of_people_teach_all_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the others, in the same step, but for their landmarks."""
    recipe, batch = find("reader"), painted()
    assert isinstance(recipe, Read) and batch.points is not None
    asked: dict[int, set[str]] = {}
    terms = ReadObjective._terms

    def record(self, reading, windows, names):
        asked[len(windows.shows)] = set(names)
        return terms(self, reading, windows, names)

    monkeypatch.setattr(ReadObjective, "_terms", record)
    options = {"damage": "none", "real": "folder:portraits", "real_every": 1}
    objective = ReadObjective(replace(recipe, size=SIDE, **options))
    points = batch.points.clone()
    points[0] = torch.nan
    numbers = torch.tensor([[30.0, 1.0]] * COUNT).double()
    real = replace(batch, parts=None, points=points, vectors=numbers)
    step = step_of(small(recipe), batch, batch, averages={"net": Teacher(batch)})
    step = replace(step, batches={**step.batches, "real": real})
    found = objective.terms(step)
    assert asked[1] == {"parts", "overlap", "face", "centres", "fields"}
    assert asked[3] == {*asked[1], "points", "spread"}
    other = replace(real, vectors=numbers + 40)
    older = objective.terms(replace(step, batches={**step.batches, "real": other}))
    for kind in CURVES:
        assert older[kind] != found[kind], "what is known of them is learned, too"
    assert float(step.curves[CURVES["known"]]) == 3 / 4
    assert float(step.curves[CURVES["agree"]]) == 1 / 4
    assert float(found["known"].detach()) > 0 and float(found["agree"].detach()) > 0


def test_one_lost_picture_takes_nothing_from_the_others() -> None:
    def one(parts: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        parts[2] = PART_INDEX["skin"]
        return parts, points

    share, agree = taught(Teacher(painted(), one))
    assert share == (COUNT - 1) / COUNT and agree > 0


def test_the_average_over_time_teaches() -> None:
    """The net that learns knows nothing yet: by itself it is lost."""
    teacher = Teacher(painted())
    assert taught(teacher)[0] == 1 and teacher.asked == 2
    assert taught(teacher, averaged=False) == (0, 0) and teacher.asked == 2


def test_a_mix_with_pictures_of_which_nothing_is_known_is_refused(tmp_path: Path) -> None:
    """It has all the names that the painted ones have; their terms would be nothing but NaN."""
    for number in range(3):
        save_picture(tmp_path / f"{number}.png", paint(face(number), SIDE, "photo").pixels)
    recipe = find("reader")
    assert isinstance(recipe, Read)
    objective = ReadObjective(replace(recipe, size=SIDE))
    objective.check({"data": source("world:photo#4+world:anime#4", SIDE)})
    with pytest.raises(InputError, match="has pictures of which no numbers are known"):
        objective.check({"data": source(f"world:photo#4+plain:{tmp_path}", SIDE)})


def test_a_face_that_is_to_stay_as_painted_is_not_spoiled() -> None:
    recipe, batch, plain = find("reader"), painted(), 0
    assert isinstance(recipe, Read)
    objective = ReadObjective(replace(recipe, size=SIDE, real="", damage="noise:gaussian:0.05"))
    net, shown = small(recipe), []
    net.register_forward_pre_hook(lambda _, given: shown.append(given[0]))
    for turn in range(8):
        places = COUNT * turn + np.arange(COUNT)
        objective.terms(step_of(net, batch, batch, first=COUNT * turn))
        windows = staged(batch, batch, StageOptions(), Rng(seed=1, places=places))
        same = (shown[-1] == to_pictures(windows.pixels)).flatten(1).all(1)
        assert torch.equal(same, windows.plain)
        plain += int(windows.plain.sum())
    assert 2 < plain < 20


def test_a_teacher_reads_each_picture_by_itself() -> None:
    """A net that learns has batch norm by its batch; as a teacher it reads as a finished model."""
    recipe, batch = find("reader"), painted()
    assert isinstance(recipe, Read)
    net = small(recipe)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    cpu, number = torch.device("cpu"), torch.float32
    together, _ = pseudo_labels(net, batch, cpu, number)
    singles = [
        pseudo_labels(net, batch.only(np.array([one])), cpu, number)[0] for one in range(COUNT)
    ]
    assert together.points is not None
    torch.testing.assert_close(
        together.points, torch.cat([one.points for one in singles if one.points is not None])
    )
    assert net.training and all(part.training for part in net.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


# A population ------------------------------------------------------------------------------------

KNOWN = Fields(("age", "masculine", "smile"))


def test_what_is_said_of_some_has_the_populations_mean_and_spread_then() -> None:
    population = Population.parse("age:57:11+smile:0.5:0.25", KNOWN)
    read = population.fields.scaled(torch.tensor([[20.0, 0.9], [30.0, 0.1], [40.0, 0.2]]))
    brought = population.fields.unscaled(population.brought(read))
    assert torch.allclose(brought.mean(0), torch.tensor([57.0, 0.5]), atol=1e-3)
    assert torch.allclose(brought.std(0, correction=0), torch.tensor([11.0, 0.25]), atol=1e-3)
    assert torch.equal(brought.argsort(0), read.argsort(0)), "who is older stays older"


def test_real_people_come_to_be_read_as_their_population_is() -> None:
    recipe, batch = find("reader"), painted()
    assert isinstance(recipe, Read)
    real = {"real": "folder:portraits", "population": "age:30,11"}
    objective = ReadObjective(replace(recipe, size=SIDE, damage="none", **real))
    net, bare = small(recipe), Batch(indices=batch.indices, pixels=batch.pixels)
    step = step_of(net, batch, bare)
    adam = torch.optim.Adam(net.parameters(), 2e-3)
    ages = Fields(("age",))
    place = objective.traits.names.index("age")

    def said() -> float:
        with torch.no_grad(), frozen(net):
            read = net(to_pictures(batch.pixels)).traits[:, place : place + 1]
        return float(ages.unscaled(read).mean())

    before = said()
    for _ in range(80):
        adam.zero_grad()
        objective.number_terms(step)["population"].backward()
        adam.step()
    assert abs(said() - 30) < 0.5 * abs(before - 30)
