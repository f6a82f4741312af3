"""Alarms: planted trouble is heard in time, healthy runs are not; a state is all there is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch.nn.functional import avg_pool2d, interpolate

from trombine.data.source import source
from trombine.losses.adversary import CRITICS
from trombine.losses.alarms import (
    SCALES,
    Alarm,
    Alert,
    Collapse,
    DiscriminatorWon,
    NotFinite,
    NothingLearned,
    Report,
    Saturated,
)
from trombine.metrics import CHOOSING_SEEDS

Won = partial(DiscriminatorWon, phase="discriminator")


def listen(alarm: Alarm, reports: Iterable[Report]) -> list[tuple[int, Alert]]:
    """The alerts, each with the number of the report that gave it."""
    heard = [(i, alarm.hear(report)) for i, report in enumerate(reports)]
    return [(i, alert) for i, alert in heard if alert]


# Not finite ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, -math.inf])
def test_what_is_not_finite_is_heard_at_once(bad: float) -> None:
    made = torch.zeros(4, 3, 8, 8)
    made[2, 1, 3, 3] = bad
    assert NotFinite().hear(Report(pictures=0, values={"net/l1": 0.1})) is None
    for report, name in (
        (Report(pictures=8, values={"net/l1": bad}), "net/l1"),
        (Report(pictures=8, samples=made), "samples"),
    ):
        alert = NotFinite().hear(report)
        assert alert is not None
        assert alert.stops and name in alert.text


def test_a_perfect_picture_has_an_infinite_psnr() -> None:
    assert NotFinite().hear(Report(pictures=0, measures={"PSNR": math.inf})) is None
    assert NotFinite().hear(Report(pictures=0, measures={"PSNR": math.nan})) is not None


def test_of_many_that_are_not_finite_three_are_named() -> None:
    alert = NotFinite().hear(Report(values={f"net/{name}": math.nan for name in "abcde"}))
    assert alert is not None and "net/c and 2 more" in alert.text


# A discriminator that has won ----------------------------------------------------------------

LINES, BATCH, STEP = 160, 64, 1_000  # of a run; outputs a line; pictures between lines
RUNS = 10  # of each critic

# Where a critic's outputs for real pictures lie, and how they spread: of one that is in balance
# with its generator, and of one that has won. Those for made ones lie the other way.
BALANCED = {
    "logistic": (1.0, 1.5),
    "hinge": (0.5, 0.8),
    "least squares": (0.15, 0.2),
    "relativistic": (0.8, 1.2),
}
WON = {
    "logistic": (5.0, 1.3),
    "hinge": (1.4, 0.25),
    "least squares": (0.5, 0.08),
    "relativistic": (3.0, 1.0),
}
CENTRE = {"least squares": 0.5}


def loss(critic: str, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """The loss of each line, lines x outputs; adversary.py's are tested elsewhere."""
    soft = np.logaddexp
    values = {
        "logistic": lambda: soft(0, -real) + soft(0, fake),
        "hinge": lambda: np.maximum(0, 1 - real) + np.maximum(0, 1 + fake),
        "least squares": lambda: ((real - 1) ** 2 + fake**2) / 2,
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
def test_it_is_quiet_while_they_fight(critic: str) -> None:
    loud = [s for s in range(RUNS) if listen(Won(critic), run(critic, s))]
    assert not loud


@pytest.mark.parametrize("critic", list(CRITICS))
def test_it_hears_one_that_has_won(critic: str) -> None:
    """Within 70 lines of the moment when it begins to win, in every run, and it says so once."""
    for seed in range(RUNS):
        start = 20 + 4 * seed
        alerts = listen(Won(critic), run(critic, seed, wins_at=start))
        assert alerts, seed
        assert start + 20 <= alerts[0][0] <= start + 70
        assert len(alerts) <= 3  # again only where it became twice as bad
        assert not alerts[0][1].stops


def test_labels_of_nine_tenths_hide_nothing() -> None:
    """Such a loss never comes near 0: S4's failure would go unheard."""
    draw = np.random.default_rng(0)
    real, fake = draw.normal(math.log(9), 0.3, (80, BATCH)), draw.normal(-6, 1, (80, BATCH))
    soft = np.logaddexp
    losses = (0.9 * soft(0, -real) + 0.1 * soft(0, real) + soft(0, fake)).mean(1)
    lines = reports("logistic", losses, real, fake)
    assert losses.min() > 0.3
    assert len(listen(Won("logistic", real_label=0.9), lines)) == 1
    assert not listen(Won("logistic"), lines)


def test_it_waits_from_the_first_line_of_its_phase() -> None:
    """A discriminator that begins late, or learns alone at first, is given as long."""
    late = [
        Report(pictures=one.pictures + 500_000, values=one.values)
        for one in run("hinge", 3, wins_at=0)
    ]
    (first, _), *_ = listen(Won("hinge", warmup=60_000), late)
    assert 60 + 19 <= first <= 60 + 25


@pytest.mark.parametrize(
    ("critic", "label"),
    [*((name, 1.0) for name in CRITICS), ("logistic", 0.9), ("least squares", 0.9)],
)
def test_the_scale_is_that_of_the_loss(critic: str, label: float) -> None:
    """What it is where one answer is given to all, and where nothing is in the way."""
    even, least = SCALES[critic](label)

    def of(real: float, fake: float) -> float:
        x, y = (torch.tensor([one], dtype=torch.float64) for one in (real, fake))
        return float(CRITICS[critic].discriminator(x, y, label))

    assert minimize(lambda x: of(x[0], x[0]), [0.3]).fun == pytest.approx(even, abs=1e-6)
    best = minimize(lambda x: of(x[0], x[1]), [2.0, -2.0], options={"gtol": 1e-9}).fun
    assert best == pytest.approx(least, abs=1e-6)


# Collapse ------------------------------------------------------------------------------------

TIMES, EVERY = 11, 10_000  # sample times of a run, and pictures between them
SHEETS = 12  # runs of each of two kinds of pictures
KINDS = ("world:photo", "leaves")


@pytest.fixture(scope="module", params=KINDS)
def data(request: pytest.FixtureRequest) -> torch.Tensor:
    """192 pictures of 32 px."""
    opened = source(f"{request.param}#192", 32, first_seed=CHOOSING_SEEDS.start)
    return opened.batch(np.arange(192)).pictures().contiguous()


class Run:
    """What a run is drawn from: fixed samples of a generator that learns, and the data beside them.

    The generator's pictures are other ones than the data's, blurred, paler and with a checkerboard;
    it begins with grey, and its tint wobbles.
    """

    def __init__(self, data: torch.Tensor, seed: int, sizes: tuple[int, ...] = (16, 36)) -> None:
        self.chance = np.random.default_rng(seed)
        self.noise = torch.Generator().manual_seed(seed)
        n = int(self.chance.choice(sizes))
        order = torch.from_numpy(self.chance.permutation(len(data)))
        self.truth, self.own = data[order[:n]], self._flawed(data[order[n : 2 * n]])
        self.learned = int(
            self.chance.integers(1, 5)
        )  # sample times until it is as good as it gets

    def _flawed(self, pictures: torch.Tensor) -> torch.Tensor:
        factor = int(self.chance.choice([1, 2, 4, 8]))
        blurred = interpolate(avg_pool2d(pictures, factor), scale_factor=factor, mode="bilinear")
        checks = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(16, 16)
        means = blurred.mean((2, 3), keepdim=True)
        paler = torch.lerp(means, blurred, self.chance.uniform(0.7, 1))
        return paler + self.chance.uniform(0, 0.05) * checks

    def times(self, change: Callable[[torch.Tensor, int], torch.Tensor]) -> list[Report]:
        """The sample times; `change` plants something in what the generator makes."""
        tint, reports = torch.zeros(3, 1, 1), []
        for time in range(TIMES):
            wobble = torch.randn(3, 1, 1, generator=self.noise)
            tint = 0.7 * tint + 0.015 * wobble
            grey = 0.02 * torch.randn(self.own.shape, generator=self.noise) + 0.5
            made = torch.lerp(grey, self.own, min(time / self.learned, 1.0)) + tint
            made = change(made, time).clamp(0, 1)
            reports.append(Report(pictures=time * EVERY, samples=made, truth=self.truth))
            reports.append(Report(pictures=time * EVERY, values={"generator/hinge": 1.0}))
        return reports


def healthy(made: torch.Tensor, time: int) -> torch.Tensor:
    return made


def collapsing(run: Run, start: int) -> Callable[[torch.Tensor, int], torch.Tensor]:
    """From `start` on, within up to three sample times, to a quarter as many pictures or fewer.

    Those of one kind keep up to .12 of what told them apart, or differ by noise of up to .05.
    """
    n = len(run.own)
    modes = int(run.chance.integers(1, n // 4 + 1))
    which = torch.from_numpy(run.chance.integers(0, modes, n))
    lasts = int(run.chance.integers(1, 4))
    kept, noise = run.chance.choice([0.12, 0]), run.chance.choice([0, 0.05])

    def change(made: torch.Tensor, time: int) -> torch.Tensor:
        far = (1 - kept) * min(max(time - start + 1, 0) / lasts, 1)
        dirt = noise * torch.randn(made.shape, generator=run.noise) if far else 0
        return torch.lerp(made, made[which], far) + dirt

    return change


def test_different_samples_are_healthy(data: torch.Tensor) -> None:
    loud = []
    for seed in range(SHEETS):
        run = Run(data, seed)
        if listen(Collapse(), run.times(healthy)):
            loud.append(seed)
    assert not loud


def test_collapse_is_seen(data: torch.Tensor) -> None:
    """At the second sample time after it is complete, at the latest; told at most twice."""
    for seed in range(SHEETS):
        run = Run(data, seed)
        alerts = listen(Collapse(), run.times(collapsing(run, 6)))
        assert 1 <= len(alerts) <= 2, seed
        assert 6 <= alerts[0][0] // 2 <= 6 + 2 + 1
        assert not alerts[0][1].stops


def test_one_bad_sample_time_is_not_a_collapse(data: torch.Tensor) -> None:
    fine = Report(pictures=99_000, samples=data[16:32], truth=data[:16])
    bad = Report(pictures=99_000, samples=data[16:17].repeat(16, 1, 1, 1), truth=data[:16])
    assert not listen(Collapse(), [fine, bad] * 5)
    assert [i for i, _ in listen(Collapse(), [bad, bad, bad, fine, bad, bad])] == [1, 5]


def test_a_collapse_from_the_start_is_seen_by_10_000_pictures(data: torch.Tensor) -> None:
    """Samples of a seventh of the data's differences, as of a GAN that will draw one face; those of
    a third, which rise, are let pass."""
    means = data[:16].mean(0, keepdim=True)
    for share, heard in ((0.14, True), (0.3, False)):
        samples = torch.lerp(means, data[16:32], share)
        reports = [
            Report(pictures=n, samples=samples, truth=data[:16]) for n in range(0, 10_001, 2_500)
        ]
        assert bool(listen(Collapse(), reports)) == heard


# Saturated -----------------------------------------------------------------------------------


def test_samples_at_black_and_white_are_seen_where_the_data_has_fewer() -> None:
    flat = torch.full((4, 3, 8, 8), 0.5)
    half = torch.cat([torch.zeros(4, 3, 4, 8), flat[:, :, :4]], 2)
    for samples, truth, heard in ((half, flat, True), (half, half, False), (flat, half, False)):
        report = Report(pictures=10_000, samples=samples, truth=truth)
        assert bool(listen(Saturated(), [report])) == heard
        assert not listen(Saturated(), [replace(report, pictures=100)])


# Nothing learned -----------------------------------------------------------------------------


def test_a_measure_that_is_no_better_than_at_first_is_seen() -> None:
    def run(*values: float, higher: bool = True) -> list[int]:
        alarm = NothingLearned("PSNR", higher=higher)
        reports = [Report(pictures=5_000 * n, measures={"PSNR": v}) for n, v in enumerate(values)]
        return [place for place, _ in listen(alarm, reports)]

    assert run(20, 19, 18, 17) == [2]
    assert run(20, 19, 21, 22) == []
    assert run(20, 19, 18, 21, 19) == [2, 4]
    assert run(2, 1, 1, higher=False) == [] and run(2, 3, 3, higher=False) == [2]


# Of every alarm ------------------------------------------------------------------------------

WON_LINE = {
    "discriminator/hinge": 0.01,
    "curve/D(real) mean": 1.5,
    "curve/D(fake) mean": -1.5,
    "curve/D(real) std": 0.2,
    "curve/D(fake) std": 0.3,
}
EVEN_LINE = WON_LINE | {"discriminator/hinge": 1.5, "curve/D(fake) mean": 1.4}
NOISE = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(0)) / 2
MAKE: dict[str, Callable[[], Alarm]] = {
    "not finite": NotFinite,
    "collapse": Collapse,
    "saturated": Saturated,
    "nothing learned": lambda: NothingLearned("PSNR", higher=True),
    "discriminator has won": lambda: Won("hinge"),
}


def story() -> list[Report]:
    """Peace, trouble, peace, trouble, each for long."""
    troubled = {"samples": NOISE[:1].repeat(8, 1, 1, 1) + 0.8, "values": WON_LINE}
    calm = {"samples": NOISE.flip(0), "values": EVEN_LINE}
    kinds = [calm] * 30 + [troubled] * 80 + [calm] * 40 + [troubled] * 80
    return [
        Report(
            pictures=i * 1_000,
            truth=NOISE,
            measures={"PSNR": 10.0 if kind is troubled else 20.0 + (i > 0)},
            **kind,
        )
        for i, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("cut", [31, 125])
def test_a_resumed_run_is_the_uninterrupted_one(name: str, cut: int) -> None:
    """Everything that changes is in the state, and the state is what JSON holds."""
    reports = story()
    whole, before, after = (MAKE[name]() for _ in range(3))
    made = {key: repr(value) for key, value in vars(whole).items()}
    expected = [alert for _, alert in listen(whole, reports)]
    heard = [alert for _, alert in listen(before, reports[:cut])]
    after.load(json.loads(json.dumps(before.state(), allow_nan=False)))
    assert after.state() == before.state()
    heard += [alert for _, alert in listen(after, reports[cut:])]
    assert heard == expected and after.state() == whole.state()
    changed = {key for key, value in vars(whole).items() if made.get(key) != repr(value)}
    assert changed <= whole.state().keys()
