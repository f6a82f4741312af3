"""The witness judges finished work: what trains or repairs must not know of it."""

from __future__ import annotations

from pathlib import Path

# Where its name stands: its recipe, what refuses it, and the command by
# which one may choose to judge by it.
KNOWN = {
    "training/methods/__init__.py",
    "training/methods/reader.py",
    "training/state.py",
    "commands/judge.py",
}
KNOWN |= {"losses/terms.py"}
# These judge a result that is made; nothing of the result is by it.
KNOWN |= {"superres/report.py", "commands/generate.py", "commands/morph.py"}


def test_only_judges_name_the_witness(root: Path) -> None:
    package = root / "trombine"
    named = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "witness" in path.read_text() and "eval" not in path.relative_to(package).parts
    }
    assert named == KNOWN
