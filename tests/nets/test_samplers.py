"""Samplers with nets that know the answer: a Gaussian's in closed form, a few points' by Bayes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from trombine.core.rng import Rng
from trombine.nets.samplers import METHODS, Draw, Guide, repaint, sample
from trombine.nets.schedules import Diffusion, Flow

Process = Diffusion | Flow
Net = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
PROCESSES: dict[str, Process] = {
    "cosine noise": Diffusion(),
    "cosine v": Diffusion(predicts="v"),
    "flow": Flow(),
}
MEAN, DEVIATION = 0.4, 0.5


def of_gaussian(process: Process) -> Net:
    """The best net for data of N(MEAN, DEVIATION²): the posterior mean of the clean picture."""

    def net(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        a, b = (level.view(-1, *[1] * (x.ndim - 1)) for level in process.levels(t.double()))
        gain = DEVIATION**2 * a / (DEVIATION**2 * a**2 + b**2)
        return process.prediction_for(x, MEAN + gain * (x - a * MEAN), t.double())

    return net


def of_points(process: Process, points: torch.Tensor) -> Net:
    """The best net for data that is one of these points: their mean by their probability."""

    def net(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        a, b = process.levels(t.double())
        apart = x.flatten(1)[:, None] - a.view(-1, 1, 1) * points.flatten(1)
        chance = (-apart.square().sum(2) / (2 * b.view(-1, 1) ** 2)).softmax(1)
        return process.prediction_for(x, (chance @ points.flatten(1)).view_as(x), t.double())

    return net


def noise_of(n: int, *shape: int, what: str = "start") -> torch.Tensor:
    return torch.from_numpy(Rng(seed=0, places=np.arange(n)).normals(what, shape))


def drawn(step: int, shape: tuple[int, ...]) -> torch.Tensor:
    return noise_of(*shape, what=f"step {step}")


def last(net: Net, process: Process, noise: torch.Tensor, steps: int, method: str) -> torch.Tensor:
    *_, x = sample(net, process, noise, steps=steps, method=method, draw=drawn)
    return x


# --- a Gaussian ---------------------------------------------------------------------------------


def exact(process: Process, noise: torch.Tensor) -> torch.Tensor:
    """Where the flow of a Gaussian takes x_1: the same number of deviations from the mean."""
    a, b = (level.item() for level in process.levels(torch.ones(1, dtype=torch.float64)))
    return MEAN + DEVIATION * (noise - a * MEAN) / math.hypot(a * DEVIATION, b)


@cache
def errors_of(name: str, method: str) -> list[float]:
    """How far from the exact flow, with 12, 24 and 48 steps."""
    process = PROCESSES[name]
    noise = noise_of(5, 2, 3)
    net, wanted = of_gaussian(process), exact(process, noise)
    made = [last(net, process, noise, steps, method) for steps in (12, 24, 48)]
    return [(x - wanted).abs().max().item() for x in made]


@pytest.mark.parametrize("method", ["ddim", "euler", "heun"])
@pytest.mark.parametrize("name", PROCESSES)
def test_a_gaussian_is_reached_the_nearer_the_more_steps(name: str, method: str) -> None:
    """Twice the steps, about half the error."""
    errors = errors_of(name, method)
    assert errors[-1] < 0.09
    assert min(coarse / fine for coarse, fine in pairwise(errors)) > 1.6


def test_heun_errs_by_the_square_of_a_step() -> None:
    """Where all steps are as long: those of diffusion end with a longer one, in their clock."""
    errors = errors_of("flow", "heun")
    assert min(coarse / fine for coarse, fine in pairwise(errors)) > 3.2


# --- a few points -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PROCESSES)
def test_samples_land_on_the_dataset(name: str, method: str) -> None:
    """On each of its pictures about as often."""
    process = PROCESSES[name]
    points = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (4, 1, 3, 3)))
    made = last(of_points(process, points), process, noise_of(200, 1, 3, 3), 40, method)
    apart = torch.cdist(made.flatten(1), points.flatten(1))
    assert apart.amin(1).quantile(0.95) < 1e-3
    assert torch.bincount(apart.argmin(1), minlength=4).min() > 20


# --- what a walk is -----------------------------------------------------------------------------


def test_each_step_is_one_picture_and_one_question() -> None:
    asked: list[float] = []
    net = of_gaussian(Flow())

    def counted(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        assert t.shape == (len(x),) and t.dtype == x.dtype
        asked.append(t[0].item())
        return net(x, t).to(x.dtype)

    noise = noise_of(3, 2).float()
    walk = list(sample(counted, Flow(), noise, steps=4, method="euler"))
    assert len(walk) == 4 and all(x.shape == noise.shape for x in walk)
    assert asked == pytest.approx([1, 0.75, 0.5, 0.25])  # never time 0, where nothing is left
    asked.clear()
    list(sample(counted, Flow(), noise, steps=4, method="heun"))
    assert len(asked) == 7


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PROCESSES)
def test_a_slice_of_the_noise_gives_a_slice_of_the_pictures(name: str, method: str) -> None:
    process = PROCESSES[name]
    noise = noise_of(6, 2)
    whole = last(of_gaussian(process), process, noise, 9, method)
    part = last(of_gaussian(process), process, noise[:2], 9, method)
    assert torch.allclose(whole[:2], part, atol=1e-12)


@pytest.mark.parametrize("name", PROCESSES)
def test_within_the_limit_nothing_changes_and_beyond_it_stops(name: str) -> None:
    process = PROCESSES[name]
    noise = noise_of(50, 2)
    net = of_gaussian(process)
    *_, free = sample(net, process, noise, steps=20)
    *_, wide = sample(net, process, noise, steps=20, limit=50.0)
    *_, held = sample(net, process, noise, steps=20, limit=1.0)
    assert torch.allclose(free, wide, atol=1e-9)
    assert free.abs().max() > 1.1 and held.abs().max() <= 1
    inside = free.abs().amax(1) < 0.3
    assert torch.allclose(free[inside], held[inside], atol=0.1)


# --- what is known stays ------------------------------------------------------------------------

# Four numbers that hang together, the first two of which are known.
FACTOR = np.array([[0.5, 0, 0, 0], [0.2, 0.4, 0, 0], [0.4, 0.1, 0.3, 0], [-0.3, 0.2, 0.2, 0.2]])
SPREADS = FACTOR @ FACTOR.T
CENTRE = np.array([0.2, -0.1, 0.3, 0.0])
KNOWN = np.array([0.9, -0.6, np.nan, np.nan])
HOLE = torch.tensor([0.0, 0.0, 1.0, 1.0], dtype=torch.float64)


def of_hanging(process: Process) -> Net:
    """The best net for data of N(CENTRE, SPREADS): the posterior mean, by linear algebra."""
    centre, spreads = torch.from_numpy(CENTRE), torch.from_numpy(SPREADS)

    def net(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        a, b = process.levels(t[:1].double())  # the same for all
        inverse = torch.linalg.inv(a**2 * spreads + b**2 * torch.eye(4, dtype=torch.float64))
        clean = centre + (x - a * centre) @ (a * spreads @ inverse).T
        return process.prediction_for(x, clean, t.double())

    return net


def conditional() -> tuple[np.ndarray, np.ndarray]:
    """The mean and the covariance of the last two, where the first two are known."""
    gain = SPREADS[2:, :2] @ np.linalg.inv(SPREADS[:2, :2])
    mean = CENTRE[2:] + gain @ (KNOWN[:2] - CENTRE[:2])
    return mean, SPREADS[2:, 2:] - gain @ SPREADS[:2, 2:]


def repainted(
    process: Process, count: int, steps: int, jump: int, times: int, draw: Draw = drawn
) -> torch.Tensor:
    known = torch.from_numpy(np.nan_to_num(KNOWN)).expand(count, 4)
    noise = noise_of(count, 4)
    walk = repaint(
        of_hanging(process),
        process,
        noise,
        known=known,
        hole=HOLE,
        draw=draw,
        steps=steps,
        jump=jump,
        times=times,
    )
    *_, x = walk
    return x


@pytest.mark.parametrize("name", ["cosine v", "flow"])
def test_resampling_brings_the_hole_to_what_goes_with_what_is_known(name: str) -> None:
    """Its mean and covariance; a plain walk is far from the mean."""
    generator = torch.Generator().manual_seed(0)

    def draw(_: int, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    mean, covariance = conditional()
    off = {}
    for times in (1, 10):
        made = repainted(PROCESSES[name], 1000, 60, 6, times, draw).numpy()
        assert np.array_equal(made[:, :2], np.broadcast_to(KNOWN[:2], (1000, 2)))
        off[times] = np.abs(made[:, 2:].mean(0) - mean).max()
    assert off[10] < 0.1 < 3 * off[10] < off[1]
    assert np.abs(np.cov(made[:, 2:].T) - covariance).max() < 0.25 * covariance.max()


@pytest.mark.parametrize("name", PROCESSES)
def test_one_time_is_a_walk_with_what_is_known_put_in_its_place(name: str) -> None:
    """As one writes it down in a loop; how long a stretch is then does not matter."""
    process, count = PROCESSES[name], 3
    net, numbers = of_hanging(process), iter(range(100))
    known = torch.from_numpy(np.nan_to_num(KNOWN)).expand(count, 4)
    guide = Guide(net=net, process=process, limit=None)

    def draws(x: torch.Tensor) -> torch.Tensor:
        return drawn(next(numbers), tuple(x.shape))

    moments = [torch.full((count,), 1 - n / 6, dtype=torch.float64) for n in range(7)]
    x = noise_of(count, 4)
    x = torch.where(HOLE > 0.5, x, process.mix(known, draws(x), moments[0]))
    for t, s in pairwise(moments[:-1]):
        x = METHODS["ddpm"](guide, x, t, s, draws)
        x = torch.where(HOLE > 0.5, x, process.mix(known, draws(x), s))
    x = torch.where(HOLE > 0.5, guide(x, moments[5])[0], known)
    for jump in (1, 4, 6, 50):
        assert torch.allclose(repainted(process, count, 6, jump, 1), x, atol=1e-12)
