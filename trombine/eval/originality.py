"""How original pictures are: for each the nearest references, and whether it is a copy.

search.py gives each picture's SSIM with every reference at the same places, and a score that finds
copies which were mirrored, cropped or changed, too. The verdict goes by this score alone. Each of a
sample of references is compared with the rest, itself left out: such pictures are none of each
other, so their scores say what a picture scores that is no copy. Above all but `false_alarms` of
them begins a copy, above all but CLOSE what is close. A set of references may hold a picture twice:
where one of the sample reaches TWICE it is such a one, and is counted, but nothing is learned from
it.

What a threshold finds is tried: copies of another sample, changed in each way that planted.py
knows, are searched with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image

from trombine.core.errors import InputError, shown
from trombine.core.progress import Progress, silent
from trombine.core.rng import Rng
from trombine.core.texts import counted
from trombine.eval.planted import CHANGES
from trombine.eval.search import Found, search, walk_of_pack
from trombine.eval.sets import PictureSet
from trombine.report import Plot, Report, Series, as_json

Pixels = UInt8[np.ndarray, "h w 3"]
Scores = Float32[np.ndarray, "_"]

VERDICTS: Final = ("copy", "close", "new")
CLOSE: Final = 0.1  # the share of pictures that are no copies and are called close or a copy
TWICE: Final = 0.99  # the score above which two references are one picture, held twice
SAMPLE: Final = 400  # references that are compared with the rest, unless the rate needs more
PLANTED: Final = 40  # references of which copies of each kind are planted
MEASURES: Final = ("copies", "SSIM")
_LISTED: Final = 10  # pictures that the text lists
_SHOWN: Final = 24  # pictures that the page shows


@dataclass(frozen=True, eq=False)
class Originality:
    """All that was learned of a set of pictures."""

    pictures: PictureSet
    references: PictureSet
    false_alarms: float
    found: Found
    real: Found  # a sample of the references, against the rest
    duplicates: Bool[np.ndarray, "m"]  # which of the sample are in the references again
    thresholds: Mapping[str, Mapping[str, float]]  # by measure: of a copy, of what is close
    planted: int  # copies of each kind
    recall: Mapping[str, Mapping[str, float]]  # the share of them that is found, by measure

    @cached_property
    def verdicts(self) -> list[str]:
        """Of each picture what it is."""
        limits = self.thresholds["copies"]
        return [
            "copy" if score > limits["copy"] else "close" if score > limits["close"] else "new"
            for score in self.found.scores.tolist()
        ]

    @property
    def order(self) -> list[int]:
        """The pictures, the most suspicious first."""
        return np.argsort(-self.found.scores, kind="stable").tolist()


def threshold(scores: Scores, rate: float) -> float:
    """The score above which at most this share of pictures that are no copies lies, as these say.

    Among n + 1 pictures of one kind the chance of the last to exceed the k-th highest of the
    others is k / (n + 1).
    """
    allowed = int(rate * (len(scores) + 1) + 1e-9)
    if allowed < 1:
        least = int(np.ceil(1 / rate - 1e-9)) - 1
        problem = f"{len(scores)} references that are there once do not say what happens once in"
        remedy = f"take {least} references or more, or give a higher --false-alarms"
        raise InputError(f"{problem} {1 / rate:.0f} pictures; {remedy}")
    return float(np.sort(scores.astype(np.float64))[-allowed])


def judge(
    pictures: PictureSet,
    references: PictureSet,
    *,
    top: int = 4,
    false_alarms: float = 0.01,
    seed: int = 0,
    threads: int = 2,
    cluster: str = "",
    progress: Progress = silent,
) -> Originality:
    """The nearest `top` references of each picture, and verdicts with this share of false alarms;
    the samples are of the seed. The nodes of a `cluster` walk over references that are a pack."""
    known, walk = references.pictures, None
    if cluster:
        if references.pack is None:
            remedy = f"trombine data prepare makes one; give --size {known.shape[1]}"
            raise InputError(f"{references.spec} is no pack, as --cluster needs", remedy)
        walk = walk_of_pack(references.pack, cluster)
    # Four of the references that are compared with the rest are to lie above the threshold.
    count = min(len(known), max(SAMPLE, int(np.ceil(4 / false_alarms))))
    threshold(np.zeros(count, np.float32), false_alarms)  # refuses too few
    chance = Rng(seed=seed, places=np.arange(len(known)))
    shuffled = chance.order("originality", len(known))
    sample, planted_of = np.sort(shuffled[:count]), np.sort(shuffled[::-1][:PLANTED])
    originals = np.asarray(known[planted_of])

    def searched(what: str, asked: np.ndarray, skip: np.ndarray | None = None) -> Found:
        def tick(done: int, total: int) -> None:
            progress(done, total, what)

        return search(asked, known, top=top, skip=skip, threads=threads, tick=tick, walk=walk)

    found = searched("pictures", pictures.pictures)
    # All others in one walk over the references.
    draws = chance.at(planted_of)
    asked = [change(originals, draws.fold_in(kind)) for kind, change in CHANGES.items()]
    skip = np.concatenate((sample, np.full(len(asked) * len(planted_of), -1)))
    tried = searched("references", np.concatenate((known[sample], *asked)), skip)
    real = tried.rows(slice(len(sample)))
    starts = range(len(sample), len(skip), len(planted_of))
    copies = {
        kind: tried.rows(slice(start, start + len(planted_of)))
        for kind, start in zip(CHANGES, starts, strict=True)
    }
    duplicates = real.scores >= TWICE
    rates = {"copy": false_alarms, "close": max(CLOSE, false_alarms)}
    limits = {
        measure: {
            name: threshold(_scores(real, measure)[~duplicates], rate)
            for name, rate in rates.items()
        }
        for measure in MEASURES
    }
    recall = {
        kind: {m: float((_scores(each, m) > limits[m]["copy"]).mean()) for m in MEASURES}
        for kind, each in copies.items()
    }
    return Originality(
        *(pictures, references, false_alarms, found, real, duplicates, limits),
        *(len(planted_of), recall),
    )


def _scores(found: Found, measure: str) -> Scores:
    return found.ssim[:, 0] if measure == "SSIM" else found.scores


# ---------------------------------------------------------------------------------------------
# Numbers and report


def about(judged: Originality) -> str:
    """What was compared with what."""
    ours, theirs = judged.pictures, judged.references
    size = ours.pictures.shape[1]
    sets = f"{counted(len(ours), 'picture')} against {counted(len(theirs), 'reference')}"
    parts = [f"{sets}, {size} x {size} pixels"]
    parts += [f"{ours.resized} of the pictures were resized"] if ours.resized else []
    parts += [f"{theirs.resized} of the references were resized"] if theirs.resized else []
    return "; ".join(parts)


def _calibration(judged: Originality) -> str:
    """Where the thresholds come from."""
    text = f"Thresholds from {len(judged.duplicates)} references, each against the rest:"
    text += f" {judged.false_alarms:.1%} are called copies"
    if twice := int(judged.duplicates.sum()):
        text += f"; {twice} of them are in the references twice (score {TWICE} or more)"
        text += " and do not count"
    return text


def numbers_of(judged: Originality) -> dict[str, Any]:
    """All figures, of each picture too, as JSON holds them."""
    ours, theirs = judged.pictures, judged.references
    sets, counts = {"generated": ours, "references": theirs}, Counter(judged.verdicts)
    return as_json(
        {
            **{side: {"spec": s.spec, "pictures": len(s)} for side, s in sets.items()},
            "size": ours.pictures.shape[1],
            "resized": {side: s.resized for side, s in sets.items()},
            "skipped": {side: s.skipped for side, s in sets.items()},
            "false_alarms": judged.false_alarms,
            "sample": len(judged.duplicates),
            "twice": judged.duplicates.sum(),
            "thresholds": judged.thresholds,
            "verdicts": {name: counts[name] for name in VERDICTS},
            "planted": judged.planted,
            "recall": judged.recall,
            "pictures": [_numbers_of(judged, row) for row in range(len(ours))],
        }
    )


def _numbers_of(judged: Originality, row: int) -> dict[str, Any]:
    found, name = judged.found, judged.references.name
    window = dict(zip(("side", "left", "top"), found.windows[row], strict=True))
    nearest = zip(found.indices[row], found.ssim[row], strict=True)
    return {
        "picture": judged.pictures.name(row),
        "verdict": judged.verdicts[row],
        "score": found.scores[row],
        "copy_of": {
            "reference": name(int(found.copy_of[row])),
            "mirrored": found.mirrored[row],
            "window": window,
        },
        "mean_ssim": found.means[row],
        "nearest": [{"reference": name(int(index)), "ssim": value} for index, value in nearest],
    }


def report_of(judged: Originality, *, pictures: bool) -> Report:
    """Verdicts, what was planted, the most suspicious, with `pictures` beside the references, and
    how alike the sets are."""
    counts, limits = Counter(judged.verdicts), judged.thresholds["copies"]
    report = Report(
        title="How original the pictures are",
        lead=f"{counts['copy']} of {len(judged.pictures)} are copies, {counts['close']} are close,"
        f" {counts['new']} are new. Of real pictures that are no copies"
        f" {judged.false_alarms:.1%} would be called copies.",
        foot=f"{about(judged)}.\n\n{_calibration(judged)}.",
    )
    meanings = {
        "copy": f"score above {limits['copy']:.4f}",
        "close": f"above {limits['close']:.4f}, as {CLOSE:.0%} of real pictures are",
        "new": "all others",
    }
    rows = [(name, str(counts[name]), meaning) for name, meaning in meanings.items()]
    heads = ["verdict", "pictures", "meaning"]
    report.section("Verdicts").table(heads, rows, caption="Verdicts", words=True, printed=True)
    report.section(
        "What the verdict would find",
        f"Copies of {judged.planted} references, changed in each of these ways, were searched as"
        " the pictures were. One is found where its score is above the threshold, which for each"
        " measure is that of the same false alarms; the verdict goes by the first.",
    )
    rows = [(kind, *(f"{r[m]:.3f}" for m in MEASURES)) for kind, r in judged.recall.items()]
    caption = "Share of planted copies found"
    report.table(["kind", *MEASURES], rows, caption=caption, csv=True, printed=True)
    shares = {kind: shares["copies"] for kind, shares in judged.recall.items()}
    report.bars("Planted copies, by kind", shares, y_label="share that is found")
    order, ranks = judged.order[:_SHOWN], judged.found.indices.shape[1]
    report.section(
        "The nearest references",
        f"The {len(order)} most suspicious, one a row: the picture; the part of a reference that it"
        f" is most like, moved, scaled or mirrored, with its score; the {ranks} references of"
        " highest SSIM at the same places.",
    )
    rows = [_cells(judged, row) for row in order[:_LISTED]]
    heads = ["picture", "verdict", "score", "of", "SSIM", "of"]
    report.table(heads, rows, caption="The most suspicious", words=True, printed=True)
    for row in order if pictures else ():
        cells = _pictures(judged, row)
        report.pictures(cells, columns=len(cells), on_phone=3)
    return _add_plots(report, judged.found, judged.real)


def _cells(judged: Originality, row: int) -> tuple[str, ...]:
    """A picture, its verdict, and the references nearest by score and by SSIM."""
    found, name = judged.found, judged.references.name
    return (
        *(shown(judged.pictures.name(row)), judged.verdicts[row], f"{found.scores[row]:.4f}"),
        shown(name(int(found.copy_of[row]))) + " mirrored" * bool(found.mirrored[row]),
        *(f"{found.ssim[row, 0]:.4f}", shown(name(int(found.indices[row, 0])))),
    )


def _pictures(judged: Originality, row: int) -> list[tuple[Pixels, str]]:
    """A picture, the part of a reference that it is most like, and the nearest by SSIM."""
    found, known = judged.found, judged.references.pictures
    picture, verdict, score, of, *_ = _cells(judged, row)
    part = cut(known[found.copy_of[row]], found.windows[row])
    part = part[:, ::-1] if found.mirrored[row] else part
    cells = [(np.asarray(judged.pictures.pictures[row]), f"{verdict}: {picture}")]
    cells.append((part, f"{score} {of}"))
    for index, value in zip(found.indices[row].tolist(), found.ssim[row], strict=True):
        name = shown(judged.references.name(index))
        cells.append((np.asarray(known[index]), f"{value:.3f} {name}"))
    return cells


def cut(reference: Pixels, window: Float32[np.ndarray, "3"]) -> Pixels:
    """A window of a reference (side, left, top, in shares of its side) at the reference's size."""
    size = reference.shape[0]
    side, left, top = (float(value) * size for value in window)
    box = (left, top, min(left + side, size), min(top + side, size))
    image = Image.fromarray(np.ascontiguousarray(reference))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box))


def _add_plots(report: Report, found: Found, real: Found) -> Report:
    """How like the references the pictures are, and a sample of references the others."""
    report.section(
        "How like the references",
        "The pictures, and a sample of references with the rest of the references. Pictures that"
        " lie right of these are more like what they were learned from than these are to each"
        " other.",
    )
    shares, sides = np.linspace(0, 100, 101), {"generated": found, "real": real}
    series = [
        Series(name=name, x=shares.tolist(), y=np.percentile(values, shares).tolist())
        for side, each in sides.items()
        for name, values in ((f"best, {side}", each.ssim[:, 0]), (f"mean, {side}", each.means))
    ]
    percent = "pictures, the least alike first (percent)"
    near = enumerate(zip(found.ssim.T, real.ssim.T, strict=True), 1)
    return report.curves(
        *(_histogram(f"SSIM, rank {rank}", *scores) for rank, scores in near),
        _histogram("Score of copies", found.scores, real.scores),
        Plot(title="SSIM over the whole set", x_label=percent, y_label="SSIM", series=series),
    )


def _histogram(title: str, generated: Scores, real: Scores) -> Plot:
    both = np.concatenate((generated, real))
    edges = np.linspace(both.min(), max(both.max(), both.min() + 1e-3), 25)
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    series = [
        Series(name=name, x=middles, y=(np.histogram(s, edges)[0] / len(s) * 100).tolist())
        for name, s in (("generated", generated), ("real", real))
    ]
    return Plot(title=title, x_label="score", y_label="percent of the pictures", series=series)
