"""Imports go down the list below only, wherever in a file they stand, and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

# The page is read from the top: a module may import what stands below it, or beside it in one
# package. A dotted entry places a module below or above the rest of its package.
PAGE = """
studio.worker __main__ cli terminal verbs.studio studio __init__ verbs commands sweeps
training objectives recipes judge restyling inpainting inventing readings inside
upscaling data reader weights zoo nets samplers schedules world runs measures canvas
report holes grammar io.batch record progress texts memory
computing devices io draws conventions refusal
"""
ORDER: Sequence[str] = PAGE.split()


def level(module: str) -> int:
    """How far down the page a module stands: its own place, or that of the package it is in."""
    places = [name for name in ORDER if module == name or module.startswith(f"{name}.")]
    assert places, f"say in ORDER, and in docs/architecture.md, where {module} stands"
    return ORDER.index(max(places, key=len))


def imported(source: str, known: set[str]) -> Iterator[str]:
    """What a module imports from trombine, inside functions too; names without "trombine."."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name[9:] in known else node.module or "" for name in names]
            wanted = {alias.name for alias in node.names} - known - {"__version__"}
            if node.module == "trombine" and wanted:  # a verb's function
                names.append("trombine.__init__")
        else:
            continue
        yield from (name[9:] for name in names if name.startswith("trombine."))


def test_imports_go_down_and_in_no_circle(root: Path) -> None:
    package = root / "trombine"
    files = {path: path.relative_to(package).with_suffix("") for path in package.rglob("*.py")}
    named = {".".join(p.parts).removesuffix(".__init__"): path for path, p in files.items()}
    graph = {name: set(imported(path.read_text(), set(named))) for name, path in named.items()}
    upward = [(a, b) for a, others in graph.items() for b in others if level(b) < level(a)]
    assert not upward
    TopologicalSorter({a: others - {a} for a, others in graph.items()}).prepare()


def test_an_import_upward_is_seen() -> None:
    source = "def f():\n    from trombine.verbs import world\nimport trombine.cli"
    assert list(imported(source, {"verbs.world"})) == ["cli", "verbs.world"]
    assert level("cli") < level("verbs.world") < level("io.image")
