"""Samples as pixels: a few of many, the ends among them, small enough for a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trombine.runs.folder import RunFolder
from trombine.runs.frames import read_pixels, read_small, read_strip, room_for, spread


@pytest.mark.parametrize(("count", "of"), [(2, 3), (5, 24), (24, 25), (24, 3000)])
def test_spread_keeps_the_ends_and_the_order(count: int, of: int) -> None:
    chosen = spread(range(100, 100 + of), count)
    assert len(chosen) == count and chosen == sorted(set(chosen))
    assert (chosen[0], chosen[-1]) == (100, 99 + of)
    steps = np.diff(chosen)
    assert steps.max() - steps.min() <= 1


def test_few_stay_all() -> None:
    assert spread([3, 5], 2) == [3, 5] and spread([], 5) == []


@pytest.mark.parametrize(
    ("shape", "frames"),
    [((256, 256, 3), 24), ((512, 512, 3), 11), ((8, 512, 3), 24), ((3000, 512, 3), 2)],
)
def test_a_strip_stays_small(shape: tuple[int, int, int], frames: int) -> None:
    assert room_for(shape) == frames
    assert frames * shape[1] < 16_384


def test_a_strip_of_a_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for number in range(0, 400, 10):
        folder.write_sample(number, np.full((4, 4, 3), number % 250, np.uint8))
    folder.write_sample(400, np.full((8, 8, 3), 7, np.uint8))  # of another size
    folder.write_sample(410, np.full((4, 4, 3), 9, np.uint8))
    folder.sample_files()[0].write_bytes(b"not a picture")
    strip = read_strip(folder.sample_files())
    assert list(strip)[-1] == 410 and 0 not in strip and 400 not in strip
    assert all(pixels.shape == (4, 4, 3) for pixels in strip.values())
    assert all(strip[number][0, 0, 0] == number % 250 for number in list(strip)[:-1])


def test_a_large_sample_is_made_smaller(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    path = folder.write_sample(0, np.full((600, 1024, 3), 77, np.uint8))
    small = read_small(path)
    assert small is not None and small.shape == (300, 512, 3) and (small == 77).all()
    assert read_pixels(tmp_path / "gone.png") is None
