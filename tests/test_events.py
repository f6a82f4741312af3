"""Events of what a plain function says by calling another."""

from __future__ import annotations

import threading

import pytest

from trombine.events import Progress, Tick, ticked


def counting(tick: Tick) -> str:
    for done in range(1, 4):
        tick(done, 3)
    return "made"


def test_each_step_is_an_event_and_the_result_comes_last() -> None:
    heard: list[Progress] = []

    def verb():
        made = yield from ticked("tiles", counting)
        assert made == "made"

    heard.extend(verb())
    assert heard == [Progress(done, 3, "tiles") for done in (1, 2, 3)]


def test_an_error_of_the_job_is_raised_where_it_is_listened_to() -> None:
    def failing(tick: Tick) -> None:
        tick(1, 2)
        raise OSError("full")

    events = ticked("tiles", failing)
    assert next(events) == Progress(1, 2, "tiles")
    with pytest.raises(OSError, match="full"):
        next(events)


def test_who_goes_away_ends_the_job_at_its_next_step() -> None:
    steps: list[int] = []
    away = threading.Event()

    def endless(tick: Tick) -> None:
        for step in range(1000):
            tick(step, 1000)
            steps.append(step)
            if step == 1:
                away.wait(30)

    events = ticked("tiles", endless)
    next(events)
    threading.Timer(0.05, away.set).start()
    events.close()
    assert steps == [0, 1]
