"""Accuracy, d', kappas, their intervals, and how many answers a question needs.

An answer is True where a picture is called generated; so is the truth. Every figure is a function
of weights, how often each picture counts (bootstrap.py). What is undefined is NaN.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool

from trombine.judge.bootstrap import LEVEL, Estimate, Values, Weights, drawn, interval

Answers = Bool[np.ndarray, "n"]


def accuracy(weights: Weights, truth: Answers, answers: Answers) -> Values:
    """The share of pictures that are called what they are."""
    return weights @ (truth == answers) / weights.sum(1)


def cohen_kappa(weights: Weights, first: Answers, second: Answers) -> Values:
    """Agreement beyond that of two who answer apart (Cohen 1960): 1 full, 0 as by chance."""
    total = weights.sum(1)
    p, q = weights @ first / total, weights @ second / total
    return _beyond_chance(weights @ (first == second) / total, p * q + (1 - p) * (1 - q))


def fleiss_kappa(weights: Weights, answers: Bool[np.ndarray, "s n"]) -> Values:
    """The same among several (Fleiss 1971)."""
    count = len(answers)
    yes = answers.sum(0)
    pairs = (yes * (yes - 1) + (count - yes) * (count - yes - 1)) / (count * (count - 1))
    total = weights.sum(1)
    p = weights @ yes / (count * total)
    return _beyond_chance(weights @ pairs / total, p**2 + (1 - p) ** 2)


def _beyond_chance(agreement: Values, chance: Values) -> Values:
    with np.errstate(invalid="ignore"):
        return np.where(chance < 1, (agreement - chance) / (1 - chance), np.nan)


def d_prime(weights: Weights, truth: Answers, answers: Answers) -> Values:
    """How far apart real and generated look, in standard deviations of what is seen.

    z(hits) - z(false alarms), with half an answer added to each count (Hautus 1995), so that who
    is always right has a finite one.
    """
    from scipy.special import ndtri  # scipy.stats has it too, and takes .45 s to import

    hits = (weights @ (truth & answers) + 0.5) / (weights @ truth + 1)
    alarms = (weights @ (~truth & answers) + 0.5) / (weights @ ~truth + 1)
    return ndtri(hits) - ndtri(alarms)


# Intervals


def mean_accuracy(correct: Bool[np.ndarray, "s n"], weights: Weights) -> Estimate:
    """The mean over subjects; its bootstrap draws subjects and pictures, as others would come."""
    count = len(correct)
    subjects = drawn(np.zeros(count, np.int64), len(weights), "people bootstrap of subjects")
    draws = ((subjects @ correct.astype(np.float64)) * weights).sum(1) / (count * weights.sum(1))
    return interval(float(correct.mean()), draws)


def exact_interval(right: int, count: int) -> Estimate:
    """The share of right answers with its exact interval (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    low = betaincinv(right, count - right + 1, LEVEL / 2) if right else 0.0
    high = betaincinv(right + 1, count - right, 1 - LEVEL / 2) if right < count else 1.0
    return Estimate(value=right / count, low=float(low), high=float(high))


def guessing(right: int, count: int) -> float:
    """How likely somebody who guesses has this many right, or more."""
    return sum(math.comb(count, k) for k in range(right, count + 1)) / 2**count


# How many are needed


def answers_needed(share: float = 0.54, power: float = 0.8) -> int:
    """From how many answers on the exact test against guessing (one-sided, 5 %) sees this share of
    right ones with this power, where each is right independently of the others."""
    from scipy.special import bdtrc, bdtrik

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
    return max(
        alike, math.ceil(_normal_needed(share, power, pictures, spread) + _quantile(LEVEL) ** 2 / 2)
    )


def _normal_needed(share: float, power: float, pictures: int, spread: float) -> float:
    """Subjects, by the normal approximation."""
    guessed, seen = (math.sqrt(p * (1 - p) / pictures + spread**2) for p in (0.5, share))
    return ((_quantile(LEVEL) * guessed + _quantile(1 - power) * seen) / (share - 0.5)) ** 2


def _quantile(tail: float) -> float:
    from scipy.special import ndtri

    return -float(ndtri(tail))


def spread_of(shares: Values, pictures: int) -> float:
    """By how much subjects' true shares differ: what is beyond that of answers by chance."""
    if len(shares) < 2:
        return 0.0
    chance = float((shares * (1 - shares)).mean()) / (pictures - 1)
    return math.sqrt(max(0.0, float(shares.var(ddof=1)) - chance))
