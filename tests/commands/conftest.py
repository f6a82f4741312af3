"""Made-up pictures, models and runs for the tests of this folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch
from net_cases import INVENTOR

from trombine.models import Card, save
from trombine.nets import build

SIZES = {**INVENTOR, "fields": "masculine+age+beard+glasses+smile"}


def loaded(path: Path) -> ModuleType:
    """A file beside the tests, which are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def kit() -> ModuleType:
    """The functions of kit.py beside this file."""
    return loaded(Path(__file__).parent / "kit.py")


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """The functions of tests/runs/made.py."""
    return loaded(Path(__file__).parents[1] / "runs" / "made.py")


@pytest.fixture
def photographs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a drawing has tests of its own: here it is what is white in its corner."""
    from trombine.superres import enlarge

    monkeypatch.setattr(
        enlarge, "is_drawing", lambda pixels, _, in_doubt: bool((pixels[0, 0] == 255).all())
    )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net that invents, as chance made it, but for its last layers, which begin at 0."""
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    net = build("inventor", SIZES, seed=3)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    card = Card(task="generate", net="inventor", sizes=net.sizes, data="world:anime#48")
    save(path, net, card)
    return path
