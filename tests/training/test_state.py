"""A State that was written as a checkpoint and read back is the same State, in every field."""

from __future__ import annotations

import dataclasses
import json

import torch

from trombine.recipes import with_settings
from trombine.training.config import choose
from trombine.training.methods import find, objective_of
from trombine.training.state import Best, PhaseState, State, fresh

SMALL = {"width": "4", "depth": "1", "levels": "1", "size": "32", "precision": "float32"}
TENSORS = {"nets", "optimisers", "averages", "pools"}


def sharpener(seed: int) -> State:
    recipe = with_settings(find("sharpener-x2"), {**SMALL, "seed": str(seed)})
    objective = objective_of(recipe)
    return fresh(recipe, objective, choose(recipe), torch.device("cpu"))


def as_saved(state: State) -> State:
    """What a fresh process makes of this state's checkpoint."""
    tensors = {name: tensor.clone() for name, tensor in state.tensors().items()}
    plain = json.loads(json.dumps(state.plain()))
    resumed = sharpener(seed=5)
    assert resumed.load(tensors, plain)
    return resumed


def in_the_middle() -> State:
    """A state in which no plain field has the value that it begins with."""
    state = sharpener(seed=4)
    for phase in state.phases:
        state.phases[phase] = PhaseState(began=8, ended=64, steps=7, best={"PSNR-Y": 21.5})
    for number, alarm in enumerate(state.alarms.values()):
        alarm.load(dict.fromkeys(alarm.state(), number + 1.0))
    state.pictures, state.lines, state.seconds = 96, 31, 12.5
    state.ramps = {"net/logistic": 0.375}
    state.sums = {"net/l1": (1.5, 6)}
    state.measured = {"PSNR-Y": 22.5}
    state.best = Best(measure="PSNR-Y", value=22.5, pictures=80)
    return state


def test_every_field_and_tensor_comes_back() -> None:
    state = in_the_middle()
    resumed, begun = as_saved(state), sharpener(seed=4)
    for name in {one.name for one in dataclasses.fields(State)} - TENSORS - {"alarms"}:
        assert getattr(resumed, name) == getattr(state, name), name
        assert getattr(state, name) != getattr(begun, name), f"{name}: the example shows nothing"
    alarms = {name: alarm.state() for name, alarm in state.alarms.items()}
    assert {name: alarm.state() for name, alarm in resumed.alarms.items()} == alarms
    assert alarms != {name: alarm.state() for name, alarm in begun.alarms.items()}
    ours, theirs = state.tensors(), resumed.tensors()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(theirs[name], tensor) for name, tensor in ours.items())
