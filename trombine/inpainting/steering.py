"""Parts and landmarks that the user gives: from files as `trombine read` writes them, and what
belongs where landmarks were moved.

A guess at what a hole hides knows nothing of where the user wants an eye, and a net that is told of
parts goes by them first. So organs are drawn from their landmarks, as labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image, ImageDraw

from trombine.core.conventions import (
    GROUP_OF_PART,
    GROUPS,
    LANDMARK_COUNT,
    LANDMARK_GROUPS,
    PART_INDEX,
    PARTS,
)
from trombine.core.errors import InputError
from trombine.core.texts import from_json
from trombine.io.doors import Opened, Side, Source
from trombine.io.files import opened
from trombine.io.image import load_labels

UNKNOWN: Final = 255  # a label that says nothing
_NOWHERE: Final = (float("nan"), float("nan"))
_FARTHEST: Final = 1e6  # pixels, that a point may be from the first
_PARTS: Final = "give a map as trombine read --write-parts makes it"
_POINTS: Final = "give points as trombine read --write-points makes them"

Labels = UInt8[np.ndarray, "h w"]
Points = Float32[np.ndarray, "68 2"]


@dataclass(frozen=True, kw_only=True)
class Steering:
    """What the user says of the picture's faces; it counts before what the reader guesses."""

    parts: Labels | None = None  # of the whole picture, 255 where it says nothing
    points: Sequence[Points] = ()  # of each face, in pixels of the picture, NaN where unknown
    hair: Mapping[str, float] = field(default_factory=dict)  # of another style, fields of hair.py
    own_hair: Bool[np.ndarray, "h w"] | None = None  # which pixels show it; another style looks so


def steering_sides(parts: Any, points: Any) -> tuple[Side, Side]:
    """The options that give parts and landmarks."""
    return (
        Side(option="parts", value=parts, read=load_labels, take=_labels, ending=".parts.png"),
        Side(option="points", value=points, read=_json, take=_mapping, ending=".points.json"),
    )


def _labels(value: Any) -> Labels:
    """A map that a program holds; of a Pillow image the indices of its palette, or its levels."""
    labels = np.asarray(value)
    if labels.ndim != 2 or labels.dtype != np.uint8:
        problem = f"is a map of h x w bytes, not {labels.dtype} {labels.shape}"
        raise InputError(problem, "give what read returns with write_parts")
    return labels


def _json(path: Path) -> Any:
    with opened(path) as file:
        try:
            return from_json(file.read())
        except (ValueError, RecursionError) as error:
            raise InputError("is no JSON", _POINTS, path=path) from error


def _mapping(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise InputError("is no mapping", "give what read returns with write_points")
    return value


def steering_of(source: Source) -> Steering:
    """What is given of a picture's faces."""
    size = source.picture.height, source.picture.width
    parts, points = source.sides.get("parts"), source.sides.get("points")
    return Steering(
        parts=None if parts is None else _parts_in(parts, size),
        points=() if points is None else _points_in(points, size),
    )


def _parts_in(opened: Opened, size: tuple[int, int]) -> Labels:
    """A map of labels, 255 where it says nothing."""
    labels = opened.value
    with opened.naming():
        if labels.shape != size:
            raise InputError(_other_size(labels.shape[0], labels.shape[1], size), _PARTS)
        wrong = labels[(labels >= len(PARTS)) & (labels != UNKNOWN)]
        if len(wrong):
            text = f"has the label {wrong[0]}, and parts are 0 to {len(PARTS) - 1}, or {UNKNOWN}"
            raise InputError(text, _PARTS)
    return labels


def _points_in(opened: Opened, size: tuple[int, int]) -> list[Points]:
    """The landmarks of each face, NaN where there is null."""
    content = opened.value
    with opened.naming():
        faces = content.get("faces") if isinstance(content, Mapping) else None
        if not isinstance(faces, list):
            raise InputError("lists no faces", _POINTS)
        theirs = content.get("height", size[0]), content.get("width", size[1])
        if theirs != size:
            raise InputError(_other_size(*theirs, size), _POINTS)
        return [_points(face, number) for number, face in enumerate(faces, 1)]


def _points(face: Any, number: int) -> Points:
    pairs = face.get("points") if isinstance(face, dict) else None
    try:
        known = [_NOWHERE if pair in (None, [None, None]) else pair for pair in pairs or ()]
        points = np.array(known, np.float32)
    except (TypeError, ValueError):
        points = np.zeros(0, np.float32)
    if points.shape != (LANDMARK_COUNT, 2) or (np.abs(points) > _FARTHEST).any():
        problem = f"face {number} does not have {LANDMARK_COUNT} points, each [x, y] or null"
        raise InputError(problem, _POINTS)
    return points


def _other_size(height: Any, width: Any, size: tuple[int, int]) -> str:
    return f"is of a picture of {width} x {height}, and this one is {size[1]} x {size[0]}"


# ---------------------------------------------------------------------------------------------
# Organs where landmarks are

_FINE: Final = 4  # times as large as the labels they are drawn
_BROW: Final = 0.085  # of the distance between the eyes: how thick a brow is
_WINGS: Final = 0.075  # and by how much a nose is wider than its landmarks
_OUTLINES: Final = {
    "right_eye": range(36, 42),
    "left_eye": range(42, 48),
    "upper_lip": (*range(48, 55), *range(64, 59, -1)),
    "lower_lip": (*range(54, 60), 48, 60, *range(67, 63, -1)),
    "mouth": range(60, 68),
}
# The landmarks of each group of parts.
_LANDMARKS_OF: Final = {
    "eyes": (*LANDMARK_GROUPS["right_eye"], *LANDMARK_GROUPS["left_eye"]),
    "brows": (*LANDMARK_GROUPS["right_brow"], *LANDMARK_GROUPS["left_brow"]),
    "nose": (*LANDMARK_GROUPS["nose"],),
    "mouth": (*LANDMARK_GROUPS["outer_lips"], *LANDMARK_GROUPS["inner_lips"]),
}

_WORN: Final = [PART_INDEX["glasses"], PART_INDEX["hat"]]  # what hides organs, wherever they are


def organs(points: Points, height: int, width: int) -> UInt8[np.ndarray, "h w"]:
    """Labels of organs at these landmarks; 255 elsewhere."""
    image = Image.new("L", (width * _FINE, height * _FINE), UNKNOWN)
    draw = ImageDraw.Draw(image)

    def fill(spots: np.ndarray, part: str) -> None:
        draw.polygon([(float(x), float(y)) for x, y in spots * _FINE], PART_INDEX[part])

    across = points[42:48].mean(0) - points[36:42].mean(0)
    apart, wide = float(np.linalg.norm(across)), _WINGS * across
    bridge, wings = points[27], points[[31, 32, 33, 34, 35]]
    sides = [bridge + wide, wings[-1] + wide, *wings[::-1], wings[0] - wide, bridge - wide]
    fill(np.array(sides), "nose")
    for name in ("right_brow", "left_brow"):
        spots = points[list(LANDMARK_GROUPS[name])] * _FINE
        thick = max(round(_BROW * apart * _FINE), 1)
        draw.line([(float(x), float(y)) for x, y in spots], PART_INDEX[name], thick, "curve")
    for part, outline in _OUTLINES.items():
        fill(points[list(outline)], part)
    return np.asarray(image)[_FINE // 2 :: _FINE, _FINE // 2 :: _FINE].copy()


def with_moved(
    likely: Float32[np.ndarray, "19 n"],
    drawn: UInt8[np.ndarray, "n"],
    moved: Bool[np.ndarray, "68"],
) -> Float32[np.ndarray, "19 n"]:
    """How likely each part is at hidden pixels, with organs drawn where they were moved to.

    Where one was guessed is skin now. Of a moved jaw the guess at all the rest says nothing.
    """
    likely, guess = likely.copy(), likely.argmax(0)
    if moved[list(LANDMARK_GROUPS["jaw"])].any():
        likely[:], groups = 0, list(_LANDMARKS_OF)
    else:
        groups = [name for name, points in _LANDMARKS_OF.items() if moved[list(points)].any()]
    worn = np.isin(guess, _WORN)
    for name in groups:
        group = GROUPS.index(name)
        _say(likely, (GROUP_OF_PART[guess] == group) & ~worn, PART_INDEX["skin"])
    for part in np.flatnonzero(np.isin(GROUP_OF_PART, [GROUPS.index(name) for name in groups])):
        _say(likely, (drawn == part) & ~worn, int(part))
    return likely


def _say(likely: Float32[np.ndarray, "19 n"], where: Bool[np.ndarray, "n"], part: int) -> None:
    likely[:, where] = 0
    likely[part, where] = 1
