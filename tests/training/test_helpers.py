"""Nets that an objective uses and does not train: put where the run computes, and held still."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from families import order

from trombine.recipes import with_settings
from trombine.training.launch import Mesh
from trombine.training.machine import choose
from trombine.training.material import endless, open_material, step_of
from trombine.training.methods import objective_of
from trombine.training.methods.restore import RestoreObjective
from trombine.training.state import fresh
from trombine.training.steps import advance, plan_of

JUDGE = {"judge": "upscale-fast-x2", "layers": "body.0", "perceptual": "1", "augment": "none"}


def test_a_helper_stands_still_while_the_net_learns_through_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even one that somebody has set to learn."""
    recipe = with_settings(order("restore", Path("unused")).recipe, JUDGE)
    objective, machine = objective_of(recipe), replace(choose(recipe), precision="float64")
    mesh = Mesh(device=torch.device("cpu"))
    plan = plan_of(recipe, objective, machine, mesh)
    helper = objective.helpers()["judge"]
    assert {parameter.dtype for parameter in helper.parameters()} == {torch.float64}
    helper.requires_grad_(True).train()
    held: list[bool] = []
    terms = RestoreObjective.terms

    def watched(self: RestoreObjective, *given: Any) -> Any:
        held.extend(p.requires_grad or helper.training for p in helper.parameters())
        return terms(self, *given)

    monkeypatch.setattr(RestoreObjective, "terms", watched)
    state, before = fresh(recipe, objective, machine, mesh.device), helper.state_dict()
    before = {name: tensor.clone() for name, tensor in before.items()}
    phases = tuple(replace(phase, terms=objective.phases()[0].terms) for phase in plan.phases)
    state.phases["restore"].began = 0
    material = open_material(recipe, objective.streams)
    step = step_of(plan, state, material, next(endless(recipe, material, state)))
    advance(state, replace(plan, phases=phases), step)
    assert state.sums["restore/perceptual"][0] > 0
    assert held and not any(held)
    assert all(torch.equal(before[name], now) for name, now in helper.state_dict().items())
