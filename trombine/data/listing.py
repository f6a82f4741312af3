"""What is in a folder of pictures, as records; and the tables that come with sets of pictures.

layouts.py makes a Listing of a folder of each layout; reading.py makes rows of its records.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf, nan
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from trombine.core.errors import InputError, shown
from trombine.io.files import opened
from trombine.io.image import PICTURE_SUFFIXES

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
    five: Any = None  # 5 x 2, the same
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
    return bool(dot) and dot + end.lower() in PICTURE_SUFFIXES and not name.startswith(".")


def pictures_in(folder: Path) -> list[str]:
    """The pictures of this folder alone, by name: 2.jpg before 10.jpg."""
    return sorted(filter(is_picture, names_in(folder, folders=False)), key=_by_number)


def folders_in(folder: Path) -> list[str]:
    """The folders in this folder, by name."""
    return sorted(names_in(folder, folders=True))


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
        found += (
            inner + name for name in names_in(folder / inner, folders=False) if is_picture(name)
        )
        described = (folder / inner / METADATA).is_file()
        waiting += (
            f"{inner}{name}/"
            for name in names_in(folder / inner, folders=True)
            if not (described and re.fullmatch(r"(\w+_)?parts", name))
        )
    return sorted(found)


def few_pictures(folder: Path) -> list[str]:
    """Some pictures of this folder, in no order: enough to tell how they are called."""
    names = names_in(folder, folders=False, most=LOOKED_AT)
    return list(islice(filter(is_picture, names), _FEW))


def few_folders(folder: Path) -> list[str]:
    return list(islice(names_in(folder, folders=True, most=LOOKED_AT), _FEW))


def names_in(folder: Path, *, folders: bool, most: int | None = None) -> Iterator[str]:
    """The names of the files, or of the folders, in a folder, but for hidden ones."""
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, most):
                if _is_folder(entry) == folders and not entry.name.startswith("."):
                    yield entry.name
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot be listed ({why})", "see its permissions", path=folder) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads nowhere is a file, which cannot be read
        return False


def _by_number(name: str) -> tuple[tuple[str | int, ...], str]:
    """What to sort by so that numbers in names go by size, and 01 and 1 always the same way."""
    pieces = enumerate(re.split(r"(\d+)", name))
    return tuple(int(piece) if i % 2 else piece for i, piece in pieces), name


def folder_of(path: Path, places: Iterable[str], layout: str = "", archive: str = "") -> Path:
    """The first of these places that is a folder; of `layout` there must be one."""
    places = tuple(places)
    found = next((path / place for place in places if (path / place).is_dir()), None)
    if found is None and layout:
        raise lacking(path / places[0], layout, f"unpack {archive} there")
    return found or path / places[0]


def file_of(path: Path, names: Iterable[str], places: Iterable[str] = ("",)) -> Path | None:
    """The first file of these names, in the first of these places that has one."""
    names = tuple(names)
    files = (path / place / name for place in places for name in names)
    return next((file for file in files if file.is_file()), None)


def prefix(folder: Path, inner: Path) -> str:
    """What stands before a name in `inner`, to make it one in `folder`."""
    return "" if inner == folder else f"{inner.relative_to(folder).as_posix()}/"


def lacking(path: Path, layout: str, cure: str) -> InputError:
    return InputError(f"is not there, and {layout} needs it", cure, path=path)


# Records, of columns whose row i is of picture i; a row of NaN is unknown


def records_of(
    names: Sequence[str],
    *,
    vectors: np.ndarray | None = None,
    labels: Sequence[int] | None = None,
    splits: Sequence[int] | None = None,
    points: np.ndarray | None = None,
    five: np.ndarray | None = None,
    parts: Sequence[str] | None = None,
    masks: Sequence[tuple[tuple[int, str], ...]] | None = None,
    swapped: bool = False,
) -> list[Record]:
    return [
        Record(
            sides=(
                View(
                    picture=name,
                    parts=parts[i] if parts else "",
                    masks=masks[i] if masks else (),
                    points=_known(points, i),
                    five=_known(five, i),
                    swapped=swapped,
                ),
            ),
            vector=_known(vectors, i),
            label=int(labels[i]) if labels is not None else -1,
            split=int(splits[i]) if splits is not None else -1,
        )
        for i, name in enumerate(names)
    ]


def _known(values: np.ndarray | None, i: int) -> np.ndarray | None:
    return None if values is None or np.isnan(values[i]).all() else values[i]


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

    path: Path
    columns: tuple[str, ...]  # what the numbers are; empty where the file does not say
    rows: dict[str, list[float]]

    def of(self, names: Iterable[str]) -> np.ndarray:
        """The numbers of these names, a row each; NaN where there are none."""
        unknown = [nan] * len(next(iter(self.rows.values())))
        return np.array([self.rows.get(name, unknown) for name in names], np.float32)

    def check(self, allowed: Sequence[float], problem: str) -> None:
        """Refuse numbers that cannot be meant."""
        for name, numbers in self.rows.items():
            if not set(numbers) <= set(allowed):
                wrong = f"is wrong about {shown(name[:40])}: {problem}"
                raise InputError(wrong, AGAIN, path=self.path)


def read_table(path: Path, width: int = 0) -> Table:
    """The table in a file, with a row of a name and numbers for each picture: CelebA's own form
    (how many, what they are, the rows; the first two lines may be missing), or Kaggle's .csv."""
    lines, sign = read_lines(path), "," if path.suffix.lower() == ".csv" else None
    start, columns = 0, tuple[str, ...]()
    if sign:
        start, columns = 1, tuple(cell.strip() for cell in lines[0].split(sign)[1:])
    elif lines[0].strip().isdecimal() and len(lines) > 1:
        start, columns = 2, tuple(lines[1].split())
    width, rows = width or len(columns), dict[str, list[float]]()
    for number, line in enumerate(lines[start:], start + 1):
        if not line.strip():
            continue
        name, *cells = line.strip().split(sign)
        width = width or len(cells)
        try:
            rows[name] = [float(cell) for cell in cells]
        except ValueError:
            raise bad_line(path, number, line) from None
        if len(cells) != width or inf in map(abs, rows[name]):
            raise bad_line(path, number, line)
    count = int(lines[0]) if start == 2 else len(rows)
    if not rows or not width or count != len(rows):
        problem = (
            f"is not a table of {count or 'some'} rows of a name and {width or 'some'} numbers"
        )
        raise InputError(problem, AGAIN, path=path)
    return Table(path, columns, rows)


def read_lines(path: Path) -> list[str]:
    with opened(path) as file:
        data = file.read()
    try:
        return [line.removesuffix("\r") for line in data.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"is not UTF-8 in line {number}", AGAIN, path=path) from error


def bad_line(path: Path, number: int, line: str) -> InputError:
    text = shown(line[:40]) + ("..." if len(line) > 40 else "")
    return InputError(f"cannot be read in line {number}: {text}", AGAIN, path=path)
