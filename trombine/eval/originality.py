"""How original pictures are: for each the nearest references, and whether it is a copy.

Three measures: SSIM with every reference at the same places (similar.py), copies.py's score, which
finds copies that were mirrored, cropped or changed too, and the cosine of what the witness reads.

The verdict goes by the score of copies.py alone. Each of a sample of references is compared with
the rest, itself left out: such pictures are none of each other, so their scores say what a picture
scores that is no copy. Above all but `false_alarms` of them begins a copy, above all but CLOSE
what is close. A set of references may hold a picture twice: where one of the sample reaches TWICE
it is such a one, and is counted, but nothing is learned from it.

What a threshold finds is tried: copies of another sample, changed in each way that planted.py
knows, are searched with it.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from PIL import Image

from trombine.core.errors import InputError, shown
from trombine.core.progress import Progress, silent
from trombine.core.rng import Rng
from trombine.core.texts import aligned
from trombine.eval import witness
from trombine.eval.copies import Nearest, find
from trombine.eval.planted import CHANGES
from trombine.eval.sets import PictureSet
from trombine.eval.similar import Matches, References
from trombine.io.files import cache_folder, write_bytes
from trombine.metrics import SSIM_RADIUS, ssim_map
from trombine.report import Plot, Report, Series

Pictures = UInt8[np.ndarray, "_ _ _ 3"]
Pixels = UInt8[np.ndarray, "h w 3"]
Features = Float32[np.ndarray, "_ _"]
Scores = Float32[np.ndarray, "_"]

VERDICTS: Final = ("copy", "close", "new")
CLOSE: Final = 0.1  # the share of pictures that are no copies and are called close or a copy
TWICE: Final = 0.99  # the score above which two references are one picture, held twice
SAMPLE: Final = 400  # references that are compared with the rest, unless the rate needs more
PLANTED: Final = 40  # references of which copies of each kind are planted
_BATCH: Final = 64  # pictures that are read at a time
MEASURES: Final = ("copies", "SSIM", "witness")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is to be compared, and how."""

    top: int = 4
    screened: bool = False  # SSIM of a sixth of the rows first, exact for the best 200
    flips: bool = False  # SSIM of the mirrored picture too
    features: bool = False  # whether the witness reads the pictures: slow, once
    false_alarms: float = 0.01
    seed: int = 0  # which references are in the samples
    threads: int = 2

    @property
    def measures(self) -> tuple[str, ...]:
        """Those that are taken."""
        return MEASURES if self.features else MEASURES[:2]


@dataclass(frozen=True, eq=False)
class Judged:
    """Pictures, each with its nearest references by each measure."""

    ssim: Matches
    flipped: Bool[np.ndarray, "q k"]  # where the mirror of the picture was nearer
    copies: Nearest
    nearest: Int64[np.ndarray, "_"]  # by the witness's features; empty where it has not read
    cosines: Scores

    def scores(self, measure: str) -> Scores:
        """Of each picture the highest score by a measure."""
        if measure == "SSIM":
            return self.ssim.scores[:, 0]
        return self.copies.scores if measure == "copies" else self.cosines


@dataclass(frozen=True, eq=False)
class Originality:
    """All that was learned of a set of pictures."""

    pictures: PictureSet
    references: PictureSet
    options: Options
    generated: Judged
    real: Judged  # a sample of the references, against the rest
    duplicates: Bool[np.ndarray, "m"]  # which of the sample are in the references again
    thresholds: Mapping[str, Mapping[str, float]]  # by measure: of a copy, of what is close
    planted: int  # copies of each kind
    recall: Mapping[str, Mapping[str, float]]  # the share of them that is found, by measure

    @property
    def verdicts(self) -> list[str]:
        """Of each picture what it is."""
        limits = self.thresholds["copies"]
        return [
            "copy" if score > limits["copy"] else "close" if score > limits["close"] else "new"
            for score in self.generated.copies.scores.tolist()
        ]

    @property
    def order(self) -> list[int]:
        """The pictures, the most suspicious first."""
        return np.argsort(-self.generated.copies.scores, kind="stable").tolist()


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
    pictures: PictureSet, references: PictureSet, options: Options, progress: Progress = silent
) -> Originality:
    """The measures of pictures and of references against references, and thresholds."""
    known = references.pictures
    # Four of the references that are compared with the rest are to lie above the threshold.
    count = min(len(known), max(SAMPLE, int(np.ceil(4 / options.false_alarms))))
    threshold(np.zeros(count, np.float32), options.false_alarms)  # refuses too few
    chance = Rng(seed=options.seed, places=np.arange(len(known)))
    shuffled = chance.order("originality", len(known))
    sample, planted_of = np.sort(shuffled[:count]), np.sort(shuffled[::-1][:PLANTED])
    originals = np.asarray(known[planted_of])
    search = _Search(known, options, progress)
    ours = search.judged("pictures", pictures.pictures)
    real = search.judged("references", known[sample], sample)
    copies = {
        kind: search.judged(
            f"{kind} copies", change(originals, chance.at(planted_of).fold_in(kind))
        )
        for kind, change in CHANGES.items()
    }
    duplicates = real.copies.scores >= TWICE
    rates = {"copy": options.false_alarms, "close": max(CLOSE, options.false_alarms)}
    limits = {
        measure: {
            name: threshold(real.scores(measure)[~duplicates], rate) for name, rate in rates.items()
        }
        for measure in options.measures
    }
    recall = {
        kind: {m: float((found.scores(m) > limits[m]["copy"]).mean()) for m in options.measures}
        for kind, found in copies.items()
    }
    planted = len(planted_of)
    return Originality(
        pictures, references, options, ours, real, duplicates, limits, planted, recall
    )


class _Search:
    """References, prepared once for many pictures."""

    def __init__(self, references: Pictures, options: Options, progress: Progress) -> None:
        self.references, self.options, self.progress = references, options, progress
        self.similar = References(references, threads=options.threads)
        self.features = self._read() if options.features else None

    def _read(self) -> Features:
        """What the witness reads of the references, 30 ms each, or what it read before."""
        digest = hashlib.sha256(f"{self.references.shape}".encode())
        for start in range(0, len(self.references), _BATCH):
            digest.update(self.references[start : start + _BATCH].tobytes())
        name = f"{witness.witness().hash}-{digest.hexdigest()[:16]}.npy"
        path = cache_folder() / "features" / name
        with suppress(OSError, ValueError, EOFError):
            return np.load(path)
        features = features_of(self.references, self.progress)
        content = io.BytesIO()
        np.save(content, features)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content.getvalue())
        return features

    def judged(
        self, what: str, pictures: Pictures, skip: Int64[np.ndarray, "q"] | None = None
    ) -> Judged:
        """The nearest of each picture by all measures; of references, which are skipped, others."""
        options, count = self.options, len(pictures)

        def tick(done: int, of: int) -> None:
            self.progress(done, of, what)

        settings = {"top": options.top, "screened": options.screened, "skip": skip}
        ssim = self.similar.search(pictures, tick=tick, **settings)
        flipped = np.zeros(ssim.indices.shape, np.bool_)
        if options.flips:
            mirrors = np.ascontiguousarray(pictures[:, :, ::-1])
            ssim, flipped = merged(ssim, self.similar.search(mirrors, tick=tick, **settings))
        copies = find(pictures, self.references, skip=skip, threads=options.threads, tick=tick)
        nearest, cosines = np.zeros(0, np.int64), np.zeros(0, np.float32)
        if self.features is not None:
            ours = features_of(pictures) if skip is None else self.features[skip]
            likeness = ours @ self.features.T
            if skip is not None:
                likeness[np.arange(count), skip] = -np.inf
            nearest, cosines = likeness.argmax(1), likeness.max(1)
        return Judged(ssim, flipped, copies, nearest, cosines)


def merged(plain: Matches, mirrored: Matches) -> tuple[Matches, Bool[np.ndarray, "q k"]]:
    """The best of both searches, a reference once; and which are of the second."""
    count = plain.indices.shape[1]
    both = np.concatenate((plain.indices, mirrored.indices), 1)
    scores = np.concatenate((plain.scores, mirrored.scores), 1)
    # Highest first, of equal ones the lower number; then each reference only where it is first.
    order = np.lexsort((both, -scores), axis=1)
    both, scores = np.take_along_axis(both, order, 1), np.take_along_axis(scores, order, 1)
    same = both[:, :, None] == both[:, None, :]
    again = np.tril(same, -1).any(2)
    first = np.argsort(again, axis=1, kind="stable")[:, :count]
    indices, best, flipped = (
        np.take_along_axis(values, first, 1) for values in (both, scores, order >= count)
    )
    return Matches(indices, best, plain.means, plain.screened), flipped


@torch.inference_mode()
def features_of(pictures: Pictures, progress: Progress = silent) -> Features:
    """What the witness reads of each picture, as rows of length 1."""
    rows = []
    for start in range(0, len(pictures), _BATCH):
        batch = torch.from_numpy(np.ascontiguousarray(pictures[start : start + _BATCH]))
        features = witness.seen(batch.permute(0, 3, 1, 2).float() / 255).features
        rows.append(torch.nn.functional.normalize(features, dim=1).numpy())
        progress(start + len(batch), len(pictures), "references read")
    return np.concatenate(rows)


# ---------------------------------------------------------------------------------------------
# As text and JSON

_LISTED: Final = 10  # pictures that the text lists


def about(found: Originality) -> str:
    """What was compared with what."""
    ours, theirs, size = found.pictures, found.references, found.pictures.pictures.shape[1]
    parts = [f"{len(ours)} pictures against {len(theirs):,} references, {size} x {size} pixels"]
    parts += [f"{ours.resized} of the pictures were resized"] if ours.resized else []
    parts += [f"{theirs.resized} of the references were resized"] if theirs.resized else []
    return "; ".join(parts)


def _how(found: Originality) -> list[str]:
    """By which measures, and where the thresholds come from."""
    options, twice = found.options, int(found.duplicates.sum())
    ssim = "SSIM: screened, exact for the best 200" if options.screened else "SSIM: exact"
    flips = ", also of the mirrored picture" if options.flips else ""
    reader = f"; features: witness {witness.witness().hash}" if options.features else ""
    calibration = (
        f"thresholds from {len(found.duplicates)} references, each against the rest:"
        f" {options.false_alarms:.1%} are called copies"
    )
    if twice:
        calibration += f"; {twice} of them are in the references twice (score {TWICE} or more)"
        calibration += " and do not count"
    return [f"{ssim}{flips}{reader}", calibration]


def text_of(found: Originality) -> str:
    """Verdicts, thresholds, what the verdict would have found, and the most suspicious."""
    counts, limits = Counter(found.verdicts), found.thresholds["copies"]
    meanings = {
        "copy": f"score above {limits['copy']:.4f}",
        "close": f"above {limits['close']:.4f}, as {CLOSE:.0%} of real pictures are",
        "new": "all others",
    }
    lines = [about(found), *_how(found), ""]
    lines += [f"{name:6}{counts[name]:6}  {meanings[name]}" for name in VERDICTS]
    rows = [("planted copies that are found", *found.options.measures), *_recall_rows(found, "  ")]
    lines += ["", *aligned(rows), ""]
    nearest = [("the most suspicious", "verdict", "score", "of", "SSIM", "of")]
    copies, ssim, names = found.generated.copies, found.generated.ssim, found.references.names
    for row in found.order[:_LISTED]:
        mirror = " mirrored" if copies.mirrored[row] else ""
        nearest.append(
            (
                f"  {shown(found.pictures.names[row])}",
                found.verdicts[row],
                f"{copies.scores[row]:.4f}",
                shown(names[copies.indices[row]]) + mirror,
                f"{ssim.scores[row, 0]:.4f}",
                shown(names[ssim.indices[row, 0]]),
            )
        )
    return "\n".join([*lines, *aligned(nearest)])


def _recall_rows(found: Originality, indent: str = "") -> list[tuple[str, ...]]:
    return [
        (f"{indent}{kind}", *(f"{shares[m]:.3f}" for m in found.options.measures))
        for kind, shares in found.recall.items()
    ]


def numbers_of(found: Originality) -> dict[str, Any]:
    """All of it, of each picture too."""
    ours, theirs, options = found.pictures, found.references, found.options
    counts = Counter(found.verdicts)
    return {
        "generated": {"spec": ours.spec, "pictures": len(ours)},
        "references": {"spec": theirs.spec, "pictures": len(theirs)},
        "size": ours.pictures.shape[1],
        "resized": {"generated": ours.resized, "references": theirs.resized},
        "skipped": {"generated": ours.skipped, "references": theirs.skipped},
        "screened": options.screened,
        "flips": options.flips,
        "false_alarms": options.false_alarms,
        "witness": witness.witness().hash if options.features else None,
        "sample": len(found.duplicates),
        "twice": int(found.duplicates.sum()),
        "thresholds": found.thresholds,
        "verdicts": {name: counts[name] for name in VERDICTS},
        "planted": found.planted,
        "recall": found.recall,
        "pictures": [_record(found, row, verdict) for row, verdict in enumerate(found.verdicts)],
    }


def _record(found: Originality, row: int, verdict: str) -> dict[str, Any]:
    judged, names = found.generated, found.references.names
    copies, ssim = judged.copies, judged.ssim
    side, left, top = (round(float(value), 4) for value in copies.windows[row])
    record: dict[str, Any] = {
        "picture": found.pictures.names[row],
        "verdict": verdict,
        "score": round(float(copies.scores[row]), 6),
        "copy_of": {
            "reference": names[copies.indices[row]],
            "mirrored": bool(copies.mirrored[row]),
            "window": {"side": side, "left": left, "top": top},
        },
        "mean_ssim": round(float(ssim.means[row]), 6),
        "nearest": [
            {"reference": names[index], "ssim": round(float(score), 6), "mirrored": bool(flip)}
            for index, score, flip in zip(
                ssim.indices[row], ssim.scores[row], judged.flipped[row], strict=True
            )
        ],
    }
    if found.options.features:
        record["features"] = {
            "reference": names[judged.nearest[row]],
            "cosine": round(float(judged.cosines[row]), 6),
        }
    return record


# ---------------------------------------------------------------------------------------------
# The report

_BINS: Final = 24
_DARK, _LIGHT = np.array([38, 28, 66]), np.array([252, 226, 120])  # of the map


def report_of(found: Originality, most: int) -> Report:
    """Verdicts, pictures, what was planted, and how alike the sets are; at most so many shown."""
    counts, how = Counter(found.verdicts), _how(found)
    report = Report(
        title="How original the pictures are",
        lead=f"{counts['copy']} of {len(found.pictures)} are copies, {counts['close']} are close,"
        f" {counts['new']} are new. Of real pictures that are no copies"
        f" {found.options.false_alarms:.1%} would be called copies.",
        foot=f"{about(found)}.\n\n{how[0]}; {how[1]}.",
    )
    rows = found.order[:most]
    ranks = found.generated.ssim.indices.shape[1]
    report.section(
        "The nearest references",
        f"The {len(rows)} most suspicious, one a row: the picture; the part of a reference that it"
        " is most like, moved, scaled or mirrored, with its score; where the two agree (light:"
        f" local SSIM of 1); the {ranks} references of highest SSIM at the same places.",
    )
    for row in rows:
        cells = _cells(found, row)
        report.pictures(cells, columns=len(cells), on_phone=4)
    report.section(
        "What the verdict would find",
        f"Copies of {found.planted} references, changed in each of these ways, were searched as the"
        " pictures were. One is found where its score is above the threshold, which for each"
        " measure is that of the same false alarms; the verdict goes by the first.",
    )
    heads = ["kind", *found.options.measures]
    report.table(heads, _recall_rows(found), caption="Share of planted copies found", csv=True)
    report.bars(
        "Planted copies, by kind",
        {kind: shares["copies"] for kind, shares in found.recall.items()},
        y_label="share that is found",
    )
    report.section(
        "How like the references",
        "The pictures, and a sample of references with the rest of the references. Pictures that"
        " lie right of these are more like what they were learned from than these are to each"
        " other.",
    )
    ours, real = found.generated, found.real
    near = zip(ours.ssim.scores.T, real.ssim.scores.T, strict=True)
    percent = "pictures, the least alike first (percent)"
    best = [
        _sorted("best, generated", ours.ssim.scores[:, 0]),
        _sorted("best, real", real.ssim.scores[:, 0]),
        _sorted("mean, generated", ours.ssim.means),
        _sorted("mean, real", real.ssim.means),
    ]
    return report.curves(
        *(_histogram(f"SSIM, rank {rank}", *scores) for rank, scores in enumerate(near, 1)),
        _histogram("Score of copies", ours.copies.scores, real.copies.scores),
        Plot(title="SSIM over the whole set", x_label=percent, y_label="SSIM", series=best),
    )


def _cells(found: Originality, row: int) -> list[tuple[Pixels, str]]:
    judged, names, known = found.generated, found.references.names, found.references.pictures
    pixels = np.asarray(found.pictures.pictures[row])
    index = int(judged.copies.indices[row])
    part = cut(known[index], judged.copies.windows[row])
    if mirrored := bool(judged.copies.mirrored[row]):
        part = np.ascontiguousarray(part[:, ::-1])
    score = f"{judged.copies.scores[row]:.3f} {shown(names[index])}" + " mirrored" * mirrored
    cells = [
        (pixels, f"{found.verdicts[row]}: {shown(found.pictures.names[row])}"),
        (part, score),
        (agreement(pixels, part), "where they agree"),
    ]
    ssim, flips = judged.ssim, judged.flipped[row]
    for index, value, flip in zip(ssim.indices[row], ssim.scores[row], flips, strict=True):
        caption = f"{value:.3f} {shown(names[index])}" + " mirrored" * bool(flip)
        cells.append((np.asarray(known[index]), caption))
    if found.options.features:
        index = int(judged.nearest[row])
        caption = f"cosine {judged.cosines[row]:.3f} {shown(names[index])}"
        cells.append((np.asarray(known[index]), caption))
    return cells


def cut(reference: Pixels, window: Float32[np.ndarray, "3"]) -> Pixels:
    """A window of a reference (side, left, top, in shares of its side) at the reference's size."""
    size = reference.shape[0]
    side, left, top = (float(value) * size for value in window)
    box = (left, top, min(left + side, size), min(top + side, size))
    image = Image.fromarray(np.ascontiguousarray(reference))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box))


def agreement(a: Pixels, b: Pixels) -> Pixels:
    """Where two pictures agree: local SSIM, light at 1, dark at 0 and below."""
    planes = [torch.from_numpy(p.transpose(2, 0, 1).astype(np.float64) / 255) for p in (a, b)]
    places = ssim_map(*planes).mean(0).clamp(0, 1).numpy()
    places = np.pad(places, SSIM_RADIUS, mode="edge")[..., None]
    return np.round(_DARK + places * (_LIGHT - _DARK)).astype(np.uint8)


def _histogram(title: str, generated: Scores, real: Scores) -> Plot:
    both = np.concatenate((generated, real))
    edges = np.linspace(both.min(), max(both.max(), both.min() + 1e-3), _BINS + 1)
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    series = [
        Series(name=name, x=middles, y=(np.histogram(s, edges)[0] / len(s) * 100).tolist())
        for name, s in (("generated", generated), ("real", real))
    ]
    return Plot(title=title, x_label="score", y_label="percent of the pictures", series=series)


def _sorted(name: str, values: Scores) -> Series:
    shares = np.linspace(0, 100, 101)
    return Series(name=name, x=shares.tolist(), y=np.percentile(values, shares).tolist())
