"""FFHQ: 70,000 faces as thumbnails of 128 px (or of 1024 px), with 68 landmarks and a split.

thumbnails128x128/00000/00000.png     or flat; images1024x1024/ where there are no thumbnails
ffhq-dataset-v2.json                  255 MB: read piece by piece, never all at once
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, Int64

from trombine.conventions import LANDMARK_COUNT
from trombine.data.columns import SPLITS
from trombine.data.layouts.finding import first_folder, pictures_below, prefix
from trombine.data.layouts.layout import Layout, lacking
from trombine.data.layouts.rows import Rows
from trombine.data.layouts.tables import is_count
from trombine.data.listing import Listing
from trombine.io.files import Bytes, opened
from trombine.refusal import InputError

_NAME: Final = "ffhq"
_WIDTHS: Final = {"thumbnails128x128": 128, "images1024x1024": 1024}  # pixels
_JSON: Final = "ffhq-dataset-v2.json"
_LANDMARK_WIDTH: Final = 1024  # the width of the picture that the landmarks are given for
_SPLITS: Final = {"training": SPLITS.index("train"), "validation": SPLITS.index("choose")}
_READ: Final = 1 << 20  # bytes at once
_LONGEST: Final = 1 << 22  # characters of one entry: FFHQ's have about 4,000
_DECODER: Final = json.JSONDecoder()
_COMMA: Final = re.compile(r"\s*,?\s*")
_COLON: Final = re.compile(r"\s*:\s*")
_AGAIN: Final = f"download {_JSON} again, or take it away to use the pictures alone"


def list_ffhq(path: Path) -> Listing:
    """The pictures, in the order of their numbers, and what the JSON file says of them."""
    folder = first_folder(path, _WIDTHS)
    if folder is None:
        raise lacking(path / "thumbnails128x128", _NAME, "unpack thumbnails128x128.zip there")
    names = pictures_below(folder)
    numbers = [name.rpartition("/")[2].partition(".")[0] for name in names]
    start, file = prefix(path, folder), path / _JSON
    pictures = [start + name for name in names]
    if not file.is_file():
        return Listing(layout=_NAME, records=Rows(pictures=pictures))
    place = {int(number): row for row, number in enumerate(numbers) if is_count(number)}
    points, splits, missing = _read(file, place, len(names))
    points *= np.float32(_WIDTHS[folder.name] / _LANDMARK_WIDTH)
    rows = Rows(pictures=pictures, points=points, splits=splits)
    return Listing(layout=_NAME, records=rows, blame=_JSON, missing=missing, named_in=(_JSON,))


def _read(
    file: Path, place: dict[int, int], count: int
) -> tuple[Float32[np.ndarray, "n 68 2"], Int64[np.ndarray, "n"], int]:
    """Landmarks and splits of the pictures at these places, and how many are not there."""
    points = np.full((count, LANDMARK_COUNT, 2), np.nan, np.float32)
    splits = np.full(count, -1, np.int64)
    missing = 0
    for number, entry in _entries(file):
        row = place.get(int(number)) if is_count(number) else None
        if row is None:
            missing += 1
            continue
        try:
            with np.errstate(over="ignore"):  # what is beyond numbers is refused with the picture
                landmarks = np.array(entry["image"]["face_landmarks"], np.float32)
            points[row] = landmarks.reshape(LANDMARK_COUNT, 2)
            splits[row] = _SPLITS[entry["category"]]
        except (LookupError, TypeError, ValueError, OverflowError):
            raise InputError(f"is wrong about picture {number}", _AGAIN, path=file) from None
    return points, splits, missing


def _entries(file: Path) -> Iterator[tuple[str, Any]]:
    """The keys and values of a JSON object, one after the other."""
    last = ""
    with opened(file) as data:
        text = _piece(data).lstrip()
        if not text.startswith("{"):
            raise InputError("is not a JSON object of pictures", _AGAIN, path=file)
        at = 1
        while True:
            parsed = _entry(text, at)
            if parsed is not None:
                last, entry, at = parsed
                yield last, entry
                continue
            piece = _piece(data)
            if not piece or len(text) - at > _LONGEST:
                break
            text, at = text[at:] + piece, 0
    if text[at:].strip() != "}":
        position = f"after picture {last}" if last else "at its start"
        raise InputError(f"cannot be read {position}", _AGAIN, path=file)


def _piece(data: Bytes) -> str:
    """More of the file, which is JSON in ASCII; letters of a title that are not do not matter."""
    return data.read(_READ).decode("ascii", "replace")


def _entry(text: str, at: int) -> tuple[str, Any, int] | None:
    """The key and value from here on, and where they end; None if they are not all there."""
    try:
        number, end = _DECODER.raw_decode(text, _skip(_COMMA, text, at))
        entry, end = _DECODER.raw_decode(text, _skip(_COLON, text, end))
    except (ValueError, RecursionError):
        return None
    return (number, entry, end) if isinstance(number, str) else None


def _skip(gap: re.Pattern[str], text: str, at: int) -> int:
    match = gap.match(text, at)
    return match.end() if match else at


FFHQ: Final = Layout(
    name=_NAME,
    about="FFHQ: thumbnails of 128 px (or pictures of 1024 px), 68 landmarks, splits",
    recognise=lambda path: first_folder(path, _WIDTHS) is not None,
    list=list_ffhq,
)
