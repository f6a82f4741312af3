"""What is in a folder of pictures, as records; and the tables that come with sets of pictures.

layouts.py makes a Listing of a folder of each layout; reading.py makes rows of its records.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import nan
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from trombine.core.errors import InputError
from trombine.io.files import opened, refusing
from trombine.io.image import PICTURE_SUFFIXES, SHEET_ENDING

METADATA: Final = "metadata.jsonl"
AGAIN: Final = "copy it again from where it came, or take it away"
# To recognise a layout so many entries of a folder are looked at, and of those so many pictures.
LOOKED_AT: Final = 1024
_FEW: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One file of a picture, and its truth as the folder gives it: checked when it is read."""

    picture: str  # its path from the folder, with forward slashes, as all others
    parts: str = ""  # a palette or grey picture whose samples are labels
    masks: tuple[tuple[int, str], ...] = ()  # label and file; later ones cover earlier ones
    points: Any = None  # 68 x 2, pixels of the file's picture, upright as its EXIF says
    visible: Any = None  # 68; None: all are
    tile: int = -1  # the number of a square that is cut out (tiles.py); -1: none is
    swapped: bool = False  # parts and masks call left what is left in the picture


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One picture of a folder, or the two of a pair."""

    sides: tuple[View, ...]
    vector: Any = None  # as many numbers as the listing has vector_names
    label: int = -1  # into the listing's classes
    split: int = -1  # into columns.SPLITS
    seed: int = -1

    @property
    def name(self) -> str:
        """The picture's file, as the folder names it."""
        return self.sides[0].picture


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All pictures of a folder, in their order; each record has as many sides as the first."""

    records: Sequence[Record]
    layout: str = ""  # its name
    classes: tuple[str, ...] = ()
    vector_names: tuple[str, ...] = ()
    blame: str = ""  # the file that describes the pictures, for what is wrong with their truth
    missing: int = 0  # pictures that files of it name and the folder lacks
    named_in: tuple[str, ...] = ()  # those files
    notes: tuple[str, ...] = ()  # what else people should know, a line each


def pictures(count: int) -> str:
    """So many pictures, in words."""
    return "1 picture" if count == 1 else f"{count:,} pictures"


# What is in a folder


def is_picture(name: str) -> bool:
    """Whether a file of this name is taken for a picture."""
    _, dot, end = name.rpartition(".")
    known = bool(dot) and dot + end.lower() in PICTURE_SUFFIXES
    return known and not name.startswith(".") and not name.endswith(SHEET_ENDING)


def names_in(folder: Path, *, folders: bool, most: int | None = None) -> list[str]:
    """The names of the files, or of the folders, in a folder, but for hidden ones; none where it is
    not there. Of `most` entries at most."""
    if not folder.is_dir():
        return []
    with refusing(folder), os.scandir(folder) as entries:
        some = [entry for entry in islice(entries, most) if not entry.name.startswith(".")]
        return [entry.name for entry in some if entry.is_dir() == folders]


def pictures_in(folder: Path) -> list[str]:
    """The pictures of this folder alone, by name: 2.jpg before 10.jpg."""
    return sorted(filter(is_picture, names_in(folder, folders=False)), key=_by_number)


def _by_number(name: str) -> tuple[tuple[str | int, ...], str]:
    """What to sort by so that numbers in names go by size, and 01 and 1 always the same way."""
    pieces = enumerate(re.split(r"(\d+)", name))
    return tuple(int(piece) if i % 2 else piece for i, piece in pieces), name


def pictures_below(folder: Path) -> list[str]:
    """All pictures in the folder and in those below, as paths from it, sorted; but for the label
    maps that trombine painted beside its pictures."""
    found, visited, waiting = list[str](), set[str](), [""]
    while waiting:
        inner = waiting.pop()
        real = os.path.realpath(folder / inner)
        if real in visited:  # a link to a folder above would lead round in a circle
            continue
        visited.add(real)
        found += [inner + n for n in names_in(folder / inner, folders=False) if is_picture(n)]
        maps = r"(\w+_)?parts" if (folder / inner / METADATA).is_file() else ""
        folders = names_in(folder / inner, folders=True)
        waiting += [f"{inner}{name}/" for name in folders if not re.fullmatch(maps, name)]
    return sorted(found)


def few_pictures(folder: Path) -> list[str]:
    """Some pictures of this folder, in no order: enough to tell how they are called."""
    return [n for n in names_in(folder, folders=False, most=LOOKED_AT) if is_picture(n)][:_FEW]


def few_folders(folder: Path) -> list[str]:
    """Some of the folders in it."""
    return names_in(folder, folders=True, most=LOOKED_AT)[:_FEW]


def folder_of(path: Path, places: Iterable[str]) -> Path | None:
    """The first of these places that is a folder."""
    return next((path / place for place in places if (path / place).is_dir()), None)


def file_of(path: Path, names: Sequence[str], places: Iterable[str] = ("",)) -> Path | None:
    """The first file of these names, in the first of these places that has one."""
    files = (path / place / name for place in places for name in names)
    return next((file for file in files if file.is_file()), None)


def prefix(folder: Path, inner: Path) -> str:
    """What stands before a name in `inner`, to make it one in `folder`."""
    return "" if inner == folder else f"{inner.relative_to(folder).as_posix()}/"


# Records, of columns whose row i is of picture i; a row of NaN is unknown


def records_of(
    names: Sequence[str],
    *,
    vectors: np.ndarray | None = None,
    labels: Sequence[int] | None = None,
    splits: Sequence[int] | None = None,
    **truth: Any,
) -> list[Record]:
    """A record of each picture; `truth` are columns of a View's fields."""
    return [
        Record(
            sides=(View(picture=name, **{key: _known(c, i) for key, c in truth.items()}),),
            vector=_known(vectors, i),
            label=labels[i] if labels is not None else -1,
            split=splits[i] if splits is not None else -1,
        )
        for i, name in enumerate(names)
    ]


def _known(values: Any, i: int) -> Any:
    if isinstance(values, np.ndarray):
        return None if np.isnan(values[i]).all() else values[i]
    return None if values is None else values[i]


def labelled(names: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
    """The classes that these names are, sorted, and the label of each; "" is in none."""
    classes = tuple(sorted(set(names) - {""}))
    place = {name: label for label, name in enumerate(classes)}
    return classes, [place.get(name, -1) for name in names]


def missing_in(tables: Mapping[str, Iterable[str]], names: Iterable[str]) -> dict[str, Any]:
    """What a listing says of the pictures that tables name and the folder lacks."""
    there = set(names)
    lost = {file: set(named) - there for file, named in tables.items()}
    return {
        "missing": len(set().union(*lost.values())),
        "named_in": tuple(file for file, gone in lost.items() if gone),
    }


# Text files that come with sets


class Table(NamedTuple):
    """Numbers by the name of a picture."""

    name: str  # of the file, from the folder of the set
    columns: tuple[str, ...]  # what the numbers are; empty where the file does not say
    rows: dict[str, list[float]]

    def of(self, names: Iterable[str]) -> np.ndarray:
        """The numbers of these names, a row each; NaN where there are none."""
        unknown = [nan] * len(next(iter(self.rows.values())))
        return np.array([self.rows.get(name, unknown) for name in names], np.float32)


def read_table(file: Path, home: Path) -> Table:
    """A row of a name and numbers for each picture: in CelebA's own form (how many, what they are,
    the rows; the first two lines may be missing), or as Kaggle's .csv."""
    sign = "," if file.suffix.lower() == ".csv" else None
    with refusing(file):
        lines = [line.strip().split(sign) for line in read_lines(file)]
        count = int(lines.pop(0)[0]) if len(lines[0]) == 1 and lines[0][0].isdecimal() else None
        head = lines.pop(0) if sign or count is not None else []
        rows = {name: list(map(float, cells)) for name, *cells in lines}
        widths = {len(row) for row in rows.values()}
        if len(widths) != 1 or widths == {0} or count not in (None, len(rows)):
            raise InputError("is not a whole table of a name and numbers in each line", AGAIN)
    columns = tuple(cell.strip() for cell in (head[1:] if sign else head))
    return Table(file.relative_to(home).as_posix(), columns, rows)


def read_lines(file: Path) -> Iterator[str]:
    """The lines of a text that are not blank."""
    with refusing(file), opened(file) as data:
        for line in data.read().decode("utf-8-sig").split("\n"):
            if line.strip():
                yield line.removesuffix("\r")
