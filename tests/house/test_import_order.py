"""Imports go down the list below only, wherever in a file they stand, and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# The page is read from the top: a module may import what stands below it, or beside it in one
# package. A dotted entry places a module below the rest of its package.
ORDER = (
    "studio.worker",  # a program of its own, as __main__ is
    "__init__",
    "__main__",
    "cli",
    "console",
    "demo",
    "verbs.studio",
    "studio",
    "functions",
    "verbs",
    "commands",
    "sweeps",
    "training",
    "objectives",
    "recipes",
    "judge",
    "methods",
    "restyling",
    "inpainting",
    "inventing",
    "readings",
    "inside",
    "inpainting",
    "upscaling",
    "batch",
    "data",
    "reader",
    "weights",
    "zoo",
    "nets",
    "samplers",
    "schedules",
    "world",
    "runs",
    "measures",
    "canvas",
    "pages",
    "events",
    "conversion",
    "holes",
    "images",
    "codecs",
    "samples",
    "palettes",
    "colour",
    "grammar",
    "provenance",
    "texts",
    "memory",
    "computing",
    "devices",
    "files",
    "requests",
    "lock",
    "signals",
    "draws",
    "conventions",
    "refusal",
)
# What a module may take from the package itself: a constant, not a verb.
CONSTANTS = {"__version__"}

Arrow = tuple[str, str]  # (module, module it imports), names without the leading "trombine."


def level(module: str) -> int | None:
    """How far down the page a module stands: its own line, or that of the package it is in."""
    places = [name for name in ORDER if module == name or module.startswith(f"{name}.")]
    return ORDER.index(max(places, key=len)) if places else None


def modules(package: Path) -> dict[str, Path]:
    """Every module of the package by its name without "trombine."; __init__ is the package."""
    files = {path: path.relative_to(package).with_suffix("") for path in package.rglob("*.py")}
    named = {".".join(p.parts).removesuffix(".__init__"): path for path, p in files.items()}
    return {name or "__init__": path for name, path in named.items()}


def arrows(name: str, source: str, known: set[str]) -> Iterator[Arrow]:
    """What this module imports from trombine, inside functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((name, _local(alias.name)) for alias in node.names if _ours(alias.name))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative imports hide where they point"
            if _ours(node.module or ""):
                yield from ((name, target) for target in _targets(node, known))


def _targets(node: ast.ImportFrom, known: set[str]) -> Iterator[str]:
    """The modules that `from trombine.x import a, b` names: x.a where that is a module, else x."""
    base = _local(node.module or "")
    for alias in node.names:
        inner = alias.name if base == "__init__" else f"{base}.{alias.name}"
        if inner in known:
            yield inner
        elif base != "__init__" or alias.name not in CONSTANTS:
            yield base


def _ours(name: str) -> bool:
    return name.partition(".")[0] == "trombine"


def _local(name: str) -> str:
    return name.partition(".")[2] or "__init__"


def upward(found: list[Arrow]) -> list[str]:
    """The arrows that point up the page."""
    return [
        f"{one} imports {other}"
        for one, other in found
        if (level(other) or 0) < (level(one) or 0)  # a module not on the page stands at its top
    ]


@pytest.fixture(scope="module")
def graph(root: Path) -> list[Arrow]:
    """Every import between modules of the package."""
    files = modules(root / "trombine")
    known = set(files)
    return [
        arrow for name, path in files.items() for arrow in arrows(name, path.read_text(), known)
    ]


def test_every_module_has_its_place(root: Path) -> None:
    lost = [name for name in modules(root / "trombine") if level(name) is None]
    assert not lost, f"say in ORDER, and in docs/how-it-is-built.md, where these stand: {lost}"


def test_no_import_points_up(graph: list[Arrow]) -> None:
    assert not upward(graph)


def test_verbs_know_nothing_of_each_other(graph: list[Arrow]) -> None:
    """What two verbs share is in batch/ or further down."""
    between = [arrow for arrow in graph if all(name.startswith("verbs.") for name in arrow)]
    assert not between


def test_no_circle(graph: list[Arrow]) -> None:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for one, other in graph:
        if one != other:
            sorter.add(one, other)
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


KNOWN = {"__init__", "cli", "images", "verbs", "batch.loop", "verbs.world", "data.pack", "data"}


@pytest.mark.parametrize(
    ("module", "line", "refused"),
    [
        ("images", "import trombine.cli", True),
        ("images", "def f():\n    from trombine.verbs import world", True),
        ("images", "from trombine import data_world", True),
        ("batch.loop", "from trombine.verbs.world import run", True),
        ("images", "from trombine import __version__", False),
        ("verbs.world", "from trombine.batch.loop import run", False),
        ("cli", "from trombine import images", False),
        ("images", "import numpy", False),
    ],
)
def test_the_test_sees_an_arrow_upward(module: str, line: str, refused: bool) -> None:
    assert bool(upward(list(arrows(module, line, KNOWN)))) == refused
