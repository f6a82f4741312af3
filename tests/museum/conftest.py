"""How a room of the museum shows which of our tests fails on a planted bug."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Ours = Callable[[str, str], Callable[..., None]]


@pytest.fixture
def ours(root: Path) -> Ours:
    """`ours("test_samples.py", "test_x")`: a test of the suite, to be called here.

    The function itself is called, so that what it compares with, and how closely, is its own; a
    parametrised test is given its parameters by name.
    """

    def find(file: str, name: str) -> Callable[..., None]:
        return getattr(_module(root / "tests" / file), name)

    return find


_LOADED: dict[Path, ModuleType] = {}


def _module(path: Path) -> ModuleType:
    if path not in _LOADED:
        spec = importlib.util.spec_from_file_location(f"museum_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _LOADED[path] = module
    return _LOADED[path]
