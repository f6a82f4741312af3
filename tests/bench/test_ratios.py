"""Goals of bench/ are ratios to something timed in the same run, not rates of one machine."""

from __future__ import annotations

import reader
from table import Row

from trombine.models import load


def test_a_window_is_compared_with_a_layer() -> None:
    """The reader's window has a ratio for its goal, and its milliseconds have none."""
    rows: list[Row] = list(reader.cost_rows(load("reader")))
    assert next(row.unit for row in rows if row.goal) == "times as long"
    assert all(row.goal is None for row in rows if row.unit in ("ms", "s", "CPU-s"))
