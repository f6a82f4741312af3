"""Alarms that look at the fixed samples, at sample time, and compare them with the data.

Those that hear losses, gradients and measures are in numbers.py.
"""

from __future__ import annotations

import math
from typing import Final, final

import torch
from jaxtyping import Float64

from trombine.measures import diversity, mean_colour, spacing
from trombine.objectives.alarms.alarm import Action, Alarm, Alert, Pictures, Report

WARMUP: Final = 50_000  # pictures; until then samples are not expected to look like the data

# ---------------------------------------------------------------------------------------------
# Collapse

# Of faces and leaves in sets of 16 to 64, samples as good as the data have .7 to 1.5 of its
# spacing, and blurred, paler ones with a checkerboard .37 at least; those of a quarter as many
# pictures as samples, with noise of .05 and an eighth of their differences left, .25 at most.
DIFFERENT: Final = 0.3
_FEWEST: Final = 4  # samples from which to judge
_SAME: Final = 1e-3  # data whose pictures differ less have no diversity to lose
_RECOVERED: Final = 1.2  # times the limit: below, it would flicker


@final
class Collapse(Alarm):
    """The samples differ much less from each other than the data's pictures do.

    Two things are compared: the mean distance of two samples (`measures.diversity`), which is
    small if all are alike, and the median distance to the nearest other sample
    (`measures.spacing`), which is small if they are a few pictures again and again. An untrained
    generator's samples are alike as well: it listens from the first time they are not, or from
    `warmup` pictures on.
    """

    name = "collapse"
    saved = ("armed", "low")

    def __init__(
        self,
        *,
        below: float = DIFFERENT,
        times: int = 2,
        warmup: int = WARMUP,
        action: Action = "warn",
    ) -> None:
        """`below`: of the data's diversity; `times`: sample times running, `warmup`: pictures."""
        super().__init__(action)
        self.below, self.times, self.warmup = below, times, warmup
        self.armed = False
        self.low = 0  # sample times running

    def hear(self, report: Report) -> Alert | None:
        """Looks when there are samples and data to compare."""
        pair = _pair(report)
        if pair is None:
            return None
        ratio, text = _least_diverse(*pair)
        self.low = self.low + 1 if ratio < self.below else 0
        if ratio >= _RECOVERED * self.below:
            self.armed = True
            return self._over()
        if self.low < self.times or not (self.armed or report.pictures >= self.warmup):
            return None
        cure = "lower the rates, add R1 or a replay pool, or go on from the best checkpoint"
        return self._tell(self.below / max(ratio, 0.01), f"{text} {ratio:.0%} as much; {cure}")


def _pair(report: Report) -> tuple[Pictures, Pictures] | None:
    """Samples and data, if both are there, enough, and finite: what is not is another alarm's."""
    samples, truth = report.samples, report.truth
    if samples is None or truth is None or min(len(samples), len(truth)) < _FEWEST:
        return None
    if not (samples.isfinite().all() and truth.isfinite().all()):
        return None
    return samples.detach().float(), truth.detach().float()


def _least_diverse(samples: Pictures, truth: Pictures) -> tuple[float, str]:
    """How diverse the samples are, the data being 1, by the measure that says least; and words."""
    uniform = (
        "the samples are nearly all alike: where two of the data's pictures differ, they differ"
    )
    repeated = "the samples are few pictures again and again: the nearest differ, to the data's,"
    ratios = [(1.0, "")]
    for measure, text in ((diversity, uniform), (spacing, repeated)):
        expected = measure(truth)
        if expected > _SAME:
            ratios.append((measure(samples) / expected, text))
    return min(ratios, key=lambda pair: pair[0])  # where both say 0, that all are alike


# ---------------------------------------------------------------------------------------------
# Tint

VISIBLE: Final = 0.02  # 5 of 255: less tint than this over a whole picture is not seen
_FALSE: Final = 1e-3  # how often chance alone passes the limit, over all channels
_RIGHT: Final = 0.7  # of the limit: above, it would flicker
_SMOOTHING: Final = 0.5  # a new sample time's weight; the tint of a healthy GAN wobbles
_CHANNELS: Final = {1: ("grey",), 3: ("red", "green", "blue")}


@final
class TintDrift(Alarm):
    """The mean colour of the samples is not the data's.

    An adversarial term can be pleased by a shift of tint. The limit is VISIBLE, and Student's for
    how the differences between the mean colours of sample and target vary. Where samples have
    targets they hardly vary, and little more than VISIBLE is found. Samples from noise are held
    against other pictures: a shift is certain only where it is several times the spread of the
    data's mean colours over the square root of their number. It listens from the first time the
    tint is right, or from `warmup` pictures on.
    """

    name = "tint drift"
    saved = ("armed", "drifts", "far")

    def __init__(
        self,
        *,
        visible: float = VISIBLE,
        times: int = 2,
        warmup: int = WARMUP,
        action: Action = "warn",
    ) -> None:
        """`visible`: let pass in any case; `times`: sample times running; `warmup`: pictures."""
        super().__init__(action)
        self.visible, self.times, self.warmup = visible, times, warmup
        self.armed = False
        self.drifts: list[float] = []  # per channel, of the limit, smoothed
        self.far = 0  # sample times running

    def hear(self, report: Report) -> Alert | None:
        """Looks when there are samples and data to compare."""
        pair = _pair(report)
        if pair is None:
            return None
        shifts = mean_colour(pair[0]) - mean_colour(pair[1])  # N x C
        shift = shifts.mean(0).tolist()
        limits = [self.visible + chance for chance in _by_chance(shifts)]
        # Of the limit: while a net learns what its targets are, that shrinks with what it limits.
        self.drifts = _smoothed(
            self.drifts, [s / limit for s, limit in zip(shift, limits, strict=True)]
        )
        badness = max(map(abs, self.drifts))
        self.far = self.far + 1 if badness > 1 else 0
        if badness < _RIGHT:
            self.armed = True
            return self._over()
        if self.far < self.times or not (self.armed or report.pictures >= self.warmup):
            return None
        return self._tell(badness, _tint(shift, max(limits)))


def _smoothed(old: list[float], new: list[float]) -> list[float]:
    if len(old) != len(new):
        return new
    return [old + _SMOOTHING * (now - old) for old, now in zip(old, new, strict=True)]


def _by_chance(shifts: Float64[torch.Tensor, "n c"]) -> list[float]:
    """For each channel the mean shift that chance alone passes rarely, after Student."""
    from scipy.special import stdtrit  # loaded when the first samples come

    n, channels = shifts.shape
    reach = float(stdtrit(n - 1, 1 - _FALSE / (2 * channels)))
    return (reach * shifts.std(0, correction=1) / math.sqrt(n)).tolist()


def _tint(shift: list[float], limit: float) -> str:
    names = _CHANNELS.get(len(shift), tuple(f"channel {i}" for i in range(len(shift))))
    listed = ", ".join(f"{name} {s:+.3f}" for name, s in zip(names, shift, strict=True))
    return (
        f"the samples' mean colour has left the data's: {listed} (up to {limit:.3f} is let pass);"
        " weigh the adversarial term less, or add a term on the picture itself"
    )
