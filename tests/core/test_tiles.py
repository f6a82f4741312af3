"""Crops, tiles and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from trombine.core.tiles import Box, around, cut, paste, through_tiles, tiles

RNG = np.random.default_rng(7)


def mask(height: int, width: int, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    for top, left, bottom, right in boxes:
        hole[top:bottom, left:right] = True
    return hole


def test_the_crop_is_a_square_round_the_hole_with_context() -> None:
    box = around(mask(200, 300, (80, 100, 100, 140)), context=1.0)
    assert (box.height, box.width) == (80, 80)
    assert (box.top + box.bottom, box.left + box.right) == (180, 240), "the hole is in its middle"
    box = around(mask(200, 300, (0, 290, 10, 300)), context=3.0)
    assert box == Box(top=0, left=260, bottom=40, right=300), "moved at an edge, not cut"
    with pytest.raises(ValueError, match="no hole"):
        around(mask(20, 20))


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    context=st.floats(0, 3),
    least=st.integers(0, 80),
    data=st.data(),
)
def test_every_crop_lies_in_the_picture_and_holds_the_hole(
    height: int, width: int, context: float, least: int, data: st.DataObject
) -> None:
    hole = mask(height, width)
    for _ in range(data.draw(st.integers(1, 4))):
        hole[data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))] = True
    box = around(hole, context=context, least=least)
    assert 0 <= box.top < box.bottom <= height and 0 <= box.left < box.right <= width
    assert cut(hole, box).sum() == hole.sum()
    assert box.height >= min(least, height) and box.width >= min(least, width)


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_only_what_is_pasted_changes(kind: str) -> None:
    whole = RNG.random((3, 20, 30)).astype(np.float32)
    part = RNG.random((3, 8, 6)).astype(np.float32)
    where = RNG.random((8, 6)) > 0.5
    box = Box(top=5, left=7, bottom=13, right=13)
    expected = whole.copy()
    for row, column in np.argwhere(where):
        expected[:, 5 + row, 7 + column] = part[:, row, column]
    if kind == "torch":
        given = torch.from_numpy(whole)
        result = paste(given, torch.from_numpy(part), box, torch.from_numpy(where)).numpy()
    else:
        result = paste(whole, part, box, where)
    assert np.array_equal(result, expected)
    assert not np.shares_memory(result, whole)


def blur(radius: int) -> np.ndarray:
    kernel = RNG.random((2 * radius + 1, 2 * radius + 1))
    return kernel / kernel.sum()


@pytest.mark.parametrize(("height", "width"), [(97, 64), (33, 33), (20, 15)])
@pytest.mark.parametrize("blend", [0, 3])
def test_a_filter_within_the_halo_shows_no_seam(height: int, width: int, blend: int) -> None:
    """Against the filter over the whole picture at once."""
    picture = RNG.random((height, width))
    kernel = blur(radius=5)

    def work(part: np.ndarray) -> np.ndarray:
        return ndimage.correlate(part, kernel, mode="constant")

    done = through_tiles(picture, work, size=32, halo=5 + blend, blend=blend)
    assert np.abs(done - work(picture)).max() < (1e-12 if blend == 0 else 1e-6)


def test_too_small_a_halo_does_show() -> None:
    """So the test above can fail."""
    picture = RNG.random((116, 64))
    kernel = blur(radius=5)

    def work(part: np.ndarray) -> np.ndarray:
        return ndimage.correlate(part, kernel, mode="constant")

    done = through_tiles(picture, work, size=32, halo=2)
    assert np.abs(done - work(picture)).max() > 1e-3


@pytest.mark.parametrize("blend", [0, 4])
def test_an_enlarger_within_the_halo_shows_no_seam(blend: int) -> None:
    picture = torch.rand(2, 3, 50, 71, generator=torch.Generator().manual_seed(1))

    def work(part: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(part, scale_factor=3, mode="bicubic")

    done = through_tiles(picture, work, size=24, halo=2 + blend, blend=blend, factor=3)
    assert done.shape == (2, 3, 150, 213)
    assert (done - work(picture)).abs().max() < 1e-5


def test_neighbours_that_disagree_fade_into_each_other() -> None:
    """Each tile comes back as a constant of its own: no step is larger than the ramp's."""
    values = iter(range(100))

    def work(part: np.ndarray) -> np.ndarray:
        return np.full(part.shape, float(next(values)))

    done = through_tiles(np.zeros((20, 200)), work, size=40, halo=10, blend=10)
    steps = np.abs(np.diff(done, axis=1))
    assert done.min() == 0 and done.max() >= 7
    assert steps.max() <= 1 / 20 + 1e-6


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    size=st.integers(3, 40),
    halo=st.integers(0, 12),
    blend=st.integers(0, 12),
    factor=st.integers(1, 3),
)
def test_the_counts_of_all_tiles_add_up_to_one(
    height: int, width: int, size: int, halo: int, blend: int, factor: int
) -> None:
    if blend > halo or 2 * halo >= size:
        with pytest.raises(ValueError, match="no tiles"):
            list(tiles(height, width, size=size, halo=halo, blend=blend))
        return
    total = np.zeros((height * factor, width * factor))
    for tile in tiles(height, width, size=size, halo=halo, blend=blend, factor=factor):
        assert (tile.box.height, tile.box.width) == (min(size, height), min(size, width))
        cut(total, tile.box.scaled(factor))[...] += tile.rows[:, None] * tile.columns
    assert np.abs(total - 1).max() < 1e-6


@given(length=st.integers(1, 200), size=st.integers(3, 40), halo=st.integers(0, 12))
def test_without_blending_nothing_within_the_halo_counts(length: int, size: int, halo: int) -> None:
    if 2 * halo >= size:
        return
    for tile in tiles(1, length, size=size, halo=halo):
        inner = tile.columns[0 if tile.box.left == 0 else halo :]
        inner = inner[: len(inner) - (0 if tile.box.right == length else halo)]
        assert tile.columns.sum() == inner.sum()
        assert set(np.unique(tile.columns)) <= {0.0, 1.0}


def test_work_that_returns_another_size_is_named() -> None:
    with pytest.raises(ValueError, match="not enlarged by 2"):
        through_tiles(np.zeros((50, 50)), lambda part: part, size=20, halo=2, factor=2)
