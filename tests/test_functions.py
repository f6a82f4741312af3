"""The verbs as functions of the package."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import trombine
from trombine.cli import VERBS
from trombine.functions import with_paths
from trombine.verbs.replay import ReplayRequest
from trombine.verbs.world import LeavesRequest, WorldRequest

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_every_command_is_a_function() -> None:
    wanted = {line.replace(" ", "_") for line in VERBS}
    assert wanted == set(dir(trombine)) - {"__version__"}
    for name in wanted:
        assert callable(getattr(trombine, name))


def test_importing_trombine_loads_no_library() -> None:
    code = "import sys, trombine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    libraries = {"torch", "numpy", "numba", "PIL", "scipy", "cyclopts", "rich"}
    assert not libraries & set(done.stdout.split())


def test_what_is_no_verb_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'enhance'"):
        _ = trombine.enhance  # pyright: ignore[reportAttributeAccessIssue]


def test_a_function_takes_what_its_request_takes() -> None:
    fields = inspect.signature(trombine.data_leaves).parameters
    assert list(fields) == list(inspect.signature(LeavesRequest).parameters)
    assert "overlapping shapes" in (trombine.data_leaves.__doc__ or "")
    with pytest.raises(TypeError):
        trombine.data_leaves(3)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        trombine.data_leaves(count=3, colour=2)  # pyright: ignore[reportCallIssue]


def test_text_becomes_a_path_where_a_path_is_wanted() -> None:
    assert with_paths(LeavesRequest, {"output": "a", "count": 2}) == {
        "output": Path("a"),
        "count": 2,
    }
    assert with_paths(WorldRequest, {"style": "photo"}) == {"style": "photo"}
    assert with_paths(ReplayRequest, {"pictures": ("a.png", "b.png"), "inputs": "c"}) == {
        "pictures": (Path("a.png"), Path("b.png")),
        "inputs": Path("c"),
    }
    assert with_paths(ReplayRequest, {"pictures": "a.png"}) == {"pictures": (Path("a.png"),)}


def test_a_function_does_what_its_command_does(tmp_path: Path, command: Command) -> None:
    result = trombine.data_leaves(count=2, size=32, output=tmp_path / "a")
    command("data", "leaves", "--count", "2", "--size", "32", "-o", "b")
    made = [path.relative_to(tmp_path / "a") for path in result.written]
    assert len(made) == 2
    for name in made:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
