"""Folders that metadata.jsonl or metadata.csv describe, as Hugging Face's imagefolder has them.

One such file lies in the folder, or one in each of its folders train, validation, test. A
metadata.jsonl is read by data/described.py. Of a metadata.csv, `file_name` names the picture,
`label` its class, and every other column is kept whose cells are all numbers or empty; what
else it says (captions) is passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from math import inf, nan
from pathlib import Path
from posixpath import normpath
from typing import Final

import numpy as np

from trombine.data.columns import SPLITS
from trombine.data.described import is_inside, list_described
from trombine.data.imagefolder import CSV, FILE_NAME, LABEL, METADATA
from trombine.data.layouts.finding import pictures_below, prefix
from trombine.data.layouts.rows import Rows, labelled
from trombine.data.layouts.tables import bad_line, read_lines
from trombine.data.listing import Listing, Record, pictures
from trombine.refusal import InputError

# What a folder of a part of a set is called, and which part it is.
SPLIT_NAMES: Final = {
    **dict.fromkeys(("train", "training"), SPLITS.index("train")),
    **dict.fromkeys(("validation", "valid", "val", "dev"), SPLITS.index("choose")),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), SPLITS.index("test")),
}


def split_of(name: str) -> int:
    """The part of the set that the picture's first folder is called after; -1: none."""
    first, slash, _ = name.partition("/")
    return SPLIT_NAMES.get(first, -1) if slash else -1


def metadata_in(path: Path) -> list[Path]:
    """The file that describes this folder, or those that describe the parts of the set in it."""
    if file := _metadata_of(path):
        return [file]
    parts = (_metadata_of(path / name) for name in sorted(SPLIT_NAMES))
    return [part for part in parts if part]


def _metadata_of(folder: Path) -> Path | None:
    names = (folder / name for name in (METADATA, CSV))
    return next((path for path in names if path.is_file()), None)


def list_metadata(path: Path) -> Listing:
    """The pictures that the files describe, in their order; the others are counted."""
    files = metadata_in(path)
    listing = _join(path, files)
    unlisted = len(set(pictures_below(path)) - _files_of(listing.records))
    if not unlisted:
        return listing
    names = " or ".join(file.relative_to(path).as_posix() for file in files)
    verbs = "is not in {}, and is" if unlisted == 1 else "are not in {}, and are"
    note = f"{pictures(unlisted)} of the folder {verbs.format(names)} left out"
    return replace(listing, notes=(note,))


def _files_of(records: Sequence[Record]) -> set[str]:
    """The pictures of records and their parts, spelled as a walk through the folder does."""
    views = (view for record in records for view in record.sides)
    return {normpath(name) for view in views for name in (view.picture, view.parts) if name}


def _join(path: Path, files: Sequence[Path]) -> Listing:
    """What the files say, as one listing."""
    listings = [_list_file(file) for file in files]
    first = listings[0]
    for file, listing in zip(files, listings, strict=True):
        if (listing.vector_names, len(listing.records[0].sides)) != (
            first.vector_names,
            len(first.records[0].sides),
        ):
            problem = f"describes other things than {files[0].parent.name}/{files[0].name}"
            raise InputError(problem, "give both the same columns", path=file)
    if len(files) == 1 and files[0].name == METADATA and files[0].parent == path:
        return replace(first, records=[_with_split(record) for record in first.records])
    classes = tuple(sorted({name for listing in listings for name in listing.classes}))
    place = {name: label for label, name in enumerate(classes)}
    records = [
        _moved(record, prefix(path, file.parent), [place[name] for name in listing.classes])
        for file, listing in zip(files, listings, strict=True)
        for record in listing.records
    ]
    return replace(
        first,
        records=records,
        classes=classes,
        blame=files[0].relative_to(path).as_posix(),
        missing=sum(listing.missing for listing in listings),
        named_in=tuple(
            file.relative_to(path).as_posix()
            for file, listing in zip(files, listings, strict=True)
            if listing.missing
        ),
    )


def _list_file(file: Path) -> Listing:
    return list_described(file.parent) if file.name == METADATA else _list_csv(file)


def _with_split(record: Record) -> Record:
    split = split_of(record.name)
    return record if split < 0 else replace(record, split=split)


def _moved(record: Record, start: str, labels: Sequence[int]) -> Record:
    """A record of the file in the folder `start`, as one of the whole set, which has `labels`."""
    views = tuple(
        replace(view, picture=start + view.picture, parts=view.parts and start + view.parts)
        for view in record.sides
    )
    label = labels[record.label] if record.label >= 0 else -1
    return _with_split(replace(record, sides=views, label=label))


def _list_csv(file: Path) -> Listing:
    """The pictures of one metadata.csv; those that are not there are left out, and counted."""
    rows = list(_rows(file))
    existing = [row for row in rows if (file.parent / row[FILE_NAME]).is_file()]
    if not existing:
        raise InputError("names no picture that is there", "copy the pictures beside it", path=file)
    columns = [name for name in rows[0] if name not in (FILE_NAME, LABEL) and _numeric(rows, name)]
    numbers = [[float(row[name] or nan) for name in columns] for row in existing]
    if inf in map(abs, chain.from_iterable(numbers)):
        raise InputError("gives an infinite number", "mend it, or leave the cell empty", path=file)
    labels = [row.get(LABEL, "") for row in existing]
    classes, label_indices = labelled(labels)
    records = Rows(
        pictures=[row[FILE_NAME] for row in existing],
        vectors=np.array(numbers, np.float64) if columns else None,
        labels=label_indices if classes else None,
    )
    missing = len(rows) - len(existing)
    return Listing(
        layout="imagefolder",
        records=records,
        classes=classes,
        vector_names=tuple(columns),
        missing=missing,
    )


def _rows(file: Path) -> Iterator[dict[str, str]]:
    """Each picture's cells by the columns' names; raises InputError for a line that is none."""
    reader = csv.reader(line + "\n" for line in read_lines(file))
    try:
        heading = [cell.strip() for cell in next(reader, [])]
        if FILE_NAME not in heading:
            problem = f"has no column {FILE_NAME} in its first line"
            raise InputError(problem, "name the pictures' column so", path=file)
        yield from (_row(file, reader.line_num, heading, cells) for cells in reader if cells)
    except csv.Error:
        raise bad_line(file, reader.line_num, "not as CSV is written") from None


def _row(file: Path, number: int, heading: list[str], cells: list[str]) -> dict[str, str]:
    row = dict(zip(heading, cells, strict=False))
    if len(cells) != len(heading) or not is_inside(row[FILE_NAME]):
        raise bad_line(file, number, ",".join(cells))
    return row


def _numeric(rows: Sequence[dict[str, str]], name: str) -> bool:
    """Whether a column holds numbers, or nothing, in every row, and is not all empty."""
    cells = {row[name].strip() for row in rows}
    return cells != {""} and all(map(_is_number, cells))


def _is_number(cell: str) -> bool:
    try:
        float(cell or 0)
    except ValueError:
        return False
    return True
