"""Parts and landmarks that the user gives, from files as `trombine read` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float32, UInt8

from trombine.core.conventions import LANDMARK_COUNT, PARTS
from trombine.core.errors import InputError
from trombine.core.texts import from_json
from trombine.inpainting.faces import UNKNOWN, Steering
from trombine.io.files import opened
from trombine.io.image import load_labels

_LONGEST: Final = 1 << 26  # bytes of a file of points
_MOST: Final = 1000  # faces
_PARTS: Final = "give a map as trombine read --write-parts makes it"
_POINTS: Final = "give points as trombine read --write-points makes them"


def steering_of(parts: Path | None, points: Path | None, size: tuple[int, int]) -> Steering:
    """What these files say of a picture of this height and width."""
    return Steering(
        parts=None if parts is None else parts_in(parts, size),
        points=() if points is None else points_in(points, size),
    )


def parts_in(path: Path, size: tuple[int, int]) -> UInt8[np.ndarray, "h w"]:
    """A map of labels, 255 where it says nothing."""
    labels = load_labels(path)  # of grey samples, or of a palette
    if labels.shape != size:
        raise InputError(_other_size(labels.shape[0], labels.shape[1], size), _PARTS, path=path)
    wrong = labels[(labels >= len(PARTS)) & (labels != UNKNOWN)]
    if len(wrong):
        text = f"has the label {wrong[0]}, and parts are 0 to {len(PARTS) - 1}, or {UNKNOWN}"
        raise InputError(text, _PARTS, path=path)
    return labels


def points_in(path: Path, size: tuple[int, int]) -> list[Float32[np.ndarray, "68 2"]]:
    """The landmarks of each face, NaN where the file has null."""
    with opened(path) as file:
        text = file.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise InputError("is too long to be points", _POINTS, path=path)
    try:
        content = from_json(text)
    except (ValueError, RecursionError) as error:
        raise InputError("is no JSON", _POINTS, path=path) from error
    faces = content.get("faces") if isinstance(content, dict) else None
    if not isinstance(faces, list) or len(faces) > _MOST:
        raise InputError("lists no faces", _POINTS, path=path)
    theirs = content.get("height", size[0]), content.get("width", size[1])
    if theirs != size:
        raise InputError(_other_size(*theirs, size), _POINTS, path=path)
    return [_points(face, number, path) for number, face in enumerate(faces, 1)]


def _points(face: Any, number: int, path: Path) -> Float32[np.ndarray, "68 2"]:
    pairs = face.get("points") if isinstance(face, dict) else None
    if not isinstance(pairs, list) or len(pairs) != LANDMARK_COUNT:
        text = f"face {number} does not have {LANDMARK_COUNT} points"
        raise InputError(text, _POINTS, path=path)
    return np.array([_pair(pair, number, path) for pair in pairs], np.float32)


def _pair(pair: Any, number: int, path: Path) -> tuple[float, float]:
    if pair is None or pair == [None, None]:
        return float("nan"), float("nan")
    is_pair = isinstance(pair, list) and len(pair) == 2
    if is_pair and all(type(value) in (int, float) and abs(value) < 1e6 for value in pair):
        return float(pair[0]), float(pair[1])
    text = f"face {number} has a point that is no pair of numbers"
    raise InputError(text, "write [x, y], or null where it is unknown", path=path)


def _other_size(height: Any, width: Any, size: tuple[int, int]) -> str:
    return f"is of a picture of {width} x {height}, and this one is {size[1]} x {size[0]}"
