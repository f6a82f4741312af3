"""Which files and folders are there: the ways in which layouts look into a folder.

Hidden files and folders are never seen. Names are posix and relative; a folder is walked once,
and to recognise a layout only the first few names of a folder are looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from trombine.io.image import PICTURE_SUFFIXES
from trombine.refusal import InputError

# What is looked at to recognise a layout: so many entries of a folder, and of those so many that
# are of the kind wanted.
LOOKED_AT: Final = 1024
FEW: Final = 64
# Folders of label maps, beside a metadata.jsonl, as data/imagefolder.py names them.
_LABELS: Final = re.compile(r"(\w+_)?parts")
_NUMBER: Final = re.compile(r"(\d+)")


def is_picture(name: str) -> bool:
    """Whether a file of this name is taken for a picture."""
    _, dot, end = name.rpartition(".")
    return bool(dot) and dot + end.lower() in PICTURE_SUFFIXES and not name.startswith(".")


def pictures_in(folder: Path) -> list[str]:
    """The pictures of this folder alone, by name: 2.jpg before 10.jpg."""
    return sorted(filter(is_picture, _names(folder, folders=False)), key=_by_number)


def folders_in(folder: Path) -> list[str]:
    """The folders in this folder, by name."""
    return sorted(name for name in _names(folder, folders=True) if not name.startswith("."))


def pictures_below(folder: Path) -> list[str]:
    """All pictures in the folder and in those below, as paths from it, sorted.

    Label maps that trombine painted beside its pictures are none.
    """
    files: list[str] = []
    waiting = [""]
    visited: set[str] = set()
    while waiting:
        inner = waiting.pop()
        real = os.path.realpath(folder / inner)
        if real in visited:  # a link to a folder above would lead round in a circle
            continue
        visited.add(real)
        files += (inner + name for name in _names(folder / inner, folders=False))
        waiting += (
            f"{inner}{name}/"
            for name in folders_in(folder / inner)
            if not (_LABELS.fullmatch(name) and (folder / inner / "metadata.jsonl").is_file())
        )
    return sorted(name for name in files if is_picture(name.rpartition("/")[2]))


def few_pictures(folder: Path) -> list[str]:
    """Some pictures of this folder, in no order: enough to tell how they are called."""
    return list(islice(filter(is_picture, _names(folder, folders=False, most=LOOKED_AT)), FEW))


def few_folders(folder: Path) -> list[str]:
    """Some folders of this folder, in no order."""
    names = _names(folder, folders=True, most=LOOKED_AT)
    return list(islice((name for name in names if not name.startswith(".")), FEW))


def first_folder(folder: Path, places: Iterable[str]) -> Path | None:
    """The first of these places in the folder that is a folder."""
    return next((folder / place for place in places if (folder / place).is_dir()), None)


def first_file(folder: Path, names: Iterable[str], places: Iterable[str] = ("",)) -> Path | None:
    """The first file of these names, in the first of these places in the folder that has one."""
    names = tuple(names)
    paths = (folder / place / name for place in places for name in names)
    return next((path for path in paths if path.is_file()), None)


def prefix(folder: Path, inner: Path) -> str:
    """What stands before a name in `inner`, to make it one in `folder`."""
    return "" if inner == folder else f"{inner.relative_to(folder).as_posix()}/"


def named(folder: Path, inner: Path, names: Iterable[str]) -> list[str]:
    """Names in `inner` as names in `folder`."""
    start = prefix(folder, inner)
    return [start + name for name in names]


def _names(folder: Path, *, folders: bool, most: int | None = None) -> Iterator[str]:
    """The names of the files, or of the folders, in a folder; none where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            limited = islice(entries, most)
            yield from (entry.name for entry in limited if _is_folder(entry) == folders)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(
            f"cannot be listed ({why})", "check its permissions", path=folder
        ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is one; a link that leads nowhere is a file, which cannot be read."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _by_number(name: str) -> tuple[tuple[str | int, ...], str]:
    """What to sort by so that numbers in names go by size, and 01 and 1 always the same way."""
    pieces = enumerate(_NUMBER.split(name))
    return tuple(int(piece) if i % 2 else piece for i, piece in pieces), name
