"""Alarms that hear losses, gradients and measures.

The alarm of a discriminator's outputs is in discriminator.py; those that look at the samples are
in samples.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final, final

from trombine.objectives.alarms.alarm import Action, Alarm, Alert, Report

_LISTED: Final = 3  # names listed in one line; the rest are counted


def _listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


# ---------------------------------------------------------------------------------------------
# Not finite


@final
class NotFinite(Alarm):
    """A value, a gradient or a sample that is NaN or infinite, or a measure that is NaN.

    A measure may be infinite: the PSNR of two equal pictures is.
    """

    name = "not finite"
    saved = ("bad",)

    def __init__(self, *, action: Action = "roll back", tries: int = 3) -> None:
        """After `tries` rollbacks it asks to stop instead: going back does not help then."""
        super().__init__(action)
        self.tries = tries
        self.bad: list[str] = []  # what the last report of each kind had

    def hear(self, report: Report) -> Alert | None:
        """Speaks at once: nothing good comes after."""
        for kind, names in _not_finite(report):
            self.bad = [old for old in self.bad if not old.startswith(kind)]
            self.bad += [f"{kind} {name}".strip() for name in sorted(names)]
        if not self.bad:
            return self._over()
        stop = self.action == "roll back" and report.rollbacks >= self.tries
        cure = "lower the rate, clip the gradients, or train in float32"
        alert = self._tell(1.0, f"NaN or infinite: {_listed(self.bad)}; {cure}")
        return Alert(alarm=self.name, text=alert.text, action="stop") if alert and stop else alert


def _not_finite(report: Report) -> Iterator[tuple[str, list[str]]]:
    """Each kind of number in the report, and the names of those that are not finite."""
    if report.values:
        yield "value", [name for name, x in report.values.items() if not math.isfinite(x)]
    if report.gradients:
        yield "gradient of", [name for name, x in report.gradients.items() if not math.isfinite(x)]
    if report.measures:
        yield "measure", [name for name, x in report.measures.items() if math.isnan(x)]
    if report.samples is not None:
        yield "samples", [] if report.samples.isfinite().all() else [""]


# ---------------------------------------------------------------------------------------------
# No progress

# Of what was gained since the first measurement: less is not told from the noise of measuring.
NOTICEABLE: Final = 0.01
ENDING: Final = 0.2  # of a run, its last part, where reaching the plateau is what is wanted
FALLEN: Final = 2.0  # how bad a fall is at least, beside 1, which being stuck is
_LINES: Final = 10  # of the log, over some of which the training loss is averaged
BY_HEART: Final = 0.85  # of the loss there was with the best: noise alone does not fall so far


@final
class NoProgress(Alarm):
    """The best of a measure has not been bettered for long, or is far above what there is now.

    Long is `patience` measurements, and as many pictures as `share` of those it took to reach the
    best: learning curves run with the logarithm of the pictures seen. In the last part of a run of
    `total` pictures it is silent. What is worse than the best by more than `much` has fallen, and
    that is said at once and at any time: before the first step too there was something to lose.

    Where the training loss has gone on to fall since the best, pictures are learned by heart.
    """

    name = "no progress"
    saved = ("first", "best", "best_at", "since", "lines", "loss", "loss_then")

    def __init__(
        self,
        measure: str,
        *,
        higher: bool = True,
        patience: int = 10,
        share: float = 0.5,
        tolerance: float | None = None,
        much: float | None = None,
        total: int | None = None,
        action: Action = "warn",
    ) -> None:
        """`higher`: is better; `tolerance`: what counts as no better, None: NOTICEABLE.

        `much`: what counts as much worse, in the measure's own unit; None: as much as the best is,
        which doubles an error.
        """
        super().__init__(action)
        self.measure, self.sign, self.tolerance = measure, 1 if higher else -1, tolerance
        self.patience, self.share, self.total, self.much = patience, share, total, much
        self.first: float | None = None
        self.best = 0.0
        self.best_at = 0  # pictures
        self.since = 0  # measurements
        self.lines = 0  # of the log
        self.loss = 0.0  # in training, smoothed
        self.loss_then = 0.0  # when the best was measured; at first, of the first lines

    def hear(self, report: Report) -> Alert | None:
        """Hears the measure times, and the training loss in between."""
        self._learned(report.values)
        value = report.measures.get(self.measure, math.nan)
        if not math.isfinite(value):
            return None
        if self._better(value):
            self.best, self.best_at, self.since = value, report.pictures, 0
            self.loss_then = self.loss
            return self._over()
        self.since += 1
        if (fall := self._fall(value)) > 1:
            return self._tell(FALLEN * fall, self._text(value, fallen=True))
        if fall < 0.5 and self.told >= FALLEN:
            self._over()
        stuck = self._stuck(report.pictures)
        return self._tell(1.0, self._text(value, fallen=False)) if stuck else None

    def _learned(self, values: Mapping[str, float]) -> None:
        """Hears the training loss, where one phase alone has any."""
        totals = [value for name, value in values.items() if name.endswith("/total")]
        if len(totals) != 1 or not math.isfinite(totals[0]):
            return
        self.lines += 1
        self.loss += (totals[0] - self.loss) / min(self.lines, _LINES)
        if self.lines <= _LINES:  # the first measurement is before the first step
            self.loss_then = self.loss

    def _fall(self, value: float) -> float:
        """How far below the best, `much` being 1."""
        much = abs(self.best) if self.much is None else self.much
        return self.sign * (self.best - value) / max(much, 1e-9)

    def _better(self, value: float) -> bool:
        if self.first is None:
            self.first = value
            return True
        gained = self.tolerance
        if gained is None:
            gained = NOTICEABLE * abs(self.best - self.first)
        return self.sign * (value - self.best) > gained

    def _stuck(self, pictures: int) -> bool:
        if self.total is not None and pictures > (1 - ENDING) * self.total:
            return False
        return self.since >= self.patience and pictures - self.best_at >= self.share * self.best_at

    def _text(self, value: float, *, fallen: bool) -> str:
        was = f"{self.best:.4g} at {self.best_at:,} pictures"
        since = "much better" if fallen else f"no better in {self.since} measurements since"
        cure = "lower the rate, or stop here"
        if fallen:
            cure = "lower the rate, set clip, and begin again or go on from the best checkpoint"
        if 0 < self.loss < BY_HEART * self.loss_then:
            cure = (
                f"the training loss fell meanwhile, from {self.loss_then:.3g} to {self.loss:.3g}:"
                " it learns its pictures by heart; give more of them, or stop earlier"
            )
        return f"{self.measure} is {value:.4g}, was {was}, {since}; {cure}"


# ---------------------------------------------------------------------------------------------
# No gradient

FAINT: Final = 1e-12  # of the phase's largest: no optimiser sees it, float32 rounds at 1e-7


@final
class NoGradient(Alarm):
    """A term that moves nothing: its gradient is zero, or FAINT beside the others of its phase.

    A term whose weight is zero just now is not to be reported.
    """

    name = "no gradient"
    saved = ("zeros", "named")

    def __init__(self, *, checks: int = 3, action: Action = "warn") -> None:
        """`checks`: running; a hinge is flat now and then."""
        super().__init__(action)
        self.checks = checks
        self.zeros: dict[str, int] = {}  # checks running, by term
        self.named: list[str] = []  # terms that were reported

    def hear(self, report: Report) -> Alert | None:
        """Hears the reports that hold gradients."""
        faint = _faint(report.gradients)
        for term in report.gradients:
            self.zeros[term] = self.zeros.get(term, 0) + 1 if term in faint else 0
        dead = sorted(term for term, count in self.zeros.items() if count >= self.checks)
        news = [term for term in dead if term not in self.named]
        self.named = dead
        if not news:
            return None
        self._over()  # another term is another trouble
        cure = "is something detached, saturated or frozen on the way to the weights?"
        return self._tell(1.0, f"no gradient from {_listed(news)} in {self.checks} checks; {cure}")


def _faint(gradients: Mapping[str, float]) -> set[str]:
    """The terms whose gradient is as good as none."""
    largest: dict[str, float] = {}
    for term, norm in gradients.items():
        phase = term.partition("/")[0]
        largest[phase] = max(largest.get(phase, 0.0), norm if math.isfinite(norm) else 0.0)
    return {t for t, norm in gradients.items() if norm <= FAINT * largest[t.partition("/")[0]]}
