"""Windows of pictures as an augmentation: where they lie, and the truth in them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from trombine.core.rng import Rng
from trombine.data.augment import Augment, changed, drawn
from trombine.data.item import Batch
from trombine.data.source import source

SIZE = 32
PLACES = np.arange(6, dtype=np.int64)


@pytest.fixture(scope="module")
def faces() -> Batch:
    return source("world:photo#6", SIZE).batch(PLACES)


def test_windows_are_spread_over_the_whole_picture() -> None:
    places = np.arange(4000, dtype=np.int64)
    changes = drawn(Augment.parse("crop:29"), (SIZE, SIZE), Rng(seed=1, places=places))
    assert changes.shape == (29, 29)
    corners = -changes.maps[:, :, 2]
    assert np.array_equal(corners, corners.round())
    for axis in (0, 1):
        counts = np.bincount(corners[:, axis].astype(int))
        assert len(counts) == SIZE - 29 + 1 and chisquare(counts).pvalue > 0.01
    assert abs(np.corrcoef(corners.T)[0, 1]) < 0.06


def test_a_window_is_a_part_of_the_picture_and_of_its_truth(faces: Batch) -> None:
    crop = Augment.parse("crop:20")
    changes = drawn(crop, (SIZE, SIZE), Rng(seed=3, places=PLACES))
    found = changed(faces, changes)
    assert faces.points is not None and found.points is not None and found.visible is not None
    assert faces.parts is not None and found.parts is not None
    for n, (left, top) in enumerate(-changes.maps[:, :, 2].astype(int)):
        here = (n, slice(top, top + 20), slice(left, left + 20))
        assert torch.equal(found.pixels[n], faces.pixels[here])
        assert torch.equal(found.parts[n], faces.parts[here])
        moved = faces.points[n] - torch.tensor([left, top])
        torch.testing.assert_close(found.points[n], moved)
        inside = ((moved >= 0) & (moved < 20)).all(1)
        assert not (found.visible[n] & ~inside).any()


def test_a_window_of_a_mirrored_picture_is_a_mirrored_window(faces: Batch) -> None:
    changes = drawn(Augment.parse("mirror+crop:20"), (SIZE, SIZE), Rng(seed=3, places=PLACES))
    assert 0 < changes.mirrored.sum() < len(PLACES)
    found = changed(faces, changes)
    for n, flipped in enumerate(changes.mirrored):
        whole = faces.pixels[n].flip(1) if flipped else faces.pixels[n]
        windows = whole.unfold(0, 20, 1).unfold(1, 20, 1).permute(0, 1, 3, 4, 2)
        assert (windows == found.pixels[n]).all((2, 3, 4)).any()


def test_of_a_smaller_picture_it_is_all(faces: Batch) -> None:
    changes = drawn(Augment.parse("crop:64"), (SIZE, SIZE), Rng(seed=3, places=PLACES))
    assert torch.equal(changed(faces, changes).pixels, faces.pixels)
