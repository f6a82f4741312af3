"""What is in a folder of pictures, as records; and the tables that come with sets of pictures.

layouts.py makes a Listing of a folder of each layout; reading.py makes rows of its records.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
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
    notes: tuple[str, ...] = ()  # what people should know, a line each


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


# Listings of what is known by the pictures' names


def listing_of(
    path: Path,
    home: Path,
    names: Sequence[str],
    *,
    columns: Sequence[str] = (),
    vectors: Mapping[str, Sequence[float]] | None = None,
    classes: Mapping[str, str] | None = None,
    order: Callable[[str], Any] = str,
    splits: Mapping[str, int] | None = None,
    tables: Mapping[str, Iterable[str]] | None = None,
    **truth: Sequence[Any],
) -> Listing:
    """The pictures of the folder `path` that have these names in `home`, a folder in it.

    Numbers (what they are: `columns`), classes (in this order) and splits are by name, where they
    are known. `tables` are the names that files of the set have, to say which pictures are lost.
    `truth` are fields of a View, each with a value for each picture.
    """
    numbers, of, uses = vectors or {}, classes or {}, splits or {}
    known = sorted({of[name] for name in names if of.get(name)}, key=order)
    label = {name: number for number, name in enumerate(known)}
    start = "" if home == path else f"{home.relative_to(path).as_posix()}/"
    sides = [View(picture=start + name, **_row(truth, i)) for i, name in enumerate(names)]
    records = [
        Record(
            sides=(side,),
            vector=vector_of(numbers.get(name, ())),
            label=label.get(of.get(name, ""), -1),
            split=uses.get(name, -1),
        )
        for side, name in zip(sides, names, strict=True)
    ]
    lost = {file: len(set(named) - set(names)) for file, named in (tables or {}).items()}
    return Listing(
        records=records, classes=tuple(known), vector_names=tuple(columns), notes=lost_note(lost)
    )


def _row(columns: Mapping[str, Sequence[Any]], i: int) -> dict[str, Any]:
    return {name: column[i] for name, column in columns.items()}


def vector_of(numbers: Sequence[float]) -> np.ndarray | None:
    """The numbers as a record has them; None where none is known."""
    vector = np.array(numbers, np.float64)
    return None if np.isnan(vector).all() else vector


def lost_note(lost: Mapping[str, int]) -> tuple[str, ...]:
    """What to say of the pictures that files name, so many each, and the folder lacks."""
    files = [file for file, count in lost.items() if count]
    most = max(lost.values(), default=0)
    are = "is" if most == 1 else "are"
    return (f"{pictures(most)} named in {' and '.join(files)} {are} not there",) if files else ()


# Text files that come with sets


class Table(NamedTuple):
    """Numbers by the name of a picture."""

    name: str = ""  # of the file, from the folder of the set; "" of one that is not there
    columns: tuple[str, ...] = ()  # what the numbers are; empty where the file does not say
    rows: Mapping[str, Sequence[float]] = {}


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
