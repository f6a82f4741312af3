"""A step is a function of State and batch: of nothing else, and it changes nothing else."""

from __future__ import annotations

import copy
import os
import random
import subprocess
import sys
import types
import warnings
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pytest
import torch

from trombine.recipes import with_settings
from trombine.runs import checkpoints
from trombine.training.launch import Mesh
from trombine.training.machine import choose
from trombine.training.material import Material, endless, open_material, step_of
from trombine.training.methods import find, objective_of
from trombine.training.state import State, fresh
from trombine.training.steps import Plan, advance, update_phases

# What is stepped: two nets, batch norm, a pool, a penalty, averages.
SETTINGS = {
    "data": "leaves#48",
    "size": "16",
    "batch": "4",
    "width": "4",
    "latent": "4",
    "pool": "0.5",
    "ema": "20",
    "threads": "1",
}


def kit() -> tuple[Plan, State, Material]:
    recipe = with_settings(find("dcgan"), SETTINGS)
    objective, machine = objective_of(recipe), choose(recipe)
    plan = Plan(
        recipe=recipe,
        objective=objective,
        phases=objective.phases(),
        machine=machine,
        mesh=Mesh(),
    )
    material = open_material(recipe, objective.streams)
    return plan, fresh(recipe, objective, machine, plan.mesh.device), material


def stepped(plan: Plan, state: State, material: Material, steps: int) -> bytes:
    """All of the state after so many more steps."""
    feed = endless(plan.recipe, material, state)
    for _ in range(steps):
        list(update_phases(state, plan.phases))
        advance(state, plan, step_of(plan, state, material, next(feed)))
    return checkpoints.encode(state.tensors(), state.plain())


def decoded(data: bytes) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    with NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(data)
        return checkpoints.load(path)


def disturbed() -> None:
    """Other work in the same process: chance drawn, nets trained, defaults used."""
    torch.manual_seed(99)
    torch.rand(1000)
    np.random.seed(7)
    np.random.rand(10)
    random.random()
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))
    net(torch.rand(2, 3, 8, 8)).sum().backward()


def test_equal_states_stay_equal_whatever_else_the_process_did() -> None:
    plan, state, material = kit()
    middle = stepped(plan, state, material, 2)
    end = stepped(plan, state, material, 3)
    disturbed()
    plan, other, material = kit()
    disturbed()
    other.load(*decoded(middle))
    disturbed()
    assert stepped(plan, other, material, 3) == end


IN_A_FRESH_PROCESS = """
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile
sys.path.insert(0, sys.argv[1])
import torch
torch.manual_seed(5)
from test_function import checkpoints, kit, stepped
plan, state, material = kit()
state.load(*checkpoints.load(Path(sys.argv[2])))
Path(sys.argv[3]).write_bytes(stepped(plan, state, material, 3))
"""


def test_a_fresh_process_takes_the_same_steps(tmp_path: Path) -> None:
    plan, state, material = kit()
    middle, end = tmp_path / "middle.safetensors", tmp_path / "end.safetensors"
    middle.write_bytes(stepped(plan, state, material, 2))
    words = [sys.executable, "-c", IN_A_FRESH_PROCESS, Path(__file__).parent, middle, end]
    subprocess.run([*map(str, words)], check=True, timeout=600)
    assert end.read_bytes() == stepped(plan, state, material, 3)


def surroundings() -> dict[str, Any]:
    """What a process has that a step could change besides its State.

    Python's own chance is left out: the checks of annotations draw from it.
    """
    numbers = np.random.get_state()
    return {
        "torch's chance": torch.get_rng_state().tolist(),
        "numpy's chance": [np.asarray(part).tolist() for part in numbers],
        "gradients on": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "type": torch.get_default_dtype(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "folder": Path.cwd(),
        "modules": module_level(),
    }


def module_level() -> dict[str, Any]:
    """Every dict, list and set that a module of trombine has at its top."""
    modules = [m for name, m in sys.modules.items() if name.startswith("trombine.")]
    return {
        f"{module.__name__}.{name}": copy.copy(value)
        for module in modules
        if isinstance(module, types.ModuleType)
        for name, value in vars(module).items()
        if isinstance(value, dict | list | set) and not name.startswith("__")
    }


def test_a_step_changes_nothing_outside_its_state() -> None:
    plan, state, material = kit()
    stepped(plan, state, material, 1)  # what is loaded at the first use is loaded now
    before = surroundings()
    objective = copy.deepcopy(vars(plan.objective)).keys()
    stepped(plan, state, material, 2)
    after = surroundings()
    assert [name for name in before if before[name] != after[name]] == []
    assert vars(plan.objective).keys() == objective


def test_chance_is_keyed_by_place_and_rollbacks_and_not_by_time() -> None:
    plan, state, material = kit()
    first = stepped(plan, state, material, 1)
    plan, again, material = kit()
    again.rollbacks = 1
    second = stepped(plan, again, material, 1)
    assert decoded(first)[0].keys() == state.tensors().keys()
    tensors = decoded(first)[0], decoded(second)[0]
    assert any(not torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_a_loaded_state_lies_in_memory_as_the_first_did(layout: str) -> None:
    """Fused optimisers walk weights and moments side by side."""
    recipe = with_settings(find("dcgan"), {**SETTINGS, "layout": layout})
    objective, machine = objective_of(recipe), choose(recipe)
    plan = Plan(
        recipe=recipe, objective=objective, phases=objective.phases(), machine=machine, mesh=Mesh()
    )
    material = open_material(recipe, objective.streams)
    state = fresh(recipe, objective, machine, plan.mesh.device)
    data = stepped(plan, state, material, 2)
    other = fresh(recipe, objective, machine, plan.mesh.device)
    other.load(*decoded(data))
    ours, theirs = state.tensors(), other.tensors()
    kept = [name for name in ours if not name.startswith("pools/")]
    assert {n: ours[n].stride() for n in kept} == {n: theirs[n].stride() for n in kept}
    moments = [n for n in kept if n.endswith("exp_avg") and ours[n].ndim == 4]
    wide = [ours[n].is_contiguous(memory_format=torch.channels_last) for n in moments]
    assert all(wide) == (layout == "channels_last")
    assert checkpoints.encode(ours, state.plain()) == checkpoints.encode(theirs, other.plain())
    assert stepped(plan, state, material, 2) == stepped(plan, other, material, 2)
