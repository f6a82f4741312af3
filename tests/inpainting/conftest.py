"""Small models that repair, and pictures with holes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trombine import models
from trombine.models import Card, Model
from trombine.nets import build
from trombine.nets.sizes import Net


class Steered(Net):
    """Paints one colour, which all that it is given changes."""

    tasks = ("repair",)
    optional = ("parts", "points")

    def __init__(self) -> None:
        super().__init__()
        self.sizes = {"inputs": 4}
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(
        self,
        x: torch.Tensor,
        hole: torch.Tensor,
        parts: torch.Tensor | None = None,
        points: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Red says the points, green the parts, blue what is kept."""
        red = torch.zeros(()) if points is None else points.nan_to_num().std() / 64
        green = torch.zeros(())
        if parts is not None:
            green = torch.einsum("npyx,p->nyx", parts, torch.arange(19.0)).mean() / 32
        colour = torch.stack([red, green, x.mean()]).clamp(0, 1)
        return x * (1 - hole) + hole * colour[None, :, None, None]


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quick and has learnt nothing."""
    path = tmp_path_factory.mktemp("repairer") / "mine.safetensors"
    net = build("unet", {"width": 4, "levels": 2, "inputs": 4}, seed=5)
    models.save(path, net, Card(task="repair", net="unet", sizes=net.sizes))
    return path


@pytest.fixture(scope="session")
def plain(model_file: Path) -> Model:
    return models.load(model_file)


@pytest.fixture(scope="session")
def steered(plain: Model) -> Model:
    """A model that takes parts and points."""
    return replace(plain, net=Steered().eval())


@pytest.fixture(scope="session")
def faces() -> list[np.ndarray]:
    """Painted faces, 96 pixels a side."""
    from trombine.world.painting import paint
    from trombine.world.people import face

    return [paint(face(900_000 + seed), 96, "photo").pixels for seed in range(8)]
