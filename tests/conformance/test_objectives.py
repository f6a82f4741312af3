"""What every objective keeps to."""

from __future__ import annotations

import copy
from importlib import import_module
from typing import Any

import pytest

from trombine.losses.objective import Objective
from trombine.models import TASKS
from trombine.training.methods import METHODS, RECIPES, objective_class, objective_of
from trombine.training.methods.inpaint import PaintingObjective
from trombine.training.methods.restore import RestoringObjective


@pytest.mark.parametrize("name", RECIPES)
def test_an_objective_says_what_it_is(name: str) -> None:
    objective = objective_of(RECIPES[name])
    phases = objective.phases()
    assert set(objective.roles) == set(RECIPES[name].nets) and objective.main in objective.roles
    assert {role for phase in phases for role in phase.learns} == set(objective.roles)
    assert len({phase.name for phase in phases}) == len(phases)
    assert {phase.after for phase in phases} <= {"", *(phase.name for phase in phases)}
    assert objective.measures and set(objective.streams) <= {"data", "other", "real"}
    assert objective.main in objective.exports and set(objective.exports.values()) <= set(TASKS)
    alarms = [alarm.name for alarm in objective.alarms()]
    assert len(set(alarms)) == len(alarms) and "not finite" in alarms


@pytest.mark.parametrize("name", RECIPES)
def test_it_holds_nothing_that_changes(name: str) -> None:
    """Asked twice, it gives new alarms and pools, and is as it was."""
    objective = objective_of(RECIPES[name])
    before = copy.deepcopy({key: str(value) for key, value in vars(objective).items()})
    first, second = objective.alarms(), objective.alarms()
    assert not {id(alarm) for alarm in first} & {id(alarm) for alarm in second}
    pools: Any = (objective.pools(), objective.pools())
    assert all(pools[0][key] is not pools[1][key] for key in pools[0])
    assert [phase.name for phase in objective.phases()] == [p.name for p in objective.phases()]
    after = {key: str(value) for key, value in vars(objective).items()}
    assert after == before


def test_a_class_is_abstract_or_final() -> None:
    for kind in map(objective_class, METHODS):
        assert kind.__bases__ in ((Objective,), (PaintingObjective,), (RestoringObjective,))
        assert getattr(kind, "__final__", False)
    assert Objective.__abstractmethods__


@pytest.mark.parametrize("method", METHODS)
def test_the_table_names_the_recipes_of_a_method(method: str) -> None:
    file, _, names = METHODS[method]
    presets = import_module(f"trombine.training.methods.{file}").PRESETS
    assert list(presets) == names.split()
    assert {recipe.objective for recipe in presets.values()} == {method}
