"""What is in a folder of pictures, and the layouts in which known sets come as folders.

A layout makes a Listing: which pictures there are, and what the set's own files say of them, before
a picture is read. No picture outside of the folder is listed. The table of layouts is in
layouts.py; reading.py makes rows of the records.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from math import nan
from pathlib import Path, PurePath
from posixpath import normpath
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np

from trombine.core.conventions import LANDMARK_COUNT, PART_INDEX
from trombine.core.errors import InputError, shown
from trombine.core.texts import counted
from trombine.data.columns import SPLITS
from trombine.data.pack import is_pack
from trombine.io.files import opened, refusing
from trombine.io.image import PICTURE_SUFFIXES, SHEET_ENDING, load_labels

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
    tile: int = -1  # the number of a square that is cut out (reading.py); -1: none is
    swapped: bool = False  # parts and masks call left what is left in the picture
    # Part and outline, k x 2 in pixels as points are; parts are known inside of these alone.
    outlines: tuple[tuple[int, Any], ...] = ()


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
    lost: int = 0  # pictures that are named and not there, or there and not named

    @property
    def note(self) -> str:
        """What to say of the pictures that are lost, if any are."""
        are = f"{counted(self.lost, 'picture')} {'is' if self.lost == 1 else 'are'} left out"
        return f"{are}: named and not there, or there and not named" if self.lost else ""


# What is in a folder


def is_picture(name: str) -> bool:
    """Whether a file of this name is taken for a picture."""
    known = PurePath(name).suffix.lower() in PICTURE_SUFFIXES
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

    def by_number(name: str) -> tuple[list[str | int], str]:  # 01 and 1 always the same way
        pieces = enumerate(re.split(r"(\d+)", name))
        return [int(piece) if i % 2 else piece for i, piece in pieces], name

    return sorted(filter(is_picture, names_in(folder, folders=False)), key=by_number)


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


def folder_of(path: Path, places: Iterable[str]) -> Path | None:
    """The first of these places that is a folder."""
    return next((path / place for place in places if (path / place).is_dir()), None)


def file_of(path: Path, names: Sequence[str], places: Iterable[str] = ("",)) -> Path | None:
    """The first file of these names, in the first of these places that has one."""
    files = (path / place / name for place in places for name in names)
    return next((file for file in files if file.is_file()), None)


# Listings of what is known by the pictures' names

_UNKNOWN: Final[Mapping[str, Any]] = MappingProxyType({})


def listing_of(
    path: Path,
    home: Path,
    names: Sequence[str],
    *,
    columns: Sequence[str] = (),
    vectors: Mapping[str, Sequence[float]] = _UNKNOWN,
    classes: Mapping[str, str] = _UNKNOWN,
    order: Callable[[str], Any] = str,
    splits: Mapping[str, int] = _UNKNOWN,
    views: Mapping[str, Mapping[str, Any]] = _UNKNOWN,
    named: Iterable[str] = (),
    blame: str = "",
) -> Listing:
    """The pictures of the folder `path` that have these names in `home`, a folder in it.

    Numbers (what they are: `columns`), classes (in this order), splits and fields of a View are by
    name, where they are known. `named` are the pictures that files of the set name.
    """
    known = sorted({classes[name] for name in names if classes.get(name)}, key=order)
    label = {name: number for number, name in enumerate(known)}
    start, lost = _start(path, home), len(set(named) - set(names))
    records = [
        Record(
            sides=(View(picture=start + name, **views.get(name, {})),),
            vector=vector_of(vectors.get(name, ())),
            label=label.get(classes.get(name, ""), -1),
            split=splits.get(name, -1),
        )
        for name in names
    ]
    return Listing(
        records=records, classes=tuple(label), vector_names=tuple(columns), blame=blame, lost=lost
    )


def vector_of(numbers: Sequence[Any]) -> np.ndarray | None:
    """The numbers of a file as a record has them; None where none is known."""
    vector = np.array(numbers, np.float64)
    return None if np.isnan(vector).all() else vector


def _start(path: Path, folder: Path) -> str:
    """What the names of the pictures in a folder begin with, as paths from `path`."""
    return "" if folder == path else f"{folder.relative_to(path).as_posix()}/"


def _pictures(path: Path, *places: str | Path) -> list[str]:
    """The pictures of these folders, as paths from `path`."""
    folders = [path / place for place in places]
    return [_start(path, folder) + name for folder in folders for name in pictures_in(folder)]


def _read_names(names: Sequence[str], pattern: str) -> dict[str, Any]:
    """What names of this pattern say, as arguments of `listing_of`: of its groups `split` is the
    part of the set, `label` the class (if all names have one), and each other one is a number."""
    found = {name: re.fullmatch(pattern, name, re.DOTALL) for name in names}
    groups = {name: match.groupdict() for name, match in found.items() if match}
    labels = {name: group.pop("label", None) or "" for name, group in groups.items()}
    uses = {name: SPLIT_NAMES.get(group.pop("split", None), -1) for name, group in groups.items()}
    return {
        "columns": [g for g in re.compile(pattern).groupindex if g not in ("label", "split")],
        "classes": labels if len(labels) == len(names) and all(labels.values()) else {},
        "splits": uses,
        "vectors": {name: [float(n or nan) for n in g.values()] for name, g in groups.items()},
    }


# Text files that come with sets


class Table(NamedTuple):
    """Numbers by the name of a picture."""

    columns: tuple[str, ...] = ()  # what the numbers are; empty where the file does not say
    rows: Mapping[str, Sequence[float]] = {}


def read_table(file: Path | None) -> Table:
    """A row of a name and numbers for each picture: in CelebA's own form (how many, what they are,
    the rows; the first two lines may be missing), or as Kaggle's .csv; empty without a file."""
    if file is None:
        return Table()
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
    return Table(columns, rows)


def read_lines(file: Path) -> Iterator[str]:
    """The lines of a text that are not blank."""
    with refusing(file), opened(file) as data:
        for line in data.read().decode("utf-8-sig").split("\n"):
            if line.strip():
                yield line.removesuffix("\r")


CSV: Final = "metadata.csv"
FILE_NAME: Final = "file_name"  # the keys of both
PARTS_FILE_NAME: Final = "parts_file_name"
LABEL: Final = "label"
# Of metadata.jsonl, which hold numbers by name; by what is painted (painting.KINDS).
VECTOR_KEYS: Final = {"world": "face", "fractals": "fractal"}
# What a folder of a part of a set is called, and which part it is.
SPLIT_NAMES: Final = {
    **dict.fromkeys(("train", "training"), SPLITS.index("train")),
    **dict.fromkeys(("validation", "valid", "val", "dev"), SPLITS.index("choose")),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), SPLITS.index("test")),
}
_SPLIT: Final = f"(?P<split>{'|'.join(SPLIT_NAMES)})"
_LABEL: Final = "(?P<label>[^/]+)"
_TRAIN, _TEST = SPLITS.index("train"), SPLITS.index("test")
_EYES: Final = (PART_INDEX["left_eye"], PART_INDEX["right_eye"])


class Layout(NamedTuple):
    """One way in which a set of pictures comes as a folder."""

    find: Callable[[Path], Path | None]  # where its pictures are, from few files; None: not of it
    list: Callable[[Path, Path], Listing]  # of the folder, and of where its pictures are

    @property
    def about(self) -> str:
        """What must be there, for people: it is the docstring of the lister."""
        return " ".join((self.list.__doc__ or "").split())


def _where(*places: str, names: str = "") -> Callable[[Path], Path | None]:
    """Find the first of these places that is a folder; with a pattern the first that has pictures,
    if most are so named, or, for FOLDER/PICTURE, the first whose folders all begin with such."""

    def find(path: Path) -> Path | None:
        for home in (path / place for place in places if (path / place).is_dir()):
            if "/" in names:
                folders = names_in(home, folders=True, most=LOOKED_AT)[:8]
                few = [f"{f}/{name}" for f in folders for name in few_pictures(home / f)[:1]]
            else:
                few = few_pictures(home)
            fit = sum(re.fullmatch(names, name) is not None for name in few)
            if not names or (few and fit == len(few)):
                return home
            if few and "/" not in names:
                return home if 2 * fit > len(few) else None
        return None

    return find


# imagefolder: described by metadata.jsonl or metadata.csv, or folders train, validation, test


def _find_imagefolder(path: Path) -> Path | None:
    """It is described, or all it holds is folders called train, test, ...; and packs."""
    folders = names_in(path, folders=True, most=LOOKED_AT)[:_FEW]
    folders = {name for name in folders if not is_pack(path / name)}
    split = bool(folders) and folders <= SPLIT_NAMES.keys() and not few_pictures(path)
    return path if split or _metadata_in(path) else None


def _list_imagefolder(path: Path, home: Path) -> Listing:
    """metadata.jsonl or metadata.csv, or folders train, validation, test with classes in them"""
    if files := _metadata_in(path):
        return _list_metadata(path, files)
    names = pictures_below(path)
    return listing_of(path, path, names, **_read_names(names, f"(?:{_SPLIT}/)?(?:{_LABEL}/)?.*"))


def _metadata_in(path: Path) -> list[Path]:
    """The file that describes this folder, or those that describe the parts of the set in it."""
    if file := file_of(path, (METADATA, CSV)):
        return [file]
    parts = (file_of(path / name, (METADATA, CSV)) for name in sorted(SPLIT_NAMES))
    return [part for part in parts if part]


def _list_metadata(path: Path, files: Sequence[Path]) -> Listing:
    """What the files say, in their order, as one listing; other pictures are counted."""
    found, kinds, lost = list[tuple[Record, str]](), set[Any](), 0
    for file in files:
        with refusing(file):
            lines, absent = _lines_of_csv(file) if file.name == CSV else (read_lines(file), 0)
            records, kind = _read_records(lines, _start(path, file.parent))
            found += records
            lost += absent
            kinds.add(kind)
            if len(kinds) > 1:
                raise InputError("describes other things than the others", "give all the same")
    classes = sorted({label for _, label in found} - {""})
    numbers = {label: number for number, label in enumerate(classes)}
    views = [view for record, _ in found for view in record.sides]
    listed = {normpath(name) for view in views for name in (view.picture, view.parts) if name}
    return Listing(
        records=[replace(record, label=numbers.get(label, -1)) for record, label in found],
        classes=tuple(classes),
        vector_names=kinds.pop()[1],
        blame=files[0].relative_to(path).as_posix(),
        lost=lost + len(set(pictures_below(path)) - listed),
    )


def _read_records(
    lines: Iterable[str | dict[str, Any]], start: str
) -> tuple[list[tuple[Record, str]], tuple[tuple[str, ...], ...]]:
    """The records of one file with their classes, and what all of them have: sides and numbers.

    Lines are of a metadata.jsonl (painting.py has the keys), or their like of a metadata.csv.
    """
    mend = f"mend it, or take {METADATA} away to use the pictures alone"
    records, kinds = list[tuple[Record, str]](), set[Any]()
    for text in lines:
        try:
            line, label = (json.loads(text), "") if isinstance(text, str) else (text, text[LABEL])
            views = _views(line, start)
            numbers = next((line[key] for key in VECTOR_KEYS.values() if key in line), {})
            kinds.add((tuple(views), tuple(numbers)))
            if len(kinds) > 1:
                raise ValueError("it is unlike the first")
            record = Record(
                sides=tuple(views.values()),
                vector=vector_of(list(numbers.values())) if numbers else None,
                split=SPLIT_NAMES.get(next(iter(views.values())).picture.partition("/")[0], -1),
                seed=np.array(line.get("seed", -1)).astype(np.int64, casting="safe").item(),
            )
            records.append((record, label))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            problem = f"is wrong at {shown(str(text)[:40])} ({shown(str(error))[:200]})"
            raise InputError(problem, mend) from error
    if not records:
        raise InputError("holds no pictures", "check the name")
    return records, kinds.pop()


def join(prefix: str, name: str) -> str:
    """The key of a side's `name`, or its folder."""
    return f"{prefix}_{name}" if prefix else name


def _views(line: Mapping[str, Any], start: str) -> dict[str, View]:
    """The picture of a line, or the two of a pair, by what stands before their keys."""
    ends, sides = f"_{FILE_NAME}", [""]
    if FILE_NAME not in line:
        keys = [key for key in line if key.endswith(ends) and not key.endswith(PARTS_FILE_NAME)]
        sides = [key.removesuffix(ends) for key in keys]
    if len(sides) not in (1, 2):
        raise ValueError("it names no picture, or more than the two of a pair")
    parts = {side: line.get(join(side, PARTS_FILE_NAME)) for side in sides}
    return {
        side: View(
            picture=start + _inside(line[join(side, FILE_NAME)]),
            parts="" if parts[side] is None else start + _inside(parts[side]),
            points=line.get(join(side, "landmarks")),
            visible=line.get(join(side, "visible")),
        )
        for side in sides
    }


def _inside(name: Any) -> str:
    """The name, if it is of a file below the folder."""
    if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        raise ValueError(f"{name} is not the name of a file in the folder")
    return name


def _lines_of_csv(file: Path) -> tuple[list[dict[str, Any]], int]:
    """The pictures of a metadata.csv that are there, as lines of a metadata.jsonl, and how many are
    not: `label` is the class, and each other column is kept whose cells are numbers or empty."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text, strict=True, skipinitialspace=True))
    if any(None in row or None in row.values() for row in rows):
        raise InputError("has a row with more or fewer cells than the first line", AGAIN)
    if not rows or FILE_NAME not in rows[0]:
        raise InputError(f"has no column {FILE_NAME}, of the pictures' names", AGAIN)
    there = [row for row in rows if (file.parent / _inside(row[FILE_NAME])).is_file()]
    if not there:
        raise InputError("names no picture that is there", "copy the pictures beside it")
    columns = list[str]()
    for name in [name for name in rows[0] if name not in (FILE_NAME, LABEL)]:
        with suppress(ValueError):  # words
            if [float(row[name]) for row in rows if row[name].strip()]:
                columns.append(name)
    lines = [
        {
            FILE_NAME: row[FILE_NAME],
            LABEL: row.get(LABEL, ""),
            VECTOR_KEYS["world"]: {name: float(row[name].strip() or nan) for name in columns},
        }
        for row in there
    ]
    return lines, len(rows) - len(there)


IMAGEFOLDER: Final = Layout(_find_imagefolder, _list_imagefolder)


# plain: any folder of pictures


def _list_plain(path: Path, home: Path) -> Listing:
    """any folder of pictures; folders are classes if all pictures are in them; lists: splits"""
    names = pictures_below(path)
    found = _read_names(names, f"(?:{_LABEL}/)?.*")
    found["splits"] = listed(path, names)
    return listing_of(path, path, names, **found)


def listed(path: Path, names: Sequence[str]) -> dict[str, int]:
    """What train.txt, val.txt and test.txt say their pictures are for, of this folder or of the one
    above; where there is no train.txt, all others are for training. A text with a line that names
    no picture is no such list."""
    split_of = dict[str, int]()
    for home, start in ((path, ""), (path.resolve().parent, f"{path.resolve().name}/")):
        for word, split in SPLIT_NAMES.items():
            file = home / f"{word}.txt"
            if file.is_file() and file.stat().st_size:
                lines = {line.strip() for line in read_lines(file)}
                mine = {line.removeprefix(start) for line in lines if line.startswith(start)}
                split_of |= dict.fromkeys(mine, split) if mine <= set(names) else {}
    known = not split_of or _TRAIN in split_of.values()
    return split_of if known else {**dict.fromkeys(names, _TRAIN), **split_of}


PLAIN: Final = Layout(lambda path: path, _list_plain)


# unpaired: trainA/ trainB/ testA/ testB/, or train/A/ and so on: two kinds of picture

_KINDS: Final = [
    f"{name}{sign}{kind}" for sign in ("", "/") for kind in "AB" for name in SPLIT_NAMES
]


def _list_unpaired(path: Path, home: Path) -> Listing:
    """trainA and trainB: two kinds of picture that are not pairs; testA and testB"""
    names = [f"{folder}/{name}" for folder in _KINDS for name in pictures_below(path / folder)]
    return listing_of(path, path, names, **_read_names(names, f"{_SPLIT}/?(?P<label>[AB])/.*"))


UNPAIRED: Final = Layout(
    lambda path: path if {k[-1] for k in _KINDS if (path / k).is_dir()} == {*"AB"} else None,
    _list_unpaired,
)


# CelebA: 202,599 aligned faces; its tables as .txt or .csv, beside them or in Anno/ and Eval/

_CELEBA: Final = [  # Kaggle nests the folder in one of its own name
    f"{place}{inner}"
    for place in ("", "Img/", "CelebA/", "CelebA/Img/", "celeba/")
    for inner in ("img_align_celeba/img_align_celeba", "img_align_celeba")
]


def _list_celeba(path: Path, home: Path) -> Listing:
    """img_align_celeba.zip, unpacked, and CelebA's tables"""
    found = _attributes(_find_table(path, "list_attr_celeba"))
    people, splits = _find_table(path, "identity_CelebA").rows, _partition(path)
    found["classes"] = {name: f"{number:.0f}" for name, (number, *_) in people.items()}
    named = (*found["vectors"], *people, *splits)
    return listing_of(path, home, pictures_in(home), order=int, splits=splits, named=named, **found)


def _find_table(path: Path, stem: str) -> Table:
    places = ("", "Anno", "Eval", "CelebA/Anno", "CelebA/Eval", "celeba")
    return read_table(file_of(path, (f"{stem}.txt", f"{stem}.csv"), places))


def _attributes(table: Table) -> dict[str, Any]:
    """Attributes as `listing_of` takes them: 1 (has it) and 0 (has not); the files say 1 and -1."""
    rows = {name: [float(value > 0) for value in values] for name, values in table.rows.items()}
    columns = [f"attribute_{i}" for i in range(len(next(iter(rows.values()), ())))]
    return {"columns": table.columns or columns, "vectors": rows}


def _partition(path: Path) -> dict[str, int]:
    """Which part of the set each picture is in: the file's 0, 1, 2 are SPLITS in order."""
    name = "list_eval_partition"
    parts = {name: int(number) for name, (number, *_) in _find_table(path, name).rows.items()}
    if not set(parts.values()) <= set(range(len(SPLITS))):
        raise InputError(f"{name} names a part of the set that is not 0, 1 or 2", AGAIN)
    return parts


CELEBA: Final = Layout(_where(*_CELEBA), _list_celeba)


# CelebAMask-HQ: 30,000 faces of 1024 px, and a mask of 512 px for each part of each face; or a
# folder of maps of the 19 classes that were joined before

_PICTURES, _MASKS, _JOINED = "CelebA-HQ-img", "CelebAMask-HQ-mask-anno", "CelebAMask-HQ-mask"
_MAPPING: Final = "CelebA-HQ-to-CelebA-mapping.txt"
# What the files of the parts are called, in the official order, which is that of conventions.PARTS,
# where l_ is called left; part i has label i + 1.
PART_FILES: Final = (
    *("skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear"),
    *("mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"),
)
_FACES_ASKED: Final = 15  # whose eyes tell whose left is meant


def _find_celebamask(path: Path) -> Path | None:
    folder = folder_of(path, (_PICTURES, f"CelebAMask-HQ/{_PICTURES}"))
    return folder.parent if folder and folder_of(folder.parent, (_MASKS, _JOINED)) else None


def _list_celebamask(path: Path, home: Path) -> Listing:
    """CelebAMask-HQ.zip, unpacked: CelebA-HQ-img, and CelebAMask-HQ-mask-anno or
    CelebAMask-HQ-mask"""
    names = [name for name in pictures_in(home / _PICTURES) if Path(name).stem.isdecimal()]
    numbers = {name: int(Path(name).stem) for name in names}
    maps = {Path(name).stem: {"parts": name} for name in _pictures(path, home / _JOINED)}
    views = {name: maps[f"{n}"] for name, n in numbers.items() if f"{n}" in maps}
    if not views:
        masks = _find_masks(path, home)
        views = {name: {"masks": tuple(sorted(masks[n].items()))} for name, n in numbers.items()}
    swapped = {"swapped": _sides_are_swapped(path, views.values())}
    views = {name: view | swapped for name, view in views.items()}
    found = _attributes(read_table(file_of(home, ("CelebAMask-HQ-attribute-anno.txt",))))
    splits, mapping, partition = dict[str, int](), home / _MAPPING, _partition(home)
    if partition and mapping.is_file():
        with refusing(mapping):  # the face's number, the number in CelebA, the name in CelebA
            cells = [line.split() for line in read_lines(mapping)][1:]
            originals = {int(number): name for number, _, name in cells}
        splits = {name: partition.get(originals.get(n, ""), -1) for name, n in numbers.items()}
    found |= {"splits": splits, "views": views, "named": found["vectors"]}
    return listing_of(path, home / _PICTURES, names, **found)


def _find_masks(path: Path, home: Path) -> Mapping[int, dict[int, str]]:
    """The file of each part of each face, by its number and the part's label."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    root = home / _MASKS
    for folder in (root, *(root / name for name in names_in(root, folders=True))):
        for name in names_in(folder, folders=False):
            match = re.fullmatch(r"(\d+)_([a-z_]+)\.png", name)
            if match and match[2] in PART_FILES:
                label = PART_FILES.index(match[2]) + 1
                found[int(match[1])][label] = _start(path, folder) + name
    return found


def _sides_are_swapped(path: Path, views: Iterable[Mapping[str, Any]]) -> bool:
    """Whether l_ means the left of the picture, so that left and right must change places.

    A trombine's left is the person's. What l_eye is, the paper, the README and the official code
    leave open, and people who use the set disagree. The faces of CelebA-HQ are upright and look at
    the viewer, so the masks themselves say it: if l_eye is left of r_eye in most of the first
    faces that have both, l_ is the picture's left, which is the person's right.
    """
    votes = list[bool]()
    for view in views:
        with suppress(InputError, KeyError):  # said when the picture itself is read
            if "parts" in view:
                labels = load_labels(path / view["parts"])
                eyes = [labels == eye for eye in _EYES]
            else:
                files = dict(view["masks"])
                eyes = [load_labels(path / files[eye]) > 127 for eye in _EYES]
            left, right = (np.nonzero(eye)[1] / eye.shape[1] for eye in eyes)
            if len(left) and len(right):
                votes.append(float(left.mean()) < float(right.mean()))
        if len(votes) == _FACES_ASKED:
            break
    return 2 * sum(votes) > len(votes)


CELEBAMASK: Final = Layout(_find_celebamask, _list_celebamask)


# FFHQ: 70,000 faces as thumbnails of 128 px, or of 1024 px, with 68 landmarks and a split

_FFHQ: Final = {"thumbnails128x128": 128, "images1024x1024": 1024}  # pixels
_FFHQ_JSON: Final = "ffhq-dataset-v2.json"  # its landmarks are given for 1024 px


def _list_ffhq(path: Path, home: Path) -> Listing:
    """thumbnails128x128 or images1024x1024, and ffhq-dataset-v2.json"""
    names, file = pictures_below(home), path / _FFHQ_JSON
    name_of = {Path(name).stem.lstrip("0") or "0": name for name in names}
    views, splits, entries = dict[str, Any](), dict[str, int](), dict[str, Any]()
    scale = np.float32(_FFHQ[home.name] / 1024)

    def slim(entry: dict[str, Any]) -> dict[str, Any]:  # of 255 MB what is wanted
        return {k: entry[k] for k in ("category", "image", "face_landmarks") if k in entry} or entry

    if file.is_file():
        with refusing(file), opened(file) as data:
            entries = json.load(data, object_hook=slim)
            for number in name_of.keys() & entries.keys():
                name, entry = name_of[number], entries[number]
                marks = np.reshape(entry["image"]["face_landmarks"], (LANDMARK_COUNT, 2))
                views[name] = {"points": marks.astype(np.float32) * scale}
                splits[name] = SPLIT_NAMES[entry["category"]]
    named = [name_of.get(number, number) for number in entries]
    blame = _FFHQ_JSON if views else ""
    return listing_of(path, home, names, splits=splits, named=named, views=views, blame=blame)


FFHQ: Final = Layout(_where(*_FFHQ), _list_ffhq)


# LFW: a folder for each of 5,749 people, and the split of its View 1

_ARCHIVES: Final = ("lfw", "lfw_funneled", "lfw-funneled", "lfw-deepfunneled", "lfw_deepfunneled")
_LFW: Final = ("", *_ARCHIVES, *(f"{name}/{name}" for name in _ARCHIVES))


def _list_lfw(path: Path, home: Path) -> Listing:
    """lfw.tgz, unpacked: a folder of pictures for each person, NAME/NAME_0001.jpg"""
    names = [name for name in pictures_below(home) if name.count("/") == 1]
    use, counts = dict[str, int](), dict[str, int]()
    for part in ("Train", "Test"):
        files = (f"peopleDev{part}.txt", f"peopleDev{part}.csv")
        if table := file_of(path, files, ("", _start(path, home))):
            with refusing(table):
                for line in list(read_lines(table))[1:]:  # after the count, or the heading
                    who, *count = re.split(r"[\t,]", line.strip())
                    use[who] = SPLIT_NAMES[part.lower()]
                    counts[who] = int(count[0]) if count else 0
    classes = {name: name.partition("/")[0] for name in names}
    splits = {name: use.get(who, -1) for name, who in classes.items()}
    end = Path(names[0]).suffix if names else ".jpg"
    named = [f"{who}/{who}_{i + 1:04d}{end}" for who, count in counts.items() for i in range(count)]
    return listing_of(path, home, names, classes=classes, splits=splits, named=named)


LFW: Final = Layout(_where(*_LFW, names=r"([^/]+)/\1_\d{4}\.\w+"), _list_lfw)


# UTKFace: 23,708 faces whose names say age, gender and race: 26_0_2_20170104023102422.jpg. gender:
# 0 male, 1 female; race: 0 White, 1 Black, 2 Asian, 3 Indian, 4 others. A few names lack a number;
# of one number after the age nobody can tell which of the two it is.

_UTKFACE: Final = (
    *("", "UTKFace", "utkface_aligned_cropped/UTKFace", "crop_part1", "part1", "part2", "part3"),
)
_UTK_NAME: Final = r"(?P<age>\d{1,3})_((?P<gender>[01]?)_(?P<race>[0-4]?)|\d?)_\d{14,}\D.*"


def _list_utkface(path: Path, home: Path) -> Listing:
    """UTKFace.tar.gz, unpacked: age, gender and race from the pictures' names"""
    names = _pictures(path, *_UTKFACE)
    return listing_of(path, path, names, **_read_names(names, f"(.*/)?{_UTK_NAME}"))


UTKFACE: Final = Layout(_where(*_UTKFACE, names=_UTK_NAME), _list_utkface)


# Anime-Face-Dataset: drawn faces, images/46651_2008.jpg, a number and a year

_ANIME: Final = ("images", "data", "images/images", "")
_ANIME_NAME: Final = r"\d+_(?P<year>(19|20)\d\d)\.\w+"


def _list_anime(path: Path, home: Path) -> Listing:
    """images, the archive unpacked: drawn faces, the year in their names"""
    names = pictures_in(home)
    return listing_of(path, home, names, **_read_names(names, _ANIME_NAME))


ANIME: Final = Layout(_where(*_ANIME, names=_ANIME_NAME), _list_anime)


# Simpsons: simpsons_dataset/homer_simpson/pic_0001.jpg, kaggle_simpson_testset/homer_simpson_0.jpg;
# or Simpsons Faces, cropped/1.png and simplified/1.png: the same faces twice

_SET, _TESTSET = "simpsons_dataset", "kaggle_simpson_testset"
_find_characters = _where("", _SET, f"{_SET}/{_SET}", "characters", names=r"[^/]+/pic_\d+\.\w+")


def _find_simpsons(path: Path) -> Path | None:
    faces = folder_of(path, ("cropped/cropped", "cropped"))
    return _find_characters(path) or (faces if (path / "simplified").is_dir() else None)


def _list_simpsons(path: Path, home: Path) -> Listing:
    """simpsons_dataset, a folder of pictures for each character, and kaggle_simpson_testset; or
    cropped faces"""
    if home != _find_characters(path):  # the simplified faces are drawn from the cropped ones
        return listing_of(path, home, pictures_in(home))
    # Kaggle's archive holds its set once more inside itself.
    people = sorted(set(names_in(home, folders=True)) - {_SET, _TESTSET, "characters"})
    classes = {name: who for who in people for name in _pictures(path, home / who)}
    splits = dict[str, int]()
    if test := folder_of(path, (f"{_TESTSET}/{_TESTSET}", _TESTSET)):
        tested = {n: re.fullmatch(r".*/(.+)_\d+\.\w+", n) for n in _pictures(path, test)}
        splits = dict.fromkeys(classes, _TRAIN) | dict.fromkeys(tested, _TEST)
        classes |= {name: who[1] if who else "" for name, who in tested.items()}
    return listing_of(path, path, list(classes), classes=classes, splits=splits)


SIMPSONS: Final = Layout(_find_simpsons, _list_simpsons)


# Flickr8k: 8,091 photographs of everyday scenes, with its split

_FLICKR: Final = (
    *("Images", "Flicker8k_Dataset/Flicker8k_Dataset", "Flicker8k_Dataset"),
    *("Flickr8k_Dataset/Flicker8k_Dataset", "Flickr8k_Dataset/Flickr8k_Dataset"),
    *("Flickr8k_Dataset", "images"),
)
_FLICKR_TEXTS: Final = ("", "Flickr8k_text")
_CAPTIONS: Final = ("captions.txt", "Flickr8k.token.txt", "Flickr8k.lemma.token.txt")


def _list_flickr(path: Path, home: Path) -> Listing:
    """Flickr8k_Dataset.zip, unpacked, and its captions"""
    splits = dict[str, int]()
    for part in ("train", "dev", "test"):
        if file := file_of(path, (f"Flickr_8k.{part}Images.txt",), _FLICKR_TEXTS):
            splits |= {line.strip(): SPLIT_NAMES[part] for line in read_lines(file)}
    return listing_of(path, home, pictures_in(home), splits=splits, named=splits)


FLICKR: Final = Layout(
    lambda path: file_of(path, _CAPTIONS, _FLICKR_TEXTS) and folder_of(path, _FLICKR),
    _list_flickr,
)
