"""Alarms that look, on real pictures: planted collapse and tint are seen, healthy runs are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from trombine.data.source import source
from trombine.measures import CHOOSING_SEEDS
from trombine.objectives.alarms import Alarm, Alert, Collapse, Report, TintDrift

Listen = Callable[[Alarm, Iterable[Report]], list[tuple[int, Alert]]]

TIMES, EVERY = 11, 10_000  # sample times of a run, and pictures between them
RUNS = 60  # of each of two kinds of pictures
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


# Collapse ------------------------------------------------------------------------------------


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


def test_different_samples_are_healthy(data: torch.Tensor, listen: Listen) -> None:
    loud = []
    for seed in range(RUNS):
        run = Run(data, seed)
        if listen(Collapse(), run.times(healthy)):
            loud.append(seed)
    assert not loud


def test_collapse_is_seen(data: torch.Tensor, listen: Listen) -> None:
    """At the second sample time after it is complete, at the latest; told at most twice."""
    for seed in range(RUNS):
        run = Run(data, seed)
        alerts = listen(Collapse(), run.times(collapsing(run, 6)))
        assert 1 <= len(alerts) <= 2, seed
        assert 7 <= alerts[0][0] // 2 <= 6 + 2 + 1
        assert alerts[0][1].action == "warn"


def test_a_generator_that_never_learned_is_seen_after_the_warm_up(
    data: torch.Tensor, listen: Listen
) -> None:
    run = Run(data, 0)
    alerts = listen(Collapse(warmup=50_000), run.times(lambda made, time: 0 * made + 0.5))
    assert [i // 2 for i, _ in alerts] == [5]


def test_two_lines_say_which_kind(data: torch.Tensor) -> None:
    truth = data[:16]
    for made, words in ((data[16:17], "nearly all alike"), (data[16:20], "few pictures")):
        alarm = Collapse(warmup=0)
        samples = made.repeat(16 // len(made), 1, 1, 1)
        alerts = [alarm.hear(Report(pictures=1, samples=samples, truth=truth)) for _ in range(9)]
        (alert,) = filter(None, alerts)
        assert words in alert.text


def test_one_bad_sample_time_is_not_a_collapse(data: torch.Tensor, listen: Listen) -> None:
    fine = Report(pictures=99_000, samples=data[16:32], truth=data[:16])
    bad = Report(pictures=99_000, samples=data[16:17].repeat(16, 1, 1, 1), truth=data[:16])
    assert not listen(Collapse(), [fine, bad] * 5)
    assert [i for i, _ in listen(Collapse(), [bad, bad, bad, fine, bad, bad])] == [1, 5]


def test_data_without_diversity_has_none_to_lose(data: torch.Tensor, listen: Listen) -> None:
    same = data[:1].repeat(16, 1, 1, 1)
    assert not listen(Collapse(warmup=0), [Report(pictures=9, samples=same, truth=same)] * 9)


def test_samples_that_are_not_finite_are_another_alarms(data: torch.Tensor) -> None:
    for alarm in (Collapse(warmup=0, times=1), TintDrift(warmup=0, times=1)):
        broken = Report(pictures=9, samples=torch.full_like(data[:16], torch.nan), truth=data[:16])
        assert alarm.hear(broken) is None
        assert alarm.hear(Report(pictures=9, samples=data[:16])) is None


# Tint ----------------------------------------------------------------------------------------


def restored(data: torch.Tensor, seed: int, tint: float) -> list[Report]:
    """A net that repairs: near the target from the second time on, each picture off by up to .02.

    From the seventh time on one channel, drawn by seed, is off by `tint` in all.
    """
    chance = np.random.default_rng(seed)
    noise = torch.Generator().manual_seed(seed)
    n = int(chance.choice([16, 36]))
    truth = data[torch.from_numpy(chance.permutation(len(data))[:n])]
    shift = torch.zeros(3, 1, 1)
    shift[chance.integers(3)] = tint * float(chance.choice([-1, 1]))
    reports = []
    for time in range(TIMES):
        each = chance.uniform(0.002, 0.02) * torch.randn(n, 3, 1, 1, generator=noise)
        all_of_them = 0.004 * torch.randn(3, 1, 1, generator=noise)
        made = truth + each + all_of_them if time else 0 * truth + 0.5
        made = made + shift if time >= 7 else made  # not clipped, so that it is as strong as said
        reports.append(Report(pictures=time * EVERY, samples=made, truth=truth))
    return reports


def test_nets_that_keep_the_tint_are_healthy(data: torch.Tensor, listen: Listen) -> None:
    loud = [s for s in range(RUNS) if listen(TintDrift(), restored(data, s, 0.0))]
    assert not loud
    wild = [s for s in range(RUNS) if listen(TintDrift(), Run(data, s).times(healthy))]
    assert len(wild) <= 1


def test_a_tint_that_can_be_seen_is_seen(data: torch.Tensor, listen: Listen) -> None:
    """13 of 255, in one channel, where there are targets: within four sample times."""
    for seed in range(RUNS):
        alerts = listen(TintDrift(), restored(data, seed, 0.052))
        assert 1 <= len(alerts) <= 2, seed
        assert 8 <= alerts[0][0] <= 10


def test_a_strong_tint_is_seen_without_targets(data: torch.Tensor, listen: Listen) -> None:
    """A quarter of the range in one channel of 64 samples: within four sample times."""
    for seed in range(RUNS // 4):
        shift = torch.zeros(3, 1, 1)
        shift[seed % 3] = 0.25

        def tinted(made: torch.Tensor, time: int, shift: torch.Tensor = shift) -> torch.Tensor:
            return made + shift if time >= 7 else made

        alerts = listen(TintDrift(), Run(data, seed, sizes=(64,)).times(tinted))
        assert alerts, seed
        assert 8 <= alerts[0][0] // 2 <= 10


def test_the_line_names_the_channels() -> None:
    truth = torch.rand(16, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.5
    made = truth + torch.tensor([0.1, 0.0, -0.0]).view(3, 1, 1)
    alert = TintDrift(times=1, warmup=0).hear(Report(pictures=0, samples=made, truth=truth))
    assert alert is not None
    assert "red +0.100, green" in alert.text


def test_it_may_end_the_phase() -> None:
    truth = torch.zeros(8, 1, 8, 8)
    alarm = TintDrift(times=1, warmup=0, action="end phase")
    alert = alarm.hear(Report(pictures=0, samples=truth + 0.1, truth=truth))
    assert alert is not None
    assert alert.action == "end phase"
    assert "grey +0.100" in alert.text
