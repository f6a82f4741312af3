"""The last step: the same as MATLAB's imresize, by the oracle's dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trombine.data.degrade import imresize_matlab, matlab_weights
from trombine.superres.last import resized, weights

SIDES = st.integers(1, 40)


@given(n_in=SIDES, n_out=SIDES)
def test_the_weights_are_those_of_the_dense_matrix(n_in: int, n_out: int) -> None:
    dense = matlab_weights(n_in, n_out, n_out / n_in, "bicubic")
    assert np.abs(weights(n_in, n_out).toarray() - dense).max() < 1e-6


@pytest.mark.parametrize("size", [(30, 45), (1, 1), (75, 100)])
def test_a_picture_is_what_imresize_makes_of_it(size: tuple[int, int]) -> None:
    picture = torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(2))
    expected = imresize_matlab(picture, size=size).clamp(0, 1)
    assert torch.allclose(resized(picture, size), expected, atol=2e-6)


def test_a_long_picture_needs_no_large_matrix() -> None:
    """Dense, the weights of its rows would be 10 GB."""
    made = resized(torch.full((1, 40_000, 2), 0.5), (30_000, 2))
    assert torch.allclose(made, torch.full((), 0.5))
    assert weights(40_000, 30_000).nnz < 30_000 * 8
