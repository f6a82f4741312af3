"""Each promise of docs/promises.md names a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def promises(root: Path) -> list[str]:
    """The rows of the page's tables, without their heads."""
    lines = (root / "docs" / "promises.md").read_text().splitlines()
    return [
        line
        for line in lines
        if line.startswith("| ") and not line.startswith(("| ---", "| promise"))
    ]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_promise_names_a_test_that_is_there(root: Path) -> None:
    rows = promises(root)
    assert len(rows) > 40
    for row in rows:
        match = TEST.search(row)
        assert match, f"no test for: {row}"
        assert match[2] in functions_of(root / "tests" / match[1]), row
