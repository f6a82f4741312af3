"""Nets that restyle without having learned: one as chance made it, one that gives what it sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from trombine.models import Card, load, save
from trombine.nets import build
from trombine.restyling.drawing import Restyling

SIZES = {"size": 64, "width": 4, "latent": 6, "blocks": 1, "details": 4, "levels": 1, "finish": 2}


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quick and has learnt nothing."""
    path = tmp_path_factory.mktemp("nets") / "mine.safetensors"
    net = build("restyler", SIZES, seed=5)
    save(path, net, Card(task="restyle", net="restyler", sizes=net.sizes, data="world:photo#48"))
    return path


class Inverts(torch.nn.Module):
    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return 1 - x


class Passes(torch.nn.Module):
    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return x


class AddsNothing(torch.nn.Module):
    def forward(self, x: torch.Tensor, told: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return x / t[:, None, None, None]  # the pace of straight lines from noise to 0


class Swaps(torch.nn.Module):
    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return x.flip(1)


@pytest.fixture
def inverting(model_file: Path) -> Any:
    """What is asked of a net that inverts what it sees, of 128 pixels a side."""
    return drawing_by(Inverts(), model_file)


@pytest.fixture
def swapping(model_file: Path) -> Any:
    """The same of one that swaps red and blue: of a face it leaves a face."""
    return drawing_by(Swaps(), model_file)


def drawing_by(decoder: torch.nn.Module, model_file: Path) -> Any:
    net: Any = build("restyler", {**SIZES, "size": 128}).eval()
    net.encoder, net.decoder, net.details = Passes(), decoder, AddsNothing()
    model = replace(load(model_file), net=net)

    def asked(**options: Any) -> Restyling:
        result = Restyling(path=model_file, target="anime", source="photo", **options)
        vars(result)["model"] = model
        return result

    return asked
