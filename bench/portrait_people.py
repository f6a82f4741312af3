"""Painted people, and who is fitted to their photographs: the world says what is true of both.

A person is painted as a photograph, as the command reads it; the truth is who was painted. How near
the two are is measured of the drawing (PSNR and edges of the head), of the landmarks, of the fields
that landmarks show, of colours, and by whether one can tell from the fields who it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Bool, Float64, UInt8
from restyle import psnr_of_head
from restyle_portraits import off
from skimage.color import rgb2lab
from table import Row, at_least, at_most

from trombine.core.conventions import PART_INDEX
from trombine.faces.frames import WINDOW
from trombine.generation import PAINTER
from trombine.io.color import LUMA
from trombine.io.image import as_seen, picture_of
from trombine.metrics.reading import explained
from trombine.restyling.drawing import (
    NET,
    Portrait,
    Restyling,
    faces_in,
    portrait_of,
    restyled,
)
from trombine.restyling.portrait import Character
from trombine.restyling.stylize import model_of
from trombine.world import Face as Person
from trombine.world import Painted, face, paint, vary
from trombine.world.colours import ROWS, colours, to_srgb
from trombine.world.faces import FIELDS
from trombine.world.fit import _BY_POINTS as GEOMETRY
from trombine.world.painting import points_of
from trombine.world.shape import shape

SIZE: Final = 256  # pixels of a photograph and of what is drawn
STYLE: Final = "anime"
STRONG: Final = 0.05  # of a head's pixels: where its edges are
GROUP: Final = 8  # people, among whom one is to be found
AGAIN: Final = 1000  # seeds from here on have the other expression, light and pose
PEOPLE: Final = 1500  # by whom it is known how much fields differ
# Of the picture's pixels: a part of which so many are there is seen.
SEEN: Final[Mapping[str, tuple[tuple[str, ...], float]]] = {
    "hair": (("hair",), 0.01),
    "skin": (("skin", "nose"), 0.01),
    "iris": (("right_eye", "left_eye"), 0.0015),
}
IDENTITY: Final = tuple(
    info.name for info in FIELDS if info.group in ("identity", "hair") and info.name != "texture"
)
Pixels = UInt8[np.ndarray, "h w 3"]
Plane = Float64[np.ndarray, "h w"]
Points = Float64[np.ndarray, "68 2"]
Vectors = Float64[np.ndarray, "n k"]
Rows = Iterator[Row]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Somebody who was painted, and what the command made of the photograph."""

    person: Person
    photo: Painted
    drawn: Pixels
    character: Character
    features: torch.Tensor  # by which the reader tells people apart

    @cached_property
    def truth(self) -> Painted:
        """The drawing that is right."""
        return paint(self.person, SIZE, STYLE)


def asked(target: str = STYLE) -> Portrait:
    """What is asked of a photograph."""
    return Portrait(target=target, source="photo", size=SIZE)


def restyling(target: str = STYLE, method: str = PAINTER, source: str = "photo") -> Restyling:
    """What is asked of a photograph whose faces are drawn in place."""
    return Restyling(path=model_of("restyle"), target=target, source=source, method=method)


def case_of(person: Person) -> Case | None:
    """The portrait of a painted photograph by `trombine portrait`; None where no face is found."""
    photo = paint(person, SIZE, "photo")
    image = picture_of(photo.pixels)
    if not (faces := faces_in(image)):
        return None
    largest = max(faces, key=lambda one: one.size)
    result = portrait_of(image, asked(), largest, "photo")
    features = torch.from_numpy(largest.features)
    return Case(
        person=person,
        photo=photo,
        drawn=as_seen(result.image),
        character=result.characters[0],
        features=features,
    )


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """Held-out people, each of whom is fitted once for all rows."""

    seeds: range

    @cached_property
    def cases(self) -> Mapping[int, Case]:
        """By seed, those in whose photograph a face is found."""
        every = {seed: case_of(face(seed)) for seed in self.seeds}
        return {seed: one for seed, one in every.items() if one is not None}

    @property
    def every(self) -> Sequence[Case]:
        """The cases, in the order of their seeds."""
        return list(self.cases.values())


def between(name: str, value: float, unit: str, low: float, high: float) -> Row:
    """A row that is met when `value` is neither below `low` nor above `high`."""
    return Row(name, value, unit, f"{low:g} to {high:g}", bool(low <= value <= high))


# The drawing


def drawings(people: People) -> Rows:
    """How near drawings are to the true ones; and those of the net, of one person in ten."""
    about = f"photo to {STYLE}, {SIZE} px"
    cases = people.every
    yield Row("painted people: faces found", len(cases) / len(people.seeds), "")
    psnrs = np.array([psnr_of_head(one.drawn, one.truth) for one in cases])
    yield at_least(f"{about}: PSNR of heads", float(psnrs.mean()), "dB", 20)
    there, own = edges((one.drawn, one.truth) for one in cases)
    yield between(f"{about}: edges, where the truth's are", there, "of the truth's", 0.95, 1.05)
    yield Row(f"{about}: edges, where they are", own, "of the truth's")
    some = cases[::10]
    pairs = [(by_net(one.photo), one.truth) for one in some]
    for who, those in (("the net", pairs), ("the painter", [(c.drawn, c.truth) for c in some])):
        name = f"{about}, one in ten, by {who}"
        psnr = float(np.mean([psnr_of_head(*pair) for pair in those]))
        yield Row(f"{name}: PSNR of heads", psnr, "dB")
        there, own = edges(those)
        yield Row(f"{name}: edges, where the truth's are", there, "of the truth's")
        yield Row(f"{name}: edges, where they are", own, "of the truth's")


def by_net(photo: Painted) -> Pixels:
    """The photograph, as `restyle --model restyle` draws it."""
    image = picture_of(photo.pixels)
    wanted = restyling(method=NET)
    return as_seen(restyled(image, wanted, faces_in(image), "photo").image)


def edges(pairs: Iterable[tuple[Pixels, Painted]]) -> tuple[float, float]:
    """How strong drawings' edges are beside the truths', as the mean over people: where a truth's
    gradient is among its strongest, and where the drawing's own is."""
    shares = [edges_of(drawn, truth) for drawn, truth in pairs]
    there, own = np.mean(shares, 0).tolist()
    return there, own


def edges_of(drawn: Pixels, truth: Painted) -> tuple[float, float]:
    """Of one drawing, within the head."""
    head = head_of(truth)
    mine, true = (gradient(pixels)[head] for pixels in (drawn, truth.pixels))
    strong, own = (one >= np.quantile(one, 1 - STRONG) for one in (true, mine))
    whole = true[strong].mean()
    return float(mine[strong].mean() / whole), float(mine[own].mean() / whole)


def head_of(truth: Painted) -> Bool[np.ndarray, "h w"]:
    """What is neither ground nor clothes."""
    return ~np.isin(truth.parts, [PART_INDEX["background"], PART_INDEX["cloth"]])


def gradient(pixels: Pixels) -> Plane:
    """How much luma changes from pixel to pixel."""
    down, across = np.gradient(pixels.astype(np.float64) @ np.array(LUMA))
    return np.hypot(down, across)


# The person


def recovered(people: People) -> Rows:
    """How near the fitted person's landmarks, fields and colours are to the true ones."""
    cases = people.every
    found = np.stack([landmarks(one.character, "photo") for one in cases])
    true = np.stack([one.photo.points for one in cases])
    yield at_most("landmarks off, of the pupils' distance", float(off(found, true).mean()), "%", 1)
    alike = geometry([one.character.person for one in cases], [one.person for one in cases])
    mean = float(np.mean(list(alike.values())))
    yield at_least(f"R2 of {len(alike)} fields of geometry, the mean", mean, "", 0.85)
    least = min(alike, key=lambda name: alike[name])
    yield Row(f"R2 of the least of them: {least}", alike[least], "")
    for name in SEEN:
        apart = [lab_off(one, name) for one in cases if is_seen(one.photo, name)]
        yield at_most(f"colour of {name} off, in Lab", float(np.mean(apart)), "", 4)


def landmarks(character: Character, style: str) -> Points:
    """Where the landmarks of a character lie in the photograph, as a style has them, in pixels."""
    points, _ = points_of(shape(character.person, style))
    return character.frame.to_picture(torch.from_numpy(points * WINDOW)).numpy()


def geometry(found: Sequence[Person], true: Sequence[Person]) -> dict[str, float]:
    """How much of what differs from person to person is found, of each field of geometry."""
    both = [
        torch.tensor([[getattr(one, name) for name in GEOMETRY] for one in people])
        for people in (found, true)
    ]
    return dict(zip(GEOMETRY, explained(both[0], both[1]).tolist(), strict=True))


def is_seen(photo: Painted, name: str) -> bool:
    """Whether a photograph shows enough of what has a colour."""
    parts, share = SEEN[name]
    return bool(np.isin(photo.parts, [PART_INDEX[part] for part in parts]).mean() >= share)


def lab_off(one: Case, name: str) -> float:
    """How far the fitted person's own colour is from the true one, before any light."""
    row = ROWS.index(name)
    mine, true = (
        rgb2lab(to_srgb(colours(person)[row])) for person in (one.character.person, one.person)
    )
    return float(np.linalg.norm(mine - true))


# Who it is


def told_apart(people: People) -> Rows:
    """Of groups of people, each painted in two moments: how often the fitted person of the one is
    nearest to that of the other. Who is not found in a photograph counts as not told."""
    groups = len(people.seeds) // GROUP
    if not groups:
        return
    seeds = people.seeds[: groups * GROUP]
    first, second = people.cases, {seed: case_of(later(seed)) for seed in seeds}
    by_fields = by_features = 0
    for number in range(groups):
        group = seeds[number * GROUP : (number + 1) * GROUP]
        pairs = [(first.get(seed), second[seed]) for seed in group]
        both = [(a, b) for a, b in pairs if a is not None and b is not None]
        if not both:
            continue
        here, there = ([pair[k] for pair in both] for k in (0, 1))
        by_fields += matched(*(identities([c.character.person for c in s]) for s in (here, there)))
        by_features += matched(*(of_features(some) for some in (here, there)))
    yield at_least(f"who of {GROUP} it is, by fields", by_fields / len(seeds), "", 0.9)
    yield Row(f"who of {GROUP} it is, by the reader's features", by_features / len(seeds), "")


def later(seed: int) -> Person:
    """The same person with another expression, in another pose and light."""
    other = seed + AGAIN
    return vary(face(seed), expression=other, light=other, pose=other)


def identities(people: Sequence[Person]) -> Vectors:
    """What stays of people, in the deviations of the world's people."""
    return _vectors(people) / deviations()


@cache
def deviations() -> Float64[np.ndarray, "k"]:
    """How much each field of identity differs among people."""
    return _vectors([face(seed) for seed in range(PEOPLE)]).std(0)


def _vectors(people: Sequence[Person]) -> Vectors:
    return np.array([[getattr(one, name) for name in IDENTITY] for one in people], np.float64)


def of_features(cases: Sequence[Case]) -> Vectors:
    """What the reader knows of who it is, of length 1 each."""
    every = torch.stack([one.features for one in cases]).double()
    return torch.nn.functional.normalize(every).numpy()


def matched(mine: Vectors, theirs: Vectors) -> int:
    """How many have their own partner nearest of all."""
    apart = np.linalg.norm(mine[:, None] - theirs[None], axis=2)
    return int((apart.argmin(1) == np.arange(len(mine))).sum())
