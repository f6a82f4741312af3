"""How sets of pictures come as folders: each layout lists what is there, before a picture is read.

A layout makes a Listing of a folder: which pictures there are, and what the set's own files say of
them. No picture outside of the folder is listed. LAYOUTS, at the end, is the table; a folder is of
the first layout that recognises it. reading.py makes rows of the records.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import nan
from pathlib import Path, PurePath
from posixpath import normpath
from typing import Any, Final, NamedTuple

import numpy as np

from trombine.core.conventions import LANDMARK_COUNT, PART_INDEX
from trombine.core.errors import InputError, shown
from trombine.data.columns import SPLITS
from trombine.data.listing import (
    AGAIN,
    METADATA,
    Listing,
    Record,
    Table,
    View,
    bad_line,
    few_folders,
    few_pictures,
    file_of,
    folder_of,
    folders_in,
    labelled,
    lacking,
    missing_in,
    names_in,
    pictures,
    pictures_below,
    pictures_in,
    prefix,
    read_lines,
    read_table,
    records_of,
)
from trombine.data.made import VECTOR_KEYS
from trombine.data.pack import is_pack
from trombine.io.files import opened
from trombine.io.image import load_labels

CSV: Final = "metadata.csv"
FILE_NAME: Final = "file_name"  # the keys of both
PARTS_FILE_NAME: Final = "parts_file_name"
LABEL: Final = "label"
# What a folder of a part of a set is called, and which part it is.
SPLIT_NAMES: Final = {
    **dict.fromkeys(("train", "training"), SPLITS.index("train")),
    **dict.fromkeys(("validation", "valid", "val", "dev"), SPLITS.index("choose")),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), SPLITS.index("test")),
}
_TRAIN, _TEST = SPLITS.index("train"), SPLITS.index("test")


class Layout(NamedTuple):
    """One way in which a set of pictures comes as a folder."""

    name: str
    recognise: Callable[[Path], bool]  # looks at few files
    list: Callable[[Path], Listing]  # raises InputError for what is missing

    @property
    def about(self) -> str:
        """One line, for people."""
        return (self.list.__doc__ or "").rstrip(".")


def list_folder(path: Path, layout: str = "") -> Listing:
    """The pictures of a folder, by the layout of this name, or by that which recognises it.

    Raises InputError for a folder that holds none or is not of the layout.
    """
    if not path.is_dir():
        raise InputError("is not a folder", "check the name", path=path)
    if layout and layout not in LAYOUTS:
        problem = f"cannot be read as {shown(layout)!r}"
        raise InputError(problem, f"a layout is one of {', '.join(LAYOUTS)}", path=path)
    name = layout or layout_of(path)
    listing = LAYOUTS[name].list(path)
    if not listing.records and is_pack(path):
        raise InputError("is a pack already", f"use it as pack:{shown(path)}", path=path)
    if not listing.records:
        raise InputError("holds no pictures", "check the name", path=path)
    return replace(listing, layout=name)


def layout_of(path: Path) -> str:
    """The name of the layout that a folder is of."""
    return next(name for name, layout in LAYOUTS.items() if layout.recognise(path))


# imagefolder: described by metadata.jsonl or metadata.csv, or folders train, validation, test


def _list_imagefolder(path: Path) -> Listing:
    """metadata.jsonl or metadata.csv, or folders train, validation, test with classes in them."""
    if files := _metadata_in(path):
        return _list_metadata(path, files)
    names = pictures_below(path)
    splits = [_split_of(name) for name in names]
    within = [name.partition("/")[2] if _split_of(name) >= 0 else name for name in names]
    classes, labels = _folder_classes(within)
    records = records_of(names, labels=labels, splits=splits)
    return Listing(records=records, classes=classes, notes=_strays(within))


def _is_imagefolder(path: Path) -> bool:
    """Whether it is described, or all it holds is folders called train, test, ...; and packs."""
    folders = [name for name in few_folders(path) if not is_pack(path / name)]
    split = bool(folders) and all(name in SPLIT_NAMES for name in folders)
    return bool(_metadata_in(path)) or (split and not few_pictures(path))


def _split_of(name: str) -> int:
    """The part of the set that the picture's first folder is called after; -1: none."""
    first, slash, _ = name.partition("/")
    return SPLIT_NAMES.get(first, -1) if slash else -1


def _metadata_in(path: Path) -> list[Path]:
    """The file that describes this folder, or those that describe the parts of the set in it."""
    files = (METADATA, CSV)
    if file := file_of(path, files):
        return [file]
    parts = (file_of(path / name, files) for name in sorted(SPLIT_NAMES))
    return [part for part in parts if part]


def _list_metadata(path: Path, files: Sequence[Path]) -> Listing:
    """What the files say, in their order, as one listing; other pictures are counted."""
    listings = [_list_jsonl(file) if file.name == METADATA else _list_csv(file) for file in files]
    first = listings[0]
    classes = tuple(sorted({name for listing in listings for name in listing.classes}))
    records, missing = list[Record](), list[str]()
    for file, listing in zip(files, listings, strict=True):
        sides = len(listing.records[0].sides)
        if (listing.vector_names, sides) != (first.vector_names, len(first.records[0].sides)):
            problem = f"describes other things than {files[0].parent.name}/{files[0].name}"
            raise InputError(problem, "give both the same columns", path=file)
        labels = [*(classes.index(name) for name in listing.classes), -1]
        start = prefix(path, file.parent)
        for record in listing.records:
            views = tuple(
                replace(view, picture=start + view.picture, parts=view.parts and start + view.parts)
                for view in record.sides
            )
            moved = replace(record, sides=views, label=labels[record.label])
            records.append(replace(moved, split=_split_of(moved.name)))
        if listing.missing:
            missing.append(file.relative_to(path).as_posix())
    views = [view for record in records for view in record.sides]
    listed = {normpath(name) for view in views for name in (view.picture, view.parts) if name}
    unlisted = len(set(pictures_below(path)) - listed)
    verbs = "is not in {}, and is" if unlisted == 1 else "are not in {}, and are"
    names = " or ".join(file.relative_to(path).as_posix() for file in files)
    note = f"{pictures(unlisted)} of the folder {verbs.format(names)} left out"
    return replace(
        first,
        records=records,
        classes=classes,
        blame=files[0].relative_to(path).as_posix(),
        missing=sum(listing.missing for listing in listings),
        named_in=tuple(missing),
        notes=(note,) if unlisted else (),
    )


def sides_of(line: Mapping[str, Any]) -> tuple[str, ...]:
    """What stands before the keys of each picture of a line: ("",), or the names of a pair."""
    if FILE_NAME in line:
        return ("",)
    ends = f"_{FILE_NAME}"
    keys = [key for key in line if key.endswith(ends) and not key.endswith(PARTS_FILE_NAME)]
    return tuple(key.removesuffix(ends) for key in keys)


def join(prefix: str, name: str) -> str:
    """The key of a side's `name`, or its folder."""
    return f"{prefix}_{name}" if prefix else name


def _list_jsonl(file: Path) -> Listing:
    """The pictures of a metadata.jsonl, in its order: painting.py has the keys."""
    records, like = list[Record](), None
    mend = f"mend it, or take {METADATA} away to use the pictures alone"
    for number, text in enumerate(read_lines(file), 1):
        if not text.strip():
            continue
        try:
            record, *kind = _record_of(json.loads(text))
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise InputError(f"is wrong in line {number} ({error})", mend, path=file) from error
        except RecursionError:
            raise InputError(f"is wrong in line {number}", mend, path=file) from None
        like = like or kind
        if kind != like:
            raise InputError(f"has a line {number} unlike its first", mend, path=file)
        records.append(record)
    if like is None:
        raise InputError("holds no pictures", "check the name", path=file)
    return Listing(records=records, vector_names=like[1], blame=METADATA)


def _record_of(line: Any) -> tuple[Record, tuple[str, ...], tuple[str, ...]]:
    """The record of a line, the names of its sides, and those of its numbers."""
    sides = sides_of(line)
    if len(sides) not in (1, 2):
        raise ValueError("it names no picture, or more than the two of a pair")
    views = []
    for side in sides:
        parts = line.get(join(side, PARTS_FILE_NAME))
        views.append(
            View(
                picture=_inside(line[join(side, FILE_NAME)]),
                parts="" if parts is None else _inside(parts),
                points=line.get(join(side, "landmarks")),
                visible=line.get(join(side, "visible")),
            )
        )
    numbers = next((line[key] for key in VECTOR_KEYS if key in line), {})
    vector = np.array(list(numbers.values()), np.float64)
    if np.isinf(vector).any():
        raise ValueError("a number is infinite")
    seed = line.get("seed", -1)
    if type(seed) is not int or not -1 <= seed < 2**63:
        raise ValueError("seed is not a whole number of 0 to 2**63 - 1")
    record = Record(sides=tuple(views), vector=vector if numbers else None, seed=seed)
    return record, sides, tuple(numbers)


def _inside(name: object) -> str:
    """The name, if it is of a file below the folder."""
    if not isinstance(name, str) or PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        raise ValueError(f"{name} is not the name of a file in the folder")
    return name


def _list_csv(file: Path) -> Listing:
    """The pictures of a metadata.csv, those that are there: `label` is the class, and each other
    column is kept whose cells are all numbers or empty."""
    reader = csv.DictReader(
        (f"{line}\n" for line in read_lines(file)), strict=True, skipinitialspace=True
    )
    rows = list[dict[str, str]]()
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ValueError("it has more or fewer cells than the first line")
            rows.append(row | {FILE_NAME: _inside(row[FILE_NAME])})
        if not rows or FILE_NAME not in rows[0]:
            raise KeyError(FILE_NAME)
    except KeyError:
        problem = f"has no column {FILE_NAME} in its first line"
        raise InputError(problem, "name the pictures' column so", path=file) from None
    except (csv.Error, ValueError) as error:
        problem = f"cannot be read in line {reader.line_num}: {shown(str(error))}"
        raise InputError(problem, AGAIN, path=file) from error
    there = [row for row in rows if (file.parent / row[FILE_NAME]).is_file()]
    if not there:
        raise InputError("names no picture that is there", "copy the pictures beside it", path=file)
    others = [name for name in there[0] if name not in (FILE_NAME, LABEL)]
    columns = {name: _numbers([row[name] for row in rows]) for name in others}
    names = tuple(name for name, numbers in columns.items() if numbers is not None)
    vectors = np.array([[float(row[name].strip() or nan) for name in names] for row in there])
    if np.isinf(vectors).any():
        raise InputError("gives an infinite number", "mend it, or leave the cell empty", path=file)
    classes, labels = labelled([row.get(LABEL, "") for row in there])
    paths = [row[FILE_NAME] for row in there]
    return Listing(
        records=records_of(paths, vectors=vectors if names else None, labels=labels),
        classes=classes,
        vector_names=names,
        missing=len(rows) - len(there),
    )


def _numbers(cells: Sequence[str]) -> list[float] | None:
    """The numbers of cells; None where one is no number, or all are empty."""
    if not any(cell.strip() for cell in cells):
        return None
    try:
        return [float(cell.strip() or nan) for cell in cells]
    except ValueError:
        return None


# plain: any folder of pictures


def _list_plain(path: Path) -> Listing:
    """any folder of pictures; folders are classes if all pictures are in them; lists: splits."""
    names = pictures_below(path)
    classes, labels = _folder_classes(names)
    records = records_of(names, labels=labels, splits=_listed(path, names))
    return Listing(records=records, classes=classes, notes=_strays(names))


def _folder_classes(names: Sequence[str]) -> tuple[tuple[str, ...], list[int] | None]:
    """The first folder of each name, if every picture is in one."""
    if not all("/" in name for name in names):
        return (), None
    return labelled([name.partition("/")[0] for name in names])


def _listed(path: Path, names: Sequence[str]) -> list[int] | None:
    """What train.txt, val.txt and test.txt say their pictures are for; where there is no train.txt,
    all others are for training. A text with a line that names no picture is no such list."""
    split_of = dict[str, int]()
    for word, split in SPLIT_NAMES.items():
        file = path / f"{word}.txt"
        if file.is_file() and file.stat().st_size:
            lines = {line.strip() for line in read_lines(file) if line.strip()}
            split_of |= dict.fromkeys(lines, split) if lines <= set(names) else {}
    if not split_of:
        return None
    other = -1 if _TRAIN in split_of.values() else _TRAIN
    return [split_of.get(name, other) for name in names]


def _strays(names: Sequence[str]) -> tuple[str, ...]:
    """What to say where a few pictures beside several folders keep these from being classes."""
    folders = {name.partition("/")[0] for name in names if "/" in name}
    strays = sum("/" not in name for name in names)
    if len(folders) < 2 or not 0 < strays < len(names) / 2:
        return ()
    lie = "lies" if strays == 1 else "lie"
    return (f"{pictures(strays)} {lie} beside the class folders, so there are no classes",)


# unpaired: trainA/ trainB/ testA/ testB/, or train/A/ and so on: two kinds of picture

_SIDES: Final = {
    f"{name}{slash}{kind}": (split, kind)
    for slash in ("", "/")
    for kind in ("A", "B")
    for name, split in SPLIT_NAMES.items()
}


def _list_unpaired(path: Path) -> Listing:
    """trainA, trainB, testA, testB: two kinds of picture that are not pairs."""
    there = {folder: of for folder, of in _SIDES.items() if (path / folder).is_dir()}
    kinds = {kind for _, kind in there.values()}
    if kinds != {"A", "B"}:
        cure = "put the pictures of one kind into trainA, those of the other into trainB"
        raise lacking(path / ("trainB" if "A" in kinds else "trainA"), "unpaired", cure)
    named = [
        (f"{folder}/{name}", split, kind)
        for folder, (split, kind) in there.items()
        for name in pictures_below(path / folder)
    ]
    names, splits, of_kind = zip(*named, strict=True) if named else ((), (), ())
    classes, labels = labelled(of_kind)
    return Listing(records=records_of(names, labels=labels, splits=splits), classes=classes)


def _is_unpaired(path: Path) -> bool:
    sides = ([path / f"{name}{kind}" for kind in "AB"] for name in SPLIT_NAMES)
    return any(a.is_dir() and b.is_dir() for a, b in sides)


# CelebA: 202,599 aligned faces; its tables as .txt or .csv, beside them or in Anno/ and Eval/

_CELEBA: Final = tuple(  # Kaggle nests the folder in one of its own name
    f"{place}{inner}"
    for place in ("", "Img/", "CelebA/", "CelebA/Img/", "celeba/")
    for inner in ("img_align_celeba/img_align_celeba", "img_align_celeba")
)
_TABLES: Final = ("", "Anno", "Eval", "CelebA/Anno", "CelebA/Eval", "celeba")


def _list_celeba(path: Path) -> Listing:
    """CelebA: aligned faces, 40 attributes, five points, people, splits."""
    folder = folder_of(path, _CELEBA, "celeba", "img_align_celeba.zip")
    names = pictures_in(folder)
    attributes = _attributes(_find_table(path, "list_attr_celeba"))
    points = _find_table(path, "list_landmarks_align_celeba", 10)
    partition = _find_table(path, "list_eval_partition", 1)
    people = _find_table(path, "identity_CelebA", 1)
    classes, labels = (), None
    if people:
        numbers = np.nan_to_num(people.of(names)[:, 0], nan=-1).astype(np.int64)
        known = sorted(set(numbers.tolist()) - {-1})
        classes, labels = (
            tuple(map(str, known)),
            [known.index(number) if number >= 0 else -1 for number in numbers.tolist()],
        )
    tables = [table for table in (attributes, points, partition, people) if table]
    records = records_of(
        [prefix(path, folder) + name for name in names],
        vectors=attributes.of(names) if attributes else None,
        # Whole numbers of pixels, of which CelebA does not say whether the first is 0 or 1: kept
        # as they are, which is at most half a pixel from either meaning.
        five=points.of(names).reshape(-1, 5, 2) if points else None,
        labels=labels,
        splits=_partition(partition, names) if partition else None,
    )
    return Listing(
        records=records,
        classes=classes,
        vector_names=attributes.columns if attributes else (),
        blame=points.path.relative_to(path).as_posix() if points else "",
        **missing_in({t.path.relative_to(path).as_posix(): t.rows for t in tables}, names),
    )


def _find_table(path: Path, stem: str, width: int = 0) -> Table | None:
    file = file_of(path, (f"{stem}.txt", f"{stem}.csv"), _TABLES)
    return read_table(file, width) if file else None


def _attributes(table: Table | None) -> Table | None:
    """Attributes as 1 (has it) and 0 (has not); CelebA's files say 1 and -1."""
    if table is None:
        return None
    table.check((-1, 0, 1), "an attribute is 1 or -1")
    rows = {name: [float(value > 0) for value in values] for name, values in table.rows.items()}
    width = len(next(iter(rows.values())))
    columns = table.columns or tuple(f"attribute_{i}" for i in range(width))
    return Table(table.path, columns, rows)


def _partition(table: Table, names: Iterable[str]) -> list[int]:
    """Which part of the set each picture is in: the file's 0, 1, 2 are SPLITS in order."""
    table.check(range(len(SPLITS)), "a part of the set is 0, 1 or 2")
    return [int(table.rows.get(name, [-1])[0]) for name in names]


# CelebAMask-HQ: 30,000 faces of 1024 px, and a mask of 512 px for each part of each face; or a
# folder of maps of the 19 classes that were joined before

_MASKS, _JOINED = "CelebAMask-HQ-mask-anno", "CelebAMask-HQ-mask"
_MASK_FILE: Final = re.compile(r"(\d+)_([a-z_]+)\.png")
# What the files of the parts are called, in the official order, which is that of conventions.PARTS,
# where l_ is called left; part i has label i + 1.
PART_FILES: Final = (
    *("skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear"),
    *("mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"),
)
_FACES_ASKED: Final = 15  # whose eyes tell whose left is meant


def _list_celebamask(path: Path) -> Listing:
    """CelebAMask-HQ: faces of 1024 px, their parts in 19 classes, 40 attributes, splits."""
    places = ("CelebA-HQ-img", "CelebAMask-HQ/CelebA-HQ-img")
    folder = folder_of(path, places, "celebamask-hq", "CelebAMask-HQ.zip")
    home, start = folder.parent, prefix(path, folder.parent)
    names = [name for name in pictures_in(folder) if Path(name).stem.isdecimal()]
    numbers = [int(Path(name).stem) for name in names]
    joined = {Path(name).stem: name for name in pictures_in(home / _JOINED)}
    parts = [f"{start}{_JOINED}/{joined[str(n)]}" if str(n) in joined else "" for n in numbers]
    masks = [()] * len(names) if any(parts) else _find_masks(path, home, numbers)
    table = home / "CelebAMask-HQ-attribute-anno.txt"
    attributes = _attributes(read_table(table)) if table.is_file() else None
    records = records_of(
        [f"{start}CelebA-HQ-img/{name}" for name in names],
        vectors=attributes.of(names) if attributes else None,
        splits=_celebamask_splits(home, numbers),
        parts=parts,
        masks=masks,
        swapped=_sides_are_swapped(path, parts, masks),
    )
    return Listing(
        records=records,
        vector_names=attributes.columns if attributes else (),
        **missing_in({table.name: attributes.rows} if attributes else {"": ()}, names),
    )


def _is_celebamask(path: Path) -> bool:
    homes = [path / place for place in ("", "CelebAMask-HQ")]
    home = next((home for home in homes if (home / "CelebA-HQ-img").is_dir()), None)
    return home is not None and any((home / name).is_dir() for name in (_MASKS, _JOINED))


def _find_masks(
    path: Path, home: Path, numbers: Sequence[int]
) -> list[tuple[tuple[int, str], ...]]:
    """The masks of each face, in the official order."""
    found: dict[int, dict[int, str]] = {number: {} for number in numbers}
    for folder in (home / _MASKS, *(home / _MASKS / name for name in folders_in(home / _MASKS))):
        start = prefix(path, folder)
        for name in names_in(folder, folders=False):
            match = _MASK_FILE.fullmatch(name)
            if match and match[2] in PART_FILES and int(match[1]) in found:
                found[int(match[1])][PART_FILES.index(match[2]) + 1] = start + name
    return [tuple(sorted(found[number].items())) for number in numbers]


def _sides_are_swapped(
    path: Path, parts: Sequence[str], masks: Sequence[tuple[tuple[int, str], ...]]
) -> bool:
    """Whether l_ means the left of the picture, so that left and right must change places.

    A trombine's left is the person's. What l_eye is, the paper, the README and the official code
    leave open, and people who use the set disagree. The faces of CelebA-HQ are upright and look at
    the viewer, so the masks themselves say it: if l_eye is left of r_eye in most of the first
    faces that have both, l_ is the picture's left, which is the person's right.
    """
    votes, eyes = list[bool](), (PART_INDEX["left_eye"], PART_INDEX["right_eye"])
    for file, of_parts in zip(parts, masks, strict=True):
        files = dict(of_parts)
        with suppress(InputError):  # said when the picture itself is read
            if file:
                labels = load_labels(path / file)
                left, right = (np.nonzero(labels == eye)[1] for eye in eyes)
            elif set(eyes) <= files.keys():
                shown_in = [load_labels(path / files[eye]) > 127 for eye in eyes]
                left, right = (np.nonzero(eye)[1] / eye.shape[1] for eye in shown_in)
            else:
                continue
            if len(left) and len(right):
                votes.append(float(left.mean()) < float(right.mean()))
        if len(votes) == _FACES_ASKED:
            break
    return 2 * sum(votes) > len(votes)


def _celebamask_splits(home: Path, numbers: Sequence[int]) -> list[int] | None:
    """CelebA's official split, where the table and the way from its names to these are there."""
    partition = _find_table(home, "list_eval_partition", 1)
    mapping = home / "CelebA-HQ-to-CelebA-mapping.txt"
    if partition is None or not mapping.is_file():
        return None
    originals = dict[int, str]()
    for number, line in enumerate(read_lines(mapping)[1:], 2):
        cells = line.split()  # the face's number, the number in CelebA, the name in CelebA
        if cells and (len(cells) != 3 or not cells[0].isdecimal()):
            raise bad_line(mapping, number, line)
        if cells:
            originals[int(cells[0])] = cells[2]
    return _partition(partition, [originals.get(number, "") for number in numbers])


# FFHQ: 70,000 faces as thumbnails of 128 px, or of 1024 px, with 68 landmarks and a split

_FFHQ: Final = {"thumbnails128x128": 128, "images1024x1024": 1024}  # pixels
_FFHQ_JSON: Final = "ffhq-dataset-v2.json"  # its landmarks are given for 1024 px
_FFHQ_SPLITS: Final = {"training": _TRAIN, "validation": SPLITS.index("choose")}


def _list_ffhq(path: Path) -> Listing:
    """FFHQ: thumbnails of 128 px (or pictures of 1024 px), 68 landmarks, splits."""
    folder, file = folder_of(path, _FFHQ, "ffhq", "thumbnails128x128.zip"), path / _FFHQ_JSON
    found = pictures_below(folder)
    names = [prefix(path, folder) + name for name in found]
    if not file.is_file():
        return Listing(records=records_of(names))
    again = f"download {_FFHQ_JSON} again, or take it away to use the pictures alone"
    try:
        with opened(file) as data:
            entries = json.load(data, object_hook=_slim)
        if not isinstance(entries, dict):
            raise ValueError("is no object of pictures")
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot be read ({error})", again, path=file) from error
    points = np.full((len(names), LANDMARK_COUNT, 2), np.nan, np.float32)
    splits, numbers = [-1] * len(names), [Path(name).stem.lstrip("0") or "0" for name in found]
    scale = np.float32(_FFHQ[folder.name] / 1024)
    for i, number in enumerate(numbers):
        if (entry := entries.get(number)) is None:
            continue
        try:
            landmarks = np.array(entry["image"]["face_landmarks"], np.float32)
            points[i] = landmarks.reshape(LANDMARK_COUNT, 2) * scale
            splits[i] = _FFHQ_SPLITS[entry["category"]]
        except (LookupError, TypeError, ValueError):
            raise InputError(f"is wrong about picture {number}", again, path=file) from None
    records = records_of(names, points=points, splits=splits)
    return Listing(records=records, blame=_FFHQ_JSON, **missing_in({_FFHQ_JSON: entries}, numbers))


def _slim(entry: dict[str, Any]) -> dict[str, Any]:
    """Of an object of FFHQ's 255 MB what is wanted; of others all."""
    return {k: entry[k] for k in ("category", "image", "face_landmarks") if k in entry} or entry


# LFW: a folder for each of 5,749 people, and the split of its View 1

_LFW: Final = ("lfw", "lfw_funneled", "lfw-funneled", "lfw-deepfunneled", "lfw_deepfunneled")
_LFW_SPLITS: Final = {"Train": _TRAIN, "Test": _TEST}


def _list_lfw(path: Path) -> Listing:
    """LFW: a folder of pictures for each person, the split by people."""
    home = _lfw_home(path)
    if home is None:
        cure = "unpack lfw.tgz and name the folder that holds it"
        raise lacking(path / "NAME" / "NAME_0001.jpg", "lfw", cure)
    names = [name for name in pictures_below(home) if name.count("/") == 1]
    people = [name.partition("/")[0] for name in names]
    classes, labels = labelled(people)
    counts = {part: dict(_lfw_people(path, home, part)) for part in _LFW_SPLITS}
    split = {name: _LFW_SPLITS[part] for part, stated in counts.items() for name in stated}
    records = records_of(
        [prefix(path, home) + name for name in names],
        labels=labels,
        splits=[split.get(name, -1) for name in people] if split else None,
    )
    there = Counter(people)
    lost = {
        f"peopleDev{part}": sum(max(0, count - there[name]) for name, count in stated.items())
        for part, stated in counts.items()
    }
    return Listing(
        records=records,
        classes=classes,
        missing=sum(lost.values()),
        named_in=tuple(table for table, count in lost.items() if count),
    )


def _lfw_people(path: Path, home: Path, part: str) -> Iterator[tuple[str, int]]:
    """The people in this part of the set, each with how many pictures a table says there are; where
    that is missing, who is in any pair."""
    files = (f"peopleDev{part}.txt", f"peopleDev{part}.csv", f"pairsDev{part}.txt")
    table = file_of(path, files) or file_of(home, files)
    if table is None:
        return
    paired = table.name.startswith("pairs")
    for number, line in enumerate(read_lines(table)[1:], 2):  # after the count, or the heading
        cells = [cell for cell in re.split(r"[\t,]", line.strip()) if cell]
        if not cells:
            continue
        if len(cells) not in ((3, 4) if paired else (2,)) or not cells[-1].isdecimal():
            raise bad_line(table, number, line)
        yield cells[0], 0 if paired else int(cells[1])
        if len(cells) == 4:
            yield cells[2], 0


def _lfw_home(path: Path) -> Path | None:
    """Where the first folders each hold pictures that are called after the folder."""
    for home in (path / place for place in ("", *_LFW, *(f"{name}/{name}" for name in _LFW))):
        samples = [(name, few_pictures(home / name)[:1]) for name in few_folders(home)[:8]]
        held = [(name, first[0]) for name, first in samples if first]
        if held and all(
            re.fullmatch(re.escape(name) + r"_\d{4}\.\w+", file) for name, file in held
        ):
            return home
    return None


# UTKFace: 23,708 faces whose names say age, gender and race: 26_0_2_20170104023102422.jpg. gender:
# 0 male, 1 female; race: 0 White, 1 Black, 2 Asian, 3 Indian, 4 others. A few names lack a number;
# of one number after the age nobody can tell which of the two it is.

_UTKFACE: Final = (
    *("", "UTKFace", "utkface_aligned_cropped/UTKFace", "crop_part1", "part1", "part2", "part3"),
)
_UTK_FULL: Final = re.compile(r"(\d{1,3})_([01]?)_([0-4]?)_\d{14,}\D.*")
_UTK_SHORT: Final = re.compile(r"(\d{1,3})_\d?_\d{14,}\D.*")


def _list_utkface(path: Path) -> Listing:
    """UTKFace: age, gender and race from the pictures' names."""
    folders = [path / folder for folder in _UTKFACE]
    names = [prefix(path, inner) + name for inner in folders for name in pictures_in(inner)]
    if not names:
        cure = "unpack UTKFace.tar.gz and name the folder that holds it"
        raise lacking(path / "UTKFace", "utkface", cure)
    vectors = np.array([_utk_numbers(name.rpartition("/")[2]) for name in names], np.float32)
    records = records_of(names, vectors=vectors)
    return Listing(records=records, vector_names=("age", "gender", "race"))


def _utk_numbers(name: str) -> list[float]:
    if match := _UTK_FULL.fullmatch(name):
        return [float(number or nan) for number in match.groups()]
    match = _UTK_SHORT.fullmatch(name)
    return [float(match[1]) if match else nan, nan, nan]


def _is_utkface(path: Path) -> bool:
    samples = next((few for folder in _UTKFACE if (few := few_pictures(path / folder))), [])
    return 2 * sum(_UTK_FULL.fullmatch(name) is not None for name in samples) > len(samples)


# Anime-Face-Dataset: drawn faces, images/46651_2008.jpg, a number and a year

_ANIME: Final = ("images", "data", "images/images", "")
_YEAR: Final = re.compile(r"\d+_((?:19|20)\d\d)\.\w+")


def _list_anime(path: Path) -> Listing:
    """Anime-Face-Dataset: drawn faces, the year from their names."""
    folder = next((path / place for place in _ANIME if few_pictures(path / place)), None)
    if folder is None:
        raise lacking(path / "images", "anime-faces", "unpack the set's archive there")
    names = pictures_in(folder)
    years = (_YEAR.fullmatch(name) for name in names)
    vectors = np.array([[float(year[1]) if year else nan] for year in years], np.float32)
    records = records_of([prefix(path, folder) + name for name in names], vectors=vectors)
    return Listing(records=records, vector_names=("year",))


def _is_anime(path: Path) -> bool:
    names = next((few for place in _ANIME if (few := few_pictures(path / place))), [])
    return bool(names) and all(_YEAR.fullmatch(name) for name in names)


# Simpsons: simpsons_dataset/homer_simpson/pic_0001.jpg, kaggle_simpson_testset/homer_simpson_0.jpg;
# or Simpsons Faces, cropped/1.png and simplified/1.png: the same faces twice

_SET, _TESTSET = "simpsons_dataset", "kaggle_simpson_testset"


def _list_simpsons(path: Path) -> Listing:
    """Simpsons: a folder of pictures for each character, a test set; or cropped faces."""
    home = _simpsons_home(path)
    if home is None:  # the cropped faces; the simplified ones are drawn from the same
        places = ("cropped/cropped", "cropped")
        if not any((path / place).is_dir() for place in places):
            raise lacking(path / _SET, "simpsons", "unpack the set's archive there")
        folder = folder_of(path, places)
        return Listing(records=records_of([prefix(path, folder) + n for n in pictures_in(folder)]))
    # Kaggle's archive holds its set once more inside itself.
    people = [name for name in folders_in(home) if name not in (_SET, _TESTSET, "characters")]
    named = [
        (f"{prefix(path, home)}{who}/{name}", who, _TRAIN)
        for who in people
        for name in pictures_in(home / who)
    ]
    test = folder_of(path, (f"{_TESTSET}/{_TESTSET}", _TESTSET))
    for name in pictures_in(test):
        who = re.fullmatch(r"(.+)_\d+\.\w+", name)
        named.append((prefix(path, test) + name, who[1] if who else "", _TEST))
    names, of_whom, splits = zip(*named, strict=True)
    classes, labels = labelled(of_whom)
    known = splits if _TEST in splits else None
    return Listing(records=records_of(names, labels=labels, splits=known), classes=classes)


def _simpsons_home(path: Path) -> Path | None:
    """Where the first folders all hold pictures called pic_0001.jpg."""
    for home in (path / place for place in ("", _SET, f"{_SET}/{_SET}", "characters")):
        samples = [few_pictures(home / name)[:1] for name in few_folders(home)[:8]]
        names = [name for few in samples for name in few]
        if names and all(re.fullmatch(r"pic_\d+\.\w+", name) for name in names):
            return home
    return None


def _is_simpsons(path: Path) -> bool:
    faces = (path / "cropped").is_dir() and (path / "simplified").is_dir()
    return faces or _simpsons_home(path) is not None


# Flickr8k: 8,091 photographs of everyday scenes, with its split

_FLICKR: Final = (
    "Images",
    *("Flicker8k_Dataset/Flicker8k_Dataset", "Flicker8k_Dataset"),
    *("Flickr8k_Dataset/Flicker8k_Dataset", "Flickr8k_Dataset/Flickr8k_Dataset"),
    *("Flickr8k_Dataset", "images"),
)
_FLICKR_TEXTS: Final = ("", "Flickr8k_text")
_CAPTIONS: Final = ("captions.txt", "Flickr8k.token.txt", "Flickr8k.lemma.token.txt")


def _list_flickr(path: Path) -> Listing:
    """flickr8k: photographs of everyday scenes, splits."""
    folder = folder_of(path, _FLICKR, "flickr8k", "Flickr8k_Dataset.zip")
    names = pictures_in(folder)
    lists = dict[str, list[str]]()
    for part in ("train", "dev", "test"):
        if file := file_of(path, (f"Flickr_8k.{part}Images.txt",), _FLICKR_TEXTS):
            lists[part] = [line.strip() for line in read_lines(file) if line.strip()]
    split = {name: SPLIT_NAMES[part] for part, listed in lists.items() for name in listed}
    records = records_of(
        [prefix(path, folder) + name for name in names],
        splits=[split.get(name, -1) for name in names] if split else None,
    )
    tables = {f"Flickr_8k.{part}Images.txt": listed for part, listed in lists.items()}
    return Listing(records=records, **missing_in(tables or {"": ()}, names))


def _is_flickr(path: Path) -> bool:
    there = any((path / place).is_dir() for place in _FLICKR)
    return there and file_of(path, _CAPTIONS, _FLICKR_TEXTS) is not None


# A description of its own comes first, and what takes any folder last.
_ALL: Final = (
    Layout("imagefolder", _is_imagefolder, _list_imagefolder),
    Layout("celebamask-hq", _is_celebamask, _list_celebamask),
    Layout("celeba", lambda path: any((path / place).is_dir() for place in _CELEBA), _list_celeba),
    Layout("ffhq", lambda path: any((path / place).is_dir() for place in _FFHQ), _list_ffhq),
    Layout("unpaired", _is_unpaired, _list_unpaired),
    Layout("flickr8k", _is_flickr, _list_flickr),
    Layout("utkface", _is_utkface, _list_utkface),
    Layout("anime-faces", _is_anime, _list_anime),
    Layout("simpsons", _is_simpsons, _list_simpsons),
    Layout("lfw", lambda path: _lfw_home(path) is not None, _list_lfw),
    Layout("plain", lambda path: True, _list_plain),
)
LAYOUTS: Final = {layout.name: layout for layout in _ALL}
