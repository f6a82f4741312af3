"""Accuracy, d', kappas, their intervals, and how many answers a question needs.

An answer is True where a picture is called generated; so is the truth. What is undefined is NaN.
Kappas and d' are of the last axis: one number for each row of answers, as a bootstrap has many.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float64
from scipy import stats
from scipy.special import bdtrc, bdtrik, ndtri

from trombine.eval.stats import DRAWS, Estimate

Answers = Bool[np.ndarray, "*rows n"]
Numbers = Float64[np.ndarray, "*rows"] | np.float64
Several = Bool[np.ndarray, "s n"]
LEVEL = 0.05


def cohen_kappa(first: Answers, second: Answers) -> Numbers:
    """Agreement beyond that of two who answer apart (Cohen 1960): 1 full, 0 as by chance."""
    p, q = first.mean(-1), second.mean(-1)
    return _beyond_chance((first == second).mean(-1), p * q + (1 - p) * (1 - q))


def fleiss_kappa(*answers: Answers) -> Numbers:
    """The same among several (Fleiss 1971)."""
    count, yes = len(answers), np.sum(answers, 0)
    pairs = (yes * (yes - 1) + (count - yes) * (count - yes - 1)) / (count * (count - 1))
    p = yes.mean(-1) / count
    return _beyond_chance(pairs.mean(-1), p**2 + (1 - p) ** 2)


def _beyond_chance(agreement: Numbers, chance: Numbers) -> Numbers:
    return np.where(chance < 1, (agreement - chance) / np.where(chance < 1, 1 - chance, 1), np.nan)


def d_prime(truth: Answers, answers: Answers) -> Numbers:
    """How far apart real and generated look, in standard deviations of what is seen.

    z(hits) - z(false alarms), with half an answer added to each count (Hautus 1995), so that who
    is always right has a finite one.
    """
    hits = ((truth & answers).sum(-1) + 0.5) / (truth.sum(-1) + 1)
    alarms = ((~truth & answers).sum(-1) + 0.5) / ((~truth).sum(-1) + 1)
    return np.asarray(ndtri(hits) - ndtri(alarms))


# Intervals


def mean_accuracy(correct: Several) -> Estimate:
    """The mean over subjects; its bootstrap draws subjects and pictures, as others would come."""
    generator = np.random.default_rng(0)
    subjects, pictures = (
        generator.multinomial(count, np.full(count, 1 / count), DRAWS) for count in correct.shape
    )
    draws = ((subjects @ correct.astype(np.float64)) * pictures).sum(1) / correct.size
    low, high = np.percentile(draws, (2.5, 97.5))
    return Estimate(value=float(correct.mean()), low=float(low), high=float(high))


def exact_interval(right: int, count: int) -> Estimate:
    """The share of right answers with its exact interval (Clopper and Pearson 1934)."""
    interval = stats.binomtest(right, count).proportion_ci(method="exact")
    return Estimate(value=right / count, low=float(interval.low), high=float(interval.high))


def guessing(right: int, count: int) -> float:
    """How likely somebody who guesses has this many right, or more."""
    return float(stats.binomtest(right, count, alternative="greater").pvalue)


# How many are needed


def answers_needed(share: float = 0.54, power: float = 0.8) -> int:
    """From how many answers on the exact test against guessing (one-sided, 5 %) sees this share of
    right ones with this power, where each is right independently of the others."""
    most = 2 * math.ceil(_normal_needed(share, power, 1, 0))
    counts = np.arange(1, most + 1)
    # The fewest right answers that guessing gives in 5 % of tests at most.
    critical = np.ceil(bdtrik(1 - LEVEL, counts, 0.5)) + 1
    powers = np.where(critical <= counts, bdtrc(critical - 1, counts, share), 0)
    return int(counts[powers < power].max(initial=0)) + 1  # beyond the last saw-tooth below it


def subjects_needed(pictures: int, spread: float, share: float = 0.54, power: float = 0.8) -> int:
    """How many subjects of this many pictures each, whose true shares differ by this standard
    deviation: by Student's test of their mean (with Guenther's correction), one-sided, 5 %."""
    alike = math.ceil(answers_needed(share, power) / pictures)
    if not spread:
        return alike
    needed = _normal_needed(share, power, pictures, spread) + ndtri(LEVEL) ** 2 / 2
    return max(alike, math.ceil(needed))


def _normal_needed(share: float, power: float, pictures: int, spread: float) -> float:
    """Subjects, by the normal approximation."""
    guessed, seen = (math.sqrt(p * (1 - p) / pictures + spread**2) for p in (0.5, share))
    return float(((-ndtri(LEVEL) * guessed + ndtri(power) * seen) / (share - 0.5)) ** 2)


def spread_of(shares: Float64[np.ndarray, "s"], pictures: int) -> float:
    """By how much subjects' true shares differ: what is beyond that of answers by chance."""
    if len(shares) < 2:
        return 0.0
    chance = float((shares * (1 - shares)).mean()) / (pictures - 1)
    return math.sqrt(max(0.0, float(shares.var(ddof=1)) - chance))
