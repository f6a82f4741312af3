"""Terms: closed forms, slopes by finite differences, the least for the truth, equal slices."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import pywt
import torch
from scipy.signal import correlate2d

from trombine.core.errors import InputError
from trombine.io.color import LUMA
from trombine.losses import terms
from trombine.losses.terms import (
    TERMS,
    artefacts,
    bands,
    charbonnier,
    gram,
    gram_distance,
    haar_loss,
    l1,
    l2,
    luma_l1,
    ms_ssim_loss,
    spread,
    ssim_loss,
    total_variation,
)
from trombine.metrics import luma, ssim

Term = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

ALL: dict[str, Term] = {
    **TERMS,
    "total variation": lambda a, b: total_variation(a - b),
    "gram": gram_distance,
}


def batch(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Smooth pictures with detail, in [0, 1]."""
    draw = np.random.default_rng(seed)
    steps = np.cumsum(np.cumsum(draw.normal(size=shape), -1), -2)
    low, high = steps.min((-2, -1), keepdims=True), steps.max((-2, -1), keepdims=True)
    return torch.from_numpy((steps - low) / (high - low)).to(dtype)


def noisy(clean: torch.Tensor, strength: float) -> torch.Tensor:
    noise = np.random.default_rng(99).normal(0, strength, clean.shape)
    return (clean + torch.from_numpy(noise)).to(clean.dtype)


# --- what each is -------------------------------------------------------------------------------


def test_by_hand() -> None:
    a = torch.tensor([[[[0.0, 1.0], [0.5, 0.0]]]], dtype=torch.float64)
    b = torch.zeros_like(a)
    assert l1(a, b).item() == 1.5 / 4
    assert l2(a, b).item() == 1.25 / 4
    assert charbonnier(b, b, eps=0.25).item() == 0.25
    assert charbonnier(a, b, eps=1e-9).item() == pytest.approx(1.5 / 4)
    assert total_variation(a).item() == (1 + 0.5 + 0.5 + 1) / 4


def test_luma_is_the_measures() -> None:
    """The mean |difference| of what PSNR-Y is of, whose range is 219 of 255 levels."""
    a = batch(1, 2, 3, 8, 9, dtype=torch.float32)
    b = noisy(a, 0.1)
    apart = (luma(a) - luma(b)).abs().mean().item() / 219
    assert luma_l1(a, b).item() == pytest.approx(apart, rel=1e-5)
    assert luma_l1(a[:, :1], b[:, :1]).item() == l1(a[:, :1], b[:, :1]).item()
    with pytest.raises(InputError, match="2 channels have no luma"):
        luma_l1(a[:, :2], b[:, :2])


def test_ssim_loss_is_the_measure() -> None:
    a = batch(1, 3, 3, 24, 30, dtype=torch.float32)
    b = noisy(a, 0.05).clamp(0, 1)
    assert ssim_loss(a, b).item() == pytest.approx(1 - ssim(a, b).mean().item(), abs=1e-5)


def test_gram_is_that_of_a_loop() -> None:
    x = batch(2, 2, 3, 4, 5)
    for n, i, j in np.ndindex(2, 3, 3):
        expected = sum(float(x[n, i, y, c] * x[n, j, y, c]) for y in range(4) for c in range(5))
        assert gram(x)[n, i, j].item() == pytest.approx(expected / 60, rel=1e-12)


# --- what all must be ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", TERMS)
def test_a_term_is_least_for_the_truth(name: str) -> None:
    """The nearer to the truth, the smaller: what is minimised must lead there."""
    truth = batch(4, 2, 3, 32, 32)
    values = [TERMS[name](noisy(truth, strength), truth).item() for strength in (0, 0.02, 0.1, 0.4)]
    assert values == sorted(set(values))
    assert values[0] == pytest.approx(1e-3 if name == "charbonnier" else 0, abs=1e-12)


@pytest.mark.parametrize("name", TERMS)
def test_going_down_the_slope_leads_to_the_truth(name: str) -> None:
    truth = batch(5, 1, 1, 24, 24)
    guess = noisy(truth, 0.2)
    before = l2(guess, truth).item()
    for _ in range(30):
        guess = guess.detach().requires_grad_()
        (slope,) = torch.autograd.grad(TERMS[name](guess, truth), guess)
        guess = guess - 0.2 * slope / slope.norm()
    assert l2(guess, truth).item() < before


@pytest.mark.parametrize("name", ALL)
def test_slopes_are_those_of_finite_differences(name: str) -> None:
    truth = batch(6, 2, 3, 13, 12)
    guess = noisy(truth, 0.1).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ALL[name](x, truth), guess, fast_mode=True)


def test_slopes_of_ms_ssim_over_two_scales() -> None:
    truth = batch(7, 1, 1, 23, 22)
    guess = noisy(truth, 0.1).requires_grad_()
    assert len(terms.scales(truth)) == 2
    assert torch.autograd.gradcheck(lambda x: ms_ssim_loss(x, truth), guess, fast_mode=True)


@pytest.mark.parametrize("name", ALL)
def test_equal_slices_average_to_the_whole(name: str) -> None:
    truth = batch(8, 6, 3, 24, 24)
    guess = noisy(truth, 0.1)
    slices = [ALL[name](guess[i : i + 2], truth[i : i + 2]).item() for i in (0, 2, 4)]
    assert ALL[name](guess, truth).item() == pytest.approx(sum(slices) / 3, rel=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_any_float_type(name: str) -> None:
    truth = batch(9, 2, 3, 24, 24)
    guess = noisy(truth, 0.1)
    low_truth, low_guess = truth.bfloat16(), guess.bfloat16()
    value = ALL[name](low_guess, low_truth)
    assert value.dtype == torch.float32 and not value.shape
    exact = ALL[name](low_guess.double(), low_truth.double()).item()
    assert value.item() == pytest.approx(exact, rel=2e-3, abs=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_bfloat16_autocast_changes_nothing(name: str) -> None:
    truth = batch(10, 2, 3, 24, 24, dtype=torch.float32)
    guess = noisy(truth, 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = ALL[name](guess, truth)
    assert mixed.item() == ALL[name](guess, truth).item()


# --- MS-SSIM's own ------------------------------------------------------------------------------


def test_a_picture_smaller_than_the_window_is_refused() -> None:
    for term in (ssim_loss, ms_ssim_loss):
        with pytest.raises(InputError, match="at least 11 pixels"):
            term(torch.zeros(1, 1, 10, 30), torch.zeros(1, 1, 10, 30))


@pytest.mark.parametrize("guess", ["the negative", "grey", "black"])
def test_opposed_structures_have_a_finite_slope(guess: str) -> None:
    """A mean structure below 0 has no real power of .0448; at 0 its slope has no bound."""
    truth = batch(14, 1, 3, 48, 48, dtype=torch.float32)
    made = {
        "the negative": 1 - truth,
        "grey": torch.full_like(truth, 0.5),
        "black": torch.zeros_like(truth),
    }
    x = made[guess].requires_grad_()
    value = ms_ssim_loss(x, truth)
    (slope,) = torch.autograd.grad(value, x)
    assert math.isfinite(value.item()) and bool(slope.isfinite().all())
    assert slope.norm() < 1e3


# --- sharpness ----------------------------------------------------------------------------------


def test_the_bands_are_those_of_wavelets() -> None:
    """By PyWavelets, whose transform goes round at the borders and doubles with the level."""
    pictures = torch.rand(2, 3, 64, 48, dtype=torch.float64)
    found = bands(pictures, 2)
    assert found.shape == (2, 6, 64, 48)
    for planes, picture in zip(found, pictures, strict=True):
        grey = np.tensordot(LUMA, picture.numpy(), 1)
        levels = reversed(pywt.swt2(grey, "db2", 2, norm=False, trim_approx=True)[1:])
        wanted = [band / 2 ** (1 + n) for n, (h, v, d) in enumerate(levels) for band in (v, h, d)]
        for ours, theirs in zip(planes.numpy(), wanted, strict=True):
            inside = ours[8:-8, 8:-8]
            sign = np.sign((inside * theirs[8:-8, 8:-8]).sum())
            np.testing.assert_allclose(inside, sign * theirs[8:-8, 8:-8], atol=1e-12)


def test_light_colour_and_slopes_are_in_no_band() -> None:
    """A wavelet of two moments sees neither a constant nor a slope, nor colours of equal luma."""
    across = torch.linspace(0, 1, 32, dtype=torch.float64).expand(1, 3, 32, 32)
    assert bands(across, 2)[..., 9:-9, 9:-9].abs().max() < 1e-15
    chroma = torch.rand(1, 3, 32, 32, dtype=torch.float64)
    chroma[:, 2] = -(LUMA[0] * chroma[:, 0] + LUMA[1] * chroma[:, 1]) / LUMA[2]
    assert bands(chroma, 1).abs().max() < 1e-12


def test_a_spread_is_the_variance_of_a_square() -> None:
    plane = 100 + torch.rand(2, 1, 16, 12, dtype=torch.float64)
    windows = plane.unfold(2, 7, 1).unfold(3, 7, 1).flatten(-2).var(-1)
    torch.testing.assert_close(spread(plane, 7)[..., 3:-3, 3:-3], windows, rtol=1e-9, atol=0)


def test_artefacts_count_where_the_averaged_net_errs_less() -> None:
    truth, error = (
        torch.zeros(1, 3, 16, 16, dtype=torch.float64),
        noisy(torch.zeros(1, 3, 16, 16).double(), 0.1),
    )
    made, mean = (truth + error).requires_grad_(), truth + error.abs() + 1
    assert artefacts(made, truth, mean) == 0  # the averaged one is worse everywhere
    mean = truth.clone()
    mean[..., :8] = 1  # worse in the left half
    artefacts(made, truth, mean).backward()
    assert made.grad is not None
    assert not made.grad[..., :8].any()
    residual = error.abs().sum(1, keepdim=True)
    weight = (spread(residual, 7) * residual.var() ** 0.2)[..., 8:]
    wanted = weight * error[..., 8:].sign() / error.numel()
    torch.testing.assert_close(made.grad[..., 8:], wanted)
    flat = truth + 0.2  # an error that is the same everywhere is no artefact
    assert artefacts(flat, truth, truth) < 1e-12


def test_haar_is_that_of_the_paper_by_the_pixel() -> None:
    """Each filter by scipy, similarity as HaarPSI has it; weights by the truth."""
    a, b = batch(3, 1, 3, 40, 36), batch(4, 1, 3, 40, 36)
    planes = [np.tensordot(LUMA, picture[0].numpy(), 1) for picture in (a, b)]

    def details(plane: np.ndarray, side: int, axis: int) -> np.ndarray:
        taps = np.ones((side, side)) / side
        taps[: side // 2] *= -1
        before, after = side // 2, side // 2 - 1
        padded = np.pad(plane, ((before, after), (before, after)), "edge")
        return np.abs(correlate2d(padded, taps if axis == 0 else taps.T, mode="valid"))

    alike, weights = [], []
    for axis in (0, 1):
        scores = []
        for side in (2, 4, 8):
            x, y = (details(plane, side, axis) for plane in planes)
            scores.append((2 * x * y + 30 / 255**2) / (x**2 + y**2 + 30 / 255**2))
        alike.append(np.mean(scores, 0))
        weights.append(details(planes[1], 16, axis))
    wanted = 1 - (np.array(alike) * weights).sum() / np.sum(weights)
    assert haar_loss(a, b).item() == pytest.approx(wanted, rel=1e-9)


def test_haar_asks_for_as_much_detail_as_there_is_where_squares_ask_for_less() -> None:
    """Of a texture that cannot be known, squares are least for none and haar for all of it."""
    draw = np.random.default_rng(5)
    true, guess = (torch.from_numpy(draw.normal(0, 0.1, (1, 1, 64, 64))) for _ in range(2))
    amounts = (0.0, 0.5, 1.0)
    by_squares = [l2(0.5 + amount * guess, 0.5 + true).item() for amount in amounts]
    by_haar = [haar_loss(0.5 + amount * guess, 0.5 + true).item() for amount in amounts]
    assert by_squares == sorted(by_squares)
    assert by_haar == sorted(by_haar, reverse=True)
