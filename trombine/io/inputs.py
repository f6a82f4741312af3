"""Which pictures a command means: files, and folders that stand for the pictures in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from trombine.core.errors import InputError, shown
from trombine.io.files import identity
from trombine.io.image import PICTURE_SUFFIXES, RAW_SUFFIXES, SHEET_ENDING, VIDEO_SUFFIXES

_NAMED: Final = 5  # a line names this many files


def find(inputs: Iterable[Path], *, recursive: bool = False) -> list[Path]:
    """The input pictures, each once: a folder stands for the pictures in it, sorted by name.

    Hidden files, contact sheets and films in MP4 and WebM are left out. A folder without pictures
    stays in the list.
    """
    found: dict[str, Path] = {}
    for path in inputs:
        inside = pictures_in(path, recursive=recursive) if path.is_dir() else []
        for file in inside or [path]:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def pictures_in(
    folder: Path, endings: Iterable[str] = PICTURE_SUFFIXES, *, recursive: bool = False
) -> list[Path]:
    paths = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(
        path
        for path in paths
        if path.suffix.lower() in endings
        and not path.name.endswith(SHEET_ENDING)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def left_alone(inputs: Iterable[Path], *, recursive: bool) -> Iterator[str]:
    """Notices about files in the folders that are not used."""
    for folder in (path for path in inputs if path.is_dir()):
        if films := pictures_in(folder, VIDEO_SUFFIXES, recursive=recursive):
            yield f"films in folders are left alone: {listed(films)}; name them to take them"
        if raw := pictures_in(folder, RAW_SUFFIXES, recursive=recursive):
            yield f"camera raw files are not read: {listed(raw)}; save them as TIFF first"
        inside = [] if recursive else _with_pictures(folder)
        if inside and pictures_in(folder):
            yield f"pictures in subfolders are left alone: {listed(inside)}; --recursive takes them"


def _with_pictures(folder: Path) -> list[Path]:
    inside = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted(path for path in inside if pictures_in(path))


def check_source(source: Path) -> None:
    """Refuse a folder without pictures, and a camera's raw file."""
    if source.suffix.lower() in RAW_SUFFIXES and source.is_file():
        raise InputError("is a camera raw file", "save it as TIFF first", path=source)
    if source.is_dir():
        inside = _with_pictures(source)
        remedy = (
            f"add --recursive, or name {listed(inside)}" if inside else "name a folder that has"
        )
        raise InputError("has no pictures in it", remedy, path=source)


def refuse_to_write_over(written: Iterable[Path], read: Iterable[Path]) -> None:
    """Raise where an output is an input."""
    inputs = set(map(identity, read))
    for path in written:
        if identity(path) in inputs:
            raise InputError("is an input, and would be written over; choose another -o", path=path)


def listed(paths: Iterable[Path]) -> str:
    """Names for a line of text, at most _NAMED of them."""
    paths = list(paths)
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return ", ".join(shown(path) for path in paths[:_NAMED]) + more
