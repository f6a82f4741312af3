"""A step is a function of State and batch: of nothing else, and it changes nothing else."""

from __future__ import annotations

import copy
import os
import random
import sys
import types
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import Kit, order, texts

from trombine.recipes import with_settings
from trombine.runs import checkpoints
from trombine.training.methods import find
from trombine.training.methods.restore import RestoreObjective

# What is stepped: two nets, batch norm, a pool, a penalty, averages.
SETTINGS = texts("data=leaves#48 size=16 batch=4 width=4 latent=4 pool=0.5 ema=20 threads=1")


def begun(**settings: str) -> Kit:
    return Kit(with_settings(find("dcgan"), {**SETTINGS, **settings}))


def disturbed() -> None:
    """Other work in the same process: chance drawn, nets trained, defaults used."""
    torch.manual_seed(99)
    np.random.seed(7)
    random.random()
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))
    net(torch.rand(2, 3, 8, 8)).sum().backward()


def test_equal_states_stay_equal_whatever_else_a_process_did(tmp_path: Path) -> None:
    kit, middle = begun(), tmp_path / "middle.safetensors"
    middle.write_bytes(kit.take(2))
    wanted = kit.take(3)
    disturbed()
    other = begun()
    disturbed()
    other.state.load(*checkpoints.load(middle))
    assert other.take(3) == wanted


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
    kit = begun()
    kit.take()  # what is loaded at the first use is loaded now
    before, objective = surroundings(), vars(kit.plan.objective).keys()
    kit.take(2)
    after = surroundings()
    assert [name for name in before if before[name] != after[name]] == []
    assert vars(kit.plan.objective).keys() == objective


def test_a_loaded_state_lies_in_memory_as_the_first_did(tmp_path: Path) -> None:
    """Fused optimisers walk weights and moments side by side."""
    kit, other = begun(), begun()
    (tmp_path / "state").write_bytes(kit.take(2))
    other.state.load(*checkpoints.load(tmp_path / "state"))
    ours, theirs = kit.state.tensors(), other.state.tensors()
    kept = [name for name in ours if not name.startswith("pools/")]
    assert {n: ours[n].stride() for n in kept} == {n: theirs[n].stride() for n in kept}
    moments = [n for n in kept if n.endswith("exp_avg") and ours[n].ndim == 4]
    wide = [ours[n].is_contiguous(memory_format=torch.channels_last) for n in moments]
    assert moments and all(wide)
    assert kit.take(2) == other.take(2)


def test_a_helper_stands_still_while_the_net_learns_through_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even one that somebody has set to learn."""
    judge = {"judge": "upscale-fast-x2", "layers": "body.0", "perceptual": "1", "augment": "none"}
    recipe = with_settings(order("restore", Path("unused")).recipe, judge)
    kit = Kit(replace(recipe, precision="float64"), begun=True)
    helper = kit.plan.objective.helpers()["judge"]
    assert {parameter.dtype for parameter in helper.parameters()} == {torch.float64}
    helper.requires_grad_(True).train()
    held: list[bool] = []
    compared = RestoreObjective.compared

    def watched(self: RestoreObjective, *given: Any) -> Any:
        held.extend(p.requires_grad or helper.training for p in helper.parameters())
        return compared(self, *given)

    monkeypatch.setattr(RestoreObjective, "compared", watched)
    before = {name: tensor.clone() for name, tensor in helper.state_dict().items()}
    kit.take()
    assert kit.state.sums["restore/perceptual"][0] > 0
    assert held and not any(held)
    assert all(torch.equal(before[name], now) for name, now in helper.state_dict().items())
