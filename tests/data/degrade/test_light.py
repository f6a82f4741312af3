"""Light from one side: what is in shade, by how much, and which way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.rng import Rng
from trombine.data.degrade.camera import shade

COUNT, SIZE = 400, 24


def shaded(amount: float, level: float = 0.5, count: int = COUNT) -> torch.Tensor:
    chance = Rng(seed=4, places=np.arange(count))
    return shade(torch.full((count, 3, SIZE, SIZE), level), np.full(count, amount), chance)


def test_nothing_is_the_very_picture() -> None:
    assert torch.equal(shaded(0.0), torch.full((COUNT, 3, SIZE, SIZE), 0.5))


def test_each_picture_grows_darker_one_way_and_only_that_way() -> None:
    """Its level is a function of one direction: along a line across it, it is the same."""
    made = shaded(1.0).numpy()
    assert (made == made[:, :1]).all()  # grey stays grey
    down, across = (np.diff(made[:, 0], axis=axis).mean((1, 2)) for axis in (1, 2))
    steepness = np.hypot(down, across)
    assert (steepness > 0).all()
    angles = np.arctan2(down, across)
    for sign in (1, -1):  # each quarter as often
        assert 0.4 < (sign * np.sin(angles) > 0).mean() < 0.6
        assert 0.4 < (sign * np.cos(angles) > 0).mean() < 0.6
    for row in range(20):
        ways = np.diff(made[row, 0], axis=0) * np.sign(down[row])
        assert (ways >= -1e-6).all()
        ways = np.diff(made[row, 0], axis=1) * np.sign(across[row])
        assert (ways >= -1e-6).all()


@pytest.mark.parametrize("amount", [0.5, 1.0])
def test_it_takes_as_much_light_as_is_said(amount: float) -> None:
    """White stays white where light is: no exponent moves it. In shade .4 to .95 of it goes."""
    made = shaded(amount, level=1.0)
    dark = 1 - made.amin((1, 2, 3))
    assert float(dark.max()) <= 0.95 * amount + 1e-6 and float(dark.max()) > 0.9 * amount
    assert float(made.amax((1, 2, 3)).max()) == pytest.approx(1, abs=0.01)
    assert 0.35 * amount < float(dark.median()) < 0.8 * amount


def test_midtones_are_lighter_or_darker_by_an_exponent() -> None:
    """Beside what white shows: the same light, so the ratio is the exponent's alone."""
    power = torch.log(shaded(1.0) / shaded(1.0, level=1.0)) / np.log(0.5)
    each = power.flatten(1)
    torch.testing.assert_close(each.amin(1), each.amax(1), rtol=1e-3, atol=1e-3)
    exponents = np.log2(each[:, 0].numpy())
    assert np.abs(exponents).max() < 0.701 and abs(exponents.mean()) < 0.06
    assert exponents.std() == pytest.approx(0.7 / 3**0.5, rel=0.1)
