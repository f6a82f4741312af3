"""Goals of bench/ are ratios to something timed in the same run, not rates of one machine."""

from __future__ import annotations

import sys

import numpy as np
import pytest

pytest.importorskip("skia", reason="Skia's libEGL or libGL is missing", exc_type=ImportError)

import world
from flat_portrait import flat_portrait, grey
from table import Row

from trombine.weights import load

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


@pytest.mark.parametrize("size", [64, 256])
def test_the_flat_portrait_is_a_portrait(size: int) -> None:
    """It fills the picture, its edges are smooth, and it shows the same at every size."""
    pixels = np.zeros((size, size, 4), np.uint8)
    flat_portrait(pixels)
    assert (pixels[..., 3] == 255).all()
    face, hair, ground = (pixels[int(y * size), size // 2, 2] for y in (0.6, 0.1, 0.01))
    assert len({int(face), int(hair), int(ground)}) == 3
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 9 + 20  # colours, and those between
    grey(pixels)
    assert (pixels == 128).all()


def test_a_window_is_compared_with_a_layer() -> None:
    """The reader's window has a ratio for its goal, and its milliseconds have none."""
    import reader

    rows: list[Row] = list(reader.cost_rows(load("reader")))
    assert next(row.unit for row in rows if row.goal) in RATIOS
    assert all(row.goal is None for row in rows if row.unit in ("ms", "s", "CPU-s"))


def test_world_can_be_asked_for_one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--kinds leaves` times no faces."""
    timed = []
    monkeypatch.setattr(world, "draw", lambda kind, size, seed: timed.append(kind))
    monkeypatch.setattr(world, "seconds_each", lambda fill, size: 1.0)
    monkeypatch.setattr(world, "wall", lambda *_: 1.0)
    monkeypatch.setattr(sys, "argv", ["bench/world.py", "--kinds", "leaves", "--rounds", "1"])
    assert world.main() == 0
    assert set(timed) == {"leaves"}
