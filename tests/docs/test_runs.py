"""docs/train.md names every file of a run's folder and every kind of line in its log."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from trombine.runs.folder import RunFolder


def test_every_file_is_in_the_listing(root: Path) -> None:
    listing = (
        (root / "docs" / "train.md").read_text().split("```text\nruns/first/")[1].split("```")[0]
    )
    held = vars(RunFolder(Path("run"))).items()
    names = {path.name for key, path in held if key != "path"}
    assert len(names) == 11
    assert [name for name in names if name not in listing] == []


def test_every_kind_of_line_is_in_the_table(root: Path) -> None:
    """Those that the reader of logs knows, and those that training writes."""
    text = (root / "docs" / "train.md").read_text().split("| kind of line in log.jsonl |")[1]
    table = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    read = (root / "trombine" / "runs" / "log.py").read_text()
    known = re.findall(r"^    (\w+)  ", (ast.get_docstring(ast.parse(read)) or ""), re.MULTILINE)
    written = {
        kind
        for path in (root / "trombine" / "training").glob("*.py")
        for kind in re.findall(r"\blog\(state, \"(\w+)\"", path.read_text())
    }
    assert set(table) == set(known) and len(written) > 5
    assert written - set(table) == set()
