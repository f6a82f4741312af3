"""Painters, shipped nets, verbs and trainings give what they gave; make.py makes that again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases import CASES, FITTED, Value
from results import differences, kept, stem, stored
from trainings import TRAININGS

# Nets that others call, and a case in which they do; and one whose styles are cases.
WITHIN = {"completion": "inpaint", "finder": "reader", "refiner": "reader"}
WITHIN |= {"restyle": "restyle anime", "witness": "judge restoration"}


@pytest.mark.parametrize("name", CASES)
def test_it_is_as_before(name: str, tmp_path: Path) -> None:
    said = list(differences(kept(name), CASES[name](tmp_path), name in FITTED))
    assert not said, "where this is meant, python tests/golden/make.py makes the results again"


def test_every_case_has_a_result_and_every_result_a_case() -> None:
    assert set(stored()["cases"]) == set(CASES)
    assert len({stem(case) for case in CASES}) == len(CASES), "pictures of two have the same name"


def test_every_shipped_model_and_every_objective_has_a_case(root: Path) -> None:
    from trombine.training.methods import RECIPES

    shipped = {path.stem for path in (root / "trombine" / "models" / "zoo").glob("*.safetensors")}
    assert shipped <= CASES.keys() | WITHIN.keys() and set(WITHIN.values()) <= CASES.keys()
    trained = {RECIPES[asked.split()[0]].objective for asked in TRAININGS.values()}
    assert trained == {recipe.objective for recipe in RECIPES.values()}


GREY = np.full((2, 2, 3), 128, np.uint8)


@pytest.mark.parametrize(
    ("wanted", "found", "is_same"),
    [
        ("x", "y", False),
        ([1.0, 1e-4], [1.0 + 1e-6, 1e-4 + 1e-8], True),
        ([1.0, 1e-4], [1.0, 1.5e-4], False),
        (1.0, float("nan"), False),
        (1.0, [1.0, 1.0], False),
        (GREY, GREY + np.uint8(1), True),
        (GREY, GREY + np.uint8(2), False),
        (GREY[..., 0], GREY[..., 0] + np.uint8(1), False),
    ],
)
def test_rounding_is_no_difference_and_all_else_is(
    wanted: Value, found: Value, is_same: bool
) -> None:
    assert bool([*differences({"a": wanted}, {"a": found})]) != is_same
    assert [*differences({"a": wanted}, {"b": found})] == ["a is gone", "b is new"]
