"""LFW, Labeled Faces in the Wild: a folder for each of 5,749 people, and the split of its View 1.

    lfw/Aaron_Eckhart/Aaron_Eckhart_0001.jpg     also lfw_funneled/, lfw-deepfunneled/
    peopleDevTrain.txt, peopleDevTest.txt        who is in which part, and how many pictures
    pairsDevTrain.txt, pairsDevTest.txt          where those are missing: who is in any pair

Kaggle ships the first two as .csv.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from trombine.data.columns import SPLITS
from trombine.data.layouts.finding import (
    few_folders,
    few_pictures,
    first_file,
    named,
    pictures_below,
)
from trombine.data.layouts.layout import Layout, lacking
from trombine.data.layouts.rows import Rows, labelled
from trombine.data.layouts.tables import bad_line, is_count, read_lines
from trombine.data.listing import Listing

_NAME: Final = "lfw"
_SETS: Final = ("lfw", "lfw_funneled", "lfw-funneled", "lfw-deepfunneled", "lfw_deepfunneled")
_HOMES: Final = ("", *_SETS, *(f"{name}/{name}" for name in _SETS))
_LOOKED_AT: Final = 8  # folders that must all look like a person's
_PARTS: Final = {"Train": SPLITS.index("train"), "Test": SPLITS.index("test")}


def list_lfw(path: Path) -> Listing:
    """Every picture that lies in the folder of a person."""
    home = _home(path)
    if home is None:
        cure = "unpack lfw.tgz and name the folder that holds it"
        raise lacking(path / "NAME" / "NAME_0001.jpg", _NAME, cure)
    names = [name for name in pictures_below(home) if name.count("/") == 1]
    people = [name.partition("/")[0] for name in names]
    classes, labels = labelled(people)
    stated = {part: dict(_people(path, home, part)) for part in _PARTS}
    split = {name: _PARTS[part] for part, counts in stated.items() for name in counts}
    rows = Rows(
        pictures=named(path, home, names),
        labels=labels,
        splits=np.array([split.get(name, -1) for name in people], np.int64) if split else None,
    )
    lost = {part: _missing(counts, Counter(people)) for part, counts in stated.items()}
    return Listing(
        layout=_NAME,
        records=rows,
        classes=classes,
        missing=sum(lost.values()),
        named_in=tuple(f"peopleDev{part}" for part, count in lost.items() if count),
    )


def _missing(stated: Mapping[str, int], existing: Counter[str]) -> int:
    """How many pictures a table counts and the folder lacks."""
    return sum(max(0, count - existing[name]) for name, count in stated.items())


def _people(path: Path, home: Path, part: str) -> Iterator[tuple[str, int]]:
    """The people in this part of the set, each with how many pictures a table says there are."""
    names = (f"peopleDev{part}.txt", f"peopleDev{part}.csv", f"pairsDev{part}.txt")
    table = first_file(path, names) or first_file(home, names)
    if table is None:
        return
    paired = table.name.startswith("pairs")
    for number, line in enumerate(read_lines(table)[1:], 2):  # after the count, or the heading
        cells = [cell for cell in re.split(r"[\t,]", line.strip()) if cell]
        if not cells:
            continue
        if len(cells) not in ((3, 4) if paired else (2,)) or not is_count(cells[-1]):
            raise bad_line(table, number, line)
        yield cells[0], 0 if paired else int(cells[1])
        if len(cells) == 4:
            yield cells[2], 0


def _home(path: Path) -> Path | None:
    return next((path / place for place in _HOMES if _holds_people(path / place)), None)


def _holds_people(folder: Path) -> bool:
    """Whether the first folders of it each hold pictures called after the folder."""
    samples = [(name, few_pictures(folder / name)) for name in few_folders(folder)[:_LOOKED_AT]]
    pictured = [(name, pictures) for name, pictures in samples if pictures]
    return bool(pictured) and all(_is_of(name, picture) for name, (picture, *_) in pictured)


def _is_of(person: str, picture: str) -> bool:
    return re.fullmatch(re.escape(person) + r"_\d{4}\.\w+", picture) is not None


LFW: Final = Layout(
    name=_NAME,
    about="LFW: a folder of pictures for each person, the split by people",
    recognise=lambda path: _home(path) is not None,
    list=list_lfw,
)
