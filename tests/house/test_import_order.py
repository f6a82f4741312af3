"""Imports go down the layers, wherever in a file they stand, and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

# Seven layers, each of packages: a module may import from its own layer and from those below.
LAYERS = (
    "studio __main__ cli terminal commands __init__",
    "training eval generation restyling inpainting superres",
    "recipes losses runs activations",
    "data models faces",
    "nets metrics",
    "world",
    "io core report",
)
LAYER = {name: -number for number, names in enumerate(LAYERS) for name in names.split()}


def level(module: str) -> int:
    """How high the layer of a module is."""
    package = module.partition(".")[0]
    assert package in LAYER, f"say in LAYERS, and in docs/architecture.md, where {package} stands"
    return LAYER[package]


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
    upward = [(a, b) for a, others in graph.items() for b in others if level(b) > level(a)]
    assert not upward
    TopologicalSorter({a: others - {a} for a, others in graph.items()}).prepare()


def test_an_import_upward_is_seen() -> None:
    source = "def f():\n    from trombine.commands import world\nimport trombine.cli"
    assert list(imported(source, {"commands.world"})) == ["cli", "commands.world"]
    assert level("cli") > level("data.pack") > level("io.image")
