"""CelebA: 202,599 aligned faces, 40 attributes, five points, who it is, and the official split.

Its tables come as CelebA's own text files or as the .csv files that Kaggle ships. They lie beside
the pictures' folder, or in Anno/ and Eval/ as the official download has them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32, Int64

from trombine.data.columns import SPLITS
from trombine.data.layouts.finding import first_file, first_folder, named, pictures_in, prefix
from trombine.data.layouts.layout import Layout, lacking
from trombine.data.layouts.rows import Rows
from trombine.data.layouts.tables import Table, read_table
from trombine.data.listing import Listing

_NAME: Final = "celeba"
_PICTURES: Final = "img_align_celeba"
# Kaggle nests the folder in one of its own name.
_PLACES: Final = tuple(
    f"{place}{inner}"
    for place in ("", "Img/", "CelebA/", "CelebA/Img/", "celeba/")
    for inner in (f"{_PICTURES}/{_PICTURES}", _PICTURES)
)
TABLE_PLACES: Final = ("", "Anno", "Eval", "CelebA/Anno", "CelebA/Eval", "celeba")


def list_celeba(path: Path) -> Listing:
    """The pictures of img_align_celeba, and what the tables beside say of them."""
    folder = first_folder(path, _PLACES)
    if folder is None:
        raise lacking(path / _PICTURES, _NAME, "unpack img_align_celeba.zip there")
    names = pictures_in(folder)
    attributes = find_table(path, "list_attr_celeba")
    points = find_table(path, "list_landmarks_align_celeba", width=10)
    partition = find_table(path, "list_eval_partition", width=1)
    people = find_table(path, "identity_CelebA", width=1)
    classes, labels = _people(people, names) if people else ((), None)
    tables = [table for table in (attributes, points, partition, people) if table]
    lost = {table.path: set(table.names) - set(names) for table in tables}
    rows = Rows(
        pictures=named(path, folder, names),
        vectors=yes_or_no(attributes).of(names) if attributes else None,
        # Whole numbers of pixels, of which CelebA does not say whether the first is 0 or 1: kept
        # as they are, which is at most half a pixel from either meaning.
        five=points.of(names).reshape(-1, 5, 2) if points else None,
        labels=labels,
        splits=splits_of(partition, names) if partition else None,
    )
    return Listing(
        layout=_NAME,
        records=rows,
        classes=classes,
        vector_names=attributes.columns if attributes else (),
        blame=prefix(path, points.path)[:-1] if points else "",
        missing=len(set().union(*lost.values())),
        named_in=tuple(file.relative_to(path).as_posix() for file, gone in lost.items() if gone),
    )


def find_table(path: Path, stem: str, width: int | None = None) -> Table | None:
    """The table of this name, if it is there, as .txt or .csv."""
    file = first_file(path, (f"{stem}.txt", f"{stem}.csv"), TABLE_PLACES)
    return read_table(file, width=width) if file else None


def yes_or_no(table: Table) -> Table:
    """Attributes as 1 (has it) and 0 (has not); CelebA's files say 1 and -1."""
    wrong = np.flatnonzero(~np.isin(table.values, (-1, 0, 1)).all(1))
    if len(wrong):
        raise table.wrong(int(wrong[0]), "an attribute is 1 or -1")
    values = (table.values > 0).astype(np.float32)
    names = table.columns or tuple(f"attribute_{i}" for i in range(values.shape[1]))
    return Table(path=table.path, names=table.names, columns=names, values=values)


def splits_of(table: Table, names: list[str]) -> Int64[np.ndarray, "n"]:
    """Which part of the set each picture is in: the file's 0, 1, 2 are SPLITS in order."""
    wrong = np.flatnonzero(~np.isin(table.values[:, 0], range(len(SPLITS))))
    if len(wrong):
        raise table.wrong(int(wrong[0]), "a part of the set is 0, 1 or 2")
    return _integers(table.of(names))


def _people(table: Table, names: list[str]) -> tuple[tuple[str, ...], Int64[np.ndarray, "n"]]:
    """Who is on each picture: the numbers that CelebA gives people are the classes, in order."""
    numbers = _integers(table.of(names))
    people, labels = np.unique(numbers, return_inverse=True)
    unknown = int(np.count_nonzero(people < 0))  # 1 where some pictures have nobody's number
    return tuple(map(str, people[unknown:].tolist())), labels.astype(np.int64) - unknown


def _integers(values: Float32[np.ndarray, "n 1"]) -> Int64[np.ndarray, "n"]:
    return np.nan_to_num(values[:, 0], nan=-1.0).astype(np.int64)


CELEBA: Final = Layout(
    name=_NAME,
    about="CelebA: aligned faces, 40 attributes, five points, people, splits",
    recognise=lambda path: first_folder(path, _PLACES) is not None,
    list=list_celeba,
)
