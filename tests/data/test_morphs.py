"""Faces mixed of two people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from trombine.core.rng import Rng
from trombine.data.columns import Batch
from trombine.data.morphs import morphed
from trombine.data.source import source

SIZE = 64


@pytest.fixture(scope="module")
def people() -> Batch:
    """Painted faces that pass for photographed ones: their landmarks are exact."""
    found = source("world:photo#12", SIZE).batch(np.arange(12))
    return replace(found, seeds=None, labels=torch.arange(12), parts=None)


def chance(count: int = 12) -> Rng:
    return Rng(seed=3, places=np.arange(count))


def test_a_mix_with_oneself_is_oneself(people: Batch) -> None:
    """Whatever the shares are: nothing bends, and samples are the same to a level."""
    rows = np.zeros(6, np.int64)
    found = morphed(people.only(rows), 1.0, chance(6))
    assert found.points is not None and people.points is not None
    torch.testing.assert_close(found.points, people.points[rows], atol=1e-3, rtol=0)
    assert (found.pixels.int() - people.pixels[rows].int()).abs().max() <= 1


def test_landmarks_lie_between_those_of_two(people: Batch) -> None:
    """In the frame of the first each is on the way to the second, by one share for all."""
    found = morphed(people, 1.0, chance())
    assert found.points is not None and people.points is not None
    assert found.vectors is not None and people.vectors is not None
    assert (found.labels == -1).all()
    before, after = people.points.double().numpy(), found.points.double().numpy()
    for row in range(len(people)):
        fits = []
        for other in range(len(people)):
            laid = _on(before[other], before[row])
            way, moved = (laid - before[row]).ravel(), (after[row] - before[row]).ravel()
            share = moved @ way / max(way @ way, 1e-9)
            fits.append(np.abs(moved - share * way).max() if 0 <= share <= 1 else np.inf)
        assert min(fits) < 1e-2


def _on(points: np.ndarray, where: np.ndarray) -> np.ndarray:
    """The similarity of least squares, by scikit-image."""
    from skimage.transform import SimilarityTransform

    fit = SimilarityTransform.from_estimate(points, where)
    return fit(points)


def test_the_eyes_of_a_mix_are_where_its_landmarks_say(people: Batch) -> None:
    """A dot that is painted on each face at a landmark is on the mix's landmark."""
    assert people.points is not None
    dotted = people.pixels.clone() // 4
    for row, (x, y) in enumerate(people.points[:, 30].round().long().tolist()):
        dotted[row, y - 2 : y + 3, x - 2 : x + 3] = 255
    found = morphed(replace(people, pixels=dotted), 1.0, chance())
    assert found.points is not None
    for row in range(len(people)):
        light = found.pixels[row].double().mean(2).numpy() > 128
        y, x = (axis.mean() + 0.5 for axis in np.nonzero(light))
        wanted = found.points[row, 30].tolist()
        assert np.hypot(x - wanted[0], y - wanted[1]) < 1.6


def test_parts_go_with_the_landmarks(people: Batch) -> None:
    assert people.points is not None
    parts = torch.full(people.pixels.shape[:3], 255, dtype=torch.uint8)
    for row, (x, y) in enumerate(people.points[:, 30].round().long().tolist()):
        parts[row, y - 3 : y + 3, x - 3 : x + 3] = 2
    found = morphed(replace(people, parts=parts), 1.0, chance())
    assert found.parts is not None and found.points is not None
    for row in range(len(people)):
        y, x = (axis.mean() + 0.5 for axis in np.nonzero(found.parts[row].numpy() == 2))
        wanted = found.points[row, 30].tolist()
        assert np.hypot(x - wanted[0], y - wanted[1]) < 1.5


def test_painted_and_unknown_faces_stay(people: Batch) -> None:
    painted = source("world:photo#4", SIZE).batch(np.arange(4))
    assert morphed(painted, 1.0, chance(4)) is painted
    assert people.points is not None
    unknown = replace(people, points=torch.full_like(people.points, torch.nan))
    assert morphed(unknown, 1.0, chance()) is unknown


def test_a_share_is_mixed(people: Batch) -> None:
    many = people.only(np.arange(240) % 12)
    found = morphed(many, 0.25, chance(240))
    assert found.labels is not None
    assert 35 < int((found.labels == -1).sum()) < 85
