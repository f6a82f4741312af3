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


def test_levels_in_float32_are_exact_where_small() -> None:
    t = torch.logspace(-6, 0, 50, dtype=torch.float32)
    found = Diffusion().levels(t)
    exact = Diffusion().levels(t.double())
    for one, other in zip(found, exact, strict=True):
        assert torch.allclose(one.double(), other, rtol=1e-4, atol=0)


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


def test_flow_by_hand() -> None:
    clean, noise = random(6), random(7)
    t = torch.full((6,), 0.25, dtype=torch.float64)
    assert torch.allclose(Flow().mix(clean, noise, t), 0.75 * clean + 0.25 * noise)
    assert torch.equal(Flow().target(clean, noise, t), noise - clean)


def test_v_turns_with_the_mixture() -> None:
    """x and v are (clean, noise) turned by the clock's angle: the power stays."""
    process = PROCESSES["cosine v"]
    clean, noise = random(8), random(9)
    mixed, said = process.mix(clean, noise, TIMES), process.target(clean, noise, TIMES)
    assert torch.allclose(mixed**2 + said**2, clean**2 + noise**2)


@pytest.mark.parametrize("name", PROCESSES)
def test_each_picture_has_its_own_time(name: str) -> None:
    process = PROCESSES[name]
    clean, noise = random(10), random(11)
    mixed = process.mix(clean, noise, TIMES)
    for i in range(6):
        alone = process.mix(clean[i : i + 1], noise[i : i + 1], TIMES[i : i + 1])
        assert torch.equal(alone, mixed[i : i + 1])


@pytest.mark.parametrize("name", PROCESSES)
def test_pictures_keep_their_type(name: str) -> None:
    clean, noise = random(12, torch.float32), random(13, torch.float32)
    for times in (TIMES, TIMES.float()):
        assert PROCESSES[name].mix(clean, noise, times).dtype == torch.float32
        assert PROCESSES[name].target(clean, noise, times).dtype == torch.float32


def test_what_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="noise or v"):
        Diffusion(predicts="velocity")
