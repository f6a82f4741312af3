"""How much memory there is: by the system, and by a container's limit."""

from __future__ import annotations

import os
from pathlib import Path

from trombine.core import memory


def test_it_is_some_of_what_the_machine_has() -> None:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < (memory.available() or 0) <= machine


def test_a_container_has_what_its_limit_leaves(tmp_path: Path) -> None:
    assert memory._of_container(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("300\n")
    assert memory._of_container(tmp_path) == 700
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._of_container(tmp_path) is None
