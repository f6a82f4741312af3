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
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8

from trombine.draws import Chance
from trombine.events import Event, Tick, ticked
from trombine.io.files import cache_folder, write_bytes
from trombine.judge import witness
from trombine.judge.copies import Nearest, find
from trombine.judge.planted import CHANGES
from trombine.judge.similar import Matches, References
from trombine.refusal import InputError

Pictures = UInt8[np.ndarray, "_ _ _ 3"]
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

    def part(self, rows: slice) -> Judged:
        """Some of the pictures."""
        ssim, copies = self.ssim, self.copies
        return Judged(
            Matches(ssim.indices[rows], ssim.scores[rows], ssim.means[rows], ssim.screened),
            self.flipped[rows],
            Nearest(
                copies.indices[rows],
                copies.scores[rows],
                copies.mirrored[rows],
                copies.windows[rows],
            ),
            self.nearest[rows],
            self.cosines[rows],
        )


@dataclass(frozen=True, eq=False)
class Originality:
    """All that was learned of a set of pictures."""

    options: Options
    generated: Judged
    sample: Int64[np.ndarray, "m"]  # references that were compared with the rest
    real: Judged
    duplicates: Bool[np.ndarray, "m"]  # which of the sample are in the references again
    thresholds: Mapping[str, Mapping[str, float]]  # by measure: of a copy, of what is close
    planted_of: Int64[np.ndarray, "p"]
    planted: Mapping[str, Judged]  # by kind

    @property
    def twice(self) -> int:
        """How many of the sample are in the references again."""
        return int(self.duplicates.sum())

    @property
    def measures(self) -> tuple[str, ...]:
        """Those that were taken."""
        return MEASURES if self.options.features else MEASURES[:2]

    def verdicts(self) -> list[str]:
        """Of each picture what it is."""
        limits = self.thresholds["copies"]
        return [
            "copy" if score > limits["copy"] else "close" if score > limits["close"] else "new"
            for score in self.generated.copies.scores.tolist()
        ]

    def recall(self, kind: str, measure: str) -> float:
        """The share of planted copies of a kind that a measure calls copies."""
        scores = self.planted[kind].scores(measure)
        return float((scores > self.thresholds[measure]["copy"]).mean())

    def negatives(self, measure: str) -> Scores:
        """Scores of references that are in the set once."""
        return self.real.scores(measure)[~self.duplicates]


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


def sample_size(references: int, false_alarms: float) -> int:
    """How many references are compared with the rest: four are to lie above the threshold."""
    return min(references, max(SAMPLE, int(np.ceil(4 / false_alarms))))


def judge(
    generated: Pictures, references: Pictures, options: Options
) -> Generator[Event, None, Originality]:
    """The measures of generated pictures and of references against references, and thresholds."""
    count = sample_size(len(references), options.false_alarms)
    threshold(np.zeros(max(0, count), np.float32), options.false_alarms)  # refuses too few
    chance = Chance(seed=options.seed, places=np.arange(len(references)))
    shuffled = chance.order("originality", len(references))
    sample, planted_of = np.sort(shuffled[:count]), np.sort(shuffled[::-1][:PLANTED])
    originals = np.asarray(references[planted_of])
    changes = {
        kind: change(originals, chance.at(planted_of).within(kind))
        for kind, change in CHANGES.items()
    }
    search = _Search(references, options)
    if options.features:
        yield from search.read()
    ours = yield from search.judged("pictures", generated)
    real = yield from search.judged("references", references[sample], sample)
    copies = yield from search.judged("planted copies", np.concatenate([*changes.values()]))
    planted = {
        kind: copies.part(slice(number * len(originals), (number + 1) * len(originals)))
        for number, kind in enumerate(changes)
    }
    duplicates = real.copies.scores >= TWICE
    rates = {"copy": options.false_alarms, "close": max(CLOSE, options.false_alarms)}
    limits = {
        measure: {
            name: threshold(real.scores(measure)[~duplicates], rate) for name, rate in rates.items()
        }
        for measure in (MEASURES if options.features else MEASURES[:2])
    }
    return Originality(options, ours, sample, real, duplicates, limits, planted_of, planted)


class _Search:
    """References, prepared once for many pictures."""

    def __init__(self, references: Pictures, options: Options) -> None:
        self.references, self.options = references, options
        self.similar = References(references, threads=options.threads)
        self.features: Features | None = None

    def read(self) -> Generator[Event, None, None]:
        """Let the witness read the references, unless it did: that takes 30 ms each."""
        digest = hashlib.sha256(f"{self.references.shape}".encode())
        for start in range(0, len(self.references), _BATCH):
            digest.update(self.references[start : start + _BATCH].tobytes())
        name = f"{witness.witness().hash}-{digest.hexdigest()[:16]}.npy"
        path = cache_folder() / "features" / name
        with suppress(OSError, ValueError, EOFError):
            features = np.load(path)
            if len(features) == len(self.references):
                self.features = features
                return
        self.features = yield from ticked(
            "references read", lambda tick: features_of(self.references, tick)
        )
        content = io.BytesIO()
        np.save(content, self.features)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content.getvalue())

    def judged(
        self, unit: str, pictures: Pictures, skip: Int64[np.ndarray, "q"] | None = None
    ) -> Generator[Event, None, Judged]:
        """The nearest of each picture by all measures; of references, which are skipped, others."""
        options = self.options

        def by_ssim(queries: Pictures) -> Callable[[Tick], Matches]:
            settings = {"top": options.top, "screened": options.screened, "skip": skip}
            return lambda tick: self.similar.search(queries, tick=tick, **settings)

        ssim = yield from ticked(unit, by_ssim(pictures))
        flipped = np.zeros(ssim.indices.shape, np.bool_)
        if options.flips:
            mirrors = np.ascontiguousarray(pictures[:, :, ::-1])
            ssim, flipped = merged(ssim, (yield from ticked(unit, by_ssim(mirrors))))
        copies = yield from ticked(
            unit,
            lambda tick: find(
                pictures, self.references, skip=skip, threads=options.threads, tick=tick
            ),
        )
        nearest, cosines = np.zeros(0, np.int64), np.zeros(0, np.float32)
        if self.features is not None:
            known = features_of(pictures) if skip is None else self.features[skip]
            nearest, cosines = nearest_by(known, self.features, skip)
        return Judged(ssim, flipped, copies, nearest, cosines)


def merged(plain: Matches, mirrored: Matches) -> tuple[Matches, Bool[np.ndarray, "q k"]]:
    """The best of both searches, a reference once; and which are of the second."""
    count = plain.indices.shape[1]
    indices, scores = np.zeros_like(plain.indices), np.zeros_like(plain.scores)
    flipped = np.zeros(indices.shape, np.bool_)
    for row in range(len(indices)):
        entries: dict[int, tuple[float, bool]] = {}
        for matches, flip in ((plain, False), (mirrored, True)):
            for index, score in zip(matches.indices[row], matches.scores[row], strict=True):
                if score > entries.get(int(index), (-np.inf, flip))[0]:
                    entries[int(index)] = float(score), flip
        best = sorted(entries.items(), key=lambda entry: (-entry[1][0], entry[0]))[:count]
        indices[row] = [index for index, _ in best]
        scores[row] = [score for _, (score, _) in best]
        flipped[row] = [flip for _, (_, flip) in best]
    return Matches(indices, scores, plain.means, plain.screened), flipped


@torch.inference_mode()
def features_of(pictures: Pictures, tick: Tick | None = None) -> Features:
    """What the witness reads of each picture, as rows of length 1."""
    rows = []
    for start in range(0, len(pictures), _BATCH):
        batch = torch.from_numpy(np.ascontiguousarray(pictures[start : start + _BATCH]))
        features = witness.seen(batch.permute(0, 3, 1, 2).float() / 255).features
        rows.append(torch.nn.functional.normalize(features, dim=1).numpy())
        if tick:
            tick(start + len(batch), len(pictures))
    return np.concatenate(rows)


def nearest_by(
    features: Features, references: Features, skip: Int64[np.ndarray, "q"] | None
) -> tuple[Int64[np.ndarray, "q"], Scores]:
    """Of each row the reference of the highest cosine, and this."""
    cosines = features @ references.T
    if skip is not None:
        cosines[np.arange(len(cosines)), skip] = -np.inf
    best = cosines.argmax(1)
    return best, np.take_along_axis(cosines, best[:, None], 1)[:, 0]
