"""Any pictures in folders: two sets that are not pairs, classes and splits by folder, or just
pictures.

    trainA/ trainB/ testA/ testB/      unpaired: two kinds of picture; also train/A/ and so on
    train/cat/1.png test/dog/2.png     imagefolder, as Hugging Face's datasets reads it
    cat/1.png dog/2.png                plain: folders are classes if all pictures are in them
    1.png 2.png test.txt               test.txt lists those that are for tests, one a line

A folder with a metadata.jsonl or a metadata.csv is an imagefolder too: metadata.py reads those
that trombine's own reader (data/described.py) does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from trombine.data.columns import SPLITS
from trombine.data.layouts.finding import few_folders, few_pictures, pictures_below
from trombine.data.layouts.layout import Layout, lacking
from trombine.data.layouts.metadata import SPLIT_NAMES, list_metadata, metadata_in, split_of
from trombine.data.layouts.rows import Rows, labelled
from trombine.data.layouts.tables import read_lines
from trombine.data.listing import Listing, pictures
from trombine.data.pack import is_pack

_UNPAIRED: Final = "unpaired"
# Folder: which part of the set it is, and which of the two kinds it holds.
_SIDES: Final = {
    f"{name}{slash}{kind}": (split, kind)
    for slash in ("", "/")
    for kind in ("A", "B")
    for name, split in SPLIT_NAMES.items()
}


def list_unpaired(path: Path) -> Listing:
    """The pictures of both kinds, which are the classes."""
    folders = [(folder, *of) for folder, of in _SIDES.items() if (path / folder).is_dir()]
    if {kind for _, _, kind in folders} != {"A", "B"}:
        lost = "trainB" if any(kind == "A" for _, _, kind in folders) else "trainA"
        cure = "put the pictures of one kind into trainA, those of the other into trainB"
        raise lacking(path / lost, _UNPAIRED, cure)
    named = [
        (f"{folder}/{name}", split, kind)
        for folder, split, kind in folders
        for name in pictures_below(path / folder)
    ]
    classes, labels = labelled([kind for _, _, kind in named])
    splits = np.array([split for _, split, _ in named], np.int64)
    rows = Rows(pictures=[name for name, _, _ in named], labels=labels, splits=splits)
    return Listing(layout=_UNPAIRED, records=rows, classes=classes)


def _is_unpaired(path: Path) -> bool:
    return any(
        (path / f"{name}A").is_dir() and (path / f"{name}B").is_dir() for name in SPLIT_NAMES
    )


def list_imagefolder(path: Path) -> Listing:
    """What metadata files say; else folders as splits, and the folders in those as classes."""
    if metadata_in(path):
        return list_metadata(path)
    names = pictures_below(path)
    splits = np.array([split_of(name) for name in names], np.int64)
    within = [name.partition("/")[2] if split_of(name) >= 0 else name for name in names]
    classes, labels = _classes(within)
    rows = Rows(
        pictures=names,
        labels=labels if classes else None,
        splits=splits if (splits >= 0).any() else None,
    )
    notes = _strays(within)
    return Listing(layout="imagefolder", records=rows, classes=classes, notes=notes)


def _is_imagefolder(path: Path) -> bool:
    """Whether it is described, or all it holds is folders called train, test and so on.

    A pack that is made beside them, perhaps of them, changes nothing.
    """
    folders = [name for name in few_folders(path) if not is_pack(path / name)]
    split = bool(folders) and all(name in SPLIT_NAMES for name in folders)
    return bool(metadata_in(path)) or (split and not few_pictures(path))


def list_plain(path: Path) -> Listing:
    """Every picture in the folder and below; lists beside them say what some are for."""
    names = pictures_below(path)
    classes, labels = _classes(names)
    splits = _listed(path, names)
    rows = Rows(pictures=names, labels=labels if classes else None, splits=splits)
    return Listing(layout="plain", records=rows, classes=classes, notes=_strays(names))


def _classes(names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """The first folder of each name, if every picture is in one."""
    if not all("/" in name for name in names):
        return (), np.full(len(names), -1)
    return labelled([name.partition("/")[0] for name in names])


def _listed(path: Path, names: Sequence[str]) -> np.ndarray | None:
    """What train.txt, val.txt and test.txt say their pictures are for.

    Where there is no train.txt, what is not listed is for training. A text of which any line is
    not the name of a picture is no such list.
    """
    splits = np.full(len(names), -1, np.int64)
    places = {name: place for place, name in enumerate(names)}
    used = set()
    for word, split in SPLIT_NAMES.items():
        file = path / f"{word}.txt"
        if not file.is_file() or not file.stat().st_size:
            continue
        lines = [line.strip() for line in read_lines(file) if line.strip()]
        if lines and places.keys() >= set(lines):
            splits[[places[line] for line in lines]] = split
            used.add(split)
    if not used:
        return None
    train = SPLITS.index("train")
    return splits if train in used else np.where(splits < 0, train, splits)


def _strays(names: Sequence[str]) -> tuple[str, ...]:
    """What to say where a few pictures beside several folders keep these from being classes."""
    folders = {name.partition("/")[0] for name in names if "/" in name}
    strays = sum("/" not in name for name in names)
    if len(folders) < 2 or not 0 < strays < len(names) / 2:
        return ()
    lie = "lies" if strays == 1 else "lie"
    return (f"{pictures(strays)} {lie} beside the class folders, so there are no classes",)


UNPAIRED: Final = Layout(
    name=_UNPAIRED,
    about="trainA, trainB, testA, testB: two kinds of picture that are not pairs",
    recognise=_is_unpaired,
    list=list_unpaired,
)
IMAGEFOLDER: Final = Layout(
    name="imagefolder",
    about="metadata.jsonl or metadata.csv, or folders train, validation, test with classes in them",
    recognise=_is_imagefolder,
    list=list_imagefolder,
)
PLAIN: Final = Layout(
    name="plain",
    about="any folder of pictures; folders are classes if all pictures are in them; lists: splits",
    recognise=lambda path: True,
    list=list_plain,
)
