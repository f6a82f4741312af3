"""CelebAMask-HQ: 30,000 faces of 1024 px, and a mask of 512 px for each part of each face.

The masks of a picture are joined into one map of the 19 classes, in the official order, later over
earlier; a folder CelebAMask-HQ-mask of maps that were joined before is taken instead if it is
there. What is whose left is measured, see `sides_are_swapped`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final, overload

import numpy as np
from jaxtyping import Bool, Int64

from trombine.conventions import PART_INDEX
from trombine.data.layouts.celeba import find_table, splits_of, yes_or_no
from trombine.data.layouts.finding import first_folder, folders_in, named, pictures_in, prefix
from trombine.data.layouts.layout import Layout, lacking
from trombine.data.layouts.rows import Masks, Rows
from trombine.data.layouts.tables import Table, bad_line, is_count, read_lines, read_table
from trombine.data.listing import Listing
from trombine.io.image import load_labels
from trombine.refusal import InputError

_NAME: Final = "celebamask-hq"
_PICTURES: Final = "CelebA-HQ-img"
_MASKS: Final = "CelebAMask-HQ-mask-anno"
_JOINED: Final = "CelebAMask-HQ-mask"
_MAPPING: Final = "CelebA-HQ-to-CelebA-mapping.txt"
_HOMES: Final = ("", "CelebAMask-HQ")

# What the files of the parts are called, in the official order; part i has label i + 1. The order
# is that of conventions.PARTS, where l_ is called left.
PART_FILES: Final = (
    *("skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear"),
    *("mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"),
)
_MASK_FILE: Final = re.compile(r"(\d+)_([a-z_]+)\.png")
_LOOKED_AT: Final = 15  # faces whose eyes tell whose left is meant


def list_celebamask(path: Path) -> Listing:
    """The pictures of CelebA-HQ-img, the parts of their faces, and what the tables say."""
    home = _home(path)
    if home is None:
        raise lacking(path / _PICTURES, _NAME, "unpack CelebAMask-HQ.zip and name its folder")
    names = [name for name in pictures_in(home / _PICTURES) if is_count(_stem(name))]
    numbers = np.array([int(_stem(name)) for name in names], np.int64)
    joined = _joined(path, home, numbers)
    masks = None if joined else _find_masks(path, home, numbers)
    attributes = _attributes(home)
    rows = Rows(
        pictures=named(path, home / _PICTURES, names),
        vectors=yes_or_no(attributes).of(names) if attributes else None,
        splits=_splits(home, numbers),
        parts=joined,
        masks=masks,
        swapped=sides_are_swapped(path, joined, masks),
    )
    return Listing(
        layout=_NAME,
        records=rows,
        vector_names=attributes.columns if attributes else (),
        missing=len(set(attributes.names) - set(names)) if attributes else 0,
        named_in=(attributes.path.name,) if attributes else (),
    )


def sides_are_swapped(
    path: Path, joined: Sequence[str] | None, masks: Sequence[Masks] | None
) -> bool:
    """Whether l_ means the left of the picture, so that left and right must change places.

    A trombine's left is the person's. What l_eye is, the paper, the README and the official code
    leave open, and people who use the set disagree. The faces of CelebA-HQ are upright and look at
    the viewer, so the masks themselves say it: if l_eye is left of r_eye in most of the first
    faces that have both, l_ is the picture's left, which is the person's right.
    """
    several = joined if joined is not None else masks if masks is not None else ()
    votes: list[bool] = []
    for files in several:
        with suppress(InputError):  # said when the picture itself is read
            eyes = _eyes(path, files)
            votes += [] if eyes is None else [_centre(eyes[0]) < _centre(eyes[1])]
        if len(votes) == _LOOKED_AT:
            break
    return 2 * sum(votes) > len(votes)


Mask = Bool[np.ndarray, "h w"]


def _eyes(path: Path, files: str | Masks) -> tuple[Mask, Mask] | None:
    """The masks of l_eye and r_eye, if both are seen."""
    labels = (PART_INDEX["left_eye"], PART_INDEX["right_eye"])
    if isinstance(files, str):
        labels_map = load_labels(path / files) if files else np.zeros((1, 1))
        eyes = [labels_map == label for label in labels]
    else:
        of = dict(files)
        eyes = [load_labels(path / of[i]) > 127 for i in labels if i in of]
    complete = len(eyes) == 2 and all(eye.any() for eye in eyes)
    return (eyes[0], eyes[1]) if complete else None


def _centre(mask: Mask) -> float:
    """How far to the right it is, as a share of the width."""
    return float(np.nonzero(mask)[1].mean() / mask.shape[1])


@final
@dataclass(frozen=True, kw_only=True)
class _MaskFiles(Sequence[Masks]):
    """Which masks there are, of 30,000 faces times 18 parts."""

    folders: list[str]  # the folder of each face's masks, from the set's
    numbers: Int64[np.ndarray, "n"]
    exists: Bool[np.ndarray, "n 18"]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Masks: ...
    @overload
    def __getitem__(self, index: slice) -> list[Masks]: ...
    def __getitem__(self, index: int | slice) -> Masks | list[Masks]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        start = f"{self.folders[index]}{self.numbers[index]:05d}"
        parts = np.flatnonzero(self.exists[index]).tolist()
        return tuple((part + 1, f"{start}_{PART_FILES[part]}.png") for part in parts)


def _find_masks(path: Path, home: Path, numbers: Int64[np.ndarray, "n"]) -> _MaskFiles | None:
    """The masks of all faces, if there are any."""
    place = {number: row for row, number in enumerate(numbers.tolist())}
    part_of = {name: part for part, name in enumerate(PART_FILES)}
    exists = np.zeros((len(numbers), len(PART_FILES)), np.bool_)
    folders = [""] * len(numbers)
    for start, number, part in _mask_files(path, home / _MASKS):
        row = place.get(number)
        if row is not None and part in part_of:
            exists[row, part_of[part]] = True
            folders[row] = start
    return _MaskFiles(folders=folders, numbers=numbers, exists=exists) if exists.any() else None


def _mask_files(path: Path, masks: Path) -> Iterator[tuple[str, int, str]]:
    """What stands before each file's name, the number of its face, and the name of its part."""
    for folder in (masks, *(masks / name for name in folders_in(masks))):
        start = prefix(path, folder)
        for name in pictures_in(folder):
            if match := _MASK_FILE.fullmatch(name):
                yield start, int(match[1]), match[2]


def _joined(path: Path, home: Path, numbers: Int64[np.ndarray, "n"]) -> list[str] | None:
    """The map of each face, if they were joined before."""
    start = f"{prefix(path, home)}{_JOINED}/"
    by_stem = {_stem(name): name for name in pictures_in(home / _JOINED) if name.endswith(".png")}
    files = [by_stem.get(str(number), "") for number in numbers.tolist()]
    return [start + name if name else "" for name in files] if any(files) else None


def _attributes(home: Path) -> Table | None:
    file = home / "CelebAMask-HQ-attribute-anno.txt"
    return read_table(file) if file.is_file() else None


def _splits(home: Path, numbers: Int64[np.ndarray, "n"]) -> Int64[np.ndarray, "n"] | None:
    """CelebA's official split, where the table and the way from its names to these are there."""
    partition, mapping = find_table(home, "list_eval_partition", width=1), home / _MAPPING
    if partition is None or not mapping.is_file():
        return None
    originals: dict[int, str] = {}
    for line_number, line in enumerate(read_lines(mapping)[1:], 2):
        cells = line.split()  # the face's number, the number in CelebA, the name in CelebA
        if cells and (len(cells) != 3 or not is_count(cells[0])):
            raise bad_line(mapping, line_number, line)
        if cells:
            originals[int(cells[0])] = cells[2]
    return splits_of(partition, [originals.get(number, "") for number in numbers.tolist()])


def _home(path: Path) -> Path | None:
    homes = (path / place for place in _HOMES)
    return next((home for home in homes if (home / _PICTURES).is_dir()), None)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


CELEBAMASK: Final = Layout(
    name=_NAME,
    about="CelebAMask-HQ: faces of 1024 px, their parts in 19 classes, 40 attributes, splits",
    recognise=lambda path: (
        _home(path) is not None and first_folder(_home(path) or path, (_MASKS, _JOINED)) is not None
    ),
    list=list_celebamask,
)
