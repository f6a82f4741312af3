"""Painters, shipped nets, verbs and trainings give what they gave; make.py makes that again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases import CASES, FITTED, Values
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


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        ({"a": "x"}, {"a": "y"}, ["a: y, not x"]),
        ({"a": [1.0, 1e-4]}, {"a": [1.0 + 1e-6, 1e-4 + 1e-8]}, []),
        ({"a": [1.0, 1e-4]}, {"a": [1.0, 1.5e-4]}, ["a: 0.00015, not 0.0001"]),
        ({"a": 1.0}, {"a": 1.01}, ["a: 1.01, not 1"]),
        ({"a": 1.0}, {"a": float("nan")}, ["a: nan, not 1"]),
        ({"a": 1.0}, {"b": 1.0}, ["a is gone", "b is new"]),
        ({"a": 1.0}, {"a": [1.0, 1.0]}, ["a: (2,) of float64, not (1,) of float64"]),
    ],
)
def test_what_differs_is_said(wanted: Values, found: Values, said: list[str]) -> None:
    assert list(differences(wanted, found)) == said


def test_a_level_is_no_difference_and_two_are() -> None:
    grey = np.full((2, 2, 3), 128, np.uint8)
    other = grey.copy()
    other[0, 0, 0] += 1
    assert not list(differences({"a": grey}, {"a": other}))
    other[0, 0, 0] += 1
    (said,) = differences({"a": grey}, {"a": other})
    assert said == "a: 8.33% of the samples differ, by up to 2 levels"
    assert list(differences({"a": grey[..., 0]}, {"a": other[..., 0]}))
