"""Alarms that hear numbers: trouble of known kinds is heard in time, healthy runs are not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest
import torch

from trombine.objectives import objective_of
from trombine.objectives.alarms import Alarm, Alert, NoGradient, NoProgress, NotFinite, Report
from trombine.recipes import find

Listen = Callable[[Alarm, Iterable[Report]], list[tuple[int, Alert]]]

# Not finite ----------------------------------------------------------------------------------

HEALTHY = {"net/l1": 0.1, "net/total": 0.1, "net/gradient": 2.0}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["values", "gradients", "samples"])
def test_what_is_not_finite_is_heard_at_once(where: str, bad: float) -> None:
    made = torch.zeros(4, 3, 8, 8)
    made[2, 1, 3, 3] = bad
    content = {"values": HEALTHY | {"net/l1": bad}, "gradients": {"net/l1": bad}, "samples": made}
    alarm = NotFinite()
    assert alarm.hear(Report(pictures=0, values=HEALTHY)) is None
    alert = alarm.hear(Report(pictures=8, **{where: content[where]}))
    assert alert is not None
    assert alert.action == "roll back"
    assert ("samples" if where == "samples" else "net/l1") in alert.text


def test_a_perfect_picture_has_an_infinite_psnr() -> None:
    alarm = NotFinite()
    assert alarm.hear(Report(pictures=0, measures={"PSNR": math.inf})) is None
    assert alarm.hear(Report(pictures=0, measures={"PSNR": math.nan})) is not None


def test_it_gives_up_after_some_rollbacks() -> None:
    bad = {"net/l1": math.nan}
    for rollbacks, action in ((0, "roll back"), (2, "roll back"), (3, "stop"), (4, "stop")):
        alert = NotFinite(tries=3).hear(Report(pictures=0, values=bad, rollbacks=rollbacks))
        assert alert is not None
        assert alert.action == action
    warning = NotFinite(action="warn").hear(Report(pictures=0, values=bad, rollbacks=9))
    assert warning is not None
    assert warning.action == "warn"


def test_it_does_not_flood_where_reports_of_several_kinds_alternate(listen: Listen) -> None:
    """The numbers are fine, the samples stay broken: that is one trouble."""
    broken = torch.full((4, 3, 8, 8), math.nan)
    fine = Report(pictures=0, values=HEALTHY)
    reports = [fine, Report(pictures=0, samples=broken)] * 20
    reports += [Report(pictures=0, samples=torch.zeros(4, 3, 8, 8)), fine] * 2
    reports += [Report(pictures=0, samples=broken)]
    assert [i for i, _ in listen(NotFinite(), reports)] == [1, 44]


def test_the_line_lists_a_few() -> None:
    many = {f"net/term {i}": math.nan for i in range(9)}
    alert = NotFinite().hear(Report(pictures=0, values=many))
    assert alert is not None
    assert "and 6 more" in alert.text
    assert "\n" not in alert.text


# No progress ---------------------------------------------------------------------------------

TIMES, EVERY = 80, 5_000  # measurements of a run, and pictures between them


def curve(seed: int, *, stuck_at: int | None = None, sign: int = 1) -> list[Report]:
    """A measure like a PSNR: a power law of the pictures seen, with the noise of measuring.

    The gain from the first measurement to the last is 4 to 8 units, the noise .01 to .04. A stuck
    one stays or falls from some time on.
    """
    draw = np.random.default_rng(seed)
    times = np.arange(1, TIMES + 1.0)
    falls = 0.0
    if stuck_at is not None:
        falls = draw.choice([0, 0.01]) * np.maximum(times - stuck_at, 0)
        times = np.minimum(times, stuck_at)
    power = draw.uniform(0.1, 0.6)
    gain = draw.uniform(4, 8) / (1 - TIMES**-power)
    values = 30 - gain * times**-power - falls + draw.normal(0, draw.uniform(0.01, 0.04), TIMES)
    return [
        Report(pictures=(i + 1) * EVERY, measures={"it": sign * float(value)})
        for i, value in enumerate(values)
    ]


@pytest.mark.parametrize("sign", [1, -1])
def test_it_is_quiet_while_the_measure_rises(sign: int, listen: Listen) -> None:
    total = TIMES * EVERY
    loud = [
        s
        for s in range(200)
        if listen(NoProgress("it", higher=sign > 0, total=total), curve(s, sign=sign))
    ]
    assert len(loud) <= 1


def test_it_hears_a_measure_that_is_stuck(listen: Listen) -> None:
    """When the run has been stuck for twice as long as it took to get there, at the latest."""
    for seed in range(200):
        stuck_at = 12 + seed % 24
        alerts = listen(NoProgress("it"), curve(seed, stuck_at=stuck_at))
        assert 1 <= len(alerts) <= 2, seed  # again after a best by chance
        assert alerts[0][0] + 1 <= max(3 * stuck_at, stuck_at + 20)
        assert alerts[0][1].action == "warn"


def test_the_end_of_a_run_may_be_flat(listen: Listen) -> None:
    """A decayed rate moves nothing: that is what it decays for."""
    flat = [Report(pictures=i, measures={"it": min(i, 60) / 60}) for i in range(1, 101)]
    assert not listen(NoProgress("it", total=100), flat)
    assert listen(NoProgress("it"), flat)


def test_a_new_best_ends_it(listen: Listen) -> None:
    values = [0.0, *[0.0] * 10, 1.0, *[0.0] * 30]
    reports = [Report(pictures=i, measures={"it": value}) for i, value in enumerate(values)]
    assert [i for i, _ in listen(NoProgress("it"), reports)] == [10, 21]


def test_it_hears_its_own_measure_only(listen: Listen) -> None:
    reports = [Report(pictures=i, measures={"other": 1.0}) for i in range(99)]
    reports += [Report(pictures=i, measures={"it": math.nan}) for i in range(99)]
    assert not listen(NoProgress("it"), reports)


def fallen(seed: int) -> list[Report]:
    """A PSNR that is fine, and from a time on 3.5 to 20 dB below its best, noise as elsewhere."""
    draw = np.random.default_rng(seed)
    reports, at = curve(seed), int(draw.integers(0, TIMES))
    drop = draw.uniform(3.5, 20)
    best = max(report.measures["it"] for report in reports[: at + 1])
    for i, report in enumerate(reports[at + 1 :], start=at + 1):
        value = best - drop + float(draw.normal(0, 0.04))
        reports[i] = Report(pictures=report.pictures, measures={"it": value})
    return reports


def test_it_hears_a_fall_at_once(listen: Listen) -> None:
    """From what there was before the first step, too, and in the last fifth of a run."""
    total = TIMES * EVERY
    for seed in range(200):
        reports = fallen(seed)
        best = [max(r.measures["it"] for r in reports[: i + 1]) for i in range(TIMES)]
        lost = [b - r.measures["it"] for b, r in zip(best, reports, strict=True)]
        first = next((i for i, loss in enumerate(lost) if loss > 3), None)
        found = listen(NoProgress("it", much=3.0, total=total), reports)
        if first is None:  # the last measurement was the one before the fall
            assert not found, seed
            continue
        assert [i for i, _ in found] == [first], seed
        assert "much better" in found[0][1].text and "lower the rate" in found[0][1].text


def test_the_numbers_of_a_run_that_fell_apart(listen: Listen) -> None:
    values = [26.45, 9.0, 5.1]
    reports = [Report(pictures=32 * i, measures={"PSNR": v}) for i, v in enumerate(values)]
    ((i, alert),) = listen(NoProgress("PSNR", much=3.0, total=64), reports)
    assert i == 1
    assert "PSNR is 9, was 26.45 at 0 pictures" in alert.text


@pytest.mark.parametrize("name", ["upscale-fast-x2", "sharpener-x2", "cleaner"])
def test_what_restores_hears_three_decibels(name: str, listen: Listen) -> None:
    reports = [Report(pictures=i, measures={"PSNR": 26.45 - 1.6 * i}) for i in range(3)]
    heard = [listen(alarm, reports) for alarm in objective_of(find(name)).alarms()]
    assert [i for alerts in heard for i, _ in alerts] == [2]


@pytest.mark.parametrize("sign", [1, -1])
def test_it_is_quiet_where_a_healthy_measure_dips(sign: int, listen: Listen) -> None:
    """A PSNR that loses 1 dB now and then; an error whose noise is a tenth of it."""
    loud = []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        reports = curve(seed)
        for i, report in enumerate(reports):
            value = report.measures["it"]
            value -= float(draw.uniform(0, 1)) if draw.random() < 0.1 else 0.0
            if sign < 0:
                value = (1 - report.measures["it"] / 40) * float(draw.lognormal(0, 0.1))
            reports[i] = Report(pictures=report.pictures, measures={"it": value})
        alarm = NoProgress("it", higher=sign > 0, much=3.0 if sign > 0 else None, patience=10**6)
        if listen(alarm, reports):
            loud.append(seed)
    assert len(loud) <= 1


def test_an_error_that_doubles_has_fallen(listen: Listen) -> None:
    values = [1.0, 0.5, 0.3, 0.4, 0.55, 0.61, 0.62, 0.9, 1.3]
    reports = [Report(pictures=i, measures={"it": value}) for i, value in enumerate(values)]
    alerts = listen(NoProgress("it", higher=False), reports)
    assert [i for i, _ in alerts] == [5, 8], "and again when it is twice as far"


def test_a_fall_is_told_after_being_stuck_and_again_after_a_rise(listen: Listen) -> None:
    values = [20.0, *[20.0] * 10, 16.0, 16.0, 19.5, 16.0, 21.0, 17.0]
    reports = [Report(pictures=i, measures={"it": value}) for i, value in enumerate(values)]
    alerts = listen(NoProgress("it", much=3.0), reports)
    # 19.5 ends the fall, though not the being stuck, which is then told of again.
    assert [i for i, _ in alerts] == [10, 11, 13, 14, 16]


LINES = 10  # of the log between two measurements


def with_losses(seed: int, reports: list[Report], *, falls: float) -> list[Report]:
    """Log lines of a training loss, which `falls` by this share in all, between measurements.

    Each with noise of a tenth; the first measurement is before the first step.
    """
    draw = np.random.default_rng(seed)
    found = []
    for i, report in enumerate(reports):
        found.append(report)
        for j in range(LINES):
            gone = min(1.0, (i + j / LINES) / 6)
            loss = 0.02 * (1 - falls * gone) * draw.lognormal(0, 0.1)
            values = {"restore/total": float(loss), "restore/l1": 1.0, "rate/restore": 1.0}
            found.append(Report(pictures=report.pictures + j, values=values))
    return found


@pytest.mark.parametrize("falls", [0.0, 0.3])
def test_it_tells_learning_by_heart_from_a_rate_too_high(falls: float, listen: Listen) -> None:
    """The measure sinks slowly from the first measurement on; the training loss falls, or not."""
    wrong = []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        values = 26.45 - 0.02 * np.arange(20) + draw.normal(0, 0.01, 20)
        reports = [
            Report(pictures=EVERY * i, measures={"it": float(v)}) for i, v in enumerate(values)
        ]
        alerts = listen(NoProgress("it", much=3.0), with_losses(seed, reports, falls=falls))
        assert alerts, seed
        text = alerts[-1][1].text
        by_heart = "by heart; give more of them, or stop earlier" in text
        assert by_heart != ("lower the rate" in text)
        if by_heart != bool(falls):
            wrong.append(seed)
    assert len(wrong) <= 1


def test_the_losses_of_several_phases_are_no_one_loss(listen: Listen) -> None:
    """A discriminator's loss falls while it wins: nothing is learned by heart for that."""
    stuck = [Report(pictures=i, measures={"it": 1.0}) for i in range(12)]
    both = [
        Report(pictures=i, values={"net/total": 1 / (i + 1), "critic/total": 1 / (i + 1)})
        for i in range(12)
    ]
    mixed = [one for pair in zip(stuck, both, strict=True) for one in pair]
    ((_, alert),) = listen(NoProgress("it"), mixed)
    assert "lower the rate" in alert.text


# No gradient ---------------------------------------------------------------------------------


def checks(seed: int, *, dead: dict[str, float] | None = None) -> list[Report]:
    """Norms of three terms over five decades; `dead` ones are as given from the tenth check on."""
    draw = np.random.default_rng(seed)
    sizes = 10.0 ** draw.uniform(-5, 0, 3)
    terms = ("net/l1", "net/perceptual", "discriminator/hinge")
    reports = []
    for i in range(40):
        norms = {t: float(s * draw.lognormal(0, 1)) for t, s in zip(terms, sizes, strict=True)}
        if draw.random() < 0.1:  # a hinge that is flat now and then, not thrice running
            norms["discriminator/hinge"] = 0.0 if i % 3 else 1.0
        reports.append(Report(pictures=i, gradients=norms | (dead or {} if i >= 10 else {})))
        reports.append(Report(pictures=i, values={"net/l1": 0.0}))
    return reports


def test_terms_of_very_different_size_are_healthy(listen: Listen) -> None:
    assert not [s for s in range(200) if listen(NoGradient(), checks(s))]


@pytest.mark.parametrize("norm", [0.0, 1e-22])
def test_a_dead_term_is_heard_at_the_third_check_and_named(norm: float, listen: Listen) -> None:
    for seed in range(40):
        alerts = listen(NoGradient(), checks(seed, dead={"net/perceptual": norm}))
        ((i, alert),) = alerts
        assert i == 2 * 12
        assert "net/perceptual" in alert.text
        assert "l1" not in alert.text


def test_a_small_gradient_alone_is_a_gradient(listen: Listen) -> None:
    reports = [Report(pictures=i, gradients={"net/l1": 1e-20}) for i in range(9)]
    assert not listen(NoGradient(), reports)
    assert listen(NoGradient(), [Report(pictures=0, gradients={"net/l1": 0.0})] * 3)


def test_another_term_is_other_news(listen: Listen) -> None:
    one = [Report(pictures=0, gradients={"net/a": 0.0, "net/b": 1.0, "net/c": 1.0})] * 10
    two = [Report(pictures=0, gradients={"net/a": 0.0, "net/b": 0.0, "net/c": 1.0})] * 10
    none = [Report(pictures=0, gradients={"net/a": 1.0, "net/b": 1.0, "net/c": 1.0})] * 3
    assert [i for i, _ in listen(NoGradient(), one + two + none + one)] == [2, 12, 25]


def test_what_is_not_a_number_is_another_alarms(listen: Listen) -> None:
    reports = [Report(pictures=0, gradients={"net/a": math.nan, "net/b": 1.0})] * 9
    assert not listen(NoGradient(), reports)
