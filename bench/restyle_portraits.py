"""Real people drawn in other styles, as the command draws them: where their features go.

Nobody has painted them, so there is no truth. But the world says what a style does to proportions:
it paints the same people in both, with exact landmarks. What it does is learned from people that
trainings have, bent to the proportions of real ones (trombine/data/proportions.py), and is applied
to the landmarks that the witness reads of a portrait; beside these stand those that it reads of the
drawing. How far off that is by itself is measured on painted people, as they are painted: by exact
landmarks, and by those that the witness reads of a photograph and of the true drawing, which is as
near as a perfect drawing comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Complex128, Float64
from restyle_pairs import DRAWN, called, painted
from table import Row, at_least, at_most
from upscale import there
from upscale_pictures import test_portraits

from trombine.core.conventions import to_picture
from trombine.core.rng import Rng
from trombine.data.proportions import eyes, reaches, reshaped
from trombine.eval.witness import Seen, seen
from trombine.faces import Face
from trombine.faces.frames import crop_windows
from trombine.io.image import Picture, as_seen, load_picture
from trombine.metrics.reading import point_errors
from trombine.restyling.drawing import AUTO, Restyling, faces_in, restyled
from trombine.world import face
from trombine.world.painting import points_of
from trombine.world.shape import shape

LEARNED: Final = range(3000)  # seeds of people that trainings have
NOISE: Final = 0.02  # of the pupils' distance: how far off the witness reads a landmark
MOST: Final = 6.0  # % of the pupils' distance
Points = Float64[np.ndarray, "n 68 2"]
Places = Complex128[np.ndarray, "n k"]
Rows = Iterator[Row]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Proportions:
    """What a style does to landmarks, in the frame of a photograph's eyes: it moves each by a mean,
    and by what the others say, linearly."""

    middle: Float64[np.ndarray, "136"]
    move: Float64[np.ndarray, "136"]
    weights: Float64[np.ndarray, "136 136"]

    @classmethod
    def learned(cls, photos: Points, drawings: Points, noise: float = NOISE) -> Proportions:
        """From the same people in both styles, for photographs that are read with so much noise, in
        distances between the pupils. What the people do not say stays as in the photograph."""
        before, after = _in_frame(photos, photos), _in_frame(drawings, photos)
        middle, moves = before.mean(0), after - before
        centred = before - middle
        squares = centred.T @ centred / len(centred) + noise**2 * np.eye(before.shape[1])
        weights = np.linalg.solve(squares, centred.T @ (moves - moves.mean(0)) / len(centred))
        return cls(middle=middle, move=moves.mean(0), weights=weights)

    def of(self, photos: Points) -> Points:
        """Where the landmarks of photographs are in a drawing of the style."""
        before = _in_frame(photos, photos)
        after = before + self.move + (before - self.middle) @ self.weights
        middle, across = eyes(photos)
        places = np.split(after, 2, 1)
        there = middle + across * (places[0] + 1j * places[1])
        return np.stack([there.real, there.imag], -1)


def _complex(points: Float64[np.ndarray, "n k 2"]) -> Places:
    return points[..., 0] + 1j * points[..., 1]


def _in_frame(points: Points, photos: Points) -> Float64[np.ndarray, "n 136"]:
    """Landmarks as seen from the eyes of photographs: across, then down."""
    middle, across = eyes(photos)
    places = (_complex(points) - middle) / across
    return np.concatenate([places.real, places.imag], 1)


def exact(seeds: Sequence[int], style: str, *, bent: bool = False) -> Points:
    """The landmarks of painted faces, in sides of the picture; or, `bent`, of faces with the
    proportions of real people, or some way there: each person's are the same in every style."""
    points = np.stack([points_of(shape(face(seed), style))[0] for seed in seeds])
    if not bent:
        return points
    return reshaped(points, reaches(1.0, Rng(seed=0, places=np.array(seeds))))


def off(points: Points, true: Points) -> Float64[np.ndarray, "n"]:
    """How far off landmarks are, the mean of each face, in % of the pupils' distance."""
    both = torch.from_numpy(points), torch.from_numpy(true)
    return 100 * point_errors(both[0], both[1]).mean(1).double().numpy()


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Portrait:
    """A photograph of a person, and the window in which the witness sees it."""

    image: Picture
    faces: Sequence[Face]

    def window(self, image: Picture) -> torch.Tensor:
        """What a picture shows where the largest face of the portrait is, 3 x 128 x 128."""
        frame = max(self.faces, key=lambda one: one.size).aligned()
        return crop_windows(to_picture(as_seen(image)), [frame])[0]

    def drawn(self, options: Restyling) -> Picture:
        """The portrait as the command draws it."""
        source = options.style_of(self.faces, self.image)
        return restyled(self.image, options, self.faces, source).image


def portraits(count: int) -> Iterator[Portrait]:
    """Of the pictures that are for measuring only, those in which a face is found."""
    for path in test_portraits(count):
        image = load_picture(path)
        if faces := faces_in(image):
            yield Portrait(image=image, faces=faces)


def real(first: int, count: int, options: Restyling) -> Rows:
    """Portraits in each drawn style."""
    people = exact(LEARNED, "photo", bent=True)
    maps = {style: Proportions.learned(people, exact(LEARNED, style, bent=True)) for style in DRAWN}
    yield from of_painted(first, maps)
    if not there("portraits"):
        return
    cases = list(portraits(count))
    yield Row("portraits: faces found", float(len(cases)), "")
    before = seen(torch.stack([case.window(case.image) for case in cases]))
    for style, proportions in maps.items():
        wanted = replace(options, target=style, source=AUTO)
        after = seen(torch.stack([case.window(case.drawn(wanted)) for case in cases]))
        yield from compared(style, proportions, before, after)


def compared(style: str, proportions: Proportions, before: Seen, after: Seen) -> Rows:
    """Portraits and their drawings: whether landmarks are where the style has them, and whether it
    is the style."""
    about = f"portraits to {style}"
    true = proportions.of(_points(before))
    errors = off(_points(after), true)
    yield at_most(f"{about}: landmarks off", float(errors.mean()), "%", MOST)
    yield Row(f"{about}: landmarks off, untouched", float(off(_points(before), true).mean()), "%")
    yield Row(f"{about}: landmarks at most {MOST:g} % off", float((errors <= MOST).mean()), "")
    yield at_least(f"{about}: called {style}", called(after, style), "", 0.95)


def of_painted(first: int, maps: Mapping[str, Proportions], count: int = 100) -> Rows:
    """How far off the styles' proportions are of painted people, of whom nothing was learned."""
    seeds = range(first, first + count)
    photos, read_of = exact(seeds, "photo"), _points(seen(painted(seeds, "photo")))
    for style, proportions in maps.items():
        about = f"painted to {style} by proportions: landmarks off"
        errors = off(proportions.of(photos), exact(seeds, style))
        yield Row(about, float(errors.mean()), "%")
        errors = off(proportions.of(read_of), _points(seen(painted(seeds, style))))
        yield Row(f"{about}, by the witness", float(errors.mean()), "%")


def _points(one: Seen) -> Points:
    return one.points.double().numpy()
