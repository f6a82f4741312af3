"""How edges are refined: what is cut out fits together, and a net that knows the truth is right."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from families import bare_step
from scipy.ndimage import maximum_filter, minimum_filter
from torch import Tensor, nn
from torch.nn.functional import interpolate, one_hot

from trombine.core.conventions import GROUP_OF_PART, PART_INDEX
from trombine.core.errors import InputError
from trombine.data.augment import MIRRORED_LABEL
from trombine.data.columns import UNKNOWN, Batch, to_pictures
from trombine.data.source import source
from trombine.io.image import save_picture
from trombine.losses.objective import Step
from trombine.metrics.reading import near_edges
from trombine.training.methods import find
from trombine.training.methods import refiner as refine
from trombine.training.methods.reader import OUTLINED
from trombine.training.methods.refiner import Refine, RefineObjective, labels_shrunk
from trombine.world import face, paint

COUNT, SIDE = 4, 256


@pytest.fixture(scope="module")
def objective() -> RefineObjective:
    recipe = find("refiner")
    assert isinstance(recipe, Refine)
    return RefineObjective(replace(recipe, damage="none", size=SIDE))


@functools.cache
def batches() -> tuple[Batch, Batch]:
    rows = np.arange(COUNT)
    data = source(f"world:photo#{COUNT}", SIDE, first_seed=1_440_000).batch(rows)
    return data, source(f"leaves#{COUNT}", 64).batch(rows)


class Net(nn.Module):
    """Says what a function says."""

    def __init__(self, says: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.says = says

    def forward(self, x: Tensor, parts: Tensor) -> Tensor:
        return self.says(x, parts)


def step_of(says: Callable[[Tensor, Tensor], Tensor], data: Batch | None = None) -> Step:
    first, other = batches()
    return bare_step({"net": Net(says)}, {"data": data or first, "other": other})


def known_only(x: Tensor, parts: Tensor) -> Tensor:
    return interpolate(parts.clamp(min=1e-8).log(), scale_factor=2, mode="bilinear")


def test_who_knows_the_truth_is_right_everywhere(objective: RefineObjective) -> None:
    parts = batches()[0].parts
    assert parts is not None
    truth = 9 * one_hot(parts.long(), 19).movedim(-1, 1).float()
    measured = objective.measure([step_of(lambda x, known: truth)])
    assert measured["IoU"] == measured["near edges"] == 1
    assert 0.6 < measured["enlarged"] < 0.97


def test_what_is_seen_what_is_known_and_what_is_true_lie_in_one_place(
    objective: RefineObjective, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of pictures painted in the colours of their parts, whose reading is taken from the colours,
    all three say the same."""
    data, _ = batches()
    assert data.parts is not None
    coded = data.parts[..., None].repeat(1, 1, 1, 3) * 12 + 10

    def read(pictures: Tensor) -> Tensor:
        labels = (pictures[:, 0, ::2, ::2] * 255 - 10).div(12).round().long().clamp(0, 18)
        return one_hot(labels, 19).movedim(-1, 1).float()

    shown: list[Tensor] = []
    monkeypatch.setattr(objective, "_read", read)
    monkeypatch.setattr(refine, "_ENLARGED", 0.0)
    monkeypatch.setattr(refine, "STAGE", replace(refine.STAGE, plain=1.0))
    monkeypatch.setattr(
        refine, "cross_entropy", lambda logits, labels, **_: shown.append(labels) or logits.sum()
    )

    def says(x: Tensor, parts: Tensor) -> Tensor:
        shown.extend([x, parts])
        return known_only(x, parts)

    step = step_of(says, replace(data, pixels=coded))
    objective.terms(step)
    upright = ~objective._windows(step).mirrored  # a mirrored face's left eye is its right one
    assert upright.any()
    seen, known, truth = (values[upright] for values in shown)
    assert seen.shape[-1] == truth.shape[-1] == 2 * known.shape[-1] == 160
    labels = (seen[:, 0] * 255 - 10).div(12).round()
    assert torch.equal(labels, truth.float())
    assert torch.equal(known.argmax(1), truth[:, ::2, ::2].long())


@pytest.mark.parametrize("said", ["background", "skin", "left_eye"])
def test_of_real_pictures_outlines_are_true_beside_what_is_called_face(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other picture is real; where the reader sees face beside outlines there is skin."""
    recipe = find("refiner")
    assert isinstance(recipe, Refine)
    real_recipe = replace(recipe, damage="none", size=SIDE, real="folder:people", real_every=2)
    objective = RefineObjective(real_recipe)
    monkeypatch.setattr(refine, "MIXED", 0.0)
    monkeypatch.setattr(refine, "REAL_STAGE", replace(refine.REAL_STAGE, plain=1.0))
    label = torch.full((COUNT // 2, 128, 128), PART_INDEX[said])
    likely = one_hot(label, 19).movedim(-1, 1).float()
    monkeypatch.setattr(objective, "_read", lambda pictures: likely)
    data, other = batches()
    assert data.parts is not None
    outlined = torch.isin(data.parts, torch.tensor(OUTLINED))
    real = replace(data, parts=torch.where(outlined, data.parts, UNKNOWN["parts"]), seeds=None)
    step = bare_step({}, {"data": data, "other": other, "real": real})
    pictures, labels = torch.zeros(COUNT, 3, SIDE, SIDE), torch.zeros(COUNT, SIDE, SIDE).byte()
    objective._put_real(step, pictures, labels)
    assert not pictures[1::2].any() and not labels[1::2].any()
    beside = {"background": UNKNOWN["parts"]}.get(said, PART_INDEX["skin"])
    for n in range(0, COUNT, 2):
        counts = torch.bincount(labels[n].flatten().long(), minlength=256)
        expected = torch.bincount(data.parts[n][outlined[n]].long(), minlength=256)
        expected[beside] += int((~outlined[n]).sum())
        mirrored = torch.zeros_like(expected)
        mirrored[torch.from_numpy(MIRRORED_LABEL).long()] = expected
        assert torch.equal(counts, expected) or torch.equal(counts, mirrored)
        own = to_pictures(data.pixels[n : n + 1])[0]
        assert torch.equal(pictures[n], own) or torch.equal(pictures[n], own.flip(-1))


def test_a_real_picture_without_outlines_teaches_nothing() -> None:
    """Its eyes would be called skin."""
    recipe = find("refiner")
    assert isinstance(recipe, Refine)
    objective = RefineObjective(replace(recipe, size=SIDE, real="folder:people", real_every=1))
    data, other = batches()
    assert data.parts is not None
    real = replace(data, parts=torch.full_like(data.parts, UNKNOWN["parts"]))
    step = bare_step({}, {"data": data, "other": other, "real": real})
    pictures, labels = torch.zeros(COUNT, 3, SIDE, SIDE), torch.zeros(COUNT, SIDE, SIDE).byte()
    objective._put_real(step, pictures, labels)
    assert not pictures.any() and not labels.any()


def test_photographs_without_outlines_are_refused(
    objective: RefineObjective, tmp_path: Path
) -> None:
    for number in range(3):
        save_picture(tmp_path / f"{number}.png", paint(face(number), SIDE, "photo").pixels)
    painted = source(f"world:photo#{COUNT}", SIDE, first_seed=1_440_000)
    with pytest.raises(InputError, match=r"has no outlines of parts.*189 points"):
        objective.check({"data": painted, "real": source(f"plain:{tmp_path}", SIDE)})


def test_unknown_labels_stay_so_where_most_are() -> None:
    labels = torch.full((1, 4, 4), 3, dtype=torch.uint8)
    labels[0, :2, :2] = labels[0, 2, 2] = UNKNOWN["parts"]
    assert labels_shrunk(labels, 2).tolist() == [[[UNKNOWN["parts"], 3], [3, 3]]]


def test_labels_shrink_to_what_most_have() -> None:
    labels = torch.randint(0, 19, (2, 16, 16), generator=torch.Generator().manual_seed(4))
    small = labels_shrunk(labels.to(torch.uint8), 4)
    for n, row, column in np.ndindex(2, 4, 4):
        square = labels[n, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        counts = torch.bincount(square.flatten(), minlength=19)
        assert counts[small[n, row, column].long()] == counts.max()


def test_edges_are_where_scipy_finds_two_groups() -> None:
    parts = batches()[0].parts
    assert parts is not None
    groups = GROUP_OF_PART[parts.numpy()]
    for n, here in enumerate(near_edges(parts)):
        expected = maximum_filter(groups[n], 5) != minimum_filter(groups[n], 5)
        assert np.array_equal(here.numpy(), expected)
