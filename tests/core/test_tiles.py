"""Crops, tiles and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from trombine.core.tiles import cut, through_tiles, tiles

RNG = np.random.default_rng(7)


def blur(radius: int) -> np.ndarray:
    kernel = RNG.random((2 * radius + 1, 2 * radius + 1))
    return kernel / kernel.sum()


@pytest.mark.parametrize(("height", "width"), [(116, 64), (33, 33), (20, 15)])
@pytest.mark.parametrize("blend", [0, 3])
def test_a_filter_within_the_halo_shows_no_seam(height: int, width: int, blend: int) -> None:
    """Against the filter over the whole picture at once."""
    picture = torch.from_numpy(RNG.random((height, width)))
    kernel = blur(radius=5)

    def work(part: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(ndimage.correlate(part.numpy(), kernel, mode="constant"))

    done = through_tiles(picture, work, size=32, halo=5 + blend, blend=blend)
    assert (done - work(picture)).abs().max() < (1e-12 if blend == 0 else 1e-6)
    if height == 116:  # with a halo that is too small it does show
        done = through_tiles(picture, work, size=32, halo=2)
        assert (done - work(picture)).abs().max() > 1e-3


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

    def work(part: torch.Tensor) -> torch.Tensor:
        return torch.full_like(part, float(next(values)))

    done = through_tiles(
        torch.zeros(20, 200, dtype=torch.float64), work, size=40, halo=10, blend=10
    )
    steps = done.diff(dim=1).abs()
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
        through_tiles(torch.zeros(50, 50), lambda part: part, size=20, halo=2, factor=2)
