"""Faces under holes: which there are, upright windows of them, their parts and landmarks.

The reader looks at the picture with the hole emptied, never at what lies under it, and guesses the
hidden landmarks; hidden parts are guessed by a net that is shown where the hole is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64
from torch.nn.functional import max_pool2d

from trombine.core.devices import device_of
from trombine.core.tiles import Box, cut
from trombine.faces import LOST, WINDOW, Face, Frame, parts_map, read_faces, read_twice
from trombine.faces.faces import CLEAR, UNMET, Least, Wanted, expected_errors, upright
from trombine.faces.frames import sample_window
from trombine.inpainting.damaged import Damaged, middles
from trombine.inpainting.steering import UNKNOWN, Labels, Points, Steering, organs, with_moved
from trombine.inpainting.windows import Area, Window, thickness
from trombine.models import Model
from trombine.nets.steering import likely_of, told_of

_OVERVIEW: Final = 1280  # pixels of the longer side of the picture in which faces are looked for
_WITHIN: Final = 2  # sides of the frame where a face may be: its own frame lies in so large a one
_RIM: Final = 6  # pixels of a reader's window that are context at least
_MOST: Final = 1.2  # times as large as the reader's a window may be, for a hole to fit,
_STEP: Final = 16  # and a multiple of so many pixels
_SCALED: Final = 1.2  # as trainings change pictures: so much larger or smaller,
_TURNED: Final = 0.175  # and turned so far, 10 degrees
_THIN: Final = 4  # pixels of a reader's window: a thinner hole is better mended at full size
# Of a frame's side: so far each landmark is elsewhere; what is read of a hidden jaw is often off.
_LEAST_MOVED: Final = np.array([0.03] * 17 + [0.01] * 51, np.float32)
_NEAR: Final = 6  # pixels of a window round a hole that the reader, too, may read by it
# Of a half-hidden face less is asked, for most is guessed; what is seen of it must be clear.
_HIDDEN: Final = Least(place=0.02, likely=0.02, lost=0.05)
# Of a frame: a face of which less is hidden is found as any is, and of more nothing is to be seen.
_MOSTLY: Final = (0.25, 0.9)
_SEEN: Final = 8  # landmarks that a hole leaves of a face, at least
_SHARP: Final = 1.25  # windows' sides: in frames that are no larger little is lost

Likely = Float32[np.ndarray, "19 h w"]


def faces_in(damaged: Damaged, reader: Model, steering: Steering) -> list[Face]:
    """The faces that the hole hides something of, each read in its own upright window."""

    def wanted(frame: Frame) -> bool:
        return _share(damaged, replace(frame, side=_WITHIN * frame.side)) > 0

    return _steered(damaged, _found(damaged, reader, wanted), reader, steering)


def half_hidden(damaged: Damaged, reader: Model) -> list[Face]:
    """Faces that are mostly guessed, of which the landmarks outside the hole are as sure as any
    face's. Where none are, as in grass, what the reader sees is no face."""

    def wanted(frame: Frame) -> bool:
        return _MOSTLY[0] < _share(damaged, frame) < _MOSTLY[1]

    def is_clear(face: Face) -> bool:
        seen = face.errors[~hidden_points(damaged, face.points)]
        return len(seen) >= _SEEN and float(np.median(seen)) < LOST * UNMET * face.frame.side

    return [face for face in _found(damaged, reader, wanted, _HIDDEN) if is_clear(face)]


def _found(damaged: Damaged, reader: Model, wanted: Wanted, least: Least = CLEAR) -> list[Face]:
    """The faces that the hole hides something of, of those in the frames that are wanted."""
    height, width = damaged.size
    times = math.ceil(max(height, width) / _OVERVIEW)
    whole = Box(top=0, left=0, bottom=height, right=width)
    planes = damaged.shrunk(whole, times)
    known = planes[..., 3:] >= 0.5
    colours = np.where(known, planes[..., :3] / planes[..., 3:].clip(0.5), np.float32(0.5))
    shrunk = torch.from_numpy(np.ascontiguousarray(colours.transpose(2, 0, 1))).clamp(0, 1)
    read = read_faces(shrunk, reader, wanted=lambda frame: wanted(frame.scaled(times)), least=least)
    faces = [face for face in read if _share(damaged, face.frame.scaled(times)) > 0]
    return faces if times == 1 else [_read_again(damaged, face, times, reader) for face in faces]


def _share(damaged: Damaged, frame: Frame) -> float:
    """How much of a frame is hole, painted or not."""
    inside = cut(damaged.hole, Window.of_frame(frame).reach(*damaged.size))
    return float(inside.mean()) if inside.size else 0.0


def _read_again(damaged: Damaged, face: Face, times: int, reader: Model) -> Face:
    """A face that was read in a picture shrunk so many times, read in the full one."""
    left, top, right, bottom = (side * times for side in face.box)
    frame = upright(torch.from_numpy(face.points * np.float32(times)))
    full = replace(face, box=(left, top, right, bottom), frame=frame)
    return read_in(damaged, full, reader)


def read_in(damaged: Damaged, face: Face, reader: Model) -> Face:
    """The parts and landmarks that the reader sees, or guesses, in the face's frame."""
    picture, _ = damaged.seen(Window.of_frame(face.frame))
    with torch.inference_mode():
        reading = read_twice(reader, picture[None])
    points = face.frame.to_picture(reading.points[0].float()).numpy().astype(np.float32)
    errors = expected_errors(reading, face.frame)
    return replace(face, points=points, errors=errors, logits=reading.parts[0].float().clone())


def reread(damaged: Damaged, face: Face, reader: Model) -> Face:
    """The face with its landmarks in the picture as it is painted so far, unless the user moved
    some."""
    if _is_moved(face):
        return face
    seen = read_in(damaged, face, reader)
    return replace(face, points=seen.points, errors=seen.errors)


def looked_again(
    damaged: Damaged, area: FaceWindow, face: Face, steering: Steering, reader: Model
) -> tuple[FaceWindow, Face]:
    """The window and its face as they are painted so far: parts and landmarks, told as certain.

    A guess at what nothing shows is doubtful, and doubts are painted as blur. What a reader sees in
    the blur is one face of those that it may be.
    """
    seen = read_in(damaged, face, reader)
    if _is_moved(face):
        seen = replace(seen, points=face.points, errors=face.errors)
    again = replace(
        area,
        parts=_parts(area.window, seen, steering, damaged, certain=True),
        points=area.window.to_window(seen.points.astype(np.float64)).astype(np.float32),
    )
    return again, replace(face, logits=seen.logits)


def completed(damaged: Damaged, face: Face, completer: Model) -> Face:
    """The face with its hidden parts guessed, and those at the hole's rim read again."""
    picture, unknown = damaged.seen(Window.of_frame(face.frame))
    hole = unknown[None, None].float()
    device = device_of(completer.net)
    with torch.inference_mode():
        logits = completer(picture[None].to(device), hole=hole.to(device))[0].cpu().float()
    near = max_pool2d(hole, 2 * _NEAR + 1, 1, _NEAR)[0] > 0
    return replace(face, logits=torch.where(near, logits, face.logits.float()))


# ---------------------------------------------------------------------------------------------
# What the user gives


def _steered(damaged: Damaged, faces: list[Face], reader: Model, steering: Steering) -> list[Face]:
    """The faces with the user's landmarks; those that the reader misses are added."""
    result = list(faces)
    for points in steering.points:
        known = np.isfinite(points[:, 0])
        if not known.any():
            continue
        near = [  # how far they are from a face's, in sides of its frame
            float(np.hypot(*(face.points[known] - points[known]).T).mean()) / face.frame.side
            for face in result
        ]
        if near and min(near) < 0.5:
            number = int(np.argmin(near))
            result[number] = _moved(damaged, result[number], points, known)
        elif known.all():
            face = read_in(damaged, _of_points(points), reader)
            if _share(damaged, face.frame) > 0:
                result.append(_moved(damaged, face, points, known))
    return result


def _moved(damaged: Damaged, face: Face, points: Points, known: Bool[np.ndarray, "68"]) -> Face:
    """The face with the landmarks that are known; where they are elsewhere in the hole, they are
    certain."""
    both = np.where(known[:, None], points, face.points).astype(np.float32)
    far = np.hypot(*(both - face.points).T) / face.frame.side
    is_moved = (far > _LEAST_MOVED) & (
        hidden_points(damaged, both) | hidden_points(damaged, face.points)
    )
    return replace(face, points=both, errors=np.where(is_moved, np.float32(0), face.errors))


def hidden_points(damaged: Damaged, points: Points) -> Bool[np.ndarray, "68"]:
    height, width = damaged.size
    columns, rows = np.floor(points).astype(np.int64).T
    there = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return there & damaged.hole[rows.clip(0, height - 1), columns.clip(0, width - 1)]


def _of_points(points: Points) -> Face:
    (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
    return Face(
        box=(left, top, right, bottom),
        likely=1.0,
        points=points,
        errors=np.zeros(68, np.float32),
        frame=upright(torch.from_numpy(points)),
        logits=torch.zeros(19, WINDOW, WINDOW),
    )


def whole_map(faces: Sequence[Face], steering: Steering, size: tuple[int, int]) -> Labels:
    """The parts of the whole picture that a repair went by."""
    labels = parts_map(faces, *size)
    given = steering.parts
    return labels if given is None else np.where(given == UNKNOWN, labels, given)


# ---------------------------------------------------------------------------------------------
# Windows


@dataclass(frozen=True, kw_only=True)
class FaceWindow:
    """A window in which a face's hole is painted, and what a net may be steered by there."""

    window: Window
    parts: Likely  # of the window's pixels
    points: Points  # in pixels of the window; NaN unless the user gave them
    area: Area  # the missing pixels that it gives
    is_guessed: bool = True  # nothing in it is as the user says


def window_of(
    damaged: Damaged, face: Face, faces: Sequence[Face], steering: Steering, side: int = WINDOW
) -> FaceWindow | None:
    """The window that shows a face in pixels of this `side`, and more of the picture where the hole
    with context needs it; None where the hole is elsewhere, or so thin that it is better mended at
    full size."""
    area = _mine(damaged, face, faces)
    if area is None:
        return None
    window = _fitting(Window.of_frame(face.frame, side), middles(*area.ends()))
    # Nets know faces turned and scaled so little: then nothing is lost by sampling.
    if abs(math.log(window.scale)) < math.log(_SCALED) and abs(window.angle) < _TURNED:
        window, box = _straight(window, damaged.size)
        both = area.box.shared(box)
        area = both and Area.of(cut(area.inside, both.within(area.box)), both)
    else:
        rim, shown = _RIM * side / WINDOW, window

        def inside(rows: np.ndarray, columns: np.ndarray) -> Bool[np.ndarray, "n"]:
            places = shown.to_window(middles(rows, columns))
            return np.all((places >= rim) & (places <= shown.width - rim), axis=1)

        area = area.where(inside)
    if area is None:
        return None
    if (
        face.frame.side > _SHARP * side
        and thickness(np.pad(area.inside, 1)) * window.scale < _THIN * side / WINDOW
    ):
        return None
    parts = _parts(window, face, steering, damaged)
    points = window.to_window(face.points.astype(np.float64)).astype(np.float32)
    if not _is_moved(face):
        points = np.full_like(points, np.nan)
    guessed = steering.parts is None and not _is_moved(face)
    return FaceWindow(window=window, parts=parts, points=points, area=area, is_guessed=guessed)


def _mine(damaged: Damaged, face: Face, faces: Sequence[Face]) -> Area | None:
    """The missing pixels nearer to this face than to others, in reach of its largest window; None
    where they lie beside the face, not on it."""
    largest = replace(face.frame, side=face.frame.side * _MOST)
    box = Window.of_frame(largest).reach(*damaged.size)
    area = Area.of(cut(damaged.missing, box), box)
    number = next(i for i, f in enumerate(faces) if f is face)

    def on_it(rows: np.ndarray, columns: np.ndarray) -> Bool[np.ndarray, "n"]:
        own = Window.of_frame(face.frame).to_window(middles(rows, columns))
        return np.all(np.abs(own / WINDOW - 0.5) < 0.35, axis=1)

    def nearest(rows: np.ndarray, columns: np.ndarray) -> Bool[np.ndarray, "n"]:
        places = middles(rows, columns)
        near = [np.hypot(*(places - [f.frame.x, f.frame.y]).T) / f.frame.side for f in faces]
        return np.argmin(near, axis=0) == number

    return None if area is None or area.where(on_it) is None else area.where(nearest)


def _fitting(window: Window, places: Float64[np.ndarray, "n 2"]) -> Window:
    """The window with so many more pixels that the hole lies inside, as far as that is sensible; a
    face in it stays as large as nets know faces."""
    side = window.width
    middle = window.to_window(places) - side / 2
    times = float(np.abs(middle).max()) / (side / 2 - 2 * _RIM * side / WINDOW)
    side = math.ceil(side * min(max(times, 1.0), _MOST) / _STEP) * _STEP
    return replace(window, height=side, width=side)


def _straight(window: Window, size: tuple[int, int]) -> tuple[Window, Box]:
    """The pixels of the picture that a window shows, as they are."""
    top, left = round(window.y - window.height / 2), round(window.x - window.width / 2)
    bottom, right = min(top + window.height, size[0]), min(left + window.width, size[1])
    box = Box(max(top, 0), max(left, 0), bottom, right)
    return Window.of_box(box, 1.0), box


def _is_moved(face: Face) -> bool:
    return not face.errors.all()


def _parts(
    window: Window, face: Face, steering: Steering, damaged: Damaged, *, certain: bool = False
) -> Likely:
    """How likely each part is at each pixel of a window: the user's, the reader's or a guess.

    Eyes, brows, nose and mouth are told as certain where they are likeliest, for a net that doubts
    them paints none; doubts about the rest are told. Organs that the user moved are drawn where
    they are wanted.
    """
    places = window.to_picture(window.centres())
    own = Window.of_frame(face.frame).to_window(places)
    inside = ((own >= 0) & (own < WINDOW)).all(1)
    logits = sample_window(face.logits.float(), torch.from_numpy(own))[None, :, None]
    told = likely_of(logits.argmax(1).to(torch.uint8)) if certain else told_of(logits)
    likely = told[0, :, 0].numpy() * inside
    height, width = damaged.size
    columns, rows = np.floor(places).astype(np.int64).T
    there = np.nonzero((rows >= 0) & (rows < height) & (columns >= 0) & (columns < width))[0]
    rows, columns = rows[there], columns[there]
    if _is_moved(face):
        hidden = there[damaged.hole[rows, columns]]
        points = window.to_window(face.points.astype(np.float64)).astype(np.float32)
        drawn = organs(points, window.height, window.width).reshape(-1)[hidden]
        likely[:, hidden] = with_moved(likely[:, hidden], drawn, face.errors == 0)
    if steering.parts is not None:
        given = steering.parts[rows, columns]
        said = given != UNKNOWN
        likely[:, there[said]] = np.arange(len(likely))[:, None] == given[said]
    return likely.reshape(-1, window.height, window.width)
