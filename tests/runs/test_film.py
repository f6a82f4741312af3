"""film.gif: a few samples of the run, the ends among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from new_runs import new_run
from PIL import Image, ImageSequence

from trombine.runs.folder import RunFolder
from trombine.runs.page import read_frames, read_small, spread, write_film


def run_of(path: Path, greys: list[int]) -> RunFolder:
    folder = new_run(path, {})
    for number, grey in enumerate(greys):
        folder.write_sample(100 * number, np.full((32, 48, 3), grey, np.uint8))
    return folder


def test_samples_come_in_order_and_the_last_one_stays(tmp_path: Path) -> None:
    path = write_film(run_of(tmp_path / "run", [20, 120, 220]))
    assert path is not None and path == tmp_path / "run" / "film.gif"
    with Image.open(path) as film:
        frames = [
            (int(np.median(np.asarray(f.convert("L")))), f.info["duration"])
            for f in ImageSequence.Iterator(film)
        ]
    assert frames == [(20, 400), (120, 400), (220, 2000)]


def test_one_sample_is_no_film(tmp_path: Path) -> None:
    assert write_film(run_of(tmp_path / "run", [20])) is None
    assert write_film(RunFolder(tmp_path / "empty")) is None


@pytest.mark.parametrize(("count", "of"), [(2, 3), (5, 24), (24, 25), (24, 3000)])
def test_spread_keeps_the_ends_and_the_order(count: int, of: int) -> None:
    chosen = spread(range(100, 100 + of), count)
    assert len(chosen) == count and chosen == sorted(set(chosen))
    assert (chosen[0], chosen[-1]) == (100, 99 + of)
    steps = np.diff(chosen)
    assert steps.max() - steps.min() <= 1
    assert spread([3, 5], 2) == [3, 5] and spread([], 5) == []


def test_frames_of_a_run(tmp_path: Path) -> None:
    """Damaged samples and those of another size are left out."""
    folder = RunFolder(tmp_path)
    for number in range(0, 400, 10):
        folder.write_sample(number, np.full((4, 4, 3), number % 250, np.uint8))
    folder.write_sample(400, np.full((8, 8, 3), 7, np.uint8))
    folder.write_sample(410, np.full((4, 4, 3), 9, np.uint8))
    folder.sample_files()[0].write_bytes(b"not a picture")
    frames = read_frames(folder.sample_files())
    assert len(frames) <= 24 and list(frames)[-1] == 410 and not {0, 400} & set(frames)
    assert all(frames[number][0, 0, 0] == number % 250 for number in list(frames)[:-1])


def test_a_large_sample_is_made_smaller(tmp_path: Path) -> None:
    path = RunFolder(tmp_path).write_sample(0, np.full((600, 1024, 3), 77, np.uint8))
    small = read_small(path)
    assert small is not None and small.shape == (300, 512, 3) and (small == 77).all()
    assert read_small(tmp_path / "gone.png") is None
