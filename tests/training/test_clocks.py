"""Rates, ramps, phases, averages and clipping, against closed forms; a step that broke."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from families import Kit, enlarger, texts

from trombine.losses.objective import Phase, Ramp, Step, Terms, Until
from trombine.recipes import Recipe, with_settings
from trombine.runs import checkpoints
from trombine.runs.folder import RunFolder
from trombine.training.config import TrainConfig
from trombine.training.loop import train
from trombine.training.methods import find
from trombine.training.methods.restore import RestoreObjective
from trombine.training.state import PhaseState
from trombine.training.step import (
    BrokenStepError,
    clock_of,
    in_all,
    rate_at,
    update_phases,
    update_phases_by_measure,
    weight_of,
)

TINY = texts("data=leaves#48 size=16 batch=8 width=4 depth=2 threads=1 warmup=0 precision=float64")


def tiny(**settings: str) -> Recipe:
    return with_settings(find("upscale-fast-x2"), {**TINY, **settings})


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
    assert rate_at(replace(recipe, warmup=0), 0) == 0.5


def test_the_rate_rises_again_where_each_fall_ends() -> None:
    """Falls of 1,000, 2,000 and what is left of the run, each like a run of its own."""
    recipe = replace(tiny(schedule="linear", lr="0.5"), warmup=100, cycle=1000, pictures=5000)
    gone = {100: 1, 550: 0.5, 999: 1 / 900, 1000: 1, 2000: 0.5, 3000: 1, 4000: 0.5, 5000: 0}
    for pictures, left in gone.items():
        assert rate_at(recipe, pictures) == pytest.approx(0.5 * left)


@dataclass
class Clock:
    """One second on, each time that it is read."""

    seconds: float = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def test_minutes_end_a_run_with_the_rate_at_0(tmp_path: Path) -> None:
    recipe = tiny(pictures="1e6", minutes="1", schedule="linear", lr="0.5", log_every="8")
    config = TrainConfig(recipe=recipe, name="minutes", folder=tmp_path, clock=Clock())
    assert "already" not in train(config).summary
    assert "was over already" in train(config).summary  # its time is kept
    entries = RunFolder(tmp_path).entries()
    rates = [line["values"]["rate/restore"] for line in entries if line["kind"] == "train"]
    assert 5 < len(rates) < 60 and rates[0] == pytest.approx(0.5)
    assert all(later < rate for rate, later in pairwise(rates)) and rates[-1] < 0.1


def test_the_clock_is_what_is_further() -> None:
    """Pictures or minutes, against the share of either."""
    recipe, state = tiny(pictures="1000"), Kit(tiny()).state
    state.pictures, state.seconds = 200, 30.0
    assert clock_of(recipe, state) == 200 and in_all(recipe, state) == 1000
    timed = replace(recipe, minutes=1.0)
    assert clock_of(timed, state) == 500 and in_all(timed, state) == 400
    state.seconds = 90.0
    assert clock_of(timed, state) == 1000 and in_all(timed, state) == 200
    assert clock_of(replace(timed, minutes=60.0), state) == 200


def test_a_phase_scales_it() -> None:
    kit = Kit(tiny(lr="0.5", schedule="constant"))
    kit.plan = replace(kit.plan, phases=(replace(kit.plan.phases[0], rate=0.5),))
    kit.take()
    assert kit.state.optimisers["net"].param_groups[0]["lr"] == 0.5 * 0.5


# --- phases and ramps ---------------------------------------------------------------------------


def nothing(step: Step) -> Terms:
    raise AssertionError("never called")


def phase(name: str, **given: Any) -> Phase:
    return Phase(name=name, learns=("net",), terms=nothing, **given)


def clock(*phases: Phase) -> dict[str, tuple[Any, Any]]:
    """When each phase began and ended."""
    state = Kit(tiny()).state
    state.phases = {one.name: PhaseState() for one in phases}
    for state.pictures in range(0, 80, 8):
        list(update_phases(state, phases))
    return {name: (one.began, one.ended) for name, one in state.phases.items()}


def test_phases_by_the_clock() -> None:
    assert clock(phase("a")) == {"a": (0, None)}
    assert clock(phase("a", start=20, lasts=16)) == {"a": (24, 40)}
    assert clock(phase("b", after="a"), phase("a", lasts=16))["b"] == (24, None)
    found = clock(phase("a", lasts=16), phase("b", after="a", start=40, lasts=8))
    assert found == {"a": (0, 16), "b": (40, 48)}
    assert clock(phase("a", lasts=0)) == {"a": (0, 0)}


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
    state = Kit(tiny()).state
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
    state = Kit(tiny()).state
    state.phases = {"a": PhaseState(began=40)}
    for state.pictures, expected in ((40, 0), (90, 1.5), (140, 3), (9000, 3)):
        assert weight_of(state, one, "t") == pytest.approx(expected)
    assert weight_of(state, one, "u") == 7


def test_one_step_in_so_many() -> None:
    """It learns at steps 0 and 3; its own clock counts every step."""
    kit = Kit(tiny())
    kit.plan = replace(kit.plan, phases=(replace(kit.plan.phases[0], every=3),))
    moved = []
    for _ in range(4):
        before = weights(kit.state.nets["net"])
        kit.take()
        after = weights(kit.state.nets["net"])
        moved.append(any(not torch.equal(a, b) for a, b in zip(before, after, strict=True)))
    assert moved == [True, False, False, True]
    assert kit.state.phases["restore"].steps == 4 and kit.state.pictures == 32


# --- averages, clipping -------------------------------------------------------------------------


def test_averages_against_a_loop() -> None:
    kit = Kit(tiny(ema="40", schedule="constant"))
    expected = weights(kit.state.nets["net"])
    for number in range(12):
        kit.take()
        half_life = min(40.0, 0.05 * 8 * (number + 1))
        kept = 0.5 ** (8 / half_life)
        now = weights(kit.state.nets["net"])
        expected = [kept * old + (1 - kept) * new for old, new in zip(expected, now, strict=True)]
        for ours, theirs in zip(weights(kit.state.averages["net"]), expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)
    assert not Kit(tiny(ema="0")).state.averages


def gradient_step(**settings: str) -> tuple[float, float]:
    """The length of what one step of SGD at a rate of 1 takes from the weights; and as logged."""
    recipe = tiny(optimiser="sgd", beta1="0", lr="1", schedule="constant", ema="0", **settings)
    kit = Kit(recipe)
    before = weights(kit.state.nets["net"])
    kit.take()
    apart = [a - b for a, b in zip(before, weights(kit.state.nets["net"]), strict=True)]
    return float(torch.cat([one.flatten() for one in apart]).norm()), kit.state.sums[
        "restore/gradient"
    ][0]


def test_clipping_and_a_gradient_of_a_given_norm() -> None:
    """Logged is the gradient as it was."""
    whole, logged = gradient_step(clip="0")
    assert logged == pytest.approx(whole)
    assert gradient_step(clip=str(2 * whole))[0] == pytest.approx(whole)
    # torch adds 1e-6 to the length
    assert gradient_step(clip=str(whole / 4)) == pytest.approx((whole / 4, whole), rel=1e-3)
    for norm in (whole / 4, 3 * whole):
        given = gradient_step(clip="0", gradient_norm=str(norm))
        assert given == pytest.approx((norm, whole), rel=1e-5)


# --- what broke, what ends ----------------------------------------------------------------------


def test_nothing_learns_from_a_step_that_broke() -> None:
    kit = Kit(tiny())
    with torch.no_grad():
        next(kit.state.nets["net"].parameters()).fill_(float("nan"))
    before = kit.tensors()
    with pytest.raises(BrokenStepError, match="is nan after 0 pictures"):
        kit.take()
    after = kit.tensors()
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    ("ends", "changes"),
    [(16, {"until": Until(measure="PSNR", loses=-1)}), (20, {"lasts": 20})],
)
def test_a_run_ends_with_its_last_phase(
    ends: int, changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is measured, or by a clock that is not the run's."""
    phases = RestoreObjective.phases

    def shorter(self: RestoreObjective) -> tuple[Phase, ...]:
        return tuple(replace(phase, **changes) for phase in phases(self))

    monkeypatch.setattr(RestoreObjective, "phases", shorter)
    asked = enlarger(tmp_path / "run", batch="4")
    train(asked)
    run = RunFolder(asked.folder)
    entries = run.entries()
    assert entries[-1] == {"kind": "end", "pictures": ends}
    assert [e["pictures"] for e in entries if e.get("what") == "ended"] == [ends]
    assert [e for e in entries if e["kind"] == "measure"][-1]["pictures"] == ends
    assert max(run.sample_files()) == ends
    assert checkpoints.latest(run) == run.checkpoints / f"{ends:09d}.safetensors"
    data = run.log.read_bytes()
    train(asked)
    assert run.log.read_bytes() == data
