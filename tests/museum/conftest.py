"""How a room of the museum shows which test fails on a planted bug, and how a command ends."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Ours = Callable[[str, str], Callable[..., None]]
Start = Callable[..., subprocess.CompletedProcess[str]]


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


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """`start(code, "doctor")`: the command in a fresh process that runs `code` before all else."""

    def run(code: str, words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "first").mkdir(exist_ok=True)
        (tmp_path / "first" / "sitecustomize.py").write_text(code)
        paths = os.pathsep.join([str(tmp_path / "first"), *sys.path[1:]])
        return subprocess.run(
            [sys.executable, "-m", "trombine", *words.split()],
            cwd=tmp_path,
            # The code of the run before, of the same size and second, must not be run again.
            env=os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"} | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


# The command `doctor` does this instead, whatever it is.
INSTEAD = """
import os, signal, sys, time

def instead(words):
BODY

import trombine.cli
trombine.cli.run = instead
"""


@pytest.fixture
def instead(start: Start) -> Start:
    """`instead(lines)`: a command that runs these lines, and others before all else if given."""

    def run(body: str, before: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
        return start(before + INSTEAD.replace("BODY", lines), "doctor", **env)

    return run
