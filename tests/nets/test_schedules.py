"""Schedules and processes: closed forms, and ways there and back."""

from __future__ import annotations

import math

import pytest
import torch

from trombine.nets.schedules import LEAST_DATA, Diffusion, Flow, cosine

Any = Diffusion | Flow
PROCESSES: dict[str, Any] = {
    "cosine noise": Diffusion(),
    "cosine v": Diffusion(predicts="v"),
    "flow": Flow(),
}
TIMES = torch.tensor([0.0, 1e-4, 0.1, 0.5, 0.9, 1.0], dtype=torch.float64)


def random(seed: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(6, 3, 4, 4, generator=torch.Generator().manual_seed(seed)).to(dtype)


# --- the levels ---------------------------------------------------------------------------------


def test_cosine_is_nichol_and_dhariwals() -> None:
    def power(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    for t in (0.0, 0.01, 0.3, 0.7, 0.98):
        data, _ = cosine(torch.tensor([t], dtype=torch.float64))
        assert data.item() == pytest.approx(power(t) / power(0), abs=1.01 * LEAST_DATA)


@pytest.mark.parametrize("name", PROCESSES)
def test_time_goes_from_data_to_noise(name: str) -> None:
    process = PROCESSES[name]
    t = torch.linspace(0, 1, 1001, dtype=torch.float64)
    data, noise = process.levels(t)
    assert (data[0], noise[0]) == (1, 0)
    assert data[-1] ** 2 <= LEAST_DATA * (1 + 1e-9) and noise[-1] ** 2 >= 1 - 1.01 * LEAST_DATA
    assert (data.diff() < 0).all() and (noise.diff() > 0).all()
    assert (process.clock(t).diff() > 0).all()
    if isinstance(process, Diffusion):
        assert torch.allclose(data**2 + noise**2, torch.ones_like(t), atol=1e-15)


# --- there and back -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROCESSES)
def test_the_right_word_means_the_right_picture(name: str) -> None:
    process = PROCESSES[name]
    clean, noise = random(0), random(1)
    mixed = process.mix(clean, noise, TIMES)
    said = process.target(clean, noise, TIMES)
    assert torch.allclose(process.clean(mixed, said, TIMES), clean, atol=1e-11)
    assert torch.allclose(process.noise(mixed, said, TIMES), noise, atol=1e-11)
    later = slice(2, None)  # at time 0 the mixture is the picture, whatever the net says
    back = process.prediction_for(mixed[later], clean[later], TIMES[later])
    assert torch.allclose(back, said[later], atol=1e-11)


@pytest.mark.parametrize("name", PROCESSES)
def test_what_it_is_made_of_mixes_to_it_again(name: str) -> None:
    """Whatever the net says, right or wrong."""
    process = PROCESSES[name]
    mixed, said = random(2), random(3)
    clean, noise = process.clean(mixed, said, TIMES), process.noise(mixed, said, TIMES)
    assert torch.allclose(process.mix(clean, noise, TIMES), mixed, atol=1e-9)


@pytest.mark.parametrize("name", PROCESSES)
def test_pace_is_the_slope_of_the_mixture(name: str) -> None:
    """By finite differences, in the process's own clock."""
    process = PROCESSES[name]
    clean, noise = random(4), random(5)
    t = torch.tensor([0.02, 0.1, 0.3, 0.5, 0.7, 0.9], dtype=torch.float64)
    ahead, behind = t + 1e-6, t - 1e-6
    moved = process.mix(clean, noise, ahead) - process.mix(clean, noise, behind)
    passed = (process.clock(ahead) - process.clock(behind)).view(-1, 1, 1, 1)
    assert torch.allclose(process.pace(clean, noise, t), moved / passed, atol=1e-5)
