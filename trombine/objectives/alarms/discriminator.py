"""The alarm of a discriminator that has won.

What the losses of discriminators are is in critics.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, final

from trombine.objectives.alarms.alarm import Action, Alarm, Alert, Report

# Of the loss of a discriminator that cannot tell, in excess of the least there is. A healthy one
# stays above .1 or so but for moments; at .05 the logistic one is right with p = .965 each time.
EASY: Final = 0.05
# How far apart the outputs' means lie, in their standard deviations: beside a loss, and alone. A
# Wasserstein critic is meant to tell the two apart, but not that surely.
APART: Final = 3.0
FAR_APART: Final = 6.0
_RATE: Final = 0.1  # of a new line, in smoothing over some ten of them
_LEAST: Final = 1e-3  # of EASY: below, it no longer matters how much
_FARTHEST: Final = 100.0  # standard deviations, likewise
_ENDED: Final = 2.0  # times less than the limit, so that it does not flicker


def _logistic(label: float) -> tuple[float, float]:
    return 2 * _entropy(label / 2), _entropy(label)


def _entropy(p: float) -> float:
    """Of one bit, in nats: the least binary cross-entropy there is where the truth is p."""
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


# What the loss of each critic of critics.py is where the discriminator cannot tell at all, None
# where that has no scale, and the least that it can be; both for a label of the real.
SCALES: Final[dict[str, Callable[[float], tuple[float | None, float]]]] = {
    "logistic": _logistic,
    "hinge": lambda _: (2.0, 0.0),
    "least squares": lambda label: (label * label / 4, 0.0),
    "wasserstein": lambda _: (None, 0.0),
    "relativistic": lambda _: (math.log(2), 0.0),
}


@final
class DiscriminatorWon(Alarm):
    """The discriminator tells real from made without effort: the generator learns nothing more.

    Seen in its loss, near the least it can be, and in its outputs, the means of which lie several
    standard deviations apart, smoothed, for `lines` log lines running. The loss is smoothed in its
    logarithm, so that a spike does not hide what is around it.

    A discriminator may win at first: `warmup` pictures are let pass from the first line on.
    """

    name = "discriminator has won"
    saved = ("began", "ease", "separation", "running")

    def __init__(
        self,
        critic: str,
        *,
        real_label: float = 1.0,
        phase: str = "discriminator",
        lines: int = 20,
        warmup: int = 10_000,
        action: Action = "warn",
    ) -> None:
        """`critic`: of critics.py; `phase`: in whose log lines its loss stands."""
        super().__init__(action)
        self.loss = f"{phase}/{critic}"
        self.even, self.least = SCALES[critic](real_label)
        self.lines, self.warmup = lines, warmup
        self.began: int | None = None  # pictures
        self.ease: float | None = None  # logarithm of the loss, as a share of an even one's
        self.separation: float | None = None
        self.running = 0  # lines

    def hear(self, report: Report) -> Alert | None:
        """Hears the log lines that have what it needs."""
        ease, separation = self._ease(report.values), self._separation(report.values)
        if (separation if self.even is None else ease) is None:
            return None
        self.ease, self.separation = _ema(self.ease, ease), _ema(self.separation, separation)
        self.began = report.pictures if self.began is None else self.began
        badness = self._badness()
        listening = report.pictures - self.began >= self.warmup
        self.running = self.running + 1 if badness > 1 and listening else 0
        if badness < 1 / _ENDED:
            return self._over()
        return self._tell(badness, self._text()) if self.running >= self.lines else None

    def _ease(self, values: Mapping[str, float]) -> float | None:
        """The logarithm of how much loss is left, 0 where the discriminator cannot tell."""
        loss = values.get(self.loss, math.nan)
        if self.even is None or not math.isfinite(loss):
            return None
        return math.log(max((loss - self.least) / (self.even - self.least), EASY * _LEAST))

    def _separation(self, values: Mapping[str, float]) -> float | None:
        """How far the means of D's outputs lie apart, in standard deviations (d')."""
        names = ("D(real) mean", "D(fake) mean", "D(real) std", "D(fake) std")
        real, fake, *spreads = (values.get(f"curve/{name}", math.nan) for name in names)
        spread = math.hypot(*spreads) / math.sqrt(2)
        if not (math.isfinite(real - fake) and 0 < spread < math.inf):
            return None  # not known, or of one picture only
        return min((real - fake) / spread, _FARTHEST)

    def _badness(self) -> float:
        """Above 1: won. Where both are known, both must say so."""
        limit = FAR_APART if self.even is None else APART
        signs = [] if self.ease is None else [EASY / math.exp(self.ease)]
        signs += [] if self.separation is None else [self.separation / limit]
        return min(signs)

    def _text(self) -> str:
        signs = []
        if self.ease is not None:
            signs.append(f"its loss is {math.exp(self.ease):.1%} of that of one that cannot tell")
        if self.separation is not None:
            signs.append(f"its outputs lie {self.separation:.1f} standard deviations apart")
        cure = "lower its rate, train it less often, or add R1 or spectral norm"
        return f"the discriminator has won: {', '.join(signs)}, for {self.running} lines; {cure}"


def _ema(old: float | None, new: float | None) -> float | None:
    """The smoothed value; what is missing now leaves it as it was."""
    if old is None or new is None:
        return old if new is None else new
    return old + _RATE * (new - old)
