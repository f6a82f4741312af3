"""Goals of bench/ are ratios to something timed in the same run, not rates of one machine."""

from __future__ import annotations

import pytest

pytest.importorskip("skia", reason="Skia's libEGL or libGL is missing", exc_type=ImportError)

import world
from table import Row

from trombine.models import load

RATIOS = ("times as long", "times its CPU-s", "times its CPU-seconds")


def test_painting_is_compared_with_a_flat_portrait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face that takes longer than its goal in flat portraits is missed, on any machine."""
    seconds = {"photo": 99.0, "flat": 1.0, "grey": 0.5}
    for speed in (1.0, 0.1):
        found = {
            f"{name} {size}": [speed * value] * 3
            for name, value in seconds.items()
            for size in world.SIZES
        }
        rows = {row.name: row for row in world._ratios(found)}
        assert {row.ok for row in rows.values() if row.goal is None} == {True}
        beside = {s: rows[f"photo {s}, beside a flat portrait by Skia"] for s in world.GOALS}
        assert {s: row.ok for s, row in beside.items()} == {
            s: goal >= 99 for s, goal in world.GOALS.items()
        }
        assert rows["photo 64, beside filling its memory"].value == pytest.approx(198)


def test_a_window_is_compared_with_a_layer() -> None:
    """The reader's window has a ratio for its goal, and its milliseconds have none."""
    import reader

    rows: list[Row] = list(reader.cost_rows(load("reader")))
    assert next(row.unit for row in rows if row.goal) in RATIOS
    assert all(row.goal is None for row in rows if row.unit in ("ms", "s", "CPU-s"))
