"""The makers of tiny folders, for the tests beside."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    path = Path(__file__).with_name("tiny.py")
    spec = importlib.util.spec_from_file_location("tiny_layouts", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a dataclass looks for its annotations
    spec.loader.exec_module(module)
    return module


TINY = _load()


@pytest.fixture(params=list(TINY.MAKERS))
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of tiny folder."""
    return request.param


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """tiny.py."""
    return TINY
