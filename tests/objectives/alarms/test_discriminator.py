"""A discriminator that has won, planted in 200 runs of five critics; and 200 healthy runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from trombine.objectives.alarms import Alarm, Alert, DiscriminatorWon, Report
from trombine.objectives.alarms.discriminator import SCALES
from trombine.objectives.critics import CRITICS

Listen = Callable[[Alarm, Iterable[Report]], list[tuple[int, Alert]]]

LINES, BATCH, STEP = 160, 64, 1_000  # of a run; outputs a line; pictures between lines
RUNS = 40  # of each of five critics

# Where a critic's outputs for real pictures lie, and how they spread: of one that is in balance
# with its generator, and of one that has won. Those for made ones lie the other way.
BALANCED = {
    "logistic": (1.0, 1.5),
    "hinge": (0.5, 0.8),
    "least squares": (0.15, 0.2),
    "wasserstein": (2.0, 2.0),
    "relativistic": (0.8, 1.2),
}
WON = {
    "logistic": (5.0, 1.3),
    "hinge": (1.4, 0.25),
    "least squares": (0.5, 0.08),
    "wasserstein": (8.0, 2.0),
    "relativistic": (3.0, 1.0),
}
CENTRE = {"least squares": 0.5}


def loss(critic: str, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """The loss of each line, lines x outputs; critics.py's are tested elsewhere."""
    soft = np.logaddexp
    values = {
        "logistic": lambda: soft(0, -real) + soft(0, fake),
        "hinge": lambda: np.maximum(0, 1 - real) + np.maximum(0, 1 + fake),
        "least squares": lambda: ((real - 1) ** 2 + fake**2) / 2,
        "wasserstein": lambda: fake - real,
        "relativistic": lambda: soft(0, fake - real),
    }
    return values[critic]().mean(1)


def wobble(draw: np.random.Generator, size: float) -> np.ndarray:
    """LINES numbers around 0 that hang together, as losses of a run do."""
    noise = draw.normal(0, size * math.sqrt(1 - 0.8**2), LINES)
    walk = np.zeros(LINES)
    for i in range(1, LINES):
        walk[i] = 0.8 * walk[i - 1] + noise[i]
    return walk


def run(critic: str, seed: int, *, wins_at: int | None = None) -> list[Report]:
    """The log lines of a run.

    A healthy one starts with a discriminator that wins at once, has up to four relapses of at most
    ten lines, and wobbles less and less, as where the rate decays. One that is lost has spikes
    (every twentieth line or so) in which the generator gets through.
    """
    draw = np.random.default_rng(seed)
    share = np.zeros(LINES)  # of the way from balanced to won
    share[: draw.integers(0, 8)] = 1
    for start in draw.integers(10, LINES, draw.integers(0, 5)):
        share[start : start + draw.integers(1, 11)] = 1
    if wins_at is not None:
        share[wins_at:] = np.clip(np.arange(LINES - wins_at) / 10, 0, 1)
        share[wins_at:][draw.random(LINES - wins_at) < 0.05] = 0
    (near, wide), (far, narrow) = BALANCED[critic], WON[critic]
    calm = np.linspace(1, draw.uniform(0.1, 1), LINES)
    middle = near * np.exp(wobble(draw, 0.4) * calm) * (1 - share) + far * share
    spread = wide * (1 - share) + narrow * share
    real, fake = (
        CENTRE.get(critic, 0)
        + sign * middle[:, None]
        + spread[:, None] * draw.normal(size=(LINES, BATCH))
        for sign in (1, -1)
    )
    return reports(critic, loss(critic, real, fake), real, fake)


def reports(critic: str, losses: np.ndarray, real: np.ndarray, fake: np.ndarray) -> list[Report]:
    lines = zip(losses, real.mean(1), fake.mean(1), real.std(1), fake.std(1), strict=True)
    names = (
        f"discriminator/{critic}",
        "curve/D(real) mean",
        "curve/D(fake) mean",
        "curve/D(real) std",
        "curve/D(fake) std",
    )
    return [
        Report(pictures=i * STEP, values=dict(zip(names, map(float, line), strict=True)))
        for i, line in enumerate(lines)
    ]


@pytest.mark.parametrize("critic", list(CRITICS))
def test_it_is_quiet_while_they_fight(critic: str, listen: Listen) -> None:
    loud = [s for s in range(RUNS) if listen(DiscriminatorWon(critic), run(critic, s))]
    assert not loud


@pytest.mark.parametrize("critic", list(CRITICS))
def test_it_hears_one_that_has_won(critic: str, listen: Listen) -> None:
    """Within 70 lines of the moment when it begins to win, in every run, and it says so once."""
    for seed in range(RUNS):
        start = 20 + seed
        alerts = listen(DiscriminatorWon(critic), run(critic, seed, wins_at=start))
        assert alerts, seed
        assert start + 20 <= alerts[0][0] <= start + 70
        assert len(alerts) <= 3  # again only where it became twice as bad
        assert alerts[0][1].action == "warn"


def test_labels_of_nine_tenths_hide_nothing(listen: Listen) -> None:
    """Such a loss never comes near 0: S4's failure would go unheard."""
    draw = np.random.default_rng(0)
    real, fake = draw.normal(math.log(9), 0.3, (80, BATCH)), draw.normal(-6, 1, (80, BATCH))
    soft = np.logaddexp
    losses = (0.9 * soft(0, -real) + 0.1 * soft(0, real) + soft(0, fake)).mean(1)
    lines = reports("logistic", losses, real, fake)
    assert losses.min() > 0.3
    assert len(listen(DiscriminatorWon("logistic", real_label=0.9), lines)) == 1
    assert not listen(DiscriminatorWon("logistic"), lines)


def test_it_speaks_again_after_peace(listen: Listen) -> None:
    won, even = (run("logistic", 1, wins_at=w) for w in (0, None))
    values = [*won[20:80], *even[20:80], *won[20:80]]
    lines = [Report(pictures=i * STEP, values=one.values) for i, one in enumerate(values)]
    alerts = [i for i, _ in listen(DiscriminatorWon("logistic"), lines)]
    assert sum(i < 60 for i in alerts) >= 1
    assert not [i for i in alerts if 65 <= i < 120]
    assert [i for i in alerts if i >= 120]


def test_it_waits_from_the_first_line_of_its_phase(listen: Listen) -> None:
    """A discriminator that begins late, or learns alone at first, is given as long."""
    late = [
        Report(pictures=one.pictures + 500_000, values=one.values)
        for one in run("hinge", 3, wins_at=0)
    ]
    (first, _), *_ = listen(DiscriminatorWon("hinge", warmup=60_000), late)
    assert 60 + 19 <= first <= 60 + 25


@pytest.mark.parametrize(
    ("critic", "label"),
    [
        (name, label)
        for name in CRITICS
        for label in (1.0, 0.9)
        if label == 1 or CRITICS[name].labels
    ],
)
def test_the_scale_is_that_of_the_loss(critic: str, label: float) -> None:
    """What it is where one answer is given to all, and where nothing is in the way."""
    even, least = SCALES[critic](label)

    def of(real: float, fake: float) -> float:
        x, y = (torch.tensor([one], dtype=torch.float64) for one in (real, fake))
        return float(CRITICS[critic].discriminator(x, y, real_label=label))

    if even is None:
        assert critic == "wasserstein"
        return
    assert minimize(lambda x: of(x[0], x[0]), [0.3]).fun == pytest.approx(even, abs=1e-6)
    best = minimize(lambda x: of(x[0], x[1]), [2.0, -2.0], options={"gtol": 1e-9}).fun
    assert best == pytest.approx(least, abs=1e-6)
