"""The verbs as functions of the package."""

from __future__ import annotations

import inspect
import pydoc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trombine
from trombine.commands import VERBS
from trombine.functions import converted
from trombine.sweeps import combinations
from trombine.verbs.leaves import LeavesRequest
from trombine.verbs.replay import ReplayRequest
from trombine.verbs.sweep import SweepRequest
from trombine.verbs.world import WorldRequest

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_every_command_is_a_function() -> None:
    wanted = {line.replace(" ", "_") for line, verb in VERBS.items() if not verb.serves}
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
    assert trombine.data_leaves.__name__ == "data_leaves"
    told = pydoc.plain(pydoc.render_doc(trombine.data_leaves))
    assert "data_leaves(*, " in told and "Result" in told.splitlines()[2]
    assert all(f"    {name}: " in told for name in fields)
    with pytest.raises(TypeError):
        trombine.data_leaves(3)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        trombine.data_leaves(count=3, colour=2)  # pyright: ignore[reportCallIssue]


def test_text_becomes_a_path_where_a_path_is_wanted() -> None:
    assert converted(LeavesRequest, {"output": "a", "count": 2}) == {
        "output": Path("a"),
        "count": 2,
        "workers": 1,
    }
    assert converted(WorldRequest, {"style": "photo"}) == {"style": "photo", "workers": 1}
    assert converted(ReplayRequest, {"pictures": ("a.png", "b.png"), "inputs": "c"}) == {
        "pictures": (Path("a.png"), Path("b.png")),
        "inputs": Path("c"),
    }
    assert converted(ReplayRequest, {"pictures": "a.png"}) == {"pictures": (Path("a.png"),)}
    several = iter([Path("a.png"), "b.png"])
    assert converted(ReplayRequest, {"pictures": several, "inputs": None}) == {
        "pictures": (Path("a.png"), Path("b.png")),
        "inputs": None,
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"count": "4"}, "count is a whole number, not '4'"),
        ({"count": 2.5}, "count is a whole number, not 2.5"),
        ({"count": None}, "count is a whole number, not None"),
        ({"size": 64.0}, "size is a whole number, not 64.0"),
        ({"first_seed": True}, "first_seed is a whole number, not True"),
        ({"workers": "2"}, "workers is a whole number, not '2'"),
        ({"style": 3}, "style is a text, not 3"),
        ({"pack": "no"}, "pack is True or False, not 'no'"),
        ({"output": 5}, "output is a path, or text, not 5"),
    ],
)
def test_a_wrong_type_is_said_in_one_line(
    fields: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(TypeError) as error:
        trombine.data_world(**{"count": 1, "output": tmp_path / "a", **fields})
    assert str(error.value) == said
    assert not (tmp_path / "a").exists()


def test_names_and_values_become_texts() -> None:
    """A mapping, as settings and grids take; several values of a name have commas between them."""
    grid = {"lr": [1e-3, 2e-3], "width": (8, 16), "depth": range(2, 4), "critic": "hinge"}
    assert converted(SweepRequest, {"grid": grid})["grid"] == (
        "lr=0.001,0.002",
        "width=8,16",
        "depth=2,3",
        "critic=hinge",
    )
    nets = {"net": ["residual:width=8,depth=2", "residual:width=4"]}
    text = converted(SweepRequest, {"grid": nets})["grid"]
    assert text == ("net=residual:width=8,depth=2;residual:width=4",)
    assert [settings["net"] for settings in combinations(text, ())] == nets["net"]
    assert converted(SweepRequest, {"zip": {"lr": np.array([0.5, 0.25])}})["zip"] == (
        "lr=0.5,0.25",
    )
    settings = {"lr": 1e-4, "schedule": "linear", "batch": 8}
    given = converted(SweepRequest, {"settings": settings})["settings"]
    assert given == ("lr=0.0001", "schedule=linear", "batch=8")


@pytest.mark.parametrize("pictures", [5, [5], b"a.png", ["a.png", None]])
def test_pictures_are_paths(pictures: Any) -> None:
    with pytest.raises(TypeError, match=r"^pictures is a path, or several, not "):
        trombine.replay(pictures=pictures, output=Path("b"))


def test_a_whole_number_of_numpy_is_one() -> None:
    given = converted(WorldRequest, {"count": np.int64(3)})["count"]
    assert type(given) is int and given == 3


def test_one_process_works_unless_it_is_told_otherwise() -> None:
    """More than one import the script again, which then needs a guard."""
    assert converted(WorldRequest, {})["workers"] == 1
    assert converted(LeavesRequest, {"workers": None})["workers"] == 1
    assert converted(WorldRequest, {"workers": 2})["workers"] == 2
    assert "workers" not in converted(ReplayRequest, {})
    assert WorldRequest(count=1, output=Path("a")).workers is None  # the command: all cores


def test_a_script_without_a_guard_works(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import trombine\ntrombine.data_leaves(count=40, size=16, output='a')\n")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_function_does_what_its_command_does(tmp_path: Path, command: Command) -> None:
    result = trombine.data_leaves(count=2, size=32, output=tmp_path / "a")
    command("data", "leaves", "--count", "2", "--size", "32", "-o", "b")
    made = [path.relative_to(tmp_path / "a") for path in result.written]
    assert len(made) == 2
    for name in made:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
