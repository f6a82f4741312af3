"""Sets of drawn faces: the Anime-Face-Dataset, the Simpsons' characters and the Simpsons' faces.

images/46651_2008.jpg                     Anime-Face-Dataset: a number and a year; or data/
simpsons_dataset/homer_simpson/pic_0001.jpg
kaggle_simpson_testset/homer_simpson_0.jpg
cropped/1.png, simplified/1.png           Simpsons Faces: the same faces twice
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from trombine.data.columns import SPLITS
from trombine.data.layouts.finding import (
    few_folders,
    few_pictures,
    first_folder,
    folders_in,
    named,
    pictures_in,
    prefix,
)
from trombine.data.layouts.layout import Layout, lacking
from trombine.data.layouts.rows import Rows, labelled
from trombine.data.listing import Listing

_ANIME: Final = "anime-faces"
_ANIME_FOLDERS: Final = ("images", "data", "images/images", "")
_YEAR: Final = re.compile(r"\d+_((?:19|20)\d\d)\.\w+")

_SIMPSONS: Final = "simpsons"
_SET, _TEST, _FACES = "simpsons_dataset", "kaggle_simpson_testset", "cropped"
_HOMES: Final = ("", _SET, f"{_SET}/{_SET}", "characters")
_TESTS: Final = (f"{_TEST}/{_TEST}", _TEST)
_DRAWN: Final = re.compile(r"pic_\d+\.\w+")
_TESTED: Final = re.compile(r"(.+)_\d+\.\w+")
_LOOKED_AT: Final = 8  # folders


def list_anime(path: Path) -> Listing:
    """The pictures, each with the year that its name ends in."""
    folders = (path / place for place in _ANIME_FOLDERS)
    folder = next((candidate for candidate in folders if few_pictures(candidate)), None)
    if folder is None:
        raise lacking(path / "images", _ANIME, "unpack the set's archive there")
    names = pictures_in(folder)
    years = (_YEAR.fullmatch(name) for name in names)
    vectors = np.array([[float(year[1]) if year else np.nan] for year in years], np.float32)
    rows = Rows(pictures=named(path, folder, names), vectors=vectors)
    return Listing(layout=_ANIME, records=rows, vector_names=("year",))


def _is_anime(path: Path) -> bool:
    """Whether the first names in its folder all end in a year."""
    first_names = next(
        (names for place in _ANIME_FOLDERS if (names := few_pictures(path / place))), []
    )
    return bool(first_names) and all(_YEAR.fullmatch(name) for name in first_names)


def list_simpsons(path: Path) -> Listing:
    """The pictures of the characters, with the test set's if it is there; or the faces."""
    home = _characters(path)
    if home is None:
        return _list_faces(path)
    start = prefix(path, home)
    # Kaggle's archive holds its set once more inside itself.
    people = [name for name in folders_in(home) if name not in (_SET, _TEST, "characters")]
    learned = [(f"{start}{who}/{name}", who) for who in people for name in pictures_in(home / who)]
    test = first_folder(path, _TESTS)
    tested = _tested(path, test) if test else []
    classes, labels = labelled([who for _, who in learned + tested])
    splits = [SPLITS.index("train")] * len(learned) + [SPLITS.index("test")] * len(tested)
    rows = Rows(
        pictures=[name for name, _ in learned + tested],
        labels=labels,
        splits=np.array(splits, np.int64) if tested else None,
    )
    return Listing(layout=_SIMPSONS, records=rows, classes=classes)


def _tested(path: Path, test: Path) -> list[tuple[str, str]]:
    """The pictures of the test set, each with the character that it is called after."""
    matches = ((name, _TESTED.fullmatch(name)) for name in pictures_in(test))
    return [(prefix(path, test) + name, who[1] if who else "") for name, who in matches]


def _list_faces(path: Path) -> Listing:
    """Simpsons Faces: the cropped ones; the simplified ones are drawn from the same."""
    folder = first_folder(path, (_FACES, f"{_FACES}/{_FACES}"))
    if folder is None:
        raise lacking(path / _SET, _SIMPSONS, "unpack the set's archive there")
    names = named(path, folder, pictures_in(folder))
    return Listing(layout=_SIMPSONS, records=Rows(pictures=names))


def _characters(path: Path) -> Path | None:
    """Where the characters' folders are, if they are there."""
    return next((path / place for place in _HOMES if _holds_characters(path / place)), None)


def _holds_characters(folder: Path) -> bool:
    samples = [few_pictures(folder / name) for name in few_folders(folder)[:_LOOKED_AT]]
    pictured = [names[0] for names in samples if names]
    return bool(pictured) and all(_DRAWN.fullmatch(name) for name in pictured)


def _is_simpsons(path: Path) -> bool:
    faces = (path / _FACES).is_dir() and (path / "simplified").is_dir()
    return faces or _characters(path) is not None


ANIME: Final = Layout(
    name=_ANIME,
    about="Anime-Face-Dataset: drawn faces, the year from their names",
    recognise=_is_anime,
    list=list_anime,
)
SIMPSONS: Final = Layout(
    name=_SIMPSONS,
    about="Simpsons: a folder of pictures for each character, a test set; or cropped faces",
    recognise=_is_simpsons,
    list=list_simpsons,
)
