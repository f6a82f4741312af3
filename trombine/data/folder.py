"""A folder of pictures as columns: any pictures, or the layout that imagefolder.py describes.

Where the folder has a metadata.jsonl, its lines say what is there, in what order, and the truth.
Otherwise every picture in it and below counts, sorted by name; if all of them lie in subfolders,
the subfolders' names are the classes.

A picture that is not of the wanted size is cropped to its middle square and shrunk or enlarged
(bicubic, antialiased), and its truth goes with it: points move, labels are taken at the nearest
pixel. One that is of the wanted size comes as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from PIL import Image

from trombine.conventions import LANDMARK_COUNT, PARTS
from trombine.data.columns import PAIR, Columns, Row, stack, unknown
from trombine.data.imagefolder import (
    FILE_NAME,
    METADATA,
    PARTS_FILE_NAME,
    Line,
    join,
    sides_of,
    truth_of,
)
from trombine.files import opened
from trombine.images import PICTURE_SUFFIXES, PictureError, read, shown

_MEND: Final = f"mend it, or take {METADATA} away to use the pictures alone"


class FolderError(PictureError):
    """A folder that holds no pictures, or a metadata.jsonl that cannot be followed."""


@dataclass(frozen=True, kw_only=True)
class Square:
    """The middle square of a picture: what is kept of it."""

    left: int
    top: int
    side: int

    @classmethod
    def of(cls, height: int, width: int) -> Square:
        """The largest square in the middle."""
        side = min(height, width)
        return cls(left=(width - side) // 2, top=(height - side) // 2, side=side)


class Folder:
    """The pictures of a folder, read when they are asked for."""

    def __init__(self, path: Path, size: int) -> None:
        """Look what is in the folder; raises FolderError if that is no pictures."""
        if not path.is_dir():
            raise FolderError(path, "is not a folder", "check the name")
        self.path, self.size = path, size
        described = (path / METADATA).is_file()
        self.lines = _read_lines(path / METADATA) if described else _find(path)
        if not self.lines:
            raise FolderError(path, "holds no pictures", "check the name")
        self.sides = sides_of(self.lines[0])
        self.classes = () if described else _classes(self.lines)
        self.vector_names = tuple(self.lines[0].get("face", ()))
        self._check()
        self.blank = self._blank()

    def __len__(self) -> int:
        return len(self.lines)

    def name(self, index: int) -> str:
        """The picture's file, as its folder names it."""
        return self._named(self.lines[index])

    def rows(self, indices: Int64[np.ndarray, "n"]) -> Columns:
        """The columns of these pictures, read now."""
        return stack((self._row(self.lines[index]) for index in indices.tolist()), self.blank)

    def _check(self) -> None:
        """Every line must be of the same kind as the first."""
        for number, line in enumerate(self.lines, 1):
            if sides_of(line) != self.sides or tuple(line.get("face", ())) != self.vector_names:
                raise FolderError(
                    self.path / METADATA, f"has a line {number} unlike its first", _MEND
                )

    def _blank(self) -> Row:
        """A row of which nothing is known, of all the columns that some line knows."""
        keys = {key for line in self.lines for key in line}
        square = (self.size, self.size)
        shapes: dict[str, tuple[int, ...]] = {}
        for mark, prefix in zip(("", PAIR), self.sides, strict=False):
            shapes[f"{mark}pictures"] = (*square, 3)
            if join(prefix, PARTS_FILE_NAME) in keys:
                shapes[f"{mark}parts"] = square
            if join(prefix, "landmarks") in keys:
                shapes |= {
                    f"{mark}points": (LANDMARK_COUNT, 2),
                    f"{mark}visible": (LANDMARK_COUNT,),
                }
        shapes |= {"vectors": (len(self.vector_names),)} if self.vector_names else {}
        shapes |= {"seeds": ()} if "seed" in keys else {}
        shapes |= {"labels": ()} if self.classes else {}
        return {name: unknown(name, shape) for name, shape in shapes.items()}

    def _row(self, line: Line) -> dict[str, np.ndarray]:
        row: dict[str, np.ndarray] = {}
        for mark, prefix in zip(("", PAIR), self.sides, strict=False):
            row |= {mark + name: cell for name, cell in self._side(line, prefix).items()}
        if self.vector_names:
            row["vectors"] = np.array(list(line["face"].values()), np.float64)
        if "seed" in line:
            row["seeds"] = np.array(line["seed"], np.int64)
        if self.classes:
            row["labels"] = np.array(self.classes.index(_class(line)), np.int64)
        return row

    def _side(self, line: Line, prefix: str) -> dict[str, np.ndarray]:
        pixels = _read_pixels(self.path / line[join(prefix, "file_name")])
        square = Square.of(*pixels.shape[:2])
        row = {"pictures": resize(pixels, square, self.size)}
        parts = line.get(join(prefix, PARTS_FILE_NAME))
        if parts:
            row["parts"] = resize_parts(_read_parts(self.path / parts, pixels), square, self.size)
        try:
            truth = truth_of(line, prefix)
        except ValueError as error:
            what = f"is wrong about {self._named(line)}: {error}"
            raise FolderError(self.path / METADATA, what, _MEND) from error
        if "points" in truth:
            truth["points"] = move_points(truth["points"], square, self.size)
        return row | truth

    def _named(self, line: Line) -> str:
        return shown(line[join(self.sides[0], "file_name")])


def resize(pixels: UInt8[np.ndarray, "h w 3"], square: Square, size: int) -> np.ndarray:
    """The square of the picture at the wanted size; as it is, if it is that size."""
    cut = pixels[square.top : square.top + square.side, square.left : square.left + square.side]
    if square.side == size:
        return np.ascontiguousarray(cut)
    picture = Image.fromarray(np.ascontiguousarray(cut))
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def resize_parts(parts: UInt8[np.ndarray, "h w"], square: Square, size: int) -> np.ndarray:
    """The labels at the centres of the new pixels: a label is never averaged."""
    centres = ((np.arange(size) + 0.5) * square.side / size).astype(np.int64)
    return parts[np.ix_(square.top + centres, square.left + centres)]


def move_points(points: Float32[np.ndarray, "68 2"], square: Square, size: int) -> np.ndarray:
    """The landmarks in the resized square, pixels; those of a picture of that size as they are."""
    if (square.left, square.top, square.side) == (0, 0, size):
        return points
    moved = (points.astype(np.float64) - [square.left, square.top]) * size / square.side
    return moved.astype(np.float32)


def _read_lines(path: Path) -> list[Line]:
    """The lines of a metadata.jsonl; raises FolderError for what cannot be followed."""
    lines: list[Line] = []
    for number, text in enumerate(_text(path).split("\n"), 1):
        if text.strip():
            lines.append(_read_line(path, number, text))
    return lines


def _text(path: Path) -> str:
    with opened(path) as file:
        data = file.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise FolderError(path, f"is not UTF-8 in line {number}", _MEND) from error


def _read_line(path: Path, number: int, text: str) -> Line:
    """One line, of which everything that names a file or a number is one."""
    try:
        line: Any = json.loads(text)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict) or len(sides_of(line)) not in (1, 2):
        what = f"names no picture in line {number}, or more than the two of a pair"
        raise FolderError(path, what, _MEND)
    if wrong := _what_is_wrong(line):
        raise FolderError(path, f"is wrong in line {number}: {wrong}", _MEND)
    return line


def _what_is_wrong(line: Line) -> str | None:
    """What a line holds that is of no use, if it does; landmarks are looked at when needed."""
    for key in (key for key in line if key.endswith(FILE_NAME)):
        unknown_parts = line[key] is None and key.endswith(PARTS_FILE_NAME)
        if not unknown_parts and not _is_inside(line[key]):
            return f"{key} is not the name of a file in the folder"
    seed, face = line.get("seed", 0), line.get("face", {})
    if type(seed) is not int or not -1 <= seed < 2**63:
        return "seed is not a whole number of 0 to 2**63 - 1"
    if not isinstance(face, dict) or not all(map(_is_number, face.values())):
        return "face does not give numbers by name"
    return None


def _is_number(value: object) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < 2**63)


def _is_inside(name: object) -> bool:
    """Whether it names a file below the folder that it is read from."""
    if not isinstance(name, str) or not name:
        return False
    return not PurePath(name).is_absolute() and ".." not in PurePath(name).parts


def _find(path: Path) -> list[Line]:
    """A line for each picture in the folder and below, sorted; what is hidden is left out."""
    names = (found.relative_to(path) for found in path.rglob("*"))
    wanted = (
        name.as_posix()
        for name in names
        if name.suffix.lower() in PICTURE_SUFFIXES
        and not any(p.startswith(".") for p in name.parts)
    )
    return [{"file_name": name} for name in sorted(wanted)]


def _class(line: Line) -> str:
    return line["file_name"].partition("/")[0]


def _classes(lines: Sequence[Line]) -> tuple[str, ...]:
    """The subfolders' names, if every picture is in one."""
    if not all("/" in line["file_name"] for line in lines):
        return ()
    return tuple(sorted({_class(line) for line in lines}))


def _read_pixels(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    return (read(path).rgb() * 255).round().astype(np.uint8)


def _read_parts(path: Path, pixels: np.ndarray) -> UInt8[np.ndarray, "h w"]:
    """The labels of a palette or grey picture."""
    samples = read(path).samples
    if samples.shape != (*pixels.shape[:2], 1) or samples.max() >= len(PARTS):
        what = f"is not a parts map of its picture's size, with labels below {len(PARTS)}"
        raise PictureError(path, what, _MEND)
    return samples[..., 0].astype(np.uint8)
