"""UTKFace: 23,708 faces whose names say age, gender and race: 26_0_2_20170104023102422.jpg.

gender: 0 male, 1 female; race: 0 White, 1 Black, 2 Asian, 3 Indian, 4 others. A few names of the
set lack a number (39_1_20170116174525125.jpg.chip.jpg, 53__0_20170116184028385.jpg). Those
pictures are kept, and what their names do not say is NaN: of one number after the age nobody can
tell which of the two it is.
"""

from __future__ import annotations

import re
from math import nan
from pathlib import Path
from typing import Final

import numpy as np

from trombine.data.layouts.finding import few_pictures, named, pictures_in
from trombine.data.layouts.layout import Layout, lacking
from trombine.data.layouts.rows import Rows
from trombine.data.listing import Listing

_NAME: Final = "utkface"
_FOLDERS: Final = (
    *("", "UTKFace", "utkface_aligned_cropped/UTKFace", "crop_part1"),
    *("part1", "part2", "part3"),
)
_FULL: Final = re.compile(r"(\d{1,3})_([01]?)_([0-4]?)_\d{14,}\D.*")
_SHORT: Final = re.compile(r"(\d{1,3})_\d?_\d{14,}\D.*")


def list_utkface(path: Path) -> Listing:
    """The pictures of all its folders that are there."""
    folders = [path / folder for folder in _FOLDERS]
    names = [name for inner in folders for name in named(path, inner, pictures_in(inner))]
    if not names:
        cure = "unpack UTKFace.tar.gz and name the folder that holds it"
        raise lacking(path / "UTKFace", _NAME, cure)
    vectors = np.array([_numbers(name.rpartition("/")[2]) for name in names], np.float32)
    rows = Rows(pictures=names, vectors=vectors)
    return Listing(layout=_NAME, records=rows, vector_names=("age", "gender", "race"))


def _numbers(name: str) -> tuple[float, float, float]:
    """Age, gender and race, as far as a name says."""
    if match := _FULL.fullmatch(name):
        age, gender, race = (float(number) if number else nan for number in match.groups())
        return age, gender, race
    match = _SHORT.fullmatch(name)
    return (float(match[1]) if match else nan), nan, nan


def _recognise(path: Path) -> bool:
    """Whether most of the first names in any of its folders are such names."""
    names = (few_pictures(path / folder) for folder in _FOLDERS)
    samples = next((several for several in names if several), [])
    return 2 * sum(_FULL.fullmatch(name) is not None for name in samples) > len(samples)


UTKFACE: Final = Layout(
    name=_NAME,
    about="UTKFace: age, gender and race from the pictures' names",
    recognise=_recognise,
    list=list_utkface,
)
