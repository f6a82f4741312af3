"""How well the person of a photograph is fitted and painted: how near, who it is, how fast.

    python bench/portrait.py [--first-seed N] [--count M] [--portraits N] [--only PART ...] [--json]

Painted people have a truth: the parameters that they were painted with (portrait_people.py). Real
portraits have none; there the fitted landmarks stand beside those that were read, and the witness
says of which style drawings are and who wears glasses. A film is of a painted person whose head
turns, in a sensor's noise: what moves beside the true landmarks is jitter.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

import numpy as np
import torch
from jaxtyping import Float64
from portrait_people import (
    SIZE,
    STYLE,
    People,
    drawings,
    landmarks,
    recovered,
    restyling,
    told_apart,
)
from restyle import NOISE, psnr_of_head
from restyle_pairs import DRAWN, called
from restyle_portraits import Portrait, off, portraits
from table import Row, at_least, at_most, cpu_seconds, options, ratio_of_medians, report
from upscale import there

from trombine.eval.witness import field_names, seen
from trombine.io.image import as_seen, picture_of
from trombine.io.video import Frames
from trombine.metrics.reading import between_pupils
from trombine.restyling.drawing import AUTO, faces_in, style_of
from trombine.restyling.portrait import FITS, Character, character_of
from trombine.restyling.stylize import _Drawing as Drawing
from trombine.world import face, paint

FIRST: Final = 1_709_000  # of the seeds that nothing learns from or is chosen by
FRAMES: Final = 48
TURN: Final = 0.25  # radians to either side, in all of a film
Film = Float64[np.ndarray, "n 68 2"]
Rows = Iterator[Row]


# Real people


def real(count: int) -> Rows:
    """Portraits: whether the fitted person stands where the face is, and wears what it wears; and
    whether what the command draws is of the style."""
    if not there("portraits"):
        return
    cases = list(portraits(count))
    yield Row("portraits: faces found", float(len(cases)), "")
    fitted = [fit_of(one) for one in cases]
    errors = np.array([error for _, error in fitted])
    yield at_most("portraits: landmarks off those read", float(errors.mean()), "%", 2.5)
    painted = float((errors <= 100 * FITS).mean())
    yield Row("portraits: painted, as they are like somebody", painted, "")
    photos = seen(torch.stack([one.window(one.image) for one in cases]))
    witnessed = (photos.fields[:, field_names().index("glasses")] > 0.5).tolist()
    yield from glasses(witnessed, [character.person.glasses > 0.5 for character, _ in fitted])
    shares = {}
    for style in DRAWN:
        wanted = restyling(style, source=AUTO)
        after = seen(torch.stack([one.window(one.drawn(wanted)) for one in cases]))
        shares[style] = called(after, style)
        yield Row(f"portraits to {style}: called {style}", shares[style], "")
    mean = float(np.mean(list(shares.values())))
    yield at_least("portraits: called what they are drawn as", mean, "", 0.99)


def fit_of(one: Portrait) -> tuple[Character, float]:
    """Who is fitted to the largest face, and how far off its landmarks are, in % of the pupils'
    distance."""
    largest = max(one.faces, key=lambda each: each.size)
    style = style_of(one.faces, one.image, AUTO, STYLE)
    picture = torch.from_numpy(one.image.plain.rgb().transpose(2, 0, 1).copy())
    character = character_of(picture, largest, style)
    points = largest.points.astype(np.float64)
    return character, float(off(landmarks(character, style)[None], points[None])[0])


def glasses(witnessed: Sequence[bool], fitted: Sequence[bool]) -> Rows:
    """Of those who wear glasses, as the witness says, how many keep them; and of the others, how
    many stay without."""
    theirs, ours = np.array(witnessed), np.array(fitted)
    yield Row("portraits: with glasses, by the witness", float(theirs.sum()), "")
    if theirs.any():
        yield at_least("portraits: glasses kept", float(ours[theirs].mean()), "", 0.95)
    if not theirs.all():
        yield Row("portraits: without glasses before and after", float((~ours[~theirs]).mean()), "")


# Time


def seconds(first: int, count: int) -> Rows:
    """Of the processor, for a face that is fitted, and for a picture that is read; after one that
    is not counted, by which all is loaded and compiled."""
    threads, own = torch.get_num_threads(), os.sched_getaffinity(0)
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {min(own)})  # a face is fitted by as many threads as there are cores
    try:
        reading, fitting = zip(*map(_seconds, range(first, first + count + 1)), strict=True)
    finally:
        torch.set_num_threads(threads)
        os.sched_setaffinity(0, own)
    yield at_most("fitting a face, on one core", median(fitting[1:]), "s", 1)
    yield Row("reading its picture, on one core", median(reading[1:]), "s")
    ratio = ratio_of_medians(fitting[1:], reading[1:])
    yield Row("fitting / reading", ratio, "times")


def _seconds(seed: int) -> tuple[float, float]:
    image = picture_of(paint(face(seed), SIZE, "photo").pixels)
    faces = list(faces_in(image))
    picture = torch.from_numpy(image.rgb().transpose(2, 0, 1).copy())
    reading = cpu_seconds(lambda: faces_in(image))
    return reading, cpu_seconds(lambda: character_of(picture, faces[0], "photo"))


# Films


def films(first: int, count: int) -> Rows:
    """How steady fitted landmarks are, beside those that are read of each frame by itself."""
    results = np.array([film(seed) for seed in range(first, first + count)])
    drawn, read, painted, psnr = results.mean(0).tolist()
    yield Row("film: frames painted", painted, "")
    yield Row("film: PSNR of heads", psnr, "dB")
    yield Row("film: jitter as read, of the pupils' distance", read, "%")
    yield Row("film: jitter as fitted, of the pupils' distance", drawn, "%")
    yield at_most("film: jitter as fitted / as read", drawn / read, "", 0.5)


def film(seed: int, frames: int = FRAMES) -> tuple[float, float, float, float]:
    """The jitter of the landmarks of a film as they are fitted, and as they are read of each frame;
    in how many frames the person is painted, and how near they are to the true drawings."""
    chance = np.random.default_rng(seed)
    yaws = TURN * np.sin(np.pi * (np.linspace(0, 1, frames) - 0.5))
    people = [replace(face(seed), yaw=float(yaw)) for yaw in yaws]
    painted = [paint(person, SIZE) for person in people]
    noisy = [one.pixels + 255 * chance.normal(0, NOISE, one.pixels.shape) for one in painted]
    images = [picture_of(one.round().clip(0, 255).astype(np.uint8)) for one in noisy]
    drawing = Drawing(asked=restyling(), first=faces_in(images[0]))
    drawing.meet(Frames(frames=tuple(images), durations=(40,) * frames))
    drawn, read, truth, psnrs = [], [], [], []
    for person, shown, image in zip(people, painted, images, strict=True):
        faces = faces_in(image)
        result = drawing.frame(image)
        if not faces or not drawing.characters:
            continue
        psnrs.append(psnr_of_head(as_seen(result), paint(person, SIZE, STYLE)))
        drawn.append(landmarks(drawing.characters[0], "photo"))
        read.append(max(faces, key=lambda one: one.size).points.astype(np.float64))
        truth.append(shown.points)
    if len(drawn) < 2:
        return np.inf, 0.0, len(drawn) / frames, 0.0
    apart = float(between_pupils(torch.from_numpy(np.array(truth))).mean())
    true = np.array(truth)
    steady = [100 * jitter(np.array(points), true) / apart for points in (drawn, read)]
    return steady[0], steady[1], len(drawn) / frames, float(np.mean(psnrs))


def jitter(points: Film, truth: Film) -> float:
    """By how much landmarks are off otherwise than in the frame before: the root of the mean
    square, in pixels. What they are off by in every frame alike is none."""
    steps = np.diff(points - truth, axis=0)
    return float(np.sqrt((steps**2).sum(2).mean()))


PARTS: Final[Mapping[str, Callable[[argparse.Namespace, People], Rows]]] = {
    "drawings": lambda _, people: drawings(people),
    "person": lambda _, people: recovered(people),
    "who": lambda _, people: told_apart(people),
    "portraits": lambda given, _: real(given.portraits),
    "seconds": lambda given, _: seconds(given.first_seed, max(given.count // 10, 3)),
    "films": lambda given, _: films(given.first_seed, max(given.count // 50, 1)),
}


def main() -> int:
    """All rows."""
    given = options(__doc__, first_seed=FIRST, count=200, portraits=102, only=PARTS)
    people = People(seeds=range(given.first_seed, given.first_seed + given.count))
    rows = [row for part in given.only for row in PARTS[part](given, people)]
    return report(rows, json=given.json)


if __name__ == "__main__":
    sys.exit(main())
