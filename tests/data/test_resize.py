"""Shrinking and enlarging: what must hold whatever the kernel, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.errors import InputError
from trombine.data.resize import enlarge, imresize_matlab, matlab_weights, shrink

FACTORS = [2, 3]


def random_picture(*shape: int) -> torch.Tensor:
    levels = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(3))
    return levels.float() / 255


@pytest.mark.parametrize("factor", FACTORS)
def test_a_ramp_stays_a_ramp_inside(factor: int) -> None:
    """Keys' cubic reproduces straight lines, so pixel centres are where they should be.

    A widened one does for whole factors, where its taps lie symmetrically about the centre.
    """
    n = 96
    ramp = (torch.arange(n, dtype=torch.float32) + 0.5).div(n).expand(1, n, n).contiguous()
    small = imresize_matlab(ramp, (n // factor, n // factor))[0, 5]
    truth = (torch.arange(n // factor) + 0.5) * factor / n
    assert small[3:-3].numpy() == pytest.approx(truth[3:-3].numpy(), abs=1e-6)
    large = imresize_matlab(ramp, (n * factor, n * factor))[0, 5]
    truth = (torch.arange(n * factor) + 0.5) / factor / n
    inner = slice(3 * factor, -3 * factor)
    assert large[inner].numpy() == pytest.approx(truth[inner].numpy(), abs=1e-6)


def test_results_are_pictures_of_256_levels() -> None:
    """Black and white pixels overshoot: clamped, and rounded."""
    sharp = (random_picture(3, 48, 48) > 0.5).float()
    for result in (shrink(sharp, 2), enlarge(sharp, 3, kernel="lanczos")):
        assert result.min() >= 0 and result.max() <= 1
        assert torch.allclose(result * 255, (result * 255).round(), atol=1e-4)
    assert imresize_matlab(sharp, (144, 144)).max() > 1.01


def test_true_halves_are_rounded_up() -> None:
    """An edge of one level through the middle of a pixel of x2 gives half a level exactly.

    The round-off of float32 must not decide which way it goes.
    """
    for value in (64, 100, 201):
        edge = torch.full((1, 30, 30), value / 255)
        edge[:, 15:] = (value + 1) / 255
        assert (shrink(edge, 2)[0, 7] * 255).round().unique().tolist() == [value + 1]


def test_gradients_pass() -> None:
    picture = random_picture(1, 8, 8).requires_grad_()
    imresize_matlab(picture, (4, 4))[0, 1, 1].backward()
    expected = np.outer(*[matlab_weights(8, 4, "bicubic").toarray()[1]] * 2)
    assert picture.grad is not None
    assert picture.grad[0].numpy() == pytest.approx(expected, abs=1e-7)


def test_what_cannot_be_is_refused() -> None:
    picture = random_picture(3, 25, 24)
    with pytest.raises(InputError, match="24 x 25 is not a multiple of 4"):
        shrink(picture, 4)
    with pytest.raises(InputError, match="within"):
        enlarge(picture * 2, 2)
