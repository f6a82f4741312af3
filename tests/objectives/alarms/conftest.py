"""What the tests of alarms share: to let one hear a whole run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest

from trombine.objectives.alarms import Alarm, Alert, Report

Listen = Callable[[Alarm, Iterable[Report]], list[tuple[int, Alert]]]


@pytest.fixture(scope="session")
def listen() -> Listen:
    """`listen(alarm, reports)`: the alerts, each with the number of the report that gave it."""

    def hear(alarm: Alarm, reports: Iterable[Report]) -> list[tuple[int, Alert]]:
        heard = [(i, alarm.hear(report)) for i, report in enumerate(reports)]
        json.dumps(alarm.state(), allow_nan=False)  # at any end of a run
        return [(i, alert) for i, alert in heard if alert]

    return hear
