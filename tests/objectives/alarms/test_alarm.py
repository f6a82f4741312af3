"""What holds for every alarm: its state is JSON and all there is, and it does not go on and on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import pytest
import torch

from trombine.objectives.alarms import (
    Alarm,
    Collapse,
    DiscriminatorWon,
    NoGradient,
    NoProgress,
    NotFinite,
    Report,
    TintDrift,
)

WON = {
    "discriminator/hinge": 0.01,
    "curve/D(real) mean": 1.5,
    "curve/D(fake) mean": -1.5,
    "curve/D(real) std": 0.2,
    "curve/D(fake) std": 0.3,
}
EVEN = WON | {"discriminator/hinge": 1.5, "curve/D(fake) mean": 1.4}
NOISE = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(0)) / 2

MAKE: dict[str, Callable[[], Alarm]] = {
    "not finite": NotFinite,
    "collapse": Collapse,
    "discriminator has won": lambda: DiscriminatorWon("hinge"),
    "no progress": lambda: NoProgress("PSNR"),
    "tint drift": TintDrift,
    "no gradient": NoGradient,
}


def trouble(pictures: int) -> Report:
    """A moment at which everything is wrong but the samples' numbers."""
    return Report(
        pictures=pictures,
        values=WON | {"generator/l1": math.nan},
        measures={"PSNR": 20.0},
        gradients={"generator/l1": 0.0, "generator/hinge": 1.0},
        samples=NOISE[:1].repeat(8, 1, 1, 1) + 0.4,
        truth=NOISE,
    )


def peace(pictures: int) -> Report:
    return Report(
        pictures=pictures,
        values=EVEN | {"generator/l1": 0.1},
        measures={"PSNR": 20 + pictures / 1e6},
        gradients={"generator/l1": 1.0, "generator/hinge": 1.0},
        samples=NOISE.flip(0),
        truth=NOISE,
    )


def story() -> list[Report]:
    """Peace, trouble, peace, trouble, each for long."""
    kinds = [peace] * 30 + [trouble] * 80 + [peace] * 40 + [trouble] * 80
    return [kind(i * 1_000) for i, kind in enumerate(kinds)]


def moments(alarm: Alarm, reports: list[Report]) -> list[int]:
    return [i for i, report in enumerate(reports) if alarm.hear(report)]


@pytest.mark.parametrize("name", MAKE)
def test_it_speaks_once_each_time(name: str) -> None:
    """The states of trouble are long: a line each time would drown the log."""
    alarm = MAKE[name]()
    assert alarm.name == name
    alerts = moments(alarm, story())
    first = [i for i in alerts if i < 110]
    second = [i for i in alerts if i >= 150]
    assert len(first) + len(second) == len(alerts), "it spoke in peace"
    assert 1 <= len(first) <= 4
    assert first[0] >= 30
    assert 1 <= len(second) <= 4


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("cut", [0, 31, 50, 125, 160])
def test_a_resumed_run_is_the_uninterrupted_one(name: str, cut: int) -> None:
    """Everything that changes is in the state, and the state is what JSON holds."""
    reports = story()
    whole, before, after = (MAKE[name]() for _ in range(3))
    expected = [line for report in reports if (line := whole.hear(report))]
    heard = [line for report in reports[:cut] if (line := before.hear(report))]
    after.load(json.loads(json.dumps(before.state(), allow_nan=False)))
    assert after.state() == before.state()
    heard += [line for report in reports[cut:] if (line := after.hear(report))]
    assert heard == expected
    assert after.state() == whole.state()


@pytest.mark.parametrize("name", MAKE)
def test_nothing_else_changes(name: str) -> None:
    """What is neither in the state nor set when it was made would be lost in a resume."""
    alarm = MAKE[name]()
    before = {key: repr(value) for key, value in vars(alarm).items()}
    for report in story():
        alarm.hear(report)
    changed = {key for key, value in vars(alarm).items() if before.get(key) != repr(value)}
    assert changed <= alarm.state().keys()


@pytest.mark.parametrize("name", MAKE)
def test_a_state_is_a_copy(name: str) -> None:
    alarm = MAKE[name]()
    moments(alarm, story()[:50])
    kept = alarm.state()
    text = json.dumps(kept)
    moments(alarm, story()[50:])
    assert json.dumps(kept) == text
    alarm.load(kept)
    moments(alarm, story()[50:])
    assert json.dumps(kept) == text


@pytest.mark.parametrize("name", MAKE)
def test_another_alarms_state_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"the alarm {name} keeps"):
        MAKE[name]().load({"told": 0.0, "mood": 1})


@pytest.mark.parametrize("name", MAKE)
def test_an_empty_report_says_nothing(name: str) -> None:
    alarm = MAKE[name]()
    assert not any(alarm.hear(Report(pictures=i)) for i in range(100))


@pytest.mark.parametrize("name", MAKE)
def test_what_it_says_is_one_line(name: str) -> None:
    alarm = MAKE[name]()
    for report in story():
        alert = alarm.hear(report)
        if alert is None:
            continue
        assert alert.alarm == name
        assert alert.text.isprintable()
        assert 40 < len(alert.text) < 250
        assert ";" in alert.text or "?" in alert.text, "and what to try"
