"""The net that invents faces: its walks against closed forms, what it is told, its noise."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import pytest
import torch
from net_cases import INVENTOR

from trombine.nets import build
from trombine.nets.inventor import Inventor, lacking, walked

SIZES = {**INVENTOR, "fields": "age+smile+glasses"}


@pytest.fixture(scope="module")
def net() -> Inventor:
    return cast(Inventor, build("inventor", SIZES).eval())


@pytest.fixture(scope="module")
def latents() -> torch.Tensor:
    return torch.randn(5, 6, generator=torch.Generator().manual_seed(1))


MEAN, DEVIATION = 2.0, 0.5


def pace_of_a_gaussian(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """From standard normal noise to N(2, .5²): the exact flow takes z to 2 + .5 z."""
    s = t[:, None]
    variance = ((1 - s) * DEVIATION) ** 2 + s**2
    return -MEAN + (s - (1 - s) * DEVIATION**2) / variance * (x - (1 - s) * MEAN)


def off(steps: int, *, twice: bool = False, spacing: float = 1.0) -> float:
    """How far from the exact end a walk ends at most."""
    z = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    found = walked(pace_of_a_gaussian, z, steps, twice=twice, spacing=spacing)
    return float((found - MEAN - DEVIATION * z).abs().max())


@pytest.mark.parametrize("twice", [True, False])
def test_a_walk_along_the_pace_of_a_gaussian_ends_at_it(twice: bool) -> None:
    """By the second order: half as long steps, a quarter of the error."""
    errors = [off(steps, twice=twice) for steps in (64, 128, 256)]
    assert errors[2] < 1e-3
    for longer, shorter in pairwise(errors):
        assert 3.3 < longer / shorter < 4.7
    assert off(256, spacing=0.6) < 1e-3


def test_a_pace_that_changes_evenly_is_followed_but_for_the_first_step() -> None:
    """Whatever the steps: from time 1 to 0 along t it is the integral, -1/2; the first, which knows
    of no change yet, goes too far by half its square."""
    for steps, spacing in ((5, 1.0), (4, 0.4), (7, 0.8)):
        found = walked(lambda x, t: t[:, None], torch.zeros(1, 1), steps, spacing=spacing)
        first = 1 - (1 - 1 / steps) ** spacing
        assert float(found) == pytest.approx(-0.5 - first**2 / 2, abs=1e-6)


def test_what_is_told_is_scaled_and_what_is_not_is_marked(net: Inventor) -> None:
    told = net.told(torch.tensor([[16.0, 1.0, math.nan], [50.5, math.nan, 0.0]]))
    wanted = [[-1, 1, 0, 1, 1, 0], [0, 0, -1, 1, 0, 1]]
    assert told.tolist() == wanted


def test_guidance_of_1_is_none_and_of_0_tells_nothing(net: Inventor, latents: torch.Tensor) -> None:
    fields = torch.tensor([[30.0, 0.5, 1.0]]).repeat(5, 1)
    plain = net.invented(latents, fields)
    same = net.invented(latents, fields, torch.ones(5))
    torch.testing.assert_close(same, plain, rtol=1e-4, atol=1e-5)
    untold = net.invented(latents, fields, torch.zeros(5))
    torch.testing.assert_close(untold, net.invented(latents), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(plain, untold, atol=1e-3)
    more = net.invented(latents, fields, torch.full((5,), 3.0))
    assert not torch.allclose(plain, more, atol=1e-3)


def test_noise_is_standard_normal_another_for_each_vector_and_smooth(
    net: Inventor, latents: torch.Tensor
) -> None:
    noise = net.noise(latents)
    assert noise.shape == (5, 12, 16, 16)
    for one in noise:
        assert abs(float(one.mean())) < 0.08 and float(one.std()) == pytest.approx(1, abs=0.06)
    assert torch.equal(net.noise(latents[2:3])[0], noise[2])
    near = net.noise(latents + 0.01 * latents.flip(1))
    assert float((near - noise).square().mean()) < 1e-2
    assert float((noise[0] - noise[1]).square().mean()) > 0.2


def test_details_are_added_as_lacking_says(net: Inventor) -> None:
    """Where the second flow ends at what a soft picture lacks, that gives the truth."""
    generator = torch.Generator().manual_seed(2)
    soft, truth = torch.rand(2, 2, 3, 32, 32, generator=generator)
    noise = torch.randn(2, 12, 16, 16, generator=generator)
    wanted = lacking(soft, truth)

    class Knows(torch.nn.Module):
        def forward(self, x: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
            return noise - wanted  # the pace of straight lines between the two

    knowing = cast(Inventor, build("inventor", SIZES))
    knowing.details = Knows()  # pyright: ignore[reportAttributeAccessIssue]
    torch.testing.assert_close(knowing.finished(soft, noise), truth, rtol=0, atol=1e-5)


@pytest.mark.parametrize("retold", [True, False])
def test_details_hear_the_fields_where_they_are_retold(retold: bool) -> None:
    """Of the same soft picture and the same noise; told nothing is no fields and none known."""
    net = cast(Inventor, build("inventor", SIZES | {"retold": retold}, seed=2).eval())
    generator = torch.Generator().manual_seed(2)
    torch.nn.init.normal_(net.details.last.weight, generator=generator)  # it begins at 0
    soft = torch.rand(3, 3, 32, 32, generator=generator)
    noise = torch.randn(3, 12, 16, 16, generator=generator)
    old = torch.tensor([[70.0, math.nan, 1.0]]).repeat(3, 1)
    with torch.no_grad():
        plain = net.finished(soft, noise)
        assert torch.equal(net.finished(soft, noise, torch.full_like(old, math.nan)), plain)
        assert torch.equal(net.finished(soft, noise, old), plain) is not retold
