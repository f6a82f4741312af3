"""What watches a training: numbers that are not finite, collapse, a discriminator that has won.

An objective declares alarms. They hear every log line, measurement and sheet of samples, and give
one line when something is wrong: what is wrong, the numbers, and what to try. One that `stops` ends
the training (training/writer.py). docs/train.md explains them to users.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeAlias, final

import torch
from jaxtyping import Float

from trombine.metrics import diversity, spacing

Pictures: TypeAlias = Float[torch.Tensor, "n c h w"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The numbers and samples of one moment of a training; empty where there are none just now."""

    pictures: int = 0  # seen so far
    values: Mapping[str, float] = field(default_factory=dict)  # a log line of kind "train"
    measures: Mapping[str, float] = field(default_factory=dict)
    samples: Pictures | None = None  # the fixed samples
    truth: Pictures | None = None  # as many of the data's pictures; with inputs: the targets


@dataclass(frozen=True, kw_only=True)
class Alert:
    """The line of an alarm, and whether the training ends with it."""

    alarm: str
    text: str
    stops: bool = False


class Alarm(ABC):
    """Watches one kind of trouble. It speaks once, and again only when that is twice as bad, or
    came back after it had ended."""

    name: ClassVar[str]
    saved: ClassVar[tuple[str, ...]] = ()  # the attributes that change, each a JSON value
    told = 0.0  # how bad it was when reported; 0: nothing is wrong, or not reported yet

    @abstractmethod
    def hear(self, report: Report) -> Alert | None:
        """Take in a report; called at every log line, sample time and measure time."""

    def state(self) -> dict[str, Any]:
        """All that has changed since it was made."""
        return {name: getattr(self, name) for name in ("told", *self.saved)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up a state that state() gave."""
        for name in ("told", *self.saved):
            setattr(self, name, state[name])

    def _tell(self, badness: float, text: str) -> Alert | None:
        if self.told and badness < 2 * self.told:
            return None
        self.told = badness
        return Alert(alarm=self.name, text=text)


@final
class NotFinite(Alarm):
    """A value or a sample that is NaN or infinite, or a measure that is NaN.

    A measure may be infinite: the PSNR of two equal pictures is.
    """

    name = "not finite"

    def hear(self, report: Report) -> Alert | None:
        """Stops the training: nothing good comes after."""
        bad = [f"value {name}" for name, x in report.values.items() if not math.isfinite(x)]
        bad += [f"measure {name}" for name, x in report.measures.items() if math.isnan(x)]
        if report.samples is not None and not report.samples.isfinite().all():
            bad.append("samples")
        if not bad:
            return None
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        cure = "lower --lr, set --clip, or give --precision float32, and another -o"
        text = f"NaN or infinite: {', '.join(sorted(bad)[:3])}{more}; {cure}"
        return Alert(alarm=self.name, text=text, stops=True)


WARMUP: Final = 7_500  # pictures; until then samples are not expected to look like the data
SHARE: Final = 0.05  # of a run, if that is earlier
# What samples have of the data's differences: half of the mean distance, .3 of that to the nearest.
# Of faces and leaves in sets of 16 to 64, samples as good as the data have .7 to 1.5 of the latter,
# blurred, paler ones with a checkerboard .37 at least, and those of a quarter as many pictures as
# samples, with noise of .05 and an eighth of their differences left, .25 at most. By WARMUP EARLY
# of that is asked, all by LEARNED: a DCGAN that learns has .31 of the data's after 10,000 pictures,
# one that will collapse .10.
DIFFERENT: Final = 0.5
REPEATED: Final = 0.3
EARLY: Final = 0.4
LEARNED: Final = 50_000  # pictures
SATURATED: Final = 0.4  # share of samples at black or white, beyond the data's
_SAME: Final = 1e-3  # data whose pictures differ less have no diversity to lose


@final
class Collapse(Alarm):
    """The samples differ much less from each other than the data's pictures do, twice running.

    Two things are compared: the mean distance of two samples, small if all are alike, and the
    median distance to the nearest other sample, small if they are a few pictures again and again.
    An untrained generator's samples are alike as well: it listens from `warmup` pictures on, and
    asks for more the more has been seen.
    """

    name = "collapse"
    saved = ("low",)

    def __init__(self, *, warmup: int = WARMUP) -> None:
        self.warmup = warmup
        self.low = 0  # sample times running

    def hear(self, report: Report) -> Alert | None:
        """Looks when there are four finite samples or more, and data to compare."""
        samples, truth = report.samples, report.truth
        if samples is None or truth is None or min(len(samples), len(truth)) < 4:
            return None
        if not (samples.isfinite().all() and truth.isfinite().all()):
            return None
        if report.pictures < self.warmup:
            return None
        share, ratio, text = _least_diverse(samples.detach().float(), truth.detach().float())
        learned = (report.pictures - WARMUP) / (LEARNED - WARMUP)
        wanted = EARLY + (1 - EARLY) * min(max(learned, 0.0), 1.0)
        self.low = self.low + 1 if share < wanted else 0
        if share >= 1.2 * wanted:  # nearer to it, it would flicker
            self.told = 0.0
        if self.low < 2:
            return None
        cure = "lower the rates, add R1 or a replay pool, or go on from the best checkpoint"
        return self._tell(wanted / max(share, 0.01), f"{text} {ratio:.0%} as much; {cure}")


def _least_diverse(samples: Pictures, truth: Pictures) -> tuple[float, float, str]:
    """How diverse the samples are, by the measure that says least: of what is asked, of the data's,
    and words."""
    alike = "the samples are nearly all alike: where two of the data's pictures differ, they differ"
    repeated = "the samples are few pictures again and again: the nearest differ, to the data's,"
    ratios = [(2.0, 1.0, "")]
    measures = ((diversity, DIFFERENT, alike), (spacing, REPEATED, repeated))
    for measure, asked, text in measures:
        expected = measure(truth)
        if expected > _SAME:
            ratio = measure(samples) / expected
            ratios.append((ratio / asked, ratio, text))
    return min(ratios, key=lambda one: one[0])  # where both say 0, that all are alike


@final
class Saturated(Alarm):
    """Many samples of what is made are black or white, as where a net's last layer is too steep to
    learn: more than of the data by SATURATED."""

    name = "saturated"

    def __init__(self, *, warmup: int = WARMUP) -> None:
        self.warmup = warmup

    def hear(self, report: Report) -> Alert | None:
        """Looks at every sample time from `warmup` on."""
        if report.samples is None or report.truth is None or report.pictures < self.warmup:
            return None
        ours, theirs = (float(_at_ends(x)) for x in (report.samples, report.truth))
        if ours <= theirs + SATURATED:
            self.told = 0.0
            return None
        cure = "lower the rates, or begin with smaller weights"
        text = f"{ours:.0%} of the samples are black or white, {theirs:.0%} of the data's; {cure}"
        return self._tell(ours, text)


def _at_ends(pictures: Pictures) -> torch.Tensor:
    """The share of samples within half a level of 0 or 1."""
    return ((pictures - 0.5).abs() > 0.5 - 0.5 / 255).float().mean()


@final
class NothingLearned(Alarm):
    """A measure that is no better than before the training."""

    name = "nothing learned"
    saved = ("before",)

    def __init__(self, measure: str, *, higher: bool, warmup: int = WARMUP) -> None:
        self.measure, self.higher, self.warmup = measure, higher, warmup
        self.before: float | None = None

    def hear(self, report: Report) -> Alert | None:
        """The first measurement is what it begins with."""
        value = report.measures.get(self.measure, math.nan)
        if not math.isfinite(value):
            return None
        self.before = value if self.before is None else self.before
        if report.pictures < self.warmup or (value > self.before) == self.higher:
            self.told = 0.0
            return None
        text = f"{self.measure} is {value:.4g}, and was {self.before:.4g} before the training"
        return self._tell(1.0, f"{text}; try a lower --lr, or look at the samples")


# Of the loss of a discriminator that cannot tell, in excess of the least there is. A healthy one
# stays above .1 or so but for moments; at .05 the logistic one is right with p = .965 each time.
EASY: Final = 0.05
APART: Final = 3.0  # the outputs' means, in their standard deviations
_LINES: Final = 20  # of the log, running
_RATE: Final = 0.1  # of a new line, in smoothing over some ten of them


def _entropy(p: float) -> float:
    """Of one bit, in nats: the least binary cross-entropy there is where the truth is p."""
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


# What the loss of each critic of adversary.py is where the discriminator cannot tell at all, and
# the least that it can be; both for a label of the real.
SCALES: Final[dict[str, Callable[[float], tuple[float, float]]]] = {
    "logistic": lambda label: (2 * _entropy(label / 2), _entropy(label)),
    "hinge": lambda _: (2.0, 0.0),
    "least squares": lambda label: (label * label / 4, 0.0),
    "relativistic": lambda _: (math.log(2), 0.0),
}


@final
class DiscriminatorWon(Alarm):
    """The discriminator tells real from made without effort: the generator learns nothing more.

    Its loss is near the least it can be, and the means of its outputs lie several standard
    deviations apart, smoothed, for 20 log lines running. It may win at first: `warmup` pictures
    are let pass from the first line on.
    """

    name = "discriminator has won"
    saved = ("began", "ease", "separation", "running")

    def __init__(
        self, critic: str, *, phase: str, real_label: float = 1.0, warmup: int = 10_000
    ) -> None:
        """`critic`: of adversary.py; `phase`: in whose log lines its loss stands."""
        self.loss = f"{phase}/{critic}"
        self.even, self.least = SCALES[critic](real_label)
        self.warmup = warmup
        self.began: int | None = None  # pictures
        self.ease: float | None = None  # logarithm of the loss: so a spike hides nothing
        self.separation: float | None = None  # in standard deviations; of one picture none
        self.running = 0  # lines

    def hear(self, report: Report) -> Alert | None:
        """Hears the log lines that have what it needs."""
        loss, separation = report.values.get(self.loss, math.nan), _separation(report.values)
        if not math.isfinite(loss):
            return None
        left = max((loss - self.least) / (self.even - self.least), EASY / 1000)
        self.ease = _ema(self.ease, math.log(left))
        if separation is not None:
            self.separation = _ema(self.separation, separation)
        self.began = report.pictures if self.began is None else self.began
        left, far = math.exp(self.ease), self.separation
        badness = min(EASY / left, math.inf if far is None else far / APART)
        waited = report.pictures - self.began >= self.warmup
        self.running = self.running + 1 if badness > 1 and waited else 0
        if badness < 0.5:  # nearer to 1, it would flicker
            self.told = 0.0
        if self.running < _LINES:
            return None
        cure = "lower its rate, or add R1 or spectral norm"
        words = f"its loss is {left:.1%} of that of one that cannot tell"
        words += "" if far is None else f", its outputs lie {far:.1f} standard deviations apart"
        text = f"the discriminator has won: {words}, for {self.running} lines; {cure}"
        return self._tell(badness, text)


def _separation(values: Mapping[str, float]) -> float | None:
    """How far the means of D's outputs lie apart, in standard deviations (d'), 100 at most."""
    names = ("D(real) mean", "D(fake) mean", "D(real) std", "D(fake) std")
    real, fake, *spreads = (values.get(f"curve/{name}", math.nan) for name in names)
    spread = math.hypot(*spreads) / math.sqrt(2)
    if not (math.isfinite(real - fake) and 0 < spread < math.inf):
        return None  # not known, or of one picture only
    return min((real - fake) / spread, 100.0)


def _ema(old: float | None, new: float) -> float:
    return new if old is None else old + _RATE * (new - old)
