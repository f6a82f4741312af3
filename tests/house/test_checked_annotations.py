"""Annotations are checked while tests run: if the hook came off, every other test would pass."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeCallHintViolation
from checking import checked, jaxtyped
from jaxtyping import Float, TypeCheckError

from trombine.conventions import mirror_visible, to_picture


def test_a_wrong_type_is_refused() -> None:
    with pytest.raises((TypeCheckError, BeartypeCallHintViolation)):
        to_picture("a picture")  # pyright: ignore[reportArgumentType]


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises((TypeCheckError, BeartypeCallHintViolation)):
        mirror_visible(np.ones(67, bool))


# The same functions under the hook of the tests and under jaxtyping's own, which is the oracle.
Check = Callable[[Any], Any]
Row = Float[np.ndarray, "n"]


def plain(one: int, *more: int, scale: float = 1, **named: str) -> str:
    return "" if one else more  # pyright: ignore[reportReturnType]


def axes(a: Row, b: Row | None) -> Row:
    return a if b is None else a[1:]


def generator(one: int) -> Iterator[int]:
    yield one


def result_of_another_kind(one: int) -> list[str]:
    return [one]  # pyright: ignore[reportReturnType]


def named_for_pyright_alone(one: int, two: Nowhere) -> Nowhere:  # pyright: ignore
    return two


@dataclass(frozen=True)
class Held:
    count: int
    row: Row
    names: tuple[str, ...] = ()


class Method:
    def __init__(self, one: int) -> None:
        self.one = one


FUNCTIONS = (plain, axes, generator, result_of_another_kind, named_for_pyright_alone)
ROW, LONG, SQUARE = np.zeros(3), np.zeros(4), np.zeros((2, 2))
CALLS = [
    *[((1,), {}), (("a",), {}), ((0,), {}), ((1, 2, 3), {}), ((1, 2, "3"), {}), ((), {})],
    *[((1,), {"scale": 2}), ((1,), {"scale": "2"}), ((1,), {"name": "a"}), ((1,), {"name": 2})],
    *[((ROW, None), {}), ((ROW, ROW), {}), ((ROW, LONG), {}), ((SQUARE, None), {}), ((1, 2), {})],
    *[((1, ROW), {}), ((1, ROW, ("a",)), {}), ((1, ROW, (1,)), {}), ((1, SQUARE), {})],
    *[((1,), {"row": ROW}), (("a",), {"row": ROW}), ((ROW.astype(int), None), {})],
]


def within(check: Check, function: Any) -> Any:
    """The function as if it were made inside another, twice: the second knows of the first."""
    made: Any = None
    for _ in range(2):
        made = type(function)(
            function.__code__, function.__globals__, "f", function.__defaults__, None
        )
        made.__kwdefaults__, made.__annotations__ = (
            function.__kwdefaults__,
            function.__annotations__,
        )
        made.__qualname__ = "outer.<locals>.f"
        made = check(made)
    return made


def copied(check: Check, kind: type) -> Any:
    """The class anew, with what a check changes in it."""
    made: Any = type(kind.__name__, (), dict(vars(kind)))
    if kind is Method:
        made.__init__ = check(vars(kind)["__init__"])
    return check(made)


def outcomes(check: Check) -> list[tuple[str, ...]]:
    """What each call of each function comes to: done or refused."""
    made = [
        *(check(function) for function in FUNCTIONS),
        *(within(check, function) for function in FUNCTIONS),
        *(copied(check, kind) for kind in (Held, Method)),
    ]

    def outcome(function: Any, args: Any, kwargs: Any) -> str:
        try:
            function(*args, **kwargs)
        except (TypeCheckError, BeartypeCallHintViolation, TypeError):
            return "refused"
        return "done"

    return [tuple(outcome(f, *call) for call in CALLS) for f in made for _ in range(2)]


def test_what_is_refused_is_what_jaxtyping_refuses() -> None:
    found = outcomes(checked)
    checker = beartype(conf=BeartypeConf(is_pep484_tower=True))
    assert found == outcomes(lambda thing: jaxtyped(thing, typechecker=checker))
    assert found.count(("refused",) * len(CALLS)) == 4, "the result of another kind, always"
    assert all("refused" in row for row in found)


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
