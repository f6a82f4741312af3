"""How good invented faces are: fidelity, steering, originality, sharpness, walks, speed.

    python bench/generate.py [--model "NAME|RUN ..."] [--first-seed N] [--count M] [--only PART ...]
                             [--steered N] [--references N] [--walks N] [--json]

Models are those that ship, unless others are named. The witness judges: the nets have never seen
it. Real faces are of the seeds from --first-seed on, framed as the nets frame theirs, and as many
more say what real against real is. Steered are the first --steered of them: a face that does not
show what it is asked for is drawn again, so each takes as long as some others. The Fréchet distance
is that above real against real, of that of a Gaussian of pixels. What is asked is what other
persons have, eight fields at once; R2 is between that and what is read. Copies are what scores,
among faces of the training, above all but one in a hundred real faces that are not of it. Seconds
are those of the processor. The irises of a face are apart by the difference of their (red - blue) /
(red + green + blue), each in the mean of a disc in the middle of the eye, as the witness finds it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float64, UInt8
from table import Row, at_least, at_most, cpu_seconds, options, report

from trombine.core.computing import computing, cores, in_turn
from trombine.core.conventions import LANDMARK_GROUPS, to_picture, to_pixels
from trombine.core.errors import InputError
from trombine.core.rng import Rng
from trombine.data.source import parse
from trombine.eval import witness
from trombine.eval.fidelity import frechet
from trombine.eval.originality import threshold
from trombine.eval.search import search
from trombine.eval.witness import in_place, score
from trombine.generation import STYLES
from trombine.generation.by_net import Inventing, model_of
from trombine.generation.interpolation import Walk
from trombine.metrics.reading import IN_PLACE, explained
from trombine.models import read_card
from trombine.world import face, paint

FIRST: Final = 1_740_000  # of the seeds that nothing learns from or is chosen by
PAINTED, SIDE = 128, 96  # pixels of a painted face, and of its middle
STEERED: Final = 8
READ: Final = 0.8  # R2 of the witness on real faces, of a field that is asked for
IRIS: Final = 0.22  # its radius, of the eye's width
THERE: Final = ("glasses", "hat", "beard")
ABOVE: Final = {"anime": 0.04, "photo": 0.09}  # of the Gaussian's Fréchet distance
LESS: Final = {"anime": 0.02, "photo": 0.06}  # of the share of real faces with parts in place
RATE: Final = 0.01  # of real faces that are called copies
FRAMES: Final = 12  # from a seed to the next
Pixels = UInt8[np.ndarray, "_ _ 3"]
LEARNT_FROM: Final = range(500)  # seeds of the faces whose Gaussian is drawn from


def framed(seed: int, style: str, size: int, crop: int) -> Pixels:
    """The middle of a painted face, as nets that invent were shown it."""
    edge = (size - crop) // 2
    middle = slice(edge, edge + crop)
    return np.ascontiguousarray(paint(face(seed), size, style).pixels[middle, middle])


def gaussian_of_pixels(
    seeds: Sequence[int], *, style: str, size: int, crop: int | None = None
) -> Float[torch.Tensor, "n 3 h w"]:
    """Pictures drawn from the Gaussian with the mean and the covariance that the pixels of 500
    painted faces have."""
    faces = [to_picture(framed(seed, style, size, crop or size)) for seed in LEARNT_FROM]
    learnt = torch.stack(faces).double().numpy()
    mean = learnt.mean(0)
    parts = Rng(seed=0, places=np.array(seeds, np.int64)).normals("invent pixels", (len(learnt),))
    drawn = mean + np.tensordot(parts, learnt - mean, 1) / math.sqrt(len(learnt) - 1)
    return ((torch.from_numpy(drawn).clamp(0, 1) * 255).round() / 255).float()


Features = Float64[np.ndarray, "_ d"]
Rows = Iterator[Row]


def real_faces(seeds: Sequence[int], style: str) -> list[Pixels]:
    """Painted faces as generate frames its own."""
    return [framed(seed, style, PAINTED, SIDE) for seed in seeds]


def seen(faces: Sequence[Pixels]) -> witness.Seen:
    """What the witness reads of pictures."""
    return witness.seen(torch.stack([to_picture(pixels) for pixels in faces]))


def features(read: witness.Seen) -> Features:
    """By which sets are compared."""
    return read.features.double().numpy()


def sharpness(faces: Sequence[Pixels]) -> float:
    """The mean size of the steps between neighbouring pixels, which a blur makes small."""
    stack = np.stack(faces).astype(np.float64)
    return float(np.abs(np.diff(stack, axis=1)).mean() + np.abs(np.diff(stack, axis=2)).mean()) / 2


def irises_apart(
    faces: Sequence[Pixels], points: Float[torch.Tensor, "n 68 2"]
) -> Float64[np.ndarray, "n"]:
    """How far the colours of a face's irises are from each other; landmarks in pixels."""
    found = []
    for pixels, face_points in zip(faces, points.double().numpy(), strict=True):
        warmth = []
        for name in ("right_eye", "left_eye"):
            eye = face_points[list(LANDMARK_GROUPS[name])]
            x, y = eye.mean(0)
            radius = IRIS * np.linalg.norm(eye[3] - eye[0])  # from corner to corner
            rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
            inside = (columns - x) ** 2 + (rows - y) ** 2 <= max(radius, 1) ** 2
            red, green, blue = pixels[inside].mean(0, dtype=np.float64)
            warmth.append((red - blue) / (red + green + blue + 1))
        found.append(abs(warmth[0] - warmth[1]))
    return np.array(found)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model, and what it is measured with."""

    path: Path
    first: int
    count: int
    references: int
    walks: int
    steered: int

    @cached_property
    def inventing(self) -> Inventing:
        """Its pictures, of SIDE pixels."""
        return Inventing(path=self.path, size=SIDE, truncation=1.0, asked={})

    @cached_property
    def style(self) -> str:
        """As which it draws."""
        terms = parse(self.inventing.model.card.data)
        return terms[0].styles[0] if terms[0].styles else STYLES[0]

    @property
    def seeds(self) -> range:
        """Of the real faces and of the invented ones."""
        return range(self.first, self.first + self.count)

    @cached_property
    def real(self) -> list[Pixels]:
        """Faces of the world."""
        return real_faces(self.seeds, self.style)

    @cached_property
    def others(self) -> list[Pixels]:
        """As many others."""
        return real_faces([seed + self.count for seed in self.seeds], self.style)

    @cached_property
    def invented(self) -> list[Pixels]:
        """One a seed, told nothing but who it is."""
        return self.made({})

    def made(self, asked: Mapping[str, float]) -> list[Pixels]:
        """The invented faces of the seeds, all asked for the same."""
        return list(in_turn(replace(self.inventing, asked=asked).pixels, self.seeds, cores()))

    @cached_property
    def seen_real(self) -> witness.Seen:
        """What is read of the real faces."""
        return seen(self.real)

    @cached_property
    def seen_invented(self) -> witness.Seen:
        """What is read of the invented ones."""
        return seen(self.invented)

    @cached_property
    def floor(self) -> float:
        """The Fréchet distance of real against real."""
        return frechet(features(seen(self.others)), features(self.seen_real))

    def above(self, read: witness.Seen) -> float:
        """The Fréchet distance from the real faces, above that of real ones."""
        return frechet(features(read), features(self.seen_real)) - self.floor


def fidelity(subject: Subject) -> Rows:
    """How far the set is from real ones; whether parts are where parts are; how sharp it is."""
    gaussian = gaussian_of_pixels(list(subject.seeds), style=subject.style, size=PAINTED, crop=SIDE)
    ratio = subject.above(subject.seen_invented) / subject.above(
        seen(list(map(to_pixels, gaussian)))
    )
    yield Row("Fréchet distance of real against real", subject.floor, "")
    yield at_most("Fréchet distance above real's", ratio, "of a Gaussian's", ABOVE[subject.style])
    placed = [
        (in_place(read) >= 1 - IN_PLACE).double().numpy()
        for read in (subject.seen_invented, subject.seen_real)
    ]
    ours, theirs = (float(each.mean()) for each in placed)
    yield Row("parts in place, real", theirs, "of faces")
    yield at_least("parts in place", ours, "of faces", round(theirs - LESS[subject.style], 3))
    sharp = sharpness(subject.invented) / sharpness(subject.real)
    yield Row("sharpness", sharp, "of real's", "0.9 to 1.1", 0.9 <= sharp <= 1.1)
    ours, theirs = (
        float(np.median(irises_apart(faces, read.points * SIDE / witness.WINDOW)))
        for faces, read in (
            (subject.invented, subject.seen_invented),
            (subject.real, subject.seen_real),
        )
    )
    yield Row("irises apart, median", ours / theirs, "of real's")


def steering(subject: Subject) -> Rows:
    """Whether what is asked for is read; what asking costs."""
    subject = replace(subject, count=min(subject.count, subject.steered))
    names = witness.field_names()
    told = subject.inventing.told
    true = _true(subject.seeds)
    read = explained(subject.seen_real.fields.double(), true[:, [_column(n) for n in names]])
    clear = {name: float(r2) for name, r2 in zip(names, read, strict=True)}
    asked = [name for name in told if clear.get(name, 0) >= READ]
    asked = sorted(asked, key=lambda name: -clear[name])[:STEERED]
    yield at_least("fields that can be asked for and read", len(asked), "fields", STEERED)
    wanted = [seed + subject.count for seed in subject.seeds]  # what other persons have

    def steered(pair: tuple[int, int]) -> Pixels:
        other = face(pair[1])
        fields = {name: float(getattr(other, name)) for name in asked}
        return replace(subject.inventing, asked=fields).pixels(pair[0])

    if asked:
        pairs = list(zip(subject.seeds, wanted, strict=True))
        found = seen(list(in_turn(steered, pairs, cores())))
        columns = [names.index(name) for name in asked]
        truth = _true(wanted)[:, [_column(name) for name in asked]]
        values = explained(found.fields[:, columns].double(), truth)
        for name, value in zip(asked, values.tolist(), strict=True):
            yield at_least(f"{name}: asked for and read", value, "R2", 0.7)
            yield Row(f"{name}: read of real faces", clear[name], "R2")
        plain = subject.above(subject.seen_invented)
        cost = subject.above(found) / plain if plain > 0 else float("inf")
        yield at_most("Fréchet distance above real's, steered", cost, "of unsteered", 4 / 3)
    for name in THERE:
        if name in told and name in names:
            there = seen(subject.made({name: 1.0})).fields[:, names.index(name)] > 0.5
            yield at_least(f"{name}: there where asked for", float(there.double().mean()), "", 0.95)


def _column(name: str) -> int:
    return _NAMES.index(name)


_NAMES: Final = tuple(face(FIRST).__dataclass_fields__)


def _true(seeds: Sequence[int]) -> torch.Tensor:
    """The numbers by which faces are painted; 0 for what is no number."""
    rows = []
    for seed in seeds:
        values = vars(face(seed))
        rows.append([v if isinstance(v, int | float) else 0 for v in map(values.get, _NAMES)])
    return torch.tensor(rows, dtype=torch.float64)


def originality(subject: Subject) -> Rows:
    """Whether faces of the training are copied more often than faces that it has not."""
    learned = np.stack(real_faces(range(subject.references), subject.style))
    rate = max(RATE, 1 / subject.count)  # of few faces nobody knows what one in a hundred does
    limit = threshold(search(np.stack(subject.real), learned, top=0).scores, rate)
    ours, theirs = (
        int((search(np.stack(faces), learned, top=0).scores > limit).sum())
        for faces in (subject.invented, subject.others)
    )
    yield Row(f"copies of {subject.references:,}, real faces that are none", theirs, "faces")
    yield at_most(f"copies of {subject.references:,}", ours, "faces", theirs)


def walks(subject: Subject) -> Rows:
    """How smooth walks are."""
    pairs = [
        (seed, seed + subject.walks) for seed in range(subject.first, subject.first + subject.walks)
    ]
    uneven, worst = [], []
    for pair in pairs:
        walk = Walk(inventing=subject.inventing, seeds=pair, frames=FRAMES)
        found = score(list(walk.pixels(cores())))
        uneven.append(max(found.steps) / (np.mean(found.steps) or 1))
        worst.append(min(found.in_place))
    yield Row(f"largest step of {len(pairs)} walks", max(uneven), "of the mean step")
    yield Row("worst frame of all walks", min(worst), "1 is in place")


def speed(subject: Subject) -> Rows:
    """Seconds of one core, beside starting."""
    with computing(1):
        subject.inventing.pixels(0)
        each = [cpu_seconds(lambda n=n: subject.inventing.pixels(n)) for n in range(1, 8)]
    yield at_most(f"a face of {SIDE} px", median(each), "s of a core", 0.15)
    every = cpu_seconds(lambda: list(in_turn(subject.inventing.pixels, range(32), 1)))
    yield at_most("32 faces", every, "s of a core", 1.2)


PARTS: Final[Mapping[str, Callable[[Subject], Rows]]] = {
    "fidelity": fidelity,
    "steering": steering,
    "originality": originality,
    "walks": walks,
    "speed": speed,
}


def subjects(names: Sequence[str], given: argparse.Namespace) -> dict[str, Subject]:
    """The models by name."""
    found: dict[str, Subject] = {}
    for name in names or [f"generate-{style}" for style in STYLES]:
        style = name.removeprefix("generate-")
        try:
            path = model_of(style, "" if style in STYLES else name)
            if (side := read_card(path).sizes.get("size")) != SIDE:
                raise InputError(f"its pictures are of {side} pixels, not of {SIDE}", path=path)
        except InputError as error:
            raise SystemExit(f"{error}") from error
        found[name] = Subject(
            path=path,
            first=given.first_seed,
            count=given.count,
            references=given.references,
            walks=given.walks,
            steered=given.steered,
        )
    return found


def main() -> int:
    """All rows."""
    given = options(
        __doc__,
        model="",
        first_seed=FIRST,
        count=2_000,
        references=24_000,
        walks=20,
        steered=250,
        only=PARTS,
    )
    rows: list[Row] = []
    for name, subject in subjects(given.model.split(), given).items():
        for part in given.only:
            rows += [replace(row, name=f"{name}: {row.name}") for row in PARTS[part](subject)]
    return report(rows, json=given.json)


if __name__ == "__main__":
    sys.exit(main())
