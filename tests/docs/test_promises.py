"""Each promise of docs/architecture.md names a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TEST = re.compile(r"^\| .* \| `([\w/]+\.py)::(test_\w+)` \|$", re.MULTILINE)


def test_each_promise_names_a_test_that_is_there(root: Path) -> None:
    promises = TEST.findall((root / "docs" / "architecture.md").read_text())
    assert len(promises) > 10
    for file, name in promises:
        tree = ast.parse((root / "tests" / file).read_text())
        assert name in {getattr(node, "name", None) for node in tree.body}, (file, name)
