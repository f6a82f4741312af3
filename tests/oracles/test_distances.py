"""Distances between sets of pictures and of features, against closed forms, loops and scipy."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch.nn.functional import avg_pool2d, interpolate

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


def test_a_shift_is_its_length() -> None:
    a = drawn(30, 4).double()
    torch.testing.assert_close(sorted_distance(a, a + 0.25), torch.full((4,), 0.25).double())


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


def test_a_flat_picture_is_in_the_last_level_alone() -> None:
    *fine, rest = pyramid(torch.full((1, 3, 64, 64), 0.3, dtype=torch.float64))
    assert max(float(level[..., 4:-4, 4:-4].abs().max()) for level in fine) < 1e-12
    torch.testing.assert_close(rest, torch.full_like(rest, 0.3))


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


def test_equal_sets_have_none_in_any_order(faces: torch.Tensor) -> None:
    assert sliced_distance(faces[:20], faces[:20]) == 0
    assert sliced_distance(faces[:20], faces[:20].flip(0)) == 0


def test_it_is_symmetric_and_a_function_of_the_seed(faces: torch.Tensor) -> None:
    a, b = faces[:20], faces[20:50]
    assert sliced_distance(a, b, 3) == pytest.approx(sliced_distance(b, a, 3), rel=1e-12)
    torch.manual_seed(7)
    assert sliced_distance(a, b, 3) == sliced_distance(a, b, 3) != sliced_distance(a, b, 4)


def test_seeds_agree(faces: torch.Tensor) -> None:
    """The choice of directions and places is a small part of what is measured."""
    noisy = (faces[48:96] + 0.1 * (drawn(48, 3, 32, 32) - 0.5)).clamp(0, 1)
    values = [sliced_distance(faces[:48], noisy, seed) for seed in range(4)]
    assert np.std(values) < 0.1 * np.mean(values)


def worse(faces: torch.Tensor, how: str, strength: int) -> torch.Tensor:
    """A set that is more and more unlike the faces; strength 0 is other faces."""
    other = faces[48:96]
    if how == "noise":
        noise = torch.randn(other.shape, generator=torch.Generator().manual_seed(0))
        return (other + 0.04 * strength * noise).clamp(0, 1)
    if how == "blur":
        small = avg_pool2d(other, 2**strength)
        return interpolate(small, scale_factor=2**strength, mode="bilinear")
    if how == "tint":
        return (other + 0.05 * strength * torch.tensor([1.0, 0, -1]).view(3, 1, 1)).clamp(0, 1)
    return other[: 48 // 4**strength].repeat(4**strength, 1, 1, 1)  # few modes


@pytest.mark.parametrize("how", ["noise", "blur", "tint", "modes"])
def test_it_grows_with_what_is_wrong(how: str, faces: torch.Tensor) -> None:
    distances = [
        sliced_distance(worse(faces, how, s), faces[:48]) for s in range(4 - (how == "modes"))
    ]
    assert all(b > 1.1 * a for a, b in pairwise(distances)), distances


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


def test_flat_pictures_are_apart_by_their_difference() -> None:
    greys = torch.tensor([0.1, 0.2, 0.6]).view(3, 1, 1, 1).expand(3, 3, 8, 8)
    assert diversity(greys) == pytest.approx((0.1 + 0.4 + 0.5) / 3, abs=1e-6)
    assert spacing(greys) == pytest.approx(0.1, abs=1e-6)


def test_few_pictures_again_and_again(faces: torch.Tensor) -> None:
    """Four kinds are diverse in the mean, and have no spacing."""
    four = faces[:4].repeat(16, 1, 1, 1)
    assert diversity(four) > 0.5 * diversity(faces[:64])
    assert spacing(four) == pytest.approx(0, abs=1e-6)


def test_one_picture_has_no_diversity() -> None:
    for measure in (diversity, spacing):
        with pytest.raises(InputError, match="one picture"):
            measure(drawn(1, 3, 16, 16))


def test_small_pictures_are_taken_as_they_are() -> None:
    a = drawn(2, 1, 5, 6).double()
    expected = (a[0] - a[1]).square().mean().sqrt()
    assert diversity(a.float()) == pytest.approx(float(expected), abs=1e-7)
