"""Faces with points that people placed by hand, and a table of who they are.

    faces/anna_smiling.jpg  faces/anna_smiling.points.txt  people.csv  test.txt

NAME.points.txt has a point in each line, x y in pixels: the 68 of iBUG, or the 189 of the template
of the Face Research Lab (DeBruine and Jones 2017), which are brought to the 68: some are the same,
others lie on curves through the 189, and outlines of parts go through them. Points of any other
number are left out. people.csv begins with `person`; a picture is of the person that its name
begins with. No person is both learned from and chosen by: all that test.txt does not name is
divided by person.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, nan
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Float64

from trombine.core.conventions import LANDMARK_COUNT, PART_INDEX
from trombine.core.errors import InputError
from trombine.core.grammar import number_of
from trombine.data.columns import SPLITS, split_share
from trombine.data.listing import (
    AGAIN,
    Layout,
    Listing,
    few_pictures,
    file_of,
    listed,
    listing_of,
    names_in,
    pictures_below,
    read_lines,
)
from trombine.io.files import refusing

ENDING: Final = ".points.txt"
_TABLE: Final = "people.csv"
_CHOOSE: Final = 8  # percent of the people that are not for tests
_SEX: Final = {"male": 1.0, "female": 0.0}  # of the column `gender`, as `masculine`

# The same points in both, and for each curve of the 68 which line of the 189 it lies along, where
# two numbers in brackets are the middle between two points, and at which shares of its length.
_SAME: Final = dict(
    zip(
        (*range(48, 60), *range(61, 64), *range(65, 68)),
        (*range(87, 94), *range(108, 103, -1), *range(95, 98), *range(102, 99, -1)),
        strict=True,
    )
)
_JAW: Final = (109, 185, 110, 186, 111, 125, 126, 127, 128, 129)
_OTHER_JAW: Final = (129, 130, 131, 132, 133, 114, 188, 113, 187, 112)
_EIGHTHS: Final = tuple(n / 8 for n in range(9))
_LID: Final = (0.0, 0.32, 0.68, 1.0)
_CURVES: Final[tuple[tuple[Sequence[int], Sequence[Any], Sequence[float]], ...]] = (
    (range(9), _JAW, _EIGHTHS),
    (range(8, 17), _OTHER_JAW, _EIGHTHS),
    (range(17, 22), (71, (72, 83), (73, 83), (74, 84), (75, 84), 76), _EIGHTHS[::2]),
    (range(22, 27), (77, (78, 85), (79, 85), (80, 86), (81, 86), 82), _EIGHTHS[::2]),
    (range(27, 31), ((50, 56), (51, 57), (52, 58), (53, 59), (54, 60)), (0, 1 / 3, 2 / 3, 1)),
    (range(31, 34), (64, 180, 55), (0, 0.5, 1)),
    (range(33, 36), (55, 181, 69), (0, 0.5, 1)),
    (range(36, 40), (18, 19, 20, 21, 22), _LID),
    ((39, 40, 41, 36), (22, 30, 29, 28, 18), _LID),
    (range(42, 46), (23, 24, 25, 26, 27), _LID),
    ((45, 46, 47, 42), (27, 33, 32, 31, 23), _LID),
    ((60,), ((87, 94), (87, 99)), (0.5,)),
    ((64,), ((93, 98), (93, 103)), (0.5,)),
)

# Parts whose outlines go through these of the 189.
_LIPS: Final = (range(94, 99), range(99, 104))  # where they meet: of the upper one, of the lower
_OUTLINES: Final[dict[str, Sequence[int]]] = {
    "nose": (*range(50, 54), *range(61, 65), 55, *range(69, 65, -1), *range(59, 55, -1)),
    "right_eye": (*range(18, 23), *range(30, 27, -1)),
    "left_eye": (*range(23, 28), *range(33, 30, -1)),
    "right_brow": (*range(71, 77), 84, 83),
    "left_brow": (*range(77, 83), 86, 85),
    "mouth": (87, *_LIPS[0], 93, *reversed(_LIPS[1])),
    "upper_lip": (*range(87, 94), *reversed(_LIPS[0])),
    "lower_lip": (87, *_LIPS[1], 93, *range(108, 103, -1)),
}


def outlines_of(points: Float64[np.ndarray, "189 2"]) -> tuple[tuple[int, np.ndarray], ...]:
    """Label and outline of each part that the 189 points go round, in the same pixels."""
    return tuple((PART_INDEX[name], points[[*line]]) for name, line in _OUTLINES.items())


def landmarks_of(points: Float64[np.ndarray, "189 2"]) -> Float32[np.ndarray, "68 2"]:
    """The 68 landmarks of the 189 points, in the same pixels."""
    result = np.empty((LANDMARK_COUNT, 2), np.float32)
    result[[*_SAME]] = points[[*_SAME.values()]]
    for numbers, line, shares in _CURVES:
        corners = np.array([points[np.atleast_1d(at)].mean(0) for at in line])
        lengths = np.cumsum([0.0, *(np.hypot(*(b - a)) for a, b in pairwise(corners))])
        for number, share in zip(numbers, shares, strict=True):
            result[number] = [np.interp(share * lengths[-1], lengths, c) for c in corners.T]
    return result


def read_points(file: Path) -> dict[str, Any]:
    """The 68 landmarks of a file and outlines, as a View has them; nothing where it has another
    number of points."""
    with refusing(file):
        points = np.array([[float(word) for word in line.split()] for line in read_lines(file)])
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise InputError("is no list of points, x y in each line", AGAIN)
    if len(points) == LANDMARK_COUNT:
        return {"points": points.astype(np.float32)}
    if len(points) != 189:
        return {}
    return {"points": landmarks_of(points), "outlines": outlines_of(points)}


def _find(path: Path) -> Path | None:
    """It has a table of people, or points beside pictures, in it or in a folder of it."""
    if (path / _TABLE).is_file():
        return path
    folders = [path, *(path / name for name in names_in(path, folders=True, most=64))]
    few = (folder / name for folder in folders for name in few_pictures(folder)[:8])
    return path if any(name.with_suffix(ENDING).is_file() for name in few) else None


def _list(path: Path, home: Path) -> Listing:
    """pictures with NAME.points.txt beside them, or people.csv: person, age, gender and so on"""
    names = pictures_below(path)
    table = file_of(path, (_TABLE,), ("", "..")) if names else None
    people = _read_people(table) if table else {}
    who = {name: _person(name, people) for name in names}
    numbers = sorted({key for row in people.values() for key in row})
    known = {name: people[person] for name, person in who.items() if person and numbers}
    vectors = {name: [row.get(key, nan) for key in numbers] for name, row in known.items()}
    files = {name: (path / name).with_suffix(ENDING) for name in names}
    views = {name: read_points(file) for name, file in files.items() if file.is_file()}
    splits = listed(path, names)
    if people and SPLITS.index("choose") not in splits.values():
        splits |= {name: _use(who[name] or name) for name in names if not splits.get(name)}
    return listing_of(
        path,
        path,
        names,
        columns=numbers,
        vectors=vectors,
        classes=who if people else {},
        splits=splits,
        views=views,
    )


def _read_people(table: Path) -> dict[str, dict[str, float]]:
    """The numbers of each person: columns of numbers by their name, and `masculine`."""
    with refusing(table), table.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text, strict=True, skipinitialspace=True))
        if not rows or "person" not in rows[0]:
            raise InputError("has no column person, of what the pictures' names begin with", AGAIN)
    found: dict[str, dict[str, float]] = {row["person"]: {} for row in rows}
    for name in [name for name in rows[0] if name != "person"]:
        cells = {row["person"]: (row[name] or "").strip() for row in rows}
        if name == "gender":
            name, cells = "masculine", {k: str(_SEX.get(v.lower(), "")) for k, v in cells.items()}
        numbers = {person: number_of(cell) for person, cell in cells.items()}
        known = {person: number for person, number in numbers.items() if isfinite(number)}
        if 2 * len(known) > sum(map(bool, cells.values())):  # the others are words
            for person, number in known.items():
                found[person][name] = number
    return found


def _person(name: str, people: dict[str, dict[str, float]]) -> str:
    """Whom a picture shows: the longest name that its own begins with, up to a sign."""
    stem = PurePath(name).stem
    fit = [who for who in people if stem.startswith(who) and not stem[len(who) :][:1].isalnum()]
    return max(fit, key=len, default="")


def _use(person: str) -> int:
    """What the pictures of somebody are for: to learn from, or to choose by."""
    share = split_share(hashlib.sha256(person.encode()).digest())
    return SPLITS.index("choose" if share < _CHOOSE else "train")


PEOPLE: Final = Layout(_find, _list)
