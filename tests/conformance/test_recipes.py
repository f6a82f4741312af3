"""Every recipe, a few steps of it: a phase trains all that it should, and nothing else."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_recipes import CASES, shrunk

from trombine.losses.objective import Phase, Step, Terms
from trombine.models import TASKS
from trombine.training.config import choose
from trombine.training.launch import Mesh
from trombine.training.material import Material, feed_of, open_material, step_of
from trombine.training.methods import RECIPES, objective_of
from trombine.training.methods import reader as read
from trombine.training.methods.restore import RestoreObjective
from trombine.training.state import PhaseState, State, fresh
from trombine.training.step import Plan, advance

Kit = tuple[Plan, State, Iterator[Any], Material]

_BEGUN: dict[str, tuple[State, Material]] = {}


def begun(case: str, folder: Path) -> Kit:
    """Its plan, a state that has taken two steps of every phase, and more pictures.

    These steps are taken once: each test has a copy of the state, and a plan of its own, so that a
    bug which was planted since is in it.
    """
    recipe = shrunk(case, folder)
    objective, machine = objective_of(recipe), choose(recipe)
    phases = objective.phases()
    plan = Plan(recipe=recipe, objective=objective, phases=phases, machine=machine, mesh=Mesh())
    if case not in _BEGUN:
        state = fresh(recipe, objective, machine, plan.mesh.device)
        material = open_material(recipe, objective.streams)
        feed = feed_of(plan, state, material)
        state.phases = {phase.name: PhaseState(began=0) for phase in phases}
        for _ in range(2):
            advance(state, plan, step_of(plan, state, material, next(feed)))
        _BEGUN[case] = state, material
    state, material = _BEGUN[case]
    state = copy.deepcopy(state)
    return plan, state, feed_of(plan, state, material), material


def copied(state: State) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.tensors().items()}


def changed(before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor]) -> set[str]:
    """The names of the tensors that are no longer what they were, or that are new."""
    gone = {n for n in before.keys() & after.keys() if not torch.equal(before[n], after[n])}
    return gone | (before.keys() ^ after.keys())


def only(state: State, phase: Phase) -> None:
    """Let this phase alone be under way, and due."""
    for name in state.phases:
        state.phases[name] = PhaseState(began=0 if name == phase.name else None)


def learns(phase: Phase, name: str) -> bool:
    """Whether the phase is to move this parameter of a net of its."""
    return not phase.parts or name.partition(".")[0] in phase.parts


def parameters(state: State, phase: Phase) -> set[str]:
    return {
        f"nets/{role}/{name}"
        for role in phase.learns
        for name, _ in state.nets[role].named_parameters()
        if learns(phase, name)
    }


def may_change(state: State, phase: Phase) -> tuple[str, ...]:
    """How the names begin of all that a phase may change."""
    found = ["averages/", "pools/"]
    for role in phase.learns:
        found += [f"nets/{role}/{part}." for part in phase.parts] or [f"nets/{role}/"]
        names = enumerate(name for name, _ in state.nets[role].named_parameters())
        found += [f"optimisers/{role}/{place}/" for place, name in names if learns(phase, name)]
    return tuple(found)


def cannot_learn(plan: Plan, phase: Phase, name: str) -> bool:
    """What no gradient reaches, by algebra: critics of differences do not see a constant added to
    all logits (nor does a hinge before its corners), and the slopes of a net of straight pieces do
    not depend on its biases."""
    differences = getattr(plan.recipe, "critic", "") in ("relativistic", "hinge")
    of_critic = phase.learns == (plan.objective.roles[-1],) and len(plan.objective.roles) > 1
    if of_critic and differences and name.endswith("last.bias"):
        return True
    return phase.name == "penalty" and name.endswith("bias")


def test_every_recipe_has_a_case() -> None:
    tried = {name for name, _ in CASES.values()}
    assert tried == set(RECIPES), "add a case of each to small_recipes.py"


@pytest.mark.parametrize("case", CASES)
def test_a_phase_trains_what_it_says_and_nothing_else(case: str, tmp_path: Path) -> None:
    plan, state, feed, material = begun(case, tmp_path)
    for phase in plan.phases:
        only(state, phase)
        before, without = copied(state), list[str]()
        with pytest.MonkeyPatch.context() as patched:
            for role, optimiser in state.optimisers.items():
                watched = partial(step_after_a_look, state, phase, role, optimiser.step, without)
                patched.setattr(optimiser, "step", watched)
            advance(state, plan, step_of(plan, state, material, next(feed)))
        assert not [name for name in without if not cannot_learn(plan, phase, name)], "no gradient"
        moved = changed(before, state.tensors())
        learners = {n for n in parameters(state, phase) if not cannot_learn(plan, phase, n)}
        assert not learners - moved, "it learns not all it should"
        others = {n for n in moved if not n.startswith(may_change(state, phase))}
        assert not others, "what others have must stay as it is"
        assert all(p.grad is None for net in state.nets.values() for p in net.parameters())


def step_after_a_look(
    state: State, phase: Phase, role: str, step: Callable[[], Any], without: list[str]
) -> Any:
    """An optimiser's step, once the names of parameters without a gradient are noted."""
    for name, parameter in state.nets[role].named_parameters():
        if learns(phase, name) and (parameter.grad is None or not parameter.grad.any()):
            without.append(name)
    return step()


def moving(state: State, phase: Phase, term: torch.Tensor) -> bool:
    """Whether this term by itself moves what learns, or is 0 for want of what it compares."""
    if not term.requires_grad:
        return not term
    every = (p for role in phase.learns for p in state.nets[role].parameters())
    learners = [p for p in every if p.requires_grad]
    found = torch.autograd.grad(term, learners, retain_graph=True, allow_unused=True)
    return any(gradient is not None and gradient.any() for gradient in found)


@pytest.fixture
def never_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that knows nothing yet teaches, which test_reader.py forbids."""
    monkeypatch.setattr(read, "LOST", math.inf)
    monkeypatch.setattr(read, "_in_place", lambda labels, _: torch.ones(len(labels)).bool())


@pytest.mark.usefixtures("never_lost")
@pytest.mark.parametrize("case", CASES)
def test_each_term_by_itself_moves_the_nets_that_learn(case: str, tmp_path: Path) -> None:
    plan, state, feed, material = begun(case, tmp_path)
    for phase in plan.phases:
        only(state, phase)
        moves: dict[str, bool] = {}

        def watched(step: Step, *, phase: Phase = phase, into: Any = moves) -> Terms:
            terms = phase.terms(step)
            into |= {name: moving(state, phase, term) for name, term in terms.items()}
            return terms

        watching = replace(plan, phases=(replace(phase, terms=watched),))
        advance(state, watching, step_of(plan, state, material, next(feed)))
        assert moves and all(moves.values()), phase.name
        assert phase.weights.keys() <= moves.keys(), "a weight of a term that there is not"


@pytest.mark.parametrize("case", CASES)
def test_averages_follow(case: str, tmp_path: Path) -> None:
    plan, state, feed, material = begun(case, tmp_path)
    assert state.averages.keys() == plan.objective.exports.keys()
    state.phases = {phase.name: PhaseState(began=0) for phase in plan.phases}
    before = copied(state)
    advance(state, plan, step_of(plan, state, material, next(feed)))
    moved = changed(before, state.tensors())
    for role, mean in state.averages.items():
        phases = [phase for phase in plan.phases if role in phase.learns]
        for name, _ in mean.named_parameters():
            learned = not phases or any(learns(phase, name) for phase in phases)
            assert (f"averages/{role}/{name}" in moved) == learned
        for name, buffer in mean.named_buffers():
            assert torch.equal(buffer, dict(state.nets[role].named_buffers())[name])
        assert not mean.training


@pytest.mark.parametrize("case", CASES)
def test_looking_and_measuring_change_nothing(case: str, tmp_path: Path) -> None:
    from trombine.training.writer import evaluate, sample_outputs

    plan, state, _, material = begun(case, tmp_path)
    before = copied(state)
    found = evaluate(plan, state, material)
    assert found.keys() == plan.objective.measures.keys()
    assert all(np.isfinite(value) for value in found.values())
    samples = sample_outputs(plan, state, material)
    if samples is not None:
        made, still = samples
        assert made.shape == (4, 3, plan.recipe.size, plan.recipe.size)
        assert all(one.shape == made.shape for one in still.values())
        assert made.min() >= 0 and made.max() <= 1
    assert not changed(before, state.tensors())
    assert all(net.training for net in state.nets.values())
    assert evaluate(plan, state, material) == found


def test_a_judging_net_stays_as_it_is(tmp_path: Path) -> None:
    plan, state, feed, material = begun("every term", tmp_path)
    assert isinstance(plan.objective, RestoreObjective) and plan.objective.judge
    judge = plan.objective.judge.net
    before = {name: one.clone() for name, one in judge.state_dict().items()}
    advance(state, plan, step_of(plan, state, material, next(feed)))
    assert not changed(before, judge.state_dict())
    assert all(p.grad is None for p in judge.parameters())
    assert not judge.training


@pytest.mark.parametrize("case", CASES)
def test_what_becomes_a_model_has_a_task(case: str, tmp_path: Path) -> None:
    objective = objective_of(shrunk(case, tmp_path))
    assert objective.exports and set(objective.exports.values()) <= set(TASKS)
