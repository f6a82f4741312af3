"""bench/upscale_hole.py on small pictures."""

from __future__ import annotations

from collections.abc import Callable
from math import log10
from pathlib import Path

import numpy as np
import pytest
import upscale_hole

SEEDS = range(2_000_000, 2_000_002)


def test_decibels_are_of_the_hole_alone() -> None:
    truth = np.full((8, 8, 3), 100, np.uint8)
    result = truth.copy()
    inside = np.zeros((8, 8), bool)
    inside[:2] = True
    result[0], result[5] = 110, 255  # half of the hole is off by 10
    found = upscale_hole.decibels(result, truth, inside)
    assert found == pytest.approx(10 * log10(255**2 / 50))


def test_rows_can_fail_and_what_lies_outside_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upscale_hole, "SMALL", 48)
    gain, far, changed = upscale_hole.measured("x2, clean", SEEDS, 2, None, tmp_path)
    assert np.isfinite(gain.value) and far.value > 0 and changed.value == 0
    assert gain.goal and far.goal and changed.goal
    monkeypatch.setattr(upscale_hole, "enlarged", scrambled(upscale_hole.enlarged))
    gain, far, changed = upscale_hole.measured("x2, clean", SEEDS, 2, None, tmp_path)
    assert not (gain.ok or far.ok or changed.ok)


def scrambled(enlarged: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """With --hole, all of the picture is noise."""

    def made(folder: Path, factor: int, **options: object) -> np.ndarray:
        picture = enlarged(folder, factor, **options)
        noise = np.random.default_rng(0).integers(0, 256, picture.shape, dtype=np.uint8)
        return noise if options else picture

    return made
