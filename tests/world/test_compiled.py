"""Painters are compiled once and kept in a folder of ours; without one they paint all the same."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trombine.data.painting import Maker, paint_folder
from trombine.world.compiled import sources


def test_compiled_painters_are_kept_in_our_folder_and_others_where_they_were() -> None:
    program = (
        "import numba, trombine.world.compiled as ours\n"
        "from numba.core import config\n"
        "before = config.CACHE_DIR\n"
        "from trombine.world import face, paint\n"
        "paint(face(0), 16)\n"
        "assert config.CACHE_DIR == before, config.CACHE_DIR\n"
        "from trombine.world.kernel_photo import paint_photo\n"
        "assert paint_photo.stats.cache_path.startswith(ours._folder())\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_folder_is_named_by_all_that_kernels_are_made_of(root: Path) -> None:
    """Of what is none of it, such as who is painted, a change compiles nothing anew."""
    named = {path.relative_to(root).with_suffix("").as_posix() for path in sources()}
    for path in (root / "trombine").glob("**/kernel_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trombine"):
                module = str(node.module).replace(".", "/")
                within = {f"{module}/{alias.name}" for alias in node.names}
                assert module in named or within <= named, (path.name, node.module)


DOUBLED = """
from trombine.world.compiled import kernel

@kernel
def doubled(x):
    return x + x

assert doubled(2.0) == 4.0
print(doubled.stats.cache_path)
"""


def compiled(folder: Path, cache: Path) -> str:
    """Where a painter, compiled in a fresh process, is kept; `None` where it is not."""
    (folder / "mine.py").write_text(DOUBLED)
    environment = os.environ | {"TROMBINE_CACHE": str(cache)}
    call = [sys.executable, "-B", "-W", "error", "-m", "mine"]
    done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_painters_are_compiled_where_no_cache_can_be_and_leave_nothing(tmp_path: Path) -> None:
    """A file where the cache's folder would be: it works, and nothing is put beside the code."""
    cache = tmp_path / "cache"
    cache.write_text("a file")
    assert compiled(tmp_path, cache) == "None"
    assert {path.name for path in tmp_path.rglob("*")} == {"cache", "mine.py"}


def test_a_cache_that_cannot_be_written_is_one_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Painting goes on without a cache, and says once how to have one."""
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("TROMBINE_CACHE", str(tmp_path / "cache"))
    leaves = Maker(kind="leaves", size=16)
    paint_folder(tmp_path / "out", leaves, first_seed=0, count=2, workers=1)
    (notice,) = caplog.messages
    assert "until TROMBINE_CACHE names a folder that can be" in notice
