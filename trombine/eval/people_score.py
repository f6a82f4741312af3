"""What the answers of a test of people say: figures, as values, as text for a terminal, as a page.

An answer is True where a picture is called generated; so is the truth. What is undefined is NaN.
Kappas and d' are of the last axis: one number for each row of answers, as a bootstrap has many.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float64
from scipy import stats
from scipy.special import bdtrc, bdtrik, ndtri

from trombine.core.errors import shown
from trombine.core.texts import counted
from trombine.eval.people import REASONS, SIDES, Entry, Key, Pixels, Subject
from trombine.eval.stats import DRAWS, NONE, Estimate, bootstrap, spelled
from trombine.report import Plot, Report, Series, as_json

GENERATOR: Final = "trombine judge people score"
LEVEL: Final = 0.05
_TOLD_APART: Final = 0.54  # the share of right answers that is to be told from guessing
_PICTURES: Final = (24, 50, 100, 200)
_MOST_FOOLED: Final = 12  # pictures

Answers = Bool[np.ndarray, "*rows n"]
Values = Float64[np.ndarray, "*rows"] | np.float64
Truth = Bool[np.ndarray, "n"]
Several = Bool[np.ndarray, "s n"]
Numbers = dict[str, Any]


# ---------------------------------------------------------------------------------------------
# Figures


def cohen_kappa(first: Answers, second: Answers) -> Values:
    """Agreement beyond that of two who answer apart (Cohen 1960): 1 full, 0 as by chance."""
    p, q = first.mean(-1), second.mean(-1)
    return _beyond_chance((first == second).mean(-1), p * q + (1 - p) * (1 - q))


def fleiss_kappa(*answers: Answers) -> Values:
    """The same among several (Fleiss 1971)."""
    count, yes = len(answers), np.sum(answers, 0)
    pairs = (yes * (yes - 1) + (count - yes) * (count - yes - 1)) / (count * (count - 1))
    p = yes.mean(-1) / count
    return _beyond_chance(pairs.mean(-1), p**2 + (1 - p) ** 2)


def _beyond_chance(agreement: Values, chance: Values) -> Values:
    return np.where(chance < 1, (agreement - chance) / np.where(chance < 1, 1 - chance, 1), np.nan)


def d_prime(truth: Answers, answers: Answers) -> Values:
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
    return Estimate(float(correct.mean()), float(low), float(high))


def exact_interval(right: int, count: int) -> Estimate:
    """The share of right answers with its exact interval (Clopper and Pearson 1934)."""
    interval = stats.binomtest(right, count).proportion_ci(method="exact")
    return Estimate(right / count, float(interval.low), float(interval.high))


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


# ---------------------------------------------------------------------------------------------
# Numbers


def numbers_of(key: Key, subjects: Sequence[Subject]) -> Numbers:
    """All figures, as JSON holds them."""
    names = sorted(key.pictures)
    entries = {name: key.pictures[name] for name in names}
    about = {n: {"picture": n, "file": e.file, "truth": e.truth} for n, e in entries.items()}
    truth = np.array([entry.truth == "generated" for entry in entries.values()])
    answers = np.array([[s.answers[n].answer == "generated" for n in names] for s in subjects])
    correct = answers == truth
    right, spread = int(correct.sum()), spread_of(correct.mean(1), len(names))
    pairs = combinations(zip(subjects, answers, strict=True), 2)
    given = [(s.name, name, s.answers[name]) for s in subjects for name in s.answers]
    counts = Counter((reason, entries[name].truth) for _, name, a in given for reason in a.reasons)
    wrong = sorted(zip((-(~correct).sum(0)).tolist(), names, strict=True))
    return as_json(
        {
            "test": key.test,
            "pictures": len(names),
            "subjects": [_subject(*each, truth) for each in zip(subjects, answers, strict=True)],
            "all": {
                "answers": correct.size,
                "right": right,
                "accuracy": mean_accuracy(correct),
                "confusion": _confusion(truth, answers),
                "guessing": guessing(right, correct.size),
            },
            "between": [
                {"first": a.name, "second": b.name, "kappa": bootstrap(cohen_kappa, one, other)}
                for (a, one), (b, other) in pairs
            ],
            "fleiss": bootstrap(fleiss_kappa, *answers) if len(subjects) > 1 else None,
            "sets": _sets([*entries.values()], correct),
            # How often each reason was given of either side, and what was written.
            "reasons": [{"reason": r, **{s: counts[r, s] for s in SIDES}} for r in REASONS],
            "texts": [
                {"subject": subject, **about[name], "text": answer.text.strip()}
                for subject, name, answer in given
                if answer.text.strip()
            ],
            # The pictures that somebody was wrong about, those first of which most were.
            "fooled": [
                {**about[n], "wrong": -less, "of": len(subjects)} for less, n in wrong if less
            ],
            # What a test needs to tell a small difference from guessing.
            "needed": {
                "share": _TOLD_APART,
                "power": 0.8,
                "answers": answers_needed(_TOLD_APART),
                "spread": spread,
                "tests": [
                    {
                        "pictures": pictures,
                        "subjects_alike": subjects_needed(pictures, 0.0, _TOLD_APART),
                        "subjects_as_here": subjects_needed(pictures, spread, _TOLD_APART),
                    }
                    for pictures in sorted({len(names), *_PICTURES})
                ],
            },
        }
    )


def _subject(subject: Subject, answers: Truth, truth: Truth) -> Numbers:
    right = int((answers == truth).sum())
    return {
        "subject": subject.name,
        "file": subject.file.name,
        "experience": subject.experience,
        "seconds": median(answer.seconds for answer in subject.answers.values()),
        "right": right,
        "confusion": _confusion(truth, answers),
        "accuracy": exact_interval(right, len(truth)),
        "d_prime": bootstrap(d_prime, truth, answers),
        "kappa": bootstrap(cohen_kappa, truth, answers),
        "guessing": guessing(right, len(truth)),
    }


def _confusion(truth: Truth, answers: Answers) -> dict[str, dict[str, int]]:
    """How many of each side are called what: by the truth, then by the answer."""
    return {
        side: {called: int((answers[..., truth == t] == a).sum()) for a, called in enumerate(SIDES)}
        for t, side in enumerate(SIDES)
    }


def _sets(entries: Sequence[Entry], correct: Several) -> list[Numbers]:
    """How often the pictures of each folder are called what they are, the real ones first; nothing
    where each side is one folder."""
    sets = [(SIDES.index(entry.truth), entry.set) for entry in entries]
    found = []
    for side, name in sorted(set(sets)) if len(set(sets)) > len(SIDES) else ():
        mine = correct[:, [one == (side, name) for one in sets]]
        about = {"set": name, "truth": SIDES[side], "pictures": mine.shape[1]}
        found.append(about | {"accuracy": mean_accuracy(mine)})
    return found


# ---------------------------------------------------------------------------------------------
# The report


def report_of(numbers: Numbers, images: Mapping[str, Pixels]) -> Report:
    """The report; `images` are the test's pictures, where they are at hand."""
    subjects, everybody, needed = numbers["subjects"], numbers["all"], numbers["needed"]
    mean, chance = _spelled(everybody["accuracy"]), _chance(everybody["guessing"])
    report = Report(
        title="Real or generated?",
        lead=f"{counted(len(subjects), 'subject')} and"
        f" {numbers['pictures']} pictures, half of them real:"
        f" {everybody['right']} of {everybody['answers']} answers are right. Mean accuracy"
        f" {mean}; by guessing alone this or better has a probability of {chance}.",
        generator=GENERATOR,
    )
    report.section(
        "Subjects",
        "Each with the exact 95 % interval of its accuracy (Clopper and Pearson), d' and kappa"
        " against the truth with bootstrap intervals, and how likely somebody who guesses has as"
        " many right or more.",
    )
    report.curves(_accuracies([subject["accuracy"] for subject in subjects]))
    rows = [_row(subject, numbers["pictures"]) for subject in subjects]
    total = f"{everybody['right']} of {everybody['answers']}"
    rows.append(["all", total, mean, "–", "–", chance, "–", "–"])
    heads = ["subject", "right", "accuracy", "d'", "kappa", "by guessing", "seconds", "experience"]
    under = "seconds: the median a picture"
    report.table(heads, rows, caption="Each subject", under=under, csv=True, printed=True)
    report.section("Answers", "How many pictures of each side were called what.")
    groups = [(s["subject"], s["confusion"]) for s in subjects] + [("all", everybody["confusion"])]
    rows = [[name, *(str(c[t][a]) for t in SIDES for a in SIDES)] for name, c in groups]
    heads = ["subject", *(f"{t}, called {a}" for t in SIDES for a in SIDES)]
    report.table(heads, rows, caption="Pictures, by what they are and were called")
    if sets := numbers["sets"]:
        text = "The more real a folder of generated ones looks, the less often it is called so."
        rows = [
            [shown(s["set"]), s["truth"], f"{s['pictures']}", _spelled(s["accuracy"])] for s in sets
        ]
        heads, caption = ["folder", "it is", "pictures", "right"], "Right answers, by folder"
        report.section("Folders", text)
        report.table(heads, rows, caption=caption, words=True, printed=True)
    if numbers["between"]:
        report.section(
            "Agreement",
            "Cohen's kappa of each two subjects, Fleiss' of all: 1 where they always agree, 0 as by"
            " chance. It says nothing of who is right.",
        )
        names = [subject["subject"] for subject in subjects]
        pairs = {(p["first"], p["second"]): _spelled(p["kappa"]) for p in numbers["between"]}
        rows = [[a, *(pairs.get((a, b), pairs.get((b, a), "–")) for b in names)] for a in names]
        under = f"Fleiss' kappa of all: {_spelled(numbers['fleiss'])}"
        caption = "Kappa between subjects"
        report.table(["subject", *names], rows, caption=caption, under=under, printed=True)
    text = "What gave pictures away, and how often a real one was thought to be betrayed so."
    rows = [[r["reason"], str(r["generated"]), str(r["real"])] for r in numbers["reasons"]]
    heads, caption = ["reason", "of generated pictures", "of real ones"], "How often each was given"
    report.section("Reasons", text).table(heads, rows, caption=caption, printed=True)
    if numbers["texts"]:
        rows = [[t["subject"], t["file"], t["truth"], t["text"]] for t in numbers["texts"]]
        heads = ["subject", "picture", "it is", "what was written"]
        report.table(heads, rows, caption="In their own words", words=True)
    if worst := numbers["fooled"][:_MOST_FOOLED]:
        report.section("What fooled most", "The pictures that most people were wrong of.")
        rows = [[shown(w["file"]), w["truth"], f"{w['wrong']} of {w['of']}"] for w in worst]
        caption = "Pictures of which most were wrong"
        heads = ["picture", "it is", "wrong"]
        report.table(heads, rows, caption=caption, words=True, printed=True)
        texts = {
            w["picture"]: f"{w['truth']}: {w['wrong']} of {w['of']} wrong ({w['file']})"
            for w in worst
        }
        if cells := [(images[name], text) for name, text in texts.items() if name in images]:
            report.pictures(cells, columns=4)
    report.section(
        "How many are needed",
        f"Subjects that a test needs to tell {needed['share']:.0%} right answers from guessing,"
        " four times in five (one-sided, 5 %): where all of them see alike, and where they differ"
        " as these do. Pictures that are unequally hard ask for more.",
    )
    rows = [[str(number) for number in test.values()] for test in needed["tests"]]
    heads = ["pictures", "subjects, if all are alike", "subjects, if they differ as here"]
    under = f"{needed['answers']} answers tell {needed['share']:.0%} from guessing. Standard"
    under += f" deviation of the subjects' true accuracy: {needed['spread']:.3f}"
    return report.table(heads, rows, caption="Subjects needed", under=under, printed=True)


def _accuracies(figures: Sequence[Numbers]) -> Plot:
    y, low, high = ([figure[end] for figure in figures] for end in Estimate._fields)
    series = [
        Series(name="subjects", x=range(len(y)), y=y, low=low, high=high, mark="points"),
        Series(name="guessing", x=[-0.5, len(y) - 0.5], y=[0.5, 0.5]),
    ]
    return Plot(
        title="Accuracy, by subject in the table's order",
        x_label="subject",
        y_label="accuracy",
        series=series,
        categories=[str(place + 1) for place in range(len(y))],
    )


def _row(subject: Numbers, count: int) -> list[str]:
    return [
        *(shown(subject["subject"]), f"{subject['right']} of {count}"),
        *(_spelled(subject[name]) for name in ("accuracy", "d_prime", "kappa")),
        *(_chance(subject["guessing"]), f"{subject['seconds']:.1f}", subject["experience"]),
    ]


def _spelled(figure: Mapping[str, float | None] | None) -> str:
    return spelled(*(figure or NONE._asdict()).values(), digits=2)


def _chance(probability: float) -> str:
    return f"{probability:.3f}" if probability >= 0.001 else f"{probability:.1e}"
