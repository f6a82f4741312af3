"""Shrinking and enlarging: what must hold whatever the kernel, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trombine.core.errors import InputError
from trombine.data.resize import enlarge, imresize_matlab, match, matlab_weights, shrink

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


@pytest.mark.parametrize("size", [(24, 20), (23, 21)])
def test_a_matched_picture_is_the_nearest_that_shrinks_to_the_small_one(
    size: tuple[int, int],
) -> None:
    """By the pseudo-inverse of the whole operation as one matrix."""
    draw = torch.Generator().manual_seed(5)
    large = 0.3 + 0.4 * torch.rand(2, *size, generator=draw)
    small = (imresize_matlab(large, (8, 7)) + 0.01 * torch.rand(2, 8, 7, generator=draw)).clone()
    whole = np.kron(
        *(matlab_weights(a, b, "bicubic").toarray() for a, b in zip(size, (8, 7), strict=True))
    )
    off = small.numpy().reshape(2, -1) - large.numpy().reshape(2, -1) @ whole.T
    nearest = large.numpy() + (off @ np.linalg.pinv(whole).T).reshape(large.shape)
    made = large.clone()
    match(made, small, 1.0)
    assert made.numpy() == pytest.approx(nearest, abs=1e-6)
    assert imresize_matlab(made, (8, 7)).numpy() == pytest.approx(small.numpy(), abs=1e-6)


def test_of_a_noisy_picture_only_light_and_colour_are_matched() -> None:
    draw = torch.Generator().manual_seed(5)
    truth = 0.5 * torch.ones(3, 160, 160)
    noise = 0.02 * torch.randn(3, 40, 40, generator=draw)
    made = truth - torch.tensor([0.04, 0.0, -0.04]).view(3, 1, 1)
    match(made, (0.5 + noise).contiguous(), 0.0)
    assert (made - truth).abs().max() < 0.01
    assert (made - truth).square().mean().sqrt() < 0.004


def test_what_is_cut_off_is_made_up_for() -> None:
    """White beside black, where the nearest picture leaves the range: to one level."""
    places = torch.arange(120.0) - 60
    disc = (0.5 * (40 - torch.hypot(places, places[:, None]))).sigmoid().expand(3, -1, -1)
    small = shrink(disc, 4)
    made = enlarge(small, 4)
    assert (imresize_matlab(made, (30, 30)) - small).abs().max() > 3 / 255
    match(made, small, 1.0)
    assert made.min() >= 0 and made.max() <= 1
    assert (imresize_matlab(made, (30, 30)) - small).abs().max() < 1.5 / 255
