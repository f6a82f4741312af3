"""Grain given back: its strength, reach and colours are those that were planted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from trombine.superres.grain import with_grain

SIDE = 256


def slope(side: int = SIDE) -> np.ndarray:
    """From dark to light."""
    return np.broadcast_to(np.linspace(0.1, 0.9, side, dtype=np.float32), (3, side, side)).copy()


def planted(sigma: float, strength: np.ndarray | float, *, grey: bool) -> np.ndarray:
    drawn = np.random.default_rng(1).standard_normal((3, SIDE, SIDE))
    if grey:
        drawn[:] = drawn[:1]
    grain = np.stack([gaussian_filter(one, sigma, mode="wrap") if sigma else one for one in drawn])
    return (grain / grain.std() * strength).astype(np.float32)


def given(grain: np.ndarray, times: int = 1) -> np.ndarray:
    """What is added to a clear picture of the same slope, so many times as large."""
    clear = torch.from_numpy(slope(SIDE * times))
    made = with_grain(torch.from_numpy(slope() + grain), clear)
    return (made - clear).numpy()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("sigma", [0.0, 0.8])
@pytest.mark.parametrize("grey", [True, False])
def test_it_is_as_strong_as_wide_and_as_coloured(times: int, sigma: float, grey: bool) -> None:
    grain = planted(sigma, 0.03, grey=grey)
    found = given(grain, times)
    assert found.std() == pytest.approx(0.03, rel=0.06)
    for step in (1, 2):
        ours, theirs = (
            np.corrcoef(one[0, :, step:].ravel(), one[0, :, :-step].ravel())[0, 1]
            for one in (found, grain)
        )
        assert ours == pytest.approx(theirs, abs=0.08)
    between = np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1]
    assert between == pytest.approx(1.0 if grey else 0.0, abs=0.03)


def test_it_is_strong_where_it_was_strong() -> None:
    """As that of film, in the middle tones."""
    light = slope()
    grain = planted(0.0, 1.0, grey=True) * 0.04 * np.sin(np.pi * light)
    found = given(grain)
    for left, right in ((20, 50), (110, 140), (200, 230)):
        wanted = grain[..., left:right].std()
        assert found[..., left:right].std() == pytest.approx(wanted, rel=0.15)


def test_a_clear_picture_stays_as_it_is_and_grain_is_repeatable() -> None:
    clear = torch.from_numpy(slope())
    assert torch.equal(with_grain(clear, clear), clear)
    grain = planted(0.8, 0.02, grey=False)
    assert np.array_equal(given(grain), given(grain))
    assert not np.array_equal(given(grain), given(grain[..., ::-1].copy()))


def test_grey_stays_exactly_grey() -> None:
    found = given(planted(0.8, 0.02, grey=True))
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_edges_are_not_taken_for_grain() -> None:
    """What a net sharpened differs from the small picture at edges alone."""
    clear = np.zeros((3, SIDE, SIDE), np.float32) + 0.3
    clear[:, 64:192, 64:192] = 0.7
    blurred = np.stack([gaussian_filter(plane, 1.5) for plane in clear])
    made = with_grain(torch.from_numpy(blurred), torch.from_numpy(clear))
    assert np.array_equal(made.numpy(), clear)
