"""The walks in docs/how-it-is-built.md are those of today, and short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from walks import MOST, PAGE, WALKS, filled


@pytest.fixture(scope="module")
def walks(root: Path) -> dict[str, list[str]]:
    """Made anew, in a process without the hooks of the tests."""
    command = [sys.executable, "-W", "error", str(root / "bench" / "walks.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    blocks = (block.splitlines() for block in done.stdout.strip().split("\n\n"))
    return {block[0].partition(": ")[0]: block[1:] for block in blocks}


def test_the_page_has_the_walks_of_today(walks: dict[str, list[str]]) -> None:
    page = PAGE.read_text()
    assert walks.keys() == WALKS.keys() == set(re.findall("<!-- walk: (.*) -->", page))
    assert filled(page, walks) == page, "run python bench/walks.py --write"


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_is_short(name: str, walks: dict[str, list[str]]) -> None:
    assert 5 < len(walks[name]) < MOST


def test_a_training_step_passes_every_layer(walks: dict[str, list[str]]) -> None:
    walk = "\n".join(walks["a step of a DCGAN"])
    for place in (
        "data/pack.py",
        "objectives/adversarial.py",
        "nets/dcgan.py",
        "training/steps.py",
    ):
        assert f"({place})" in walk


def test_only_what_is_between_the_marks_is_written() -> None:
    begin, end = "<!-- walk: a -->", "<!-- /walk -->"
    page = f"before\n{begin}\nold\n{end}\nafter\n"
    wanted = f"before\n{begin}\n\n```text\nnew\n```\n\n{end}\nafter\n"
    assert filled(page, {"a": ["new"]}) == wanted
