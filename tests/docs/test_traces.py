"""The list of what a training step passes is what a training step passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from trace_of_a_step import BEGIN, END, PAGE, filled


@pytest.fixture(scope="module")
def traced(root: Path) -> str:
    """Made anew, in a process without the hooks of the tests."""
    command = [sys.executable, "-W", "error", str(root / "bench" / "trace_of_a_step.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_page_has_the_trace_of_today(traced: str) -> None:
    page = PAGE.read_text()
    assert filled(page, traced) == page, "run python bench/trace_of_a_step.py --write"


def test_it_passes_every_layer(traced: str) -> None:
    for place in ("data/pack.py", "objectives/critics.py", "nets/dcgan.py", "training/steps.py"):
        assert f"({place})" in traced


def test_only_what_is_between_the_marks_is_written() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert filled(page, "new") == f"before\n{BEGIN}\n\n```text\nnew\n```\n\n{END}\nafter\n"
