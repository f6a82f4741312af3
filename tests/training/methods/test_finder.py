"""How a finder is measured: by faces found at a known rate of false ones, and by their size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from families import bare_step, pictures
from torch import nn

from trombine.core.rng import Rng
from trombine.data.columns import Batch
from trombine.data.staging import Staged, staged
from trombine.losses.objective import Step
from trombine.nets.reader import CENTRE_STEP
from trombine.training.methods import find, finder
from trombine.training.methods.finder import STAGE, Find, FindObjective

COUNT = 48


class Told(nn.Module):
    """Says where faces are by the truth: half of them, the others nowhere; sizes a tenth off."""

    def __init__(self, windows: Staged) -> None:
        super().__init__()
        self.windows = windows
        self.found = torch.arange(COUNT) % 2 == 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        side = x.shape[-1] // CENTRE_STEP
        maps = torch.zeros(len(x), 2, side, side)
        maps[:, 0] = -5
        maps[:, 1] = self.windows.sizes.log()[:, None, None] + 0.1
        for row in torch.nonzero(self.windows.shows & self.found)[:, 0].tolist():
            x, y = (self.windows.middles[row] / CENTRE_STEP).long().tolist()
            maps[row, 0, y, x] = 5
        return maps


@pytest.fixture(scope="module")
def recipe() -> Find:
    recipe = find("finder")
    assert isinstance(recipe, Find)
    return replace(recipe, damage="none")


def batches() -> tuple[Batch, Batch]:
    return pictures(f"world:photo#{COUNT}", 128, COUNT), pictures(f"leaves#{COUNT}", 128, COUNT)


def step_of(net: nn.Module) -> Step:
    data, other = batches()
    return bare_step({"net": net}, {"data": data, "other": other})


def test_half_of_the_faces_found_are_half_and_sizes_are_a_tenth_off(recipe: Find) -> None:
    windows = staged(*batches(), STAGE, Rng(seed=3, places=np.arange(COUNT)))
    measured = FindObjective(recipe).measure([step_of(Told(windows))])
    shows = windows.shows
    share = float(shows[::2].sum() / shows.sum())
    assert measured["found"] == pytest.approx(share, abs=1e-6)
    assert measured["size"] == pytest.approx(0.1, abs=1e-5)


def test_a_false_face_raises_the_bound(recipe: Find) -> None:
    """Where what is no face looks more like one than every face, none is found."""
    windows = staged(*batches(), STAGE, Rng(seed=3, places=np.arange(COUNT)))
    net = Told(windows)
    honest = net.forward

    def planted(x: torch.Tensor) -> torch.Tensor:
        maps = honest(x)
        maps[~windows.shows, 0, 0, 0] = 9
        return maps

    net.forward = planted
    assert FindObjective(recipe).measure([step_of(net)])["found"] == 0


def test_photographs_of_which_the_reader_is_sure_stand_among_painted_faces(
    recipe: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One picture in four is real, and of these every other one is sure."""
    objective = FindObjective(replace(recipe, real="folder:people", real_every=4))
    asked: list[Batch] = []

    def says(net: nn.Module, batch: Batch, *_: object) -> tuple[Batch, torch.Tensor]:
        asked.append(batch)
        return batch, torch.arange(len(batch)) % 2 == 0

    monkeypatch.setattr(finder, "pseudo_labels", says)
    data, other = batches()
    real = replace(data, pixels=255 - data.pixels)
    step = bare_step({}, {"data": data, "other": other, "real": real})
    mixed = objective._mixed(step)
    assert torch.equal(asked[0].pixels, real.pixels[::4])
    expected = data.pixels.clone()
    expected[::8] = real.pixels[::8]
    assert torch.equal(mixed.pixels, expected)
    assert torch.equal(data.pixels, batches()[0].pixels), "the painted batch itself has changed"


def test_without_photographs_there_is_no_reader(recipe: Find) -> None:
    objective = FindObjective(recipe)
    assert not objective.helpers() and objective.streams == ("data", "other")
