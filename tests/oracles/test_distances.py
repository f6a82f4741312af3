"""Distances between sets of pictures and of features, against closed forms, loops and scipy."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from trombine.core.errors import InputError
from trombine.data.source import source
from trombine.metrics import (
    CHOOSING_SEEDS,
    diversity,
    sliced_distance,
    spacing,
)
from trombine.metrics.distances import pyramid, sorted_distance


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """96 faces of 32 px."""
    opened = source("world:photo#96", 32, first_seed=CHOOSING_SEEDS.start)
    return opened.batch(np.arange(96)).pictures().contiguous()


# Sorted distance -----------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "m"), [(1, 1), (5, 5), (6, 4), (7, 3), (1, 9), (12, 35)])
def test_each_direction_is_scipys(n: int, m: int) -> None:
    a, b = drawn(n, 20, seed=n).double(), 2 * drawn(m, 20, seed=99 + m).double()
    b[0] = a[0]  # ties too
    expected = [wasserstein_distance(x, y) for x, y in zip(a.T.numpy(), b.T.numpy(), strict=True)]
    torch.testing.assert_close(
        sorted_distance(a, b), torch.tensor(expected).double(), rtol=0, atol=1e-12
    )


# Sliced distance -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 64), (40, 71), (31, 16), (7, 9)])
def test_the_levels_of_the_pyramid_add_up(size: tuple[int, int]) -> None:
    """The picture comes back, to rounding, from what each halving took away."""
    picture = drawn(2, 3, *size).double()
    levels = pyramid(picture)
    assert len(levels) == 1 + max(0, math.floor(math.log2(min(size) / 16)))
    built = levels[-1]
    for level in reversed(levels[:-1]):
        spread = torch.zeros_like(level)
        spread[..., ::2, ::2] = built
        taps = torch.tensor([1, 4, 6, 4, 1.0], dtype=torch.float64) / 8
        kernel = (taps[:, None] * taps).expand(3, 1, 5, 5)
        padded = torch.nn.functional.pad(spread, (2, 2, 2, 2), mode="reflect")
        built = level + torch.nn.functional.conv2d(padded, kernel, groups=3)
    torch.testing.assert_close(built, picture, rtol=0, atol=1e-12)


def by_the_book(a: torch.Tensor, b: torch.Tensor, seed: int) -> float:
    """The same distance in loops: one patch, one direction, one scipy call after the other."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    levels = []
    for x, y in zip(pyramid(a.double()), pyramid(b.double()), strict=True):
        both = torch.cat((x, y)).numpy()
        mean, deviation = both.mean((0, 2, 3)), both.std((0, 2, 3))
        scaled = (both - mean[:, None, None]) / deviation[:, None, None]
        rows = draw.integers(0, x.shape[-2] - 6, 64)
        columns = draw.integers(0, x.shape[-1] - 6, 64)
        directions = draw.normal(size=(147, 128))
        found = []
        for direction in directions.T:
            unit = direction / np.linalg.norm(direction)
            projected = [
                [np.vdot(one[:, r : r + 7, c : c + 7], unit) for r, c in zip(rows, columns)]  # noqa: B905
                for one in scaled
            ]
            ours, theirs = np.ravel(projected[: len(a)]), np.ravel(projected[len(a) :])
            found.append(wasserstein_distance(ours, theirs))
        levels.append(np.mean(found))
    return float(np.mean(levels))


def test_it_is_the_one_of_the_book() -> None:
    a, b = drawn(2, 3, 33, 32, seed=1), drawn(3, 3, 33, 32, seed=2) ** 2
    assert sliced_distance(a, b, 5) == pytest.approx(by_the_book(a, b, 5), rel=1e-10)


def test_it_is_symmetric_and_a_function_of_the_seed(faces: torch.Tensor) -> None:
    a, b = faces[:20], faces[20:50]
    assert sliced_distance(a, b, 3) == pytest.approx(sliced_distance(b, a, 3), rel=1e-12)
    torch.manual_seed(7)
    assert sliced_distance(a, b, 3) == sliced_distance(a, b, 3) != sliced_distance(a, b, 4)


def test_sets_that_do_not_compare_are_refused(faces: torch.Tensor) -> None:
    with pytest.raises(InputError, match="do not compare"):
        sliced_distance(faces, faces[..., :16])
    with pytest.raises(InputError, match="do not compare"):
        sliced_distance(faces, faces[:0])
    with pytest.raises(InputError, match="no patches"):
        sliced_distance(faces[..., :5], faces[..., :5])


# Diversity -----------------------------------------------------------------------------------


def test_diversity_and_spacing_are_what_they_say() -> None:
    pictures = drawn(7, 3, 24, 16)
    blocks = pictures.double().view(7, 3, 8, 3, 8, 2).mean((3, 5)).numpy()
    apart = np.zeros((7, 7))
    for i, j in combinations(range(7), 2):
        apart[i, j] = apart[j, i] = math.sqrt(((blocks[i] - blocks[j]) ** 2).mean())
    assert diversity(pictures) == pytest.approx(apart.sum() / 42, abs=1e-7)
    nearest = (apart + np.diag([np.inf] * 7)).min(1)
    assert spacing(pictures) == pytest.approx(np.median(nearest), abs=1e-7)


def test_one_picture_has_no_diversity() -> None:
    for measure in (diversity, spacing):
        with pytest.raises(InputError, match="one picture"):
            measure(drawn(1, 3, 16, 16))
