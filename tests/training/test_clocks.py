"""Rates, ramps, phases, averages, clipping and parts of a batch, against closed forms; NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch

from trombine.core.errors import InputError
from trombine.losses.objective import Phase, Ramp, Step, Terms, Until
from trombine.recipes import Recipe, with_settings
from trombine.training.launch import Mesh
from trombine.training.machine import choose
from trombine.training.material import endless, open_material, step_of
from trombine.training.methods import find, objective_of
from trombine.training.state import PhaseState, State, fresh
from trombine.training.steps import (
    BrokenStepError,
    Plan,
    advance,
    rate_at,
    update_phases,
    update_phases_by_measure,
    weight_of,
)

TINY = {
    "data": "leaves#48",
    "size": "16",
    "batch": "8",
    "width": "4",
    "depth": "2",
    "warmup": "0",
    "threads": "1",
    "precision": "float64",
}


def tiny(**settings: str) -> Recipe:
    return with_settings(find("upscale-fast-x2"), {**TINY, **settings})


def begun(recipe: Recipe) -> tuple[Plan, State]:
    objective, machine = objective_of(recipe), choose(recipe)
    phases = objective.phases()
    plan = Plan(recipe=recipe, objective=objective, phases=phases, machine=machine, mesh=Mesh())
    return plan, fresh(recipe, objective, machine, plan.mesh.device)


def stepped(plan: Plan, state: State, steps: int) -> None:
    material = open_material(plan.recipe, plan.objective.streams)
    feed = endless(plan.recipe, material, state)
    for _ in range(steps):
        list(update_phases(state, plan.phases))
        advance(state, plan, step_of(plan, state, material, next(feed)))


def weights(net: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in net.parameters()]


# --- the rate -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "left"),
    [
        ("constant", lambda gone: 1.0),
        ("linear", lambda gone: 1 - gone),
        ("cosine", lambda gone: (1 + math.cos(math.pi * gone)) / 2),
    ],
)
def test_the_rate(schedule: str, left: Any) -> None:
    recipe = replace(tiny(schedule=schedule, lr="0.5"), warmup=100, pictures=1100)
    for gone in (0, 0.25, 0.5, 0.9, 1):
        assert rate_at(recipe, int(100 + 1000 * gone)) == pytest.approx(0.5 * left(gone))
    assert rate_at(recipe, 5000) == pytest.approx(0.5 * left(1.0))
    rising = [rate_at(recipe, pictures) for pictures in range(0, 101, 4)]
    assert 0 < rising[0] == pytest.approx(0.5 * 8 / 108)
    steps = [after - before for before, after in pairwise(rising)]
    assert steps == pytest.approx([steps[0]] * len(steps)) and rising[-1] == pytest.approx(0.5)


def test_a_short_run_warms_up_for_a_tenth_of_it() -> None:
    """However long a warm-up it is given, most of it is trained at the rate that was asked for."""
    recipe = replace(tiny(schedule="constant", lr="0.5"), warmup=2000, pictures=640)
    assert rate_at(recipe, 0) == pytest.approx(0.5 * 8 / 72)
    assert rate_at(recipe, 32) == pytest.approx(0.5 * 40 / 72)
    assert [rate_at(recipe, pictures) for pictures in (64, 320, 640)] == [0.5] * 3
    falling = replace(recipe, schedule="linear")
    assert rate_at(falling, 64) == 0.5
    assert rate_at(falling, 64 + 288) == pytest.approx(0.25)
    assert rate_at(falling, 640) == 0
    as_given = replace(recipe, pictures=20_000)
    assert rate_at(as_given, 1000) == pytest.approx(0.5 * 1008 / 2008)


def test_the_rate_rises_again_where_each_fall_ends() -> None:
    """Falls of 1,000, 2,000 and what is left of the run, each like a run of its own."""
    recipe = replace(tiny(schedule="linear", lr="0.5"), warmup=100, cycle=1000, pictures=5000)
    gone = {100: 1, 550: 0.5, 999: 1 / 900, 1000: 1, 2000: 0.5, 3000: 1, 4000: 0.5, 5000: 0}
    for pictures, left in gone.items():
        assert rate_at(recipe, pictures) == pytest.approx(0.5 * left)
    once = replace(recipe, cycle=0, pictures=1000)
    for pictures in range(0, 1000, 8):
        assert rate_at(recipe, pictures) == rate_at(once, pictures), "as in a run of 1,000"


def test_without_a_warm_up_the_first_rate_is_the_whole() -> None:
    assert rate_at(tiny(lr="0.5"), 0) == 0.5


def test_rollbacks_and_phases_scale_it() -> None:
    plan, state = begun(tiny(lr="0.5", schedule="constant"))
    state.slower = 0.25
    plan = replace(plan, phases=(replace(plan.phases[0], rate=0.5),))
    stepped(plan, state, 1)
    assert state.optimisers["net"].param_groups[0]["lr"] == 0.5 * 0.25 * 0.5


# --- phases and ramps ---------------------------------------------------------------------------


def nothing(step: Step) -> Terms:
    raise AssertionError("never called")


def phase(name: str, **given: Any) -> Phase:
    return Phase(name=name, learns=("net",), terms=nothing, **given)


def clock(phases: Sequence[Phase], until: int = 80, by: int = 8) -> dict[str, tuple[Any, Any]]:
    """When each phase began and ended."""
    _, state = begun(tiny())
    state.phases = {one.name: PhaseState() for one in phases}
    for state.pictures in range(0, until, by):
        list(update_phases(state, phases))
    return {name: (one.began, one.ended) for name, one in state.phases.items()}


def test_phases_by_the_clock() -> None:
    assert clock([phase("a")]) == {"a": (0, None)}
    assert clock([phase("a", lasts=16)]) == {"a": (0, 16)}
    assert clock([phase("a", start=20, lasts=16)]) == {"a": (24, 40)}
    assert clock([phase("a", lasts=16), phase("b", after="a")]) == {"a": (0, 16), "b": (16, None)}
    assert clock([phase("b", after="a"), phase("a", lasts=16)])["b"] == (24, None)
    found = clock([phase("a", lasts=16), phase("b", after="a", start=40, lasts=8)])
    assert found["b"] == (40, 48)
    assert clock([phase("a", lasts=0)]) == {"a": (0, 0)}


@pytest.mark.parametrize(
    ("until", "values", "ends"),
    [
        (Until(measure="PSNR", loses=1), [20, 30, 29.5, 28.9], 3),
        (Until(measure="distance", loses=0.1), [1.0, 0.5, 0.55, 0.65], 3),
        (Until(measure="nothing", loses=0), [2, 1], None),
    ],
)
def test_phases_and_ramps_that_a_measure_ends(
    until: Until, values: Sequence[float], ends: int | None
) -> None:
    ramp = Ramp(high=1, over=80, stops=until)
    phases = [phase("a", until=until, weights={"t": ramp})]
    _, state = begun(tiny())
    state.phases = {"a": PhaseState(began=0)}
    higher = {"PSNR": True, "distance": False}
    for number, value in enumerate(values):
        state.pictures = 8 * number
        name = until.measure if until.measure in higher else "PSNR"
        state.measured = {name: value}
        told = [what for _, what, _ in update_phases_by_measure(state, phases, higher)]
        assert told == (["stopped", "ended"] if number == ends else [])
    if ends is None:
        assert state.phases["a"].ended is None and not state.ramps
    else:
        assert state.phases["a"].ended == 8 * ends
        assert state.ramps == {"a/t": pytest.approx(0.1 * ends)}
        state.pictures = 8000
        assert weight_of(state, phases[0], "t") == pytest.approx(0.1 * ends)


def test_a_ramp() -> None:
    one = phase("a", weights={"t": Ramp(high=3, over=100), "u": 7})
    _, state = begun(tiny())
    state.phases = {"a": PhaseState(began=40)}
    for state.pictures, expected in ((40, 0), (90, 1.5), (140, 3), (9000, 3)):
        assert weight_of(state, one, "t") == pytest.approx(expected)
    assert weight_of(state, one, "u") == 7


def test_one_step_in_so_many() -> None:
    """The third of three learns at steps 0, 3 and 6; its own clock counts every step."""
    plan, state = begun(tiny())
    plan = replace(plan, phases=(replace(plan.phases[0], every=3),))
    moved = []
    for _ in range(7):
        before = weights(state.nets["net"])
        stepped(plan, state, 1)
        after = weights(state.nets["net"])
        moved.append(any(not torch.equal(a, b) for a, b in zip(before, after, strict=True)))
    assert moved == [True, False, False, True, False, False, True]
    assert state.phases["restore"].steps == 7 and state.pictures == 56


# --- averages, clipping, parts ------------------------------------------------------------------


def test_averages_against_a_loop() -> None:
    recipe = tiny(ema="40", schedule="constant")
    plan, state = begun(recipe)
    expected = weights(state.nets["net"])
    for number in range(12):
        stepped(plan, state, 1)
        half_life = min(40.0, 0.05 * 8 * (number + 1))
        kept = 0.5 ** (8 / half_life)
        now = weights(state.nets["net"])
        expected = [kept * old + (1 - kept) * new for old, new in zip(expected, now, strict=True)]
        for ours, theirs in zip(weights(state.averages["net"]), expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)


def test_no_averages_unless_asked_for() -> None:
    assert not begun(tiny(ema="0"))[1].averages


def gradient_step(**settings: str) -> tuple[float, dict[str, tuple[float, int]]]:
    """The length of what one step of SGD at a rate of 1 takes from the weights, and the curves."""
    recipe = tiny(optimiser="sgd", beta1="0", lr="1", schedule="constant", ema="0", **settings)
    plan, state = begun(recipe)
    before = weights(state.nets["net"])
    stepped(plan, state, 1)
    apart = [a - b for a, b in zip(before, weights(state.nets["net"]), strict=True)]
    return float(torch.cat([one.flatten() for one in apart]).norm()), state.sums


def test_clipping() -> None:
    whole, curves = gradient_step(clip="0")
    assert curves["restore/gradient"][0] == pytest.approx(whole)
    assert gradient_step(clip=str(2 * whole))[0] == pytest.approx(whole)
    short, curves = gradient_step(clip=str(whole / 4))
    assert short == pytest.approx(whole / 4, rel=1e-3)  # torch adds 1e-6 to the length
    assert curves["restore/gradient"][0] == pytest.approx(whole), "told as it was"


def test_a_gradient_of_a_given_norm() -> None:
    whole, _ = gradient_step(clip="0")
    for norm in (whole / 4, 3 * whole):
        given, curves = gradient_step(clip="0", gradient_norm=str(norm))
        assert given == pytest.approx(norm, rel=1e-5)
        assert curves["restore/gradient"][0] == pytest.approx(whole), "told as it was"
    with pytest.raises(InputError, match=r"^clip does nothing where gradient_norm is given: "):
        gradient_step(clip="1", gradient_norm="1")


# --- what broke ---------------------------------------------------------------------------------


def test_a_step_that_broke_leaves_nothing_behind() -> None:
    """After going back the same step is the same, whatever was between."""
    plan, state = begun(tiny())
    saved = {name: tensor.clone() for name, tensor in state.tensors().items()}, state.plain()
    stepped(plan, state, 1)
    expected = {name: tensor.clone() for name, tensor in state.tensors().items()}
    state.load(*saved)
    with torch.no_grad():
        next(state.nets["net"].parameters()).fill_(float("nan"))
    with pytest.raises(BrokenStepError, match="is nan after 0 pictures"):
        stepped(plan, state, 1)
    state.load(*saved)
    try:
        stepped(plan, state, 1)
    except BrokenStepError as error:
        raise AssertionError("the step that broke has left its gradients") from error
    found = state.tensors()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
