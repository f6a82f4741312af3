"""A set of pictures to judge: of a folder, a pack or a data spec, all of one size.

A pack's pictures of that size are read from its file as they are needed. All others are put into a
temporary file, so that a large set needs no memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from trombine.batch.inputs import expand, left_alone, refuse_empty
from trombine.canvas import Box
from trombine.data.pack import Pack, is_pack
from trombine.data.reading import resize
from trombine.data.source import prepare, source
from trombine.data.spec import is_there, parse
from trombine.events import Event, Progress, Skipped
from trombine.images import as_seen, read, size_of
from trombine.refusal import InputError

Pictures = UInt8[np.ndarray, "_ _ _ 3"]
Pixels = UInt8[np.ndarray, "_ _ 3"]
_BATCH: Final = 256


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures of one size with their names."""

    spec: str
    pictures: Pictures
    names: tuple[str, ...]
    files: tuple[Path, ...]  # that they were read from, as far as they are files
    resized: int  # how many had another size or shape
    skipped: int  # how many could not be read

    def __len__(self) -> int:
        return len(self.pictures)


def same_place(a: str, b: str) -> bool:
    """Whether two specs mean the same pictures."""
    (first, _), (second, _) = _place(a), _place(b)
    if first == second == Path():
        return parse(a) == parse(b)
    return first.resolve() == second.resolve()


def natural_size(spec: str) -> int | None:
    """Width and height of a set's pictures as they are; None where the spec does not say."""
    path, kind = _place(spec)
    if kind == "pack":
        return Pack(path).size
    return min(size_of(_files(path)[0])) if kind == "folder" else None


def open_set(spec: str, size: int) -> Generator[Event, None, PictureSet]:
    """The pictures of a path or a data spec at this size; bad files of a folder are skipped."""
    path, kind = _place(spec)
    if kind == "pack":
        return (yield from _of_pack(spec, Pack(path), size))
    if kind == "folder":
        return (yield from _of_folder(spec, path, size))
    yield from prepare(spec, size)
    opened = source(spec, size)
    names = tuple(opened.name(row) for row in range(len(opened)))
    room = _room(len(names), size)
    for start in range(0, len(names), _BATCH):
        rows = np.arange(start, min(start + _BATCH, len(names)), dtype=np.int64)
        room[start : start + len(rows)] = opened.take(rows)["pictures"]
        yield Progress(start + len(rows), len(names), "pictures read")
    return PictureSet(spec, room, names, (), 0, 0)


def _place(spec: str) -> tuple[Path, str]:
    """Where a set is, and whether it is a pack or a folder; "" for all else that a spec can say."""
    if is_there(spec):
        return Path(spec), "pack" if is_pack(Path(spec)) else "folder"
    if "/" in spec and ":" not in spec:
        raise InputError("does not exist", "name a folder, a pack or a data spec", path=Path(spec))
    first, *others = parse(spec)
    plain = not others and not first.split and first.count is None
    if plain and first.kind in ("pack", "folder") and is_there(first.path):
        return Path(first.path), first.kind
    return Path(), ""


def _of_pack(spec: str, pack: Pack, size: int) -> Generator[Event, None, PictureSet]:
    names = tuple(pack.name(row) for row in range(len(pack)))
    files = tuple(sorted(path for path in pack.path.iterdir() if path.is_file()))
    pictures = pack.columns["pictures"]
    if pack.size == size:
        return PictureSet(spec, pictures, names, files, 0, 0)
    room = _room(len(names), size)
    for row in range(len(names)):
        room[row] = _square(pictures[row], size)
        if row % _BATCH == 0:
            yield Progress(row, len(names), "pictures read")
    return PictureSet(spec, room, names, files, len(names), 0)


def _of_folder(spec: str, folder: Path, size: int) -> Generator[Event, None, PictureSet]:
    yield from left_alone([folder])
    files = _files(folder)
    room, names, resized = _room(len(files), size), [], 0
    for number, file in enumerate(files, 1):
        try:
            pixels = as_seen(read(file))
        except InputError as error:
            yield Skipped(file, error.why)
            continue
        room[len(names)] = _square(pixels, size)
        resized += pixels.shape[:2] != (size, size)
        names.append(file.name)
        yield Progress(number, len(files), "pictures read")
    skipped = len(files) - len(names)
    return PictureSet(spec, room[: len(names)], tuple(names), tuple(files), resized, skipped)


def _files(folder: Path) -> list[Path]:
    files = expand([folder])
    refuse_empty(files[0])
    return files


def _square(pixels: Pixels, size: int) -> Pixels:
    """The largest square in the middle, at this size."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return resize(pixels, Box(top=top, left=left, bottom=top + side, right=left + side), size)


def _room(count: int, size: int) -> Pictures:
    """Room for pictures in a file that goes when nobody reads it any more."""
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.uint8, "w+", shape=(count, size, size, 3))
