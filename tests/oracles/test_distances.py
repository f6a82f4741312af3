"""How sets of pictures differ, against closed forms, loops and scipy."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import scipy.stats
import torch

from trombine.core.errors import InputError
from trombine.data.degrade import jpeg
from trombine.data.source import source
from trombine.metrics import (
    CHOOSING_SEEDS,
    diversity,
    energy_distance,
    look,
    spacing,
)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """96 faces of 32 px."""
    opened = source("world:photo#96", 32, first_seed=CHOOSING_SEEDS.start)
    return opened.batch(np.arange(96)).pictures().contiguous()


# How pictures look ---------------------------------------------------------------------------


def through_jpeg(pictures: torch.Tensor, quality: int) -> torch.Tensor:
    levels = np.full(len(pictures), quality, np.int64)
    return jpeg(pictures, levels)


def blurred(pictures: torch.Tensor) -> torch.Tensor:
    padded = torch.nn.functional.pad(pictures, (2, 2, 2, 2), mode="replicate")
    return torch.nn.functional.avg_pool2d(padded, 5, 1)


def test_what_a_look_notices(faces: torch.Tensor) -> None:
    """Each change is farther from the faces than other faces are, by ten times and more."""
    some, others = faces[:48], faces[48:]
    noise = 8 / 255 * torch.randn(others.shape, generator=torch.Generator().manual_seed(3))
    changes = {
        "blur": blurred(others),
        "noise": (others + noise).clamp(0, 1),
        "JPEG": through_jpeg(others, 10),
        "channels": others.roll(1, 1),
        "tint": (others + torch.tensor([0.05, 0.0, -0.05])[:, None, None]).clamp(0, 1),
        "one face": others[:1].expand(48, -1, -1, -1),
        "four faces": others[torch.arange(48) % 4],
    }
    floor = abs(energy_distance(look(others), look(some)))
    assert floor < 0.02
    for name, changed in changes.items():
        assert energy_distance(look(changed), look(some)) > max(10 * floor, 0.08), name


def test_blocks_are_seen_where_they_are() -> None:
    """Steps on every eighth column only: the grid's number is the logarithm of their ratio."""
    ramp = torch.arange(64) // 8 / 8
    steps = look(ramp.expand(1, 3, 64, 64).contiguous())[0]
    wanted = math.log(1 / 8 + 1e-3) - math.log(7 / 8 / 63 + 1e-3)
    assert (steps - wanted).abs().min() < 1e-6  # one of its numbers, of the grid of 8
    shifted = look(ramp.roll(4).expand(1, 3, 64, 64).contiguous())[0]
    assert (shifted - wanted).abs().min() > 1e-3


def test_a_grey_picture_looks_as_its_three_equal_channels() -> None:
    grey = drawn(2, 1, 32, 24)
    torch.testing.assert_close(look(grey), look(grey.expand(-1, 3, -1, -1)))


def test_a_look_is_of_each_picture_alone() -> None:
    pictures = drawn(3, 3, 40, 31)
    alone = torch.cat([look(one[None]) for one in pictures])
    torch.testing.assert_close(look(pictures), alone, rtol=1e-12, atol=1e-12)


# Energy distance -----------------------------------------------------------------------------


def test_it_is_scipys_of_one_feature() -> None:
    """scipy's is the root of half of what is here, with the bias of pairs with oneself."""
    a, b = drawn(9, 1, seed=1).double(), 2 * drawn(12, 1, seed=2).double()
    found = energy_distance(a, b)
    ours, theirs = (one[:, 0].numpy() / float(b.std()) for one in (a, b))
    among, inside = (np.abs(x[:, None] - x).sum() / (len(x) * (len(x) - 1)) for x in (theirs, ours))
    biased = scipy.stats.energy_distance(ours, theirs) ** 2
    bias = inside / len(ours) + among / len(theirs)
    assert found == pytest.approx((biased - bias) / among, rel=1e-9)


def test_two_draws_of_one_kind_are_at_zero() -> None:
    chance = torch.Generator().manual_seed(4)
    pairs = [
        [torch.randn(40, 6, generator=chance, dtype=torch.float64) for _ in range(2)]
        for _ in range(60)
    ]
    found = np.array([energy_distance(a, b) for a, b in pairs])
    assert abs(found.mean()) < 3 * found.std() / math.sqrt(60)


def test_one_picture_again_and_again_is_at_one() -> None:
    real = drawn(200, 5, seed=6).double()
    assert energy_distance(real.mean(0).expand(50, -1), real) > 0.3
    assert energy_distance(real[:1].expand(50, -1), real) > 0.8


def test_sets_that_do_not_compare_are_refused() -> None:
    for a, b in ((drawn(4, 3), drawn(4, 2)), (drawn(1, 3), drawn(4, 3))):
        with pytest.raises(InputError, match="do not compare"):
            energy_distance(a.double(), b.double())


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
