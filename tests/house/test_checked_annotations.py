"""Annotations are checked while tests run: if the hook came off, every other test would pass."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import TypeCheckError

from trombine.conventions import mirror_visible, to_picture


def test_a_wrong_type_is_refused() -> None:
    with pytest.raises((TypeCheckError, BeartypeCallHintViolation)):
        to_picture("a picture")  # pyright: ignore[reportArgumentType]


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises((TypeCheckError, BeartypeCallHintViolation)):
        mirror_visible(np.ones(67, bool))


# Where the compiler is set up, and nothing compiled.
SET_UP = "compiled"


def test_only_kernels_are_left_out(root: Path) -> None:
    """What numba compiles is in kernel*.py, else the hook breaks it; nothing else goes unseen."""
    for path in (root / "trombine").rglob("*.py"):
        taken = imported(path.read_text())
        if path.stem.startswith("kernel"):
            assert taken & {"numba", SET_UP, "kernel"}, f"{path.name} compiles nothing: rename it"
        elif path.stem != SET_UP:
            assert not taken & {"numba", SET_UP}, f"{path.name} compiles: call it kernel_*"


def imported(source: str) -> set[str]:
    """The words in the names of what a module imports when it is imported itself.

    A kernel module may take the compiler from a neighbour: that one counts as the word `kernel`.
    """
    names: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
        elif isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
    words = {part for name in names for part in name.split(".")}
    return words | ({"kernel"} if any(word.startswith("kernel_") for word in words) else set())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from numba import njit", {"numba"}),
        ("import numba.typed", {"numba", "typed"}),
        ("from trombine.kernel_a import b", {"trombine", "kernel_a", "kernel"}),
        ("def f():\n    import numba", set()),
    ],
)
def test_the_test_sees_what_is_imported(source: str, expected: set[str]) -> None:
    assert imported(source) == expected
