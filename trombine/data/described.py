"""A folder whose metadata.jsonl says what is there, in what order, and the truth: as a listing.

imagefolder.py explains the lines that trombine writes. A line of anybody else's serves too, as long
as it names a picture of the folder by `file_name`; what trombine knows nothing of is passed over.
"""

from __future__ import annotations

from math import inf
from pathlib import Path, PurePath
from typing import Any, Final

from trombine.data.imagefolder import FILE_NAME, METADATA, PARTS_FILE_NAME, Line, join, sides_of
from trombine.data.listing import Listing, Record, View
from trombine.data.made import VECTOR_KEYS
from trombine.io.files import opened
from trombine.refusal import InputError
from trombine.texts import from_json

_MEND: Final = f"mend it, or take {METADATA} away to use the pictures alone"


def list_described(folder: Path) -> Listing:
    """The pictures that metadata.jsonl names, in its order."""
    path = folder / METADATA
    lines = _read_lines(path)
    if not lines:
        raise InputError("holds no pictures", "check the name", path=folder)
    sides, names = sides_of(lines[0]), tuple(_numbers(lines[0]))
    for number, line in enumerate(lines, 1):
        if sides_of(line) != sides or tuple(_numbers(line)) != names:
            raise InputError(f"has a line {number} unlike its first", _MEND, path=path)
    records = [_record(line, sides) for line in lines]
    return Listing(layout="imagefolder", records=records, vector_names=names, blame=METADATA)


def _numbers(line: Line) -> dict[str, Any]:
    """The numbers of a line by name; a line has them under one key at most."""
    return next((line[key] for key in VECTOR_KEYS if key in line), {})


def _record(line: Line, sides: tuple[str, ...]) -> Record:
    views = tuple(
        View(
            picture=line[join(prefix, FILE_NAME)],
            parts=line.get(join(prefix, PARTS_FILE_NAME)) or "",
            points=line.get(join(prefix, "landmarks")),
            visible=line.get(join(prefix, "visible")),
        )
        for prefix in sides
    )
    numbers = tuple(_numbers(line).values())
    return Record(sides=views, vector=numbers or None, seed=line.get("seed", -1))


def _read_lines(path: Path) -> list[Line]:
    """The lines of a metadata.jsonl; raises InputError for what cannot be followed."""
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
        raise InputError(f"is not UTF-8 in line {number}", _MEND, path=path) from error


def _read_line(path: Path, number: int, text: str) -> Line:
    """One line, of which everything that names a file or a number is one."""
    try:
        line: Any = from_json(text)
    except ValueError:
        line = None
    if not isinstance(line, dict) or len(sides_of(line)) not in (1, 2):
        problem = f"names no picture in line {number}, or more than the two of a pair"
        raise InputError(problem, _MEND, path=path)
    if wrong := _what_is_wrong(line):
        raise InputError(f"is wrong in line {number}: {wrong}", _MEND, path=path)
    return line


def _what_is_wrong(line: Line) -> str | None:
    """What a line holds that is of no use, if it does; landmarks are looked at when needed."""
    for key in (key for key in line if key.endswith(FILE_NAME)):
        unknown_parts = line[key] is None and key.endswith(PARTS_FILE_NAME)
        if not unknown_parts and not is_inside(line[key]):
            return f"{key} is not the name of a file in the folder"
    seed = line.get("seed", 0)
    if type(seed) is not int or not -1 <= seed < 2**63:
        return "seed is not a whole number of 0 to 2**63 - 1"
    for key in VECTOR_KEYS:
        numbers = line.get(key, {})
        if not isinstance(numbers, dict) or not all(map(_is_number, numbers.values())):
            return f"{key} does not give numbers by name"
    return None


def _is_number(value: object) -> bool:
    if type(value) is float:
        return abs(value) != inf  # NaN: it is not known
    return type(value) is int and abs(value) < 2**63


def is_inside(name: object) -> bool:
    """Whether it names a file below the folder that it is read from."""
    if not isinstance(name, str) or not name:
        return False
    return not PurePath(name).is_absolute() and ".." not in PurePath(name).parts
