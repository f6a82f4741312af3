"""What a seed makes, and the name of the painter that made it."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import numpy as np
import pytest

from trombine.data import made
from trombine.data.made import Maker, painter_hash
from trombine.world import face, paint, to_vector


def test_a_pair_is_one_face_in_two_styles() -> None:
    sample = Maker(kind="world", styles=("sketch", "photo"), size=24).make(5)
    assert sample.vector is not None
    assert (sample.vector == to_vector(face(5))).all()
    for side, style in zip(sample.sides, ("sketch", "photo"), strict=True):
        truth = paint(face(5), 24, style)
        assert side.style == style and (side.pixels == truth.pixels).all()
        assert side.points is not None
        assert np.abs(side.points - truth.points).max() <= 0.0005 + 1e-6
        # A thousandth of a pixel: as text and as float32 it is the same number.
        assert (
            np.array([f"{p:.3f}" for p in side.points.flat], np.float32) == side.points.flat
        ).all()


def test_the_painters_hash_covers_all_that_painters_import(root: Path) -> None:
    """Else pictures of an older painter would be taken from the cache."""
    # Where caches lie, and who may write there, determines no pixel.
    covered = ("trombine.world", "trombine.core.conventions", "trombine.io.files")
    for path in (root / "trombine" / "world").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in getattr(node, "names", []) if "." in alias.name]
            ours = [module for module in modules if module.startswith("trombine")]
            assert all(module.startswith(covered) for module in ours), (path, ours)


def test_another_painter_has_another_hash(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "trombine"
    shutil.copytree(root / "trombine", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(made.trombine, "__file__", str(copy / "__init__.py"))
    fresh = painter_hash.__wrapped__
    before = fresh()
    assert len(before) == 16 and fresh() == before
    (copy / "cli.py").write_text("")
    assert fresh() == before
    with (copy / "world" / "__init__.py").open("a") as file:
        file.write("# another\n")
    assert fresh() != before
